"""Chapter 06: hiding a part of what each user heard, classical rivals, linked charts.

A table (users, items) is a sparse matrix whose entries are what is known, such as plays.
"""

from collections.abc import Sequence
from typing import NamedTuple

from helpers import CookbookError
from helpers.evaluate import coverage, ndcg_at_k, novelty, recall_at_k, top_items
from helpers.plots import as_csv

import altair as alt
import numpy as np
import pandas as pd
from implicit.als import AlternatingLeastSquares
from scipy.sparse import csr_matrix, diags
from threadpoolctl import threadpool_limits


class Split(NamedTuple):
    """What a model may see of a data set, and what it should find."""

    known: csr_matrix  # (users, items): what is known of each user
    hidden: csr_matrix  # (users, items): what is asked for
    tags: csr_matrix  # (items, tags): how often each item was given each tag, hidden pairs apart


def table_of(rows: np.ndarray, columns: np.ndarray, shape: tuple, values=None) -> csr_matrix:
    """A sparse table of this `shape` with `values`, or else ones, at `rows` and `columns`.

    Values at the same place add up.
    """
    values = np.ones(len(rows)) if values is None else values
    return csr_matrix((np.asarray(values, np.float32), (rows, columns)), shape)


def hide(table: csr_matrix, taggings: np.ndarray, seed: int, validation: bool = False) -> Split:
    """`table` (users, items) with a fifth of each user's items hidden, drawn with `seed`.

    `taggings` (n, 3) holds numbers of users, items and tags. Who tags an item knows it, so those
    of hidden pairs are left out. With `validation`, a fifth of what would be known is hidden
    instead, and nothing of what the test asks for is in any part of the answer.
    Raises `CookbookError` if nobody has enough items.
    """
    known, hidden = hold_out(table, seed)
    if validation:
        known, hidden = hold_out(known, seed + 1000)
    users, items, tags = taggings.T
    kept = np.asarray((table - known)[users, items]).ravel() == 0
    shape = table.shape[1], tags.max() + 1
    return Split(known, hidden, table_of(items[kept], tags[kept], shape))


def hold_out(
    table: csr_matrix, seed: int, share: float = 0.2, least: int = 5
) -> tuple[csr_matrix, csr_matrix]:
    """Split `table` (users, items) into what is known and what is hidden, two of its shape.

    Of each user with `least` items or more, a `share` of them, rounded down, is hidden, drawn at
    random. Raises `CookbookError` if `share` isn't between 0 and 1 or nothing could be hidden.
    """
    if not 0 < share < 1:
        raise CookbookError(f"share = {share}: give the part to hide, above 0 and below 1.")
    table = table.tocsr()
    rng = np.random.default_rng(seed)
    hidden = np.zeros(table.nnz, bool)
    for start, count in zip(table.indptr[:-1], np.diff(table.indptr), strict=True):
        if count >= least:
            chosen = rng.choice(count, int(share * count), replace=False)
            hidden[start + chosen] = True
    if not hidden.any():
        raise CookbookError(f"No user has {least} items or more, of which {share:.0%} were one.")
    return _entries(table, ~hidden), _entries(table, hidden)


def ranking(scores: np.ndarray, part: Split) -> dict[str, float]:
    """How good `scores` (users, items) are: recall and NDCG of the first 20, and coverage and
    novelty of the first 10."""
    top = top_items(scores, part.known)
    return {
        "recall@20": recall_at_k(top, part.hidden).mean(),
        "ndcg@20": ndcg_at_k(top, part.hidden).mean(),
        "coverage@10": coverage(top[:, :10], scores.shape[1]),
        "novelty@10": novelty(top[:, :10], part.known),
    }


def log_counts(known: csr_matrix) -> csr_matrix:
    """log(1 + count) of each entry of `known` (users, items), over the mean of its row."""
    logs = known.log1p()
    means = np.asarray(logs.sum(axis=1)).ravel() / np.diff(logs.indptr).clip(min=1)
    return (diags(1 / means.clip(min=1e-9)) @ logs).tocsr().astype(np.float32)


def unit_rows(table: csr_matrix, power: float = 1) -> csr_matrix:
    """`table` (n, m) with each row divided by its length, or by this `power` of it."""
    lengths = np.sqrt(np.asarray(table.multiply(table).sum(axis=1))).ravel().clip(min=1e-9)
    return (diags(lengths**-power) @ table).tocsr().astype(np.float32)


