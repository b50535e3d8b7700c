"""Getting a data set's files: every way in which a source, a copy or a disk can be bad."""

import dataclasses
import hashlib
import os
import re
import socket
import subprocess
import sys
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path

from helpers import ROOT, CookbookError, fetch

import pytest
from toy_server import serving

SIGNATURE = b"TOY 1\n"
CONTENT = SIGNATURE + bytes(range(256)) * 400
ARCHIVE = "https://archive.org/download/stackexchange"
BROKEN_OFF = 80_000  # bytes that arrive before a connection stops
PINNED = {"checksum": hashlib.sha256(CONTENT).hexdigest()}
CHECKS = {
    "sha256": PINNED,
    "md5": {"checksum": f"md5:{hashlib.md5(CONTENT).hexdigest()}"},
    "git": {"checksum": "git-blob:306db68cf939e5ad897bbd3be344ddd699769383"},  # git hash-object
    "unpinned": {"signature": SIGNATURE.hex(" ")},
}


class Handler(BaseHTTPRequestHandler):
    """Behaves as the first part of the path says: /good/toy.bin, /missing/toy.bin …"""

    def do_GET(self):
        self.server.requested.append(self.path)
        getattr(self, self.path.split("/")[1])()

    def do_HEAD(self):
        self.start(b"")

    def do_POST(self):  # what kagglehub sends to ask for a file
        self.rfile.read(int(self.headers["Content-Length"]))
        getattr(self, self.server.kaggle)()

    def start(self, body: bytes, status: int = 200, **headers: str):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def answer(self, body: bytes, status: int = 200):
        self.start(body, status)
        self.wfile.write(body)

    def good(self):
        self.answer(CONTENT)

    def wrong(self):
        self.answer(b"!" + CONTENT[1:])

    def missing(self):
        self.answer(b"nothing here", 404)

    def truncated(self):
        self.start(CONTENT)
        self.wfile.write(CONTENT[:BROKEN_OFF])

    def silent(self):
        self.server.go_on.wait(10)

    def paused(self):
        self.truncated()
        self.server.go_on.wait(10)
        self.wfile.write(CONTENT[BROKEN_OFF:])

    def marked(self):
        """Names the version of the file; sends the rest of it to who has the start of just that.

        Breaks off at `server.end`, and knows no ranges if `server.ranges` is False.
        """
        same = self.server.ranges and self.headers["If-Range"] == self.server.version
        first = int(re.fullmatch("bytes=([0-9]+)-", self.headers["Range"])[1]) if same else 0
        self.server.sent.append(first)
        self.start(self.server.content[first:], 206 if same else 200, ETag=self.server.version)
        self.wfile.write(self.server.content[first : self.server.end])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with serving(Handler) as server:
        server.requested = []
        yield server


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """A data folder that isn't there yet, no mirror, no network, no proxy before the server."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.delenv("COOKBOOK_MIRROR", raising=False)
    monkeypatch.setenv("HTTPS_PROXY", closed_port())
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "data"


@pytest.fixture
def register(monkeypatch):
    """Registers the data set "toy": one file that `url` holds."""

    def register(url: str, key: str = "toy.bin", **checks) -> None:
        files = {key: fetch.File(url, size=len(CONTENT), **checks)}
        toy = fetch.DataSet("Toy set", files, "CC0", "https://example.org/toy", "bytes")
        monkeypatch.setitem(fetch.REGISTRY, "toy", toy)

    return register


def kept(folder: Path) -> list[str]:
    """Files that a run leaves in a data folder, its locks aside."""
    files = [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]
    return sorted(name for name in files if not name.startswith(".locks/"))


def closed_port() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/toy.bin"


CHILD = f"""
import sys
from helpers import fetch
toy = fetch.File(sys.argv[1], size={len(CONTENT)}, checksum="{PINNED["checksum"]}")
fetch.REGISTRY["toy"] = fetch.DataSet("Toy set", {{"toy.bin": toy}}, "", "", "")
print("ready", flush=True)
try:
    print(fetch.fetch("toy"))
except fetch.FetchError as error:
    print("FetchError:", error)
