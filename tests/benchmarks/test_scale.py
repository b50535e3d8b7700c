"""What data costs that is more than a memory holds, beside the plain way: all of it at once.

Films and words with Dask: in one process, on all cores and on a cluster of two workers. Artists of
a log by DuckDB and SciPy, with and without a limit of DuckDB's memory, and by SQL alone. Each way
runs in a process of its own, whose seconds count from the call to the result, with the start of
workers but without imports. Memory is the peak of all its processes together, libraries included.
book/scale.py makes a table of book/scale.md from this.

    python tests/benchmarks/test_scale.py words one FOLDER    # one way, on data that is there
"""

import bz2
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from itertools import accumulate
from pathlib import Path
from typing import Any

from helpers import ROOT, cluster
from helpers.datasets.listening_log import shared_listeners
from helpers.datasets.wikipedia_dump import extract_films, split_pages
from helpers.sampling import cooccurrences
from helpers.tokens import words_of

import duckdb
import numpy as np
import pandas as pd
import psutil
from dask.system import CPU_COUNT
from dask_cluster import Cluster
from gensim.test.utils import datapath
from measuring import machine, timed, write_report
from scipy.sparse import csr_matrix, triu

EXCERPT = Path(datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"))
COPIES = 12  # of the excerpt in the dump
PAGES_IN_STREAM = 12  # about 100 kB packed, as a hundred pages of a whole dump are
USERS, HEARD, ARTISTS = 200_000, 50, 17_632  # of the log; artists as in chapter 06
FILES = 8  # of the log, and of texts
MEGABYTES_OF_TEXT = 16
LIMIT = "1GB"  # of DuckDB's memory, where it has one

SQL = """
WITH heard AS (SELECT DISTINCT user, artist FROM read_parquet('{log}/*.parquet'))
SELECT a.artist AS a, b.artist AS b, count(*) AS listeners
FROM heard AS a JOIN heard AS b USING (user) WHERE a.artist <= b.artist GROUP BY ALL
"""


# The data


def write_dump(folder: Path) -> str:
    pages = list(split_pages([bz2.decompress(EXCERPT.read_bytes())]))
    starts = range(0, len(pages), PAGES_IN_STREAM)
    streams = [bz2.compress(b"\n".join(pages[at : at + PAGES_IN_STREAM])) for at in starts]
    parts = [bz2.compress(b"<mediawiki>"), *COPIES * streams, bz2.compress(b"</mediawiki>")]
    (folder / "dump").write_bytes(b"".join(parts))
    offsets = list(accumulate(map(len, parts[:-1])))[: COPIES * len(streams)]
    (folder / "index").write_bytes(bz2.compress("".join(f"{at}:1:a\n" for at in offsets).encode()))
    return f"{sum(map(len, parts)) / 1e6:.0f} MB of a dump"


def write_texts(folder: Path) -> str:
    from helpers.datasets.docstrings import read_docstrings

    text = "\n".join(read_docstrings(limit=None)["body"])
    size = MEGABYTES_OF_TEXT * 10**6 // FILES
    share = text[:size]
    for number in range(FILES):
        copies = -(-size // len(share))
        own = f"text {number}\n"  # files that are alike would be read once
        (folder / f"{number}.txt").write_text(own + copies * share, encoding="utf-8")
    return f"{MEGABYTES_OF_TEXT} MB of text"


def write_log(folder: Path) -> str:
    rng = np.random.default_rng(0)
    for number in range(FILES):
        user = np.repeat(np.arange(number, USERS, FILES), HEARD)
        artist = rng.zipf(1.2, len(user)) % ARTISTS
        rows = pd.DataFrame({"user": user, "artist": artist, "plays": 1 + artist % 7})
        rows.sample(frac=1, random_state=number).to_parquet(folder / f"{number}.parquet")
    return f"{USERS * HEARD:,} rows of a log"


# The ways: each returns numbers that have to be the same in all


def films(folder: Path, place: str) -> list[float]:
    out = folder / "films"
    out.unlink(missing_ok=True)
    if place == "plain":
        found = extract_films(folder / "dump", out)
    else:
        found = cluster.films_of_dump(folder / "dump", folder / "index", out, place)
    return [found.pages, found.films, out.stat().st_size]


def words(folder: Path, place: str) -> list[float]:
    if place == "plain":
        table = words_in_memory(folder)
    else:
        table, _ = cluster.word_cooccurrences(folder, cluster=place)
    return [table.shape[0], float(f"{table.sum(dtype=float):.5g}")]  # sums are rounded


def words_in_memory(folder: Path) -> csr_matrix:
    texts = [words_of(path.read_text("utf-8")) for path in sorted(folder.glob("*.txt"))]
    counts = Counter(word for text in texts for word in text)
    kept = sorted(counts, key=lambda word: (-counts[word], word))[:4096]
    times = np.array([counts[word] for word in kept])
    keep = np.minimum(1, np.sqrt(1e-3 * times.sum() / times))
    places = {word: place for place, word in enumerate(kept)}
    ids = []
    for text in texts:
        ids.append(np.array([places[word] for word in text if word in places], dtype=int))
    return cooccurrences(ids, 5, keep)


def artists(folder: Path, place: str) -> list[float]:
    if place == "plain":
        table = artists_in_memory(folder)
    elif place == "sql":
        table = artists_in_sql(folder)
    else:
        table, _ = shared_listeners(folder, LIMIT if place == "limited" else None)
    return [table.shape[0], table.nnz, table.sum(dtype=float), table.diagonal().sum()]


def artists_in_memory(folder: Path) -> csr_matrix:
    rows = pd.read_parquet(folder, columns=["user", "artist"])
    users, artists = (pd.factorize(rows[name])[0] for name in ("user", "artist"))
    heard = csr_matrix((np.ones(len(rows), np.float32), (users, artists))).sign()
    return heard.T @ heard


def artists_in_sql(folder: Path) -> csr_matrix:
    with duckdb.connect(config={"temp_directory": str(folder / "spilled")}) as base:
        pairs = base.sql(SQL.format(log=folder)).fetchnumpy()
    names, first = np.unique(pairs["a"], return_inverse=True)
    second = np.searchsorted(names, pairs["b"])
    half = csr_matrix((pairs["listeners"].astype(np.float32), (first, second)))
    return (half + triu(half, 1).T).tocsr()


DATA = {"films": write_dump, "words": write_texts, "artists": write_log}
WAYS: dict[str, Callable[[Path, str], list[float]]] = {
    "films": films,
    "words": words,
    "artists": artists,
}
PLACES = {
    "films": ["plain", "one", "cores", "cluster"],
    "words": ["plain", "one", "cores", "cluster"],
    "artists": ["plain", "duckdb", "limited", "sql"],
}


# A way in a process of its own


def measure(job: str, place: str, folder: Path) -> tuple[dict[str, float], str]:
    """Seconds, and megabytes of this process's children; what the way found."""
    command = [sys.executable, __file__, job, place, str(folder)]
    paths = os.pathsep.join(map(str, [ROOT, ROOT / "tests", Path(__file__).parent]))
    environment = os.environ | {"PYTHONPATH": paths, "DASK_TEMPORARY_DIRECTORY": str(folder)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        peak = 0
        while process.poll() is None:
            peak = max(peak, resident(psutil.Process().children(recursive=True)))
            time.sleep(0.02)
        seconds, found = process.stdout.read().splitlines()[-2:]
    return {"seconds": float(seconds), "megabytes": peak / 1e6}, found


def resident(processes: list[psutil.Process]) -> int:
    total = 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.NoSuchProcess:
            continue
    return total


def test_what_machinery_costs_and_cores_share(tmp_path):
    report: dict[str, Any] = {"machine": machine(), "workers": CPU_COUNT}
    for job, write in DATA.items():
        folder = tmp_path / job
        folder.mkdir()
        report[job] = {"data": write(folder)}
        results = set()
        for place in PLACES[job]:
            with ExitStack() as stack:
                where = place
                if place == "cluster":
                    two = Cluster(folder, stack)
                    two.fill(2)
                    where = two.address
                    measure(job, where, folder)  # workers import modules
                report[job][place], found = measure(job, where, folder)
            print(job, place, report[job][place], found)
            results.add(found)
        assert len(results) == 1, job
    write_report("scale", report)


if __name__ == "__main__":
    job, place, folder = sys.argv[1:]
    found, seconds = timed(WAYS[job], Path(folder), place)
    print(seconds)
    print(found)
