"""Listening on Last.fm, HetRec 2011: artists, tags, listens, friends and taggings, in a zip."""

import csv
import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from helpers import reading
from helpers.archives import check_zip, find_member

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
TEXTS = {"name", "url"}  # all other columns hold whole numbers
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
    """The tables in the zip at `path`, whose files may stand in a folder; none is unpacked.

    Raises `CookbookError` if it isn't a whole zip with all `FILES` and `COLUMNS`, a number isn't
    whole, plays are missing, or the number of rows isn't the one in `counts`, such as
    `COUNTS_IN_FULL`.
    """
    with reading(path, "hetrec2011-lastfm-2k.zip"), zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
        tables = {name: _read_table(archive, name) for name in FILES}
        for name, count in (counts or {}).items():
            found = len(tables[name])
            if found != count:
                raise ValueError(f"{FILES[name]}: {found:,} rows where {count:,} were expected")
        if (tables["listens"]["plays"] < 1).any():
            raise ValueError("a listen without plays")
    parts = tables["taggings"][["year", "month", "day"]]
    dates = pd.to_datetime(parts, errors="coerce").where(parts["year"].between(*YEARS))
    tables["taggings"] = tables["taggings"].drop(columns=parts).assign(date=dates)
    return LastFM(**tables)


def _read_table(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    columns = COLUMNS[name]
    member = archive.getinfo(find_member(archive.namelist(), FILES[name]))
    with archive.open(member) as stream:
        content = stream.read(member.file_size)  # all of it, but no more than was checked
    try:
        table = pd.read_csv(
            io.StringIO(_decoded(content, name)),
            sep="\t",
            dtype={old: "str" if new in TEXTS else "int64" for old, new in columns.items()},
            quoting=csv.QUOTE_NONE,  # a name may hold a quotation mark
            na_filter=False,  # or be "NA"
        )
        if not columns.keys() <= set(table):
            raise ValueError(f"columns {list(table)} where {list(columns)} were expected")
    except ValueError as error:
        raise ValueError(f"{FILES[name]}: {error}") from error
    return table[list(columns)].rename(columns=columns)


def _decoded(content: bytes, name: str) -> str:
    """The text of a file: UTF-8, or of the published tags Latin-1."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        if name != "tags":
            raise
        return content.decode("latin-1")
