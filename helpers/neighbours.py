"""Ways to find the nearest of many vectors: one by one, or only where they may be."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from helpers import CookbookError, display_path, replacing
from helpers.embeddings import normalise

import faiss
import numpy as np
import pandas as pd
import pooch
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
    index = build_index(vectors, kind)
    megabytes = index.ntotal * index.sa_code_size() / 1e6
    return lambda query: index.search(query[None], k)[1][0], megabytes


def build_index(vectors: np.ndarray, kind: str) -> faiss.Index:
    """An index of unit `vectors` (n, d), one of `KINDS` or of faiss's own names.

    `index.search(queries, k)` gives the highest cosines (q, k) and their rows, best first.
    """
    clusters = round(len(vectors) ** 0.5)
    kind = KINDS.get(kind, kind).format(clusters=clusters)
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[: ROWS_A_CLUSTER * clusters])
    index.add(vectors)
    if hasattr(index, "nprobe"):
        index.nprobe = PROBED
    return index


def save_index(index: faiss.Index, path: Path) -> None:
    """Write `index` to `path` in faiss's own format, and beside it a card with its checksum.

    The card comes last. An interruption leaves the former index in place, or one that `load_index`
    refuses.
    """
    path = Path(path)
    with replacing(_card_of(path)) as card_part, replacing(path) as part:
        faiss.write_index(index, str(part))
        card = {"rows": index.ntotal, "dimension": index.d, "bytes": part.stat().st_size}
        card["sha256"] = pooch.file_hash(part)
        card_part.write_text(json.dumps(card) + "\n", encoding="utf-8")


def load_index(path: Path, dimension: int | None = None, rows: int | None = None) -> faiss.Index:
    """The index that `save_index` wrote to `path`.

    Raises `CookbookError` if it is missing, isn't what was saved, or was made of other vectors than
    (`rows`, `dimension`). The checksum shows damage; it doesn't make a stranger's file safe.
    """
    path = Path(path)
    shown, way_out = display_path(path), "Build it again with build_index, then save_index."
    card = _read_card(path, way_out)
    for name, wanted in {"dimension": dimension, "rows": rows}.items():
        if wanted not in (None, card[name]):
            raise CookbookError(
                f"{shown}: an index with {name} = {card[name]:,}, not {wanted:,}: it was made of "
                f"other vectors. {way_out}"
            )
    size = path.stat().st_size
    if size != card["bytes"]:
        raise CookbookError(f"{shown}: {size:,} bytes instead of {card['bytes']:,}. {way_out}")
    if pooch.file_hash(path) != card["sha256"]:
        raise CookbookError(f"{shown}: damaged, as its checksum differs. {way_out}")
    try:
        return faiss.read_index(str(path))
    except RuntimeError as error:
        raise CookbookError(f"{shown}: faiss can't read it ({error}). {way_out}") from error


def _card_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_card(path: Path, way_out: str) -> dict:
    for file in (path, _card_of(path)):
        if not file.is_file():
            raise CookbookError(f"{display_path(file)}: no such file. {way_out}")
    try:
        card = json.loads(_card_of(path).read_text(encoding="utf-8"))
        return {name: card[name] for name in ("rows", "dimension", "bytes", "sha256")}
    except (ValueError, KeyError, TypeError) as error:
        shown = display_path(_card_of(path))
        raise CookbookError(f"{shown}: not the card of an index. {way_out}") from error


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
