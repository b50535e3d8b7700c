"""Getting the files of a data set here, checked; data/registry.toml names them all.

python -m helpers.fetch            # all that the chapters use unless you choose otherwise
python -m helpers.fetch lastfm     # these
python -m helpers.fetch --table    # print the registry as the table in data/README.md
"""

import argparse
import contextlib
import hashlib
import json
import logging
import os
import re
import shutil
import sys
import tomllib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers import DATA, DISK_ERRORS, ROOT, CookbookError, display_path, unknown
from helpers.bars import byte_bar

import pooch
import requests
from filelock import FileLock

SAMPLE = ROOT / "data" / "sample"
EDITIONS = ("full", "sample")
USE_SAMPLE = 'set EDITION = "sample": a small stand-in, no download'
TIMEOUT = (3.05, 30)  # seconds to connect, seconds between two pieces of a file
WEB_PAGE = (b"<!doctype html", b"<html")


@dataclass(frozen=True)
class File:
    """One file of a data set, and how to tell that a copy is good: see data/registry.toml."""

    url: str
    size: int
    checksum: str | None = None
    signature: str = ""  # in hexadecimal


@dataclass(frozen=True)
class DataSet:
    """A data set: `files` maps each path under data/, and under a mirror, to its `File`."""

    title: str
    files: dict[str, File]
    licence: str
    homepage: str
    about: str
    on_request: bool = False

    def path(self, folder: Path) -> Path:
        """Where it is in `folder`: its file, or the folder of its files if there are several."""
        paths = [folder / key for key in self.files]
        return paths[0] if len(paths) == 1 else paths[0].parent


def _parse(entry: dict) -> DataSet:
    files = {key: File(**fields) for key, fields in entry["files"].items()}
    return DataSet(**entry | {"files": files})


_entries = tomllib.loads((ROOT / "data" / "registry.toml").read_text(encoding="utf-8"))
TEMPLATES = _entries.pop("template")
REGISTRY = {name: _parse(entry) for name, entry in _entries.items()}


class FetchError(CookbookError):
    """A file of a data set can't be had; `reasons` and `ways` (out) hold one line each."""

    def __init__(self, headline: str, reasons: list[str], ways: list[str]):
        self.headline, self.reasons, self.ways = headline, reasons, ways
        bullets = [f"  - {reason}" for reason in reasons]
        numbered = [f"  {number}. {way}" for number, way in enumerate(ways, start=1)]
        super().__init__("\n".join([headline, *bullets, "Ways out:", *numbered]))


def data_set(name: str) -> DataSet:
    """The data set `name` of the registry, or of any book or site by one of its templates.

    Raises `CookbookError` for an unknown name.
    """
    if name in REGISTRY:
        return REGISTRY[name]
    for word, template in TEMPLATES.items():
        pattern = template["name"].replace(word, f"({template['pattern']})")
        match = re.fullmatch(pattern, name)
        if match:
            filled_in = json.dumps(template["data_set"]).replace(word, match[1])
            return _parse(json.loads(filled_in))
    raise unknown("data set", name, REGISTRY)


def fetch(name: str, edition: str = "full") -> Path:
    """Path of the data set `name`: its file, or the folder of its files if there are several.

    Edition "full" takes each file from data/ if it is there and good, else from `COOKBOOK_MIRROR`
    (a URL, or a folder relative to the project) if that is set, else from the public source.
    Edition "sample" is a small stand-in in the same format, which comes with the project.

    Raises `FetchError` if a file can't be had, `CookbookError` for an unknown name or edition.
    """
    data = data_set(name)
    _require("edition", edition, EDITIONS)
    if edition == "sample":
        samples = [each for each in REGISTRY if REGISTRY[each].path(SAMPLE).exists()]
        if not data.path(SAMPLE).exists():
            raise unknown("sample", name, samples)
        return data.path(SAMPLE)
    for key in data.files:
        _ensure(data, key)
    return data.path(DATA)


def choose_edition(edition: str, *names: str) -> str:
    """The edition to use for the parameter `EDITION` and the data sets `names`, also printed.

    "full" and "sample" stay as they are. "auto" fetches the data sets and is "full" if all can be
    had, else "sample", with a warning in a block. Raises `CookbookError` for an unknown word.
    """
    _require("edition", edition, ("auto", *EDITIONS))
    if edition == "auto":
        edition = "full"
        try:
            for name in names:
                fetch(name)
        except FetchError as error:
            warning = 'THE REAL DATA IS MISSING: this run uses a small stand-in (edition "sample").'
            print("=" * 79, warning, error, "=" * 79, sep="\n")
            edition = "sample"
    print(f"Edition: {edition}")
    return edition


