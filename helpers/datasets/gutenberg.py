"""Texts to learn from: books of Project Gutenberg without their header and footer, Gutenberg's
catalogue, Shakespeare, and files of one's own.
"""

import codecs
import gzip
import re
import unicodedata
from itertools import pairwise
from pathlib import Path

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path, reading, unknown
from helpers.archives import limited, most_unpacked
from helpers.fetch import REGISTRY, fetch
from helpers.folders import files_of
from helpers.tokens import words_of

import pandas as pd
from gensim.test.utils import datapath

SHAKESPEARE = "tinyshakespeare"
NOVELS = "novels"
NOVEL_SETS = [name for name in REGISTRY if re.fullmatch(r"gutenberg-\d+", name)]
START_OF = re.compile(
    r"^[ \t]*\*{3} ?START OF (?:\w+ ){0,2}PROJECT GUTENBERG E-?(?:BOOK|TEXT)",
    re.IGNORECASE | re.MULTILINE,
)
# Books of before 2004 begin after "THE SMALL PRINT!". A title may go on for a few lines, and the
# stars that close a mark may be missing.
START = re.compile(
    rf"(?:{START_OF.pattern}|^[ \t]*\*?END\*? ?THE SMALL PRINT!)"
    r"(?:(?:.+\n){0,3}?.*(?:\*{3}|\*END\*)[ \t]*$|.*$)",
    re.IGNORECASE | re.MULTILINE,
)
END = re.compile(
    r"^(?:[ \t]*\*{3} ?END OF (?:\w+ ){0,2}PROJECT GUTENBERG E-?(?:BOOK|TEXT)"
    r"|(?:Ende?|Einde|Fine?|Fim) (?:\w+ ){1,2}(?:Proje[ck]?t Gutenberg(?:['’]s)?|E-?text of) )"
    r".*(?:(?:\n[ \t]*\S.*){0,2}(?=\n[ \t]*\n|\s*\Z)|)",
    re.IGNORECASE | re.MULTILINE,
)
LICENCE = 40_000  # characters, at most, between the end mark of a part and the next start mark
NOTICE = re.compile(r"<<THIS ELECTRONIC VERSION[^<>]*>>\s*\n", re.IGNORECASE)  # in old plays
CREDITS = re.compile(  # paragraphs of a few lines
    r"(?:\s*(?:\[?(?:Produced|E-?text (?:prepared|produced)|Transcribed|Updated editions?)\b"
    r"|This e-?(?:book|text) was (?:produced|prepared)"
    r"|(?:Note:|Images of )(?=(?:.+\n){0,9}?.*\b(?:also has|available)\b))"
    r".*(?:\n[ \t]*\S.*){0,11}(?:\n[ \t]*(?=\n)|\s*\Z))*(?:[ \t]*\n)*",
    re.IGNORECASE,
)
ENCODING = re.compile(rb"^Character set encoding: *([^\r\n]*\w)", re.IGNORECASE | re.MULTILINE)
WINDOWS = ("1252", "88591", "latin1")  # ends of its names; browsers read Latin 1 as it, too
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CONTENTS = re.compile(r"(table of )?contents:?")
TITLE = re.compile(r"^(?!page$).*\w")
FIRST_TITLES = 5  # of the contents, of which one heads the first part
COLUMNS = {"Text#": "number", "Title": "title", "Authors": "authors", "Language": "language"}


def read_text(path: Path) -> str:
    """The text of a file in Unicode's composed form (NFC), lines ended by "\\n".

    It is in UTF-8, or in UTF-16 with its mark. A file that is neither may name its encoding in a
    line "Character set encoding: ..." as Gutenberg's older books do.
    Raises `CookbookError` where it doesn't, or says wrong.
    """
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        text = _decode_as_stated(path, content, error)
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def _decode_as_stated(path: Path, content: bytes, error: UnicodeDecodeError) -> str:
    """The text of a file that isn't UTF-8, in the encoding that it names.

    Latin 1 is read as Windows-1252, which has quotes where that has control characters.
    """
    problem = f"byte {error.start:,} isn't UTF-8, and the file states no other encoding"
    stated = ENCODING.search(content)
    encoding = stated[1].decode("latin-1") if stated else ""
    if content.startswith(UTF_16):
        encoding = "UTF-16"
    if re.sub(r"[\W_]", "", encoding.lower()).endswith(WINDOWS):
        text = content.decode("cp1252", errors="replace")
        unknown_bytes = text.count("\ufffd")
        if unknown_bytes:
            print(f"{display_path(path)}: {unknown_bytes:,} bytes mean nothing, and become \ufffd")
        return text
    if encoding:
        try:
            text = content.decode(encoding)
            text.encode("utf-8")  # some codecs let through halves of characters
            return text
        except (LookupError, ValueError) as wrong:
            problem = f"it says its encoding is {encoding}, and that is wrong ({wrong})"
    way_out = f"Save it as UTF-8 if it is yours. {DOWNLOAD_AGAIN}"
    raise CookbookError(f"{display_path(path)}: {problem}. {way_out}") from error


def read_book(path: Path) -> str:
    """The text of a Gutenberg book, between header and footer, without who produced the file.

    Marks and licences within it, as between two volumes, are left out, and a line says so.
    Raises `CookbookError` if a mark is missing (another file, or one that was cut short). Books of
    before 2004 may have none at the end: then a line says that all is taken.
    """
    shown = display_path(path)
    volumes = [part for part in _between_marks(read_text(path), shown) if part.strip()]
    book, notices = NOTICE.subn("", "\n\n".join(map(_without_credits, volumes)))
    if not book.strip():
        raise CookbookError(f"{shown}: no text between its marks. {DOWNLOAD_AGAIN}")
    left_out = notices + len(volumes) - 1
    if left_out:
        print(f"Left out of {shown}, marks and licences within the text ({left_out:,})")
    return book


