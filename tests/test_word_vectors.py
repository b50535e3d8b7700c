"""Word vectors are read from every archive they come in, or refused with a reason."""

import gzip
import zipfile

from helpers import CookbookError
from helpers.datasets.word_vectors import MEMBER, read_word2vec
from helpers.fetch import fetch

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples.word_vectors import planted_words

TEXT = b"3 2\na 1 2\nb_c 3 4\n\xc3\xa9 5 -6.5\n"
SHAPE = (3, 2)
WORDS = [b"a", b"b_c", b"\xc3\xa9"]
VALUES = np.array([[1, 2], [3, 4], [5, -6.5]], np.float32)
BINARY = b"3 2\n" + b"".join(
    word + b" " + row.tobytes() + b"\n" for word, row in zip(WORDS, VALUES, strict=True)
)


def zipped(path, content, member=MEMBER):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, content)
    return path


def gzipped(path, content):
    path.write_bytes(gzip.compress(content))
    return path


@pytest.mark.parametrize(
    ("pack", "name", "content", "binary"),
    [
        (zipped, "vectors.zip", TEXT, False),
        (gzipped, "vectors.gz", TEXT, False),
        (gzipped, "vectors.gz", BINARY, True),
    ],
)
def test_every_format_gives_the_same_vectors(tmp_path, pack, name, content, binary):
    vectors = read_word2vec(pack(tmp_path / name, content), SHAPE, binary)
    assert vectors.index_to_key == ["a", "b_c", "é"]
    assert np.array_equal(vectors.vectors, VALUES)
    assert list(tmp_path.iterdir()) == [tmp_path / name]


@pytest.mark.parametrize("content", [BINARY[:-6], b"", b"three 2\n", b"3\n", b"3 2 1\n", b"9 2\n"])
@pytest.mark.parametrize("binary", [True, False])
def test_damaged_content_is_refused(tmp_path, content, binary):
    path = gzipped(tmp_path / "vectors.gz", content)
    with pytest.raises(CookbookError, match="vectors.gz: not readable as word2vec.*Delete"):
        read_word2vec(path, SHAPE, binary)


def test_a_truncated_archive_is_refused(tmp_path):
    for path in (gzipped(tmp_path / "v.gz", TEXT), zipped(tmp_path / "v.zip", TEXT)):
        path.write_bytes(path.read_bytes()[:-15])
        with pytest.raises(CookbookError, match="not readable as word2vec"):
            read_word2vec(path, SHAPE)


def test_a_zip_without_the_member_is_refused(tmp_path):
    path = zipped(tmp_path / "v.zip", TEXT, member="../pruned.word2vec.txt")
    with pytest.raises(CookbookError, match="v.zip: not readable.*no pruned.word2vec.txt in it"):
        read_word2vec(path, SHAPE)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("folder", ["", "word2vec_sample/", "a\\word2vec_sample\\"])
def test_the_member_may_stand_in_any_folder(tmp_path, folder):
    path = zipped(tmp_path / "v.zip", TEXT, member=f"{folder}{MEMBER}")
    assert read_word2vec(path, SHAPE).index_to_key == ["a", "b_c", "é"]


def test_line_ends_of_windows_do_no_harm(tmp_path):
    path = gzipped(tmp_path / "v.gz", TEXT.replace(b"\n", b"\r\n"))
    assert np.array_equal(read_word2vec(path, SHAPE).vectors, VALUES)


BAD_ROWS = {
    "NaN": ("3 2\na 1 2\nb nan 4\nc 5 6\n", "row 2 of 3: a number of 'b' isn't finite"),
    "infinite": ("3 2\na 1 2\nb 3 4\nc 1e99 6\n", "row 3 of 3: a number of 'c' isn't finite"),
    "no number": ("3 2\na 1 2\nb x 4\nc 5 6\n", "row 2 of 3: could not convert .*'x'"),
    "fewer rows": ("3 2\na 1 2\nb 3 4\n", "row 3 of 3: the file ends before it"),
    "more rows": ("3 2\na 1 2\nb 3 4\nc 5 6\nd 7 8\n", "more than the 3 rows that it states"),
    "a blank": ("3 2\na 1 2\nb c 3 4\nc 5 6\n", "row 2 of 3: 3 numbers in a line where 2"),
    "no word": ("3 2\na 1 2\n 3 4\nc 5 6\n", "row 2 of 3: the word '' is empty"),
    "a tab": ("3 2\na\tb 1 2\nb 3 4\nc 5 6\n", r"row 1 of 3: the word 'a\\tb' .* control"),
    "no header": ("a 1 2\nb 3 4\nc 5 6\n", r"it begins with .*'a'.* where the shape \(3, 2\)"),
}


