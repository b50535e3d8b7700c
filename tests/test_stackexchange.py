"""The posts of a site come out of its dump exactly, in flat memory, or not at all."""

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser
from pathlib import Path

from helpers import ROOT, CookbookError
from helpers.datasets import stackexchange
from helpers.datasets.stackexchange import answers_of, read_posts
from helpers.fetch import fetch

import pandas as pd
import pytest
from py7zr import FILTER_COPY, SevenZipFile
from py7zr.io import BytesIOFactory
from samples.packing import seven_zipped
from samples.stackexchange import THINGS, posts_xml

SITES = list(THINGS)
STORED = [{"id": FILTER_COPY}]  # packs nothing: the bytes of the members stand in the archive


def question(number, **attributes):
    return {"Id": number, "PostTypeId": 1, "Title": "Why?", "Body": "<p>Tell</p>", **attributes}


def answer(number, parent, **attributes):
    return {"Id": number, "PostTypeId": 2, "ParentId": parent, "Body": "<p>So</p>", **attributes}


def write(folder: Path, *rows: dict) -> Path:
    """A dump with these rows."""
    return write_xml(folder, posts_xml(rows))


def write_xml(folder: Path, xml: str | bytes, **options) -> Path:
    """An archive whose Posts.xml holds `xml`, as it is."""
    path = folder / "site.7z"
    with SevenZipFile(path, "w", **options) as archive:
        archive.writestr(xml, "Posts.xml")
    return path


def only(posts: pd.DataFrame, column: str):
    (value,) = posts[column]
    return value


# Rows


def test_every_attribute_comes_in_its_column_and_type(tmp_path):
    asked = {"AcceptedAnswerId": 8, "Score": -3, "ViewCount": 42, "Tags": "<a><b-2>"}
    asked |= {"CreationDate": "2014-01-21T20:26:05.383", "Title": 'Is "2 < 3" & Café?'}
    posts = read_posts(write(tmp_path, question(7, **asked), answer(8, 7, Score=5)))
    assert list(posts.columns) == stackexchange.COLUMNS
    first, second = posts.to_dict("records")
    created = pd.Timestamp("2014-01-21 20:26:05.383")
    assert first == {
        **{"id": 7, "kind": "question", "parent": None, "accepted": 8, "score": -3, "views": 42},
        **{"created": created, "title": 'Is "2 < 3" & Café?', "tags": ["a", "b-2"]},
        **{"text": "Tell", "code": ""},
    }
    assert (second["id"], second["kind"], second["parent"], second["score"]) == (8, "answer", 7, 5)
    assert second["tags"] == []
    missing = ["accepted", "views", "created", "title"]
    assert posts.loc[1, missing].isna().all()
    types = posts.dtypes[["id", "parent", "accepted", "score", "views", "created"]].astype(str)
    assert types.tolist() == ["int64", "Int64", "Int64", "Int64", "Int64", "datetime64[ms]"]


def test_what_the_whole_dump_lacks_is_missing(tmp_path):
    full = read_posts(write(tmp_path, question(1, Score=1, CreationDate="2014-01-21")))
    bare = read_posts(write(tmp_path, question(1)))
    assert bare[["parent", "accepted", "score", "views", "created"]].isna().all(axis=None)
    assert only(bare, "tags") == [] and only(bare, "title") == "Why?"
    assert (bare.dtypes == full.dtypes).all()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ("<bread><sour-dough>", ["bread", "sour-dough"]),
        ("|bread|sour-dough|", ["bread", "sour-dough"]),
        ("<c#><.net><c++>", ["c#", ".net", "c++"]),
        ("|c#|", ["c#"]),
        ("", []),
    ],
)
def test_tags_are_read_as_older_and_newer_dumps_write_them(tmp_path, tags, expected):
    assert only(read_posts(write(tmp_path, question(1, Tags=tags))), "tags") == expected


def test_other_kinds_and_posts_without_title_or_body_are_left_out(tmp_path):
    without_title = question(3)
    del without_title["Title"]
    without_body = answer(4, 2)
    del without_body["Body"]
    others = [question(10 + kind, PostTypeId=kind) for kind in range(3, 9)]
    blank = [question(5, Title=" "), question(6, Body=""), answer(7, 2, Body="\n")]
    rows = [question(2), without_title, without_body, *blank, {"Id": 8}, *others, answer(9, 2)]
    assert read_posts(write(tmp_path, *rows))["id"].tolist() == [2, 9]


