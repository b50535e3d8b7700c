"""How the time and the memory of each chapter's training grow with its data.

Each is measured on 1, 2, 4 and 8 times its data, in a process of its own: growing.py says how.
book/growth.py makes the table and the figure of the site from what this leaves behind.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import growth
from helpers import ROOT
from helpers.fetch import FetchError, fetch

import pytest
from growing import STATUS, WORKS
from measuring import machine, write_report

TIMES = (1, 2, 4, 8)
MAX_EXPONENT = 1.25  # of time, where the work is meant to be linear

pytestmark = pytest.mark.skipif(not STATUS.is_file(), reason="memory is read from Linux's /proc")


def run(name: str, times: int, folder: Path) -> dict[str, float]:
    """What growing.py measures in a new process."""
    path = folder / f"{times}.json"
    command = [sys.executable, Path(__file__).with_name("growing.py"), name, str(times), path]
    places = {"PYTHONPATH": str(ROOT), "COOKBOOK_GENERATED": str(folder)}
    done = subprocess.run(command, env=os.environ | places, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", WORKS)
def test_growth(name, tmp_path):
    work = WORKS[name]
    try:
        for data in work.data:
            fetch(data)
    except FetchError as error:
        pytest.skip(f"needs the full data: {error.headline}")
    row = {"chapter": work.chapter, "work": work.name, "grows": work.grows, "why": work.why}
    row["runs"] = [run(name, times, tmp_path) for times in TIMES]
    keep(name, row)
    print("", *growth.table_row(row), sep="\n")
    if not work.why:
        power, _ = growth.exponent(row, "seconds")
        assert power <= MAX_EXPONENT


def keep(name: str, row: dict) -> None:
    """Put `row` in the place of that of a former run; the others stay, in the chapters' order."""
    former = growth.results(growth.MEASURED)["works"] if growth.MEASURED.is_file() else {}
    measured = former | {name: row}
    works = {key: measured[key] for key in WORKS if key in measured}
    write_report("growth", {"machine": machine(), "works": works})
