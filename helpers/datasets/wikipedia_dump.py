"""Films out of a Wikipedia dump: MediaWiki's `pages-articles` XML, packed with bzip2.

A plain dump is a single bz2 stream, which can only be read from its start. A multistream dump is a
row of small ones, of a hundred pages each; its index tells where each begins, so that
`helpers.cluster` can share them out.
"""

import bz2
import json
import os
import re
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from helpers import DATA, CookbookError, display_path, replacing
from helpers.bars import byte_bar

import mwparserfromhell
from lxml import etree
from mwparserfromhell.nodes import Template
from mwparserfromhell.parser import ParserError
from tqdm.utils import CallbackIOWrapper

OPEN, CLOSE = b"<page>", b"</page>"  # never inside a page, where < is written &lt;
FILM = re.compile(rb"\{\{[\s_]*infobox[\s_]+film[\s_]*(?:\||\}\}|&lt;!--)", re.IGNORECASE)
PERCENTAGE = re.compile(r"(?<![\d.,])(?:100|\d\d?)%")
SCORE = re.compile(r"(?<![\d.,])(?:10|\d(?:\.\d+)?)/10\b")
PROSE = re.compile(  # the template that recent articles state a rating with
    r"\{\{\s*(?:rotten tomatoes|rt) prose\s*\|\s*(100|\d\d?)\s*\|\s*([\d.]+)\s*[|}]", re.IGNORECASE
)
PIECE = 2**16  # bytes read, and at most 16 times as many unpacked, at a time
MAX_PAGE = 2**25  # bytes of XML; Wikipedia allows 2 MiB of text
OUT = DATA / "wp_movies.ndjson"  # where `helpers.datasets.films` looks for what was extracted


@dataclass
class Extraction:
    """How many `pages` of a dump were read, how many `films` are among them, and what is wrong
    with the `unreadable` pages."""

    pages: int = 0
    films: int = 0
    unreadable: list[str] = field(default_factory=list)


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
    """Raise `CookbookError` unless there is a `dump`, and nothing yet at `out`."""
    if not dump.is_file():
        raise CookbookError(f"{display_path(dump)}: no such file.")
    if out.exists():
        raise CookbookError(
            f"{display_path(out)} is there already. Delete it, or choose another file."
        )


# From a page to a film


def parse_film(page: bytes) -> list | None:
    """The film that the XML of a page describes: its title, a dict of the properties in its
    infobox, a list of the titles that it links to, and its Rotten Tomatoes percentage ("95%") and
    score ("8.2/10"), each None if unknown.

    None for a redirect, and for what isn't an article. Raises `ValueError`, or what the parsers
    do, if the page can't be read.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(page, parser)
    if root.findtext("ns", "0") != "0" or root.find("redirect") is not None:
        return None
    title, text = root.findtext("title"), root.findtext("revision/text")
    if not title:
        raise ValueError("a page without a title")
    article = mwparserfromhell.parse(text)
    box = next(filter(_is_film_box, article.ifilter_templates()), None)
    if box is None:
        raise ValueError(f"{title}: its infobox is never closed")
    values = {plain(param.name): plain(param.value) for param in box.params}
    properties = {name: value for name, value in values.items() if value}
    links = [plain(link.title) for link in article.ifilter_wikilinks()]
    return [title, properties, links, *find_rating(text)]


def find_rating(text: str) -> tuple[str | None, str | None]:
    """Rotten Tomatoes percentage and score that an article states: ("95%", "8.2/10").

    It is looked for in the template for it, then in paragraphs that name the site and hold one
    percentage only, since with several it isn't clear which one is meant.
    """
    if prose := PROSE.search(text):
        return f"{prose[1]}%", f"{prose[2]}/10"
    for paragraph in text.split("\n\n"):
        percentages = set(PERCENTAGE.findall(paragraph))
        if len(percentages) == 1 and "rotten tomatoes" in paragraph.lower():
            score = SCORE.search(paragraph)
            return percentages.pop(), score[0] if score else None
    return None, None


def plain(code: mwparserfromhell.wikicode.Wikicode) -> str:
    """The text of wikicode without its markup."""
    return code.strip_code().strip()


def _is_film_box(template: Template) -> bool:
    return plain(template.name).replace("_", " ").lower().split() == ["infobox", "film"]


def films_among(pages: Iterable[bytes], found: Extraction) -> Iterator[str]:
    """A line of JSON for each film among `pages`. What is found is counted in `found`."""
    for page in pages:
        found.pages += 1
        if not FILM.search(page):  # cheap, and few pages pass
            continue
        try:
            film = parse_film(page)
        except (etree.XMLSyntaxError, ParserError, ValueError, RecursionError) as error:
            found.unreadable.append(str(error))
            continue
        if film is not None:
            found.films += 1
            yield json.dumps(film, ensure_ascii=False)


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
