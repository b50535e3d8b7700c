"""Questions and answers of a Stack Exchange site: a dump of its posts, or a table of questions."""

import contextlib
import re
import shutil
import sys
import warnings
import zipfile
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import check_size, check_zip, find_member, most_unpacked

import pandas as pd
from lxml import etree
from py7zr import SevenZipFile
from py7zr.io import NullIO, WriterFactory

MEMBER = "Posts.xml"
KINDS = {"1": "question", "2": "answer"}  # by PostTypeId; the others are wikis, tags' texts ...
EXPORT = {"id": "Id", "title": "Title", "content": "Body", "tags": "Tags"}  # columns of a table
TYPES = {  # of the frame's columns
    "id": "int64",
    "kind": "str",
    "parent": "Int64",
    "accepted": "Int64",
    "score": "Int64",
    "views": "Int64",
    "created": "datetime64[ms]",
    "title": "str",
    "tags": "object",
    "text": "str",
    "code": "str",
}
BLOCKS = frozenset(  # elements of HTML that begin on a line of their own, and br
    "blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
BREAK = "\u2029"  # Unicode's paragraph separator: stands where a block begins or ends
GREEDY = {"DEFLATE", "DEFLATE64", "ZStandard"}  # py7zr unpacks a megabyte of these in one go
CONTROLS = bytes({*range(1, 0x20)} - {*b"\t\n\r"})
CHARACTER = re.compile("[\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # that XML allows
REFERENCE = re.compile(rb"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,8}));")  # to a character
LONGEST_REFERENCE = 12  # bytes
FORBIDDEN = "characters that XML forbids"


def read_posts(path: Path, limit: int | None = None) -> pd.DataFrame:
    """The questions and answers of a site, one row a post, in the order of the file.

    `path` is the 7z archive of a dump, the file Posts.xml from it (or another name that ends in
    ".xml"), or a zip archive with a table of questions (columns `EXPORT`, tags between spaces).

    Columns: `id`, `kind` ("question" or "answer"), `parent` (the question, of an answer),
    `accepted` (the accepted answer, of a question), `score`, `views`, `created` (UTC), `title`,
    `tags` (a list), `text` and `code`. What a post or the whole file lacks is missing; tags are
    an empty list then. `text` is the body without markup and blocks of code, a line a paragraph;
    `code` holds those blocks, "" if there are none.

    Posts of other kinds are left out. So are deleted ones, questions without a title, posts without
    a body, all but the first with one id, and rows that can't be read; so are characters that XML
    forbids. A line is printed that counts these. Reading stops after `limit` posts.

    A dump is parsed while it is unpacked: memory depends on the posts kept alone. Raises
    `CookbookError`, naming file and reason, if it can't be read to its end, or has no question.
    """
    path = Path(path)
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    if limit is not None and limit < 1:
        raise CookbookError(f"limit = {limit}: at least 1 is needed, or None for all posts.")
    posts = _Posts(limit)
    try:
        with contextlib.suppress(_Enough):
            _read(path, posts)
        table = pd.DataFrame(posts.found.values(), columns=list(TYPES), dtype=object).astype(TYPES)
        if not (table["kind"] == "question").any():
            raise ValueError(f"no questions there{posts.left_out_in_words()}")
    except Exception as error:  # py7zr lets through whatever a decompressor raises
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CookbookError(
            f"{display_path(path)}: not readable as the posts of a site, after "
            f"{len(posts.found):,} of them ({reason}). {DOWNLOAD_AGAIN}"
        ) from error
    if posts.left_out:
        print(f"{display_path(path)}: {len(table):,} posts{posts.left_out_in_words()}.")
    return table


def answers_of(posts: pd.DataFrame) -> pd.DataFrame:
    """The answers among `posts`, a row each, beside their questions, in the order of `posts`.

    Columns: `question` and `answer` (ids), `title` of the question, `text` and `score` of the
    answer, and whether it is the `accepted` one. Answers whose question isn't there are left out.
    """
    questions = posts.loc[posts["kind"] == "question", ["id", "title", "accepted"]]
    answers = posts.loc[posts["kind"] == "answer", ["id", "parent", "text", "score"]]
    pairs = answers.rename(columns={"id": "answer", "parent": "question"}).merge(
        questions.rename(columns={"id": "question"}), on="question", validate="many_to_one"
    )
    pairs["accepted"] = (pairs["accepted"] == pairs["answer"]).fillna(False).astype(bool)
    columns = ["question", "answer", "title", "text", "accepted", "score"]
    return pairs[columns].astype({"question": "int64"})


def _read(path: Path, posts: "_Posts") -> None:
    """Report every post in the file to `posts`."""
    if path.suffix.lower() == ".zip":
        _read_export(path, posts)
        return
    # Unresolved, "&amp;" would come as "&#38;". Only XML's own entities are left to be resolved,
    # since `posts` refuses a document type declaration, which alone could declare others.
    parser = etree.XMLParser(target=posts, resolve_entities="internal", no_network=True)
    xml = _Cleaned(parser, posts.left_out)
    with path.open("rb") as file:
        if path.suffix.lower() == ".xml":
            shutil.copyfileobj(file, xml)
        else:
            _unpack_dump(file, path, xml)
    xml.finish()


def _unpack_dump(file: BinaryIO, path: Path, xml: "_Cleaned") -> None:
    """Write Posts.xml to `xml`; no other member of the archive is unpacked."""
    with SevenZipFile(file) as archive:
        name = find_member(archive.namelist(), MEMBER)
        strange = GREEDY.intersection(archive.archiveinfo().method_names)
        if strange:
            raise ValueError(f"packed with {', '.join(sorted(strange))}, which no dump is")
        check_size(sum(member.uncompressed for member in archive.files), most_unpacked(path))
        archive.extract(targets=[name], factory=xml)


def _read_export(path: Path, posts: "_Posts") -> None:
    """Report the questions in a zip archive that holds one table in CSV."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
        with (
            archive.open(find_member(archive.namelist(), "*.csv")) as stream,
            warnings.catch_warnings(record=True, action="always") as skipped,
        ):
            table = pd.read_csv(stream, dtype="str", na_filter=False, on_bad_lines="warn")
    if not EXPORT.keys() <= set(table):
        raise ValueError(f"columns {list(table)} where {list(EXPORT)} were expected")
    for warning in skipped:
        posts.left_out["lines with more fields"] += str(warning.message).count("Skipping line")
    for row in table.rename(columns=EXPORT).assign(PostTypeId="1").to_dict("records"):
        posts.add(row)


class _Enough(Exception):
    """As many posts are read as were asked for."""


class _Posts:
    """Collects posts. It is also what an XML parser reports the rows of Posts.xml to."""

    def __init__(self, limit: int | None):
        self.limit = limit
        self.found: dict[int, tuple] = {}  # by id, values in the order of `TYPES`
        self.left_out: Counter[str] = Counter()  # by reason
        self.html = etree.HTMLParser(target=_Body(), no_network=True)

    def add(self, row: Mapping[str, str]) -> None:
        if row.get("PostTypeId") not in KINDS:
            return
        try:
            post = _parse_row(row, self.html)
        except ValueError as reason:
            self.left_out[str(reason)] += 1
            return
        if post[0] in self.found:
            self.left_out["posts with the id of another"] += 1
            return
        self.found[post[0]] = post
        if len(self.found) == self.limit:
            raise _Enough

    def left_out_in_words(self) -> str:
        """How much was left out, and the most frequent reasons; "" if nothing was."""
        if not self.left_out:
            return ""
        reasons = [f"{reason} ({count:,})" for reason, count in self.left_out.most_common(5)]
        return f"; left out, {self.left_out.total():,} in all: {', '.join(reasons)}"

    def doctype(self, *_: str | None) -> None:
        raise ValueError("a document type declaration, which no dump has and which isn't safe")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "row":
            self.add(attributes)

    def close(self) -> None:
        """Nothing is left to do at the end of the file."""


class _Cleaned(WriterFactory, NullIO):
    """Hands what is written to it on to a parser of XML, without the characters that XML forbids.

    py7zr writes what it unpacks to it, piece by piece, so that nothing goes to the disk.
    """

    def __init__(self, parser: etree.XMLParser, left_out: Counter[str]):
        self.parser = parser
        self.left_out = left_out
        self.rest = b""  # the end of the last piece, where a reference may have begun

    def create(self, filename: str) -> "_Cleaned":
        return self

    def write(self, data: bytes | bytearray) -> int:
        piece = self.rest + data
        end = piece.rfind(b"&", -LONGEST_REFERENCE)
        if end < 0:
            end = len(piece)
        self.rest = piece[end:]
        self.feed(piece[:end])
        return len(data)

    def finish(self) -> None:
        if self.rest:
            self.feed(self.rest)
        self.parser.close()

    def feed(self, piece: bytes) -> None:
        kept = piece
        if b"\0" not in piece:  # UTF-16 has it in every piece, and such bytes in its letters
            kept = piece.translate(None, CONTROLS)
        self.left_out += Counter({FORBIDDEN: len(piece) - len(kept)})  # which leaves out a zero
        self.parser.feed(REFERENCE.sub(self.kept_reference, kept))

    def kept_reference(self, match: re.Match) -> bytes:
        """The reference to a character, or nothing if XML doesn't allow it."""
        number = int(match[1], 16) if match[1] else int(match[2])
        if number <= sys.maxunicode and CHARACTER.match(chr(number)):
            return match[0]
        self.left_out[FORBIDDEN] += 1
        return b""


class _Body:
    """What an HTML parser reports of a post's body; `close` returns its text and its code.

    A parser that reports builds no tree: this takes a third of the time, and any depth of nesting.
    """

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        self.text: list[str] = []
        self.code: list[str] = []
        self.current = self.text

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        self.cross(tag, self.code)

    def end(self, tag: str) -> None:
        self.cross(tag, self.text)

    def cross(self, tag: str, beyond: list[str]) -> None:
        """What follows a tag of `pre` goes `beyond` it, to the code or back to the text."""
        if tag in BLOCKS:
            self.current.append(BREAK)
        if tag == "pre":
            self.current = beyond

    def data(self, text: str) -> None:
        self.current.append(text)

    def close(self) -> tuple[str, str]:
        lines = [" ".join(line.split()) for line in "".join(self.text).split(BREAK)]
        blocks = [block.strip("\n") for block in "".join(self.code).split(BREAK)]
        self.begin()
        return "\n".join(filter(None, lines)), "\n".join(filter(None, blocks))


def _parse_row(row: Mapping[str, str], html: etree.HTMLParser) -> tuple:
    """A post from the attributes of its row. Raises `ValueError` if it is to be left out."""
    if row.get("DeletionDate"):
        raise ValueError("deleted posts")
    kind = KINDS[row["PostTypeId"]]
    title = row.get("Title")
    body = row.get("Body", "").strip()
    if not body or (kind == "question" and not (title or "").strip()):
        raise ValueError("posts without title or body")
    if not row.get("Id"):
        raise ValueError("posts without Id")
    values = (
        _number(row, "Id"),
        kind,
        _number(row, "ParentId"),
        _number(row, "AcceptedAnswerId"),
        _number(row, "Score"),
        _number(row, "ViewCount"),
        _date(row, "CreationDate"),
        title,
        re.findall(r"[^<>| ]+", row.get("Tags", "")),  # <a><b>, since 2023 |a|b|, in exports a b
    )
    html.feed(body)
    return values + html.close()


def _number(row: Mapping[str, str], name: str) -> int | None:
    text = row.get(name, "")
    if text and not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise ValueError(f"posts with {name}={text[:40]!r}")
    return int(text) if text else None


def _date(row: Mapping[str, str], name: str) -> datetime | None:
    """In UTC, which dumps don't state, though copies of them may."""
    text = row.get(name, "")
    if not text:
        return None
    try:
        date = datetime.fromisoformat(text)
        if date.tzinfo:
            date = date.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"posts with {name}={text[:40]!r}") from error
    return date.replace(tzinfo=None)
