"""Books of Project Gutenberg without their header and footer, and Gutenberg's catalogue."""

import gzip
import re
import zlib
from pathlib import Path

from helpers import ANEW, CookbookError, display_path, unknown
from helpers.packed import limited, most_unpacked

import pandas as pd

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
        if not (stated := ENCODING.search(content)):
            raise CookbookError(
                f"{display_path(path)}: byte {error.start:,} isn't UTF-8, and the file states no "
                f"other encoding. Save it as UTF-8 if it is yours. {ANEW}"
            ) from error
        try:
            text = content.decode(stated[1].decode())
            text.encode("utf-8")  # some codecs let through halves of characters
        except (UnicodeError, LookupError) as wrong:
            raise CookbookError(
                f"{display_path(path)}: it says its encoding is {stated[1].decode()}, and that is "
                f"wrong ({wrong}). Save it as UTF-8 if it is yours. {ANEW}"
            ) from wrong
    return text.replace("\r\n", "\n").replace("\r", "\n")


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
            f"The file was cut short. {ANEW}"
        )
    paragraphs = text[start.end() : end.start()].strip("\n").split("\n\n")
    while paragraphs and CREDITS.match(paragraphs[0]):
        paragraphs.pop(0)
    return "\n\n".join(paragraphs).strip("\n") + "\n"


def split_works(book: str) -> dict[str, str]:
    """The parts of a book by the titles in its table of contents, each with its title line.

    The contents are the lines after a line "Contents" that come again, alone on a line, further
    on; "Chapter 1" there also finds "CHAPTER 1". Raises `CookbookError` if there are none.
    """
    lines = book.split("\n")
    bare = [line.strip().rstrip(".").casefold() for line in lines]
    heading = [n for n, line in enumerate(bare) if re.fullmatch(r"(table of )?contents:?", line)]
    if not heading:
        raise CookbookError("This book has no table of contents, no line 'Contents'.")
    titles: set[str] = set()
    starts: dict[str, int] = {}
    for number, line in enumerate(bare[heading[0] + 1 :], start=heading[0] + 1):
        if line in titles:
            starts.setdefault(line, number)
        elif line and not starts:  # the contents end where the first of them comes again
            titles.add(line)
    if not starts:
        raise CookbookError("No title of this book's table of contents heads a part of it.")
    numbers = sorted(starts.values())
    parts = zip(numbers, [*numbers[1:], len(lines)], strict=True)
    return {lines[a].strip(): "\n".join(lines[a:b]).strip("\n") + "\n" for a, b in parts}


def read_catalogue(path: Path) -> pd.DataFrame:
    """Gutenberg's catalogue, a row a book: `number`, `title`, `authors`, `language`.

    Raises `CookbookError` if the file isn't that catalogue.
    """
    try:
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            table = pd.read_csv(stream, dtype=str, keep_default_na=False)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise CookbookError(
            f"{display_path(path)}: not a readable catalogue ({error}). {ANEW}"
        ) from error
    if missing := {*COLUMNS, "Type"} - {*table.columns}:
        raise CookbookError(f"{display_path(path)}: no column {', '.join(sorted(missing))}. {ANEW}")
    books = table.loc[table["Type"] == "Text", list(COLUMNS)].rename(columns=COLUMNS)
    if books.empty or not books["number"].str.isdecimal().all():
        raise CookbookError(f"{display_path(path)}: a book without a number, or no books. {ANEW}")
    books["title"] = books["title"].str.split().str.join(" ")  # some hold line breaks
    return books.astype({"number": int}).reset_index(drop=True)


def books_by(catalogue: pd.DataFrame, author: str) -> pd.DataFrame:
    """The books whose authors hold each word of `author`, in any order and case, by number.

    Raises `CookbookError` for an empty name, and for an unknown one, with those that come close.
    """
    words = author.casefold().replace(",", " ").split()
    if not words:
        raise CookbookError('No author given: write a name, such as "Shakespeare, William".')
    authors = catalogue["authors"].str.casefold()
    found = pd.concat([authors.str.contains(word, regex=False) for word in words], axis=1).all(
        axis=1
    )
    if not found.any():
        names = (
            catalogue["authors"].str.split("; ").explode().str.replace(r", [\d?].*", "", regex=True)
        )
        raise unknown("author", author, sorted({*names} - {""}))
    return catalogue[found].sort_values("number", ignore_index=True)
