"""Chapter 03's parser of Wikipedia dumps beside the book's, on the same pages with the same films.

The book feeds the XML line by line to a SAX parser and has mwparserfromhell read the wikitext of
every page. What is compared is the parsing of the XML of a real excerpt, in pages a second.
Unpacking it from bz2 is the same work for both, so it is left out of the ratio, but shown: over a
whole dump it is what takes the time, which the multistream index shares between cores.
"""

import bz2
import json
import re
import statistics
import xml.sax
from pathlib import Path

from helpers.datasets.wikipedia_dump import Extraction, films_among, split_pages

import mwparserfromhell
from gensim.test.utils import datapath
from measuring import timed, write_report

EXCERPT = Path(datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"))
MIN_RATIO = 100  # of pages a second, ours to the book's
RUNS = 5  # of ours, the median of which counts


class BookHandler(xml.sax.ContentHandler):
    """Collects the title and the text of a page, and reads each when the page ends."""

    def __init__(self):
        super().__init__()
        self.pages, self.films = 0, []
        self.fields: dict[str, str] = {}
        self.field, self.pieces = "", []

    def startElement(self, name: str, attrs: xml.sax.xmlreader.AttributesImpl) -> None:
        if name in ("title", "text"):
            self.field, self.pieces = name, []

    def characters(self, content: str) -> None:
        if self.field:
            self.pieces.append(content)

    def endElement(self, name: str) -> None:
        if name == self.field:
            self.fields[name], self.field = "".join(self.pieces), ""
        elif name == "page":
            self.pages += 1
            if film := book_film(**self.fields):
                self.films.append(film)


def book_film(title: str, text: str) -> list | None:
    """The film on a page as the book takes it out: wikitext is parsed first, then looked at."""
    rating = book_rating(text)
    article = mwparserfromhell.parse(text)
    boxes = [
        template
        for template in article.filter_templates()
        if template.name.strip().lower() == "infobox film"
    ]
    if not boxes:
        return None
    values = {
        parameter.name.strip_code().strip(): parameter.value.strip_code().strip()
        for parameter in boxes[0].params
    }
    links = [link.title.strip_code().strip() for link in article.filter_wikilinks()]
    return [title, {name: value for name, value in values.items() if value}, links, *rating]


def book_rating(text: str) -> tuple[str | None, str | None]:
    """Of the first paragraph that names the site and holds a single percentage."""
    for paragraph in text.split("\n\n"):
        percentages = re.findall(r"\d\d?\d?%", paragraph)
        scores = re.findall(r"\d\.\d/\d+", paragraph)
        if len(percentages) == 1 and "rotten tomatoes" in paragraph.lower():
            return percentages[0], scores[0] if scores else None
    return None, None


def run_book(content: bytes) -> tuple[int, list]:
    """Pages and films in the XML `content`."""
    handler, parser = BookHandler(), xml.sax.make_parser()
    parser.setContentHandler(handler)
    for line in content.splitlines(keepends=True):
        parser.feed(line)
    parser.close()
    return handler.pages, handler.films


def run_ours(content: bytes) -> tuple[int, list]:
    """The same with the package's parser, in the pieces in which it reads a dump."""
    size = 2**20
    pieces = (content[start : start + size] for start in range(0, len(content), size))
    found = Extraction()
    films = [json.loads(film) for film in films_among(split_pages(pieces), found)]
    return found.pages, films


def test_reads_pages_much_faster_than_the_book():
    packed = EXCERPT.read_bytes()
    content = bz2.decompress(packed)
    pages, films = run_ours(content)
    assert run_book(content) == (pages, films) and films

    unpacking = timed(bz2.decompress, packed)[1]
    book = timed(run_book, content)[1]
    ours = statistics.median(timed(run_ours, content)[1] for _ in range(RUNS))
    report = {
        "pages": pages,
        "book_pages_per_second": pages / book,
        "ours_pages_per_second": pages / ours,
        "ratio": book / ours,
        "unpacking_pages_per_second": pages / unpacking,
        "ratio_with_unpacking": (book + unpacking) / (ours + unpacking),
    }
    print("", *(f"{name}: {value:,.1f}" for name, value in report.items()), sep="\n")
    write_report("03_wikidump", report)
    assert report["ratio"] >= MIN_RATIO
