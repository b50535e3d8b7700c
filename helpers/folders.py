"""The files of a folder: what people put there, not what tools leave, and none of them twice."""

import re
from collections import Counter
from collections.abc import Collection
from pathlib import Path

from helpers import display_path

import pooch

# Hidden, such as .ipynb_checkpoints and ._x.txt of macOS; made by macOS, Python, pip, npm.
TOOL_MADE = re.compile(
    r"(?:^|/)(?:\.|__MACOSX/|__pycache__/|node_modules/|(?:site|dist)-packages/"
    r"|[^/]+\.(?:dist|egg)-info/|build/(?:lib|lib\.[^/]+|bdist\.[^/]+)/)"
)


def files_of(
    folder: Path, suffix: str, without: Collection[str] = (), shortest_copy: int = 1
) -> list[Path]:
    """The files in `folder` and its subfolders whose names end in `suffix` in any case, by path.

    A line says what is left out: hidden files, files that tools make, and a file that holds what
    one before it holds, if that is `shortest_copy` bytes or more. Subfolders whose names are in
    `without` are not looked at.
    """
    found = []
    tool_made = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        is_looked_at = path.suffix.lower() == suffix and set(name.parts).isdisjoint(without)
        if not is_looked_at or not path.is_file():
            continue
        if TOOL_MADE.search(name.as_posix()):
            tool_made.append(path)
        else:
            found.append(path)
    copies = _copies(found, shortest_copy)
    say_left_out(folder, "hidden or made by tools", tool_made)
    say_left_out(folder, "copies of others", copies)
    return [path for path in found if path not in copies]


def _copies(paths: list[Path], shortest: int) -> set[Path]:
    """Those of `paths` that hold the same bytes as one before them."""
    sizes = {path: path.stat().st_size for path in paths}
    files_of_size = Counter(sizes.values())
    seen = set()
    copies = set()
    for path, size in sizes.items():
        if size >= shortest and files_of_size[size] > 1:
            checksum = pooch.file_hash(path)
            if checksum in seen:
                copies.add(path)
            seen.add(checksum)
    return copies


def say_left_out(folder: Path, what: str, paths: Collection[Path]) -> None:
    """Print how many `paths` in `folder` are left out, why, and the first of them."""
    if paths:
        names = sorted(path.relative_to(folder).as_posix() for path in paths)
        more = ", ..." if len(names) > 3 else ""
        listed = ", ".join(names[:3])
        print(f"Left out of {display_path(folder)}, {what} ({len(names):,}): {listed}{more}")