"""


def start_child(url: str, data: Path, *wrapper: str) -> subprocess.Popen:
    """A process of its own that fetches "toy" from `url` into `data`."""
    return subprocess.Popen(
        [*wrapper, sys.executable, "-c", CHILD, url],
        cwd=ROOT,
        env=os.environ | {"COOKBOOK_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


# Good files


@pytest.mark.parametrize("kind", CHECKS)
def test_a_good_file_comes_from_the_public_source(server, register, data, capsys, kind):
    register(f"{server.url}/good/toy.bin", **CHECKS[kind])
    path = fetch.fetch("toy")
    assert path == data / "toy.bin"
    assert path.read_bytes() == CONTENT
    assert kept(data) == ["toy.bin"]
    out, err = capsys.readouterr()
    assert "data/toy.bin: fetched from http" in out
    assert str(data) not in out
    assert err == ""


def test_a_good_file_in_data_is_used_without_a_request_or_a_write(server, register, data):
    register(f"{server.url}/good/toy.bin", **PINNED)
    data.mkdir()
    (data / "toy.bin").write_bytes(CONTENT)
    assert fetch.fetch("toy") == data / "toy.bin"
    assert server.requested == []
    assert [path.name for path in data.iterdir()] == ["toy.bin"]


def test_several_files_share_a_folder(server, data, monkeypatch):
    keys = ["films/films-1990s.bin", "films/films-2000s.bin"]
    files = {key: fetch.File(f"{server.url}/good/{key}", len(CONTENT), **PINNED) for key in keys}
    monkeypatch.setitem(fetch.REGISTRY, "films", fetch.DataSet("Films", files, "", "", ""))
    assert fetch.fetch("films") == data / "films"
    assert kept(data) == keys


# Bad sources


@pytest.mark.parametrize("kind", CHECKS)
def test_wrong_bytes_are_refused_and_leave_nothing(server, register, data, kind):
    register(f"{server.url}/wrong/toy.bin", **CHECKS[kind])
    with pytest.raises(fetch.FetchError, match="/wrong/toy.bin: wrong content: cut short, damaged"):
        fetch.fetch("toy")
    assert kept(data) == []


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        ("truncated", "80000 bytes read, 22406 more expected"),
        ("missing", "HTTP 404 Not Found"),
        ("silent", "timed out"),
        ("paused", "timed out"),
    ],
)
def test_a_bad_source_is_named_and_leaves_nothing(
    server, register, data, monkeypatch, behaviour, reason
):
    monkeypatch.setattr(fetch, "TIMEOUT", (0.5, 0.5))
    monkeypatch.setenv("COOKBOOK_MIRROR", f"{server.url}/missing")
    register(f"{server.url}/{behaviour}/toy.bin")
    with pytest.raises(fetch.FetchError, match="Toy set") as caught:
        fetch.fetch("toy")
    mirror, source = caught.value.reasons
    assert mirror == "COOKBOOK_MIRROR: HTTP 404 Not Found"
    assert source.startswith(f"{server.url}/{behaviour}/toy.bin: ") and reason in source
    assert kept(data) == []


@pytest.mark.parametrize("kind", CHECKS)
def test_the_error_names_every_way_out(register, kind):
    url = closed_port()
    register(url, **CHECKS[kind])
    page = "https://example.org/toy" if kind == "unpinned" else url  # a page may change
    with pytest.raises(fetch.FetchError, match="Connection refused") as caught:
        fetch.fetch("toy")
    ways = str(caught.value).split("Ways out:")[1]
    for way in (
        "1. connect to the network",
        "2. set COOKBOOK_MIRROR to a folder or URL that holds toy.bin",
        f"3. get the file by hand from {page} and save it as data/toy.bin",
        "4. if the disk is at fault, free some space or set COOKBOOK_DATA to another folder",
        '5. set EDITION = "sample"',
    ):
        assert way in ways


PAGES = [
    b"<!DOCTYPE html>\n<title>Sign in</title>",
    b"\xef\xbb\xbf\r\n <HTML lang=en>",
    b"<?xml version='1.0'?>\n<!-- error --><html xmlns='http://www.w3.org/1999/xhtml'>",
    b"<head><title>502 Bad Gateway</title></head>",
]


@pytest.mark.parametrize("page", PAGES)
def test_a_web_page_is_never_taken_for_a_text(server, data, tmp_path, monkeypatch, page):
    """A book that isn't pinned: anything but a page is read, and the reader looks for its marks."""
    place = fetch.TEMPLATES["NUMBER"]["data_set"]["files"]["pgNUMBER.txt"]
    monkeypatch.setitem(place, "url", f"{server.url}/good/pgNUMBER.txt")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    (tmp_path / "pg158.txt").write_bytes(page)
    data.mkdir()
    (data / "pg158.txt").write_bytes(page)
    assert fetch.fetch("gutenberg-158").read_bytes() == CONTENT
    assert (data / "pg158.txt.not-used-1").read_bytes() == page
    (tmp_path / "pg158.txt").rename(tmp_path / "pg159.txt")
    monkeypatch.setitem(place, "url", closed_port())
    with pytest.raises(fetch.FetchError, match="COOKBOOK_MIRROR: wrong content.* error page"):
        fetch.fetch("gutenberg-159")
    assert kept(data) == ["pg158.txt", "pg158.txt.not-used-1"]


