"""Listening on Last.fm, HetRec 2011: artists, tags, listens, friends and taggings, in a zip."""

import csv
import io
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import check_zip, read_member

import pandas as pd

COUNTS_IN_FULL = {  # of the published file, as its readme states them
    "artists": 17_632,
    "tags": 11_946,
    "listens": 92_834,
    "friends": 25_434,
    "taggings": 186_479,
    "users": 1_892,
}
FILES = {  # table: its file in the zip
    "artists": "artists.dat",
    "tags": "tags.dat",
    "listens": "user_artists.dat",
    "friends": "user_friends.dat",
    "taggings": "user_taggedartists.dat",
}
COLUMNS = {  # table: the columns that are kept, and how they are called here
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
UNZIP_ERRORS = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError)


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

    `counts`, if given, holds the rows that some tables must have, and under "users" how many
    listen: `COUNTS_IN_FULL`, or a part of it.

    Raises `CookbookError`, naming file and reason, if it isn't a whole zip with all `FILES`; a
    column is missing; a text is in another encoding, or a number isn't whole; a table is empty or
    has a row twice; an artist or tag has no name; a listen has no plays; a row names what the table
    in `KNOWN_FROM` lacks, such as a listen an unknown artist; or a count differs.
    """
    path = Path(path)
    texts = _unzip(path)
    tables = {name: _table(path, name, text) for name, text in texts.items()}
    _check_references(path, tables)
    if counts is not None:
        _check_counts(path, tables, counts)
    tables["taggings"] = _dated(tables["taggings"])
    return LastFM(**tables)


def _unzip(path: Path) -> dict[str, str]:
    """The text of each table's file."""
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    try:
        with zipfile.ZipFile(path) as archive:
            held = archive.namelist()
            if missing := [file for file in FILES.values() if file not in held]:
                raise CookbookError(
                    f"{display_path(path)}: no {', '.join(missing)} in it. It holds "
                    f"{', '.join(held[:12]) or 'nothing'}; hetrec2011-lastfm-2k.zip is needed."
                )
            check_zip(archive, path)
            contents = {name: read_member(archive, file) for name, file in FILES.items()}
    except UNZIP_ERRORS as error:
        raise CookbookError(
            f"{display_path(path)}: not readable as a zip archive ({error}). {DOWNLOAD_AGAIN}"
        ) from error
    return {name: _decode(path, name, content) for name, content in contents.items()}


def _decode(path: Path, name: str, content: bytes) -> str:
    """Tags are Latin-1, which any bytes can be; what is good UTF-8 too was surely saved as that."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        if name == "tags":
            return content.decode("latin-1")
        problem = f"byte {error.start:,} isn't UTF-8, which the published file is"
        raise _error(path, FILES[name], problem) from error
    if name == "tags" and not text.isascii():
        raise _error(path, FILES[name], "UTF-8 where the published file is Latin-1")
    return text


def _table(path: Path, name: str, text: str) -> pd.DataFrame:
    file, columns = FILES[name], COLUMNS[name]
    header = text.partition("\n")[0].rstrip("\r").split("\t")
    if missing := [column for column in columns if column not in header]:
        raise _error(path, file, f"no column {', '.join(missing)} among {', '.join(header)}")
    try:
        table = pd.read_csv(
            io.StringIO(text),
            sep="\t",
            usecols=list(columns),
            dtype={old: "str" if new in TEXTS else "int64" for old, new in columns.items()},
            quoting=csv.QUOTE_NONE,  # a name may hold a quotation mark
            keep_default_na=False,  # or be "NA"
            index_col=False,
        )
    except (ValueError, OverflowError) as error:
        raise _error(path, file, f"what should be a whole number isn't ({error})") from error
    table = table[list(columns)].rename(columns=columns)
    _check_rows(path, file, table)
    return table


def _check_rows(path: Path, file: str, table: pd.DataFrame) -> None:
    if table.empty:
        raise _error(path, file, "no rows")
    keys = [column for column in table if column in KEYS]
    repeated = table.loc[table.duplicated(keys), keys]
    if len(repeated):
        row = ", ".join(f"{key} {value}" for key, value in repeated.iloc[0].items())
        raise _error(path, file, f"{row} twice")
    if "plays" in table and (low := table["plays"].min()) < 1:
        raise _error(path, file, f"{low} plays, where each listen has 1 or more")
    if "name" in table and not table["name"].fillna("").str.strip().all():
        raise _error(path, file, "a row without a name")


def _check_references(path: Path, tables: Mapping[str, pd.DataFrame]) -> None:
    for name, column, other, its_column in KNOWN_FROM:
        strange = tables[name].loc[~tables[name][column].isin(tables[other][its_column]), column]
        if len(strange):
            problem = f"{column} {strange.iloc[0]} isn't in {FILES[other]}"
            raise _error(path, FILES[name], problem)


def _check_counts(
    path: Path, tables: Mapping[str, pd.DataFrame], counts: Mapping[str, int]
) -> None:
    found = {name: len(table) for name, table in tables.items()}
    found["users"] = tables["listens"]["user"].nunique()
    for name, count in counts.items():
        if found[name] != count:
            problem = f"{found[name]:,} {name} where {count:,} were expected"
            raise _error(path, FILES.get(name, FILES["listens"]), problem)


def _dated(taggings: pd.DataFrame) -> pd.DataFrame:
    """Taggings with the column `date` in the place of `year`, `month` and `day`."""
    parts = ["year", "month", "day"]
    dates = pd.to_datetime(taggings[parts], errors="coerce")
    dates = dates.where(taggings["year"].between(*YEARS))
    return taggings.drop(columns=parts).assign(date=dates)


def _error(path: Path, file: str, problem: str) -> CookbookError:
    return CookbookError(f"{display_path(path)}, {file}: {problem}. {DOWNLOAD_AGAIN}")
