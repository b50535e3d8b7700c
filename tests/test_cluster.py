"""Tables of words and artists are those of the whole data at once; bad data is refused by name."""

import os
import subprocess
import sys

from helpers import ROOT, CookbookError, cluster
from helpers.chapters.lastfm_recommender import item_similarity, similarity_of_counts, table_of
from helpers.cluster import word_cooccurrences
from helpers.datasets import listening_log
from helpers.datasets.listening_log import shared_listeners
from helpers.sampling import cooccurrences
from helpers.tokens import words_of

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import load_npz


@pytest.fixture(autouse=True)
def nobody_names_a_cluster(monkeypatch):
    monkeypatch.delenv("COOKBOOK_CLUSTER", raising=False)


@pytest.fixture
def in_small_parts(monkeypatch):
    monkeypatch.setattr(cluster, "TEXT_PER_TASK", 500)


def test_blanks_and_quotes_around_the_name_of_a_cluster_do_not_count(monkeypatch):
    monkeypatch.setenv("COOKBOOK_CLUSTER", '"one" ')
    with cluster.workers() as client:
        assert client is None


# A listening log


def listens(rows=2000, users=80, artists=40, seed=0):
    rng = np.random.default_rng(seed)
    user, artist = rng.integers(users, size=rows) * 7 - 90, rng.zipf(1.5, rows) % artists * 3
    return pd.DataFrame({"user": user, "artist": artist, "plays": rng.integers(1, 99, rows)})


def in_files(log, folder, files=3):
    """A folder of Parquet files, in which the rows of a user are scattered."""
    (folder / "more").mkdir(parents=True)
    for number, rows in enumerate(np.array_split(np.arange(len(log)), files)):
        place = folder / ("more" if number else ".") / f"{number}.parquet"
        log.iloc[rows].to_parquet(place, row_group_size=150)
    return folder


def whole(log):
    """The table (users, artists) of a log, and the artists."""
    (user, _), (artist, names) = (pd.factorize(log[key], sort=True) for key in ("user", "artist"))
    return table_of(user, artist, (user.max() + 1, len(names)), log["plays"]), names


def test_a_log_gives_the_product_of_the_whole_table(tmp_path, in_small_parts):
    log = listens()
    table, artists = shared_listeners(in_files(log, tmp_path / "log"))
    plays, names = whole(log)
    assert artists.tolist() == names.tolist()
    assert (table != plays.sign().T @ plays.sign()).nnz == 0, "counts are exact"
    assert (similarity_of_counts(table, k=5) != item_similarity(plays, k=5)).nnz == 0


@pytest.mark.parametrize("kind", ["text", "category", "int32"])
def test_names_may_be_text_or_numbers_of_any_size(tmp_path, in_small_parts, kind):
    log = listens()
    numbers, _ = shared_listeners(in_files(log, tmp_path / "numbers"))
    if kind == "int32":
        log = log.astype({"user": np.int32, "artist": np.int32})
    else:
        names = {"user": log["user"].map("ü{}".format), "artist": log["artist"].map("{:03}".format)}
        log = log.assign(**names)
    if kind == "category":
        log = log.astype({"user": "category", "artist": "category"})
    table, artists = shared_listeners(in_files(log, tmp_path / kind))
    assert (table != numbers).nnz == 0
    assert artists.tolist() == sorted(log["artist"].unique())


@pytest.mark.parametrize("rows", [1, 7, 300])
def test_one_file_and_parts_of_any_size_give_the_same(tmp_path, monkeypatch, rows):
    log = listens()
    many, _ = shared_listeners(in_files(log, tmp_path / "log"))
    log.to_parquet(tmp_path / "one.parquet")
    monkeypatch.setattr(listening_log, "ROWS", rows)
    one, _ = shared_listeners(tmp_path / "one.parquet")
    assert (one != many).nnz == 0


