"""Ways to find the nearest of many vectors: one by one, or only where they may be."""

import time
from collections.abc import Callable, Iterator

from helpers.embeddings import normalise

import faiss
import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors

PROBED, ROWS_A_CLUSTER = 16, 64  # clusters a query visits; rows enough to find a cluster's middle
KINDS = {  # of index, in faiss's words
    "faiss": "Flat",
    "faiss, clusters": "IVF{clusters},Flat",
    "faiss, clusters, bytes": "IVF{clusters},SQ8",
}


def searchers(vectors: np.ndarray, k: int = 10) -> Iterator[tuple[str, Callable, float]]:
    """Ways to search the unit `vectors` (n, d), each built when it is its turn.

    Yields a name, a function from a query (d,) to the numbers (k,) of the rows with the highest
    cosines, in no order, and the MB that its index holds. The first three are exact.
    """
    yield "NumPy", lambda query: np.argpartition(-(vectors @ query), k)[:k], vectors.nbytes / 1e6
    brute = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(vectors)
    yield (
        "scikit-learn",
        lambda query: brute.kneighbors(query[None], return_distance=False)[0],
        vectors.nbytes / 1e6,
    )
    for name, kind in KINDS.items():
        yield name, *_faiss(vectors, kind, k)


def _faiss(vectors: np.ndarray, kind: str, k: int) -> tuple[Callable, float]:
    clusters = round(len(vectors) ** 0.5)
    kind = kind.format(clusters=clusters)
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[: ROWS_A_CLUSTER * clusters])
    index.add(vectors)
    if hasattr(index, "nprobe"):
        index.nprobe = PROBED
    megabytes = index.ntotal * index.sa_code_size() / 1e6
    return lambda query: index.search(query[None], k)[1][0], megabytes


def mixtures(vectors: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """`n` unit vectors (n, d): the first of `vectors` (m, d), then sums of two of them at random,
    the second with a weight from .2 to .8, so that a crowd is where the real ones are."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(vectors), size=(2, n))
    crowd = vectors[first] + rng.uniform(0.2, 0.8, (n, 1)).astype(vectors.dtype) * vectors[second]
    crowd[: len(vectors)] = vectors[:n]
    return normalise(crowd)


def compare_searchers(vectors: np.ndarray, queries: np.ndarray, k: int = 10) -> pd.DataFrame:
    """What the ways of `searchers` cost on `vectors` (n, d), one of `queries` (q, d) at a time.

    Columns: `seconds to build` an index, its `MB`, `ms a query`, and `recall`, the share of the
    true `k` neighbours that are found.
    """
    rows, exact, start = {}, None, time.perf_counter()
    for name, search, megabytes in searchers(vectors, k):
        built = time.perf_counter()
        found = [set(search(query)) for query in queries]
        done = time.perf_counter()
        exact = exact or found
        recall = np.mean([len(a & b) / k for a, b in zip(found, exact, strict=True)])
        rows[name] = [built - start, megabytes, 1000 * (done - built) / len(queries), recall]
        start = time.perf_counter()
    return pd.DataFrame(rows, ["seconds to build", "MB", "ms a query", "recall"]).T
