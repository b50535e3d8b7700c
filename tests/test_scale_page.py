"""The page on data that outgrows a machine: its commands and examples work, its figures are new."""

import os
import re
import shlex
import subprocess
import sys

import scale as figures
from helpers import ROOT, CookbookError, sums
from helpers.datasets import wikipedia_dump as wikidump

import numpy as np
import pandas as pd
import pytest

PAGE = figures.PAGE.read_text(encoding="utf-8")
PARSERS = {"helpers.datasets.wikipedia_dump": wikidump._parser, "helpers.sums": sums._parser}


def test_the_page_holds_the_newest_figures():
    assert figures.with_figures(PAGE) == PAGE, "stale: run `make scoreboard`"


def test_a_missing_measurement_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(figures, "RESULTS", tmp_path)
    with pytest.raises(CookbookError, match="scale.json is missing: run `make bench`"):
        figures.with_figures(PAGE)


@pytest.mark.parametrize("name", figures.JOBS)
def test_more_machines_share_the_work_and_nothing_else(name):
    one, ten = (figures.forecast(name, machines) for machines in (1, 10))
    assert ten["work"] == pytest.approx(one["work"] / 10)
    assert {key: ten[key] for key in ("store", "scheduler", "plan")} == {
        key: one[key] for key in ("store", "scheduler", "plan")
    }
    assert ten["sums"] >= one["sums"]


def test_what_goes_on_at_the_same_time_counts_once():
    parts = {"work": 5, "store": 7, "scheduler": 6, "plan": 1, "sums": 2}
    assert figures.in_all(parts) == 10


def test_times_are_readable():
    assert [figures.time(s) for s in (0.26, 12, 600, 7200)] == ["0.3 s", "12 s", "10 min", "2.0 h"]


def test_the_commands_are_those_of_the_package():
    commands = set(re.findall(r"python -m (helpers\.[\w.]+) ([^`\n]+)", PAGE))
    assert len(commands) >= 10
    for module, arguments in commands:
        PARSERS[module]().parse_args(shlex.split(arguments))


def test_the_examples_run(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "file").write_text("four")
    rng = np.random.default_rng(0)
    pairs = {"user": rng.integers(50, size=900), "artist": rng.integers(30, size=900)}
    pd.DataFrame(pairs | {"plays": 1}).to_parquet(tmp_path / "log.parquet")
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = "import numpy as np\nqueries = vectors = np.eye(128, dtype='f').repeat(50, axis=0)\n"
    code += "\n".join(blocks).replace('"cores"', '"one"').replace('"log"', '"log.parquet"')
    code += "\nprint(table.shape, similar.shape, rows.shape)"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == ["4", "(30, 30) (30, 30) (6400, 10)"], done.stderr
