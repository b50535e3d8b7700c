"""Whatever a file holds, its reader returns what it promises or raises a `CookbookError`.

Samples are changed at random by hypothesis, and crafted files stand beside them: archives that
unpack to more than the memory, members whose paths lead elsewhere, headers that claim huge counts,
pickled objects. No reader may raise another error, write a file or use more memory than its input
is worth.
"""

import bz2
import contextlib
import functools
import gzip
import io
import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple
from unittest import mock

from helpers import ROOT, CookbookError, cluster, pretrained, zoo
from helpers.datasets import (
    docstrings,
    films,
    gutenberg,
    stackexchange,
    word_tests,
)
from helpers.datasets import (
    wikipedia_dump as wikidump,
)
from helpers.datasets.gutenberg import books_by, parts_of_book, read_book, read_catalogue
from helpers.datasets.lastfm import FILES, read_lastfm
from helpers.datasets.listening_log import shared_listeners
from helpers.datasets.pitchfork import read_pitchfork
from helpers.datasets.python_source import read_python
from helpers.datasets.word_vectors import MEMBER, read_word2vec
from helpers.fetch import fetch

import numpy as np
import pooch
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from gensim.test.utils import datapath
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from py7zr import FILTER_COPY, FILTER_DEFLATE, SevenZipFile
from samples import packing
from samples import stackexchange as made_up_posts
from samples.wikipedia_dump import packed_dump, planted_articles, wiki_page
from samples.word_vectors import planted_words, word2vec

EXAMPLES = 25  # of each format and kind of change
RANDOM = settings(
    max_examples=EXAMPLES,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


# How a file of each reader is made and read


class Format(NamedTuple):
    """A file that a reader reads: `good` content, unpacked; how it is written into a folder, packed
    and with the files beside it; and how it is read from there, and used."""

    good: Callable[[], bytes]
    write: Callable[[Path, bytes], None]
    read: Callable[[Path], object]


@functools.cache
def sample(name: str, member: str | None = None) -> bytes:
    """A file of a sample, or a member of it if it is a zip."""
    path = fetch(name, "sample")
    if member is None:
        return path.read_bytes()
    if path.is_dir():
        return (path / member).read_bytes()
    with zipfile.ZipFile(path) as archive:
        return archive.read(member)


def plain(name: str) -> Callable[[Path, bytes], None]:
    return lambda folder, content: (folder / name).write_bytes(content)


def gzipped(name: str) -> Callable[[Path, bytes], None]:
    return lambda folder, content: (folder / name).write_bytes(gzip.compress(content, 1))


def zipped(name: str, member: str) -> Callable[[Path, bytes], None]:
    return lambda folder, content: (folder / name).write_bytes(packing.zipped({member: content}))


def lines_of(path: str, count: int) -> bytes:
    return b"".join(Path(path).read_bytes().splitlines(keepends=True)[:count])


def listing(folder: Path, file: str, content: bytes) -> None:
    """The zip of Last.fm with one file changed."""
    members = {name: sample("lastfm", name) for name in FILES.values()}
    (folder / "lastfm.zip").write_bytes(packing.zipped(members | {file: content}))


def write_7z(path: Path, members: dict[str, bytes], method: int = FILTER_COPY) -> None:
    with SevenZipFile(path, "w", filters=[{"id": method}]) as archive:
        archive.set_encoded_header_mode(False)
        for name, content in members.items():
            archive.writef(io.BytesIO(content), name)


def posts() -> bytes:
    """A few rows of a dump, each kind of body among them."""
    rows = made_up_posts.posts("coffee")[:20]
    return made_up_posts.posts_xml(rows).encode()


def read_answers(path: Path) -> None:
    stackexchange.answers_of(stackexchange.read_posts(path))


def pages() -> bytes:
    return (
        b"<mediawiki>"
        + b"".join(
            wiki_page(title, text).encode()
            for title, text in [*list(planted_articles().items())[:5], ("Kite", "A kite")]
        )
        + b"</mediawiki>"
    )


def read_dump(folder: Path) -> None:
    """Films of a dump, and back from the file that they are written to."""
    index = folder / "index.bz2"
    with tempfile.TemporaryDirectory() as room, contextlib.redirect_stdout(io.StringIO()):
        out = Path(room) / "out"
        if index.exists():
            total = cluster.films_of_dump(folder / "dump.bz2", index, out, "one")
        else:
            total = wikidump.extract_films(folder / "dump.bz2", out)
        if total.films:
            films.read_wp_movies(out)


def write_index(folder: Path, content: bytes) -> None:
    pages = (wiki_page(*film) for film in list(planted_articles().items())[:3])
    (folder / "dump.bz2").write_bytes(packed_dump(pages, pages_in_stream=1)[0])
    (folder / "index.bz2").write_bytes(bz2.compress(content))


def index() -> bytes:
    pages = (wiki_page(*film) for film in list(planted_articles().items())[:3])
    return bz2.decompress(packed_dump(pages, pages_in_stream=1)[1])


def read_links(folder: Path) -> None:
    films.most_linked((table := films.read_films(folder)).assign(links=films.film_links(table)))


def first(entries: bytes, count: int = 3) -> bytes:
    return json.dumps(json.loads(entries)[:count]).encode()


def read_tests(read: Callable[[], object]) -> Callable[[Path], None]:
    """Read the file "tests" in place of gensim's own."""

    def read_folder(folder: Path) -> None:
        with mock.patch.object(word_tests, "datapath", lambda _: str(folder / "tests")):
            read()

    return read_folder


def source() -> bytes:
    return b'''# -*- coding: utf-8 -*-
"""What stands here."""

class Kettle(object):
    """A vessel that boils water.

    It is put on a fire, and waits there until the water boils, which takes some minutes or more.

    >>> Kettle().boil("water %s" % 1)
    """

    def boil(self, what: str = f"wa{'t'}er", *more) -> None:
        if what: pass
        elif more: return "one" "two"
        else:
            lines = [letter for letter in what if letter not in ("\\n", r"\\d", b"x")]
        return {"a long text of many words": lines}
'''


def read_toy(folder: Path) -> None:
    with mock.patch.object(sys, "path", [str(folder), *sys.path]):
        docstrings.read_docstrings(["toy_package"])


def write_toy(folder: Path, content: bytes) -> None:
    (folder / "toy_package").mkdir()
    (folder / "toy_package" / "__init__.py").write_bytes(b"from toy_package.kettle import *\n")
    (folder / "toy_package" / "kettle.py").write_bytes(content)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


ARRAY = npy(np.arange(12, dtype=np.float16).reshape(4, 3))
LABELS = b"artist\treviews\nKite\t2\nnan\t3\n\t4\n1349\t5\n"


def write_model(folder: Path, model: bytes, labels: bytes = LABELS) -> None:
    """An entry of the zoo whose card is right: its checksums protect from accidents alone."""
    (folder / "model.npz").write_bytes(model)
    (folder / "labels.tsv").write_bytes(labels)
    sums = {name: pooch.file_hash(folder / name) for name in (zoo.LABELS, zoo.ARRAYS)}
    (folder / "card.json").write_text(json.dumps({"files": sums, "parameters": {"SEED": 7}}))


def in_npz(
    content: bytes, name: str = "embeddings.npy", method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method, compresslevel=1) as archive:
        archive.writestr(name, content)
    return stream.getvalue()


def card() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), in_npz(ARRAY))
        return (Path(folder) / "card.json").read_bytes()