def test_of_posts_with_one_id_the_first_is_kept(tmp_path):
    rows = [question(1, Title="first"), answer(2, 1), question(1, Title="second"), answer(1, 1)]
    posts = read_posts(write(tmp_path, *rows))
    assert posts["id"].tolist() == [1, 2] and posts["title"][0] == "first"
    rows = [question(1, Title=""), question(1, Title="second")]
    assert only(read_posts(write(tmp_path, *rows)), "title") == "second"


def test_reading_stops_at_the_limit(tmp_path):
    rows = [question(1), question(2, PostTypeId=5), answer(1, 1), answer(3, 1), question(4)]
    path = write(tmp_path, *rows)
    assert [len(read_posts(path, limit)) for limit in (1, 2, 3, 4, None)] == [1, 2, 3, 3, 3]
    assert read_posts(path, limit=2).equals(read_posts(path)[:2])
    cut = posts_xml(rows).partition('<row Id="4"')[0]
    assert read_posts(write_xml(tmp_path, cut), limit=2)["id"].tolist() == [1, 3]
    with pytest.raises(CookbookError, match="2 posts read.: it ends early"):
        read_posts(write_xml(tmp_path, cut), limit=3)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tmp_path, limit):
    with pytest.raises(CookbookError, match=f"limit = {limit}: at least 1 is needed, or None"):
        read_posts(write(tmp_path, question(1)), limit)


# Bodies


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<p>One\ntwo  three</p>\n\n<p> four\t</p>", "One two three\nfour"),
        ("no <b>mark</b>up: <code>x &lt; y</code>", "no markup: x < y"),
        ("a<br>b<br/>c<hr>d", "a\nb\nc\nd"),
        ("<ul>\n<li>a</li>\n<li>b <em>c</em></li>\n</ul>", "a\nb c"),
        ("<h2>a</h2>b<blockquote>\n<p>c</p>\n</blockquote>d", "a\nb\nc\nd"),
        ("<table><tr><th>a</th><td>b</td></tr><tr><td>c</td></tr></table>", "a\nb\nc"),
        ("1&nbsp;&nbsp;2 &eacute; &#233; &#xE9; &quot;&hellip;", '1 2 é é é "…'),
        ("&amp;lt; &amp;amp; AT&T <b>&</b>", "&lt; &amp; AT&T &"),
        ("½ 🍞 naïve 日本\u2029語", "½ 🍞 naïve 日本\n語"),
        ('<p>a <a href="x?a=1&amp;b=2" title="1 > 2">b</a><img alt="c" src="d"></p>', "a b"),
        ("a<!-- b --><!-- <p> -->c", "ac"),
        ("<p>unclosed <b>tags <p>are <i>closed", "unclosed tags\nare closed"),
        ("2 < 3 > 1", "2 < 3 > 1"),
        ("a&#27;b", "a\x1bb"),
        ('<?xml version="1.0" encoding="ascii"?>é', "é"),
        ('<meta charset="latin-1">é', "é"),
        ("<div>" * 3000 + "deep", "deep"),
        ("<img src='x'>", ""),
    ],
)
def test_a_body_becomes_plain_text_a_line_a_paragraph(tmp_path, body, text):
    posts = read_posts(write(tmp_path, question(1, Body=body), answer(2, 1, Body="<p>next</p>")))
    assert posts["text"].tolist() == [text, "next"]
    assert not posts["code"].any()


@pytest.mark.parametrize(
    ("body", "text", "code"),
    [
        ("<p>a</p><pre><code>x &lt;  1:\n    y\n</code></pre><p>b</p>", "a\nb", "x <  1:\n    y"),
        ("a<pre>\n  x\n\n  y\n</pre>b", "a\nb", "  x\n\n  y"),
        ("<pre>x\n</pre>a<pre class='lang-py'>y</pre>", "a", "x\ny"),
        ("<pre>x<br>y<div>z</div></pre>", "", "x\ny\nz"),
        ("<pre>x <b>y</b></pre> and <code>z</code>", "and z", "x y"),
        ("<pre>never closed", "", "never closed"),
    ],
)
def test_blocks_of_code_are_kept_apart(tmp_path, body, text, code):
    posts = read_posts(write(tmp_path, question(1, Body=body), answer(2, 1, Body="<p>next</p>")))
    assert posts["text"].tolist() == [text, "next"]
    assert posts["code"].tolist() == [code, ""]


# Answers


