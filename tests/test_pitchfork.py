"""Reading Pitchfork's SQLite file, good and bad."""

import contextlib
import hashlib
import sqlite3

from helpers import CookbookError
from helpers.datasets.pitchfork import connect, read_pitchfork
from helpers.fetch import fetch

import pandas as pd
import pytest

REVIEWS = pd.DataFrame(
    {
        "reviewid": [1, 2, 2, 3, 4],
        "title": "album",
        "artist": ["can", "coil", "coil", "", None],
        "score": [8, 0.5, 0.5, 10, 0],
        "author": ["ann", None, None, "ann", "ann"],
    }
)
GENRES = pd.DataFrame({"reviewid": [1, 1, 1, 2], "genre": ["rock", "jazz", "rock", None]})
LABELS = pd.DataFrame({"reviewid": [1, 2, 2, 2], "label": ["spoon", "wax", "wax", None]})
GOOD = {"reviews": REVIEWS, "genres": GENRES, "labels": LABELS}


def database(folder, **tables: pd.DataFrame):
    path = folder / "reviews? #1.sqlite"
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        for name, table in tables.items():
            table.to_sql(name, connection, index=False)
    return path


def test_a_good_file_without_repeats_and_nameless_artists(tmp_path):
    path = database(tmp_path, **GOOD)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    tables = read_pitchfork(path, rows=5)
    expected = REVIEWS.iloc[:2].rename(columns={"author": "reviewer"}).drop(columns="title")
    pd.testing.assert_frame_equal(tables["reviews"], expected)
    assert sorted(tables["genres"].itertuples(index=False, name=None)) == [(1, "jazz"), (1, "rock")]
    assert sorted(tables["labels"].itertuples(index=False, name=None)) == [(1, "spoon"), (2, "wax")]
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_file_is_opened_for_reading_only(tmp_path):
    with (
        contextlib.closing(connect(database(tmp_path, **GOOD))) as connection,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        connection.execute("DELETE FROM reviews")


def test_scores_kept_as_text_are_numbers(tmp_path):
    text = REVIEWS.assign(score=["8", "0.5", "0.5", "10", "0"])
    scores = read_pitchfork(database(tmp_path, **GOOD | {"reviews": text}))["reviews"]["score"]
    assert scores.tolist() == [8, 0.5]


BAD_TABLES = {
    "no reviews": ({"reviews": None}, "no such table: reviews"),
    "no genre": ({"genres": GENRES.drop(columns="genre")}, "no such column: genre"),
    "too high": ({"reviews": REVIEWS.assign(score=[8, 1, 1, 10.1, 0])}, "a score that isn't"),
    "negative": ({"reviews": REVIEWS.assign(score=-0.1)}, "a score that isn't"),
    "text": ({"reviews": REVIEWS.assign(score=["8", "1", "1", "good", "0"])}, "'good'"),
    "null": ({"reviews": REVIEWS.assign(score=[8, 1, 1, None, 0])}, "a score that isn't"),
}


def test_another_edition_of_the_data_is_named_without_sql(tmp_path):
    """The tables of the data set's successor on Kaggle, from 2021 on."""
    tables = {
        "reviews": pd.DataFrame({"review_url": ["/1"], "pub_date": ["2021-01-01"], "body": ["a"]}),
        "artists": pd.DataFrame({"artist_id": [1], "name": ["can"]}),
        "genre_review_map": pd.DataFrame({"review_url": ["/1"], "genre": ["Rock"]}),
    }
    with pytest.raises(CookbookError) as caught:
        read_pitchfork(database(tmp_path, **tables))
    assert "this chapter reads the edition of 2017" in str(caught.value)
    assert "reviews (reviewid, artist, score, author)" in str(caught.value)
    assert "SELECT" not in str(caught.value)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_rows_that_another_program_still_writes_are_not_missed(tmp_path, mode):
    path = database(tmp_path, **GOOD)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute(f"PRAGMA journal_mode = {mode}")
        writer.execute("PRAGMA cache_spill = 1")
        writer.execute("BEGIN")
        writer.execute("INSERT INTO reviews SELECT * FROM reviews")
        if mode == "wal":
            writer.execute("COMMIT")
        before = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
        with pytest.raises(CookbookError, match="a part of it stands in .*-.*: close the program"):
            read_pitchfork(path)
        if mode == "delete":
            writer.execute("COMMIT")
        else:
            assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert len(pd.read_sql("SELECT * FROM reviews", connect(path))) == 10
    assert read_pitchfork(path, rows=10)["reviews"]["reviewid"].tolist() == [1, 2]


def test_an_empty_journal_does_no_harm(tmp_path):
    path = database(tmp_path, **GOOD)
    path.with_name(f"{path.name}-wal").touch()
    assert len(read_pitchfork(path)["reviews"]) == 2


@pytest.mark.parametrize("change, message", BAD_TABLES.values(), ids=BAD_TABLES)
def test_bad_tables_are_named(tmp_path, change, message):
    tables = {name: table for name, table in (GOOD | change).items() if table is not None}
    with pytest.raises(CookbookError, match=rf"^reviews\? #1.sqlite: .*{message}.*Delete"):
        read_pitchfork(database(tmp_path, **tables))


def test_another_number_of_rows_is_an_error(tmp_path):
    with pytest.raises(CookbookError, match="5 reviews where 18,393 were expected"):
        read_pitchfork(database(tmp_path, **GOOD), rows=18_393)


def test_what_is_no_sqlite_file(tmp_path):
    path = tmp_path / "page.sqlite"
    with pytest.raises(CookbookError, match="page.sqlite: .*unable to open"):
        read_pitchfork(path)
    path.write_text("<!DOCTYPE html><title>Sign in</title>" * 100)
    with pytest.raises(CookbookError, match="page.sqlite: not readable .*file is not a database"):
        read_pitchfork(path)
    path.write_bytes(b"")
    with pytest.raises(CookbookError, match="no such table: reviews"):
        read_pitchfork(path)


def test_a_file_cut_anywhere_is_an_error(tmp_path):
    path = tmp_path / "pitchfork.sqlite"
    whole, page = fetch("pitchfork", "sample").read_bytes(), 4096
    assert len(whole) % page == 0
    for length in [50, *range(page, len(whole), page), len(whole) // 2 + 7, len(whole) - 1]:
        path.write_bytes(whole[:length])
        with pytest.raises(CookbookError, match="pitchfork.sqlite"):
            read_pitchfork(path)
