"""What growing.py counts as cost, and the data that it makes."""

from helpers import bars
from helpers.run import NOTEBOOKS

import growing
import numpy as np
import pytest
from growing import Job, Laps, Work, measure, more_rows
from scipy.sparse import random as random_table

MEGABYTE = 10**6 // 8  # numbers


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still but for what `clock(seconds)` adds."""
    passed = []
    monkeypatch.setattr(growing, "perf_counter", lambda: sum(passed))
    monkeypatch.setattr(bars, "progress", bars.progress)
    return passed.append


def work(run, prepare=lambda: None) -> Work:
    def job(times: float) -> Job:
        prepare()
        return Job(lambda: run(times), round(1000 * times), 1000)

    return Work("01_bands2vec", "a pass", "artists", (), job)


def test_every_chapter_is_measured():
    measured = {work.chapter for work in growing.WORKS.values()}
    assert measured == {path.stem for path in NOTEBOOKS.glob("*.ipynb")}


def test_the_first_step_counts_as_the_others_and_preparing_does_not(clock):
    def run(times: float) -> None:
        for step in Laps(range(10)):
            clock(1 if step else 60)
        clock(5)

    report = measure(work(run, lambda: clock(1000)), 1)
    assert report["seconds"] == 10 + 5


def test_a_bar_counts_steps_as_keras_moves_it(clock):
    growing.LAPS.clear()
    bar = Laps(total=3)
    for moved in (2, 0, 1):
        clock(moved)
        bar.update(moved)
    assert bar.n == 3
    assert growing.LAPS == [2, 1]


@pytest.mark.skipif(not growing.STATUS.is_file(), reason="memory is read from Linux's /proc")
def test_memory_is_the_peak_of_the_work_alone(clock):
    def run(times: float) -> None:
        np.ones(round(200 * times * MEGABYTE))

    report = measure(work(run, lambda: np.ones(800 * MEGABYTE)), 1)
    assert 190 < report["megabytes"] < 300
    assert report["rows"] == report["real"] == 1000


def test_made_rows_are_as_long_and_hold_popular_things():
    chances = np.r_[np.full(10, 0.8), np.full(90, 0.05)]
    table = random_table(400, 100, density=1, format="csr", random_state=0, dtype=np.float32)
    table.data = (table.data < chances[table.indices]).astype(np.float32)
    table.eliminate_zeros()
    assert np.array_equal(more_rows(table, 400).sum(axis=0), table.sum(axis=0))
    assert more_rows(table, 7).shape == (7, 100)

    grown = more_rows(table, 4000)
    assert grown.shape == (4000, 100) and grown.data.min() > 0
    shares = np.asarray(grown.mean(axis=0)).ravel() / np.asarray(table.mean(axis=0)).ravel()
    assert shares[:10].mean() == pytest.approx(0.8, abs=0.1)  # what both hold isn't held twice
    assert shares[10:].mean() == pytest.approx(1, abs=0.1)
