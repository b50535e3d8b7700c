"""Metrics that a notebook leaves behind."""

import json

from helpers import CookbookError
from helpers.zoo import load_metrics, record

import numpy as np
import pytest


@pytest.fixture(autouse=True)
def generated(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.zoo.GENERATED", tmp_path)
    return tmp_path


def test_metrics_are_printed_and_come_back(generated, capsys):
    record("01_toy", "sample", mrr=0.123456789)
    record("01_toy", "sample", mrr=np.float32(0.25), rows=np.int64(3), trained=True)
    assert load_metrics("01_toy", "sample") == {"mrr": 0.25, "rows": 3, "trained": 1}
    assert capsys.readouterr().out.endswith("mrr      0.25\nrows     3\ntrained  1\n")
    path = generated / "metrics" / "sample" / "01_toy.json"
    assert json.loads(path.read_text())["metrics"]["mrr"] == 0.25


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32("-inf"), "0.5", None, 1j, np.array([0.5])]
)
def test_what_is_no_finite_number_is_refused(generated, value):
    with pytest.raises(CookbookError, match="01_toy: not finite numbers: mrr."):
        record("01_toy", "sample", mrr=value, rows=3)
    assert not list(generated.iterdir())


def test_no_metrics_are_refused():
    with pytest.raises(CookbookError, match="01_toy: .*no metrics"):
        record("01_toy", "sample")


def test_editions_are_apart_and_a_missing_one_says_what_to_run():
    record("01_toy", "sample", mrr=1)
    with pytest.raises(CookbookError, match="01_toy.json: run 01_toy on edition full first"):
        load_metrics("01_toy", "full")
