"""Chapter 05: its reader of dumps beside one that builds trees, its search beside one of all texts.

The book's own parser finds no row in a dump, so there is no speed of it to compare with.
"""

import statistics
from html import escape
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from helpers.datasets.docstrings import read_docstrings
from helpers.datasets.stackexchange import MEMBER, read_posts
from helpers.run import NOTEBOOKS

import pandas as pd
from bs4 import BeautifulSoup
from measuring import timed, write_report
from notebook_code import notebook_code
from py7zr import SevenZipFile

QUERIES = 50
MIN_RATIO_READING, MIN_RATIO_SEARCH = 5, 4


def write_dump(folder: Path, docs: pd.DataFrame) -> tuple[Path, int]:
    """A dump with a question from each docstring, a paragraph a line, and its bytes of XML."""
    rows = []
    for number, title, body in zip(docs.index, docs["title"], docs["body"], strict=True):
        html = "".join(f"<p>{escape(line)}</p>\n" for line in body.splitlines())
        values = {"Id": number, "PostTypeId": 1, "Score": 3, "ViewCount": 70, "Title": title}
        values |= {"Tags": "<a><b>", "CreationDate": "2015-01-20T21:15:27.290", "Body": html}
        attributes = (f"{name}={quoteattr(str(value))}" for name, value in values.items())
        rows.append(f"  <row {' '.join(attributes)} />\n")
    xml = '<?xml version="1.0" encoding="utf-8"?>\n<posts>\n' + "".join(rows) + "</posts>\n"
    with SevenZipFile(folder / "dump.7z", "w") as archive:
        archive.writestr(xml, MEMBER)
    return folder / "dump.7z", len(xml.encode())


def read_trees(path: Path, folder: Path) -> list[str]:
    """Unpack, build a tree of the dump and one of each body; the words of all bodies."""
    with SevenZipFile(path) as archive:
        archive.extract(folder, [MEMBER])
    rows = ElementTree.parse(folder / MEMBER).getroot()
    texts = (BeautifulSoup(row.get("Body"), "lxml").get_text(" ") for row in rows)
    return [word for text in texts for word in text.split()]


def test_reads_a_dump_faster_than_trees(tmp_path):
    docs = read_docstrings(limit=None)
    plain = docs["body"].map(lambda body: body.replace("\n", "").isprintable())
    path, size = write_dump(tmp_path, docs[plain])
    words, trees = timed(read_trees, path, tmp_path)
    assert " ".join(read_posts(path)["text"]).split() == words
    ours = statistics.median(timed(read_posts, path)[1] for _ in range(3))
    report = {"MB": size / 1e6, "ours_mb_per_second": size / 1e6 / ours, "ratio": trees / ours}
    print("", *(f"{name}: {value:,.1f}" for name, value in report.items()), sep="\n")
    write_report("05_reading", report)
    assert report["ratio"] >= MIN_RATIO_READING


def test_a_shortlist_searches_faster_than_all_texts(tmp_path):
    script = tmp_path / "chapter.py"
    path = NOTEBOOKS / "05_question_matching.ipynb"
    chapter = notebook_code(path, script, "TextSearch", SEED=7)
    docs = read_docstrings(limit=None)
    search, queries = chapter.TextSearch(docs["body"]), docs["title"].head(QUERIES)
    alone, all_texts = timed(lambda: [search.scores([query]).argmax() for query in queries])
    best, shortlist = timed(lambda: [search.nearest(query)[0][0] for query in queries])
    report = {
        "texts": len(docs),
        "ms_a_query": 1000 * shortlist / QUERIES,
        "ratio": all_texts / shortlist,
        "same_first": sum(map(int.__eq__, map(int, alone), map(int, best))) / QUERIES,
    }
    print("", *(f"{name}: {value:,.2f}" for name, value in report.items()), sep="\n")
    write_report("05_search", report)
    assert report["same_first"] >= 0.95
    assert report["ratio"] >= MIN_RATIO_SEARCH
