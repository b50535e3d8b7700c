"""Films come out of a Wikipedia dump the same way however it is read, and whatever stops it."""

import bz2
import contextlib
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import tracemalloc
from functools import partial
from pathlib import Path

from helpers import ROOT, CookbookError, scale
from helpers.datasets import wikipedia_dump as wikidump
from helpers.datasets.wikipedia_dump import (
    RemoteFile,
    describe,
    download,
    extract_films,
    find_rating,
    newest_dump,
    parse_film,
    read_index,
)
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


# A page


def test_a_film_has_title_properties_links_and_rating():
    article = FILM + "\n\nOn Rotten Tomatoes 95% like it, by 8.2/10.\n\n[[Category:1990 films]]"
    properties, links = {"name": "X"}, ["X", "A", "C", "Category:1990 films"]
    page = wiki_page("X & Y (film)", article).encode()
    assert parse_film(page) == ["X & Y (film)", properties, links, "95%", "8.2/10"]


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("Rotten Tomatoes: 7%, 10/10", ("7%", "10/10")),
        ("Rotten Tomatoes: 100%", ("100%", None)),
        ("95%\n\nrotten tomatoes gives 94% of 12.5/10", ("94%", None)),
        ("Rotten Tomatoes: 95% or 94%", (None, None)),
        ("Rotten Tomatoes: 95%, yes, 95%, and 7/10", ("95%", "7/10")),
        ("Rotten Tomatoes: 1,200% and 3.5%\n\nRotten tomatoes", (None, None)),
        ("95% and 8.2/10", (None, None)),
        ("Rotten Tomatoes: 12%\n\n{{RT prose|95|8.20|389}}", ("95%", "8.20/10")),
        ("", (None, None)),
    ],
)
def test_a_rating_is_taken_only_where_it_is_clear(text, rating):
    assert find_rating(text) == rating


def test_a_page_that_is_no_article_is_no_film():
    assert parse_film(wiki_page("Template:Infobox film", FILM, namespace=10).encode()) is None
    assert parse_film(wiki_page("X", f"#REDIRECT [[Y]] {FILM}").encode()) is None


@pytest.mark.parametrize("depth", [10, 1000])
def test_braces_nested_deeply_or_never_closed_do_no_harm(depth):
    for text in (FILM + "{{a|" * depth, FILM + "{{a|" * depth + "}}" * depth, FILM + "[[" * depth):
        assert parse_film(wiki_page("X", text).encode())[1] == {"name": "X"}


# A dump


def test_the_sample_gives_the_planted_films(sample, tmp_path):
    dump, index = sample
    total = extract_films(dump, tmp_path / "out", index)
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
    ways = {
        "plain": {},
        "one process": {"index": index},
        "all cores": {"index": index, "cluster": "cores"},
    }
    for name, way in ways.items():
        extract_films(dump, tmp_path / name, **way)
    assert len(lines(tmp_path / "plain")) == len(planted_articles())
    for name in ways:
        assert lines(tmp_path / name) == lines(tmp_path / "plain"), name


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


# What can be wrong with it


