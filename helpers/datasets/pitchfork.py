"""Pitchfork album reviews: a SQLite file with the tables reviews, genres and labels."""

import contextlib
import sqlite3
from pathlib import Path

from helpers import reading

import pandas as pd

KIND = "Pitchfork's reviews"
REVIEWS_IN_FULL = 18_393  # rows of the table reviews in the published file
LONGEST = 1_000_000  # bytes of a row: a crafted one could ask for more than the memory
COMPUTED = "SELECT name FROM sqlite_master WHERE rootpage = 0"  # views may go on without end
EDITION = (
    "this chapter reads the edition of 2017, with the tables reviews (reviewid, artist, score, "
    "author), genres (reviewid, genre) and labels (reviewid, label)"
)
QUERIES = {
    "reviews": "SELECT reviewid, artist, score, author AS reviewer FROM reviews",
    "genres": "SELECT DISTINCT reviewid, genre FROM genres WHERE genre IS NOT NULL",
    "labels": "SELECT DISTINCT reviewid, label FROM labels WHERE label IS NOT NULL",
}


def connect(path: Path) -> sqlite3.Connection:
    """A read-only connection; raises `CookbookError` if `path` isn't a sound SQLite database, or
    another program is writing to it."""
    with reading(path, KIND), contextlib.closing(_open(path)) as database:
        _check_journals(path)
        _check_database(database, path.stat().st_size)
    return _open(path)


def read_pitchfork(path: Path, rows: int | None = None) -> dict[str, pd.DataFrame]:
    """The tables of the file: `reviews` (reviewid, artist, score, reviewer), one row a review,
    `genres` (reviewid, genre) and `labels` (reviewid, label), without empty values and repeats.

    Raises `CookbookError` if a table or column is missing, a score lies outside 0 to 10, or the
    table reviews hasn't `rows` rows.
    """
    with contextlib.closing(connect(path)) as database, reading(path, KIND):
        tables = {}
        for name, query in QUERIES.items():
            try:
                tables[name] = pd.read_sql(query, database)
            except pd.errors.DatabaseError as error:  # which quotes the query
                raise ValueError(f"{error.__cause__}; {EDITION}") from error
        reviews = tables["reviews"]
        if rows is not None and len(reviews) != rows:
            raise ValueError(f"{len(reviews):,} reviews where {rows:,} were expected")
        reviews["score"] = pd.to_numeric(reviews["score"])
        if not reviews["score"].between(0, 10).all():
            raise ValueError("a score that isn't a number from 0 to 10")
    named = reviews["artist"].fillna("") != ""
    tables["reviews"] = reviews[named].drop_duplicates("reviewid").reset_index(drop=True)
    return tables


def _open(path: Path) -> sqlite3.Connection:
    # "immutable" keeps SQLite from writing journals beside the file, which its header can ask for
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LONGEST)
    return database


def _check_journals(path: Path) -> None:
    """Raise `ValueError` if rows of the file still stand in a journal beside it."""
    for ending in ("-wal", "-journal"):
        journal = path.with_name(path.name + ending)
        if journal.is_file() and journal.stat().st_size:
            ways = "close the program that has it open, or delete both"
            raise ValueError(f"a part of it stands in {journal.name}: {ways}")


def _check_database(database: sqlite3.Connection, size: int) -> None:
    """Raise `ValueError` if a file of `size` bytes is damaged, or computes tables."""
    if database.execute(COMPUTED).fetchone():
        raise ValueError("it computes tables, which the published file doesn't")
    (page_size,) = database.execute("PRAGMA page_size").fetchone()
    if size % page_size:  # SQLite would read zeros for what is missing
        raise ValueError("it ends within a page")
    (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        raise ValueError(verdict)