def test_another_edition_of_a_pinned_file_is_refused_and_the_right_one_is_named(data):
    data.mkdir()
    (data / "pg84.txt").write_text("A newer text of Frankenstein")
    with pytest.raises(fetch.FetchError, match="another edition") as caught:
        fetch.fetch("gutenberg-84")
    (file,) = fetch.REGISTRY["gutenberg-84"].files.values()
    assert f"get the file by hand from {file.url} and save it as data/pg84.txt" in caught.value.ways
    assert kept(data) == ["pg84.txt"]


# What is in data/ already


def test_a_file_that_does_not_match_is_set_aside_never_overwritten(server, register, data, capsys):
    register(f"{server.url}/good/toy.bin", **PINNED)
    data.mkdir()
    for number, own in enumerate([b"mine", b"mine, too"], start=1):
        (data / "toy.bin").write_bytes(own)
        assert fetch.fetch("toy").read_bytes() == CONTENT
        assert (data / f"toy.bin.not-used-{number}").read_bytes() == own
        out = capsys.readouterr().out
        assert f"The former toy.bin is now toy.bin.not-used-{number}." in out
        assert "Not used: data/toy.bin: wrong content" in out
    assert kept(data) == ["toy.bin", "toy.bin.not-used-1", "toy.bin.not-used-2"]


def test_a_file_that_does_not_match_stays_where_it_is_if_there_is_no_other(server, register, data):
    register(f"{server.url}/missing/toy.bin", **CHECKS["unpinned"])
    data.mkdir()
    (data / "toy.bin").write_bytes(b"<html>Not found</html>")
    with pytest.raises(fetch.FetchError, match="HTTP 404") as caught:
        fetch.fetch("toy")
    assert caught.value.reasons[0].startswith("data/toy.bin: wrong content")
    assert (data / "toy.bin").read_bytes() == b"<html>Not found</html>"
    assert kept(data) == ["toy.bin"]


# Mirrors


def test_a_mirror_folder_goes_before_the_public_source(
    server, register, tmp_path, monkeypatch, capsys
):
    register(f"{server.url}/good/toy.bin", key="sets/toy.bin", **PINNED)
    (tmp_path / "mirror/sets").mkdir(parents=True)
    (tmp_path / "mirror/sets/toy.bin").write_bytes(CONTENT)
    monkeypatch.setenv("COOKBOOK_MIRROR", os.path.relpath(tmp_path / "mirror", ROOT))
    monkeypatch.chdir(tmp_path)  # a relative folder counts from the root of the project
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert server.requested == []
    out = capsys.readouterr().out
    assert "data/sets/toy.bin: fetched from COOKBOOK_MIRROR" in out
    assert str(tmp_path) not in out


@pytest.mark.parametrize("form", ["file://{}", '"{}"', "'{}/'", "{} ", "$TOY_MIRROR"])
def test_a_mirror_folder_is_found_however_it_is_written(
    server, register, tmp_path, monkeypatch, form
):
    register(f"{server.url}/missing/toy.bin", **PINNED)
    (tmp_path / "toy.bin").write_bytes(CONTENT)
    monkeypatch.setenv("TOY_MIRROR", str(tmp_path))
    monkeypatch.setenv("COOKBOOK_MIRROR", form.format(tmp_path))
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert server.requested == []


@pytest.mark.parametrize("form", ["{}/good", "{}/good/ ", '"{}/good"'])
def test_an_address_of_a_mirror_is_found_however_it_is_written(server, register, monkeypatch, form):
    register(closed_port(), **PINNED)
    monkeypatch.setenv("COOKBOOK_MIRROR", form.format(server.url.replace("http", "HTTP")))
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert server.requested == ["/good/toy.bin"]


