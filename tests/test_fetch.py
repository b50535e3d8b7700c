"""Getting a data set's files: every way in which a source, a copy or a disk can be bad."""

import dataclasses
import hashlib
import os
import shutil
import socket
import struct
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
BROKEN_OFF = 80_000  # bytes that arrive before a connection stops
SHA256 = hashlib.sha256(CONTENT).hexdigest()
PINNED = {"checksum": SHA256, "signature": SIGNATURE}
UNPINNED = {"signature": SIGNATURE}


class Handler(BaseHTTPRequestHandler):
    """Behaves as the first part of the path says: /good/toy.bin, /dropped/toy.bin …"""

    def do_GET(self):
        self.server.requested.append(self.path)
        getattr(self, self.path.split("/")[1])()

    def do_HEAD(self):
        self.start(b"")

    def do_POST(self):  # what kagglehub sends to ask for a file
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.requested.append(self.path)
        getattr(self, self.server.kaggle)()

    def start(self, body: bytes, status: int = 200):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()

    def answer(self, body: bytes, status: int = 200):
        self.start(body, status)
        self.wfile.write(body)

    def good(self):
        self.answer(CONTENT)

    def wrong(self):
        self.answer(CONTENT[:-1] + b"!")

    def page(self):
        self.answer(b"\n<!DOCTYPE html><title>Sign in</title>" + b" " * len(CONTENT))

    def missing(self):
        self.answer(b"nothing here", 404)

    def broken(self):
        self.answer(CONTENT, 500)

    def truncated(self):
        self.start(CONTENT)
        self.wfile.write(CONTENT[:BROKEN_OFF])

    def dropped(self):
        self.truncated()
        time.sleep(0.1)  # so that the client reads the start before the reset overtakes it
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def silent(self):
        self.server.go_on.wait(10)

    def paused(self):
        self.truncated()
        self.server.go_on.wait(10)
        self.wfile.write(CONTENT[BROKEN_OFF:])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with serving(Handler) as server:
        server.requested = []
        yield server


@pytest.fixture(autouse=True)
def data(tmp_path, monkeypatch):
    """An empty data folder, no mirror and no proxy between us and the server."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.delenv("COOKBOOK_MIRROR", raising=False)
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
    return [name for name in files if not name.startswith(".locks/")]


def closed_port() -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/toy.bin"


CHILD = f"""
import sys
from helpers import fetch
toy = fetch.File(sys.argv[1], size={len(CONTENT)}, checksum="{SHA256}")
fetch.REGISTRY["toy"] = fetch.DataSet("Toy set", {{"toy.bin": toy}}, "", "", "")
print("ready", flush=True)
try:
    print(fetch.fetch("toy"))
except fetch.FetchError as error:
    print("FetchError:", error)