def test_answers_stand_beside_their_questions(tmp_path):
    rows = [
        answer(1, 5, Body="early"),
        question(2, Title="A", AcceptedAnswerId=4),
        answer(3, 2, Score=9, Body="<p>no</p>"),
        answer(4, 2, Score=-1, Body="<p>yes</p>"),
        question(5, Title="B"),
        answer(6, 99),  # its question isn't there
        question(7, Title="C", AcceptedAnswerId=99),
        answer(8, 3),  # an answer is no question
    ]
    pairs = answers_of(read_posts(write(tmp_path, *rows)))
    assert list(pairs) == ["question", "answer", "title", "text", "accepted", "score"]
    assert pairs.drop(columns="score").to_numpy().tolist() == [
        [5, 1, "B", "early", False],
        [2, 3, "A", "no", False],
        [2, 4, "A", "yes", True],
    ]
    assert pairs["score"].tolist() == [pd.NA, 9, -1] and pairs["accepted"].dtype == bool


def test_a_dump_of_questions_alone_has_no_answers(tmp_path):
    pairs = answers_of(read_posts(write(tmp_path, question(1))))
    assert pairs.empty and "accepted" in pairs


# Archives


def test_nothing_but_the_posts_is_read_and_nothing_written(tmp_path, monkeypatch):
    """Each call adds a block of its own to the archive; only the one of the posts is sound."""
    path, empty = tmp_path / "site.7z", tmp_path / "empty"
    members = {"Badges.xml": "<badges", "Posts.xml": posts_xml([question(1)])}
    members |= {"Posts.xml.old": "<posts", "a/Posts.xml": "<posts"}
    for mode, (name, text) in zip("waaa", members.items(), strict=True):
        with SevenZipFile(path, mode, filters=STORED) as archive:
            archive.writestr(text, name)
    path.write_bytes(path.read_bytes().replace(b"<badges", b"damaged"))
    empty.mkdir()
    monkeypatch.chdir(empty)
    assert read_posts(path)["id"].tolist() == [1]
    assert not any(empty.iterdir()) and list(tmp_path.glob("*.*")) == [path]


def test_an_archive_without_posts_says_what_it_holds(tmp_path):
    path = tmp_path / "site.7z"
    path.write_bytes(seven_zipped({"Users.xml": "<users/>", "Tags.xml": "<tags/>"}))
    held = "It holds Users.xml, Tags.xml; a dump of a Stack Exchange site is needed"
    with pytest.raises(CookbookError, match=f"^site.7z: no Posts.xml in it. {held}"):
        read_posts(path)
    path.write_bytes(seven_zipped({}))
    with pytest.raises(CookbookError, match="^site.7z: no Posts.xml in it. It holds nothing;"):
        read_posts(path)


@pytest.mark.parametrize(
    "content", [b"", b"7z", b"PK\x03\x04" * 30, b"<posts/>", b"7z\xbc\xaf\x27\x1c" + bytes(99)]
)
def test_what_is_no_archive_is_refused(tmp_path, content):
    (tmp_path / "site.7z").write_bytes(content)
    with pytest.raises(CookbookError, match="^site.7z: not readable as a 7z .*Delete the file"):
        read_posts(tmp_path / "site.7z")


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "site.7z", tmp_path):
        with pytest.raises(CookbookError, match=f"^{path.name}: no such file"):
            read_posts(path)


