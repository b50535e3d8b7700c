"""Texts to learn from: books of Project Gutenberg without their header and footer, Gutenberg's
catalogue, Shakespeare, and files of one's own.
"""

import gzip
import re
import zlib
from itertools import pairwise
from pathlib import Path

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path, unknown
from helpers.archives import limited, most_unpacked
from helpers.fetch import REGISTRY, fetch

import pandas as pd
from gensim.test.utils import datapath

SHAKESPEARE = "tinyshakespeare"
NOVELS = "novels"
NOVEL_SETS = [name for name in REGISTRY if re.fullmatch(r"gutenberg-\d+", name)]
START = re.compile(
    r"^\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK.*?\*{3}\s*?$",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
END = re.compile(
    r"^(?:\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK"
    r"|End of (?:the )?Project Gutenberg(?:['’]s)? )",
    re.IGNORECASE | re.MULTILINE,
)
CREDITS = ("Produced by", "E-text prepared by", "Transcribed from", "[Transcribed from")
CONTENTS = {"contents", "contents:", "table of contents"}
COLUMNS = {"Text#": "number", "Title": "title", "Authors": "authors", "Language": "language"}


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, lines ended by "\\n".

    Raises `CookbookError` if there is no such file, or if it is in another encoding.
    """
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise CookbookError(
            f"{display_path(path)}: byte {error.start:,} isn't UTF-8. "
            f"Save it as UTF-8 if it is yours. {DOWNLOAD_AGAIN}"
        ) from error


def read_book(path: Path) -> str:
    """The text of a Gutenberg book, between header and footer, without who produced the file.

    Raises `CookbookError` if either mark is missing (another file, or one that was cut short).
    """
    text = read_text(path)
    start = START.search(text)
    end = END.search(text, start.end()) if start else None
    if not end:
        raise CookbookError(
            f"{display_path(path)}: no lines '*** START OF THE PROJECT GUTENBERG EBOOK' and '*** "
            f"END OF ...'. For a text from elsewhere, use read_text. {DOWNLOAD_AGAIN}"
        )
    body = text[start.end() : end.start()].strip("\n")
    while body.startswith(CREDITS):
        _credits, _, body = body.partition("\n\n")
        body = body.lstrip("\n")
    return f"{body}\n"


def parts_of_book(book: str) -> dict[str, str]:
    """The parts of a book by the titles in its table of contents, each with its title line.

    The contents are the lines after a line "Contents" that come again, alone on a line, further
    on; "Chapter 1" there also finds "CHAPTER 1". Raises `CookbookError` if there are none.
    """
    lines = book.split("\n")
    parts = {}
    for first, last in pairwise([*_starts_of_parts(lines), len(lines)]):
        part = "\n".join(lines[first:last])
        parts[lines[first].strip()] = part.strip("\n") + "\n"
    if not parts:
        raise CookbookError("This book has no table of contents whose titles head its parts.")
    return parts


def _starts_of_parts(lines: list[str]) -> list[int]:
    """The numbers of the lines that repeat, for the first time, a line of the contents."""
    titles: set[str] = set()
    starts: dict[str, int] = {}
    in_contents = False
    for number, line in enumerate(lines):
        title = line.strip().rstrip(".").casefold()
        if title in titles:
            starts.setdefault(title, number)
        elif in_contents and title and not starts:  # they end where the first comes again
            titles.add(title)
        elif title in CONTENTS:
            in_contents = True
    return list(starts.values())


def read_catalogue(path: Path) -> pd.DataFrame:
    """Gutenberg's catalogue, a row a book: `number`, `title`, `authors`, `language`.

    Raises `CookbookError` if the file isn't that catalogue.
    """
    kinds = dict.fromkeys([*COLUMNS, "Type"], str) | {"Text#": int}
    try:
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            table = pd.read_csv(stream, dtype=kinds, usecols=list(kinds), keep_default_na=False)
    except (OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise CookbookError(
            f"{display_path(path)}: not a readable catalogue ({error}). {DOWNLOAD_AGAIN}"
        ) from error
    books = table.loc[table["Type"] == "Text", list(COLUMNS)].rename(columns=COLUMNS)
    books["title"] = books["title"].str.split().str.join(" ")  # some hold line breaks
    return books.reset_index(drop=True)


def books_by(catalogue: pd.DataFrame, author: str) -> pd.DataFrame:
    """The books whose authors hold each word of `author`, in any order and case, by number.

    Raises `CookbookError` for an unknown author, with those that come close.
    """
    authors = catalogue["authors"].str.casefold()
    found = pd.Series(True, index=catalogue.index)
    for word in author.casefold().replace(",", " ").split():
        found &= authors.str.contains(word, regex=False)
    if not found.any():
        names = catalogue["authors"].str.split("; ").explode()
        names = names.str.replace(r", [\d?].*", "", regex=True)  # years of birth and death
        raise unknown("author", author, sorted({*names} - {""}))
    return catalogue[found].sort_values("number", ignore_index=True)


def data_sets(source: str | int) -> list[str]:
    """Names of the data sets that `load_text` or `load_corpus` fetch in full; none for a path."""
    name = str(source).strip()
    if name == NOVELS:
        return NOVEL_SETS
    if name == SHAKESPEARE:
        return [SHAKESPEARE]
    if name.isdecimal():
        return [f"gutenberg-{int(name)}"]
    return []


def load_text(source: str | int, edition: str) -> str:
    """The text of `source`: "tinyshakespeare", a Gutenberg book's number, or the path of a file.

    A book comes without its header and footer, a file as it is. On the sample edition, Python's
    help topics stand for whatever `source` names but a file. Raises `CookbookError` if `source`
    is none of these, or if it can't be had or read.
    """
    names = data_sets(source)
    if len(names) != 1:
        path = Path(str(source).strip()).expanduser()
        if not path.is_file():
            raise CookbookError(
                f"Unknown text {source!r}. Valid: {SHAKESPEARE!r}, the number of a book of Project "
                "Gutenberg such as 84, or the path of a UTF-8 file."
            )
        return read_text(path)
    if edition == "sample" or names == [SHAKESPEARE]:
        return read_text(fetch(SHAKESPEARE, edition))
    return read_book(fetch(names[0], edition))


def load_corpus(source: str, edition: str) -> dict[str, str]:
    """The documents of `source`, "novels" or the path of a folder, by name.

    "novels" are seven books of Project Gutenberg by title, without header and footer. On the sample
    edition, 300 short news of gensim's (a line each) and Python's help topics stand for them. A
    folder gives its .txt files and those of its subfolders, in UTF-8, as they are, whatever the
    edition; files without text are left out.

    Raises `CookbookError` if a book can't be had, if a file isn't UTF-8, and for a folder that
    isn't there or holds no text.
    """
    if source != NOVELS:
        return _read_folder(source)
    if edition == "sample":
        news = read_text(Path(datapath("lee_background.cor")))
        return {"news": news, "help topics": read_text(fetch(SHAKESPEARE, edition))}
    return {REGISTRY[name].title: read_book(fetch(name, edition)) for name in NOVEL_SETS}


def _read_folder(source: str) -> dict[str, str]:
    folder = Path(source).expanduser()
    texts = {}
    for path in sorted(folder.rglob("*.txt")):
        text = read_text(path)
        if text.strip():
            texts[path.relative_to(folder).as_posix()] = text
    if not texts:
        raise CookbookError(
            f"Unknown corpus {source!r}. Valid: {NOVELS!r}, or the path of a folder with UTF-8 "
            "files that end in .txt."
        )
    return texts