def test_a_mirror_that_is_neither_is_refused_and_shown(server, register, monkeypatch):
    register(f"{server.url}/good/toy.bin", **PINNED)
    monkeypatch.setenv("COOKBOOK_MIRROR", "s3://bucket/data")
    for call in (fetch.fetch, lambda name: fetch.choose_edition("auto", name)):
        with pytest.raises(CookbookError, match=r"COOKBOOK_MIRROR \(now 's3://bucket/data'\)"):
            call("toy")
    assert server.requested == []


def test_an_error_shows_which_mirror_and_which_folder_were_set(register, data, monkeypatch):
    register(closed_port(), **PINNED)
    monkeypatch.setenv("COOKBOOK_MIRROR", "/no such/mirror")
    monkeypatch.setenv("COOKBOOK_DATA", str(data))
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("toy")
    assert caught.value.reasons[0] == "COOKBOOK_MIRROR: No such file or directory"
    ways = str(caught.value).split("Ways out:")[1]
    assert "set COOKBOOK_MIRROR (now '/no such/mirror') to a folder or URL" in ways
    assert f"set COOKBOOK_DATA (now {str(data)!r}) to another folder" in ways


@pytest.mark.parametrize(
    ("mirrored", "reason"), [(None, "No such file"), (b"damaged", "wrong content")]
)
def test_a_useless_mirror_is_reported_and_passed_over(
    server, register, tmp_path, monkeypatch, capsys, mirrored, reason
):
    register(f"{server.url}/good/toy.bin", **PINNED)
    if mirrored:
        (tmp_path / "toy.bin").write_bytes(mirrored)
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    assert fetch.fetch("toy").read_bytes() == CONTENT
    out = capsys.readouterr().out
    assert f"Not used: COOKBOOK_MIRROR: {reason}" in out
    assert str(tmp_path) not in out


# Kaggle: its own client against our server


@pytest.fixture
def kaggle(server, register, tmp_path, monkeypatch):
    """Kaggle's client asks our server, as somebody without an account."""
    kaggle_env = pytest.importorskip("kagglesdk.kaggle_env")
    endpoints = {env: server.url for env in kaggle_env.KaggleEnv}
    monkeypatch.setattr(kaggle_env, "_env_to_endpoint", endpoints)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    register("kaggle://someone/toy-data/versions/1/toy.raw", **CHECKS["unpinned"])
    return server


def test_a_file_comes_from_kaggle(kaggle, data, capsys):
    kaggle.kaggle = "good"
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert kept(data) == ["toy.bin"]
    out, err = capsys.readouterr()
    assert "data/toy.bin: fetched from kaggle://someone/toy-data" in out
    assert str(data) not in out
    assert err == ""


def test_a_file_that_kaggle_lends_stays_where_it_is(kaggle, tmp_path, monkeypatch):
    kagglehub = pytest.importorskip("kagglehub")
    (tmp_path / "toy.raw").write_bytes(CONTENT)
    monkeypatch.setattr(kagglehub, "dataset_download", lambda _, path, **__: tmp_path / path)
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert (tmp_path / "toy.raw").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("missing", "HTTP 404"), ("wrong", "wrong content"), ("truncated", "more expected")],
)
def test_a_bad_answer_of_kaggle_leaves_nothing(kaggle, data, behaviour, reason):
    kaggle.kaggle = behaviour
    with pytest.raises(fetch.FetchError, match=reason):
        fetch.fetch("toy")
    assert kept(data) == []


# Several runs at once, and runs cut short