@pytest.mark.parametrize(("text", "message"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_named(tmp_path, text, message):
    path = gzipped(tmp_path / "v.gz", text.encode())
    with pytest.raises(CookbookError, match=f"^v.gz: not readable as word2vec .*{message}"):
        read_word2vec(path, SHAPE)


BAD_BINARY = {
    "NaN": (
        BINARY.replace(np.float32(3).tobytes(), np.float32("nan").tobytes()),
        "row 2 of 3: a n",
    ),
    "more rows": (BINARY + b"d " + bytes(8) + b"\n", "more than the 3 rows"),
    "fewer rows": (BINARY[: -len(WORDS[2]) - 10], "row 3 of 3: .*ends early"),
    "a blank": (BINARY.replace(b"b_c", b"b c"), "row 3 of 3"),
}


@pytest.mark.parametrize(("content", "message"), BAD_BINARY.values(), ids=BAD_BINARY)
def test_a_bad_row_of_a_binary_file_is_named(tmp_path, content, message):
    path = gzipped(tmp_path / "v.gz", content)
    with pytest.raises(CookbookError, match=f"^v.gz: not readable as word2vec .*{message}"):
        read_word2vec(path, SHAPE, binary=True)


@pytest.mark.parametrize("binary", [False, True])
def test_of_rows_with_the_same_word_the_first_counts_and_that_is_said(tmp_path, capsys, binary):
    content = BINARY.replace(b"\xc3\xa9 ", b"a ") if binary else TEXT.replace(b"\xc3\xa9", b"a")
    vectors = read_word2vec(gzipped(tmp_path / "v.gz", content), SHAPE, binary)
    assert vectors.index_to_key == ["a", "b_c"] and np.array_equal(vectors.vectors, VALUES[:2])
    assert capsys.readouterr().out == "v.gz: left out 1 rows whose word stands there before.\n"


@settings(
    max_examples=50,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(rows=st.lists(st.tuples(st.text(max_size=3), st.floats(width=32)), min_size=1, max_size=5))
@pytest.mark.parametrize("binary", [False, True])
def test_any_words_and_numbers_are_kept_or_refused(tmp_path, rows, binary):
    """A file is read if every row of it is good, and then it comes out as it was written."""
    shape = len(rows), 1
    lines = [b"%d 1\n" % len(rows)]
    for word, number in rows:
        written = np.float32(number).tobytes() if binary else str(np.float32(number)).encode()
        lines.append(word.encode("utf-8", "replace") + b" " + written + b"\n")
    path = gzipped(tmp_path / "v.gz", b"".join(lines))
    good = {}
    for word, number in rows:
        if word and np.isfinite(number) and min(word) > " ":
            good.setdefault(word.encode("utf-8", "replace").decode(), number)
        else:
            with pytest.raises(CookbookError):
                read_word2vec(path, shape, binary)
            return
    vectors = read_word2vec(path, shape, binary)
    assert vectors.index_to_key == list(good)
    assert vectors.vectors.ravel().tolist() == list(good.values())


def test_another_shape_is_refused(tmp_path):
    path = gzipped(tmp_path / "v.gz", TEXT.replace(b"3 2", b"999999999999 300"))
    with pytest.raises(
        CookbookError, match=r"999999999999.* where the shape \(3, 2\) was expected"
    ):
        read_word2vec(path, SHAPE)


@pytest.mark.parametrize(
    ("name", "size"),
    [("google-news-44k", 300), ("glove-wiki-gigaword-100", 100), ("word2vec-google-news-300", 300)],
)
def test_the_samples_hold_the_planted_groups(name, size):
    binary = name == "word2vec-google-news-300"
    vectors = read_word2vec(fetch(name, "sample"), (100, size), binary)
    for group in planted_words():
        found = {word for word, _ in vectors.most_similar(group[0], topn=len(group) - 1)}
        assert found == set(group[1:])
