"""Search among 1.5 million vectors: exact, in clusters and in a graph, each built, kept in a file,
loaded and searched.

The rows crowd around docstrings of installed packages, as in chapter 05; the queries are titles.
"""

from pathlib import Path

from helpers.chapters.question_matching import build_index, mixtures
from helpers.datasets.docstrings import read_docstrings
from helpers.pretrained import WordPieces

import faiss
import numpy as np
import pytest
from measuring import machine, timed, write_report

ROWS, QUERIES, K = 1_500_000, 200, 10
ROWS_OF_GRAPH = 150_000  # a graph takes a hundred times as long to build as clusters
MIN_RECALL, MIN_RATIO = 0.8, 10  # recall@10, and times as fast as the exact search


@pytest.fixture(scope="module")
def data():
    docs, pieces = read_docstrings(limit=None), WordPieces("05_question_matching/pieces")
    return mixtures(pieces.embed(docs["body"]), ROWS), pieces.embed(docs["title"].head(QUERIES))


def search(index: faiss.Index, queries: np.ndarray) -> list[set[int]]:
    """The rows nearest to each of `queries` (n, d), which come one at a time."""
    return [set(index.search(query[None], K)[1][0].tolist()) for query in queries]


def measure(kind: str, vectors: np.ndarray, queries: np.ndarray, path: Path) -> dict:
    index, building = timed(build_index, vectors, kind)
    saving = timed(faiss.write_index, index, str(path))[1]
    del index
    index, loading = timed(faiss.read_index, str(path))
    found, seconds = timed(search, index, queries)
    return {
        "rows": len(vectors),
        "seconds_to_build": building,
        "seconds_to_save": saving,
        "seconds_to_load": loading,
        "megabytes": path.stat().st_size / 1e6,
        "ms_a_query": 1000 * seconds / len(queries),
        "found": found,
    }


def test_clusters_find_most_and_much_sooner(data, tmp_path):
    vectors, queries = data
    runs = {
        "exact": ("faiss", ROWS),
        "clusters": ("faiss, clusters", ROWS),
        "clusters, bytes": ("faiss, clusters, bytes", ROWS),
        "exact, a tenth": ("faiss", ROWS_OF_GRAPH),
        "graph, a tenth": ("HNSW32", ROWS_OF_GRAPH),
    }
    report = {"machine": machine(), "dimension": vectors.shape[1]}
    for name, (kind, rows) in runs.items():
        report[name] = measure(kind, vectors[:rows], queries, tmp_path / "index")
    for row in runs:
        exact = report["exact, a tenth" if "tenth" in row else "exact"]["found"]
        shared = [len(a & b) / K for a, b in zip(report[row]["found"], exact, strict=True)]
        report[row]["recall_at_10"] = float(np.mean(shared))
    for row in runs:
        del report[row]["found"]
        print(row, *(f"  {name}: {value:,.2f}" for name, value in report[row].items()), sep="\n")
    write_report("05_index", report)
    for row in ("clusters", "clusters, bytes"):
        assert report[row]["recall_at_10"] >= MIN_RECALL
        assert report["exact"]["ms_a_query"] / report[row]["ms_a_query"] >= MIN_RATIO
