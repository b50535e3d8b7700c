"""Films out of a Wikipedia dump: MediaWiki's `pages-articles` XML, packed with bzip2.

    python -m helpers.datasets.wikipedia_dump --newest                what there is, and its size
    python -m helpers.datasets.wikipedia_dump --newest --download     ... fetched to data/
    python -m helpers.datasets.wikipedia_dump DUMP --index INDEX      on all cores
    python -m helpers.datasets.wikipedia_dump DUMP --index INDEX --cluster tcp://10.0.0.1:8786

A multistream dump is a row of small bz2 files, its streams, of a hundred pages each. Its index
tells where each begins, so they can be read in any order, by any number of processes, here or on
a Dask cluster. A plain dump is a single stream, which can only be read from its start, by one
process.
"""

import argparse
import bz2
import contextlib
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, pairwise, takewhile
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urljoin

from helpers import DATA, CookbookError, display_path, replacing
from helpers.scale import CORES, ONE, grouped, map_over, place_of

import mwparserfromhell
import pooch
import requests
from bs4 import BeautifulSoup
from filelock import FileLock, Timeout
from lxml import etree
from mwparserfromhell.nodes import Template
from mwparserfromhell.parser import ParserError
from tqdm import tqdm

OPEN, CLOSE = b"<page>", b"</page>"  # never inside a page, where < is written &lt;
FILM = re.compile(rb"\{\{[\s_]*infobox[\s_]+film[\s_]*(?:\||\}\}|&lt;!--)", re.IGNORECASE)
PERCENTAGE = re.compile(r"(?<![\d.,])(?:100|\d\d?)%")
SCORE = re.compile(r"(?<![\d.,])(?:10|\d(?:\.\d+)?)/10\b")
PROSE = re.compile(  # the template that recent articles state a rating with
    r"\{\{\s*(?:rotten tomatoes|rt) prose\s*\|\s*(100|\d\d?)\s*\|\s*([\d.]+)\s*[|}]", re.IGNORECASE
)
PIECE = 2**16  # bytes read, and at most 16 times as many unpacked, at a time
MAX_PAGE = 2**25  # bytes of XML; Wikipedia allows 2 MiB of text
PAGES_PER_BLOCK = 100  # of a plain dump, as in a stream of the other kind
STREAMS_PER_TASK = 16  # that a worker reads at a time: about half a second of work
PARSING_SPEED = 3.5e6  # bytes of a dump a second on one core
LOADING_SPEED = 5e6  # bytes a second that a download can count on
DUMPS = "https://dumps.wikimedia.org/enwiki/"
AGENT = "embeddings-cookbook (python-requests)"
OUT = DATA / "wp_movies.ndjson"
PAUSE = 1.0  # seconds between two requests, as the site asks
TIMEOUT = (10, 60)  # seconds to connect, seconds between two pieces of a file


@dataclass(frozen=True)
class Block:
    """What was read of a piece of a dump: the number of `pages`, their `films` (a JSON line each),
    what is wrong with the `unreadable` ones, and the `fault` that ended the reading, if any."""

    pages: int
    films: list[str]
    unreadable: list[str]
    fault: str | None


@dataclass
class Extraction:
    """What has been extracted so far, in this run and those before it."""

    pages: int = 0
    films: int = 0
    unreadable: list[str] = field(default_factory=list)


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
    stream, packed, inside = bz2.BZ2Decompressor(), b"", False
    while True:
        if stream.needs_input and not packed:
            packed = file.read(min(PIECE, max(0, end - file.tell())))
            if not packed:
                break
        try:
            yield stream.decompress(packed, 16 * PIECE)
        except OSError as error:
            raise _fault(file, f"not, or no longer, bz2 ({error})") from error
        packed, inside = b"", not stream.eof
        if stream.eof:
            stream, packed = bz2.BZ2Decompressor(), stream.unused_data
    if inside:
        raise _fault(file, "it ends within a bz2 stream")


def _fault(file: BinaryIO, problem: str) -> CookbookError:
    return CookbookError(f"{display_path(file.name)}, at or before byte {file.tell():,}: {problem}")


def extract_pages(pages: Iterable[bytes]) -> Block:
    """The films among `pages`. If `pages` raises `CookbookError`, those before are still there."""
    count, films, unreadable, fault = 0, [], [], None
    try:
        for page in pages:
            count += 1
            if FILM.search(page):  # cheap, and few pages pass
                try:
                    if film := parse_film(page):
                        films.append(json.dumps(film, ensure_ascii=False))
                except (etree.XMLSyntaxError, ParserError, ValueError, RecursionError) as error:
                    unreadable.append(str(error))
    except CookbookError as error:
        fault = str(error)
    return Block(count, films, unreadable, fault)


