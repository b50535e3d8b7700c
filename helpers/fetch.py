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
from dataclasses import dataclass
from pathlib import Path

from helpers import DATA, ROOT, CookbookError, display_path, place, setting, unknown, with_value
from helpers.bars import byte_bar
from helpers.parameters import check_injected

import pooch
import requests
from filelock import FileLock

SAMPLE = ROOT / "data" / "sample"
EDITIONS = ("full", "sample")
TIMEOUT = (3.05, 30)  # seconds to connect, seconds between two pieces of a file
WEB_PAGE = re.compile(rb"<(!doctype html|html|head|title)\b", re.IGNORECASE)


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
        self.headline = headline
        self.reasons = reasons
        self.ways = ways
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
    if edition not in EDITIONS:
        raise unknown("edition", edition, EDITIONS)
    if edition == "sample":
        if not data.path(SAMPLE).exists():
            samples = [each for each in REGISTRY if REGISTRY[each].path(SAMPLE).exists()]
            raise unknown("sample", name, samples)
        return data.path(SAMPLE)
    for key in data.files:
        _ensure(data, key)
    return data.path(DATA)


def choose_edition(edition: str, *names: str) -> str:
    """The edition to use for the parameter `EDITION` and the data sets `names`, also printed.

    "full" and "sample" stay as they are. "auto" fetches the data sets and is "full" if all can be
    had, else "sample", with a warning in a block. Raises `CookbookError` for an unknown word, and
    if papermill has set another parameter of the notebook to something that it can't be.
    """
    check_injected(vars(sys.modules["__main__"]).get("In", []))  # what the notebook has run
    if edition not in ("auto", *EDITIONS):
        raise unknown("edition", edition, ("auto", *EDITIONS))
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
    shown = f"{display_path(DATA)}/{key}"
    try:
        if _fault(target, data.files[key]) is None:  # a read-only folder needs no lock
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(DATA / ".locks" / f"{key}.lock"):
            reasons = _download(target, shown, key, data.files[key])
    except OSError as error:
        reasons = [f"the folder {display_path(target.parent)}: {error.strerror or error}"]
    if reasons:
        file = data.files[key]
        page = file.url if file.checksum else data.homepage  # which may have another edition
        ways = [
            "connect to the network and run this again",
            f"set {with_value('COOKBOOK_MIRROR')} to a folder or URL that holds {key}",
            f"get the file by hand from {page} and save it as {shown}",
            "if the disk is at fault, free some space or set "
            f"{with_value('COOKBOOK_DATA')} to another folder",
            'set EDITION = "sample": a small stand-in, no download',
        ]
        raise FetchError(f"Can't get {shown} ({data.title}). Tried:", reasons, ways)


def _download(target: Path, shown: str, key: str, file: File) -> list[str]:
    """Put a good copy at `target`, whose lock is held; if none can be had, the reasons."""
    reason = _fault(target, file)
    if reason is None:  # another run has fetched it while this one waited for the lock
        return []
    reasons = [f"{shown}: {reason}"] if os.path.lexists(target) else []
    sources = {file.url: file.url}
    mirror = _mirror()
    if mirror:  # only an error names it, since it may be a folder of this machine
        sources = {"COOKBOOK_MIRROR": f"{mirror}/{key}"} | sources
    for source, location in sources.items():
        reason = _copy(location, target, file)
        if reason is None:
            not_used = [f"Not used: {line}" for line in reasons]
            print(*not_used, f"{shown}: fetched from {source}", sep="\n")
            return []
        reasons.append(f"{source}: {reason}")
    return reasons


def _mirror() -> Path | str | None:
    """The folder or the address that COOKBOOK_MIRROR names. Raises `CookbookError` for neither."""
    address = setting("COOKBOOK_MIRROR").rstrip("/")
    if re.match("https?://", address, re.IGNORECASE):
        return address
    return place("COOKBOOK_MIRROR")


def _copy(location: str, target: Path, file: File) -> str | None:
    """Copy what is at `location` to `target` if it is good; else what is wrong with it.

    `part` holds the beginning of a download, `mark` what the server calls this version of it.
    """
    part = target.with_name(f"{target.name}.part")
    mark = target.with_name(f"{target.name}.part-etag")
    try:
        if location.startswith("kaggle://"):
            _copy_from_kaggle(location, part)
        elif re.match("https?://", location, re.IGNORECASE):
            _copy_from_web(location, part, mark, file.size)
        else:
            shutil.copyfile(location, part)
        reason = _fault(part, file)
        mark.unlink(missing_ok=True)  # there is nothing to go on with
        if reason is None:
            _set_aside(target)
            os.replace(part, target)
        return reason
    except Exception as error:  # kagglehub lets through whatever its parts raise
        return _explain(error)
    finally:
        shutil.rmtree(f"{part}s", ignore_errors=True)
        if not mark.exists():
            part.unlink(missing_ok=True)


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


def _copy_from_web(url: str, part: Path, mark: Path, size: int) -> None:
    """Download `url` to `part`, from where an earlier try stopped if the file is still the same.

    The server tells, by the `mark` (ETag) that it gave to the file when that try began.
    """
    part.touch()
    start = max(0, part.stat().st_size - 1)  # the last byte again, since a range can't be empty
    headers = {"Accept-Encoding": "identity"}  # so that the bytes sent are those of the file
    if mark.exists():
        headers |= {"Range": f"bytes={start}-", "If-Range": mark.read_text()}
    with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT) as response:
        response.raise_for_status()
        if response.status_code != requests.codes.partial_content:
            start = 0
            os.truncate(part, 0)  # before there is a new mark, lest this run is killed in between
            mark.unlink(missing_ok=True)
            if "ETag" in response.headers:
                mark.write_text(response.headers["ETag"])
        with part.open("r+b") as stream, byte_bar(part.stem, size, start) as bar:
            stream.seek(start)
            for piece in response.iter_content(2**16):
                bar.update(stream.write(piece))


def _copy_from_kaggle(url: str, part: Path) -> None:
    """Copy one file of a public Kaggle data set; no account is needed."""
    import kagglehub  # here, since it is slow to import and one data set needs it
    from kagglesdk.kaggle_env import get_endpoint, get_env

    logging.getLogger("kagglehub").setLevel(logging.WARNING)  # else it prints whole paths
    requests.head(get_endpoint(get_env()), timeout=TIMEOUT)  # kagglehub sets no timeout of its own
    handle, member = url.removeprefix("kaggle://").rsplit("/", 1)
    folder = f"{part}s"
    with contextlib.redirect_stderr(sys.stdout):  # its progress bar
        path = kagglehub.dataset_download(handle, member, force_download=True, output_dir=folder)
    shutil.copyfile(path, part)  # on Kaggle and Colab it lies in a data set that stays as it is


def _fault(path: Path, file: File) -> str | None:
    """What is wrong with the file at `path`; None if it is good."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as stream:
        if file.checksum is None:
            start = stream.read(1024)
            good = start.startswith(bytes.fromhex(file.signature)) and not WEB_PAGE.search(start)
        elif file.checksum.startswith("git-blob:"):
            header = b"blob %d\0" % path.stat().st_size
            actual = hashlib.file_digest(stream, lambda: hashlib.sha1(header)).hexdigest()
            good = file.checksum == f"git-blob:{actual}"
        else:
            good = pooch.hashes.hash_matches(path, file.checksum)
    causes = "cut short, damaged, another edition or version, a login or error page"
    return None if good else f"wrong content: {causes}"


def _explain(error: BaseException) -> str:
    """A failure of a source in a few words, without addresses and folders."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    while error.__context__:
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