def _between_marks(text: str, shown: str) -> list[str]:
    """The texts between the start mark and the last end mark of the file `shown`."""
    start = START.search(text)
    if not start:
        raise CookbookError(
            f"{shown}: no line '*** START OF THE PROJECT GUTENBERG EBOOK ... ***', so it may be an "
            f"error page. {DOWNLOAD_AGAIN} For a text that doesn't come from Project Gutenberg, "
            "use read_text."
        )
    first, *others = END.split(text[start.start() :])
    if START_OF.search(others[-1] if others else first):
        raise CookbookError(
            f"{shown}: no line '*** END OF THE PROJECT GUTENBERG EBOOK' after the last '*** START "
            f"OF'. The file was cut short. {DOWNLOAD_AGAIN}"
        )
    if not others:
        print(f"{shown}: no mark of its end, as in some books of before 2004, so all is taken.")
    return [first.removeprefix(start[0]), *map(_after_licence, others[:-1])]


def _after_licence(part: str) -> str:
    """What follows an end mark: all, or what stands behind the next start mark if that is near."""
    start = START.search(part, 0, LICENCE)
    return part[start.end() :] if start else part


def _without_credits(part: str) -> str:
    return part[CREDITS.match(part).end() :].strip("\n") + "\n"


def parts_of_book(book: str) -> dict[str, str]:
    """The parts of a book by the titles in its table of contents, each with its title line.

    The contents are the lines after a line "Contents" that come again, alone on a line, further
    on; "Chapter 1" there also finds "CHAPTER 1". They end where one of the first few of them comes
    again. The book is one part by its first line, and a line says so, if these titles don't divide
    it: fewer than two are found, most of them head no text, or they begin in its second half.
    Raises `CookbookError` if there are no contents.
    """
    lines = book.split("\n")
    starts = _starts_of_parts([line.strip().rstrip(".").casefold() for line in lines])
    parts = {}
    without_text = 0
    for first, last in pairwise([*starts, len(lines)]):
        part = "\n".join(lines[first:last])
        parts[lines[first].strip()] = part.strip("\n") + "\n"
        without_text += not any(lines[first + 1 : last])
    if len(parts) < 2 or 2 * without_text > len(parts) or 2 * starts[0] > len(lines):
        print("The titles in the table of contents don't divide this book: it is one part.")
        return {book.strip().partition("\n")[0]: book}
    return parts


def _starts_of_parts(lines: list[str]) -> list[int]:
    """The numbers of the lines that repeat, for the first time, a line of the contents."""
    contents = [number for number, line in enumerate(lines) if CONTENTS.fullmatch(line)]
    if not contents:
        raise CookbookError("This book has no table of contents, no line 'Contents'.")
    titles: dict[str, int] = {}  # and their places
    starts: dict[str, int] = {}
    for number in range(contents[0] + 1, len(lines)):
        line = lines[number]
        if line in titles and (starts or titles[line] < FIRST_TITLES):
            starts.setdefault(line, number)
        elif not starts and TITLE.search(line):
            titles.setdefault(line, len(titles))
    return list(starts.values())


def read_catalogue(path: Path) -> pd.DataFrame:
    """Gutenberg's catalogue, a row a book: `number`, `title`, `authors`, `language`.

    Raises `CookbookError` if the file isn't that catalogue.
    """
    kinds = dict.fromkeys([*COLUMNS, "Type"], str) | {"Text#": int}
    with reading(path, "Gutenberg's catalogue"):
        with gzip.open(path) as file, limited(file, most_unpacked(path)) as stream:
            table = pd.read_csv(stream, dtype=kinds, usecols=list(kinds), keep_default_na=False)
        books = table.loc[table["Type"] == "Text", list(COLUMNS)].rename(columns=COLUMNS)
        if books.empty:
            raise ValueError("it lists no books")
    books["title"] = books["title"].str.split().str.join(" ")  # some hold line breaks
    return books.reset_index(drop=True)


def books_by(catalogue: pd.DataFrame, author: str) -> pd.DataFrame:
    """The books, by number, with an author whose name has all words of `author`, in any order and
    case. Years beside the name tell namesakes apart.

    Raises `CookbookError` if no name is given, and for an unknown one, with those that come close.
    """
    words = set(words_of(author))
    if all(word.isdecimal() for word in words):
        raise CookbookError('No author given: write a name, such as "Shakespeare, William".')
    authors = catalogue["authors"].str.split(";").explode()
    is_found = authors.map(lambda name: words <= set(words_of(name)))
    if not is_found.any():
        names = authors.str.replace(r", [\d?].*", "", regex=True).str.strip()  # without years
        raise unknown("author", author, sorted({*names} - {""}))
    found = catalogue.loc[authors.index[is_found].unique()]
    return found.sort_values("number", ignore_index=True)


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
    edition; files without text are left out. So are copies and what tools make, which a line says.

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
    for path in files_of(folder, ".txt"):
        text = read_text(path)
        if text.strip():
            texts[path.relative_to(folder).as_posix()] = text
    if not texts:
        raise CookbookError(f"{display_path(folder)}: no file in it ends in .txt and holds text.")
    return texts
