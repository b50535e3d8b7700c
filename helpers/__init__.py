"""What every chapter of the cookbook repeats: data, metrics, figures, running.

The model of a chapter, its loss and its training step stand in its notebook, never here.
"""

import difflib
import errno
import os
import platform
import re
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.request import url2pathname

import psutil

# TensorFlow reads these when it is first imported, so they are set here, before any chapter does.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[1]
DOWNLOAD_AGAIN = "Delete the file, and run this again to get it anew."  # a way out, for a download
REPLACE = "COOKBOOK_REPLACE"  # "yes" lets a run replace a model of zoo/ by another
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class CookbookError(Exception):
    """Something the reader can mend. The message says what is wrong and what to do."""


def setting(variable: str) -> str:
    """What an environment variable holds, without the quotes and blanks that some shells leave."""
    value = os.environ.get(variable, "").strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def with_value(variable: str) -> str:
    """The name of an environment variable for a message, with its value if it has one."""
    value = re.sub("//[^/@]*@", "//...@", os.environ.get(variable, ""))  # no password is shown
    return f"{variable} (now {value!r})" if value else variable


def place(variable: str, default: Path | None = None) -> Path | None:
    """The folder that an environment variable names; if it is empty or unset, `default`.

    A relative folder counts from the root of the project; `~`, `$HOME` and `file:///` are known.
    Raises `CookbookError` for what is no folder, such as s3://.
    """
    value = setting(variable)
    if not value:
        return default
    file = re.fullmatch("file://(?:localhost)?(/.*)", value, re.IGNORECASE)
    path = url2pathname(file[1]) if file else value
    path = os.path.expandvars(os.path.expanduser(path))
    unknown_name = path[:1] in ("", "~", "$")  # of a person, or of another variable
    if unknown_name or re.match(r"[\w+.-]{2,}:", path):
        raise CookbookError(
            f"{with_value(variable)} is no folder that can be used here. Valid: a path such as "
            "/data/cookbook or ~/cookbook, or one relative to the root of the project, such as "
            "../cookbook. (COOKBOOK_MIRROR may also be an address, http:// or https://.)"
        )
    return ROOT / path


DATA = place("COOKBOOK_DATA", ROOT / "data")
GENERATED = place("COOKBOOK_GENERATED", ROOT / "generated")
ZOO = place("COOKBOOK_ZOO", ROOT / "zoo")


def unknown(kind: str, value: object, options: Collection[str]) -> CookbookError:
    """An error that names an unknown `value`, the closest of `options`, and all if they are few."""
    close = difflib.get_close_matches(str(value), [str(option) for option in options], n=5)
    hint = f" Did you mean {' or '.join(map(repr, close))}?" if close else ""
    few = len(options) <= 12
    listed = f"Valid: {', '.join(sorted(options))}" if few else f"There are {len(options):,} in all"
    return CookbookError(f"Unknown {kind} {value!r}.{hint} {listed}.")


def display_path(path: Path | str) -> str:
    """`path` relative to the project where it lies inside it, so that no output names a machine."""
    path = Path(path).resolve()
    return path.relative_to(ROOT).as_posix() if path.is_relative_to(ROOT) else path.name


@contextmanager
def reading(path: Path, kind: str) -> Iterator[None]:
    """Raises `CookbookError`, naming the reason, if the block can't read `path` as `kind`.

    Any error counts: parsers and decompressors raise many types of them on a damaged file.
    """
    try:
        yield
    except FileNotFoundError as error:
        raise CookbookError(f"{display_path(path)}: no such file.") from error
    except Exception as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise CookbookError(
            f"{display_path(path)}: not readable as {kind} ({reason}). {DOWNLOAD_AGAIN}"
        ) from error


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Makes `folder` for the block, which writes to it.

    Raises `CookbookError`, with the variables to set, if the disk is full or doesn't let us write.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        file = Path(str(error.filename or os.devnull))
        here = file.is_relative_to(folder) or folder.is_relative_to(file)
        if not here and error.errno not in DISK_ERRORS:
            raise
        names = [with_value(f"COOKBOOK_{name}") for name in ("DATA", "GENERATED", "ZOO")]
        raise CookbookError(
            f"Can't write to {display_path(folder)}: {error.strerror}. The former files are "
            "still there. Free some space, or choose a folder on another disk: the environment "
            f"variables {names[0]}, {names[1]} and {names[2]} name them."
        ) from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place at the end of the block.

    If the block fails, or the process is killed, the former file stays as it was; what a killed
    process has left half-written goes when the next one writes `path`.
    Raises `CookbookError` if the disk is full or doesn't take the file.
    """
    part = path.with_name(f".{os.getpid()}-{platform.node()}-{path.name}")
    try:
        with writing(path.parent):
            _remove_leftovers(path)
            yield part
            os.replace(part, path)
    finally:
        with suppress(OSError):  # the disk may have become read-only
            part.unlink(missing_ok=True)


def _remove_leftovers(path: Path) -> None:
    """Remove what processes of this machine that are gone have left of `path`."""
    name = re.compile(rf"\.(\d+)-{re.escape(platform.node())}-{re.escape(path.name)}")
    for part in path.parent.iterdir():
        writer = name.fullmatch(part.name)
        if writer and not psutil.pid_exists(int(writer[1])):
            part.unlink(missing_ok=True)


def _keep_native_messages_off_the_page() -> None:
    """Send what C++ code writes to the process's error stream to generated/native.log.

    Jupyter copies that stream into the notebook, and TensorFlow greets on it at every start.
    Python's own warnings and errors take another way and still show.
    """
    with writing(GENERATED):
        log = os.open(GENERATED / "native.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 2)
    os.close(log)


if "ipykernel" in sys.modules:
    _keep_native_messages_off_the_page()
