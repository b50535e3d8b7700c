"""Films come out of a Wikipedia dump the same way however it is read, and whatever stops it."""

import bz2
import contextlib
import json
import os
import subprocess
import sys
import time
import tracemalloc
from pathlib import Path

from helpers import ROOT, CookbookError, cluster
from helpers.cluster import films_of_dump
from helpers.datasets.wikipedia_dump import extract_films, read_index
from helpers.fetch import SAMPLE

import dask
import psutil
import pytest
from gensim.test.utils import datapath
from samples.wikipedia_dump import packed_dump, planted_articles, wiki_page

EXCERPT = Path(datapath("enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"))
FILM = "{{Infobox film\n| name = [[X]]\n| image =\n}} with [[A|b]] and [[C]]"


@pytest.fixture(autouse=True)
def scratch(tmp_path_factory, monkeypatch):
    """Dask keeps its own files away from those that are tested, and from the system's."""
    folder = str(tmp_path_factory.mktemp("dask"))
    monkeypatch.delenv("COOKBOOK_CLUSTER", raising=False)
    monkeypatch.setenv("DASK_TEMPORARY_DIRECTORY", folder)
    with dask.config.set(temporary_directory=folder):
        yield


def write_dump(folder, pages, pages_in_stream=10):
    """A dump with these pages and its index."""
    dump, index = folder / "dump.xml.bz2", folder / "index.txt.bz2"
    for path, content in zip((dump, index), packed_dump(pages, pages_in_stream), strict=True):
        path.write_bytes(content)
    return dump, index


def films_and_others(n):
    return [wiki_page(f"{i}", FILM if i % 2 else f"Not a film. {i}") for i in range(n)]


def lines(path):
    return sorted(path.read_text(encoding="utf-8").splitlines())


