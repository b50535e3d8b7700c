"""The tables of Last.fm come out of their zip exactly, or not at all."""

import os
import zipfile
from pathlib import Path

from helpers import ROOT, CookbookError
from helpers.datasets import lastfm
from helpers.datasets.lastfm import COLUMNS, COUNTS_IN_FULL, FILES, read_lastfm
from helpers.fetch import fetch

import pandas as pd
import pytest
from samples.packing import zipped

GOOD = {
    "artists.dat": [
        "id\tname\turl\tpictureURL",
        "7\tCoil\thttp://www.last.fm/music/Coil\thttp://example.org/7.jpg",
        "3\tСплин\thttp://www.last.fm/music/3\t",
    ],
    "tags.dat": ["tagID\ttagValue", "1\tmetal", "4\tdie Ärzte", "9\t80s"],
    "user_artists.dat": ["userID\tartistID\tweight", "2\t3\t40", "2\t7\t9", "5\t7\t1"],
    "user_friends.dat": ["userID\tfriendID", "2\t5", "5\t2"],
    "user_taggedartists.dat": [
        "userID\tartistID\ttagID\tday\tmonth\tyear",
        "2\t3\t4\t1\t4\t2009",
        "2\t3\t9\t29\t2\t2008",
        "5\t8\t1\t1\t12\t2010",
    ],
}


def encoded(file: str, rows: list[str]) -> bytes:
    """The rows as the published file writes them."""
    end = "\n" if file == "artists.dat" else "\r\n"
    text = "".join(row + end for row in rows)
    return text.encode("latin-1" if file == "tags.dat" else "utf-8")


def write(folder: Path, changes: dict[str, list[str]] | None = None) -> Path:
    """A good zip with other rows in some files."""
    path = folder / "lastfm.zip"
    members = {file: encoded(file, rows) for file, rows in (GOOD | (changes or {})).items()}
    path.write_bytes(zipped(members))
    return path


def with_row(file: str, row: str) -> dict[str, list[str]]:
    return {file: [*GOOD[file], row]}


# Good files


def test_every_table_comes_with_its_columns_and_types(tmp_path):
    tables = read_lastfm(write(tmp_path))
    artists, tags, listens, friends, taggings = tables
    assert tables._fields == tuple(FILES)
    assert artists.to_dict("list") == {
        "artist": [7, 3],
        "name": ["Coil", "Сплин"],
        "url": ["http://www.last.fm/music/Coil", "http://www.last.fm/music/3"],
    }
    assert tags.to_dict("list") == {"tag": [1, 4, 9], "name": ["metal", "die Ärzte", "80s"]}
    assert listens.to_dict("list") == {"user": [2, 2, 5], "artist": [3, 7, 7], "plays": [40, 9, 1]}
    assert friends.to_dict("list") == {"user": [2, 5], "friend": [5, 2]}
    assert taggings.drop(columns="date").to_dict("list") == {
        **{"user": [2, 2, 5], "artist": [3, 3, 8], "tag": [4, 9, 1]},
    }
    dates = pd.to_datetime(["2009-04-01", "2008-02-29", "2010-12-01"])
    assert taggings["date"].tolist() == dates.tolist()


def test_columns_stand_in_any_order(tmp_path):
    listens = ["weight\tnew\tartistID\tuserID", "40\t?\t3\t2", "9\t\t7\t2", "1\t!\t7\t5"]
    expected = read_lastfm(write(tmp_path)).listens
    found = read_lastfm(write(tmp_path, {"user_artists.dat": listens})).listens
    pd.testing.assert_frame_equal(expected, found)


@pytest.mark.parametrize("name", ["NA", "None", "311", '"Weird Al" Yankovic', 'The "K', "倖田來未"])
def test_a_name_is_kept_as_it_is(tmp_path, name):
    rows = with_row("artists.dat", f"9\t{name}\thttp://www.last.fm/music/9\t")
    assert read_lastfm(write(tmp_path, rows)).artists["name"].tolist()[2] == name


