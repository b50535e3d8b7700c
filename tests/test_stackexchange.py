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
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py7zr import FILTER_COPY, SevenZipFile
from py7zr.io import BytesIOFactory
from samples.packing import seven_zipped, zipped
from samples.stackexchange import THINGS, posts_xml

SITES = list(THINGS)
ATTRIBUTES = {  # column: the attribute that it comes from as it is
    "id": "Id",
    "parent": "ParentId",
    "accepted": "AcceptedAnswerId",
    "score": "Score",
    "views": "ViewCount",
    "title": "Title",
}
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
    assert list(posts.columns) == list(stackexchange.TYPES)
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
    with pytest.raises(CookbookError, match="after 2 of them .*Premature end"):
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


# The posts without their archive, and a table of questions


def test_the_file_of_posts_may_stand_alone(tmp_path):
    rows = [question(1, Title="É & 🍞", Tags="<a><b>"), answer(2, 1)]
    alone = tmp_path / "my posts? #1.xml"
    alone.write_text(posts_xml(rows), encoding="utf-8")
    pd.testing.assert_frame_equal(read_posts(alone), read_posts(write(tmp_path, *rows)))
    assert len(read_posts(alone, limit=1)) == 1
    alone.write_text(posts_xml(rows)[:-9], encoding="utf-8")
    with pytest.raises(CookbookError, match="#1.xml: not readable .* after 2 of them"):
        read_posts(alone)


TABLE = """"id","title","content","tags"
"7","Is ""2 < 3"", & why?","<p>Tell
me</p>
<pre>x</pre>","bread sour-dough c++"
8,NA,NA,
8,again,again,
9,no content,,a
"""


def write_table(folder: Path, table: str | bytes, name: str = "cooking.csv", **others) -> Path:
    content = table.encode() if isinstance(table, str) else table
    (folder / "cooking.csv.zip").write_bytes(zipped({name: content} | others))
    return folder / "cooking.csv.zip"


def test_a_table_of_questions_gives_the_frame_of_a_dump_with_them(tmp_path):
    rows = [
        question(
            7,
            Title='Is "2 < 3", & why?',
            Body="<p>Tell\nme</p>\n<pre>x</pre>",
            Tags="<bread><sour-dough><c++>",
        ),
        question(8, Title="NA", Body="NA"),
    ]
    posts = read_posts(write_table(tmp_path, TABLE))
    pd.testing.assert_frame_equal(posts, read_posts(write(tmp_path, *rows)))
    assert posts["tags"][0] == ["bread", "sour-dough", "c++"] and posts["code"][0] == "x"
    assert read_posts(tmp_path / "cooking.csv.zip", limit=1)["id"].tolist() == [7]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cooking.csv.zip", "site.7z"]


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (TABLE.replace("content", "text"), "a.csv", "'text'.* where .*'content'.* were expected"),
        (TABLE.replace(",", ";"), "a.csv", "id;.*tags.* were expected"),
        (TABLE.encode("utf-16"), "a.csv", "can't decode byte"),
        (TABLE[:60], "a.csv", "EOF inside string"),
        (TABLE.splitlines()[0], "a.csv", "no questions there"),
        (TABLE, "cooking.txt", r"no \*.csv in it, but cooking.txt"),
    ],
)
def test_another_table_is_refused(tmp_path, table, name, message):
    path = write_table(tmp_path, table, name)
    with pytest.raises(CookbookError, match=f"^cooking.csv.zip: .*{message}.*Delete the file"):
        read_posts(path)


def test_a_table_saved_by_other_programs_gives_the_same_frame(tmp_path):
    expected = read_posts(write_table(tmp_path, TABLE))
    junk = {"__MACOSX/questions/._cooking.csv": b"\0\5\x16\7"}
    saved = b"\xef\xbb\xbf" + TABLE.replace("\n", "\r\n").encode()
    path = write_table(tmp_path, saved, "questions/cooking.csv", **junk)
    pd.testing.assert_frame_equal(read_posts(path), expected)


def test_a_row_of_a_table_that_is_out_of_line_costs_no_other(tmp_path, capsys):
    rows = [TABLE, "6,Why, me?,<p>a</p>,a b\n", "x,a,b,c\n", '5,"a",<p>b</p>,c d\n']
    assert read_posts(write_table(tmp_path, "".join(rows)))["id"].tolist() == [7, 8, 5]
    assert capsys.readouterr().out == (
        "cooking.csv.zip: 3 posts; left out, 4 in all: lines with more fields (1), posts with the "
        "id of another (1), posts without title or body (1), posts with Id='x' (1).\n"
    )


@pytest.mark.full
def test_the_public_table_of_cooking_gives_the_frame_of_the_dump_made_from_it():
    mirror = ROOT / os.environ.get("COOKBOOK_MIRROR", "no mirror")
    paths = [mirror / name for name in ("cooking.csv.zip", "cooking.stackexchange.com.7z")]
    if not all(path.is_file() for path in paths):
        pytest.skip("COOKBOOK_MIRROR isn't a folder that holds both files")
    table, dump = map(read_posts, paths)
    assert len(table) == 15_404
    pd.testing.assert_frame_equal(table, dump)


