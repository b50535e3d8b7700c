"""Films out of a Wikipedia dump: MediaWiki's `pages-articles` XML, packed with bzip2.

A plain dump is a single bz2 stream, which can only be read from its start. A multistream dump is a
row of small ones, of a hundred pages each; its index tells where each begins, so that
`helpers.cluster` can share them out.
"""

import bz2
import json
import os
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from helpers import DATA, CookbookError, display_path, reading, replacing
from helpers.bars import byte_bar
from helpers.datasets.wikitext import FILM_BOXES, box_names, parse_film

from tqdm.utils import CallbackIOWrapper

OPEN, CLOSE = b"<page>", b"</page>"  # never inside a page, where < is written &lt;
REVISION = b"<revision>"
PIECE = 2**16  # bytes read, and at most 16 times as many unpacked, at a time
MAX_PAGE = 2**25  # bytes of XML; Wikipedia allows 2 MiB of text
OUT = DATA / "wp_movies.ndjson"  # where `helpers.datasets.films` looks for what was extracted


@dataclass
class Extraction:
    """How many `pages` of a dump were read, how many `films` are among them, what is wrong with the
    `unreadable` pages, and on how many pages each of the `boxes` stands: infoboxes with a name for
    films, of which those in `FILM_BOXES` are taken."""

    pages: int = 0
    films: int = 0
    unreadable: list[str] = field(default_factory=list)
    boxes: Counter[str] = field(default_factory=Counter)


def extract_films(dump: Path, out: Path) -> Extraction:
    """Write the films of a Wikipedia dump to `out`, one JSON list a line, as `parse_film` makes it.

    It takes one process, which reads the dump from start to end, and as much memory as a page.
    Raises `CookbookError`, naming the byte, if the dump is damaged, and if `out` is there already.
    """
    check_files(dump, out)
    found = Extraction()
    size = dump.stat().st_size
    with (
        dump.open("rb") as file,
        byte_bar(dump.name, size) as bar,
        replacing(out) as part,
        part.open("w", encoding="utf-8") as lines,
    ):
        watched = CallbackIOWrapper(bar.update, file, "read")
        for film in films_among(read_pages(watched, size), found):
            lines.write(f"{film}\n")
        if not found.pages:
            raise CookbookError(f"{display_path(dump)}: a dump without a page.")
    return found


def check_files(dump: Path, out: Path) -> None:
    """Raise `CookbookError` unless `dump` can be opened, and there is nothing yet at `out`."""
    with reading(dump, "a dump"):
        dump.open("rb").close()
    if out.exists():
        raise CookbookError(
            f"{display_path(out)} is there already. Delete it, or choose another file."
        )


def films_among(pages: Iterable[bytes], found: Extraction) -> Iterator[str]:
    """A line of JSON for each film among `pages`. What is found is counted in `found`."""
    for page in pages:
        found.pages += 1
        boxes = box_names(page)  # cheap, and few pages pass
        found.boxes.update(boxes)
        if FILM_BOXES.isdisjoint(boxes):
            continue
        try:
            film = parse_film(page)
            line = json.dumps(film, ensure_ascii=False)
            line.encode()  # half a character would stop what writes it
        except Exception as error:  # parsers raise many types; one page never costs the others
            found.unreadable.append(str(error))
            continue
        if film is not None:
            found.films += 1
            yield line


# From a dump to its pages


def read_pages(file: BinaryIO, end: int) -> Iterator[bytes]:
    """XML of each page that lies packed between where `file` stands and its byte `end`.

    Raises `CookbookError` if the dump is damaged or ends early.
    """
    try:
        rest = yield from split_pages(_unpack(file, end))
    except ValueError as error:
        raise _fault(file, str(error)) from error
    if OPEN in rest:
        raise _fault(file, "the dump ends within a page")
    if end >= os.fstat(file.fileno()).st_size and b"</mediawiki>" not in rest:
        raise _fault(file, "the dump ends without </mediawiki>, so pages are missing")


def split_pages(pieces: Iterable[bytes]) -> Generator[bytes, None, bytes]:
    """The pages in the XML that comes in `pieces`; returns what is behind the last one.

    They are cut out of the bytes, so that no more than one is held in memory and most never reach
    an XML parser. Raises `ValueError` for a page of more than `MAX_PAGE` bytes.
    """
    rest = b""
    for piece in pieces:
        *pages, rest = (rest + piece).split(CLOSE)
        for page in pages:
            yield page[page.find(OPEN) :] + CLOSE
        if len(rest) > MAX_PAGE:  # with its whole history? Then its last revision will do
            rest = rest[: rest.find(REVISION)] + rest[rest.rfind(REVISION) :]
        if len(rest) > MAX_PAGE:
            raise ValueError(f"a page of more than {MAX_PAGE:,} bytes")
    return rest


def _unpack(file: BinaryIO, end: int) -> Iterator[bytes]:
    """What the bz2 streams from here to the byte `end` hold, in pieces of limited size."""
    stream = bz2.BZ2Decompressor()
    packed = b""
    inside = False  # a stream that has begun and not ended
    while True:
        if stream.needs_input and not packed:
            packed = file.read(min(PIECE, max(0, end - file.tell())))
            if not packed:
                break
        try:
            yield stream.decompress(packed, 16 * PIECE)
        except OSError as error:
            raise _fault(file, f"not, or no longer, bz2 ({error})") from error
        packed = b""
        inside = not stream.eof
        if stream.eof:
            packed = stream.unused_data
            stream = bz2.BZ2Decompressor()
    if inside:
        raise _fault(file, "it ends within a bz2 stream")


def _fault(file: BinaryIO, problem: str) -> CookbookError:
    return CookbookError(f"{display_path(file.name)}, at or before byte {file.tell():,}: {problem}")


def read_stream(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    """XML of each page in the bytes `start` to `end` of a multistream dump.

    Raises `CookbookError` if the dump is damaged there, or no stream begins at `start`.
    """
    file.seek(start)
    magic = file.read(3)
    file.seek(start)
    if magic != b"BZh":
        cause = "the dump is cut short, or the index is not its own"
        raise _fault(file, f"no bz2 stream begins here: {cause}")
    yield from read_pages(file, end)


def read_index(index: Path) -> list[int]:
    """Bytes at which the streams of a multistream dump begin, in order, the first at 0.

    Raises `CookbookError`, naming file and line, if it isn't an index.
    """
    offsets = {0}
    lines = 0
    try:
        with bz2.open(index) as file:
            while line := file.readline(PIECE):
                offset, _page_id, _title = line.split(b":", 2)
                if not 0 <= int(offset) < 2**63:  # a file can't be longer
                    raise ValueError(f"no byte {int(offset)} in any file")
                offsets.add(int(offset))
                lines += 1
    except (OSError, EOFError, ValueError) as error:
        raise CookbookError(
            f"{display_path(index)}, after line {lines:,}: not the index of a multistream "
            f"dump ({error}). Its lines read offset:page id:title."
        ) from error
    if not lines:
        raise CookbookError(f"{display_path(index)}: an index without a line.")
    return sorted(offsets)