"""


def start_child(url: str, data: Path, *wrapper: str, **options) -> subprocess.Popen:
    """A process of its own that fetches "toy" from `url` into `data`."""
    return subprocess.Popen(
        [*wrapper, sys.executable, "-c", CHILD, url],
        cwd=ROOT,
        env=os.environ | {"COOKBOOK_DATA": str(data), "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


# Good files


@pytest.mark.parametrize("checks", [PINNED, UNPINNED], ids=["pinned", "unpinned"])
def test_a_good_file_comes_from_the_public_source(server, register, data, capsys, checks):
    register(f"{server.url}/good/toy.bin", **checks)
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
    files = {key: fetch.File(f"{server.url}/good/{key}", len(CONTENT), SHA256) for key in keys}
    monkeypatch.setitem(fetch.REGISTRY, "films", fetch.DataSet("Films", files, "", "", ""))
    assert fetch.fetch("films") == data / "films"
    assert sorted(kept(data)) == keys


# Bad sources


@pytest.mark.parametrize(
    ("behaviour", "checks", "reason"),
    [
        ("wrong", PINNED, "wrong checksum; likely cause: it was changed at its source"),
        ("truncated", PINNED, "the connection broke before the end of the file"),
        ("truncated", UNPINNED, "the connection broke before the end of the file"),
        ("dropped", PINNED, "the connection"),
        ("missing", PINNED, "HTTP 404 Not Found"),
        ("broken", UNPINNED, "HTTP 500 Internal Server Error"),
        ("page", {"checksum": SHA256}, "wrong checksum; likely cause: it is a web page"),
        ("page", UNPINNED, "not a valid file; likely cause: it is a web page"),
    ],
)
def test_a_bad_source_is_named_and_leaves_nothing(
    server, register, data, behaviour, checks, reason
):
    url = f"{server.url}/{behaviour}/toy.bin"
    register(url, **checks)
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("toy")
    message = str(caught.value)
    assert "Toy set" in message
    assert f"{url}: {reason}" in message
    assert kept(data) == []


def test_a_wrong_checksum_shows_both(server, register):
    register(f"{server.url}/wrong/toy.bin", **PINNED)
    actual = hashlib.sha256(CONTENT[:-1] + b"!").hexdigest()
    with pytest.raises(fetch.FetchError, match=f"expected SHA-256 {SHA256}, got {actual}"):
        fetch.fetch("toy")


def test_a_file_pinned_by_md5_is_checked(server, register):
    md5 = hashlib.md5(CONTENT).hexdigest()
    register(f"{server.url}/wrong/toy.bin", checksum=f"md5:{md5}")
    with pytest.raises(fetch.FetchError, match=f"wrong checksum; .* expected MD5 {md5}, got"):
        fetch.fetch("toy")
    register(f"{server.url}/good/toy.bin", checksum=f"md5:{md5}")
    assert fetch.fetch("toy").read_bytes() == CONTENT


def test_a_file_pinned_by_its_id_in_git_is_checked(server, register, tmp_path):
    """The id is the one that git itself gives, where there is git."""
    blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    if git := shutil.which("git"):
        (tmp_path / "toy.bin").write_bytes(CONTENT)
        told = subprocess.run(
            [git, "hash-object", "--no-filters", tmp_path / "toy.bin"], stdout=subprocess.PIPE
        )
        assert told.stdout.decode().strip() == blob
    register(f"{server.url}/wrong/toy.bin", checksum=f"git-blob:{blob}")
    with pytest.raises(fetch.FetchError, match=f"wrong checksum; .* expected GIT-BLOB {blob}, got"):
        fetch.fetch("toy")
    register(f"{server.url}/good/toy.bin", checksum=f"git-blob:{blob}")
    assert fetch.fetch("toy").read_bytes() == CONTENT


def test_the_error_names_every_way_out(register):
    register(closed_port(), **PINNED)
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("toy")
    ways = str(caught.value).split("Ways out:")[1]
    for way in (
        "1. connect to the network",
        "2. set COOKBOOK_MIRROR to a folder or URL that holds toy.bin",
        "3. get the file by hand from https://example.org/toy and save it as data/toy.bin",
        '4. set EDITION = "sample"',
    ):
        assert way in ways


def test_a_silent_server_is_given_up(server, register, data, monkeypatch):
    monkeypatch.setattr(fetch, "TIMEOUT", (0.2, 0.2))
    register(f"{server.url}/silent/toy.bin", **PINNED)
    with pytest.raises(fetch.FetchError, match="timed out"):
        fetch.fetch("toy")
    assert kept(data) == []


# What is in data/ already


def test_a_bad_file_in_data_is_reported_and_replaced(server, register, data, capsys):
    register(f"{server.url}/good/toy.bin", **PINNED)
    data.mkdir()
    (data / "toy.bin").write_bytes(CONTENT[:100])
    assert fetch.fetch("toy").read_bytes() == CONTENT
    out = capsys.readouterr().out
    assert "Not used: data/toy.bin: wrong checksum" in out
    assert f"cut short (100 of about {len(CONTENT):,} bytes)" in out


def test_a_bad_file_in_data_is_never_used(server, register, data):
    register(f"{server.url}/missing/toy.bin", **UNPINNED)
    data.mkdir()
    (data / "toy.bin").write_bytes(b"<html>Not found</html>")
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("toy")
    assert "data/toy.bin: not a valid file; likely cause: it is a web page" in str(caught.value)
    assert "HTTP 404" in str(caught.value)
    assert (data / "toy.bin").read_bytes() == b"<html>Not found</html>"


# Mirrors


def test_a_mirror_folder_goes_before_the_public_source(
    server, register, data, tmp_path, monkeypatch, capsys
):
    register(f"{server.url}/good/toy.bin", key="sets/toy.bin", **PINNED)
    (tmp_path / "mirror/sets").mkdir(parents=True)
    (tmp_path / "mirror/sets/toy.bin").write_bytes(CONTENT)
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path / "mirror"))
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert server.requested == []
    out = capsys.readouterr().out
    assert "data/sets/toy.bin: fetched from COOKBOOK_MIRROR" in out
    assert str(tmp_path) not in out


def test_a_mirror_folder_may_be_relative_to_the_project(register, tmp_path, monkeypatch):
    register(closed_port(), **PINNED)
    (tmp_path / "toy.bin").write_bytes(CONTENT)
    monkeypatch.setenv("COOKBOOK_MIRROR", os.path.relpath(tmp_path, ROOT))
    monkeypatch.chdir(tmp_path)
    assert fetch.fetch("toy").read_bytes() == CONTENT


def test_a_mirror_may_be_a_url(server, register, monkeypatch):
    register(closed_port(), **PINNED)
    monkeypatch.setenv("COOKBOOK_MIRROR", f"{server.url}/good/")
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert server.requested == ["/good/toy.bin"]


@pytest.mark.parametrize(
    ("mirrored", "reason"), [(None, "No such file"), (b"damaged", "wrong checksum")]
)
def test_a_useless_mirror_is_reported_and_passed_over(
    server, register, tmp_path, monkeypatch, capsys, mirrored, reason
):
    register(f"{server.url}/good/toy.bin", checksum=SHA256)
    if mirrored:
        (tmp_path / "toy.bin").write_bytes(mirrored)
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert f"Not used: COOKBOOK_MIRROR: {reason}" in capsys.readouterr().out


def test_the_error_names_every_source_tried(server, register, monkeypatch):
    register(f"{server.url}/broken/toy.bin", **PINNED)
    monkeypatch.setenv("COOKBOOK_MIRROR", f"{server.url}/missing")
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("toy")
    assert [reason.split(": ")[-1] for reason in caught.value.reasons] == [
        "HTTP 404 Not Found",
        "HTTP 500 Internal Server Error",
    ]


# Kaggle: its own client against our server


@pytest.fixture
def kaggle(server, register, tmp_path, monkeypatch):
    """Kaggle's client asks our server, as somebody without an account."""
    kaggle_env = pytest.importorskip("kagglesdk.kaggle_env")
    endpoints = {env: server.url for env in kaggle_env.KaggleEnv}
    monkeypatch.setattr(kaggle_env, "_env_to_endpoint", endpoints)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("KAGGLE_CONFIG_DIR", str(tmp_path))
    register("kaggle://someone/toy-data/versions/1/toy.raw", **UNPINNED)
    return server


