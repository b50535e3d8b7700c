"""Sums over partitions are what the whole data gives at once, and bad data is refused by name."""

import os
import subprocess
import sys

from helpers import ROOT, CookbookError, sums
from helpers.chapters.lastfm_recommender import (
    item_similarity,
    log_counts,
    similarity_of_counts,
    table_of,
)
from helpers.chapters.word2vec_from_scratch import cooccurrences
from helpers.sums import (
    chances_to_stay,
    count_pairs,
    count_words,
    gram,
    load_table,
    save_table,
    split_words,
)

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.sparse import csr_array


@pytest.fixture(autouse=True)
def nobody_names_a_cluster(monkeypatch):
    monkeypatch.delenv("COOKBOOK_CLUSTER", raising=False)


@pytest.fixture
def in_small_parts(monkeypatch):
    monkeypatch.setattr(sums, "ROWS", 300)
    monkeypatch.setattr(sums, "USERS_OF", 100)
    monkeypatch.setattr(sums, "TEXT", 500)


# A listening log


def listens(rows=2000, users=80, artists=40, seed=0):
    rng = np.random.default_rng(seed)
    user, artist = rng.integers(users, size=rows) * 7 - 90, rng.zipf(1.5, rows) % artists * 3
    return pd.DataFrame({"user": user, "artist": artist, "plays": rng.integers(1, 99, rows)})


def in_files(log, folder, files=3, **options):
    """A folder of Parquet files, in which the rows of a user are scattered."""
    (folder / "more").mkdir(parents=True)
    for number, rows in enumerate(np.array_split(np.arange(len(log)), files)):
        place = folder / ("more" if number else ".") / f"{number}.parquet"
        log.iloc[rows].to_parquet(place, **{"row_group_size": 150} | options)
    return folder


def whole(log):
    """The table (users, artists) of a log, and the artists."""
    (user, _), (artist, names) = (pd.factorize(log[key], sort=True) for key in ("user", "artist"))
    return table_of(user, artist, (user.max() + 1, len(names)), log["plays"]), names


def test_a_log_gives_the_product_of_the_whole_table(tmp_path, in_small_parts):
    log = listens()
    table, artists = gram(in_files(log, tmp_path / "log"), scratch=tmp_path / "scratch")
    plays, names = whole(log)
    assert artists.tolist() == names.tolist()
    assert (table != plays.sign().T @ plays.sign()).nnz == 0, "counts are exact"
    weighed, _ = gram(tmp_path / "log", log_counts, tmp_path)
    logs = log_counts(plays)
    assert weighed.toarray() == pytest.approx((logs.T @ logs).toarray(), rel=1e-5)
    assert not list((tmp_path / "scratch").iterdir()), "nothing is left behind"


@pytest.mark.parametrize("kind", ["text", "category", "int32"])
def test_names_may_be_text_or_numbers_of_any_size(tmp_path, in_small_parts, kind):
    log = listens()
    numbers, _ = gram(in_files(log, tmp_path / "numbers"), scratch=tmp_path)
    if kind == "int32":
        log = log.astype({"user": np.int32, "plays": np.float32})
    else:
        names = {"user": log["user"].map("ü{}".format), "artist": log["artist"].map("{:03}".format)}
        log = log.assign(**names)
    if kind == "category":
        log = log.astype({"user": "category", "artist": "category"})
    table, artists = gram(in_files(log, tmp_path / kind), scratch=tmp_path)
    assert (table != numbers).nnz == 0
    assert artists.tolist() == sorted(log["artist"].unique())


def test_one_file_and_one_partition_give_the_same(tmp_path, in_small_parts, monkeypatch):
    log = listens()
    many, _ = gram(in_files(log, tmp_path / "log"), scratch=tmp_path)
    log.to_parquet(tmp_path / "one.parquet")
    monkeypatch.undo()
    one, _ = gram(tmp_path / "one.parquet", scratch=tmp_path)
    assert (one != many).nnz == 0


def test_models_of_chapter_06_need_only_the_product(tmp_path, in_small_parts):
    log = listens()
    table, _ = gram(in_files(log, tmp_path / "log"), scratch=tmp_path)
    plays, _ = whole(log)
    assert (similarity_of_counts(table, k=5) != item_similarity(plays, k=5)).nnz == 0

    rows, penalty = plays.sign().toarray(), 10  # EASE, as the chapter has it, from the users
    rebuilt = np.linalg.solve(rows @ rows.T + penalty * np.eye(len(rows)), rows)
    by_users = rows - rebuilt * penalty / (1 - (rows * rebuilt).sum(axis=0))
    inverse = np.linalg.inv(table.toarray() + penalty * np.eye(table.shape[0]))
    by_artists = rows @ (np.eye(table.shape[0]) - inverse / np.diag(inverse))
    assert by_artists == pytest.approx(by_users, abs=1e-4)


