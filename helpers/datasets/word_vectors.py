"""Word vectors in word2vec's own file formats, text or binary, packed with gzip or zip."""

import gzip
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from helpers import reading
from helpers.archives import check_zip, limited, most_unpacked

import numpy as np
from gensim.models import KeyedVectors

MEMBER = "word2vec_sample/pruned.word2vec.txt"  # the vectors in the zip archive of NLTK
LONGEST = 2**16  # bytes of a line, or of a word


def read_word2vec(path: Path, shape: tuple[int, int], binary: bool = False) -> KeyedVectors:
    """The vectors in `path`: a .gz, or a .zip with the member `MEMBER`.

    `shape` is the number of words and the size of a vector, as the file must state them.
    Raises `CookbookError` if it states others, can't be read or ends early.
    """
    read_row = _read_binary_row if binary else _read_text_row
    words = []
    vectors = np.empty(shape, np.float32)
    with reading(path, "word2vec vectors"), _unpacked(path) as stream:
        stated = stream.readline(100).split()
        if stated != [b"%d" % number for number in shape]:
            raise ValueError(f"it begins with {stated} where the shape {shape} was expected")
        for row in range(len(vectors)):
            word, vectors[row] = read_row(stream, shape[1])
            words.append(word)
    return as_keyed(words, vectors)


def as_keyed(words: Sequence[str], vectors: np.ndarray) -> KeyedVectors:
    """`KeyedVectors` around `vectors` (n, d) as they are; gensim's own way makes a copy."""
    keyed = KeyedVectors(vectors.shape[1], dtype=vectors.dtype)
    keyed.index_to_key = list(words)
    keyed.key_to_index = {}
    for row, word in enumerate(words):
        keyed.key_to_index.setdefault(word, row)  # of lines with the same word the first counts
    keyed.vectors = vectors
    keyed.next_index = len(keyed)
    return keyed


@contextmanager
def _unpacked(path: Path) -> Iterator[BinaryIO]:
    """What the file holds, unpacked as it is read and never on the disk."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            check_zip(archive, path)
            with archive.open(MEMBER) as stream:
                yield stream
    else:
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            yield stream


def _read_text_row(stream: BinaryIO, size: int) -> tuple[str, np.ndarray]:
    word, *numbers = stream.readline(LONGEST).decode("utf-8").rstrip().split(" ")
    if len(numbers) != size:
        raise ValueError(f"{len(numbers):,} numbers in a line where {size:,} were expected")
    return word, np.array(numbers, np.float32)


def _read_binary_row(stream: BinaryIO, size: int) -> tuple[str, np.ndarray]:
    word = b""
    letter = stream.read(1)
    while letter != b" ":
        if not letter or len(word) == LONGEST:
            raise ValueError("a word without end, or the file ends early")
        word += letter
        letter = stream.read(1)
    numbers = np.frombuffer(stream.read(4 * size), "<f4", count=size)
    return word.lstrip(b"\n").decode("utf-8"), numbers