def test_a_file_comes_from_kaggle(kaggle, data, capsys):
    kaggle.kaggle = "good"
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert kept(data) == ["toy.bin"]
    out, err = capsys.readouterr()
    assert "data/toy.bin: fetched from kaggle://someone/toy-data" in out
    assert str(data) not in out
    assert err == ""


def test_a_file_that_kaggle_lends_stays_where_it_is(kaggle, data, tmp_path, monkeypatch):
    kagglehub = pytest.importorskip("kagglehub")
    (tmp_path / "toy.raw").write_bytes(CONTENT)
    monkeypatch.setattr(kagglehub, "dataset_download", lambda *_, path, **__: tmp_path / path)
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert (tmp_path / "toy.raw").read_bytes() == CONTENT


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [("missing", "HTTP 404"), ("page", "web page"), ("truncated", "broke before the end")],
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


def test_a_killed_run_leaves_no_bad_file(server, register, data):
    child = start_child(f"{server.url}/paused/toy.bin", data)
    part = data / "toy.bin.part"
    while not (part.exists() and part.stat().st_size):
        assert child.poll() is None
        time.sleep(0.01)
    child.kill()
    child.communicate()
    assert kept(data) == ["toy.bin.part"]
    register(f"{server.url}/good/toy.bin", **PINNED)
    assert fetch.fetch("toy").read_bytes() == CONTENT
    assert kept(data) == ["toy.bin"]


# Disks


def test_a_limit_on_file_size_is_named(server, data):
    resource = pytest.importorskip("resource")
    limits = (10_000, 10_000)
    child = start_child(
        f"{server.url}/good/toy.bin",
        data,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits),
    )
    out, err = child.communicate(timeout=20)
    assert "FetchError: Can't write data/toy.bin" in out, err
    assert "File too large" in out
    assert kept(data) == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [("size=16k", "No space left on device"), ("ro", "Read-only file system")],
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
    assert "FetchError: Can't write data/toy.bin" in out, err
    assert f"the folder data: {reason}" in out
    assert "set COOKBOOK_DATA to another folder" in out