def _require(kind: str, value: str, options: Collection[str]) -> None:
    if value not in options:
        raise unknown(kind, value, options)


def registry_table() -> str:
    """The registry as a markdown table, one row a file; its templates come last."""
    templates = {entry["name"]: _parse(entry["data_set"]) for entry in TEMPLATES.values()}
    rows = ["| name | file | what | source | licence | size | SHA-256 or other |", "|---" * 7 + "|"]
    for name, data in (REGISTRY | templates).items():
        for key, file in data.files.items():
            what = f"{data.title}: {data.about}"
            source = f"[page]({data.homepage}), `{file.url}`"
            size = f"{file.size / 1e6:,.1f} MB"
            checksum = f"`{file.checksum}`" if file.checksum else "not pinned"
            cells = [f"`{name}`", f"`{key}`", what, source, data.licence, size, checksum]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


# One file


def _ensure(data: DataSet, key: str) -> None:
    """Let there be a good file at `DATA / key`. Raises `FetchError` if it can't be had."""
    target = DATA / key
    try:
        if _fault(target, data.files[key]):  # a read-only folder of good files needs no lock
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(DATA / ".locks" / f"{key}.lock"):
                _download(data, key)
    except OSError as error:
        headline = f"Can't write {display_path(DATA)}/{key} ({data.title})."
        reason = f"the folder {display_path(target.parent)}: {error.strerror or error}"
        ways = ["free some space there, or make it writable", "set COOKBOOK_DATA to another folder"]
        raise FetchError(headline, [reason], [*ways, USE_SAMPLE]) from error


def _download(data: DataSet, key: str) -> None:
    """Put a good copy at `DATA / key`; call it with the file's lock held.

    Raises `FetchError` if no source has one, `OSError` if the disk doesn't take it.
    """
    target = DATA / key
    file = data.files[key]
    shown = f"{display_path(DATA)}/{key}"
    problem = _fault(target, file)
    if problem is None:  # another run has fetched it while this one waited for the lock
        return
    tried = [f"{shown}: {problem}"] if os.path.lexists(target) else []
    with _beginning_of(target) as part:
        for source, location in _sources(key, file).items():
            problem = _copy(location, part, file)
            if problem is None:
                _set_aside(target)
                os.replace(part, target)
                lines = [f"Not used: {line}" for line in tried]
                print(*lines, f"{shown}: fetched from {source}", sep="\n")
                return
            tried.append(f"{source}: {problem}")
    by_hand = f"get the file by hand from {data.homepage} and save it as {shown}"
    mirror = f"set COOKBOOK_MIRROR to a folder or URL that holds {key}"
    ways = ["connect to the network and run this again", mirror, by_hand, USE_SAMPLE]
    raise FetchError(f"Can't get {shown} ({data.title}). Tried:", tried, ways)


@contextlib.contextmanager
def _beginning_of(target: Path) -> Iterator[Path]:
    """A temporary path for a copy of `target`; what is there stays if another run can go on."""
    part = target.with_name(f"{target.name}.part")
    part.open("ab").close()  # a folder that can't be written shows before any download
    try:
        yield part
    finally:
        shutil.rmtree(f"{part}s", ignore_errors=True)
        if not (part.exists() and _etag(part).exists()):  # it is in place, or of no use later
            part.unlink(missing_ok=True)
            _etag(part).unlink(missing_ok=True)


def _sources(key: str, file: File) -> dict[str, str]:
    """Where to look for a file: what to call the place (no output names a folder), and where."""
    mirror = os.environ.get("COOKBOOK_MIRROR")
    mirrored = {"COOKBOOK_MIRROR": f"{mirror.rstrip('/')}/{key}"} if mirror else {}
    return mirrored | {file.url: file.url}


def _set_aside(target: Path) -> None:
    """Give what is at `target`, if anything, another name: it may be the reader's own."""
    number = 0
    aside = target
    while os.path.lexists(aside):
        number += 1
        aside = target.with_name(f"{target.name}.not-used-{number}")
    if number:
        target.rename(aside)
        print(f"The former {target.name} is now {aside.name}.")


def _copy(location: str, part: Path, file: File) -> str | None:
    """Copy what is at `location` to `part`: None if it is good, else what is wrong.

    Raises `OSError` only where the disk is at fault, since then no other source will do.
    """
    try:
        if location.startswith("kaggle://"):
            _copy_from_kaggle(location, part)
        elif location.startswith(("http://", "https://")):
            _copy_from_web(location, part, file.size)
        else:
            shutil.copyfile(ROOT / Path(location).expanduser(), part)
    except Exception as error:  # kagglehub lets through whatever its parts raise
        if getattr(error, "errno", None) in DISK_ERRORS:
            raise
        return _explain(error)
    problem = _fault(part, file)
    if problem:
        _etag(part).unlink(missing_ok=True)
    return problem