@pytest.mark.parametrize("filters", [None, STORED], ids=["packed", "stored"])
def test_an_archive_cut_anywhere_is_refused(tmp_path, filters):
    xml = posts_xml(question(number) for number in range(50))
    path = write_xml(tmp_path, xml, filters=filters)
    whole = path.read_bytes()
    for size in range(0, len(whole), 1 + len(whole) // 50):
        path.write_bytes(whole[:size])
        with pytest.raises(CookbookError, match="^site.7z: not readable as a 7z archive"):
            read_posts(path)


def test_a_single_changed_letter_is_noticed(tmp_path):
    path = write_xml(tmp_path, posts_xml([question(1)]), filters=STORED)
    path.write_bytes(path.read_bytes().replace(b"Why?", b"Who?"))
    with pytest.raises(CookbookError, match="not readable as a 7z archive [(]CrcError"):
        read_posts(path)


def test_damage_within_packed_data_is_noticed(tmp_path):
    path = write_xml(tmp_path, posts_xml(question(number) for number in range(500)))
    whole = path.read_bytes()
    for place in range(40, len(whole) - 100, len(whole) // 30):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with pytest.raises(CookbookError, match="^site.7z(:|, Posts.xml).*Delete the file"):
            read_posts(path)


@pytest.mark.parametrize("header", [False, True], ids=["posts", "header too"])
def test_a_password_is_named_as_the_reason(tmp_path, header):
    xml = posts_xml([question(1)])
    path = write_xml(tmp_path, xml, password="secret", header_encryption=header)
    with pytest.raises(CookbookError, match="^site.7z: protected by a password"):
        read_posts(path)


# XML


def row(number: int = 1, title: str = "Why?") -> str:
    return f'<row Id="{number}" PostTypeId="1" Title="{title}" Body="Tell" />'


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 10))


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", r"\(0 posts read\): it ends early, or isn't XML"),
        ("hello", r"\(0 posts read\): it ends early, or isn't XML"),
        (f"<posts>{row(1)}{row(2)}", r"\(2 posts read\): it ends early, .*Delete the file"),
        (f"<posts>{row(1)}{row(2)[:20]}", r"\(1 posts read\): it ends early, or isn't XML"),
        (f"<posts>{row(1)}<row Id=2 /></posts>", r"\(1 posts read\): it ends early, or isn't"),
        (f"<posts>{row(1)}</posts><posts/>", r"\(1 posts read\): it ends early, or isn't XML"),
        (f"<posts>{row(1, '&eacute;')}</posts>", r"'eacute' not defined"),
        (f"<posts>{row(1, '&#0;')}</posts>", r"\(0 posts read\): it ends early, or isn't XML"),
        (b"<posts>" + row(1, "É").encode("latin-1") + b"</posts>", "or isn't XML"),
        (f"<posts>{row(1)}{row(2, 'x' * 20_000_000)}</posts>", r"it ends .* limit exceeded"),
        (f"<users>{row()}</users>", "<users> in a place where <posts><row .../>... was expected"),
        (f"<row>{row()}</row>", "<row> in a place where"),
        (f"<posts>{row()}<user/></posts>", r"\(1 posts read\): <user> in a place where"),
        (f"<posts><row>{row()}</row></posts>", r"\(0 posts read\): <row> in a place where"),
        ("<posts>" + "<posts>" * 100_000, "<posts> in a place where"),
        (f"<!DOCTYPE posts><posts>{row()}</posts>", "a document type declaration, which no dump"),
        (
            f"<!DOCTYPE posts [{LAUGHS}]><posts>{row(1, '&l9;')}</posts>",
            "document type declaration",
        ),
        (
            f'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hosts">]><posts>{row(1, "&x;")}</posts>',
            "a document type declaration",
        ),
        ("<posts></posts>", "no questions there"),
        ("<posts><row Id='1' PostTypeId='2' Body='b'/></posts>", r"\(1 posts read\): no questions"),
    ],
)
def test_xml_that_is_no_whole_dump_is_refused(tmp_path, xml, message):
    with pytest.raises(CookbookError, match=f"^site.7z, Posts.xml .*{message}"):
        read_posts(write_xml(tmp_path, xml, filters=STORED))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"Id": "x"}, "Id='x' can't be read"),
        ({"Id": "1.5"}, "Id='1.5' can't be read"),
        ({"Id": "9" * 30}, "Id='999.*' can't be read"),
        ({"Score": "many"}, "Score='many' can't be read"),
        ({"AcceptedAnswerId": ""}, "AcceptedAnswerId='' can't be read"),
        ({"CreationDate": "yesterday"}, "CreationDate='yesterday' can't be read"),
        ({"CreationDate": "2014-02-30T00:00:00"}, "CreationDate='2014-02-30.*' can't be read"),
    ],
)
def test_a_value_that_is_no_number_or_date_is_named(tmp_path, attributes, message):
    path = write(tmp_path, question(1), question(2, **attributes))
    with pytest.raises(CookbookError, match=rf"^site.7z, Posts.xml \(2 posts read\): {message}"):
        read_posts(path)


def test_a_post_without_id_is_refused(tmp_path):
    with pytest.raises(CookbookError, match="a post without Id"):
        read_posts(write(tmp_path, question(1), {"PostTypeId": 1, "Title": "a", "Body": "b"}))


@pytest.mark.parametrize("piece", [1, 7, 2**16])
def test_it_makes_no_difference_where_the_pieces_end(tmp_path, monkeypatch, piece):
    rows = [question(1, Title="É & 🍞", Body="<p>&eacute; 🍞</p>"), answer(2, 1)]
    path = write(tmp_path, *rows)
    monkeypatch.setattr(stackexchange, "PIECE", piece)
    posts = read_posts(path)
    assert posts["title"][0] == "É & 🍞" and posts["text"].tolist() == ["é 🍞", "So"]


