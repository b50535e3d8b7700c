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

import psutil

# TensorFlow reads these when it is first imported, so they are set here, before any chapter does.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("COOKBOOK_DATA", ROOT / "data"))
GENERATED = Path(os.environ.get("COOKBOOK_GENERATED", ROOT / "generated"))
ZOO = Path(os.environ.get("COOKBOOK_ZOO", ROOT / "zoo"))
DOWNLOAD_AGAIN = "Delete the file, and run this again to get it anew."  # a way out, for a download
DISK_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}


class CookbookError(Exception):
    """Something the reader can mend. The message says what is wrong and what to do."""


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
def replacing(path: Path) -> Iterator[Path]:
    """A temporary path beside `path` that takes its place at the end of the block.

    If the block fails, or the process is killed, the former file stays as it was; what a killed
    process has left half-written goes when the next one writes `path`.
    Raises `CookbookError` if the disk is full or doesn't take the file.
    """
    part = path.with_name(f".{os.getpid()}-{platform.node()}-{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(path)
        yield part
        os.replace(part, path)
    except OSError as error:
        if error.errno not in DISK_ERRORS:
            raise
        raise CookbookError(
            f"Can't write to {display_path(path.parent)}: {error.strerror}. The former files are "
            "still there. Free some space, or choose a folder on another disk: the environment "
            "variables COOKBOOK_DATA, COOKBOOK_GENERATED and COOKBOOK_ZOO name them."
        ) from error
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
    GENERATED.mkdir(parents=True, exist_ok=True)
    log = os.open(GENERATED / "native.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    os.dup2(log, 2)
    os.close(log)


if "ipykernel" in sys.modules:
    _keep_native_messages_off_the_page()
