"""Chapter 00 on random seeds that played no part in setting the limits of `diagnose`.

The limits were set on seeds 0 to 3 and 5; the notebook itself runs on seed 4.
"""

import json
import os
import subprocess
import sys

from helpers import ROOT

from measuring import machine, write_report

SEEDS = (4, 6, 7)
NAME = "00_getting_unstuck"


def metrics(seed: int, folder) -> dict[str, float]:
    """What the notebook records with another seed."""
    command = [sys.executable, "-m", "helpers.run", "--only", NAME, "--set", f"SEED={seed}"]
    places = {"COOKBOOK_GENERATED": str(folder)}
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | places, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    path = folder / "metrics" / "sample" / f"{NAME}.json"
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def test_nine_faults_in_ten_are_named_and_hardly_a_healthy_training_is_accused(tmp_path):
    runs = {}
    for seed in SEEDS:
        runs[seed] = metrics(seed, tmp_path / str(seed))
        print(seed, runs[seed])
    means = {}
    for name in ("diagnoses_right", "healthy_accused"):
        means[name] = sum(run[name] for run in runs.values()) / len(runs)
    write_report(NAME, {"machine": machine(), **means, "seeds": runs})
    assert means["diagnoses_right"] > 0.9
    assert means["healthy_accused"] < 0.1