PEAK = """
import resource, sys
from pathlib import Path
from helpers import sums
sums.ROWS, sums.USERS_OF = 2**16, 2**14
table, _ = sums.gram(Path(sys.argv[1]), scratch=Path(sys.argv[2]))
print(int(table.diagonal().sum()), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


def python(*arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def test_memory_does_not_grow_with_the_rows(tmp_path):
    megabytes = {}
    for rows in (2**17, 2**22):
        folder = tmp_path / str(rows)
        folder.mkdir()
        for number in range(rows // 2**17):
            user = np.arange(2**17) // 16 + number * 2**13
            table = {
                "user": user,
                "artist": np.random.default_rng(number).integers(300, size=2**17),
            }
            table = pa.table(table | {"plays": np.ones(2**17)})
            pq.write_table(table, folder / f"{number}.parquet", row_group_size=2**15)
        done = python("-c", PEAK, folder, tmp_path, folder=tmp_path)
        entries, megabytes[rows] = map(int, done.stdout.split())
        assert 0.9 * rows < entries <= rows
    assert megabytes[2**22] < megabytes[2**17] + 50, "of 100 MB of rows"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda log: log.drop(columns="plays"), r"1.parquet: no column plays.*this has user, art"),
        (lambda log: log.assign(user=log["user"] + 0.5), "1.parquet: the column user holds double"),
        (lambda log: log.assign(user=log["user"].astype(str)), "columns are other than those of 0"),
        (lambda log: log.assign(plays=0), r"1.parquet: plays that aren't above zero"),
        (lambda log: log.assign(plays=np.nan), r"1.parquet: a row without plays"),
        (lambda log: log.assign(user=log["user"].astype("Int64").mask(log.index == 700)), "user"),
    ],
)
def test_a_log_that_cannot_be_added_up_is_refused(tmp_path, in_small_parts, change, message):
    log = listens()
    in_files(log, tmp_path / "log")
    change(log.iloc[:900]).to_parquet(tmp_path / "log" / "more" / "1.parquet")
    with pytest.raises(CookbookError, match=message):
        gram(tmp_path / "log", scratch=tmp_path)


def test_a_log_that_is_missing_empty_or_damaged_is_refused(tmp_path):
    with pytest.raises(CookbookError, match=r"log: no Parquet file, or folder of .parquet files"):
        gram(tmp_path / "log", scratch=tmp_path)
    (tmp_path / "log").mkdir()
    with pytest.raises(CookbookError, match="log: no Parquet file"):
        gram(tmp_path / "log", scratch=tmp_path)
    file = tmp_path / "log" / "0.parquet"
    listens(0).to_parquet(file)
    with pytest.raises(CookbookError, match="log: a log without a row"):
        gram(tmp_path / "log", scratch=tmp_path)
    listens().to_parquet(file)
    content = file.read_bytes()
    file.write_bytes(content[:-20])
    with pytest.raises(CookbookError, match="0.parquet: not a Parquet file"):
        gram(tmp_path / "log", scratch=tmp_path)
    file.write_bytes(content[:200] + bytes(1000) + content[1200:])
    with pytest.raises(CookbookError, match="0.parquet: damaged"):
        gram(tmp_path / "log", scratch=tmp_path)


# A folder of texts


def texts(folder, spaces=" \n", files=5):
    rng = np.random.default_rng(1)
    words = np.array(["ab", "don't", "élan", "x", "wörter", "naïve"])
    for number in range(files):
        drawn = words[rng.integers(len(words), size=50 + 200 * number)]
        gaps = np.array(list(spaces))[rng.integers(len(spaces), size=len(drawn))]
        place = folder / ("sub" if number % 2 else ".") / f"{number}.txt"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text("".join(map("".join, zip(drawn, gaps, strict=True))), encoding="utf-8")
    (folder / "notes.md").write_text("left out")
    return folder


def documents(folder):
    return [split_words(path.read_text(encoding="utf-8")) for path in folder.rglob("*.txt")]


@pytest.mark.parametrize("size", [2**21, 500, 40])
def test_words_are_those_of_the_whole_texts_wherever_they_are_cut(tmp_path, monkeypatch, size):
    monkeypatch.setattr(sums, "TEXT", size)
    counts = count_words(texts(tmp_path))
    expected = pd.Series([word for text in documents(tmp_path) for word in text]).value_counts()
    assert counts.to_dict() == expected.to_dict()
    assert counts.is_monotonic_decreasing


def test_pairs_are_those_of_the_whole_texts(tmp_path, in_small_parts, monkeypatch):
    texts(tmp_path)
    counts = count_words(tmp_path)
    vocabulary, keep = counts.index[:5], chances_to_stay(counts.to_numpy()[:5], 0.1)
    ids = [vocabulary.get_indexer(text) for text in documents(tmp_path)]
    expected = cooccurrences([text[text >= 0] for text in ids], 3, keep)
    cut = count_pairs(tmp_path, vocabulary, 3, keep)
    assert 0.95 * expected.sum() < cut.sum() < expected.sum(), "none across a cut"
    monkeypatch.undo()
    found = count_pairs(tmp_path, vocabulary, 3, keep)
    assert found.toarray() == pytest.approx(expected.toarray(), rel=1e-5)


def test_a_text_without_spaces_is_not_cut(tmp_path, in_small_parts):
    (tmp_path / "a.txt").write_text("a" * 5000)
    assert count_words(tmp_path).to_dict() == {"a" * 5000: 1}


def test_texts_that_cannot_be_read_are_refused(tmp_path, in_small_parts):
    with pytest.raises(CookbookError, match=r"none: no folder of .txt files"):
        count_words(tmp_path / "none")
    (tmp_path / "a.txt").write_bytes(b"word " * 300 + b"\xff")
    with pytest.raises(CookbookError, match="a.txt: byte 1,500 isn't UTF-8"):
        count_words(tmp_path)


def test_empty_texts_have_no_words(tmp_path):
    (tmp_path / "a.txt").touch()
    assert count_words(tmp_path).empty
    assert count_pairs(tmp_path, ["a", "b"], 2, np.ones(2)).nnz == 0


def test_words_are_of_any_script():
    text = "\ufeffIt’s ‘quoted’—snake_case, 3½ नमस्ते ΣΊΣΥΦΟΣ don't' 'tis"
    expected = "it's quoted snake case 3½ नमस्ते σίσυφος don't tis".split()
    assert split_words(text) == expected


def test_options_that_cannot_work_are_refused(tmp_path):
    texts(tmp_path)
    with pytest.raises(CookbookError, match="empty vocabulary"):
        count_pairs(tmp_path, [], 2, np.ones(0))
    with pytest.raises(CookbookError, match="1 place or more"):
        count_pairs(tmp_path, ["x"], 0, np.ones(1))
    for share in (0, -1, np.nan):
        with pytest.raises(CookbookError, match="share = .*above 0"):
            chances_to_stay(np.ones(3), share)


def test_more_partitions_than_users_do_no_harm(tmp_path, monkeypatch):
    monkeypatch.setattr(sums, "USERS_OF", 1)
    log = listens(100, users=3)
    log.to_parquet(tmp_path / "log.parquet")
    logs = log_counts(whole(log)[0])
    table, _ = gram(tmp_path / "log.parquet", log_counts, tmp_path)
    assert table.toarray() == pytest.approx((logs.T @ logs).toarray(), rel=1e-5)


def test_frequent_words_are_thinned_out():
    assert chances_to_stay(np.array([900, 99, 1, 0]), 0.01) == pytest.approx(
        [np.sqrt(0.01 / 0.9), np.sqrt(0.01 / 0.099), 1, 1]
    )


# Tables in files, and the command line


def test_a_table_comes_back_from_its_file(tmp_path):
    table = csr_array([[0, 1.5], [2, 0]])
    for names in (["a", "ß"], [3, 7], np.array(["a", "b"], object)):
        save_table(tmp_path / "table.npz", table, names)
        found, their_names = load_table(tmp_path / "table.npz")
        assert (found != table).nnz == 0 and their_names.tolist() == list(names)
    assert [path.name for path in tmp_path.iterdir()] == ["table.npz"]


def test_a_file_that_is_no_table_is_refused(tmp_path):
    path = tmp_path / "table.npz"
    with pytest.raises(CookbookError, match="table.npz: no such file"):
        load_table(path)
    save_table(path, csr_array(np.eye(99)), np.arange(99))
    whole = path.read_bytes()
    np.savez(tmp_path / "objects.npz", names=np.array([{}], object))
    for content in (whole[:-30], b"", b"text", (tmp_path / "objects.npz").read_bytes()):
        path.write_bytes(content)
        with pytest.raises(CookbookError, match="table.npz: no table of this module"):
            load_table(path)


def test_the_command_line_writes_tables_and_says_what_is_wrong(tmp_path):
    log = listens()
    in_files(log, tmp_path / "log")
    texts(tmp_path / "texts")
    run = "-m helpers.sums {} --out table.npz".format
    done = python(*run("artists log --scratch .").split(), folder=tmp_path)
    table, names = load_table(tmp_path / "table.npz")
    assert done.stdout == f"{len(names):,} rows, {table.nnz:,} entries are in table.npz.\n"
    plays = whole(log)[0].sign()
    assert (table != plays.T @ plays).nnz == 0

    done = python(*run("words texts --words 4 --window 2").split(), folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert load_table(tmp_path / "table.npz")[1].tolist() == list(
        count_words(tmp_path / "texts").index[:4]
    )

    done = python(*run("words log").split(), folder=tmp_path)
    assert done.returncode == 1 and "error: log: no folder of .txt files" in done.stderr
    done = python(*run("words texts --cluster many").split(), folder=tmp_path)
    assert done.returncode == 1 and "error: Unknown cluster 'many'" in done.stderr
