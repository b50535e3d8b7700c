"""Results are the same in one process, on all cores and on a cluster, whoever is killed."""

import importlib
import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path

from helpers import CookbookError, cluster
from helpers.cluster import films_of_dump, results, word_cooccurrences, workers
from helpers.datasets.listening_log import shared_listeners

import numpy as np
import pandas as pd
import pytest
from dask import delayed
from dask_cluster import Cluster
from samples.wikipedia_dump import packed_dump, wiki_page


@pytest.fixture(autouse=True)
def nobody_names_a_cluster(monkeypatch):
    monkeypatch.delenv("COOKBOOK_CLUSTER", raising=False)


def compute(function, parts, place=None):
    """`function` of each of `parts`, in whatever order they are ready."""
    with workers(place) as client:
        return list(results([delayed(function)(part) for part in parts], client))


def double(number):
    return 2 * number


def fail(path):
    raise CookbookError(f"{path}: broken")


def time_out(path):
    raise TimeoutError(f"{path}: broken")


def read(path):
    return Path(path).read_text()


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def rest(seconds):
    time.sleep(seconds)
    return 1


def test_the_environment_names_the_cluster_where_nobody_else_does(monkeypatch):
    assert compute(double, [1, 2, 3]) == [2, 4, 6]
    monkeypatch.setenv("COOKBOOK_CLUSTER", "core")
    with pytest.raises(CookbookError, match=r"'core'. Valid: 'one' .*, 'cores' .*tcp://"):
        compute(double, [1])
    assert compute(double, [1], "one") == [2]


# Three tables and files


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A dump with its index, a listening log and a folder of texts, each of a second's work."""
    folder = tmp_path_factory.mktemp("data")
    film = "{{Infobox film\n| name = [[X]]}}" + " [[link]] and {{a|b}}" * 60
    pages = [wiki_page(f"{n}", film) for n in range(400)]
    for name, content in zip(("dump", "index"), packed_dump(pages, 4), strict=True):
        (folder / name).write_bytes(content)
    rng = np.random.default_rng(0)
    (folder / "log").mkdir()
    for number in range(3):
        user, artist = rng.integers(4000, size=60_000), rng.zipf(1.3, 60_000) % 3000
        rows = pd.DataFrame({"user": user, "artist": artist})
        rows.to_parquet(folder / "log" / f"{number}.parquet", row_group_size=5000)
    (folder / "texts").mkdir()
    words = np.array([f"w{number}" for number in range(3000)])
    for name in "abc":
        text = "\n".join(words[rng.zipf(1.2, 100_000) % 3000])
        (folder / "texts" / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture(scope="module", autouse=True)
def in_small_parts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "STREAMS_PER_TASK", 4)
        patch.setattr(cluster, "TEXT_PER_TASK", 2**15)
        yield


def films(data, folder, place):
    films_of_dump(data / "dump", data / "index", folder / "films", place)
    return (folder / "films").read_text().splitlines()


def words(data, folder, place):
    table, names = word_cooccurrences(data / "texts", cluster=place)
    return [table.indptr, table.indices, table.data, names]


JOBS = {"write_part": films, "cooccurrences-sum-part": words}  # by a task's name
every_job = pytest.mark.parametrize("task", JOBS)


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory):
    """What each of them comes to in this process."""
    return {task: make(data, tmp_path_factory.mktemp("one"), "one") for task, make in JOBS.items()}


def same(found, wanted):
    return all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_what_is_expected_is_right(expected, data):
    titles = [json.loads(film)[0] for film in expected["write_part"]]
    assert titles == [str(n) for n in range(400)]


def test_a_log_in_little_memory_gives_the_same(data):
    log = pd.concat(pd.read_parquet(path) for path in (data / "log").iterdir())
    listens = pd.crosstab(log["user"], log["artist"]).clip(upper=1).astype(np.float32)
    table, artists = shared_listeners(data / "log", memory="50MB")
    assert artists.tolist() == listens.columns.to_list()
    assert np.array_equal(table.toarray(), listens.T @ listens)


@every_job
def test_all_cores_find_the_same(task, data, expected, tmp_path):
    assert same(JOBS[task](data, tmp_path, "cores"), expected[task])


# A cluster


@pytest.fixture(scope="module")
def running_cluster(tmp_path_factory):
    with ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("cluster"), stack)


@pytest.fixture
def two_workers(running_cluster):
    """A scheduler with two workers."""
    running_cluster.fill()
    return running_cluster


@contextmanager
def meanwhile(work, *arguments):
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work, *arguments)


@every_job
def test_a_cluster_finds_the_same_when_a_worker_is_killed_half_way(
    task, data, expected, tmp_path, two_workers
):
    with meanwhile(two_workers.kill_worker_half_way, task) as killing:
        found = JOBS[task](data, tmp_path, two_workers.address)
        assert killing.result() > 0, "it was killed after the end"
    assert same(found, expected[task])


# What can go wrong


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x"])
def test_an_address_without_a_scheduler_is_refused(address, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)
    with pytest.raises(CookbookError, match=f"Dask cluster {address}: no connection"):
        compute(double, [1], address)


def test_what_goes_wrong_in_a_function_is_said_wherever_it_runs(two_workers):
    for place in ("one", "cores", two_workers.address):
        with pytest.raises(CookbookError, match=r"^films\.txt: broken$"):
            compute(fail, ["films.txt"], place)
        with pytest.raises(TimeoutError, match="broken"):
            compute(time_out, ["films.txt"], place)
        with pytest.raises(CookbookError, match="films.txt: no such file where the work is done"):
            compute(read, ["/nowhere/films.txt"], place)


def test_a_cluster_that_lacks_a_module_is_told_what_it_needs(two_workers, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def one(_):\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    one = importlib.import_module("only_here").one
    with pytest.raises(CookbookError, match=r"can't load .*only_here.* need this package"):
        compute(one, [1, 2], two_workers.address)


def test_the_end_of_all_workers_is_noticed(two_workers, monkeypatch):
    monkeypatch.setattr(cluster, "PATIENCE", 1)

    def kill_both():
        two_workers.kill_worker_half_way("rest")
        two_workers.fill(1)
        two_workers.kill_worker_half_way("rest")

    with (
        meanwhile(kill_both),
        pytest.raises(CookbookError, match=r"no worker for 1 seconds.*dask worker tcp://127"),
    ):
        compute(rest, [0.1] * 100, two_workers.address)


def test_a_task_that_no_worker_survives_and_the_end_of_the_scheduler(tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with ExitStack() as stack:
        fragile = Cluster(tmp_path, stack)
        fragile.fill(1)
        with pytest.raises(CookbookError, match="1 different workers, but all those workers died"):
            compute(die, [None], fragile.address)

        fragile.fill(1)
        with (
            meanwhile(fragile.kill_scheduler_half_way, "rest"),
            pytest.raises(CookbookError, match="its scheduler is gone"),
        ):
            compute(rest, [0.1] * 100, fragile.address)
