"""Packing files so that the same content gives the same bytes, and unpacking them."""

import bz2
import contextlib
import gzip
import io
import sqlite3
import zipfile
from pathlib import Path

from py7zr import SevenZipFile
from py7zr.helpers import ArchiveTimestamp
from py7zr.io import BytesIOFactory


def gzipped(content: bytes) -> bytes:
    """A gzip file, which doesn't hold when it was written."""
    return gzip.compress(content, mtime=0)


def zipped(members: dict[str, bytes]) -> bytes:
    """A zip archive of files by name, which doesn't hold when it was written."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return stream.getvalue()


def seven_zipped(members: dict[str, str]) -> bytes:
    """A 7z archive of text files by name, which doesn't hold when it was written."""
    stream = io.BytesIO()
    with SevenZipFile(stream, "w") as archive:
        for name, text in members.items():
            archive.writestr(text, name)
        for member in archive.files.files_list:
            member["lastwritetime"] = ArchiveTimestamp(0)
    return stream.getvalue()


def unpacked(name: str, content: bytes) -> object:
    """What the file `name` holds, however it was packed; any other file's content as it is.

    That is the content of a gzip or bz2 file, the members of an archive by name, or the statements
    of SQL that make a database.
    """
    unpack = UNPACK.get(Path(name).suffix)
    return unpack(content) if unpack else content


def _members_of_zip(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _members_of_7z(content: bytes) -> dict[str, bytes]:
    members = BytesIOFactory(limit=10**8)
    with SevenZipFile(io.BytesIO(content)) as archive:
        archive.extract(factory=members)
        return {name: members.get(name).read() for name in archive.getnames()}


def _statements(content: bytes) -> list[str]:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        return list(database.iterdump())


UNPACK = {
    ".gz": gzip.decompress,
    ".bz2": bz2.decompress,
    ".zip": _members_of_zip,
    ".7z": _members_of_7z,
    ".sqlite": _statements,
}
