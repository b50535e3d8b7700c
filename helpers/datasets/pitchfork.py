"""Pitchfork album reviews: a SQLite file with the tables reviews, genres and labels."""

import contextlib
import sqlite3
from pathlib import Path

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path

import pandas as pd

REVIEWS_IN_FULL = 18_393  # rows of the table reviews in the published file
LONGEST = 1_000_000  # bytes of a row: a crafted one could ask for more than the memory
COMPUTED = "SELECT name FROM sqlite_master WHERE rootpage = 0"  # views may go on without end
QUERIES = {
    "reviews": "SELECT reviewid, artist, score, author AS reviewer FROM reviews",
    "genres": "SELECT DISTINCT reviewid, genre FROM genres WHERE genre IS NOT NULL",
    "labels": "SELECT DISTINCT reviewid, label FROM labels WHERE label IS NOT NULL",
}
READING_ERRORS = (sqlite3.Error, pd.errors.DatabaseError, UnicodeDecodeError, MemoryError)


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection; raises `CookbookError` if `path` isn't a sound SQLite database.

    "immutable" keeps SQLite from writing journals beside the file, which its header can ask for.
    """
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    try:
        _check_database(database, path.stat().st_size)
    except READING_ERRORS as error:
        database.close()
        raise _error(path, error) from error
    return database


def read_pitchfork(path: Path, rows: int | None = None) -> dict[str, pd.DataFrame]:
    """The tables of the file: `reviews` (reviewid, artist, score, reviewer), one row a review,
    `genres` (reviewid, genre) and `labels` (reviewid, label), without empty values and repeats.

    Raises `CookbookError`, naming file and reason, if a table or column is missing, a table is
    empty, a score lies outside 0 to 10, or the table reviews hasn't `rows` rows.
    """
    with contextlib.closing(connect(path)) as database:
        try:
            tables = {name: pd.read_sql(query, database) for name, query in QUERIES.items()}
        except READING_ERRORS as error:
            raise _error(path, error) from error
    for name, table in tables.items():
        if table.empty:
            raise _error(path, f"no rows in the table {name}")
    reviews = tables["reviews"]
    if rows is not None and len(reviews) != rows:
        raise _error(path, f"{len(reviews):,} reviews where {rows:,} were expected")
    reviews["score"] = pd.to_numeric(reviews["score"], errors="coerce")
    if not reviews["score"].between(0, 10).all():
        raise _error(path, "a score that isn't a number from 0 to 10")
    named = reviews["artist"].fillna("") != ""
    tables["reviews"] = reviews[named].drop_duplicates("reviewid").reset_index(drop=True)
    return tables


def _check_database(database: sqlite3.Connection, size: int) -> None:
    """Raise `sqlite3.DatabaseError` if a file of `size` bytes is damaged, or computes tables."""
    if database.execute(COMPUTED).fetchone():
        raise sqlite3.DatabaseError("it computes tables, which the published file doesn't")
    (page_size,) = database.execute("PRAGMA page_size").fetchone()
    if size % page_size:  # SQLite would read zeros for what is missing
        raise sqlite3.DatabaseError("it ends within a page")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise sqlite3.DatabaseError(verdict)


def _error(path: Path, problem: object) -> CookbookError:
    return CookbookError(
        f"{display_path(path)}: not readable as Pitchfork's reviews ({problem}). {DOWNLOAD_AGAIN}"
    )
