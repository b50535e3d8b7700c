"""Packed files: which member holds what, and how much they may hold, lest a bomb goes off."""

import io
import zipfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO

ROOM = 2**24  # bytes that any packed file may hold
RATIO = 50  # ... and so many times its own size: text packs to a fifth, tables to a twentieth
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # the others can't be unpacked in small pieces
PIECE = 2**18  # bytes unpacked at a time


def most_unpacked(path: Path) -> int:
    """Bytes that the packed file at `path` may hold in all."""
    return ROOM + RATIO * path.stat().st_size


def check_size(size: int, most: int) -> None:
    """Raise `ValueError` if `size` bytes are more than `most`."""
    if size > most:
        raise ValueError(f"it unpacks to more than {most:,} bytes, which no such file does")


def check_zip(archive: zipfile.ZipFile, path: Path) -> None:
    """Raise `ValueError` unless what `archive` states of its members can be unpacked safely.

    Python's zipfile gives no more of a member than the archive states, whatever it holds.
    """
    for member in archive.infolist():
        if member.compress_type not in METHODS:
            raise ValueError(f"{member.filename} is packed in another way than deflate")
    check_size(sum(member.file_size for member in archive.infolist()), most_unpacked(path))


def find_member(names: Sequence[str], pattern: str) -> str:
    """The one of the members' `names` that is `pattern`, such as "tags.dat" or "*.csv".

    It may stand in a folder, as it does where somebody has packed the files anew. Some programs of
    Windows write "\\" for "/", and those of macOS add files whose names begin with a dot.
    Raises `ValueError` if there is none, or more than one.
    """
    if pattern in names:
        return pattern
    found = []
    for name in names:
        *folders, last = name.replace("\\", "/").split("/")
        if fnmatchcase(last, pattern) and not last.startswith(".") and ".." not in folders:
            found.append(name)
    if not found:
        raise ValueError(f"no {pattern} in it, but {', '.join(names[:12]) or 'nothing'}")
    if len(found) > 1:
        raise ValueError(f"several {pattern} in it: {', '.join(found[:12])}")
    return found[0]


def limited(stream: BinaryIO, most: int) -> io.BufferedReader:
    """`stream`, buffered. Raises `ValueError` once more than `most` bytes of it are read."""
    return io.BufferedReader(_Limited(stream, most), PIECE)


class _Limited(io.RawIOBase):
    def __init__(self, stream: BinaryIO, most: int):
        self.stream = stream
        self.most = most
        self.size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        count = self.stream.readinto(buffer)
        self.size += count
        check_size(self.size, self.most)
        return count
