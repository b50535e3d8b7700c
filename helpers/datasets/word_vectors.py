"""Word vectors in word2vec's own file formats, text or binary, packed with gzip or zip."""

import gzip
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import PIECE, UNPACKING_ERRORS, check_zip, limited, most_unpacked

import numpy as np
from gensim.models import KeyedVectors

MEMBER = "word2vec_sample/pruned.word2vec.txt"  # the vectors in the zip archive of NLTK
LONGEST_WORD = 2**12  # bytes
LONGEST_NUMBER = 2**6  # bytes, with the space before it


def read_word2vec(
    path: Path, binary: bool = False, shape: tuple[int, int] | None = None
) -> KeyedVectors:
    """The vectors in `path`: a .gz, or a .zip with the member `MEMBER`.

    `shape`, if given, is the number of words and the size of a vector that the file must state.
    Of lines with the same word the first counts. Raises `CookbookError` if the file can't be read,
    ends early, or states another shape, or one that a file of its size can't hold.
    """
    try:
        with _unpacked(path) as stream:
            words, size = _read_header(stream, shape, most_unpacked(path))
            read_row = _read_binary_row if binary else _read_text_row
            vectors = np.empty((words, size), np.float32)
            rows = {}
            for row in range(words):
                word, vectors[row] = read_row(stream, size)
                rows.setdefault(word, row)
            while stream.read(PIECE):  # the checksum stands at the end
                pass
    except (*UNPACKING_ERRORS, ValueError, OverflowError, MemoryError) as error:
        raise CookbookError(
            f"{display_path(path)}: not readable as word2vec vectors ({error}). {DOWNLOAD_AGAIN}"
        ) from error
    return as_keyed(rows, vectors if len(rows) == words else vectors[list(rows.values())])


def as_keyed(words: Iterable[str], vectors: np.ndarray) -> KeyedVectors:
    """`KeyedVectors` around `vectors` (n, d) as they are; gensim's own way makes a copy."""
    keyed = KeyedVectors(vectors.shape[1], dtype=vectors.dtype)
    keyed.index_to_key = list(words)
    keyed.key_to_index = {word: row for row, word in enumerate(keyed.index_to_key)}
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


def _read_header(stream: BinaryIO, shape: tuple[int, int] | None, most: int) -> tuple[int, int]:
    """The number of words and their size that the first line states, checked before room is made
    for them: at most `most` bytes can follow."""
    line = stream.readline(100)
    words, size = map(int, line.split())
    if shape not in (None, (words, size)):
        expected = f"{shape[0]:,} of size {shape[1]} were expected"
        raise ValueError(f"{words:,} words of size {size} where {expected}")
    least = 2 * words * size  # bytes: a number takes a digit and a space
    if words < 1 or size < 1 or least > most:
        raise ValueError(f"a file of its size can't hold {words:,} words of size {size:,}")
    return words, size


def _read_text_row(stream: BinaryIO, size: int) -> tuple[str, np.ndarray]:
    line = stream.readline(LONGEST_WORD + LONGEST_NUMBER * size)
    word, *numbers = line.decode("utf-8").rstrip().split(" ")
    if len(numbers) != size:
        raise ValueError(f"{len(numbers):,} numbers in a line where {size:,} were expected")
    return word, np.array(numbers, np.float32)


def _read_binary_row(stream: BinaryIO, size: int) -> tuple[str, np.ndarray]:
    word = bytearray()
    while (letter := stream.read(1)) != b" ":
        if not letter or len(word) == LONGEST_WORD:
            raise ValueError("a word without end, or the file ends early")
        word += letter
    numbers = np.frombuffer(stream.read(4 * size), "<f4")
    if len(numbers) != size:
        raise ValueError("the file ends within a vector")
    return word.lstrip(b"\n").decode("utf-8"), numbers
