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

STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__"}
LEFT_OUT |= {"encodings"}  # a hundred files that are almost the same
LONG = 40  # characters of a string literal; a longer one becomes "MSG"
STRINGS = (ast.JoinedStr, getattr(ast, "TemplateStr", ast.JoinedStr))  # f"" and t""
# Blank lines before what is neither at the margin nor a definition
BLANK_LINES = re.compile(r"(?<!\\)\n\n+(?=[^\S\n]+(?!@|def |class |async def )\S)")

Place = tuple[int, int]  # a line, from 1, and a byte in it
Edit = tuple[Place, Place, str]  # start and end, and what comes in


def read_python(folder: Path = STANDARD_LIBRARY, limit: int | None = None) -> dict[str, str]:
    """Cleaned sources by path within `folder`, without tests.

    Their order depends on nothing but the paths, and mixes packages: it is that of the paths'
    CRC-32. Takes `limit` characters, in whole files. Files that aren't valid Python, or end up
    without any code, are left out. Raises `CookbookError` if nothing remains.
    """
    folder = Path(folder).expanduser()
    files = filter(Path.is_file, folder.rglob("*.py"))  # not a folder, nor a broken link
    names = [path.relative_to(folder).as_posix() for path in files]
    names = [name for name in names if not LEFT_OUT & {*name.split("/")}]
    sources: dict[str, str] = {}
    size = 0
    for name in sorted(names, key=lambda name: crc32(os.fsencode(name))):
        if limit is not None and size >= limit:
            break
        source = _read(folder / name)
        if source:
            sources[name] = source
            size += len(source)
    if not sources:
        raise CookbookError(f"{display_path(folder)}: no file in it is valid Python with code.")
    return sources


def _read(path: Path) -> str:
    """The cleaned source of a file; "" if it isn't valid Python."""
    try:
        with tokenize.open(path) as stream:  # knows the encodings that a file may declare
            source = clean_source(stream.read())
        compile(source, path.name, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError):
        # ValueError: wrong encoding, null bytes; LookupError: a codec that isn't of text, as "hex";
        # MemoryError: the parser's, of too deep a nesting
        return ""
    return source


def clean_source(source: str) -> str:
    """Python `source` without comments and docstrings, long or wordy strings as "MSG".

    Wordy means more than six letters and a space; long, more than `LONG` characters or a line. One
    blank line stays where there were some before a definition or a line at the margin, so that it
    ends functions and methods. Raises `SyntaxError` for invalid source.
    """
    source = source.replace("\r\n", "\n").replace("\r", "\n")
    source = re.sub(r"^[ \t\f]*\f", "", source, flags=re.MULTILINE)  # Python counts from here
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
    tree = ast.parse(source)
    lines = source.encode().splitlines(keepends=True)
    for (first, start), (last, end), new in sorted(_edits(tree, lines), reverse=True):
        joined = lines[first - 1][:start] + new.encode() + lines[last - 1][end:]
        lines[first - 1 : last] = [joined] if joined.strip() else []
    return b"".join(lines).decode()


def _edits(tree: ast.Module, lines: list[bytes]) -> Iterator[Edit]:
    """Edits of literals. `ast` takes "a" "b" for one, and tells its place in bytes."""
    nodes: list[ast.AST] = [tree]
    while nodes:
        node = nodes.pop()
        for name in ("body", "orelse", "finalbody"):
            body = getattr(node, name, None)
            if isinstance(body, list):
                yield from _docstring_edits(body, lines, keep=node is not tree)
        if isinstance(node, STRINGS) or _is_text(node):
            if _wordy(node, lines):
                is_bytes = isinstance(getattr(node, "value", None), bytes)
                yield *_place(node), 'b"MSG"' if is_bytes else '"MSG"'
        elif not _is_prose(node):  # what stands inside an f-string has no place of its own in 3.11
            nodes.extend(ast.iter_child_nodes(node))


def _docstring_edits(body: list[ast.stmt], lines: list[bytes], keep: bool) -> Iterator[Edit]:
    """Takes out statements that are nothing but a string; with `keep`, one of them stays as `pass`
    where the body would be empty."""
    empty = keep and all(map(_is_prose, body))
    for number, statement in enumerate(body):
        if _is_prose(statement):
            (first, start), (last, end) = _place(statement)
            before, after = lines[first - 1][:start].strip(), lines[last - 1][end:].strip()
            alone = not before and (not after or after.startswith(b"#"))
            needed = (empty and number == 0) or not alone
            yield (first, start), (last, end), "pass" if needed else ""


def _is_prose(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and _is_text(statement.value)


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
