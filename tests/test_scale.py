"""Sums come out the same in one process, on all cores and on a cluster, whoever is killed."""

import importlib
import json
import os
import signal
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from helpers import CookbookError, scale, sums
from helpers.datasets.wikipedia_dump import extract_films
from helpers.scale import map_over, opened, place_of, sum_over

import numpy as np
import pandas as pd
import pytest
from dask_cluster import Cluster
from samples.wikipedia_dump import packed_dump, wiki_page


@pytest.fixture(autouse=True)
def nobody_names_a_cluster(monkeypatch):
    monkeypatch.delenv("COOKBOOK_CLUSTER", raising=False)


def squares(numbers, plus=0):
    return np.square(numbers) + plus


def fail(path, error=CookbookError):
    raise error(f"{path}: broken")


def read(path):
    return Path(path).read_text()


def die(_):
    os.kill(os.getpid(), signal.SIGKILL)


def rest(seconds):
    time.sleep(seconds)
    return 1


# In one process


@pytest.mark.parametrize("n", range(1, 10))
def test_results_are_added_in_their_order(n):
    assert sum_over("abcdefghi"[:n], str.upper) == "ABCDEFGHI"[:n]


def test_constants_and_the_way_to_add_can_be_given():
    parts = [[1, 2], [3, 4], [5, 6]]
    assert sum_over(parts, squares, 1).tolist() == [38, 59]
    assert sum_over(parts, np.array, add=np.maximum).tolist() == [5, 6]
    assert sum_over(parts, Counter) == Counter(range(1, 7))


def test_a_map_gives_each_result():
    assert list(map_over(iter([[1], [2], [3]]), squares)) == [1, 4, 9]


def test_nothing_to_add_is_an_error():
    with pytest.raises(CookbookError, match="there are no partitions"):
        sum_over([], squares)


def test_the_environment_names_the_cluster_where_nobody_else_does(monkeypatch):
    assert place_of(None) == "one"
    monkeypatch.setenv("COOKBOOK_CLUSTER", "tcp://10.0.0.1:8786")
    assert place_of(None) == "tcp://10.0.0.1:8786" and place_of("cores") == "cores"
    monkeypatch.setenv("COOKBOOK_CLUSTER", "core")
    with pytest.raises(CookbookError, match=r"'core'. Valid: 'one' .*, 'cores' .*tcp://"):
        sum_over([[1]], squares)


# What three chapters add up


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
        plays = rng.integers(1, 100, 60_000)
        rows = pd.DataFrame({"user": user, "artist": artist, "plays": plays})
        rows.to_parquet(folder / "log" / f"{number}.parquet", row_group_size=20_000)
    (folder / "texts").mkdir()
    words = np.array([f"w{number}" for number in range(3000)])
    for name in "abc":
        text = " ".join(words[rng.zipf(1.2, 100_000) % 3000])
        (folder / "texts" / f"{name}.txt").write_text(text)
    return folder


@pytest.fixture
def in_small_parts(monkeypatch):
    monkeypatch.setattr(sums, "ROWS", 20_000)
    monkeypatch.setattr(sums, "USERS_OF", 3000)
    monkeypatch.setattr(sums, "TEXT", 2**15)


def films(data, folder, cluster):
    extract_films(data / "dump", folder / "films", data / "index", cluster)
    return sorted((folder / "films").read_text().splitlines())


def roots(table):
    """Weights that aren't whole numbers, whose sums depend on their order."""
    return table.sqrt()


def artists(data, folder, cluster):
    table, names = sums.gram(data / "log", roots, folder, cluster)
    return [table.indptr, table.indices, table.data, names]


def words(data, folder, cluster):
    with opened(cluster) as workers:
        counts = sums.count_words(data / "texts", cluster=workers)
        keep = sums.chances_to_stay(counts.to_numpy())
        table = sums.count_pairs(data / "texts", counts.index, 5, keep, cluster=workers)
    return [table.indptr, table.indices, table.data, np.array(counts.index)]


SUMS = {"extract_blocks": films, "gram_of": artists, "pairs_in": words}  # by a task's name
every_sum = pytest.mark.parametrize("task", SUMS)


@pytest.fixture(scope="module")
def expected(data, tmp_path_factory):
    """What each of the three comes to in this process, made when it is asked for."""
    made = {}

    def result(task):
        if task not in made:
            made[task] = SUMS[task](data, tmp_path_factory.mktemp("one"), "one")
        return made[task]

    return result


