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
    r"^\*{3} ?START OF (?:THE|THIS) PROJECT GUTENBERG EBOOK.*?\*{3}\s*?$"
    r"|^\*END\*? ?THE SMALL PRINT!.*?\*END\*\s*?$",  # before 2004
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
END = re.compile(
    r"^(?:\*{3} ?END OF (?:THE|THIS) PROJECT GUTENBERG EBOOK"
    r"|End of (?:the )?Project Gutenberg(?:['’]s)? )",
    re.IGNORECASE | re.MULTILINE,
)
CREDITS = re.compile(
    r"\s*(?:\Z|\[?(?:Produced|E-?text (?:prepared|produced)|Transcribed|Updated editions?)\b"
    r"|This e-?(?:book|text) was (?:produced|prepared))",
    re.IGNORECASE,
)
ENCODING = re.compile(rb"^Character set encoding: *([\w-]+)", re.IGNORECASE | re.MULTILINE)
CONTENTS = re.compile(r"(table of )?contents:?")
COLUMNS = {"Text#": "number", "Title": "title", "Authors": "authors", "Language": "language"}


def read_text(path: Path) -> str:
    """The text of a UTF-8 file, lines ended by "\\n".

    A file that isn't UTF-8 may name its encoding in a line "Character set encoding: ..." as
    Gutenberg's older books do. Raises `CookbookError` where it doesn't, or says wrong.
    """
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = _decode_as_stated(path, content, error)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decode_as_stated(path: Path, content: bytes, error: UnicodeDecodeError) -> str:
    """The text of a file that isn't UTF-8, in the encoding that it names."""
    problem = f"byte {error.start:,} isn't UTF-8, and the file states no other encoding"
    stated = ENCODING.search(content)
    if stated:
        encoding = stated[1].decode()
        try:
            text = content.decode(encoding)
            text.encode("utf-8")  # some codecs let through halves of characters
            return text
        except (UnicodeError, LookupError) as wrong:
            problem = f"it says its encoding is {encoding}, and that is wrong ({wrong})"
    way_out = f"Save it as UTF-8 if it is yours. {DOWNLOAD_AGAIN}"
    raise CookbookError(f"{display_path(path)}: {problem}. {way_out}") from error


def read_book(path: Path) -> str:
    """The text of a Gutenberg book, between header and footer, without who produced the file.

    Raises `CookbookError` if either mark is missing (another file, or one that was cut short).
    """
    text = read_text(path)
    start = START.search(text)
    if not start:
        raise CookbookError(
            f"{display_path(path)}: no line '*** START OF THE PROJECT GUTENBERG EBOOK ... ***'. "
            "For a text that doesn't come from Project Gutenberg, use read_text."
        )
    end = END.search(text, start.end())
    if not end:
        raise CookbookError(
            f"{display_path(path)}: no line '*** END OF THE PROJECT GUTENBERG EBOOK'. "
            f"The file was cut short. {DOWNLOAD_AGAIN}"
        )
    return _without_credits(text[start.end() : end.start()])


def _without_credits(body: str) -> str:
    paragraphs = body.strip("\n").split("\n\n")
    while paragraphs and CREDITS.match(paragraphs[0]):
        paragraphs.pop(0)
    return "\n\n".join(paragraphs).strip("\n") + "\n"


def parts_of_book(book: str) -> dict[str, str]:
    """The parts of a book by the titles in its table of contents, each with its title line.

    The contents are the lines after a line "Contents" that come again, alone on a line, further
    on; "Chapter 1" there also finds "CHAPTER 1". Raises `CookbookError` if there are none.
    """
    lines = book.split("\n")
    starts = _starts_of_parts([line.strip().rstrip(".").casefold() for line in lines])
    parts = {}
    for first, last in pairwise([*starts, len(lines)]):
        part = "\n".join(lines[first:last])
        parts[lines[first].strip()] = part.strip("\n") + "\n"
    return parts


