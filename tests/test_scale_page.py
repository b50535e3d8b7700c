"""The page on data that outgrows a machine: its commands and examples work, its figures are new."""

import os
import re
import shlex
import subprocess
import sys

import scale as figures
from helpers import ROOT, CookbookError, cluster

import numpy as np
import pandas as pd
import pytest

PAGE = figures.PAGE.read_text(encoding="utf-8")


def test_the_page_holds_the_newest_figures():
    assert figures.with_figures(PAGE) == PAGE, "stale: run `make scoreboard`"


def test_a_missing_measurement_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    with pytest.raises(CookbookError, match="scale.json is missing: run `make bench`"):
        figures.with_figures(PAGE)


def test_the_commands_are_those_of_the_package():
    commands = set(re.findall(r"python -m helpers\.cluster ([^`\n]+)", PAGE))
    assert len(commands) >= 6
    for arguments in commands:
        cluster._parser().parse_args(shlex.split(arguments))


def test_the_examples_run(tmp_path):
    rng = np.random.default_rng(0)
    pairs = {"user": rng.integers(50, size=900), "artist": rng.integers(30, size=900)}
    (tmp_path / "log").mkdir()
    pd.DataFrame(pairs).to_parquet(tmp_path / "log" / "a.parquet")
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = "import numpy as np\nqueries = vectors = np.eye(128, dtype='f').repeat(50, axis=0)\n"
    code += "\n".join(blocks) + "\nprint(table.shape, similar.shape, rows.shape)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["(30, 30) (30, 30) (6400, 10)"], done.stderr
