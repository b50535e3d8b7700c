"""Listening on Last.fm, HetRec 2011: artists, tags, listens, friends and taggings, in a zip."""

import csv
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import UNPACKING_ERRORS, check_zip

import pandas as pd

COUNTS_IN_FULL = {  # of the published file, as its readme states them
    "artists": 17_632,
    "tags": 11_946,
    "listens": 92_834,
    "friends": 25_434,
    "taggings": 186_479,
}
FILES = {  # table: its file in the zip
    "artists": "artists.dat",
    "tags": "tags.dat",
    "listens": "user_artists.dat",
    "friends": "user_friends.dat",
    "taggings": "user_taggedartists.dat",
}
COLUMNS = {  # a column of a file: what it is called here; others are left out
    "artists": {"id": "artist", "name": "name", "url": "url"},
    "tags": {"tagID": "tag", "tagValue": "name"},
    "listens": {"userID": "user", "artistID": "artist", "weight": "plays"},
    "friends": {"userID": "user", "friendID": "friend"},
    "taggings": {
        **{"userID": "user", "artistID": "artist", "tagID": "tag"},
        **{"year": "year", "month": "month", "day": "day"},
    },
}
KEYS = {"artist", "tag", "user", "friend"}  # those in a table tell its rows apart
TEXTS = {"name", "url"}  # all other columns hold whole numbers
KNOWN_FROM = (  # table, column, and the table that must hold each of its values, in which column
    ("listens", "artist", "artists", "artist"),
    ("friends", "user", "listens", "user"),
    ("friends", "friend", "listens", "user"),
    ("taggings", "user", "listens", "user"),
    ("taggings", "tag", "tags", "tag"),
)
YEARS = (2002, 2011)  # from the opening of Last.fm to the year in which the data were gathered


class LastFM(NamedTuple):
    """The tables of the data set, in the order of the files' rows.

    - `artists`: `artist` (a number), `name`, `url` of its page on Last.fm. The addresses of
      pictures, which are dead, are left out.
    - `tags`: `tag` (a number), `name`.
    - `listens`: `user` (a number), `artist`, `plays` (1 or more), for at most 50 artists a user.
    - `friends`: `user`, `friend`. A friendship stands there twice, once from each side.
    - `taggings`: `user`, `artist` (a few of them aren't in `artists`), `tag`, `date`. The day is
      nearly always the 1st: rely on month and year alone. A date that no calendar has, or whose
      year lies outside `YEARS`, is missing.
    """

    artists: pd.DataFrame
    tags: pd.DataFrame
    listens: pd.DataFrame
    friends: pd.DataFrame
    taggings: pd.DataFrame


def read_lastfm(path: Path, counts: Mapping[str, int] | None = None) -> LastFM:
    """The tables in the zip at `path`; nothing is unpacked to the disk.

    Raises `CookbookError`, naming file and reason, if it isn't a whole zip with all `FILES` and
    `COLUMNS`; a number isn't whole; a table is empty or has a row twice; a name or plays are
    missing; a row names what another table lacks (`KNOWN_FROM`); or the number of rows isn't the
    one in `counts`, such as `COUNTS_IN_FULL`.
    """
    path = Path(path)
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    try:
        with zipfile.ZipFile(path) as archive:
            check_zip(archive, path)
            tables = {name: _read_table(archive, name) for name in FILES}
        _check_references(tables)
        _check_counts(tables, counts or {})
    except (*UNPACKING_ERRORS, ValueError) as error:
        raise CookbookError(
            f"{display_path(path)}: not readable as hetrec2011-lastfm-2k.zip ({error}). "
            f"{DOWNLOAD_AGAIN}"
        ) from error
    tables["taggings"] = _dated(tables["taggings"])
    return LastFM(**tables)


def _read_table(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    """One of the tables. Raises `ValueError`, naming its file, if it isn't as it should be."""
    columns = COLUMNS[name]
    try:
        with archive.open(FILES[name]) as stream:
            table = pd.read_csv(
                stream,
                sep="\t",
                encoding="latin-1" if name == "tags" else "utf-8",
                usecols=list(columns),
                dtype={old: "str" if new in TEXTS else "int64" for old, new in columns.items()},
                quoting=csv.QUOTE_NONE,  # a name may hold a quotation mark
                na_filter=False,  # or be "NA"
                index_col=False,
            )
        table = table[list(columns)].rename(columns=columns)
        _check_rows(table)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{FILES[name]}: {error}") from error
    return table


def _check_rows(table: pd.DataFrame) -> None:
    keys = [column for column in table if column in KEYS]
    repeated = table.loc[table.duplicated(keys), keys]
    if table.empty:
        raise ValueError("no rows")
    if len(repeated):
        raise ValueError(f"a row twice: {repeated.iloc[0].to_dict()}")
    if "plays" in table and table["plays"].min() < 1:
        raise ValueError("a listen without plays")
    if "name" in table and not table["name"].str.strip().all():
        raise ValueError("a row without a name")


def _check_references(tables: Mapping[str, pd.DataFrame]) -> None:
    for name, column, other, its_column in KNOWN_FROM:
        values = tables[name][column]
        unknown = values[~values.isin(tables[other][its_column])]
        if len(unknown):
            raise ValueError(f"{FILES[name]}: {column} {unknown.iloc[0]} isn't in {FILES[other]}")


def _check_counts(tables: Mapping[str, pd.DataFrame], counts: Mapping[str, int]) -> None:
    for name, count in counts.items():
        found = len(tables[name])
        if found != count:
            raise ValueError(f"{FILES[name]}: {found:,} rows where {count:,} were expected")


def _dated(taggings: pd.DataFrame) -> pd.DataFrame:
    """Taggings with the column `date` in the place of `year`, `month` and `day`."""
    parts = ["year", "month", "day"]
    dates = pd.to_datetime(taggings[parts], errors="coerce")
    dates = dates.where(taggings["year"].between(*YEARS))
    return taggings.drop(columns=parts).assign(date=dates)
