"""A listening log of any size, in Parquet files: which artists share listeners."""

import glob
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from helpers import CookbookError, display_path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.sparse import csr_matrix

WHOLE_OR_TEXT = "U?(TINY|SMALL|BIG)INT|U?INTEGER|VARCHAR"  # what DuckDB calls these types
ROWS = 2**19  # that are multiplied at a time


def shared_listeners(log: Path, memory: str | None = None) -> tuple[csr_matrix, np.ndarray]:
    """How many listeners two artists share: a table (artists, artists), and the artists.

    `log` is a Parquet file or a folder of them, with the columns user and artist, whole numbers or
    text. The table is X.T @ X of the table X (users, artists) of zeros and ones: a sum over users.
    So DuckDB brings the rows of each user together, and SciPy multiplies some users at a time.
    DuckDB takes as much `memory` as it is given, such as "4GB" (default: 80 % of the machine's),
    and writes to a temporary folder what doesn't fit; the table has to fit beside it.
    Raises `CookbookError` for a log that is missing, damaged or not such a table.
    """
    files = log.rglob("[!.]*.parquet") if log.is_dir() else [log]  # macOS adds "._a.parquet"
    names = [glob.escape(str(file)) for file in files]
    with TemporaryDirectory(prefix="cookbook-") as folder, duckdb.connect() as database:
        database.execute("SET enable_progress_bar = false")
        database.execute("SET temp_directory = $folder", {"folder": folder})
        if memory:
            database.execute("SET memory_limit = $memory", {"memory": memory})
        try:
            rows = database.read_parquet(names).project("user AS user, artist AS artist")
            _check_types(log, rows)
            rows.create_view("log")
            no_name = "SELECT 1 FROM log WHERE user IS NULL OR artist IS NULL LIMIT 1"
            if database.execute(no_name).fetchone():
                raise CookbookError(f"{display_path(log)}: a row without user or artist.")
            by_name = "SELECT DISTINCT artist FROM log ORDER BY artist"
            artists = np.asarray(database.execute(by_name).fetchnumpy()["artist"])
            if artists.dtype == object:
                artists = artists.astype(str)
            by_user = "SELECT user, artist FROM log ORDER BY user"
            table = csr_matrix((len(artists), len(artists)), dtype=np.float32)
            for listens in _whole_users(database.sql(by_user).to_arrow_reader(ROWS)):
                table += _shared(listens, artists)
        except duckdb.Error as error:
            reason = str(error).partition("\n")[0].replace(str(log), display_path(log))
            raise CookbookError(
                f"{display_path(log)}: no Parquet files with the columns user and artist ({reason})"
            ) from error
    if not table.nnz:
        raise CookbookError(f"{display_path(log)}: a log without a row.")
    table.sort_indices()
    return table, artists


def _check_types(log: Path, rows: duckdb.DuckDBPyRelation) -> None:
    """Raise `CookbookError` unless users and artists are whole numbers or text."""
    for column, kind in zip(rows.columns, rows.types, strict=True):
        if not re.fullmatch(WHOLE_OR_TEXT, str(kind)):
            problem = f"the column {column} is of type {kind}"
            raise CookbookError(f"{display_path(log)}: {problem}; make it whole numbers or text.")


def _whole_users(batches: Iterable[pa.RecordBatch]) -> Iterator[pd.DataFrame]:
    """The rows of `batches`, sorted by user: about `ROWS` at a time, all rows of a user together.

    DuckDB hands over far smaller batches, and adding a table for each takes most of the time.
    """
    waiting = []
    for batch in batches:
        waiting.append(batch.to_pandas())
        if sum(map(len, waiting)) >= ROWS:
            rows = pd.concat(waiting)
            is_last_user = rows["user"] == rows["user"].iloc[-1]
            yield rows[~is_last_user]
            waiting = [rows[is_last_user]]
    if waiting:
        yield pd.concat(waiting)


def _shared(listens: pd.DataFrame, artists: np.ndarray) -> csr_matrix:
    """X.T @ X of the users in `listens`."""
    users, names = pd.factorize(listens["user"])
    places = pd.Index(artists).get_indexer(listens["artist"])
    ones = np.ones(len(listens), np.float32)
    table = csr_matrix((ones, (users, places)), (len(names), len(artists))).sign()
    return table.T @ table