# Archives


def assert_refused(path: Path, message: str) -> None:
    with pytest.raises(CookbookError, match=rf"^site.7z: not readable .*{message}.*Delete the fil"):
        read_posts(path)


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
    assert_refused(path, "no Posts.xml in it, but Users.xml, Tags.xml")


@pytest.mark.parametrize("name", ["cooking/Posts.xml", "a/b/Posts.xml", "cooking\\Posts.xml"])
def test_posts_may_stand_in_a_folder_of_an_archive_packed_anew(tmp_path, name):
    path = tmp_path / "site.7z"
    members = {name: posts_xml([question(1)]), "__MACOSX/cooking/._Posts.xml": "junk"}
    path.write_bytes(seven_zipped(members))
    assert read_posts(path)["id"].tolist() == [1]
    path.write_bytes(seven_zipped(members | {"other/Posts.xml": posts_xml([question(2)])}))
    assert_refused(path, "several Posts.xml in it: ")


def test_what_is_no_archive_is_refused(tmp_path):
    path = tmp_path / "site.7z"
    with pytest.raises(CookbookError, match="^site.7z: no such file"):
        read_posts(path)
    for content in [b"", b"7z", b"PK\x03\x04", b"<posts/>", b"7z\xbc\xaf\x27\x1c" + bytes(99)]:
        path.write_bytes(content)
        assert_refused(path, "")


@pytest.mark.parametrize("filters", [None, STORED], ids=["packed", "stored"])
def test_an_archive_cut_anywhere_is_refused(tmp_path, filters):
    xml = posts_xml(question(number) for number in range(50))
    path = write_xml(tmp_path, xml, filters=filters)
    whole = path.read_bytes()
    for size in range(0, len(whole), 1 + len(whole) // 50):
        path.write_bytes(whole[:size])
        assert_refused(path, "")


def test_a_single_changed_letter_is_noticed(tmp_path):
    path = write_xml(tmp_path, posts_xml([question(1)]), filters=STORED)
    path.write_bytes(path.read_bytes().replace(b"Why?", b"Who?"))
    assert_refused(path, "CrcError")


@pytest.mark.parametrize("header", [False, True], ids=["posts", "header too"])
def test_a_password_is_named_as_the_reason(tmp_path, header):
    xml = posts_xml([question(1)])
    path = write_xml(tmp_path, xml, password="secret", header_encryption=header)
    assert_refused(path, "PasswordRequired")


# XML


def row(number: int = 1, title: str = "Why?") -> str:
    return f'<row Id="{number}" PostTypeId="1" Title="{title}" Body="Tell" />'


@pytest.mark.parametrize(
    ("xml", "message"),
    [
        ("", "after 0 of them .*no element found"),
        ("hello", "after 0 of them .*Start tag expected"),
        (f"<posts>{row(1)}{row(2)}", "after 2 of them .*Premature end"),
        (f"<posts>{row(1)}{row(2)[:20]}", "after 1 of them"),
        (f"<posts>{row(1)}<row Id=2 /></posts>", "after 1 of them .*AttValue"),
        (f"<posts>{row(1, '&eacute;')}</posts>", "'eacute' not defined"),
        (f"<posts>{row(1, chr(0))}</posts>", "after 0 of them"),
        (
            b"<posts>" + row(1, "É").encode("latin-1") + b"</posts>",
            "Invalid bytes in character encoding",
        ),
        (f"<posts>{row(1)}{row(2, 'x' * 20_000_000)}</posts>", "limit exceeded"),
        (f"<!DOCTYPE posts><posts>{row()}</posts>", "a document type declaration, which no dump"),
        (
            f'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/hosts">]><posts>{row(1, "&x;")}</posts>',
            "a document type declaration",
        ),
        ("<posts></posts>", "no questions there"),
        ("<users><row Id='1' Title='a'/></users>", "no questions there"),
        ("<posts><row Id='1' PostTypeId='2' Body='b'/></posts>", "after 1 of them .*no questions"),
    ],
)
def test_xml_that_is_no_whole_dump_is_refused(tmp_path, xml, message):
    assert_refused(write_xml(tmp_path, xml, filters=STORED), message)


@pytest.mark.parametrize(
    ("title", "expected", "dropped"),
    [
        ("a&#x0E;b", "ab", 1),
        ("a&#14;&#0;b&#x1f;", "ab", 3),
        ("a\x0e\x01b", "ab", 2),
        ("a&#xD83D;&#xDE00;b&#xFFFE;", "ab", 3),
        ("a&#x110000;&#99999999;b", "ab", 2),
        ("&#x41;&#9;&#xA;&#13;&#233;&#x1F35E;&#xFFFD;", "A\t\n\ré🍞\ufffd", 0),
        ("&amp;#x0E; &amp;amp; &lt;", "&#x0E; &amp; <", 0),
    ],
)
@pytest.mark.parametrize("packed", [True, False])
def test_characters_that_xml_forbids_are_dropped_and_counted(
    tmp_path, capsys, title, expected, dropped, packed
):
    xml = f"<posts>{row(1, title)}{row(2)}</posts>"
    path = tmp_path / "Posts.xml"
    if packed:
        path = write_xml(tmp_path, xml)
    else:
        path.write_text(xml, encoding="utf-8")
    assert read_posts(path)["title"].tolist() == [expected, "Why?"]
    said = f"left out, {dropped} in all: characters that XML forbids ({dropped})."
    assert (said in capsys.readouterr().out) == bool(dropped)


def is_allowed(letter: str) -> bool:
    """Whether XML 1.0 has the character, by its specification."""
    code = ord(letter)
    if code > 0xFFFF or code in (9, 10, 13):
        return True
    return 32 <= code < 0xFFFE and not 0xD800 <= code < 0xE000


CHARACTERS = st.characters(exclude_characters="\0&<>\"'\t\n\r\ufffe\uffff", codec="utf-8")


@settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.text(CHARACTERS), st.lists(st.integers(0, 0x110000), max_size=5), st.integers(1, 20))
def test_any_character_is_kept_or_dropped_wherever_a_piece_ends(
    tmp_path, monkeypatch, capsys, raw, numbers, size
):
    """The file is read `size` bytes at a time."""
    monkeypatch.setattr("shutil.COPY_BUFSIZE", size)
    path = tmp_path / "Posts.xml"
    references = "".join(f"&#{number};&#x{number:x};" for number in numbers)
    path.write_text(f"<posts>{row(1, f'x{references}{raw}')}</posts>", encoding="utf-8")
    letters = [chr(number) for number in numbers if number <= sys.maxunicode for _ in range(2)]
    expected = "".join(filter(is_allowed, ["x", *letters, *raw]))
    assert only(read_posts(path), "title") == expected
    dropped = 1 + 2 * len(numbers) + len(raw) - len(expected)
    assert (f"XML forbids ({dropped})" in capsys.readouterr().out) == bool(dropped)


