"""Word vectors are read from every archive they come in, or refused with a reason."""

import gzip
import zipfile

from helpers import CookbookError
from helpers.datasets.word_vectors import MEMBER, read_word2vec
from helpers.fetch import fetch

import numpy as np
import pytest
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
    with pytest.raises(CookbookError, match="v.zip: not readable.*no item named"):
        read_word2vec(path, SHAPE)
    assert list(tmp_path.iterdir()) == [path]


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