def test_two_processes_fetch_a_file_once(server, data):
    children = [start_child(f"{server.url}/paused/toy.bin", data) for _ in range(2)]
    for child in children:
        assert child.stdout.readline() == "ready\n"
    time.sleep(0.5)  # both are now at the lock, or would ask the server without it
    server.go_on.set()
    for child in children:
        out, err = child.communicate(timeout=20)
        assert out.splitlines()[-1] == str(data / "toy.bin"), err
    assert server.requested == ["/paused/toy.bin"]
    assert (data / "toy.bin").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("version", "content", "ranges", "resumed"),
    [
        ('"1"', CONTENT, True, True),
        ('"2"', SIGNATURE + CONTENT[::-1], True, False),
        ('"1"', CONTENT, False, False),
    ],
    ids=["the same file", "a changed file", "a server without ranges"],
)
def test_a_download_that_broke_goes_on_or_starts_anew(
    server, register, data, version, content, ranges, resumed
):
    """The file isn't pinned, so that only the server can tell whether it is still the same."""
    register(f"{server.url}/marked/toy.bin", **CHECKS["unpinned"])
    server.content, server.version, server.ranges = CONTENT, '"1"', True
    server.sent, server.end = [], BROKEN_OFF
    with pytest.raises(fetch.FetchError, match="more expected"):
        fetch.fetch("toy")
    assert kept(data) == ["toy.bin.part", "toy.bin.part-etag"]
    server.content, server.version, server.ranges, server.end = content, version, ranges, None
    assert fetch.fetch("toy").read_bytes() == content
    assert [first > 0 for first in server.sent] == [False, resumed]
    assert kept(data) == ["toy.bin"]


def test_bytes_that_turn_out_wrong_are_not_gone_on_with(server, register, data):
    register(f"{server.url}/marked/toy.bin", **PINNED)
    server.content, server.version, server.ranges, server.sent = b"!" * 9999, '"1"', True, []
    server.end = None
    with pytest.raises(fetch.FetchError, match="wrong content"):
        fetch.fetch("toy")
    assert kept(data) == []


# Disks


@pytest.mark.parametrize(
    ("options", "reason"),
    [("size=16k", "No space left on device"), ("ro", "the folder data: Read-only file system")],
)
def test_a_full_or_read_only_disk_is_named(server, data, options, reason):
    """A disk of its own, mounted over the data folder for the child process alone."""
    data.mkdir()
    mount = ["unshare", "--mount", "--map-root-user", "sh", "-c"]
    mount += ['mount -t tmpfs -o "$0" tmpfs "$1" && shift && exec "$@"', options, str(data)]
    try:
        subprocess.run([*mount, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this system doesn't let us mount a small disk")
    out, err = start_child(f"{server.url}/good/toy.bin", data, *mount).communicate(timeout=20)
    assert "FetchError: Can't get data/toy.bin" in out, err
    assert reason in out


def test_a_folder_that_cannot_be_made_is_named(server, register, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(fetch, "DATA", tmp_path / "file/data")
    register(f"{server.url}/good/toy.bin", **PINNED)
    with pytest.raises(fetch.FetchError, match="the folder data: Not a directory"):
        fetch.fetch("toy")
    assert server.requested == []


# Any book, any site

PLACES = {
    "gutenberg-158": "https://www.gutenberg.org/cache/epub/158/pg158.txt",
    "stackexchange-tea": f"{ARCHIVE}/tea.stackexchange.com.7z",
    "stackexchange-3d-prints": f"{ARCHIVE}/3d-prints.stackexchange.com.7z",
    "stackexchange-superuser.com": f"{ARCHIVE}/superuser.com.7z",
    "stackexchange-tea.meta.stackexchange.com": f"{ARCHIVE}/tea.meta.stackexchange.com.7z",
}


@pytest.mark.parametrize(("name", "url"), PLACES.items())
def test_any_book_and_any_site_have_a_place(name, url):
    assert name not in fetch.REGISTRY
    data = fetch.data_set(name)
    assert {key: file.url for key, file in data.files.items()} == {url.split("/")[-1]: url}
    assert not re.search("|".join(fetch.TEMPLATES), f"{data.title} {data.homepage} {data.about}")


NO_BOOKS = ["", "0", "-1", "084", "1\n", "NUMBER"]
NO_SITES = ["", "Tea", "../tea", ".tea", "tea.", "a..b", "a\\b", "tea\n", 'a"b', "SITE", "-a"]


@pytest.mark.parametrize(
    "name",
    [f"gutenberg-{book}" for book in NO_BOOKS] + [f"stackexchange-{site}" for site in NO_SITES],
)
def test_what_names_no_book_and_no_site_is_unknown(data, name):
    for call in (fetch.fetch, lambda name: fetch.choose_edition("auto", name)):
        with pytest.raises(CookbookError) as caught:
            call(name)
        assert str(caught.value).startswith(f"Unknown data set {name!r}.")
    assert not data.exists()


# Editions and names


def test_auto_takes_the_real_data_where_it_can_be_had(server, register, data, capsys):
    register(f"{server.url}/good/toy.bin", **PINNED)
    assert fetch.choose_edition("auto", "toy") == "full"
    assert capsys.readouterr().out.endswith("Edition: full\n")
    assert kept(data) == ["toy.bin"]


def test_auto_says_loudly_when_it_takes_the_sample(register, capsys):
    register(closed_port(), **PINNED)
    assert fetch.choose_edition("auto", "toy") == "sample"
    out, err = capsys.readouterr()
    for part in ("THE REAL DATA IS MISSING", "Connection refused", "set COOKBOOK_MIRROR"):
        assert part in out
    assert out.count("=" * 79) == 2
    assert out.endswith("Edition: sample\n")
    assert err == ""


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_named_edition_stays_and_fetches_nothing(register, data, capsys, edition):
    register(closed_port(), **PINNED)
    assert fetch.choose_edition(edition, "toy") == edition
    assert capsys.readouterr().out == f"Edition: {edition}\n"
    assert not data.exists()


def test_a_sample_is_the_file_of_the_same_path_that_comes_with_the_project(data):
    assert fetch.fetch("pitchfork", "sample") == fetch.SAMPLE / "pitchfork.sqlite"
    assert fetch.fetch("wikipedia-movie-data", "sample") == fetch.SAMPLE / "wikipedia-movie-data"
    with pytest.raises(CookbookError, match="Unknown sample 'stackexchange-tea'"):
        fetch.fetch("stackexchange-tea", "sample")
    assert not data.exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fetch.fetch("pitchfrok"), "data set 'pitchfrok'. Did you mean 'pitchfork'"),
        (lambda: fetch.fetch("pitchfork", "sampel"), "Did you mean 'sample'.* Valid: full, sample"),
        (lambda: fetch.fetch("pitchfork", "auto"), "Unknown edition 'auto'. Valid: full, sample"),
        (lambda: fetch.choose_edition("ful", "pitchfork"), "'full'.* Valid: auto, full, sample"),
        (lambda: fetch.choose_edition("auto", "pitchfrok"), "Did you mean 'pitchfork'"),
    ],
)
def test_unknown_words_get_the_options(call, message):
    with pytest.raises(CookbookError, match=message) as caught:
        call()
    assert not isinstance(caught.value, fetch.FetchError)


