"""Sums made in parts, in one process, on all cores and on a cluster of two workers, beside the way
without parts: all data in memory at once, and for a dump a pool of processes, a task a stream.

Then what it takes to say how long a larger cluster needs: the parts that don't shrink with it.
book/scale.py makes the tables of book/scale.md from this.
"""

import bz2
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from itertools import accumulate
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from helpers import sums
from helpers.chapters.lastfm_recommender import table_of
from helpers.chapters.word2vec_from_scratch import cooccurrences
from helpers.datasets.docstrings import read_docstrings
from helpers.datasets.wikipedia_dump import extract_block, extract_films, read_index, split_pages
from helpers.scale import opened, sum_over
from helpers.sums import chances_to_stay, count_pairs, count_words, gram, heard, split_words

import numpy as np
import pandas as pd
import pytest
from dask.system import CPU_COUNT
from dask_cluster import Cluster
from gensim.test.utils import datapath
from measuring import machine, timed, write_report
from scipy.linalg import inv
from scipy.sparse import csr_matrix

EXCERPT = Path(datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"))
COPIES = 12  # of the excerpt in the dump
PAGES_IN_STREAM = 12  # about 100 kB packed, as a hundred pages of a whole dump are
USERS, HEARD, ARTISTS = 200_000, 50, 17_632  # of the log; artists as in chapter 06
MEGABYTES_OF_TEXT, WORDS, WINDOW = 16, 4096, 5
TASKS = 2000  # that do nothing
INVERTED = 4000  # artists
MIN_RATIO = 1.2  # of seconds, one process to two cores, which a sum of tables has to cross
MIN_RATIO_POOL = 0.8  # of seconds, a pool of processes to Dask


class Job(NamedTuple):
    """A sum, and the way to make it without parts."""

    data: str  # what it is made of
    megabytes: float  # of that in files
    partitions: int
    make: Callable[[Any], Any]  # from a cluster
    old: Callable[[], Any]
    plan: Callable[[], Any]
    same: Callable[[Any, Any], bool]
    size: Callable[[Any], int]  # bytes of a result


# Films of a dump


def dump_job(folder: Path) -> Job:
    pages = list(split_pages([bz2.decompress(EXCERPT.read_bytes())]))
    starts = range(0, len(pages), PAGES_IN_STREAM)
    streams = [bz2.compress(b"\n".join(pages[at : at + PAGES_IN_STREAM])) for at in starts]
    parts = [bz2.compress(b"<mediawiki>"), *COPIES * streams, bz2.compress(b"</mediawiki>")]
    dump, index = folder / "dump.xml.bz2", folder / "index.txt.bz2"
    dump.write_bytes(b"".join(parts))
    offsets = list(accumulate(map(len, parts[:-1])))[: COPIES * len(streams)]
    index.write_bytes(bz2.compress("".join(f"{at}:1:a\n" for at in offsets).encode()))

    def make(cluster: Any) -> list[str]:
        out = folder / "films"
        for path in (out, folder / "films.progress"):
            path.unlink(missing_ok=True)
        extract_films(dump, out, index, cluster)
        return sorted(out.read_text(encoding="utf-8").splitlines())

    def pool() -> list[str]:
        starts = read_index(index)
        ends = [*starts[1:], dump.stat().st_size]
        with ProcessPoolExecutor(CPU_COUNT, get_context("spawn")) as executor:
            blocks = executor.map(extract_block, len(starts) * [dump], starts, ends)
            return sorted(film for block in blocks for film in block.films)

    tasks = -(-len(parts) // 16)
    size = dump.stat().st_size / 1e6
    data = f"{size:.0f} MB of a dump"
    return Job(data, size, tasks, make, pool, lambda: read_index(index), list.__eq__, text_size)


# Artists of a log


def log_job(folder: Path) -> Job:
    log = folder / "log"
    log.mkdir()
    rng, files = np.random.default_rng(0), 8
    for number in range(files):
        user = np.repeat(np.arange(number, USERS, files), HEARD)
        artist = rng.zipf(1.2, len(user)) % ARTISTS
        rows = pd.DataFrame({"user": user, "artist": artist, "plays": 1 + artist % 7})
        rows.sample(frac=1, random_state=number).to_parquet(log / f"{number}.parquet")

    def in_memory() -> csr_matrix:
        rows = pd.read_parquet(log)
        codes = [pd.factorize(rows[name], sort=True) for name in ("user", "artist")]
        shape = tuple(len(unique) for _, unique in codes)
        table = heard(table_of(codes[0][0], codes[1][0], shape, rows["plays"]))
        return table.T @ table

    def make(cluster: Any) -> csr_matrix:
        return gram(log, scratch=folder / "scratch", cluster=cluster)[0]

    size = sum(path.stat().st_size for path in log.iterdir()) / 1e6
    partitions = -(-USERS * HEARD // sums.USERS_OF)
    data = f"{USERS * HEARD:,} rows of a log"
    return Job(
        data, size, partitions, make, in_memory, lambda: sums._row_groups(log), equal, table_size
    )


def text_size(lines: list[str]) -> int:
    return sum(len(line.encode()) + 1 for line in lines)


def table_size(table: csr_matrix) -> int:
    return table.data.nbytes + table.indices.nbytes


def equal(a: csr_matrix, b: csr_matrix) -> bool:
    return abs(a - b).max() <= 1e-3 * abs(a).max()


# Words of texts


def text_job(folder: Path) -> Job:
    texts = folder / "texts"
    texts.mkdir()
    text, files = "\n".join(read_docstrings(limit=None)["body"]), 8
    share = text[: MEGABYTES_OF_TEXT * 10**6 // files]
    for number in range(files):
        copies = -(-MEGABYTES_OF_TEXT * 10**6 // files // len(share))
        (texts / f"{number}.txt").write_text(copies * share, encoding="utf-8")

    def in_memory() -> csr_matrix:
        documents = [split_words(path.read_text(encoding="utf-8")) for path in texts.iterdir()]
        counts = pd.Series([word for words in documents for word in words]).value_counts()
        vocabulary = sorted(counts.index, key=lambda word: (-counts[word], word))[:WORDS]
        keep, index = chances_to_stay(counts[vocabulary].to_numpy()), pd.Index(vocabulary)
        ids = [index.get_indexer(words) for words in documents]
        return cooccurrences([some[some >= 0] for some in ids], WINDOW, keep)

    def make(cluster: Any) -> csr_matrix:
        counts = count_words(texts, cluster=cluster).head(WORDS)
        keep = chances_to_stay(counts.to_numpy())
        return count_pairs(texts, counts.index, WINDOW, keep, cluster=cluster)

    size = sum(path.stat().st_size for path in texts.iterdir()) / 1e6
    data, parts = f"{size:.0f} MB of text", len(sums._spans(texts))
    return Job(data, size, parts, make, in_memory, lambda: sums._spans(texts), equal, table_size)


JOBS = {"films": dump_job, "artists": log_job, "words": text_job}


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """One process, all cores, and a cluster of two workers, all started; seconds to start them."""
    with ExitStack() as stack:
        cluster = Cluster(tmp_path_factory.mktemp("cluster"), stack)
        cluster.fill(2)
        client = stack.enter_context(opened(cluster.address))
        cores, seconds = timed(lambda: stack.enter_context(opened("cores")))
        yield {"one": "one", "cores": cores, "cluster": client}, seconds


def measure(job: Job, places: dict[str, Any]) -> dict[str, float]:
    """Seconds of all ways, the first of a place left out, as workers import modules then."""
    wanted, old = timed(job.old)
    row = {"data": job.data, "megabytes": job.megabytes, "partitions": job.partitions}
    row["old_seconds"] = old
    for name, place in places.items():
        if place != "one":
            job.make(place)
        found, row[f"{name}_seconds"] = timed(job.make, place)
        assert job.same(found, wanted), name
    row["plan_seconds"] = timed(job.plan)[1]
    row["result_megabytes"] = job.size(wanted) / 1e6
    for name in ("old", "cores", "cluster"):
        row[f"{name}_ratio"] = row["one_seconds"] / row[f"{name}_seconds"]
    return row


def test_parts_cost_little_and_cores_share_them(tmp_path, places):
    places, start = places
    report = {"machine": machine(), "workers": CPU_COUNT, "start_seconds": start}
    for name, prepare in JOBS.items():
        folder = tmp_path / name
        folder.mkdir()
        report[name] = measure(prepare(folder), places)
        print(name, report[name])
    report["tasks_per_second"] = TASKS / timed(no_work, places["cores"])[1]
    report |= adding() | inverting()
    print(report)
    write_report("scale", report)
    if CPU_COUNT < 2:
        pytest.skip("one core to use: nothing to share")
    assert min(report[name]["cores_ratio"] for name in JOBS) >= MIN_RATIO
    assert report["films"]["old_seconds"] / report["films"]["cores_seconds"] >= MIN_RATIO_POOL


# What doesn't shrink


def no_work(cluster: Any) -> int:
    return sum_over(range(TASKS // 2), int, cluster=cluster)  # and as many sums


def adding() -> dict[str, float]:
    """How fast two large sparse tables are added, in MB of one of them a second."""
    rng = np.random.default_rng(0)
    places = rng.integers(4096, size=(2, 2, 4_000_000))
    first, second = (csr_matrix((np.ones(4_000_000, "f"), at), (4096, 4096)) for at in places)
    seconds = timed(lambda: first + second)[1]
    megabytes = (first.data.nbytes + first.indices.nbytes) / 1e6
    return {"adding_mb_per_second": megabytes / seconds}


def inverting() -> dict[str, float]:
    """EASE's own work, after the sum."""
    rng = np.random.default_rng(0)
    rows = (rng.random((500, INVERTED)) < 0.02).astype("f")
    table = rows.T @ rows + 10 * np.eye(INVERTED, dtype="f")
    return {"inverted": INVERTED, "inverting_seconds": timed(lambda: inv(table))[1]}