def test_a_dump_in_utf_16_is_read(tmp_path):
    xml = f"<posts>{row(1, 'Łódź 🍞 ā')}</posts>"
    assert only(read_posts(write_xml(tmp_path, xml.encode("utf-16"))), "title") == "Łódź 🍞 ā"


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"Id": "x"}, "posts with Id='x'"),
        ({"Id": "9" * 50}, f"posts with Id='{'9' * 40}'"),
        ({"Id": ""}, "posts without Id"),
        ({"Score": "many"}, "posts with Score='many'"),
        ({"CreationDate": "yesterday"}, "posts with CreationDate='yesterday'"),
        ({"CreationDate": "2014-02-30T00:00:00"}, "posts with CreationDate='2014-02-30T00:00:00'"),
        ({"CreationDate": "0001-01-01T00:00+05:00"}, "posts with CreationDate='0001-01-01T00:00+"),
        ({"DeletionDate": "2014-01-21T20:26:05.383"}, "deleted posts"),
    ],
)
def test_an_odd_row_is_left_out_and_said(tmp_path, capsys, attributes, reason):
    path = write(tmp_path, question(1), question(2, **attributes), answer(3, 2), answer(4, 1))
    assert read_posts(path)["id"].tolist() == [1, 3, 4]
    assert f"site.7z: 3 posts; left out, 1 in all: {reason}" in capsys.readouterr().out


def test_if_no_question_is_left_the_reasons_are_named(tmp_path):
    path = write(tmp_path, *(question(number, Score="many") for number in range(20)))
    assert_refused(path, r"no questions there; left out, 20 in all: posts with Score='many' \(20\)")


def test_a_good_dump_says_nothing(tmp_path, capsys):
    read_posts(write(tmp_path, question(1, DeletionDate=""), question(2, PostTypeId=5)))
    assert not capsys.readouterr().out


def test_empty_values_are_missing(tmp_path, capsys):
    empty = dict.fromkeys(["Score", "ViewCount", "AcceptedAnswerId", "CreationDate", "Tags"], "")
    posts = read_posts(write(tmp_path, question(1, **empty), question(2, Score=0)))
    assert posts.loc[0, ["score", "views", "accepted", "created"]].isna().all()
    assert posts["score"].tolist() == [pd.NA, 0] and posts["tags"].tolist() == [[], []]
    assert not capsys.readouterr().out


def test_dates_are_in_utc_whether_or_not_they_say_so(tmp_path):
    dates = ["2014-01-21T20:26:05.383", "2014-01-21T20:26:05.383Z", "2014-01-21T22:26:05.383+02:00"]
    rows = [question(number, CreationDate=date) for number, date in enumerate(dates)]
    assert read_posts(write(tmp_path, *rows))["created"].tolist() == [pd.Timestamp(dates[0])] * 3
    assert only(read_posts(write(tmp_path, rows[1])), "created") == pd.Timestamp(dates[0])


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
    for column, attribute in ATTRIBUTES.items():
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