def extract_blocks(dump: Path, places: list[tuple[int, int]]) -> list[tuple[int, int, Block]]:
    """First byte, size in bytes and content of some blocks of a dump. Every worker runs this."""
    return [(start, end - start, extract_block(dump, start, end)) for start, end in places]


def extract_block(dump: Path, start: int, end: int) -> Block:
    """The films in the bytes `start` to `end` of a multistream dump."""
    with dump.open("rb") as file:
        file.seek(start)
        if file.peek(3)[:3] == b"BZh":
            return extract_pages(read_pages(file, end))
        fault = _fault(file, "no bz2 stream begins here")
        return Block(0, [], [], f"{fault}: the dump is cut short, or the index is not its own")


def read_index(index: Path) -> list[int]:
    """Bytes at which the streams of a multistream dump begin, in order, the first at 0.

    Raises `CookbookError`, naming file and line, if it isn't an index.
    """
    offsets, lines = {0}, 0
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


# From a dump to a file of films


class Journal:
    """A file of films that grows block by block, and beside it a list of the blocks it holds.

    A block counts once the list names it. What a killed run has left behind the listed blocks,
    whole or half, is cut off when the next run opens the journal.
    """

    def __init__(self, out: Path, dump: Path, blocks: int | None):
        """Open the journal of a `dump` that is read in `blocks`, or in order (None).

        Raises `CookbookError` if `out` belongs to something else.
        """
        self.out, self.list = out, out.with_name(f"{out.name}.progress")
        self.done: set[int] = set()
        self.total = Extraction()
        with dump.open("rb") as file:  # the start holds a checksum of the first pages
            header = {"dump": hashlib.sha256(file.read(1024)).hexdigest(), "blocks": blocks}
        records = list(_whole_records(self.list)) if out.exists() else [header]
        if records[:1] != [header]:
            raise CookbookError(
                f"{display_path(out)} is there already, and not from an interrupted extraction of "
                f"this dump. Delete it and {self.list.name}, or choose another file."
            )
        self._restore(records)

    def _restore(self, records: list[dict[str, Any]]) -> None:
        """Take up the work after the last of `records` whose films are in the file."""
        size, room = 0, self.out.stat().st_size if self.out.exists() else 0
        kept = [records[0], *takewhile(lambda record: record["size"] <= room, records[1:])]
        for record in kept[1:]:
            self._count(record)
            size = record["size"]
        with replacing(self.list) as part:
            part.write_text("".join(f"{json.dumps(record)}\n" for record in kept))
        with self.out.open("ab") as file:
            file.truncate(size)

    def add(self, number: int, block: Block) -> None:
        """Append the films of the block, then its `number` to the list."""
        with self.out.open("ab") as file:
            file.write("".join(f"{film}\n" for film in block.films).encode())
            size = file.tell()
        counts = {"pages": block.pages, "films": len(block.films), "unreadable": block.unreadable}
        record = {"block": number, "size": size, **counts}
        with self.list.open("a") as file:
            file.write(f"{json.dumps(record)}\n")
        self._count(record)

    def _count(self, record: dict[str, Any]) -> None:
        self.done.add(record["block"])
        self.total.pages += record["pages"]
        self.total.films += record["films"]
        self.total.unreadable += record["unreadable"]


