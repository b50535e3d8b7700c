"""Word vectors in word2vec's own file formats, text or binary, packed with gzip or zip."""

import gzip
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from helpers import display_path, reading
from helpers.archives import check_zip, find_member, limited, most_unpacked

import numpy as np
from gensim.models import KeyedVectors

MEMBER = "pruned.word2vec.txt"  # the vectors in the zip archive of NLTK, there in a folder
LONGEST = 2**16  # bytes of a line, or of a word


def read_word2vec(path: Path, shape: tuple[int, int], binary: bool = False) -> KeyedVectors:
    """The vectors in `path`: a .gz, or a .zip with the member `MEMBER`.

    `shape` is the number of words and the size of a vector, as the file must state them. Of several
    rows with one word the first is kept; a line says how many were left out.
    Raises `CookbookError` if the file states another shape or has other rows than that, a row isn't
    a word and finite numbers, or it can't be read.
    """
    read_row = _read_binary_row if binary else _read_text_row
    places: dict[str, int] = {}
    vectors = np.empty(shape, np.float32)
    with reading(path, "word2vec vectors"), _unpacked(path) as stream:
        stated = stream.readline(100).split()
        if stated != [b"%d" % number for number in shape]:
            raise ValueError(f"it begins with {stated} where the shape {shape} was expected")
        for row in range(len(vectors)):
            try:
                word, vectors[row] = read_row(stream, shape[1])
                _check_row(word, vectors[row])
            except ValueError as error:
                raise ValueError(f"row {row + 1:,} of {len(vectors):,}: {error}") from error
            places.setdefault(word, row)
        if stream.read(LONGEST).strip():
            raise ValueError(f"more than the {len(vectors):,} rows that it states")
    if len(places) < len(vectors):
        repeated = len(vectors) - len(places)
        print(f"{display_path(path)}: left out {repeated:,} rows whose word stands there before.")
        vectors = vectors[list(places.values())]
    return as_keyed(list(places), vectors)


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
            with archive.open(find_member(archive.namelist(), MEMBER)) as stream:
                yield stream
    else:
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            yield stream


def _check_row(word: str, vector: np.ndarray) -> None:
    if not re.fullmatch(r"[^\x00-\x20]+", word):
        raise ValueError(f"the word {word[:40]!r} is empty or holds a blank or a control character")
    if not np.isfinite(vector).all():
        raise ValueError(f"a number of {word!r} isn't finite")


def _read_text_row(stream: BinaryIO, size: int) -> tuple[str, np.ndarray]:
    line = stream.readline(LONGEST)
    if not line:
        raise ValueError("the file ends before it")
    word, *numbers = line.decode("utf-8").rstrip().split(" ")
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