def _starts_of_parts(lines: list[str]) -> list[int]:
    """The numbers of the lines that repeat, for the first time, a line of the contents."""
    contents = [number for number, line in enumerate(lines) if CONTENTS.fullmatch(line)]
    if not contents:
        raise CookbookError("This book has no table of contents, no line 'Contents'.")
    titles: set[str] = set()
    starts: dict[str, int] = {}
    for number in range(contents[0] + 1, len(lines)):
        line = lines[number]
        if line in titles:
            starts.setdefault(line, number)
        elif line and not starts:  # the contents end where the first of them comes again
            titles.add(line)
    if not starts:
        raise CookbookError("No title of this book's table of contents heads a part of it.")
    return list(starts.values())


def read_catalogue(path: Path) -> pd.DataFrame:
    """Gutenberg's catalogue, a row a book: `number`, `title`, `authors`, `language`.

    Raises `CookbookError` if the file isn't that catalogue.
    """
    kinds = dict.fromkeys([*COLUMNS, "Type"], str) | {"Text#": int}
    try:
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            table = pd.read_csv(stream, dtype=kinds, usecols=list(kinds), keep_default_na=False)
        books = table.loc[table["Type"] == "Text", list(COLUMNS)].rename(columns=COLUMNS)
        if books.empty:
            raise ValueError("it lists no books")
    except (OSError, EOFError, zlib.error, ValueError, OverflowError) as error:
        raise CookbookError(
            f"{display_path(path)}: not a readable catalogue ({error}). {DOWNLOAD_AGAIN}"
        ) from error
    books["title"] = books["title"].str.split().str.join(" ")  # some hold line breaks
    return books.reset_index(drop=True)


def books_by(catalogue: pd.DataFrame, author: str) -> pd.DataFrame:
    """The books whose authors hold each word of `author`, in any order and case, by number.

    Raises `CookbookError` for an empty name, and for an unknown one, with those that come close.
    """
    words = author.casefold().replace(",", " ").split()
    if not words:
        raise CookbookError('No author given: write a name, such as "Shakespeare, William".')
    authors = catalogue["authors"].str.casefold()
    found = pd.Series(True, index=catalogue.index)
    for word in words:
        found &= authors.str.contains(word, regex=False)
    if not found.any():
        names = catalogue["authors"].str.split("; ").explode()
        names = names.str.replace(r", [\d?].*", "", regex=True)  # years of birth and death
        raise unknown("author", author, sorted({*names} - {""}))
    return catalogue[found].sort_values("number", ignore_index=True)


def data_sets(source: str | int) -> list[str]:
    """Names of the data sets that `load_text` or `load_corpus` of `source` fetches in full.

    None for a file or a folder. Raises `CookbookError` if `source` is none of what they take.
    """
    name = str(source).strip()
    if name == NOVELS:
        return NOVEL_SETS
    if name == SHAKESPEARE:
        return [SHAKESPEARE]
    if name.isdecimal() and int(name):
        return [f"gutenberg-{int(name)}"]
    if name.endswith(".txt") or (name and Path(name).expanduser().is_dir()):
        return []
    raise CookbookError(
        f"Unknown text {name!r}. Valid: {SHAKESPEARE!r}, the number of a book of Project Gutenberg "
        f"such as 84, {NOVELS!r}, or the path of a UTF-8 file that ends in .txt or a folder of "
        "such files."
    )


def load_text(source: str | int, edition: str) -> str:
    """The text of `source`: "tinyshakespeare", a Gutenberg book's number, or the path of a file.

    A book comes without its header and footer, a file as it is. On the sample edition, Python's
    help topics stand for whatever `source` names but a file. Raises `CookbookError` if `source`
    is none of these, or if it can't be had or read.
    """
    names = data_sets(source)
    if len(names) > 1:
        raise CookbookError(f"{source!r} are many texts: name one of them, by its number.")
    if not names:
        return read_text(Path(source.strip()).expanduser())
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
    return {REGISTRY[name].title: read_book(fetch(name, edition)) for name in data_sets(NOVELS)}


def _read_folder(source: str) -> dict[str, str]:
    folder = Path(source).expanduser()
    if not source or not folder.is_dir():
        raise CookbookError(
            f"Unknown corpus {source!r}. Valid: {NOVELS!r}, or the path of a folder of UTF-8 files "
            "that end in .txt."
        )
    texts = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() == ".txt":
            text = read_text(path)
            if text.strip():
                texts[path.relative_to(folder).as_posix()] = text
    if not texts:
        raise CookbookError(f"{display_path(folder)}: no file in it ends in .txt and holds text.")
    return texts
