"""Questions and answers of a Stack Exchange site: the file Posts.xml in the 7z of a data dump."""

import contextlib
from pathlib import Path

from helpers import DOWNLOAD_AGAIN, CookbookError, display_path
from helpers.archives import most_unpacked, too_much

import pandas as pd
from lxml import etree
from py7zr import SevenZipFile
from py7zr.exceptions import PasswordRequired
from py7zr.io import NullIO, WriterFactory

MEMBER = "Posts.xml"
LEVELS = ("posts", "row")  # the elements of that file, from the root inwards
KINDS = {"1": "question", "2": "answer"}  # by PostTypeId; the others are wikis, tags' texts ...
NUMBERS = {
    "id": "Id",
    "parent": "ParentId",
    "accepted": "AcceptedAnswerId",
    "score": "Score",
    "views": "ViewCount",
}
ATTRIBUTES = NUMBERS | {"created": "CreationDate", "title": "Title", "tags": "Tags"}
COLUMNS = ["id", "kind", *list(ATTRIBUTES)[1:], "text", "code"]
BLOCKS = frozenset(  # elements of HTML that begin on a line of their own, and br
    "blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p pre table td th tr ul".split()
)
BREAK = "\u2029"  # Unicode's paragraph separator: stands where a block begins or ends
GREEDY = {"DEFLATE", "DEFLATE64", "ZStandard"}  # py7zr unpacks a megabyte of these in one go
PIECE = 2**16  # bytes of XML parsed at a time


class _Enough(Exception):
    """As many posts are read as were asked for."""


class _Unpacked(WriterFactory, NullIO):
    """Hands what py7zr unpacks to a parser, piece by piece, so that nothing goes to the disk."""

    def __init__(self, parser: etree.XMLParser):
        self.parser = parser

    def create(self, filename: str) -> "_Unpacked":
        return self

    def write(self, data: bytes | bytearray) -> int:
        for start in range(0, len(data), PIECE):
            self.parser.feed(bytes(data[start : start + PIECE]))
        return len(data)


class _Body:
    """What an HTML parser reports of a post's body; `close` returns its text and its code.

    A parser that reports builds no tree: this takes a third of the time, and any depth of nesting.
    """

    def __init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.text: list[str] = []
        self.code: list[str] = []
        self.current = self.text

    def start(self, tag: str, _attributes: dict[str, str]) -> None:
        if tag in BLOCKS:
            self.current.append(BREAK)
        if tag == "pre":
            self.current = self.code

    def end(self, tag: str) -> None:
        if tag in BLOCKS:
            self.current.append(BREAK)
        if tag == "pre":
            self.current = self.text

    def data(self, text: str) -> None:
        self.current.append(text)

    def close(self) -> tuple[str, str]:
        lines = [" ".join(line.split()) for line in "".join(self.text).split(BREAK)]
        blocks = [block.strip("\n") for block in "".join(self.code).split(BREAK)]
        self._begin()
        return "\n".join(filter(None, lines)), "\n".join(filter(None, blocks))


class _Posts:
    """What an XML parser reports of Posts.xml; `found` holds its posts as rows of `COLUMNS`."""

    def __init__(self, path: Path, limit: int | None):
        self.path, self.limit = path, limit
        self.found: dict[str | None, tuple] = {}  # by id
        self.depth = 0
        self.html = etree.HTMLParser(target=_Body(), no_network=True)

    def error(self, problem: str) -> CookbookError:
        where = f"{display_path(self.path)}, {MEMBER} ({len(self.found):,} posts read)"
        return CookbookError(f"{where}: {problem}")

    def doctype(self, *_: str | None) -> None:
        raise self.error(
            f"a document type declaration, which no dump has and which isn't safe. {DOWNLOAD_AGAIN}"
        )

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        if self.depth == len(LEVELS) or tag != LEVELS[self.depth]:
            raise self.error(
                f"<{tag}> in a place where <posts><row .../>... was expected. {DOWNLOAD_AGAIN}"
            )
        self.depth += 1
        if tag == "row" and attributes.get("PostTypeId") in KINDS:
            self._add(attributes)

    def end(self, _tag: str) -> None:
        self.depth -= 1

    def close(self) -> None:
        """Nothing is left to do at the end of the file."""

    def _add(self, attributes: dict[str, str]) -> None:
        kind, body = KINDS[attributes["PostTypeId"]], attributes.get("Body", "").strip()
        named = kind == "answer" or attributes.get("Title", "").strip()
        if not (body and named) or attributes.get("Id") in self.found:
            return
        identity, *values = map(attributes.get, ATTRIBUTES.values())
        self.html.feed(body)
        self.found[identity] = (identity, kind, *values, *self.html.close())
        if len(self.found) == self.limit:
            raise _Enough