def titles(path):
    return [json.loads(line)[0] for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def sample():
    """The dump and its index."""
    name = "enwiki-latest-pages-articles-multistream"
    folder = SAMPLE / "wikipedia-dump"
    return folder / f"{name}.xml.bz2", folder / f"{name}-index.txt.bz2"


# A dump


def test_the_sample_gives_the_planted_films(sample, tmp_path):
    dump, index = sample
    total = films_of_dump(dump, index, tmp_path / "out")
    films = [json.loads(line) for line in lines(tmp_path / "out")]
    planted = planted_articles()
    assert {title for title, *_ in films} == set(planted) and len(films) == len(planted)
    assert (total.pages, total.films) == (2 * len(planted), len(planted))
    assert set(total.unreadable) == {"Lost Kites: its infobox is never closed"}
    assert {film[1]["country"] for film in films} == {"West Germany & France"}
    assert all(f"[[{film[1]['director']}]]" in planted[film[0]] for film in films)
    ratings = [(percentage is not None, score) for *_, percentage, score in films]
    assert {rating: ratings.count(rating) for rating in ratings} == {
        (True, "8.2/10"): 8,
        (True, "7.25/10"): 8,
        (True, None): 8,
        (False, None): 16,
    }


def test_a_real_excerpt_gives_its_one_film(tmp_path):
    total = extract_films(EXCERPT, tmp_path / "out")
    (film,) = (json.loads(line) for line in lines(tmp_path / "out"))
    assert (total.pages, total.films, total.unreadable) == (206, 1, [])
    assert film[0] == "Actrius" and film[1]["director"] == "Ventura Pons"
    assert "Category:1997 films" in film[2] and film[3:] == [None, None]


def test_every_way_to_read_a_dump_gives_the_same_lines(sample, tmp_path):
    dump, index = sample
    found = extract_films(dump, tmp_path / "plain")
    assert found.films == len(lines(tmp_path / "plain")) == len(planted_articles())
    for place in ("one", "cores"):
        assert films_of_dump(dump, index, tmp_path / place, place) == found
        assert (tmp_path / place).read_bytes() == (tmp_path / "plain").read_bytes()


@pytest.fixture
def memory():
    """A function that tells the most bytes in use so far."""
    tracemalloc.start()
    yield lambda: tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()


def test_memory_does_not_grow_with_the_dump(tmp_path, memory):
    page = wiki_page("X", "x" * 2_000_000).encode()
    many = bz2.compress(page) * 80 + bz2.compress(b"</mediawiki>")
    (tmp_path / "dump").write_bytes(many)
    assert extract_films(tmp_path / "dump", tmp_path / "out").pages == 80
    assert memory() < 30e6, "of 160e6 unpacked"


def test_a_page_without_end_is_refused_before_it_fills_the_memory(tmp_path, memory):
    piece = bz2.compress(b"<page>" + b"x" * 10_000_000)
    (tmp_path / "dump").write_bytes(piece * 20)
    with pytest.raises(CookbookError, match="a page of more than 33,554,432 bytes"):
        extract_films(tmp_path / "dump", tmp_path / "out")
    assert memory() < 120e6, "of 200e6 unpacked"


def test_a_history_longer_than_a_page_may_be_gives_its_last_revision(tmp_path):
    page = "<page><title>X</title><ns>0</ns>", "</page></mediawiki>"
    old = f"<revision><text>{'x' * 2_000_000} {{{{Infobox film|name=old}}}}</text></revision>"
    new = "<revision><text>{{Infobox film|name=new}}</text></revision>"
    begin, revision, end = (bz2.compress(x.encode(), 1) for x in (page[0], old, new + page[1]))
    (tmp_path / "dump").write_bytes(begin + revision * 20 + end)
    assert extract_films(tmp_path / "dump", tmp_path / "out").films == 1
    assert lines(tmp_path / "out") == ['["X", {"name": "new"}, [], null, null]']


# What can be wrong with it


def test_a_dump_cut_short_leaves_no_films_but_those_that_it_had_are_not_read_again(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "STREAMS_PER_TASK", 2)
    dump, index = write_dump(tmp_path, films_and_others(100))
    whole, out = dump.read_bytes(), tmp_path / "out"
    dump.write_bytes(whole[: len(whole) * 2 // 3])
    message = r"dump.xml.bz2, at or before byte [\d,]+: "
    with pytest.raises(CookbookError, match=message):
        extract_films(dump, out)
    with pytest.raises(CookbookError, match=message + ".*Of 6 parts, 3 can't be read"):
        films_of_dump(dump, index, out)
    assert not out.exists()
    kept = {path: path.stat() for path in (tmp_path / "out.parts").iterdir()}
    dump.write_bytes(whole)
    monkeypatch.setattr(cluster, "_write_part", only_others(kept))
    assert films_of_dump(dump, index, out).films == 50
    assert list(map(int, titles(out))) == list(range(1, 100, 2))


def only_others(kept):
    """A way to write a part that isn't one of those that are there."""
    write = cluster._write_part

    def write_other(dump, streams, path):
        assert path not in kept
        return write(dump, streams, path)

    return write_other


def test_one_damaged_stream_costs_only_its_own_part(tmp_path, monkeypatch):
    monkeypatch.setattr(cluster, "STREAMS_PER_TASK", 2)
    dump, index = write_dump(tmp_path, films_and_others(100))
    whole, end = dump.read_bytes(), read_index(index)[6]
    dump.write_bytes(whole[: end - 30] + bytes(20) + whole[end - 10 :])
    with pytest.raises(CookbookError, match=rf"at or before byte {end:,}: not, or no longer, bz2"):
        films_of_dump(dump, index, tmp_path / "out")
    assert len(list((tmp_path / "out.parts").iterdir())) == 5
    dump.write_bytes(whole)
    assert films_of_dump(dump, index, tmp_path / "out").films == 50
    assert list(map(int, titles(tmp_path / "out"))) == list(range(1, 100, 2))


@pytest.mark.parametrize("place", ["one", "cores"])
def test_an_index_of_another_dump_is_refused(tmp_path, place):
    _, other = write_dump(tmp_path, films_and_others(333))
    other = other.rename(tmp_path / "other")
    dump, _ = write_dump(tmp_path, films_and_others(50), pages_in_stream=9)
    message = r"dump.xml.bz2, at or before byte [\d,]+: .*index is not its own|within a bz2 stream"
    with pytest.raises(CookbookError, match=message):
        films_of_dump(dump, other, tmp_path / "out", place)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bz2.compress(b""), "index: an index without a line"),
        (bz2.compress(b"600:1:A\n600:B\n"), "index, after line 1: not the index"),
        (bz2.compress(b"600:1:A\nx:2:B\n"), "index, after line 1: not the index"),
        (bz2.compress(b"600:1:A\n" * 99)[:-9], "index, after line .*: not the index"),
        (b"600:1:A\n", "index, after line 0: not the index"),
    ],
)
def test_a_damaged_index_is_refused(tmp_path, content, message):
    dump, _ = write_dump(tmp_path, films_and_others(2))
    (tmp_path / "index").write_bytes(content)
    with pytest.raises(CookbookError, match=message):
        films_of_dump(dump, tmp_path / "index", tmp_path / "out")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "byte 0: the dump ends without </mediawiki>"),
        (bz2.compress(b"<mediawiki></mediawiki>"), "dump: a dump without a page"),
        (bz2.compress(b"<mediawiki><page><title>"), "dump, .*: the dump ends within a page"),
        (b"<mediawiki></mediawiki>", "dump, .*: not, or no longer, bz2"),
    ],
)
def test_what_is_no_dump_is_refused(tmp_path, content, message):
    (tmp_path / "dump").write_bytes(content)
    with pytest.raises(CookbookError, match=message):
        extract_films(tmp_path / "dump", tmp_path / "out")