MEMORY = """
import sys
from pathlib import Path
from helpers.datasets.stackexchange import read_posts
for name in sys.argv[1:]:
    posts = len(read_posts(Path(name)))
    status = dict(line.split(":") for line in Path("/proc/self/status").read_text().splitlines())
    print(posts, status["VmHWM"].removesuffix(" kB"))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="this system has no /proc")
def test_memory_does_not_grow_with_the_dump(tmp_path):
    """In a process of its own, whose peak in kB the system tells."""
    body = "<p>&eacute;" * 2000
    for name, count in {"small": 50, "large": 3000}.items():
        rows = (question(i, PostTypeId=1 if i < 9 else 5, Body=body) for i in range(count))
        write_xml(tmp_path, posts_xml(rows), filters=STORED).rename(tmp_path / name)
    assert (tmp_path / "large").stat().st_size > 120e6
    command = [sys.executable, "-c", MEMORY, tmp_path / "small", tmp_path / "large"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    (posts, before), (same, after) = (map(int, line.split()) for line in done.stdout.splitlines())
    assert posts == same == 9
    assert after - before < 20e3, "kB, of 120e3 unpacked"


# Against another reading


class Reference(HTMLParser):
    """Text and code of a body by the parser of the standard library."""

    def __init__(self, body: str):
        super().__init__()
        self.lines, self.blocks, self.in_code = [""], [], False
        self.feed(body)
        self.close()
        self.lines = [line for line in (" ".join(line.split()) for line in self.lines) if line]

    def handle_starttag(self, tag, attrs):
        if tag in stackexchange.BLOCKS:
            self.lines.append("")
        if tag == "pre":
            self.in_code = True
            self.blocks.append("")

    def handle_endtag(self, tag):
        if tag in stackexchange.BLOCKS:
            self.lines.append("")
        if tag == "pre":
            self.in_code = False

    def handle_data(self, data):
        target = self.blocks if self.in_code else self.lines
        target[-1] += data


def reference_rows(path: Path) -> list[dict[str, str]]:
    factory = BytesIOFactory(limit=10**9)
    with SevenZipFile(path) as archive:
        archive.extract(targets=["Posts.xml"], factory=factory)
    root = ElementTree.fromstring(factory.get("Posts.xml").read())
    return [row.attrib for row in root if row.attrib["PostTypeId"] in "12"]


@pytest.fixture(params=[*SITES, *(f"{site}, real" for site in SITES)])
def dump(request) -> Path:
    """The sample of each site, and the real file where the mirror has it."""
    site, _, real = request.param.partition(", ")
    if not real:
        return fetch(f"stackexchange-{site}", "sample")
    mirror = ROOT / os.environ.get("COOKBOOK_MIRROR", "no mirror")
    path = mirror / f"{site}.stackexchange.com.7z"
    if not path.is_file():
        pytest.skip("COOKBOOK_MIRROR isn't a folder that holds this dump")
    return path


def test_posts_and_pairs_are_those_that_elementtree_finds(dump):
    rows, posts = reference_rows(dump), read_posts(dump)
    assert len(rows) >= 500
    assert posts["id"].tolist() == [int(row["Id"]) for row in rows]
    for column, attribute in stackexchange.ATTRIBUTES.items():
        if column not in ("tags", "created"):
            found = [None if pd.isna(value) else str(value) for value in posts[column]]
            assert found == [row.get(attribute) for row in rows], column
    dates = posts["created"].dt.strftime("%Y-%m-%dT%H:%M:%S.%f").str[:-3]
    assert dates.fillna("").tolist() == [row.get("CreationDate", "") for row in rows]
    bodies = [Reference(row["Body"]) for row in rows]
    assert posts["text"].tolist() == ["\n".join(body.lines) for body in bodies]
    code = ["\n".join(block.strip("\n") for block in body.blocks) for body in bodies]
    assert posts["code"].tolist() == code
    titles = {row["Id"]: row for row in rows if row["PostTypeId"] == "1"}
    pairs = answers_of(posts)
    assert pairs[["title", "answer", "accepted"]].to_numpy().tolist() == [
        [asked["Title"], int(row["Id"]), asked.get("AcceptedAnswerId") == row["Id"]]
        for row in rows
        if (asked := titles.get(row.get("ParentId")))
    ]