def read_posts(path: Path, limit: int | None = None) -> pd.DataFrame:
    """The questions and answers in the dump of a site, one row a post, in the dump's order.

    Columns: `id`, `kind` ("question" or "answer"), `parent` (the question, of an answer),
    `accepted` (the accepted answer, of a question), `score`, `views`, `created` (UTC), `title`,
    `tags` (a list), `text` and `code`. What a post or the whole dump lacks is missing; tags are
    an empty list then. `text` is the body without markup and blocks of code, a line a paragraph;
    `code` holds those blocks, "" if there are none.

    Posts of other kinds are left out, so are questions without a title and posts without a body;
    of several with one id the first is kept. Reading stops after `limit` posts.

    The dump is parsed while it is unpacked: memory depends on the posts kept alone. Raises
    `CookbookError` if it isn't a whole 7z with such a Posts.xml, or has no question.
    """
    path = Path(path)
    if limit is not None and limit < 1:
        raise CookbookError(f"limit = {limit}: at least 1 is needed, or None for all posts.")
    posts = _Posts(path, limit)
    with contextlib.suppress(_Enough):
        _parse(path, posts)
    table = _typed(pd.DataFrame(posts.found.values(), columns=COLUMNS, dtype="str"), posts)
    if not (table["kind"] == "question").any():
        raise posts.error("no questions there (rows with PostTypeId 1, Title and Body).")
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


def _parse(path: Path, posts: _Posts) -> None:
    """Report Posts.xml to `posts`. Raises `CookbookError` if it can't be read to its end."""
    if not path.is_file():
        raise CookbookError(f"{display_path(path)}: no such file.")
    # Unresolved, "&amp;" would come as "&#38;". Only XML's own entities are left to be resolved,
    # since `posts` refuses a document type declaration, which alone could declare others.
    parser = etree.XMLParser(
        target=posts, resolve_entities="internal", no_network=True, huge_tree=False
    )
    try:
        with path.open("rb") as file, SevenZipFile(file) as archive:
            names = archive.namelist()
            if MEMBER not in names:
                held = ", ".join(names[:12]) or "nothing"
                raise CookbookError(
                    f"{display_path(path)}: no {MEMBER} in it. It holds {held}; a dump of a Stack "
                    "Exchange site is needed."
                )
            _check_packing(archive, path)
            archive.extract(targets=[MEMBER], factory=_Unpacked(parser))
        parser.close()
    except (CookbookError, _Enough):
        raise
    except etree.XMLSyntaxError as error:
        reason = " ".join(error.msg.split())
        raise posts.error(f"it ends early, or isn't XML ({reason}). {DOWNLOAD_AGAIN}") from error
    except PasswordRequired as error:
        raise CookbookError(
            f"{display_path(path)}: protected by a password, which no dump is. {DOWNLOAD_AGAIN}"
        ) from error
    except Exception as error:  # py7zr lets through whatever a decompressor raises
        reason = f"{type(error).__name__}: {error}"
        raise CookbookError(
            f"{display_path(path)}: not readable as a 7z archive ({reason}). {DOWNLOAD_AGAIN}"
        ) from error


def _check_packing(archive: SevenZipFile, path: Path) -> None:
    """Raise `ValueError` for what can't be unpacked piece by piece, or holds too much."""
    if strange := GREEDY & {*archive.archiveinfo().method_names}:
        raise ValueError(f"packed with {', '.join(sorted(strange))}, which no dump is")
    if sum(file.uncompressed for file in archive.files) > (most := most_unpacked(path)):
        raise too_much(most)


def _typed(table: pd.DataFrame, posts: _Posts) -> pd.DataFrame:
    """The table of strings with numbers, dates and lists in their columns."""
    if table["id"].isna().any():
        raise posts.error(f"a post without Id. {DOWNLOAD_AGAIN}")
    for column, attribute in NUMBERS.items():
        _require(posts, attribute, table[column], table[column].str.fullmatch(r"-?[0-9]{1,18}"))
        table[column] = pd.array(table[column], dtype="Int64")
    created = pd.to_datetime(table["created"], format="ISO8601", errors="coerce").dt.as_unit("ms")
    _require(posts, "CreationDate", table["created"], created.notna())
    tags = table["tags"].fillna("").str.findall(r"[^<>|]+")  # <a><b> or, since 2023, |a|b|
    return table.assign(id=table["id"].astype("int64"), created=created, tags=tags)


def _require(posts: _Posts, attribute: str, values: pd.Series, valid: pd.Series) -> None:
    strange = values[values.notna() & ~valid.astype(bool)]
    if len(strange):
        raise posts.error(f"{attribute}={strange.iloc[0]!r} can't be read. {DOWNLOAD_AGAIN}")
