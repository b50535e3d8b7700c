"""How much a packed file may hold: a small one that unpacks to terabytes is refused early."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

ROOM = 2**24  # bytes that any packed file may hold
RATIO = 50  # ... and so many times its own size: text packs to a fifth, tables to a twentieth
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can't be unpacked in small pieces
PIECE = 2**18  # bytes unpacked at a time


def most_unpacked(path: Path) -> int:
    """Bytes that the packed file at `path` may hold in all."""
    return ROOM + RATIO * path.stat().st_size


def too_much(most: int) -> ValueError:
    """The error for a file that holds more than `most` bytes."""
    return ValueError(f"it unpacks to more than {most:,} bytes, which no such file does")


class Limited(io.RawIOBase):
    """A stream that raises `ValueError` once more than `most` bytes of `stream` are read."""

    def __init__(self, stream: BinaryIO, most: int):
        self.stream, self.most, self.left = stream, most, most

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self.stream.read(len(buffer))
        self.left -= len(data)
        if self.left < 0:
            raise too_much(self.most)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def limited(stream: BinaryIO, most: int) -> Iterator[BinaryIO]:
    """`stream`, buffered, of which at most `most` bytes can be read."""
    with io.BufferedReader(Limited(stream, most), PIECE) as reader:
        yield reader


def check_zip(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise `ValueError` unless what `archive` states of its members can be unpacked safely.

    Python's zipfile gives no more of a member than the archive states, whatever it holds.
    """
    members = archive.infolist()
    if strange := [member.filename for member in members if member.compress_type not in METHODS]:
        raise ValueError(f"{strange[0]} is packed in another way than deflate")
    if sum(member.file_size for member in members) > (most := most_unpacked(path)):
        raise too_much(most)


def read_member(archive: zipfile.ZipFile, name: str) -> bytes:
    """What a member of a checked archive holds, unpacked piece by piece."""
    with archive.open(name) as stream:
        return b"".join(iter(lambda: stream.read(PIECE), b""))