def write_card(folder: Path, content: bytes) -> None:
    write_model(folder, in_npz(ARRAY))
    (folder / "card.json").write_bytes(content)


def read_model(folder: Path) -> None:
    zoo.load(folder, labels=["Kite", "nan", "", "1349"], SEED=7)


def write_copy(folder: Path, copy: bytes, words: bytes = b"a\nb\nc\nd") -> None:
    (folder / "vectors").mkdir()
    (folder / "vectors" / "google-news-44k.npy").write_bytes(copy)
    (folder / "vectors" / "google-news-44k.txt").write_bytes(words)


def read_copy(folder: Path) -> None:
    with mock.patch.object(pretrained, "GENERATED", folder):
        pretrained.load_vectors("google-news-44k")


def vectors(binary: bool = False) -> bytes:
    return word2vec(size=8, binary=binary)


def listening_log() -> bytes:
    """Two groups of rows: users are numbers, artists are texts."""
    names = np.array(["Coil", "Сплин", "311", "café"])
    log = pa.table({"user": np.arange(40) // 4, "artist": np.resize(names, 40)})
    stream = io.BytesIO()
    pq.write_table(log, stream, row_group_size=20)
    return stream.getvalue()


def read_vectors(path: Path, binary: bool = False) -> None:
    read_word2vec(path, (sum(map(len, planted_words())), 8), binary)


FORMATS = {
    "pitchfork": Format(
        lambda: sample("pitchfork"), plain("a.sqlite"), lambda f: read_pitchfork(f / "a.sqlite")
    ),
    "vectors in gzip": Format(vectors, gzipped("v.gz"), lambda f: read_vectors(f / "v.gz")),
    "binary vectors in gzip": Format(
        lambda: vectors(binary=True), gzipped("v.gz"), lambda f: read_vectors(f / "v.gz", True)
    ),
    "vectors in zip": Format(vectors, zipped("v.zip", MEMBER), lambda f: read_vectors(f / "v.zip")),
    "word pairs": Format(
        lambda: lines_of(datapath("wordsim353.tsv"), 90),
        plain("tests"),
        read_tests(lambda: word_tests.read_word_pairs("wordsim353")),
    ),
    "analogies": Format(
        lambda: lines_of(datapath("questions-words.txt"), 90),
        plain("tests"),
        read_tests(word_tests.read_analogies),
    ),
    "films": Format(
        lambda: first(sample("wikipedia-movie-data", "movies-1990s.json")),
        plain("movies-1990s.json"),
        read_links,
    ),
    "ratings": Format(
        lambda: first(sample("vega-movies")),
        plain("r.json"),
        lambda f: films.read_ratings(f / "r.json"),
    ),
    "films of the book": Format(
        lambda: b"".join(sample("wp_movies_10k").splitlines(keepends=True)[:9]),
        plain("wp"),
        lambda f: films.most_linked(films.read_wp_movies(f / "wp")),
    ),
    "dump": Format(
        pages, lambda f, content: plain("dump.bz2")(f, bz2.compress(content)), read_dump
    ),
    "index of a dump": Format(index, write_index, read_dump),
    "book": Format(
        lambda: sample("gutenberg-84")[:9000] + sample("gutenberg-84")[-300:],
        plain("b.txt"),
        lambda f: parts_of_book(read_book(f / "b.txt")),
    ),
    "catalogue": Format(
        lambda: gzip.decompress(sample("gutenberg-catalogue")),
        gzipped("c.gz"),
        lambda f: books_by(read_catalogue(f / "c.gz"), "austen"),
    ),
    "corpus": Format(
        lambda: b"Character set encoding: latin-1\n\xe9 \xc3\xa9\r\n",
        plain("a.txt"),
        lambda f: gutenberg.load_corpus(str(f), "full"),
    ),
    "Python sources": Format(source, plain("a.py"), read_python),
    "docstrings": Format(source, write_toy, read_toy),
    "posts": Format(
        posts,
        lambda f, content: write_7z(f / "site.7z", {"Posts.xml": content, "x": b""}),
        lambda f: read_answers(f / "site.7z"),
    ),
    "posts, unpacked": Format(posts, plain("Posts.xml"), lambda f: read_answers(f / "Posts.xml")),
    "table of questions": Format(
        lambda: b'"id","title","content","tags"\n7,"Why ""rise""?","<p>It\n<b>does</b>","a b"\n',
        zipped("q.zip", "q.csv"),
        lambda f: read_answers(f / "q.zip"),
    ),
    **{
        f"Last.fm's {table}": Format(
            functools.partial(sample, "lastfm", file),
            functools.partial(lambda file, f, content: listing(f, file, content), file),
            lambda f: read_lastfm(f / "lastfm.zip"),
        )
        for table, file in FILES.items()
    },
    "listening log": Format(
        listening_log, plain("a.parquet"), lambda f: shared_listeners(f / "a.parquet")
    ),
    "card of the zoo": Format(card, write_card, read_model),
    "arrays of the zoo": Format(
        lambda: ARRAY, lambda f, content: write_model(f, in_npz(content)), read_model
    ),
    "labels of the zoo": Format(
        lambda: LABELS, lambda f, content: write_model(f, in_npz(ARRAY), content), read_model
    ),
    "copy of vectors": Format(lambda: ARRAY, write_copy, read_copy),
    "words of a copy": Format(
        lambda: b"a\nb\nc\nd", lambda f, content: write_copy(f, ARRAY, content), read_copy
    ),
}
PACKED = (  # those whose bytes on the disk aren't their content
    "vectors in gzip;vectors in zip;dump;index of a dump;catalogue;posts;Last.fm's tags;"
    "table of questions;arrays of the zoo"
).split(";")
JSON = ("films", "ratings", "card of the zoo")


PACKERS = {".gz", ".zip", ".bz2", ".7z", ".npz"}


# How it is changed


TOKENS = (
    *(b"", b"\0", b"\xff", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\r", b"\n\n", b"\t", b" ", b'"'),
    *(b"'", b"\\", b"\\ud800", b"<", b"&", b"&amp;#0;", b"]]>", b"<page>", b"</page>", b"{{"),
    *(b"}}", b"[[", b"-1", b"0", b"1e999", b"NaN", b"null", b"true", b"[]", b"{}", b"#", b":"),
    *(b"9" * 40, b"999999999999 300", b"../x", b"/x", b"%s", b"<a>" * 300, b"(" * 300),
    *(b"Character set encoding: idna\n\xff", b"Contents\n", b"import *\n"),
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "utf-7")


def change(content: bytes, kind: str, place: int, length: int, token: bytes) -> bytes:
    """`content`, changed from the byte `place` on."""
    place %= len(content) + 1
    end = min(place + length, len(content))
    match kind:
        case "flip":
            flipped = bytes(byte ^ (1 << length % 8) for byte in content[place : place + 1])
            return content[:place] + flipped + content[place + 1 :]
        case "cut":
            return content[:place]
        case "twice":
            return content[:end] + content[place:]
        case "encode":
            text = content.decode("utf-8", "replace")
            return text.encode(ENCODINGS[length % len(ENCODINGS)], "replace")
        case "number":
            return content[:place] + re.sub(rb"\d+", lambda _: token, content[place:], count=1)
        case _:
            return content[:place] + token + content[end:]


PLACES = st.integers(0, 100) | st.integers(0, 2**20)
LENGTHS = st.integers(0, 4) | st.integers(0, 300)
KINDS = st.sampled_from(["replace", "flip", "number", "twice", "cut", "encode"])
CHANGES = st.lists(
    st.tuples(KINDS, PLACES, LENGTHS, st.sampled_from(TOKENS)), min_size=1, max_size=4
)


def changed(content: bytes, changes: list[tuple]) -> bytes:
    return functools.reduce(lambda content, one: change(content, *one), changes, content)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "93%", "Mar 04 19", "Category:1999 films"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=3,
)


def places(value: object, path: tuple = ()) -> Iterator[tuple]:
    """The paths to all values in a JSON value."""
    yield path
    match value:
        case dict():
            inner = value.items()
        case list():
            inner = enumerate(value)
        case _:
            inner = ()
    for key, one in inner:
        yield from places(one, (*path, key))


def put(value: object, path: tuple, new: object) -> object:
    if not path:
        return new
    value = value.copy()
    value[path[0]] = put(value[path[0]], path[1:], new)
    return value


# Random changes, and usual ones


@pytest.fixture
def room(tmp_path, monkeypatch) -> Path:
    """A folder with all that a reader could write to by accident."""
    for name in ("data", "work", "temporary"):
        (tmp_path / name).mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def tree(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.lstat().st_size for path in folder.rglob("*")}


def read_in(room: Path, form: Format, write: Callable[[Path], object]) -> str | None:
    """The message of the `CookbookError`, if there is one; any other error passes."""
    shutil.rmtree(room / "data")
    (room / "data").mkdir()
    write(room / "data")
    before = tree(room)
    try:
        form.read(room / "data")
    except CookbookError as error:
        return str(error)
    finally:
        assert tree(room) == before
    return None


@pytest.mark.parametrize("name", FORMATS)
def test_a_good_file_is_read(room, name):
    form = FORMATS[name]
    assert read_in(room, form, lambda folder: form.write(folder, form.good())) is None


def packed_anew(path: Path) -> None:
    """The members of the archive, in a folder and beside what macOS adds."""
    members = packing.unpacked(path.name, path.read_bytes())
    anew = {}
    for name, content in members.items():
        anew[f"a folder/{name}"] = content
        anew[f"__MACOSX/a folder/._{name.rpartition('/')[2]}"] = b"\0\5\x16\7"
    if path.suffix == ".7z":
        write_7z(path, anew)
    else:
        path.write_bytes(packing.zipped(anew))


@pytest.mark.parametrize(
    "name", ["posts", "table of questions", "vectors in zip", "Last.fm's tags"]
)
def test_an_archive_that_somebody_packed_anew_is_read(room, name):
    form = FORMATS[name]

    def write(folder: Path) -> None:
        form.write(folder, form.good())
        packed_anew(next(folder.iterdir()))

    assert read_in(room, form, write) is None


def test_an_odd_row_of_a_dump_is_left_out_and_counted_and_costs_no_other(room, capsys):
    good = posts().replace(b"</posts>", b"")
    row = b'<row Id="%b" PostTypeId="2" ParentId="1" Body="so" %b/>'
    odd = [row % (b"x", b""), row % (b"8000", b'Score="many"'), row % (b"8001", b'Title="&#14;"')]
    content = b"".join([good, *odd, row % (b"8002", b'DeletionDate="2020-01-01"'), b"</posts>"])
    form = FORMATS["posts, unpacked"]
    assert read_in(room, form, lambda folder: form.write(folder, content)) is None
    kept = good.count(b'PostTypeId="1"') + good.count(b'PostTypeId="2"') + 1
    assert f"Posts.xml: {kept} posts; left out, 4 in all: " in capsys.readouterr().out


@pytest.mark.parametrize("name", FORMATS)
def test_changed_content_is_read_or_refused(room, name):
    form, good = FORMATS[name], FORMATS[name].good()

    @RANDOM
    @given(CHANGES)
    def check(changes):
        content = changed(good, changes)
        assert read_in(room, form, lambda folder: form.write(folder, content)) != ""

    check()


@pytest.mark.parametrize("name", PACKED)
def test_changed_bytes_of_a_packed_file_are_read_or_refused(room, name):
    form = FORMATS[name]

    def write(folder: Path, changes: list[tuple]) -> None:
        form.write(folder, form.good())
        path = next(path for path in sorted(folder.iterdir()) if path.suffix in PACKERS)
        path.write_bytes(changed(path.read_bytes(), changes))

    @RANDOM
    @given(CHANGES)
    def check(changes):
        assert read_in(room, form, lambda folder: write(folder, changes)) != ""

    check()


@pytest.mark.parametrize("name", JSON)
def test_strange_values_in_json_are_read_or_refused(room, name):
    form = FORMATS[name]
    good = json.loads(form.good())
    paths = list(places(good))

    @RANDOM
    @given(st.sampled_from(paths), VALUES)
    def check(path, value):
        content = json.dumps(put(good, path, value)).encode()
        assert read_in(room, form, lambda folder: form.write(folder, content)) != ""

    check()


@RANDOM
@given(st.lists(VALUES, min_size=4, max_size=6) | VALUES)
def test_strange_values_in_films_of_the_book_are_read_or_refused(room, value):
    form = FORMATS["films of the book"]
    content = json.dumps(value).encode()
    assert read_in(room, form, lambda folder: form.write(folder, content)) != ""


@RANDOM
@given(CHANGES)
def test_a_bad_page_of_a_dump_costs_no_other_film(changes):
    good, bad, last = pages().removeprefix(b"<mediawiki>").split(b"</page>")[:3]
    bad = re.sub(rb"</?page>", b"", changed(bad, changes))  # another page would begin there
    found = wikidump.Extraction()
    lines = list(wikidump.films_among([page + b"</page>" for page in (good, bad, last)], found))
    titles = [json.loads(line.encode())[0] for line in lines]
    assert titles[0] == "Amber Anchors (1990 film)" and titles[-1] == "Copper Anchors (1992 film)"
    assert len(lines) == found.films and found.pages == 3


# Crafted files


class Crafted(NamedTuple):
    """A file made to do harm: how it is written and read, and what the error says.

    The message is None where the harmful part is passed over."""

    write: Callable[[Path], None]
    read: Callable[[Path], object]
    message: str | None


@functools.cache
def zeros(size: int) -> bytes:
    return bytes(size)


def gzip_bomb(name: str, head: bytes = b"", letter: bytes = b"\0") -> Callable[[Path], None]:
    """A megabyte that unpacks to a gigabyte: gzip streams may follow one another."""
    return lambda folder: (folder / name).write_bytes(
        gzip.compress(head) + 16 * gzip.compress(2**26 * letter)
    )


def zip_of(path: Path, members: dict[str, bytes], method: int) -> None:
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as archive:
        for member, content in members.items():
            archive.writestr(member, content)


def lying_zip(path: Path) -> None:
    """A bomb that states that it holds 9 bytes."""
    zip_of(path, bomb_members(), zipfile.ZIP_DEFLATED)
    raw = bytearray(path.read_bytes())
    here, listed = raw.index(b"tags.dat") - 30, raw.rindex(b"tags.dat") - 46  # headers of it
    raw[here + 22 : here + 26] = raw[listed + 24 : listed + 28] = four_bytes(9)
    path.write_bytes(raw)


def four_bytes(size: int) -> bytes:
    return size.to_bytes(4, "little")


def bomb_members() -> dict[str, bytes]:
    members = {file: sample("lastfm", file) for file in FILES.values()}
    return members | {"tags.dat": zeros(2**27)}


def hostile_names(members: dict[str, bytes]) -> dict[str, bytes]:
    """The members, between some whose names lead out of any folder."""
    hostile = ("../outside", "/tmp/outside", "..\\outside", "C:\\outside", "a/../../outside")
    return dict.fromkeys(hostile, b"x") | members


def zip_with_links(folder: Path) -> None:
    members = {name: sample("lastfm", name) for name in FILES.values()}
    with zipfile.ZipFile(folder / "lastfm.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in hostile_names(members).items():
            info = zipfile.ZipInfo(name)
            if "outside" in name:
                info.external_attr = 0o120777 << 16  # a symbolic link
            archive.writestr(info, content)


def forged_7z(path: Path, old: bytes, new: bytes, members: dict[str, bytes] | None = None) -> None:
    """An archive in whose header `old` is `new`, with the checksums put right."""
    write_7z(path, members or {"Posts.xml": b"x" * 77})
    raw = path.read_bytes()
    offset, size = (int.from_bytes(raw[place : place + 8], "little") for place in (12, 20))
    header = raw[32 + offset : 32 + offset + size]
    assert old in header
    header = header.replace(old, new)
    start = offset.to_bytes(8, "little") + len(header).to_bytes(8, "little")
    start += four_bytes(zlib.crc32(header))
    path.write_bytes(
        raw[:8] + four_bytes(zlib.crc32(start)) + start + raw[32 : 32 + offset] + header
    )


def hostile_7z(path: Path, name: str) -> None:
    """The posts under this name, between members whose names lead out of any folder; py7zr refuses
    to write such names, so they are put in place of "__"."""
    members = {"__/outside": b"x", "a/__/__/outside": b"x", name: posts(), "__/__/outside": b"y"}
    forged_7z(path, "__".encode("utf-16-le"), "..".encode("utf-16-le"), members)


def xml_in_7z(xml: bytes) -> Callable[[Path], None]:
    return lambda folder: write_7z(folder / "site.7z", {"Posts.xml": xml})


def dump_of(text: bytes) -> Callable[[Path], None]:
    """A good film, and then an article with this XML in its text."""
    page = wiki_page(*next(iter(planted_articles().items()))).encode()
    bad = b"<page>" + text + b"<title>X</title><revision><text>{{Infobox film|a=1}}"
    bad += b"</text></revision></page>"
    content = b"<mediawiki>" + page + bad + b"</mediawiki>"
    return lambda folder: plain("dump.bz2")(folder, bz2.compress(content))


def database(*statements: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with contextlib.closing(sqlite3.connect(folder / "a.sqlite")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    return write


TABLES = (
    "CREATE TABLE genres AS SELECT 1 AS reviewid, 'rock' AS genre",
    "CREATE TABLE labels AS SELECT 1 AS reviewid, 'a label' AS label",
)
ENDLESS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
ENDLESS += "SELECT i AS reviewid, 'a' AS artist, 5 AS score, 'b' AS author FROM n"


def write_ahead_database(folder: Path) -> None:
    """One that asks for journals beside it."""
    raw = bytearray(sample("pitchfork"))
    raw[18] = raw[19] = 2
    (folder / "a.sqlite").write_bytes(raw)


def header_of(shape: str, descr: str = "<f8") -> bytes:
    text = f"{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text


def model_of(content: bytes, **how: object) -> Callable[[Path], None]:
    return lambda folder: write_model(folder, in_npz(content, **how))


class Exploit:
    """Unpickled, it makes a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def objects() -> bytes:
    return npy(np.array([Exploit()], dtype=object))


def keras_archive() -> bytes:
    """What Keras saves of a model with a Lambda layer, in whose configuration code lies."""
    layer = {"class_name": "Lambda", "config": {"function": ["4wAAAABi", None, None]}}
    config = {"class_name": "Sequential", "config": {"layers": [layer]}}
    return in_npz(json.dumps(config).encode(), "config.json")


def write_links(folder: Path) -> None:
    """Python sources among folders, links and names that are none, each ending in .py."""
    (folder / "good.py").write_text("x = 1\n")
    (folder / "folder.py").mkdir()
    (folder / "loop").symlink_to(folder)
    (folder / "broken.py").symlink_to("nowhere")
    with contextlib.suppress(OSError):  # where names must be Unicode
        (Path(os.fsdecode(os.fsencode(folder) + b"/\xe9.py"))).write_text("y = 2\n")


def toy_with(content: bytes) -> Callable[[Path], None]:
    """A package of one good module and one with this content."""

    def write(folder: Path) -> None:
        write_toy(folder, source())
        (folder / "toy_package" / "bad.py").write_bytes(content)
        write_links(folder / "toy_package")

    return write


def sources_with(content: bytes) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        write_links(folder)
        (folder / "bad.py").write_bytes(content)

    return write


HARD_TO_PARSE = {
    "a codec of bytes": b"# coding: hex\nx = 1\n",
    "half a character": b'"""What \\ud800 is.\n\n' + b"word " * 20 + b'"""\nx = 1\n',
    "signs": b"-" * 100_000 + b"1",
    "brackets": b"[" * 100_000,
    "attributes": b"a" + b".b" * 100_000,
    "sums": b"1" + b"+1" * 100_000,
    "branches": b"if a: pass\n" + b"elif a: pass\n" * 5_000,
}
READ_POSTS, READ_ZIP = FORMATS["posts"].read, FORMATS["Last.fm's tags"].read
READ_VECTORS, READ_CATALOGUE = FORMATS["vectors in gzip"].read, FORMATS["catalogue"].read
READ_REVIEWS = FORMATS["pitchfork"].read
READ_BOOK, READ_SOURCES = FORMATS["book"].read, FORMATS["Python sources"].read
DEEP_JSON = b"[" * 100_000 + b"]" * 100_000
LAUGHS = b"".join(b'<!ENTITY l%d "%s">' % (n, b"&l%d;" % (n - 1) * 10) for n in range(1, 12))
DOCTYPE = b'<!DOCTYPE posts [<!ENTITY l0 "ha">' + LAUGHS + b"]>"

CRAFTED = {
    # Archives
    "zip: hostile names and links": Crafted(zip_with_links, READ_ZIP, None),
    "zip: bomb": Crafted(
        lambda f: zip_of(f / "lastfm.zip", bomb_members(), zipfile.ZIP_DEFLATED),
        READ_ZIP,
        "unpacks to more than",
    ),
    "zip: bomb that lies": Crafted(lambda f: lying_zip(f / "lastfm.zip"), READ_ZIP, "Bad CRC-32"),
    "zip: bomb in bzip2": Crafted(
        lambda f: zip_of(f / "lastfm.zip", bomb_members(), zipfile.ZIP_BZIP2),
        READ_ZIP,
        "in another way than deflate",
    ),
    "7z: hostile names": Crafted(
        lambda f: hostile_7z(f / "site.7z", "Posts.xml"), READ_POSTS, None
    ),
    "7z: only hostile names": Crafted(
        lambda f: hostile_7z(f / "site.7z", "__/Posts.xml"),
        READ_POSTS,
        "no Posts.xml in it",
    ),
    "7z: bomb": Crafted(
        lambda f: write_7z(f / "site.7z", {"Posts.xml": zeros(2**27)}, 0x21),
        READ_POSTS,
        "unpacks to more than",
    ),
    "7z: deflate": Crafted(
        lambda f: write_7z(f / "site.7z", {"Posts.xml": posts()}, FILTER_DEFLATE),
        READ_POSTS,
        "packed with DEFLATE, which no dump is",
    ),
    "7z: a huge file": Crafted(
        lambda f: forged_7z(f / "site.7z", b"\x0c\x4d", b"\x0c\xff" + b"\x7f" * 8),
        READ_POSTS,
        "unpacks to more than",
    ),
    "7z: many files": Crafted(
        lambda f: forged_7z(f / "site.7z", b"\x05\x01", b"\x05\xff" + b"\x7f" * 8),
        READ_POSTS,
        "numfiles value .* exceeds limit",
    ),
    "catalogue: bomb": Crafted(gzip_bomb("c.gz"), READ_CATALOGUE, "unpacks to more than"),
    # XML
    "posts: deep": Crafted(xml_in_7z(b"<posts>" * 100_000), READ_POSTS, "Premature end"),
    "posts: laughs": Crafted(
        xml_in_7z(DOCTYPE + b"<posts><row Title='&l11;'/></posts>"), READ_POSTS, "which no dump has"
    ),
    "page: deep": Crafted(dump_of(b"<a>" * 100_000 + b"</a>" * 100_000), read_dump, None),
    "page: laughs": Crafted(dump_of(DOCTYPE + b"&l11;"), read_dump, None),
    "page: without a title": Crafted(
        lambda f: plain("dump.bz2")(
            f, bz2.compress(pages().replace(b"<title>Amber Anchors (1990 film)</title>", b""))
        ),
        read_dump,
        None,
    ),
    "page: a rating of 930 %": Crafted(
        lambda f: plain("dump.bz2")(f, bz2.compress(pages().replace(b"prose|4", b"prose|93"))),
        read_dump,
        None,
    ),
    "page: endless": Crafted(
        lambda f: (f / "dump.bz2").write_bytes(bz2.compress(b"<page>" + zeros(2**24)) * 40),
        read_dump,
        "a page of more than",
    ),
    "index: before the start": Crafted(
        lambda f: write_index(f, b"-5:1:A\n"), read_dump, "no byte -5 in any file"
    ),
    "index: far behind the end": Crafted(
        lambda f: write_index(f, b"9" * 40 + b":1:A\n"), read_dump, "no byte 999.* in any file"
    ),
    "index: without line ends": Crafted(
        lambda f: write_index(f, zeros(2**27)), read_dump, "not the index"
    ),
    # Counts in headers, and lines without end
    "vectors: many words": Crafted(
        lambda f: gzipped("v.gz")(f, b"999999999999 300\na 1\n"),
        READ_VECTORS,
        "begins with .*999999999999",
    ),
    "vectors: a line without end": Crafted(
        gzip_bomb("v.gz", b"100 8\n", b"1"), READ_VECTORS, "0 numbers in a line"
    ),
    "vectors: a header without end": Crafted(
        gzip_bomb("v.gz", b"100 8"), READ_VECTORS, "begins with"
    ),
    "vectors: a word without end": Crafted(
        gzip_bomb("v.gz", b"100 8\n", b"1"), FORMATS["binary vectors in gzip"].read, "word without"
    ),
    "vectors: bomb behind the last": Crafted(
        gzip_bomb("v.gz", vectors()), READ_VECTORS, "more than the 100 rows"
    ),
    "vectors: bomb in a zip": Crafted(
        lambda f: zip_of(f / "v.zip", {MEMBER: zeros(2**27)}, zipfile.ZIP_DEFLATED),
        FORMATS["vectors in zip"].read,
        "unpacks to more than",
    ),
    "vectors: one number for all": Crafted(
        lambda f: gzipped("v.gz")(f, b"100 8\na 1\n"), READ_VECTORS, "1 numbers in a line where 8"
    ),
    # Databases that compute what they hold, or write
    "reviews: a view without end": Crafted(
        database(*TABLES, f"CREATE VIEW reviews AS {ENDLESS}"),
        READ_REVIEWS,
        "it computes tables",
    ),
    "reviews: a computed column": Crafted(
        database(
            *TABLES,
            "CREATE TABLE reviews (reviewid, score, author, artist AS (zeroblob(900000000)))",
            "INSERT INTO reviews VALUES (1, 5, 'a')",
        ),
        READ_REVIEWS,
        "string or blob too big",
    ),
    "reviews: a journal asked for": Crafted(write_ahead_database, READ_REVIEWS, None),
    # JSON and text
    "films: deep": Crafted(
        lambda f: plain("movies-1990s.json")(f, DEEP_JSON), read_links, "film 1 doesn't hold"
    ),
    "films: an extract that is a list": Crafted(
        lambda f: plain("movies-1990s.json")(
            f, b'[{"title": "A", "year": 1, "cast": [], "genres": [], "extract": ["a"]}]'
        ),
        read_links,
        "film 1 doesn't hold",
    ),
    "films: half a character": Crafted(
        lambda f: plain("movies-1990s.json")(
            f, rb'[{"title": "\ud800", "year": 1, "cast": [], "genres": []}]'
        ),
        read_links,
        "film 1 doesn't hold",
    ),
    "films of the book: half a character": Crafted(
        lambda f: plain("wp")(f, rb'["A", {}, ["\ud800"], null, null]'),
        FORMATS["films of the book"].read,
        "film 1 doesn't hold",
    ),
    "films of the book: deep": Crafted(
        lambda f: plain("wp")(f, DEEP_JSON), FORMATS["films of the book"].read, "film 1 doesn't"
    ),
    "ratings: deep": Crafted(
        lambda f: plain("r.json")(f, DEEP_JSON), FORMATS["ratings"].read, "film 1 doesn't hold"
    ),
    "ratings: beyond all numbers": Crafted(
        lambda f: plain("r.json")(
            f,
            b'[{"Title": "A", "Release Date": "1999", "Rotten Tomatoes Rating": 1%s}]'
            % (b"0" * 400),
        ),
        FORMATS["ratings"].read,
        "film 1 doesn't hold",
    ),
    **{
        f"book: encoding {name}": Crafted(
            lambda f, name=name: (f / "b.txt").write_bytes(
                f"Character set encoding: {name}\n".encode() + b"\xff" + b"a" * 99
            ),
            READ_BOOK,
            f"it says its encoding is {name}, and that is wrong",
        )
        for name in ("idna", "punycode", "undefined", "hex", "bz2", "os")
    },
    # Python
    **{
        f"source: {name}": Crafted(sources_with(content), READ_SOURCES, None)
        for name, content in HARD_TO_PARSE.items()
    },
    **{
        f"docstrings: {name}": Crafted(toy_with(content), read_toy, None)
        for name, content in HARD_TO_PARSE.items()
    },
    # Models
    "model: pickled objects": Crafted(model_of(objects()), read_model, "allow_pickle=False"),
    "model: a pickle": Crafted(
        lambda f: write_model(f, objects()[128:]), read_model, "not a zip file"
    ),
    "model: objects within a structure": Crafted(
        model_of(header_of("(1,)", [("a", "<f4"), ("b", "|O")]) + zeros(12)),
        read_model,
        "allow_pickle=False",
    ),
    "model: a pickle in the zip": Crafted(
        model_of(b"cos\nsystem\n.", name="model.pkl"), read_model, "model.pkl is no array"
    ),
    "model: of Keras, with a Lambda layer": Crafted(
        lambda f: write_model(f, keras_archive()), read_model, "config.json is no array"
    ),
    "model: an array alone": Crafted(lambda f: write_model(f, ARRAY), read_model, "not a zip file"),
    "model: a huge shape": Crafted(
        model_of(header_of("(999999999999, 300)")), read_model, "isn't a model that was saved here"
    ),
    "model: a shape behind all numbers": Crafted(
        model_of(header_of(f"({'9' * 40},)")), read_model, "isn't a model that was saved here"
    ),
    "model: bomb": Crafted(
        model_of(header_of(f"({2**24},)") + zeros(2**27)), read_model, "unpacks to more than"
    ),
    "model: bomb in bzip2": Crafted(
        model_of(header_of(f"({2**24},)") + zeros(2**27), method=zipfile.ZIP_BZIP2),
        read_model,
        "in another way than deflate",
    ),
    "model: hostile name": Crafted(model_of(ARRAY, name="../outside.npy"), read_model, None),
    "card: deep": Crafted(lambda f: write_card(f, DEEP_JSON), read_model, "isn't a card"),
    "copy of vectors: pickled objects": Crafted(
        lambda f: write_copy(f, objects()), read_copy, "Delete the file"
    ),
    "copy of vectors: a huge shape": Crafted(
        lambda f: write_copy(f, header_of("(999999999999, 300)")), read_copy, "Delete the file"
    ),
}
MOST_MEMORY = 120e6  # bytes that a reader may take beyond what it had; every bomb holds more


def try_all(folder: Path) -> None:
    """Read each crafted file and print, a JSON line each, what came of it."""
    import resource

    status = Path("/proc/self/status")
    size = 1024 * int(re.search(r"VmSize:\s+(\d+)", status.read_text())[1])
    resource.setrlimit(resource.RLIMIT_AS, (size + 2**32, size + 2**32))
    for name, crafted in CRAFTED.items():
        room = folder / str(len(list(folder.iterdir())))
        for part in ("data", "work", "temporary"):
            (room / part).mkdir(parents=True)
        os.chdir(room / "work")
        tempfile.tempdir = str(room / "temporary")
        crafted.write(room / "data")
        before, held = tree(folder), peak(status)
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # what a reader says is left out
                crafted.read(room / "data")
            error = message = None
        except BaseException as problem:
            error, message = type(problem).__name__, str(problem)
        written = sorted(tree(folder).items() ^ before.items())
        more = peak(status, reset=False) - held
        print(json.dumps([name, error, message, written, more]), file=sys.__stdout__)
        shutil.rmtree(room)


def peak(status: Path, reset: bool = True) -> int:
    """The most bytes that this process has held since the last reset."""
    if reset:
        Path("/proc/self/clear_refs").write_text("5")
    return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status.read_text())[1])


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory) -> dict[str, list]:
    """What came of each crafted file, in a process whose memory is limited."""
    command = [sys.executable, __file__, tmp_path_factory.mktemp("crafted")]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return {name: outcome for name, *outcome in map(json.loads, done.stdout.splitlines())}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system has no /proc")
@pytest.mark.parametrize("name", CRAFTED)
def test_a_crafted_file_does_no_harm(outcomes, name):
    error, message, written, memory = outcomes[name]
    if CRAFTED[name].message is None:
        assert error is None, message
    else:
        assert error == "CookbookError" and re.search(CRAFTED[name].message, message), message
    assert not written
    assert memory < MOST_MEMORY


if __name__ == "__main__":
    try_all(Path(sys.argv[1]))