def test_a_folder_that_cannot_be_made_is_named(server, register, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(fetch, "DATA", tmp_path / "file/data")
    register(f"{server.url}/good/toy.bin", **PINNED)
    with pytest.raises(fetch.FetchError, match="the folder data: Not a directory"):
        fetch.fetch("toy")
    assert server.requested == []


def test_a_folder_without_write_permission_is_named(server, register, data):
    data.mkdir(mode=0o555)
    if os.access(data, os.W_OK):
        pytest.skip("this user may write everywhere")
    register(f"{server.url}/good/toy.bin", **PINNED)
    with pytest.raises(fetch.FetchError, match="the folder data: Permission denied"):
        fetch.fetch("toy")
    assert server.requested == []


def test_a_temporary_file_that_cannot_be_written_shows_before_a_download(kaggle, data):
    kaggle.kaggle = "good"
    (data / "toy.bin.part").mkdir(parents=True)
    with pytest.raises(fetch.FetchError, match="Can't write data/toy.bin"):
        fetch.fetch("toy")
    assert kaggle.requested == []


# Books of Project Gutenberg that aren't pinned


def test_any_book_comes_from_gutenberg_by_its_number(server, data, monkeypatch):
    monkeypatch.setattr(fetch, "GUTENBERG", f"{server.url}/good")
    assert "gutenberg-158" not in fetch.REGISTRY
    assert fetch.fetch("gutenberg-158") == data / "pg158.txt"
    assert (data / "pg158.txt").read_bytes() == CONTENT
    fetch.fetch("gutenberg-158")
    assert server.requested == ["/good/cache/epub/158/pg158.txt"], "and from data/ the second time"
    assert kept(data) == ["pg158.txt"]


def test_any_book_comes_from_a_mirror_first(server, data, tmp_path, monkeypatch):
    monkeypatch.setattr(fetch, "GUTENBERG", f"{server.url}/good")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    (tmp_path / "pg158.txt").write_text("Emma")
    assert fetch.fetch("gutenberg-158").read_text() == "Emma"
    monkeypatch.setenv("COOKBOOK_MIRROR", f"{server.url}/good")
    assert fetch.fetch("gutenberg-159").read_bytes() == CONTENT
    assert server.requested == ["/good/pg159.txt"]


def test_a_web_page_in_the_place_of_a_book_is_refused(server, data, monkeypatch):
    monkeypatch.setattr(fetch, "GUTENBERG", f"{server.url}/page")
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("gutenberg-158")
    message = str(caught.value)
    assert "Can't get data/pg158.txt (book 158)" in message
    assert "/pg158.txt: not a valid file; likely cause: it is a web page" in message
    assert f"from {server.url}/page/ebooks/158 and save it as data/pg158.txt" in message
    assert kept(data) == []
    (data / "pg158.txt").write_text("\ufeff\n<html>Sign in</html>")
    with pytest.raises(fetch.FetchError, match="data/pg158.txt: not a valid file; .* a web page"):
        fetch.fetch("gutenberg-158")


def test_a_book_of_the_registry_is_checked(server, monkeypatch):
    files = {"pg158.txt": fetch.File(f"{server.url}/wrong/pg158.txt", len(CONTENT), SHA256)}
    monkeypatch.setitem(fetch.REGISTRY, "gutenberg-158", fetch.DataSet("Emma", files, "", "", ""))
    monkeypatch.setattr(fetch, "GUTENBERG", f"{server.url}/good")
    with pytest.raises(fetch.FetchError, match="wrong checksum"):
        fetch.fetch("gutenberg-158")


@pytest.mark.parametrize("number", ["0", "x", "", "-1", "084", "84.txt", "1 "])
def test_what_is_no_number_of_a_book_is_unknown(data, number):
    for call in (fetch.fetch, lambda name: fetch.choose_edition("auto", name)):
        with pytest.raises(CookbookError, match=f"Unknown data set 'gutenberg-{number}'") as caught:
            call(f"gutenberg-{number}")
        assert not isinstance(caught.value, fetch.FetchError)
    assert not data.exists()


# Dumps of Stack Exchange


@pytest.fixture
def archive(server, monkeypatch):
    """The public source is our server, whose files look like a 7z."""
    monkeypatch.setattr(fetch, "ARCHIVE", f"{server.url}/good")
    monkeypatch.setattr(fetch, "SEVEN_ZIP", SIGNATURE)
    return server


@pytest.mark.parametrize(
    ("site", "file"),
    [
        ("tea", "tea.stackexchange.com.7z"),
        ("3dprinting", "3dprinting.stackexchange.com.7z"),
        ("a-b", "a-b.stackexchange.com.7z"),
        ("superuser.com", "superuser.com.7z"),
        ("cooking.meta.stackexchange.com", "cooking.meta.stackexchange.com.7z"),
    ],
)
def test_any_site_comes_from_the_archive_by_its_name(archive, data, site, file):
    assert fetch.fetch(f"stackexchange-{site}") == data / file
    assert (data / file).read_bytes() == CONTENT
    fetch.fetch(f"stackexchange-{site}")
    requested = [f"/good/download/stackexchange/{file}"]
    assert archive.requested == requested, "and from data/ the second time"


def test_any_site_comes_from_a_mirror_first(archive, data, tmp_path, monkeypatch):
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    (tmp_path / "tea.stackexchange.com.7z").write_bytes(CONTENT)
    assert fetch.fetch("stackexchange-tea").read_bytes() == CONTENT
    assert archive.requested == []


def test_what_is_no_7z_in_the_place_of_a_dump_is_refused(server, data, monkeypatch):
    monkeypatch.setattr(fetch, "ARCHIVE", f"{server.url}/good")
    with pytest.raises(fetch.FetchError) as caught:
        fetch.fetch("stackexchange-tea")
    message = str(caught.value)
    assert "Can't get data/tea.stackexchange.com.7z (tea.stackexchange.com)" in message
    assert "/tea.stackexchange.com.7z: not a valid file; likely cause" in message
    assert f"from {server.url}/good/details/stackexchange and save it as data/tea" in message
    assert kept(data) == []


@pytest.mark.parametrize(
    "site",
    ["", "Tea", "../tea", "..", ".tea", "tea.", "a..b", "a/b", "a\\b", "tea ", "tea\n", "thé"],
)
def test_what_is_no_name_of_a_site_is_unknown(archive, data, site):
    name = f"stackexchange-{site}"
    for call in (fetch.fetch, lambda name: fetch.choose_edition("auto", name)):
        with pytest.raises(CookbookError, match="Unknown data set") as caught:
            call(name)
        assert not isinstance(caught.value, fetch.FetchError)
        assert f"Unknown data set {name!r}." in str(caught.value)
    assert not data.exists() and archive.requested == []


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
    block = " ".join(out.split())
    for part in ("THE REAL DATA IS MISSING", "(Connection refused)", "set COOKBOOK_MIRROR"):
        assert part in block
    assert out.count("=" * 79) == 2
    assert out.endswith("Edition: sample\n")
    assert err == ""


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_named_edition_stays_and_fetches_nothing(server, register, data, capsys, edition):
    register(f"{server.url}/good/toy.bin", **PINNED)
    assert fetch.choose_edition(edition, "toy") == edition
    assert capsys.readouterr().out == f"Edition: {edition}\n"
    assert server.requested == []
    assert not data.exists()


def test_a_sample_stands_in_for_every_data_set(tmp_path):
    """In a process of its own, since the folders are read from the environment at import."""
    code = "from helpers.fetch import *\nfor name in REGISTRY: print(fetch(name, 'sample'))"
    env = os.environ | {"COOKBOOK_DATA": str(tmp_path), "COOKBOOK_GENERATED": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, check=True
    )
    samples = done.stdout.decode().splitlines()
    for line, dataset in zip(samples, fetch.REGISTRY.values(), strict=True):
        sample = Path(line)
        assert sample.is_relative_to(fetch.SAMPLE)
        folder = sample if sample.is_dir() else sample.parent
        for key, file in dataset.files.items():
            assert (folder / Path(key).name).read_bytes().startswith(file.signature)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: fetch.fetch("pitchfrok"),
            "Unknown data set 'pitchfrok'. Did you mean 'pitchfork'",
        ),
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


def test_fetches_what_chapters_use_unless_told_otherwise(server, register, data, monkeypatch):
    register(f"{server.url}/good/toy.bin", **PINNED)
    register_of_one = {"toy": fetch.REGISTRY["toy"]}
    extra = dataclasses.replace(register_of_one["toy"], on_request=True)
    monkeypatch.setattr(fetch, "REGISTRY", register_of_one | {"extra": extra})
    assert fetch.main([]) == 0
    assert len(server.requested) == 1


# The registry


def test_every_registered_file_can_be_told_from_an_error_page():
    for name, dataset in fetch.REGISTRY.items():
        for key, file in dataset.files.items():
            assert file.checksum or file.signature, (name, key)
        assert len({Path(key).parent for key in dataset.files}) == 1, name


def test_the_data_readme_holds_the_registry():
    lines = (ROOT / "data/README.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("|")]
    assert table == fetch.registry_table().splitlines()
