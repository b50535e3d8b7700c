"""What one does with embeddings: normalise, look up, find neighbours, export."""

import csv
from collections.abc import Sequence
from pathlib import Path

from helpers import CookbookError, replacing, unknown

import numpy as np
import pandas as pd
from sklearn.neighbors import NearestNeighbors


def normalise(vectors: np.ndarray) -> np.ndarray:
    """`vectors` (n, d) with every row scaled to length one, so that dot products are cosines.

    A row of zeros stays as it is.
    """
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return vectors / np.where(lengths == 0, 1, lengths)


def index_of(label: str, labels: Sequence[str], kind: str = "label") -> int:
    """Position of `label` in `labels`; raises `CookbookError` with close matches if it isn't there.

    >>> index_of("coil", ["can", "coil"], kind="artist")
    1
    """
    matches = np.flatnonzero(np.asarray(labels) == label)
    if not len(matches):
        raise unknown(kind, label, labels)
    return int(matches[0])


def find_named(text: str, names: Sequence[str], weights: np.ndarray, kind: str = "name") -> int:
    """Position in `names` of the one that is `text`, in any case, or else that holds it.

    Of several the one with the highest of `weights` is taken, and the next ones are printed.
    Raises `CookbookError` with close matches if there is none.

    >>> find_named("west", ["Kanye West", "Eminem"], np.ones(2))
    0
    """
    names = np.asarray(names).tolist()  # many times faster to go through than a pandas series
    wanted, folded = text.strip().casefold(), [name.casefold() for name in names]
    found = [i for i, name in enumerate(folded) if name == wanted]
    found = found or [i for i, name in enumerate(folded) if wanted in name]
    if not (wanted and found):
        raise unknown(kind, text, names)
    first, *others = sorted(found, key=lambda i: -weights[i])
    if others:
        listed = ", ".join(names[i] for i in others[:8])
        print(f"{text!r} is taken as {names[first]}; {len(others)} others hold it: {listed}")
    return first


def nearest(
    query: np.ndarray, embeddings: np.ndarray, k: int = 10, exclude: Sequence[int] = ()
) -> tuple[np.ndarray, np.ndarray]:
    """The `k` rows of `embeddings` (n, d) with the highest cosine to `query` (d,), best first.

    Returns their positions (k,) and cosines (k,); rows in `exclude` are passed over.
    Raises `CookbookError` if fewer than `k` rows are left.
    """
    _require_enough(len(embeddings) - len(set(exclude)), k)
    cosines = normalise(embeddings) @ normalise(query)
    cosines[list(exclude)] = -np.inf
    order = np.argsort(-cosines, kind="stable")[:k]
    return order, cosines[order]


def nearest_of_each(embeddings: np.ndarray, k: int = 10) -> np.ndarray:
    """The `k` nearest other rows of every row of `embeddings` (n, d) by cosine, best first.

    Returns positions (n, k). Raises `CookbookError` if there are `k` rows or fewer.
    """
    _require_enough(len(embeddings) - 1, k)
    index = NearestNeighbors(n_neighbors=k, metric="cosine").fit(embeddings)
    return index.kneighbors(return_distance=False)


def export_projector(folder: Path, embeddings: np.ndarray, metadata: pd.DataFrame) -> None:
    """Write `embeddings` (n, d) and `metadata` (n rows) for TensorBoard's embedding projector.

    Line breaks and tabs become spaces, empty values "-". Raises `CookbookError` if their lengths
    differ.
    """
    if len(embeddings) != len(metadata):
        raise CookbookError(f"{len(embeddings)} embeddings but {len(metadata)} rows of metadata.")
    vectors = pd.DataFrame(embeddings)
    with replacing(folder / "vectors.tsv") as part:
        vectors.to_csv(part, sep="\t", header=False, index=False, float_format="%.5f")
    # the projector splits at every tab and line break, quoted or not, and skips blank lines
    plain = metadata.astype(str).replace(r"\s+", " ", regex=True).replace(["", " "], "-")
    with replacing(folder / "metadata.tsv") as part:
        # it wants a header only where there are two columns or more
        style = {"header": metadata.shape[1] > 1, "quoting": csv.QUOTE_NONE, "na_rep": "-"}
        plain.to_csv(part, sep="\t", index=False, lineterminator="\n", **style)
    config = 'embeddings {\n  tensor_path: "vectors.tsv"\n  metadata_path: "metadata.tsv"\n}\n'
    with replacing(folder / "projector_config.pbtxt") as part:
        part.write_text(config, encoding="utf-8")


def _require_enough(available: int, k: int) -> None:
    if not 1 <= k <= available:
        raise CookbookError(f"Asked for {k} neighbours, but there are {available} to choose from.")