@pytest.mark.parametrize(
    ("day", "month", "year", "date"),
    [
        (1, 1, 2002, "2002-01-01"),
        (31, 12, 2011, "2011-12-31"),
        (31, 12, 2001, None),
        (1, 1, 2012, None),
        (29, 2, 2009, None),
        (1, 101, 2008, None),
        (10**17, 1, 10**17, None),
    ],
)
def test_a_strange_date_is_missing_and_its_tagging_kept(tmp_path, day, month, year, date):
    row = with_row("user_taggedartists.dat", f"5\t7\t9\t{day}\t{month}\t{year}")
    taggings = read_lastfm(write(tmp_path, row)).taggings
    assert taggings.iloc[3][["user", "artist", "tag"]].tolist() == [5, 7, 9]
    assert taggings["date"][:3].notna().all()
    assert taggings["date"][3] == pd.Timestamp(date) if date else pd.isna(taggings["date"][3])


FOLDERS = ["hetrec2011-lastfm-2k/", "a/b/", "hetrec2011-lastfm-2k\\", "./"]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_zip_packed_anew_with_its_folder_is_read(tmp_path, folder):
    expected = read_lastfm(write(tmp_path))
    members = {f"{folder}{file}": encoded(file, rows) for file, rows in GOOD.items()}
    junk = {f"__MACOSX/{folder}._{file}": b"\0\5\x16\7" for file in GOOD}
    others = {folder: b"", f"{folder}.DS_Store": b"\0", "../tags.dat": b"junk"}
    path = tmp_path / "lastfm.zip"
    path.write_bytes(zipped(others | members | junk))
    for table, found in zip(expected, read_lastfm(path), strict=True):
        pd.testing.assert_frame_equal(table, found)


def test_a_file_that_is_there_twice_is_refused(tmp_path):
    members = {file: encoded(file, rows) for file, rows in GOOD.items()}
    tags = {"a/tags.dat": members.pop("tags.dat"), "b/tags.dat": b"tagID\ttagValue\n"}
    (tmp_path / "lastfm.zip").write_bytes(zipped(members | tags))
    assert_refused(tmp_path / "lastfm.zip", "several tags.dat in it: a/tags.dat, b/tags.dat")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_files_that_an_editor_saved_as_utf_8_keep_their_letters(tmp_path, encoding):
    members = {file: "\r\n".join(rows).encode(encoding) for file, rows in GOOD.items()}
    (tmp_path / "lastfm.zip").write_bytes(zipped(members))
    tables = read_lastfm(tmp_path / "lastfm.zip")
    for table, found in zip(read_lastfm(write(tmp_path)), tables, strict=True):
        pd.testing.assert_frame_equal(table, found)


# Bad files


def assert_refused(path: Path, message: str) -> None:
    reason = f"^lastfm.zip: not readable as hetrec2011-lastfm-2k.zip .*{message}.*Delete the file"
    with pytest.raises(CookbookError, match=reason):
        read_lastfm(path)


BAD_ROWS = {
    "no plays": ("user_artists.dat", "5\t3\t0", "a listen without plays"),
    "row cut short": ("user_artists.dat", "5\t3", "user_artists.dat: "),
    "row too long": ("tags.dat", "5\trock\troll", "tags.dat: .* 2 fields in line 5, saw 3"),
    "half a play": ("user_artists.dat", "5\t3\t1.5", "user_artists.dat: .*int64"),
    "a word": ("artists.dat", "x\tOther\t\t", "'x'"),
    "too large": ("user_artists.dat", f"5\t3\t{10**20}", ""),
}


