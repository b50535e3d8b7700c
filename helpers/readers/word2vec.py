"""Word vectors in word2vec's own file formats, text or binary, packed with gzip or zip."""

import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from helpers import CookbookError, display_path

from gensim.models import KeyedVectors
from gensim.utils import open as open_packed

MEMBER = "word2vec_sample/pruned.word2vec.txt"  # the vectors in the zip archive of NLTK
READING_ERRORS = (OSError, EOFError, ValueError, KeyError, IndexError, zlib.error)


def read_word2vec(
    path: Path, binary: bool = False, shape: tuple[int, int] | None = None
) -> KeyedVectors:
    """The vectors in `path`: a .gz, or a .zip with the member `MEMBER`.

    `shape`, if given, is the number of words and the size of a vector that the file must state.
    Raises `CookbookError` if it can't be read, ends early or states another shape.
    """
    try:
        with _unzipped(path) as file:
            _check_header(path, file, shape)
            return KeyedVectors.load_word2vec_format(file, binary=binary)
    except (*READING_ERRORS, zipfile.BadZipFile) as error:
        raise CookbookError(
            f"{display_path(path)}: not readable as word2vec vectors ({error}). "
            "Delete the file and run this again to get a new one."
        ) from error


@contextmanager
def _unzipped(path: Path) -> Iterator[str]:
    """Path of a file that gensim can open: it knows gzip, but not zip."""
    if path.suffix != ".zip":
        yield str(path)
        return
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        yield archive.extract(MEMBER, folder)


def _check_header(path: Path, file: str, shape: tuple[int, int] | None) -> None:
    """The first line states the shape; gensim makes room for all of it before it reads on."""
    with open_packed(file, "rb") as stream:
        words, size = map(int, stream.readline(100).split())
    if shape is not None and (words, size) != shape:
        raise CookbookError(
            f"{display_path(path)}: {words:,} words of size {size} "
            f"where {shape[0]:,} of size {shape[1]} were expected."
        )