# The command line


def test_fetches_what_it_is_asked_for_and_goes_on_after_a_failure(server, register, data, capsys):
    register(f"{server.url}/good/toy.bin", **PINNED)
    assert fetch.main(["tyo", "toy"]) == 1
    assert kept(data) == ["toy.bin"]
    captured = capsys.readouterr()
    assert "toy: ready" in captured.out and "Did you mean 'toy'" in captured.err
    assert fetch.main(["toy"]) == 0


def test_fetches_what_chapters_use_unless_told_otherwise(server, register, monkeypatch):
    register(f"{server.url}/good/toy.bin", **PINNED)
    register_of_one = {"toy": fetch.REGISTRY["toy"]}
    extra = dataclasses.replace(register_of_one["toy"], on_request=True)
    monkeypatch.setattr(fetch, "REGISTRY", register_of_one | {"extra": extra})
    assert fetch.main([]) == 0
    assert len(server.requested) == 1


def test_an_interrupted_command_says_that_it_can_go_on(register, monkeypatch, capsys):
    def interrupt(*_):
        raise KeyboardInterrupt

    register(closed_port(), **PINNED)
    monkeypatch.setattr(fetch, "_copy", interrupt)
    assert fetch.main(["toy"]) == 130
    assert "interrupted" in capsys.readouterr().err


# The registry


def test_every_registered_file_can_be_told_from_another():
    keys = [key for dataset in fetch.REGISTRY.values() for key in dataset.files]
    assert len(keys) == len(set(keys))
    for name, dataset in fetch.REGISTRY.items():
        assert len({Path(key).parent for key in dataset.files}) == 1, name
        for key, file in dataset.files.items():
            checked = r"([0-9a-f]{64}|md5:[0-9a-f]{32}|git-blob:[0-9a-f]{40})"
            assert re.fullmatch(checked, file.checksum or "") or file.signature, (name, key)
            assert file.url.startswith(("https://", "kaggle://")) and file.size, (name, key)


def test_the_data_readme_holds_the_registry():
    lines = (ROOT / "data/README.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table == fetch.registry_table().splitlines()
