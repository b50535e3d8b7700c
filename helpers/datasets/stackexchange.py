"""Questions and answers of a Stack Exchange site: a dump of its posts, or a table of questions."""

import contextlib
import math
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

from helpers import reading
from helpers.archives import check_size, check_zip, most_unpacked

import pandas as pd
from lxml import etree
from py7zr import SevenZipFile
from py7zr.io import NullIO, WriterFactory

MEMBER = "Posts.xml"
KINDS = {"1": "question", "2": "answer"}  # by PostTypeId; the others are wikis, tags' texts ...
EXPORT = {"id": "Id", "title": "Title", "content": "Body", "tags": "Tags"}  # columns of a table
ATTRIBUTES = {  # of a row, and the columns that they come in as they are
    "Id": "id",
    "ParentId": "parent",
    "AcceptedAnswerId": "accepted",
    "Score": "score",
    "ViewCount": "views",
    "CreationDate": "created",
    "Title": "title",
}
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
HTML = etree.HTMLParser(remove_comments=True, remove_pis=True, no_network=True)
BLOCK_TAG = re.compile(  # of elements that begin on a line of their own, and of br
    r"<(?=/?(?:blockquote|br|d[dlt]|div|h[1-6r]|li|[ou]l|p|pre|table|t[dhr])\b)", re.IGNORECASE
)
BREAK = "\u2029"  # Unicode's paragraph separator: stands where a block begins or ends
GREEDY = {"DEFLATE", "DEFLATE64", "ZStandard"}  # py7zr unpacks a megabyte of these in one go


def read_posts(path: Path, limit: float = math.inf) -> pd.DataFrame:
    """The questions and answers of a site, one row a post, in the order of the file.

    `path` is the 7z archive of a dump, the file Posts.xml from it (or another name that ends in
    ".xml"), or a zip archive with a table of questions (columns `EXPORT`, tags between spaces).

    Columns: `id`, `kind` ("question" or "answer"), `parent` (the question, of an answer),
    `accepted` (the accepted answer, of a question), `score`, `views`, `created` (UTC), `title`,
    `tags` (a list), `text` and `code`. What a post or the whole file lacks is missing; tags are
    an empty list then. `text` is the body without markup and blocks of code, a line a paragraph;
    `code` holds those blocks, "" if there are none.

    Posts of other kinds are left out, so are questions without a title and posts without a body;
    of several with one id the first is kept. Reading stops after `limit` posts. A dump is parsed
    while it is unpacked: memory depends on the posts kept alone.

    Raises `CookbookError` if the file can't be read to its end, or has no question.
    """
    posts = _Posts(limit)
    with reading(path, "the posts of a site"):
        with contextlib.suppress(_Enough):
            _read(path, posts)
        table = pd.DataFrame(list(posts.found.values()), columns=list(TYPES), dtype=object)
        table = table.astype(TYPES)
        if not (table["kind"] == "question").any():
            raise ValueError("no questions there")
    return table


def answers_of(posts: pd.DataFrame) -> pd.DataFrame:
    """The answers among `posts`, a row each, beside their questions, in the order of `posts`.

    Columns: `question` and `answer` (ids), `title` of the question, `text` and `score` of the
    answer, and whether it is the `accepted` one. Answers whose question isn't there are left out.
    """
    questions = posts.loc[posts["kind"] == "question", ["id", "title", "accepted"]]
    answers = posts.loc[posts["kind"] == "answer", ["id", "parent", "text", "score"]]
    pairs = answers.rename(columns={"id": "answer", "parent": "question"}).merge(
        questions.rename(columns={"id": "question"}), on="question"
    )
    pairs["accepted"] = (pairs["accepted"] == pairs["answer"]).fillna(False).astype(bool)
    columns = ["question", "answer", "title", "text", "accepted", "score"]
    return pairs[columns].astype({"question": "int64"})


def _read(path: Path, posts: "_Posts") -> None:
    """Report every post in the file to `posts`."""
    # Unresolved, "&amp;" would come as "&#38;". Only XML's own entities are left to be resolved,
    # since `posts` refuses a document type declaration, which alone could declare others.
    parser = etree.XMLParser(target=posts, resolve_entities="internal", no_network=True)
    if path.suffix == ".zip":
        _read_export(path, posts)
    elif path.suffix == ".xml":
        with path.open("rb") as file:
            etree.parse(file, parser)
    else:
        _unpack_dump(path, parser)


def _unpack_dump(path: Path, parser: etree.XMLParser) -> None:
    """Feed Posts.xml to the parser; no other member of the archive is unpacked."""
    with SevenZipFile(path) as archive:
        if MEMBER not in archive.namelist():
            raise ValueError(f"no {MEMBER} in it")
        strange = GREEDY.intersection(archive.archiveinfo().method_names)
        if strange:
            raise ValueError(f"packed with {', '.join(strange)}, which no dump is")
        check_size(sum(member.uncompressed for member in archive.files), most_unpacked(path))
        archive.extract(targets=[MEMBER], factory=_Unpacked(parser))
    parser.close()


def _read_export(path: Path, posts: "_Posts") -> None:
    """Report the questions in a zip archive that holds one table in CSV."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
    table = pd.read_csv(path, usecols=list(EXPORT), dtype="str", na_filter=False)
    for row in table.rename(columns=EXPORT).assign(PostTypeId="1").to_dict("records"):
        posts.add(row)


class _Enough(Exception):
    """As many posts are read as were asked for."""


class _Posts:
    """Collects posts. It is also what an XML parser reports the rows of Posts.xml to."""

    def __init__(self, limit: float):
        self.limit = limit
        self.found: dict[str, dict] = {}  # by id

    def add(self, row: Mapping[str, str]) -> None:
        kind = KINDS.get(row.get("PostTypeId"))
        body = row.get("Body", "").strip()
        if not kind or not body or (kind == "question" and not row.get("Title", "").strip()):
            return
        post = {column: row.get(attribute) for attribute, column in ATTRIBUTES.items()}
        post["kind"] = kind
        # <a><b>, since 2023 |a|b|, in exports a b
        post["tags"] = re.findall(r"[^<>| ]+", row.get("Tags", ""))
        post["text"], post["code"] = _text_and_code(body)
        self.found.setdefault(post["id"], post)
        if len(self.found) >= self.limit:
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


def _text_and_code(body: str) -> tuple[str, str]:
    """The text of a post and its blocks of code, from HTML."""
    marked = BLOCK_TAG.sub(BREAK + "<", body)
    root = etree.fromstring(f"<div>{marked}", HTML)
    blocks = []
    for element in root.iter("pre"):
        blocks += "".join(element.itertext()).split(BREAK)
    etree.strip_elements(root, "pre", with_tail=False)
    text = etree.tostring(root, method="text", encoding="unicode")
    lines = [" ".join(line.split()) for line in text.split(BREAK)]
    blocks = [block.strip("\n") for block in blocks]
    return "\n".join(filter(None, lines)), "\n".join(filter(None, blocks))
