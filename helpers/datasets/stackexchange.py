"""Questions and answers of a Stack Exchange site: a dump of its posts, or a table of questions."""

import contextlib
import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import check_size, check_zip, most_unpacked

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


def read_posts(path: Path, limit: int | None = None) -> pd.DataFrame:
    """The questions and answers of a site, one row a post, in the order of the file.

    `path` is the 7z archive of a dump, the file Posts.xml from it (or another name that ends in
    ".xml"), or a zip archive with a table of questions (columns `EXPORT`, tags between spaces).

    Columns: `id`, `kind` ("question" or "answer"), `parent` (the question, of an answer),
    `accepted` (the accepted answer, of a question), `score`, `views`, `created` (UTC), `title`,
    `tags` (a list), `text` and `code`. What a post or the whole file lacks is missing; tags are
    an empty list then. `text` is the body without markup and blocks of code, a line a paragraph;
    `code` holds those blocks, "" if there are none.

    Posts of other kinds are left out, so are questions without a title and posts without a body;
    of several with one id the first is kept. Reading stops after `limit` posts.

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
            raise ValueError("no questions there")
    except Exception as error:  # py7zr lets through whatever a decompressor raises
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CookbookError(
            f"{display_path(path)}: not readable as the posts of a site, after "
            f"{len(posts.found):,} of them ({reason}). {DOWNLOAD_AGAIN}"
        ) from error
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
    if path.suffix == ".zip":
        _read_export(path, posts)
        return
    # Unresolved, "&amp;" would come as "&#38;". Only XML's own entities are left to be resolved,
    # since `posts` refuses a document type declaration, which alone could declare others.
    parser = etree.XMLParser(target=posts, resolve_entities="internal", no_network=True)
    with path.open("rb") as file:
        if path.suffix == ".xml":
            etree.parse(file, parser)
        else:
            _unpack_dump(file, path, parser)


def _unpack_dump(file: BinaryIO, path: Path, parser: etree.XMLParser) -> None:
    """Feed Posts.xml to the parser; no other member of the archive is unpacked."""
    with SevenZipFile(file) as archive:
        names = archive.namelist()
        if MEMBER not in names:
            raise ValueError(f"no {MEMBER} in it, but {', '.join(names[:12]) or 'nothing'}")
        strange = GREEDY.intersection(archive.archiveinfo().method_names)
        if strange:
            raise ValueError(f"packed with {', '.join(sorted(strange))}, which no dump is")
        check_size(sum(member.uncompressed for member in archive.files), most_unpacked(path))
        archive.extract(targets=[MEMBER], factory=_Unpacked(parser))
    parser.close()


def _read_export(path: Path, posts: "_Posts") -> None:
    """Report the questions in a zip archive that holds one table in CSV."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
        tables = [name for name in archive.namelist() if name.endswith(".csv")]
        if len(tables) != 1:
            raise ValueError(f"{len(tables)} tables (.csv) in it, where one was expected")
        with archive.open(tables[0]) as stream:
            table = pd.read_csv(stream, usecols=list(EXPORT), dtype="str", na_filter=False)
    for row in table.rename(columns=EXPORT).assign(PostTypeId="1").to_dict("records"):
        posts.add(row)


class _Enough(Exception):
    """As many posts are read as were asked for."""


class _Posts:
    """Collects posts. It is also what an XML parser reports the rows of Posts.xml to."""

    def __init__(self, limit: int | None):
        self.limit = limit
        self.found: dict[int, tuple] = {}  # by id, values in the order of `TYPES`
        self.html = etree.HTMLParser(target=_Body(), no_network=True)

    def add(self, row: Mapping[str, str]) -> None:
        post = _parse_row(row, self.html)
        if post is None:
            return
        self.found.setdefault(post[0], post)
        if len(self.found) == self.limit:
            raise _Enough

    def doctype(self, *_: str | None) -> None:
        raise ValueError("a document type declaration, which no dump has and which isn't safe")

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "row":
            self.add(attributes)

    def close(self) -> None:
        """Nothing is left to do at the end of the file."""


class _Unpacked(WriterFactory, NullIO):
    """Hands what py7zr unpacks to a parser, piece by piece, so that nothing goes to the disk."""

    def __init__(self, parser: etree.XMLParser):
        self.parser = parser

    def create(self, filename: str) -> "_Unpacked":
        return self

    def write(self, data: bytes | bytearray) -> int:
        self.parser.feed(bytes(data))
        return len(data)


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


def _parse_row(row: Mapping[str, str], html: etree.HTMLParser) -> tuple | None:
    """A post from the attributes of its row, or None if it is one of those that are left out.

    Raises `ValueError` for an attribute that can't be read.
    """
    kind = KINDS.get(row.get("PostTypeId"))
    body = row.get("Body", "").strip()
    title = row.get("Title")
    if not kind or not body or (kind == "question" and not (title or "").strip()):
        return None
    if "Id" not in row:
        raise ValueError("a post without Id")
    html.feed(body)
    text, code = html.close()
    created = row.get("CreationDate")
    return (
        _number(row, "Id"),
        kind,
        _number(row, "ParentId"),
        _number(row, "AcceptedAnswerId"),
        _number(row, "Score"),
        _number(row, "ViewCount"),
        None if created is None else datetime.fromisoformat(created),
        title,
        re.findall(r"[^<>| ]+", row.get("Tags", "")),  # <a><b>, since 2023 |a|b|, in exports a b
        text,
        code,
    )


def _number(row: Mapping[str, str], name: str) -> int | None:
    if name not in row:
        return None
    if not re.fullmatch(r"-?[0-9]{1,18}", row[name]):
        raise ValueError(f"{name}={row[name]!r} can't be read")
    return int(row[name])