def test_a_page_that_cannot_be_read_is_counted_and_left_out(tmp_path):
    film, broken = wiki_page("good", FILM), wiki_page("broken", FILM)
    pages = [
        broken.replace("</revision>", ""),
        broken.replace("{{Infobox", "&lol;{{Infobox"),
        wiki_page("open", "{{Infobox film | name = {{ubl|X}} [[A]]"),
        film,
    ]
    bomb = '<!DOCTYPE mediawiki [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]>'
    content = f"{bomb}<mediawiki>{''.join(pages)}</mediawiki>".encode()
    (tmp_path / "dump").write_bytes(bz2.compress(content))
    total = extract_films(tmp_path / "dump", tmp_path / "out")
    assert titles(tmp_path / "out") == ["good"]
    assert len(total.unreadable) == 3 and total.pages == 4
    assert "'lol' not defined" in total.unreadable[1]
    assert total.unreadable[2] == "open: its infobox is never closed"


def test_what_is_missing_is_named_and_what_is_there_is_not_overwritten(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(2))
    out = tmp_path / "out"
    with pytest.raises(CookbookError, match="none: no such file"):
        extract_films(tmp_path / "none", out)
    with pytest.raises(CookbookError, match="none: no such file"):
        films_of_dump(tmp_path / "none", index, out)
    with pytest.raises(CookbookError, match="not readable as a dump"):
        extract_films(tmp_path, out)
    with pytest.raises(CookbookError, match="none, after line 0: .*No such file"):
        films_of_dump(dump, tmp_path / "none", out)
    with pytest.raises(CookbookError, match="Unknown cluster 'many'"):
        films_of_dump(dump, index, out, "many")
    assert not out.exists()
    out.write_text("precious")
    with pytest.raises(CookbookError, match="out is there already"):
        extract_films(dump, out)
    with pytest.raises(CookbookError, match="out is there already"):
        films_of_dump(dump, index, out)
    assert out.read_text() == "precious"


# Stopped, and taken up again


def python(*arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def parts_done(folder):
    return list((folder / "out.parts").glob("[!.]*"))


@contextlib.contextmanager
def running(folder, *extra):
    """The command line at work on the dump in `folder`, once the first parts are done."""
    command = "-m helpers.cluster films dump.xml.bz2 --index index.txt.bz2 --out out".split()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    options = {"cwd": folder, "env": environment, **pipes}
    with subprocess.Popen([sys.executable, *command, *extra], **options) as process:
        try:
            while process.poll() is None and len(parts_done(folder)) < 2:
                time.sleep(0.005)
            assert process.poll() is None, process.stderr.read()
            yield process
        finally:
            process.kill()


@pytest.fixture
def large(tmp_path):
    """A dump that takes a few seconds: 2,000 films of many links."""
    text = FILM + " [[link]] and {{a|b}}" * 60
    return write_dump(tmp_path, [wiki_page(f"{i}", text) for i in range(2000)], pages_in_stream=4)


@pytest.mark.parametrize("place", ["one", "cores"])
def test_a_killed_run_is_resumed(tmp_path, large, place, monkeypatch):
    dump, index = large
    with running(tmp_path, "--cluster", place) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert not psutil.wait_procs(workers, timeout=30)[1], "none is left behind"
    assert not (tmp_path / "out").exists()
    kept = parts_done(tmp_path)
    assert 0 < len(kept) < 16
    monkeypatch.setattr(cluster, "_write_part", only_others(kept))
    films_of_dump(dump, index, tmp_path / "out")
    assert list(map(int, titles(tmp_path / "out"))) == list(range(2000))
    assert not (tmp_path / "out.parts").exists()


def test_parts_of_another_dump_or_an_older_release_are_not_mixed_in(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(100))
    (tmp_path / "out.parts").mkdir()
    for name in ("other", dump.name):
        (tmp_path / "out.parts" / f"{name}-0-{dump.stat().st_size}.json").write_text("{}")
    assert films_of_dump(dump, index, tmp_path / "out").films == 50


def test_the_command_line_says_what_it_did(tmp_path, sample):
    dump, index = sample
    command = f"-m helpers.cluster films {dump} --index {index} --out out".split()
    done = python(*command, folder=tmp_path)
    assert "40 films of 80 pages are in out" in done.stdout
    assert "58 pages with {{infobox film}}\n" in done.stdout
    assert "6 pages with {{infobox film festival}}, not taken" in done.stdout
    assert "6 pages can't be read" in done.stdout
    done = python(*command, folder=tmp_path)
    assert done.returncode == 1 and "error: out is there already" in done.stderr
    plain = f"-m helpers.cluster films {dump} --out plain".split()
    assert "40 films of 80 pages are in plain" in python(*plain, folder=tmp_path).stdout