def test_a_dump_cut_short_keeps_its_films_and_goes_on_when_it_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(wikidump, "PAGES_PER_BLOCK", 7)
    dump, index = write_dump(tmp_path, films_and_others(100))
    whole, out = dump.read_bytes(), tmp_path / "out"
    for way in ({}, {"index": index}):
        dump.write_bytes(whole[: len(whole) * 2 // 3])
        with pytest.raises(
            CookbookError, match=r"dump.xml.bz2, at or before byte [\d,]+: "
        ) as info:
            extract_films(dump, out, **way)
        kept = len(lines(out))
        assert 20 < kept < 40 and f"{kept} films of " in str(info.value)
        dump.write_bytes(whole)
        assert extract_films(dump, out, **way).films == 50
        assert sorted(map(int, titles(out))) == list(range(1, 100, 2))
        out.unlink()


def test_one_damaged_stream_costs_only_its_own_films(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(100))
    whole, end = dump.read_bytes(), read_index(index)[6]
    dump.write_bytes(whole[: end - 30] + bytes(20) + whole[end - 10 :])
    with pytest.raises(CookbookError, match=rf"at or before byte {end:,}: not, or no longer, bz2"):
        extract_films(dump, tmp_path / "out", index)
    assert sorted(map(int, titles(tmp_path / "out"))) == [*range(1, 40, 2), *range(51, 100, 2)]
    dump.write_bytes(whole)
    assert extract_films(dump, tmp_path / "out", index).films == 50
    assert len(set(titles(tmp_path / "out"))) == len(titles(tmp_path / "out")) == 50


@pytest.mark.parametrize("cluster", ["one", "cores"])
def test_an_index_of_another_dump_is_refused(tmp_path, cluster):
    _, other = write_dump(tmp_path, films_and_others(333))
    other = other.rename(tmp_path / "other")
    dump, _ = write_dump(tmp_path, films_and_others(50), pages_in_stream=9)
    message = r"dump.xml.bz2, at or before byte [\d,]+: .*index is not its own|within a bz2 stream"
    with pytest.raises(CookbookError, match=message):
        extract_films(dump, tmp_path / "out", other, cluster)


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
        extract_films(dump, tmp_path / "out", tmp_path / "index")


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


def test_options_that_cannot_work_are_refused(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(2))
    out = tmp_path / "out"
    for options, message in [
        ({"index": tmp_path / "none"}, "none: no such file"),
        ({"cluster": "cores"}, "takes a multistream dump and its index"),
        ({"index": index, "cluster": "many"}, "Unknown cluster 'many'"),
    ]:
        with pytest.raises(CookbookError, match=message):
            extract_films(dump, out, **options)
    assert not out.exists()
    out.write_text("precious")
    with pytest.raises(CookbookError, match="out is there already"):
        extract_films(dump, out, index)
    assert out.read_text() == "precious"


def test_an_address_without_a_scheduler_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(scale, "PATIENCE", 1)
    dump, index = write_dump(tmp_path, films_and_others(20))
    for address in ("tcp://127.0.0.1:9", "nonsense://x"):
        with pytest.raises(CookbookError, match=f"Dask cluster {address}: no connection"):
            extract_films(dump, tmp_path / "out", index, cluster=address)


# Stopped, and taken up again


def python(*arguments, folder):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


def blocks_done(folder):
    progress = folder / "out.progress"
    return progress.read_bytes().count(b"\n") - 1 if progress.exists() else 0


@contextlib.contextmanager
def running(folder, *extra):
    """The command line at work on the dump in `folder`, once the first blocks are done."""
    command = [
        sys.executable,
        "-m",
        "helpers.datasets.wikipedia_dump",
        "dump.xml.bz2",
        "--out",
        "out",
    ]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    options = {"cwd": folder, "env": environment, **pipes}
    with subprocess.Popen([*command, *extra], **options) as process:
        try:
            while process.poll() is None and blocks_done(folder) < 2:
                time.sleep(0.005)
            assert process.poll() is None, process.stderr.read()
            yield process
        finally:
            process.kill()


@pytest.fixture
def large(tmp_path):
    """A dump that takes a few seconds: 400 films of many links."""
    text = FILM + " [[link]] and {{a|b}}" * 60
    return write_dump(tmp_path, [wiki_page(f"{i}", text) for i in range(400)], pages_in_stream=4)


def assert_resumes(dump, index, out):
    """The next run keeps what is there, and adds what is missing once."""
    before = out.read_bytes()
    extract_films(dump, out, index)
    assert sorted(map(int, titles(out))) == list(range(400))
    whole = before[: before.rfind(b"\n") + 1]
    assert 0 < len(whole) < out.stat().st_size


@pytest.mark.parametrize(
    "options",
    [
        "",
        "--index index.txt.bz2 --cluster one",
        "--index index.txt.bz2 --cluster cores",
    ],
)
def test_a_killed_run_leaves_no_half_line_and_is_resumed(tmp_path, large, options):
    dump, index = large
    with running(tmp_path, *options.split()) as process:
        workers = psutil.Process(process.pid).children(recursive=True)
        process.kill()
        assert not psutil.wait_procs(workers, timeout=10)[1], "none is left behind"
    assert_resumes(dump, index if options else None, tmp_path / "out")


def test_whatever_lies_behind_the_last_listed_block_is_cut_off(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(40))
    out, progress = tmp_path / "out", tmp_path / "out.progress"
    extract_films(dump, out, index)
    films, listed = lines(out), progress.read_text().splitlines(keepends=True)
    for damage in ("half a list", "half a film", "films without a list", "a list without films"):
        kept = listed[:4] if "list" in damage else listed
        progress.write_text("".join(kept) + (listed[4][:9] if damage == "half a list" else ""))
        if damage == "half a film":
            out.write_bytes(out.read_bytes()[:-3])
        if damage == "a list without films":
            out.unlink()
        extract_films(dump, out, index)
        assert lines(out) == films, damage


def test_a_finished_run_is_not_repeated_and_another_dump_not_mixed_in(tmp_path):
    dump, index = write_dump(tmp_path, films_and_others(40))
    first = extract_films(dump, tmp_path / "out", index)
    for cluster in ("one", "cores"):
        assert extract_films(dump, tmp_path / "out", index, cluster) == first
    assert len(lines(tmp_path / "out")) == 20
    dump, index = write_dump(tmp_path, films_and_others(41))
    with pytest.raises(CookbookError, match="not from an interrupted extraction of this dump"):
        extract_films(dump, tmp_path / "out", index)


def test_two_runs_do_not_write_one_file(tmp_path, large):
    with (
        running(tmp_path, "--index", large[1].name),
        pytest.raises(CookbookError, match="out: another run is writing it"),
    ):
        extract_films(large[0], tmp_path / "out", large[1])


def test_a_worker_that_dies_is_replaced(tmp_path, large):
    with running(tmp_path, "--index", large[1].name, "--cluster", "cores") as process:
        worker = next(
            child
            for child in psutil.Process(process.pid).children()
            if "spawn_main" in " ".join(child.cmdline())
        )
        worker.kill()
        _, error = process.communicate()
    assert process.returncode == 0, error
    assert sorted(map(int, titles(tmp_path / "out"))) == list(range(400))


def test_the_command_line_says_what_it_did(tmp_path, sample):
    dump, index = sample
    done = python(
        *f"-m helpers.datasets.wikipedia_dump {dump} --index {index} --out out".split(),
        folder=tmp_path,
    )
    assert "40 films of 80 pages are in out" in done.stdout
    assert "6 pages can't be read" in done.stdout
    done = python(*f"-m helpers.datasets.wikipedia_dump {dump} --out out".split(), folder=tmp_path)
    assert done.returncode == 1 and "error: out is there already" in done.stderr


# The newest dump

LISTING = """<html><h1>Index of /enwiki/</h1><pre><a href="../">../</a>
<a href="20250901/">20250901/</a> 04-Sep-2025 07:15 -
<a href="20251001/">20251001/</a> 03-Oct-2025 11:02 -
<a href="20251020/">20251020/</a> 21-Oct-2025 02:30 -
<a href="latest/">latest/</a> 03-Oct-2025 11:02 -</pre></html>"""
FINISHED = """<ul><li class='done'><ul>
<li class='file'><a href="/enwiki/20251001/enwiki-20251001-pages-articles.xml.bz2">x</a> 21 GB</li>
<li class='file'><a href="/enwiki/20251001/{dump}">{dump}</a> 24.5 GB</li>
<li class='file'><a href="/enwiki/20251001/{index}">{index}</a> 270.1 MB</li></ul></li></ul>"""
UNFINISHED = "<li class='in-progress'><ul><li class='file'>{dump} 12 GB (written)</li></ul></li>"
NAMES = {
    "dump": "enwiki-20251001-pages-articles-multistream.xml.bz2",
    "index": "enwiki-20251001-pages-articles-multistream-index.txt.bz2",
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `pages`, or what is asked of them, and notes each request."""

    def __init__(self, pages, requests, *arguments):
        self.pages, self.requests = pages, requests
        super().__init__(*arguments)

    def do_GET(self):
        asked = self.headers.get("Range", "")
        self.requests.append((self.path, asked, self.headers["User-Agent"]))
        content = self.pages.get(self.path)
        self.send_response(404 if content is None else 206 if asked else 200)
        self.end_headers()
        self.wfile.write((content or b"")[int(asked[6:-1] or 0) if asked else 0 :])

    def log_message(self, *_):
        pass


@pytest.fixture
def site(monkeypatch):
    """A small stand-in for the site of the dumps: its address, pages and the requests it had."""
    monkeypatch.setattr(wikidump, "PAUSE", 0.01)
    day = "/enwiki/20251001/"
    content = os.urandom(300_000)
    pages = {
        "/enwiki/": LISTING.encode(),
        "/enwiki/20251020/": UNFINISHED.format(**NAMES).encode(),
        day: FINISHED.format(**NAMES).encode(),
        f"{day}{NAMES['dump']}": content,
        f"{day}enwiki-20251001-sha1sums.txt": (
            f"{'0' * 40}  {NAMES['index']}\n{hashlib.sha1(content).hexdigest()}  {NAMES['dump']}\n"
        ).encode(),
    }
    requests = []
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), partial(Handler, pages, requests)
    ) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/enwiki/", pages, requests
        server.shutdown()


def test_the_newest_finished_dump_is_found_with_its_size(site):
    url, _, requests = site
    files = newest_dump(url)
    assert [file.name for file in files] == [NAMES["dump"], NAMES["index"]]
    assert [file.size for file in files] == [24.5e9, 270.1e6]
    assert files[0].url == f"{url}20251001/{NAMES['dump']}"
    assert [path for path, *_ in requests] == ["/enwiki/", "/enwiki/20251020/", "/enwiki/20251001/"]
    assert all("embeddings-cookbook" in agent for *_, agent in requests)


def test_the_requests_keep_their_distance(site, monkeypatch):
    pauses = []
    monkeypatch.setattr(wikidump.time, "sleep", pauses.append)
    newest_dump(site[0])
    assert pauses == [wikidump.PAUSE] * len(site[2])


def test_size_and_time_are_stated():
    files = [RemoteFile("https://x/a.xml.bz2", 25.2e9), RemoteFile("https://x/a.txt.bz2", 0.25e9)]
    assert describe(files, cores=2) == (
        "a.xml.bz2: 25.20 GB\na.txt.bz2: 0.25 GB\n"
        "About 1.4 h to download at 5 MB a second, 1.0 h to read with 2 cores."
    )


def test_a_site_without_a_finished_dump_is_an_error(site):
    url, pages, _ = site
    pages["/enwiki/20251001/"] = pages["/enwiki/20250901/"] = b""
    with pytest.raises(CookbookError, match="lists no finished dump"):
        newest_dump(url)
    with pytest.raises(CookbookError, match="/nowhere/: can't be had.*404"):
        newest_dump(url.replace("enwiki", "nowhere"))


@pytest.mark.parametrize("there", [None, 1, 123_456, 300_000])
def test_a_download_goes_on_where_it_stopped(site, tmp_path, there):
    url, pages, requests = site
    content = pages[f"/enwiki/20251001/{NAMES['dump']}"]
    file = RemoteFile(f"{url}20251001/{NAMES['dump']}", 3e5)
    if there:
        (tmp_path / f"{file.name}.part").write_bytes(content[:there])
    assert download(file, tmp_path).read_bytes() == content
    assert requests[-1][1] == (f"bytes={there - 1}-" if there and there > 1 else "")
    assert list(tmp_path.iterdir()) == [tmp_path / file.name]
    download(file, tmp_path)
    assert len(requests) == 2, "what is there isn't fetched again"


def test_a_damaged_download_is_dropped(site, tmp_path):
    url, pages, _ = site
    pages[f"/enwiki/20251001/{NAMES['dump']}"] += b"x"
    with pytest.raises(CookbookError, match="damaged on the way"):
        download(RemoteFile(f"{url}20251001/{NAMES['dump']}", 3e5), tmp_path)
    assert not list(tmp_path.iterdir())