def same(found, wanted):
    return all(np.array_equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_what_is_expected_is_right(expected, data, in_small_parts):
    titles = {json.loads(film)[0] for film in expected("extract_blocks")}
    assert titles == {str(n) for n in range(400)}

    log = pd.concat(pd.read_parquet(path) for path in (data / "log").iterdir())
    plays = log.pivot_table("plays", "user", "artist", "sum", 0)
    indptr, indices, entries, names = expected("gram_of")
    shape = len(names), len(names)
    found = sums.csr_matrix((entries, indices, indptr), shape).toarray()
    assert names.tolist() == plays.columns.to_list()
    assert np.allclose(found, np.sqrt(plays.T) @ np.sqrt(plays), rtol=1e-4)


@pytest.fixture(scope="module")
def cores():
    with opened("cores") as workers:
        yield workers


@every_sum
def test_all_cores_find_the_same(task, data, expected, in_small_parts, tmp_path, cores):
    assert same(SUMS[task](data, tmp_path, cores), expected(task))


# A cluster


@pytest.fixture(scope="module")
def running_cluster(tmp_path_factory):
    with ExitStack() as stack:
        yield Cluster(tmp_path_factory.mktemp("cluster"), stack)


@pytest.fixture
def cluster(running_cluster):
    """A scheduler with two workers."""
    running_cluster.fill()
    return running_cluster


@contextmanager
def meanwhile(work, *arguments):
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(work, *arguments)


@every_sum
def test_a_cluster_finds_the_same_when_a_worker_is_killed_half_way(
    task, data, expected, in_small_parts, tmp_path, cluster
):
    with meanwhile(cluster.kill_worker_half_way, task) as killing:
        found = SUMS[task](data, tmp_path, cluster.address)
        assert killing.result() > 0, "it was killed after the end"
    assert same(found, expected(task))


# What can go wrong


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x"])
def test_an_address_without_a_scheduler_is_refused(address, monkeypatch):
    monkeypatch.setattr(scale, "PATIENCE", 1)
    with pytest.raises(CookbookError, match=f"Dask cluster {address}: no connection"):
        sum_over([[1]], squares, cluster=address)


def test_what_goes_wrong_in_a_function_is_said_wherever_it_runs(cluster, cores):
    for place in ("one", cores, cluster.address):
        with pytest.raises(CookbookError, match=r"^films\.txt: broken$"):
            sum_over(["films.txt"], fail, cluster=place)
        with pytest.raises(TimeoutError, match="broken"):
            list(map_over(["films.txt"], partial(fail, error=TimeoutError), cluster=place))
        with pytest.raises(CookbookError, match="films.txt: no such file where the work is done"):
            sum_over(["/nowhere/films.txt"], read, cluster=place)


def test_a_cluster_that_lacks_a_module_is_told_what_it_needs(cluster, tmp_path, monkeypatch):
    (tmp_path / "only_here.py").write_text("def one(_):\n    return 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    one = importlib.import_module("only_here").one
    for run in (sum_over, lambda *work, **where: list(map_over(*work, **where))):
        with pytest.raises(CookbookError, match=r"can't load .*only_here.* need this package"):
            run([1, 2], one, cluster=cluster.address)


def test_the_end_of_all_workers_is_noticed(cluster, monkeypatch):
    monkeypatch.setattr(scale, "PATIENCE", 1)

    def kill_both():
        cluster.kill_worker_half_way("rest")
        cluster.fill(1)
        cluster.kill_worker_half_way("rest")

    with (
        meanwhile(kill_both),
        pytest.raises(CookbookError, match=r"no worker for 1 seconds.*dask worker tcp://127"),
    ):
        sum_over([0.1] * 100, rest, cluster=cluster.address)


def test_a_partition_that_no_worker_survives_and_the_end_of_the_scheduler(tmp_path, monkeypatch):
    monkeypatch.setenv("DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES", "0")
    with ExitStack() as stack:
        fragile = Cluster(tmp_path, stack)
        fragile.fill(1)
        with pytest.raises(CookbookError, match="1 workers died one after the other on the same"):
            sum_over([None], die, cluster=fragile.address)

        fragile.fill(1)
        with (
            meanwhile(fragile.kill_scheduler_half_way, "rest"),
            pytest.raises(CookbookError, match="its scheduler is gone"),
        ):
            sum_over([0.1] * 100, rest, cluster=fragile.address)