def _copy_from_web(url: str, part: Path, size: int) -> None:
    """Download `url` to `part`, from where an earlier try stopped if the file is still the same.

    The server tells, by the mark (ETag) that it gave to the file when that try began.
    """
    start = max(0, part.stat().st_size - 1)  # the last byte again, since a range can't be empty
    headers = {"Accept-Encoding": "identity"}  # so that the bytes sent are those of the file
    if _etag(part).exists():
        headers |= {"Range": f"bytes={start}-", "If-Range": _etag(part).read_text()}

    def keep_what_is_still_valid(response: requests.Response, **_: object) -> None:
        if response.status_code == requests.codes.partial_content:
            stream.truncate(start)
        elif response.status_code < 300:  # a redirection comes here, too
            stream.truncate(0)
            _etag(part).unlink(missing_ok=True)
            if "ETag" in response.headers:
                _etag(part).write_text(response.headers["ETag"])

    with part.open("ab") as stream, byte_bar(part.stem, size) as bar:
        download = pooch.HTTPDownloader(
            progressbar=bar,
            chunk_size=2**16,
            timeout=TIMEOUT,
            headers=headers,
            hooks={"response": keep_what_is_still_valid},
        )
        download(url, stream, None)


def _etag(part: Path) -> Path:
    """The file that holds the server's mark for the file of which `part` is the beginning."""
    return part.with_suffix(".part-etag")


def _copy_from_kaggle(url: str, part: Path) -> None:
    """Copy one file of a public Kaggle data set; no account is needed."""
    import kagglehub  # here, since it is slow to import and one data set needs it
    from kagglesdk.kaggle_env import get_endpoint, get_env

    logging.getLogger("kagglehub").setLevel(logging.WARNING)  # else it prints whole paths
    requests.head(get_endpoint(get_env()), timeout=TIMEOUT)  # kagglehub sets no timeout of its own
    handle, member = url.removeprefix("kaggle://").rsplit("/", 1)
    with contextlib.redirect_stderr(sys.stdout):  # its progress bar
        path = kagglehub.dataset_download(
            handle, member, force_download=True, output_dir=f"{part}s"
        )
    shutil.copyfile(path, part)  # on Kaggle and Colab it lies in a data set that stays as it is


def _fault(path: Path, file: File) -> str | None:
    """What is wrong with the file at `path`, with the likely cause; None if it is good."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as stream:
        start = stream.read(512)
    is_web_page = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(WEB_PAGE)
    size = path.stat().st_size
    cause = "it was changed at its source, or damaged on the way"
    if is_web_page:
        cause = "it is a web page, perhaps an error or login page"
    elif size < 0.9 * file.size:
        cause = f"it is cut short ({size:,} of about {file.size:,} bytes)"
    if file.checksum is None:
        good = start.startswith(bytes.fromhex(file.signature)) and not is_web_page
        return None if good else f"not a valid file; likely cause: {cause}"
    actual = _checksum(path, file.checksum)
    good = actual == file.checksum.split(":")[-1]
    compared = f"expected {file.checksum}, got {actual}"
    return None if good else f"wrong checksum; likely cause: {cause}; {compared}"


def _checksum(path: Path, like: str) -> str:
    """The checksum of a file, of the same kind as `like`."""
    algorithm = pooch.hashes.hash_algorithm(like)
    if algorithm != "git-blob":
        return pooch.file_hash(path, algorithm)
    header = b"blob %d\0" % path.stat().st_size
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha1(header)).hexdigest()


def _explain(error: BaseException) -> str:
    """A failure of a source in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke before the end of the file"
    while error.__context__:  # the messages on the way repeat pools, retries and addresses
        error = error.__context__
    return getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"


# The command line


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0, 1 when a data set can't be had, 130 on Ctrl-C."""
    parser = argparse.ArgumentParser("python -m helpers.fetch", description="Fetch data sets.")
    parser.add_argument("names", nargs="*", help="without any: all that chapters use unasked")
    parser.add_argument("--table", action="store_true", help="print the registry as markdown")
    arguments = parser.parse_args(argv)
    if arguments.table:
        print(registry_table())
        return 0
    failed = 0
    for name in arguments.names or [n for n, data in REGISTRY.items() if not data.on_request]:
        try:
            fetch(name)
            print(f"{name}: ready")
        except CookbookError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = 1
        except KeyboardInterrupt:
            print("interrupted: the same command goes on from here", file=sys.stderr)
            return 130
    return failed


if __name__ == "__main__":
    sys.exit(main())