PEAK = """
import resource, sys
from pathlib import Path
from helpers.datasets.listening_log import shared_listeners
table, _ = shared_listeners(Path(sys.argv[1]), memory="100MB")
print(int(table.diagonal().sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def python(*arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    megabytes = {}
    for rows in (2**17, 2**22):
        folder = tmp_path / str(rows)
        folder.mkdir()
        for number in range(rows // 2**17):
            user = np.arange(2**17) // 16 + number * 2**13
            artist = np.random.default_rng(number).integers(300, size=2**17)
            table = pa.table({"user": user, "artist": artist})
            pq.write_table(table, folder / f"{number}.parquet", row_group_size=2**15)
        done = python("-c", PEAK, folder, folder=tmp_path)
        entries, megabytes[rows] = map(int, done.stdout.split())
        assert 0.9 * rows < entries <= rows
    assert megabytes[2**22] < megabytes[2**17] + 50, "of 64 MB of rows"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: log.drop(columns="user"), "log: no Parquet files with the columns user and"),
        (
            lambda log: log.assign(user="u" + log["user"].astype(str)),
            "log: no Parquet files with the columns user and artist",
        ),
        (
            lambda log: log.assign(user=log["user"].astype("Int64").mask(log.index == 700)),
            "log: a row without user or artist",
        ),
    ],
)
def test_a_log_that_cannot_be_added_up_is_refused(tmp_path, in_small_parts, change, message):
    log = listens()
    in_files(log, tmp_path / "log")
    change(log.iloc[:900]).to_parquet(tmp_path / "log" / "more" / "1.parquet")
    with pytest.raises(CookbookError, match=message):
        shared_listeners(tmp_path / "log")


def test_a_log_is_read_whatever_its_files_and_columns_are_called(tmp_path):
    folder = tmp_path / "my 'log' [1]?"
    (folder / "__MACOSX").mkdir(parents=True)
    listens().rename(columns=str.upper).to_parquet(folder / "a*.parquet")
    (folder / "__MACOSX" / "._a.parquet").write_bytes(b"\0\5\x16\7")
    for log in (folder, folder / "a*.parquet"):
        table, artists = shared_listeners(log)
        listens().to_parquet(tmp_path / "plain.parquet")
        expected, names = shared_listeners(tmp_path / "plain.parquet")
        assert (table != expected).nnz == 0 and artists.tolist() == names.tolist()


@pytest.mark.parametrize(
    ("convert", "kind"),
    [
        (lambda artist: artist.astype(float), "DOUBLE"),
        (lambda artist: artist.mask(artist.index == 3).astype(float), "DOUBLE"),
        (lambda artist: artist.astype(str).str.encode("utf-8"), "BLOB"),
        (lambda artist: pd.to_datetime(artist), "TIMESTAMP"),
        (lambda artist: artist.map(lambda one: [one]), "BIGINT"),
    ],
)
def test_artists_of_another_type_are_refused(tmp_path, convert, kind):
    log = listens()
    log.assign(artist=convert(log["artist"])).to_parquet(tmp_path / "log.parquet")
    message = f"log.parquet: the column artist is of type {kind}.*make it whole numbers or text"
    with pytest.raises(CookbookError, match=message):
        shared_listeners(tmp_path / "log.parquet")


def test_a_log_that_is_missing_empty_or_damaged_is_refused(tmp_path):
    with pytest.raises(CookbookError, match="log: no Parquet files with the columns"):
        shared_listeners(tmp_path / "log")
    (tmp_path / "log").mkdir()
    with pytest.raises(CookbookError, match="log: no Parquet files with the columns"):
        shared_listeners(tmp_path / "log")
    file = tmp_path / "log" / "0.parquet"
    listens(0).to_parquet(file)
    with pytest.raises(CookbookError, match="log: a log without a row"):
        shared_listeners(tmp_path / "log")
    listens().to_parquet(file)
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(CookbookError, match="log: no Parquet files .*0.parquet"):
        shared_listeners(tmp_path / "log")
    file.write_bytes(content[:200] + bytes(1000) + content[1200:])
    with pytest.raises(CookbookError, match="log: no Parquet files"):
        shared_listeners(tmp_path / "log")


# A folder of texts


def texts(folder, files=5):
    rng = np.random.default_rng(1)
    words = np.array(["ab", "don't", "élan", "x", "wörter", "naïve"])
    for number in range(files):
        drawn = words[rng.integers(len(words), size=50 + 200 * number)]
        gaps = np.array([" ", "\n"])[rng.integers(2, size=len(drawn))]
        place = folder / ("sub" if number % 2 else ".") / f"{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(map("".join, zip(drawn, gaps, strict=True))), encoding="utf-8")
    (folder / "notes.md").write_text("left out")
    return folder


def expected_pairs(folder, size, window, subsample):
    """What chapter 07 has for whole texts."""
    found = [words_of(path.read_text(encoding="utf-8")) for path in folder.rglob("*.txt")]
    counts = pd.Series([word for text in found for word in text]).value_counts()
    words = sorted(counts.index, key=lambda word: (-counts[word], word))[:size]
    times = counts[words].to_numpy()
    keep = np.minimum(1, np.sqrt(subsample * times.sum() / times))
    ids = [pd.Index(words).get_indexer(text) for text in found]
    return words, cooccurrences([text[text >= 0] for text in ids], window, keep)


def test_pairs_are_those_of_the_whole_texts(tmp_path, monkeypatch):
    texts(tmp_path)
    words, expected = expected_pairs(tmp_path, 5, 3, 0.1)
    table, found = word_cooccurrences(tmp_path, 5, 3, 0.1)
    assert found.tolist() == words
    assert table.toarray() == pytest.approx(expected.toarray(), rel=1e-5)

    monkeypatch.setattr(cluster, "TEXT_PER_TASK", 500)
    cut, found = word_cooccurrences(tmp_path, 5, 3, 0.1)
    assert found.tolist() == words, "none is lost"
    assert 0.95 * expected.sum() < cut.sum() < expected.sum(), "no pair across a cut"


def test_a_text_of_one_line_is_not_cut(tmp_path, in_small_parts):
    (tmp_path / "a.txt").write_text("word " * 1000)
    table, _ = word_cooccurrences(tmp_path, window=1, subsample=1)
    assert table.toarray().tolist() == [[2 * 999]]


def test_texts_that_cannot_be_read_are_refused(tmp_path, in_small_parts):
    with pytest.raises(CookbookError, match=r"none: no folder of .txt files"):
        word_cooccurrences(tmp_path / "none")
    (tmp_path / "a.txt").write_text(" ")
    (tmp_path / "b.txt").touch()
    with pytest.raises(CookbookError, match="texts without a word"):
        word_cooccurrences(tmp_path)
    (tmp_path / "a.txt").write_bytes(b"word\n" * 300 + b"\xff")
    with pytest.raises(CookbookError, match="a.txt: not UTF-8"):
        word_cooccurrences(tmp_path)


def test_copies_and_what_tools_make_count_for_nothing(tmp_path, capsys):
    expected, words = word_cooccurrences(texts(tmp_path), 5, 3, 0.1)
    (tmp_path / "copy.txt").write_bytes((tmp_path / "2.txt").read_bytes())
    (tmp_path / "._2.txt").write_bytes(b"\x00\x05\x16\x07\xff")
    table, found = word_cooccurrences(tmp_path, 5, 3, 0.1)
    assert found.tolist() == words.tolist()
    assert (table != expected).nnz == 0
    assert "copies of others (1): copy.txt" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["size", "window", "subsample"])
def test_options_that_cannot_work_are_refused(tmp_path, option):
    with pytest.raises(CookbookError, match="above 0"):
        word_cooccurrences(texts(tmp_path), **{option: 0})


# The command line


def test_the_command_line_writes_tables_and_says_what_is_wrong(tmp_path):
    log = listens()
    in_files(log, tmp_path / "log")
    texts(tmp_path / "texts")
    run = "-m helpers.cluster {} --out table.npz".format
    done = python(*run("artists log").split(), folder=tmp_path)
    table, names = load_npz(tmp_path / "table.npz"), np.load(tmp_path / "table.npz")["names"]
    assert done.stdout == f"{len(names):,} rows, {table.nnz:,} entries are in table.npz.\n"
    plays = whole(log)[0].sign()
    assert (table != plays.T @ plays).nnz == 0

    done = python(*run("words texts --words 4 --window 2").split(), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    names = np.load(tmp_path / "table.npz")["names"]
    assert names.tolist() == expected_pairs(tmp_path / "texts", 4, 2, 1e-3)[0]

    done = python(*run("words log").split(), folder=tmp_path)
    assert done.returncode == 1 and "error: log: no folder of .txt files" in done.stderr
    done = python(*run("words texts --cluster many").split(), folder=tmp_path)
    assert done.returncode == 1 and "error: Unknown cluster 'many'" in done.stderr