def _whole_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a list, up to the first that a killed run has left half."""
    if path.exists():
        with path.open() as lines, contextlib.suppress(ValueError):
            for line in lines:
                yield json.loads(line)


def extract_films(
    dump: Path,
    out: Path,
    index: Path | None = None,
    cluster: str | None = None,
) -> Extraction:
    """Write the films of a Wikipedia dump to `out`, one JSON list a line, as `parse_film` makes it.

    With the `index` of a multistream dump, all cores or a cluster can share the work: `cluster` is
    what `helpers.scale.map_over` takes.

    Films are written block by block, and a later call goes on where this one stops. Raises
    `CookbookError`, naming the byte, if the dump or its index is damaged, and as `map_over` does;
    what could be extracted is in `out` then.
    """
    dump, out = Path(dump).resolve(), Path(out).resolve()
    _check(dump, index, cluster)
    out.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(out.with_name(f".{out.name}.lock"), timeout=0):
            return _extract(dump, out, index, cluster)
    except Timeout as error:
        raise CookbookError(f"{display_path(out)}: another run is writing it.") from error


def _check(dump: Path, index: Path | None, cluster: str | None) -> None:
    for path in (dump, index):
        if path is not None and not path.is_file():
            raise CookbookError(f"{display_path(path)}: no such file.")
    if isinstance(cluster, str):
        place_of(cluster)
    if index is None and cluster not in (None, ONE):
        raise CookbookError(
            f"{display_path(dump)}: to share the work, it takes a multistream dump and its index."
        )


def _extract(dump: Path, out: Path, index: Path | None, cluster: str | None) -> Extraction:
    size = dump.stat().st_size
    if index is None:
        journal, remaining = Journal(out, dump, None), size
        results = _read_in_order(dump, journal.total.pages)
    else:
        offsets = read_index(index)
        blocks = list(pairwise([*offsets, max(size, offsets[-1])]))
        journal = Journal(out, dump, len(blocks))
        todo = [(start, end) for start, end in blocks if start not in journal.done]
        remaining = sum(end - start for start, end in todo)
        results = _read_blocks(dump, todo, cluster)
    faults = []
    style = {"desc": dump.name, "unit": "B", "unit_scale": True, "leave": False}
    with tqdm(total=remaining, file=sys.stdout, **style) as bar:
        try:
            for number, packed, block in results:
                if block.fault:
                    faults.append(block.fault)
                else:
                    journal.add(number, block)
                bar.update(packed)
        except CookbookError as error:
            faults.append(str(error))
    _raise_for(faults, dump, out, journal.total)
    return journal.total


def _raise_for(faults: list[str], dump: Path, out: Path, total: Extraction) -> None:
    if faults:
        more = f" {len(faults) - 1:,} more blocks are damaged." if len(faults) > 1 else ""
        raise CookbookError(
            f"{faults[0]}.{more}\n{total.films:,} films of {total.pages:,} pages are kept in "
            f"{display_path(out)}. Mend the cause and run this again: it goes on from there."
        )
    if not total.pages:
        raise CookbookError(f"{display_path(dump)}: a dump without a page.")


def _read_in_order(dump: Path, skip: int) -> Iterator[tuple[int, int, Block]]:
    """Number of the first page, bytes read and content of each block, after `skip` pages.

    A plain dump has to be unpacked from its start, but pages that are skipped aren't parsed.
    Raises `CookbookError` after the last block if the dump is damaged there.
    """
    with dump.open("rb") as file:
        pages = islice(read_pages(file, dump.stat().st_size), skip, None)
        while True:
            before = file.tell()
            block = extract_pages(islice(pages, PAGES_PER_BLOCK))
            if block.pages:
                yield skip, file.tell() - before, replace(block, fault=None)
            if block.fault:
                raise CookbookError(block.fault)
            if block.pages < PAGES_PER_BLOCK:
                return
            skip += block.pages


def _read_blocks(
    dump: Path, blocks: list[tuple[int, int]], cluster: str | None
) -> Iterator[tuple[int, int, Block]]:
    """First byte, size in bytes and content of each block, in the order in which they are ready."""
    tasks = grouped(blocks, size=lambda _: 1, most=STREAMS_PER_TASK)
    for found in map_over(tasks, partial(extract_blocks, dump), cluster) if tasks else ():
        yield from found


# The newest dump


@dataclass(frozen=True)
class RemoteFile:
    """A file that can be downloaded; `size` in bytes, about."""

    url: str
    size: float

    @property
    def name(self) -> str:
        return self.url.rsplit("/", 1)[-1]


def dump_folders(html: str) -> list[str]:
    """Links to the folders of the dumps that the page of a wiki lists, newest first."""
    links = BeautifulSoup(html, "html.parser").find_all("a", href=re.compile(r"^\d{8}/?$"))
    return sorted((link["href"] for link in links), reverse=True)


def dump_files(html: str) -> dict[str, float]:
    """Links to the multistream dump and to its index on the page of a dump, with their sizes.

    Empty while the dump is being made: such a page names its files, but doesn't link to them.
    """
    wanted = re.compile(r"-pages-articles-multistream(\.xml|-index\.txt)\.bz2$")
    links = BeautifulSoup(html, "html.parser").find_all("a", href=wanted)
    found = {link["href"]: _bytes(str(link.next_sibling)) for link in links}
    return found if len(found) == 2 else {}


def _bytes(text: str) -> float:
    """
    >>> _bytes(" 22.5 GB")
    22500000000.0
    """
    number, unit = re.search(r"([\d.]+) ([KMGT]?)", text).groups()
    return float(number) * 1000 ** " KMGT".index(unit or " ")


def newest_dump(wiki: str = DUMPS) -> list[RemoteFile]:
    """The multistream dump and its index, of the newest dump that is finished.

    Raises `CookbookError` if the page `wiki` can't be had or lists no such dump.
    """
    for folder in dump_folders(_get(wiki).text):
        page = urljoin(wiki, folder)
        if files := dump_files(_get(page).text):
            return [RemoteFile(urljoin(page, link), size) for link, size in files.items()]
    raise CookbookError(f"{wiki}: lists no finished dump with a multistream file and its index.")


def describe(files: list[RemoteFile], cores: int) -> str:
    """Names and sizes of the files of a dump, and how long it takes to load and to read them."""
    size = sum(file.size for file in files)
    loading, reading = size / LOADING_SPEED / 3600, size / PARSING_SPEED / 3600 / cores
    lines = [f"{file.name}: {file.size / 1e9:.2f} GB" for file in files]
    speed = f"{LOADING_SPEED / 1e6:.0f} MB a second"
    times = f"About {loading:.1f} h to download at {speed}, {reading:.1f} h to read with"
    return "\n".join([*lines, f"{times} {cores} cores."])


def download(file: RemoteFile, folder: Path = DATA) -> Path:
    """Fetch a file of a dump to `folder`, from where an interrupted download stopped.

    Raises `CookbookError` if it can't be had, or if its SHA-1 isn't the one that the dump states.
    """
    target = folder / file.name
    if target.exists():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{file.name}.part"
    stated = _stated_sha1(file)
    _append(file, part)
    if pooch.file_hash(str(part), "sha1") != stated:
        part.unlink()
        raise CookbookError(f"{file.url}: damaged on the way (its SHA-1 differs). Run it again.")
    os.replace(part, target)
    return target


def _append(file: RemoteFile, part: Path) -> None:
    """Fetch what `part` lacks of the file, its last byte again, since a range can't be empty."""
    start = max(0, part.stat().st_size - 1) if part.exists() else 0
    style = {"desc": file.name, "unit": "B", "unit_scale": True, "leave": False}
    with _get(file.url, start) as response, part.open("ab") as stream:
        resumed = response.status_code == requests.codes.partial_content
        stream.truncate(start if resumed else 0)
        with tqdm(total=file.size, initial=stream.tell(), file=sys.stdout, **style) as bar:
            try:
                for piece in response.iter_content(PIECE):
                    bar.update(stream.write(piece))
            except requests.RequestException as error:
                raise CookbookError(
                    f"{file.url}: the connection broke ({error}). Run it again to go on."
                ) from error


