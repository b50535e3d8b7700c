"""Python source files, cleaned for a model of code: no comments, no docstrings, no prose."""

import ast
import io
import os
import re
import sysconfig
import tokenize
from collections.abc import Iterator
from pathlib import Path
from zlib import crc32

from helpers import CookbookError, display_path
from helpers.folders import files_of, say_left_out

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
LEFT_OUT |= {"encodings"}  # a hundred files that are almost the same
SHORT = 100  # bytes of a file that may well say the same as another, as many an __init__.py does
LONG = 40  # characters of a string literal; a longer one becomes "MSG"
# Blank lines before what is neither at the margin nor a definition
BLANK_LINES = re.compile(r"(?<!\\)\n\n+(?=[^\S\n]+(?!@|def |class |async def )\S)")

Place = tuple[int, int]  # a line, from 1, and a byte in it
Edit = tuple[Place, Place, str]  # start and end, and what comes in


def read_python(folder: Path = STANDARD_LIBRARY, limit: int | None = None) -> dict[str, str]:
    """Cleaned sources by path within `folder`, without tests.

    Their order depends on nothing but the paths, and mixes packages: it is that of the paths'
    CRC-32. Takes `limit` characters, in whole files. Files that end up without any code are left
    out. So are copies, what tools make, and files that aren't valid Python, which a line says.
    Raises `CookbookError` if nothing remains.
    """
    folder = Path(folder).expanduser()
    paths = files_of(folder, ".py", LEFT_OUT, shortest_copy=SHORT)
    names = [path.relative_to(folder).as_posix() for path in paths]
    sources: dict[str, str] = {}
    invalid = []
    size = 0
    for name in sorted(names, key=lambda name: crc32(os.fsencode(name))):
        if limit is not None and size >= limit:
            break
        source = _read(folder / name)
        if source is None:
            invalid.append(folder / name)
        elif source:
            sources[name] = source
            size += len(source)
    say_left_out(folder, "no valid Python", invalid)
    if not sources:
        raise CookbookError(f"{display_path(folder)}: no file in it is valid Python with code.")
    return sources


def _read(path: Path) -> str | None:
    """The cleaned source of a file; None if it isn't valid Python, before or after."""
    try:
        with tokenize.open(path) as stream:  # knows the encodings that a file may declare
            source = clean_source(stream.read())
        compile(source, path.name, "exec", dont_inherit=True)
        return source
    except (OSError, SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        # OSError: no right to read it; ValueError: wrong encoding, null bytes; LookupError: a codec
        # that isn't of text, as "hex"; MemoryError: of too deep a nesting
        return None


def clean_source(source: str) -> str:
    """Python `source` without comments and docstrings, long or wordy strings as "MSG".

    Wordy means more than six letters and a space; long, more than `LONG` characters or a line. One
    blank line stays where there were some before a definition or a line at the margin, so that it
    ends functions and methods. A string that shares its line with another statement leaves invalid
    code. Raises `SyntaxError` for invalid source.
    """
    text = _without_comments(_without_prose(source))
    text = "\n".join(line.rstrip() for line in text.split("\n"))
    text = BLANK_LINES.sub("\n", text)
    text = re.sub(r"\n\n+", "\n\n", text).strip("\n")
    return f"{text}\n" if text else ""


def _without_comments(source: str) -> str:
    lines = source.split("\n")
    for token in reversed([*tokenize.generate_tokens(io.StringIO(source).readline)]):
        if token.type == tokenize.COMMENT:
            line, start = token.start
            code = lines[line - 1][:start]
            lines[line - 1 : line] = [code] if code.strip() else []
    return "\n".join(lines)


def _without_prose(source: str) -> str:
    """Source without docstrings, and with "MSG" for literals that are long or wordy."""
    lines = source.encode().splitlines(keepends=True)
    edits = _edits(ast.parse(source), lines)
    for (first, start), (last, end), new in sorted(edits, reverse=True):
        joined = lines[first - 1][:start] + new.encode() + lines[last - 1][end:]
        lines[first - 1 : last] = [joined] if joined.strip() else []
    return b"".join(lines).decode()


def _edits(node: ast.AST, lines: list[bytes]) -> Iterator[Edit]:
    """Edits of literals. `ast` takes "a" "b" for one, and tells its place in bytes."""
    for name in ("body", "orelse", "finalbody"):
        body = getattr(node, name, None)
        if isinstance(body, list):
            yield from _docstring_edits(body, keep=not isinstance(node, ast.Module))
    if isinstance(node, ast.JoinedStr) or _is_text(node):
        if _wordy(node, lines):
            is_bytes = isinstance(getattr(node, "value", None), bytes)
            yield *_place(node), 'b"MSG"' if is_bytes else '"MSG"'
    elif not _is_prose(node):  # what stands inside an f-string has no place of its own in 3.11
        for child in ast.iter_child_nodes(node):
            yield from _edits(child, lines)


def _docstring_edits(body: list[ast.stmt], keep: bool) -> Iterator[Edit]:
    """Takes out statements that are nothing but a string; with `keep`, one of them stays as `pass`
    where the body would be empty."""
    prose = [statement for statement in body if _is_prose(statement)]
    for statement in prose:
        needed = keep and prose == body and statement is body[0]
        yield *_place(statement), "pass" if needed else ""


def _is_prose(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and _is_text(node.value)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)


def _wordy(literal: ast.expr, lines: list[bytes]) -> bool:
    (first, start), (last, end) = _place(literal)
    if first != last:
        return True
    text = lines[first - 1][start:end].decode()
    return len(text) > LONG or (" " in text and sum(map(str.isalpha, text)) > 6)


def _place(node: ast.expr | ast.stmt) -> tuple[Place, Place]:
    return (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