@pytest.mark.parametrize("file, row, message", BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_refused(tmp_path, file, row, message):
    assert_refused(write(tmp_path, with_row(file, row)), message)


def test_a_missing_column_is_named(tmp_path):
    header, *rows = GOOD["user_artists.dat"]
    table = {"user_artists.dat": [header.replace("weight", "x"), *rows]}
    assert_refused(write(tmp_path, table), "user_artists.dat: columns .*'x'.* where .*'weight'")


def test_other_counts_are_an_error(tmp_path):
    path = write(tmp_path)
    counts = {"artists": 2, "tags": 3, "listens": 3, "friends": 2, "taggings": 3}
    assert counts.keys() == COUNTS_IN_FULL.keys()
    assert len(read_lastfm(path, counts).listens) == 3
    with pytest.raises(CookbookError, match="tags.dat: 3 rows where 1,234 were expected"):
        read_lastfm(path, counts | {"tags": 1234})


def test_what_is_no_zip_is_refused(tmp_path):
    path = tmp_path / "lastfm.zip"
    with pytest.raises(CookbookError, match="^lastfm.zip: no such file"):
        read_lastfm(path)
    for content in [b"", b"PK\x03\x04" * 30, b"id\tname", b"PK\x05\x06"]:
        path.write_bytes(content)
        assert_refused(path, "")


def test_a_zip_cut_anywhere_is_refused(tmp_path):
    path = write(tmp_path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 17):
        path.write_bytes(whole[:size])
        assert_refused(path, "")


def test_a_single_changed_letter_is_noticed(tmp_path):
    path = tmp_path / "lastfm.zip"
    with zipfile.ZipFile(path, "w") as archive:  # packs nothing
        for file, rows in GOOD.items():
            archive.writestr(file, encoded(file, rows))
    path.write_bytes(path.read_bytes().replace(b"\tCoil\t", b"\tCoal\t"))
    assert_refused(path, "Bad CRC-32 for file 'artists.dat'")


# Against another reading


@pytest.fixture(params=["sample", pytest.param("real", marks=pytest.mark.full)])
def archive(request) -> Path:
    """The sample, and the real file where the mirror has it."""
    if request.param == "sample":
        return fetch("lastfm", "sample")
    path = ROOT / os.environ.get("COOKBOOK_MIRROR", "no mirror") / "hetrec2011-lastfm-2k.zip"
    if not path.is_file():
        pytest.skip("COOKBOOK_MIRROR isn't a folder that holds this file")
    return path


def reference_rows(path: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table by splitting lines."""
    with zipfile.ZipFile(path) as archive:
        text = archive.read(FILES[name]).decode("latin-1" if name == "tags" else "utf-8")
    header, *rows = (line.rstrip("\r").split("\t") for line in text.rstrip("\n").split("\n"))
    rows = [[cell.strip() for cell in row] for row in rows]  # a few numbers end in spaces
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_rows_are_those_that_splitting_lines_finds(archive):
    for name, table in read_lastfm(archive)._asdict().items():
        rows = reference_rows(archive, name)
        for old, new in COLUMNS[name].items():
            if new in table:
                assert table[new].astype(str).tolist() == [row[old] for row in rows], (name, old)
    dates = [f"{int(row['year'])}-{int(row['month']):02}-{int(row['day']):02}" for row in rows]
    first, last = lastfm.YEARS
    known = [date if first <= int(date[:4]) <= last else "" for date in dates]
    assert table["date"].dt.strftime("%Y-%m-%d").fillna("").tolist() == known


@pytest.mark.parametrize("archive", [pytest.param("real", marks=pytest.mark.full)], indirect=True)
def test_the_real_file_is_as_its_readme_and_our_docstrings_say(archive):
    artists, tags, listens, friends, taggings = read_lastfm(archive, COUNTS_IN_FULL)
    assert artists["name"].is_unique and tags["name"].is_unique
    assert listens["user"].value_counts().max() == 50 and listens["plays"].max() == 352_698
    assert set(listens["artist"]) == set(artists["artist"]) and listens["user"].nunique() == 1_892
    pairs = set(friends.itertuples(index=False, name=None))
    assert all((friend, user) in pairs and user != friend for user, friend in pairs)
    unknown = taggings.loc[~taggings["artist"].isin(artists["artist"]), "artist"]
    assert (len(unknown), unknown.nunique()) == (1_538, 390)
    assert taggings["date"].isna().sum() == 5 and taggings["date"].min().year == 2005