def _stated_sha1(file: RemoteFile) -> str:
    wiki, date = file.name.split("-")[:2]
    sums = urljoin(file.url, f"{wiki}-{date}-sha1sums.txt")
    for line in _get(sums).text.splitlines():
        if line.split()[1:] == [file.name]:
            return line.split()[0]
    raise CookbookError(f"{sums}: no checksum of {file.name}.")


def _get(url: str, start: int = 0) -> requests.Response:
    """What `url` holds from the byte `start` on. Waits first, to stay under the site's limit."""
    time.sleep(PAUSE)
    headers = {"User-Agent": AGENT, "Range": f"bytes={start}-"} if start else {"User-Agent": AGENT}
    try:
        response = requests.get(url, headers=headers, stream=True, timeout=TIMEOUT)
        response.raise_for_status()
    except requests.RequestException as error:
        raise CookbookError(f"{url}: can't be had ({error}).") from error
    return response


# Command line


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 when all went well, 1 when not, 130 on Ctrl-C."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    if bool(arguments.dump) == arguments.newest:
        parser.error("name a dump, or ask for the --newest")
    try:
        if arguments.newest:
            _show_newest(arguments.download)
        else:
            _show_extraction(arguments)
    except CookbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m helpers.datasets.wikipedia_dump", description="Films out of a Wikipedia dump."
    )
    option = parser.add_argument
    option("dump", nargs="?", type=Path, help="a pages-articles dump (.xml.bz2)")
    option("--index", type=Path, help="index of a multistream dump (.txt.bz2)")
    option("--out", type=Path, default=OUT, help=f"default: {display_path(OUT)}")
    option("--cluster", help="one, cores, or the address of a Dask scheduler; with an index: cores")
    option("--newest", action="store_true", help="tell the newest finished dump and its size")
    option("--download", action="store_true", help=f"fetch it to {display_path(DATA)}")
    return parser


def _show_newest(fetch: bool) -> None:
    files = newest_dump()
    print(describe(files, os.cpu_count() or 1))
    for file in files if fetch else []:
        print(display_path(download(file)))


def _show_extraction(arguments: argparse.Namespace) -> None:
    cluster, out = arguments.cluster, arguments.out
    if arguments.index and not cluster and "COOKBOOK_CLUSTER" not in os.environ:
        cluster = CORES
    total = extract_films(arguments.dump, out, arguments.index, cluster)
    print(f"{total.films:,} films of {total.pages:,} pages are in {display_path(out)}.")
    if total.unreadable:
        print(f"{len(total.unreadable):,} pages can't be read:", *total.unreadable[:10], sep="\n  ")


if __name__ == "__main__":
    from helpers.datasets import wikipedia_dump as wikidump

    sys.exit(wikidump.main())