def als(known: csr_matrix, seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of users (users, size) and items (items, size) by alternating least squares on the
    zeros and ones of `known` (Hu, Koren and Volinsky, ICDM 2008); a one weighs 11 times a zero."""
    with threadpool_limits(1, "blas"):  # its own threads and those of BLAS are in each other's way
        model = AlternatingLeastSquares(size, regularization=10, alpha=10, random_state=seed)
        model.fit(known.sign(), show_progress=False)
    return model.user_factors, model.item_factors


def item_similarity(table: csr_matrix, k: int = 100, shrink: float = 20) -> csr_matrix:
    """Similarity of items (items, items) by who shares them, the `k` highest of each row kept.

    It is the cosine of two columns of the zeros and ones of `table` (users, items), with `shrink`
    added to its denominator, so that two items whose only user is the same don't count as equal.
    """
    ones = table.astype(bool).astype(np.float32)
    return similarity_of_counts((ones.T @ ones).tocsr(), k, shrink)


def similarity_of_counts(together: csr_matrix, k: int = 100, shrink: float = 20) -> csr_matrix:
    """`item_similarity` from how many users share two items, `together` (items, items)."""
    together = together.copy()
    fans = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    rows = np.repeat(np.arange(len(fans)), np.diff(together.indptr))
    together.data /= np.sqrt(fans[rows] * fans[together.indices]) + shrink
    best_first = np.lexsort([-together.data, rows])  # row by row
    place_in_row = np.arange(together.nnz) - together.indptr[rows[best_first]]
    kept = np.zeros(together.nnz, bool)
    kept[best_first[place_in_row < k]] = True
    return _entries(together, kept)


def _entries(table: csr_matrix, kept: np.ndarray) -> csr_matrix:
    """`table` with those of its stored entries, in order, that are `kept` (nnz,)."""
    rows = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    entries = table.data[kept], (rows[kept], table.indices[kept])
    return csr_matrix(entries, table.shape)


def linked_scatter(
    frame: pd.DataFrame, x: str, ys: Sequence[str], tooltip: Sequence[str]
) -> alt.HConcatChart:
    """A chart for each of the columns `ys` against `x`, on a logarithmic axis: drag over one to
    select points, and they light up in all; hover for `tooltip`."""
    brush = alt.selection_interval()
    colour = alt.when(brush).then(alt.value("#1f77b4")).otherwise(alt.value("lightgrey"))
    charts = []
    names = []
    for number, y in enumerate(ys):
        chart = alt.Chart(width=300, height=240, name=f"chart_{number}").mark_circle(size=16)
        chart = chart.encode(
            alt.X(f"{x}:Q", scale=alt.Scale(type="log")),
            alt.Y(f"{y}:Q"),
            color=colour,
            tooltip=[f"{name}:N" for name in tooltip],
        )
        charts.append(chart)
        names.append(chart.name)
    linked = alt.hconcat(*charts, data=as_csv(frame[[x, *ys, *tooltip]]))
    # JupyterLab can't draw Altair's `repeat` with a brush, and `add_params` warns of sharing one.
    linked.params = [
        alt.TopLevelSelectionParameter(name=brush.name, select="interval", views=names)
    ]
    return linked


def filtered_map(
    frame: pd.DataFrame, kind: str, tooltip: Sequence[str], most: int = 12
) -> alt.HConcatChart:
    """A map of `frame`, at its columns x and y, beside a bar for each of the `most` frequent
    values of its column `kind`: click a bar to see its points alone, hover for `tooltip`.

    Other values, and "", are counted as "other".
    """
    common = frame.loc[frame[kind] != "", kind].value_counts().index[:most]
    frame = frame.assign(group=frame[kind].where(frame[kind].isin(common), "other"))
    pick = alt.selection_point(fields=["group"])
    hue = alt.Color("group:N", legend=None, scale=alt.Scale(scheme="tableau20"))
    colour = alt.when(pick).then(hue).otherwise(alt.value("#eeeeee"))
    places = alt.X("x:Q", axis=None), alt.Y("y:Q", axis=None)
    dots = alt.Chart(width=440, height=400).mark_circle(size=24).interactive()
    dots = dots.encode(*places, color=colour, tooltip=[f"{name}:N" for name in tooltip])
    bars = alt.Chart(width=110, height=400).mark_bar().add_params(pick)
    group = alt.Y("group:N", sort="-x", title=None)
    bars = bars.encode(alt.X("count()", title="points"), group, color=colour)
    columns = list(dict.fromkeys(["x", "y", "group", *tooltip]))
    return alt.hconcat(dots, bars, data=as_csv(frame[columns]))
