"""Docstrings of installed packages: a summary line, and the text that explains it.

Source files are read with `ast`, not imported, so no code of a package runs.
"""

import ast
import gc
import importlib.metadata
import importlib.util
import os
import re
import sys
import sysconfig
import textwrap
import warnings
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from helpers import CookbookError, unknown

import pandas as pd

PYTHON = "python"  # the standard library
PACKAGES = ("numpy", "scipy", "pandas", "sklearn", "matplotlib", "keras", "gensim", "geopandas")
PACKAGES += ("shapely", "distributed", "PIL", "bs4", "requests", PYTHON)
LEFT_OUT = {"test", "tests", "conftest", "idlelib", "site-packages", "dist-packages"}
LEFT_OUT |= {"externals"}  # copies of other packages
LEFT_OUT |= {"distutils", "lib2to3"}  # not in all versions of Python
TEST = re.compile(r"test_|.*_test$")
TITLE_WORDS = range(3, 31)
BODY_WORDS = 15  # at least
TWINS = 0.7  # bodies are twins from this Jaccard similarity of their pairs of words

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
BRANCH = ast.If | ast.Try | ast.ExceptHandler | ast.With

CODE = re.compile(
    r"^ *```.*\n(?:.*\n)*? *``` *$"  # fenced
    r"|^ *>>>.*(?:\n *\S.*)*"  # doctests, and what they print
    r"|(?<=::\n)(?: *\n)*(?P<indent> +)\S.*(?:\n *$|\n(?P=indent).*)*",  # set off
    re.MULTILINE,
)
SECTION = r"(?:.*\n)*?(?=\S.*\n-{3,} *$|\Z)"


def _patterns(replacements: dict[str, str]) -> list[tuple[re.Pattern, str]]:
    return [(re.compile(pattern, re.MULTILINE), new) for pattern, new in replacements.items()]


DIRECTIVES = _patterns(
    {
        rf"^(?:See [Aa]lso|References)\n-{{3,}} *\n{SECTION}": "",
        r"^(?:See also|References?):\n(?: +.*\n|\n)*": "",
        r"^( *)\.\. (?:code|code-block|sourcecode|ipython|plot|math)::.*\n": r"\1::\n",
        r"^ *\.\. (?:image|figure|index|version\w+|deprecated|legacy)::.*\n": "",
        r"^ *\.\. (?:_.*:.*\n|[\w:-]+:: *)?": "",
    }
)
MARKUP = _patterns(
    {
        r"^ *(?:([=\-~^*#\"'`+.])\1{2,}(?: +\1+)*|::) *\n": "",  # a line under a heading
        r"::$": ":",
        r"^( *):(?:\w+ )*(\w+):(?= )": r"\1\2:",  # :param int x: what it is
        r"\[\w+\]_": "",  # a citation
        r"\[([^\]\n]+)\]\((?:https?:/)?/[^)\s]*\)": r"\1",  # Markdown's link
        r":[\w:+-]+:(?=`)": "",
        r"(`+)[~!]?([^`]+?)(?:\s*<[^`<>]*>)?\1(?:__?\b)?": r"\2",
        r"(\*\*?)(\w[^*\n]*)(?<=\w)\1(?![\w*])": r"\2",  # emphasis, but not *args
        r"\|(\w[\w.]*)\|": r"\1",
        r"%\(\w+\)s": "",  # filled in when the package is imported
        r"^ +| +$": "",
        r"\n\n+": "\n\n",
    }
)
NO_SUMMARY = re.compile(r"\s*(?:\w[\w ]*\n-{3,} *|\w+:)\n")  # it begins with its parameters
SIGNATURE = re.compile(r"\A[\w.]+ ?\((?:[^()]|\([^()]*\))*\)(?:\s*(?:->|=>|--|:).*)?(?:\n+|\Z)")

Place = tuple[str, str]  # a module, and a name in it
Pair = tuple[str, str]  # neighbouring words


class Module(NamedTuple):
    """What a source file says at its top level."""

    docstrings: dict[str, str]  # by name, such as "DataFrame.merge"; "" for the module's own
    defined: set[str]
    imported: dict[str, Place]
    stars: list[str]  # modules of which it imports all names
    exported: set[str]  # its __all__; empty where that isn't spelled out


class Docstring(NamedTuple):
    name: str
    package: str
    title: str
    body: str
    code: str


def read_docstrings(
    packages: str | Sequence[str] = PACKAGES, limit: int | None = None
) -> pd.DataFrame:
    """Docstrings of public modules, classes, functions and methods, a row each, without twins.

    `packages` are names to import; "python" is the standard library. `limit` is in rows, and stops
    reading early: its rows are the first of those without it. Columns:

    - `name`, the shortest public one, such as "numpy.linalg.svd", and `package`
    - `title`: the first paragraph, 3 to 30 words on one line, without its final full stop
    - `body`: the rest as plain text, at least 15 words, without "See Also" and "References", which
      are about something else
    - `code`: examples and set-off formulas as they are written; often ""

    Files come in the order of the CRC-32 of their modules' names, so that packages mix. A docstring
    is left out if its title came before, or if its body is a twin of one before it: a Jaccard
    similarity of 0.7 or more between their sets of pairs of neighbouring words.

    Raises `CookbookError` for no packages, for one that isn't installed, and for one without such
    docstrings as far as `limit` lets it be read.
    """
    if limit is not None and limit < 1:
        raise CookbookError(f"limit is {limit!r}: take at least one row, or None for all.")
    packages = [packages] if isinstance(packages, str) else packages
    if not packages:
        raise CookbookError(f"No packages to read. The usual ones: {', '.join(PACKAGES)}.")
    with _garbage_left():
        rows = list(islice(_without_twins(_read(packages)), limit))
    return pd.DataFrame(rows, columns=Docstring._fields)


@contextmanager
def _garbage_left() -> Iterator[None]:
    """Syntax trees are many objects without cycles: looking for some takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(packages: Sequence[str]) -> Iterator[Docstring]:
    """All docstrings that make a row, twins too."""
    paths: dict[str, Path] = {}
    owners: dict[str, str] = {}
    for package in packages:
        paths |= (files := _files(package))
        owners |= dict.fromkeys(files, package)
    sources = Sources(paths)
    missing = {*packages}
    for module in sorted(paths, key=lambda module: crc32(os.fsencode(module))):
        for name, text in sources.public(module):
            if parts := _split(text):
                missing.discard(owners[module])
                yield Docstring(name, owners[module], *parts)
    if missing:
        raise CookbookError(
            f"{', '.join(sorted(missing))}: no public docstring with a summary and {BODY_WORDS} "
            "more words in its Python files. Leave it out."
        )


def _files(package: str) -> dict[str, Path]:
    """The source files of a package by the names of their modules, without tests."""
    if package == PYTHON:
        return _modules(Path(sysconfig.get_path("stdlib")), "")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None:
        installed = importlib.metadata.packages_distributions()
        raise unknown("package", package, {PYTHON, *installed, *sys.stdlib_module_names})
    if spec.submodule_search_locations is None:
        path = Path(spec.origin or "")
        return {package: path} if path.suffix == ".py" else {}
    files = {}
    for folder in spec.submodule_search_locations:
        files |= _modules(Path(folder), package)
    return files


def _modules(folder: Path, package: str) -> dict[str, Path]:
    modules = {}
    for path in filter(Path.is_file, folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if not (LEFT_OUT & {*parts} or any(map(TEST.match, parts))):
            name = ".".join(part for part in (package, *parts) if part not in ("", "__init__"))
            modules[name] = path
    return modules


class Sources:
    """Modules by name, parsed when they are first needed."""

    def __init__(self, paths: dict[str, Path]):
        self.paths = paths
        self.modules: dict[str, Module] = {}

    def __getitem__(self, name: str) -> Module:
        if name not in self.modules:
            self.modules[name] = _parse(self.paths[name], name)
        return self.modules[name]

    def public(self, module: str) -> Iterator[tuple[str, str]]:
        """Names and docstrings of what a module defines and can be had by a public name."""
        parts = [part for part in module.split(".") if not _private(part)]
        parents = [".".join(parts[:n]) for n in range(1, len(parts) + 1)]
        if not parents:
            return
        for name, text in self[module].docstrings.items():
            place = module, name.partition(".")[0]
            found = (parent for parent in parents if self.find(parent, place[1]) == place)
            if parent := next(found, None):
                yield f"{parent}.{name}".rstrip("."), text

    def find(self, module: str, name: str, seen: frozenset[Place] = frozenset()) -> Place | None:
        """Where that is defined which has this name in a module; "" names the module."""
        if module not in self.paths or (module, name) in seen:
            return None
        seen |= {(module, name)}
        source = self[module]
        if name in source.defined:
            return module, name
        if name in source.imported:
            return self.find(*source.imported[name], seen)
        found = (self.find(star, name, seen) for star in source.stars if self.exports(star, name))
        return next(filter(None, found), None)

    def exports(self, module: str, name: str) -> bool:
        """Whether `from module import *` brings a name, as long as the module has it."""
        exported = self[module].exported if module in self.paths else set()
        return name in exported if exported else not name.startswith("_")


def _private(part: str) -> bool:
    return part.startswith("_") or part == "src"  # Keras exports from there what is public


def _parse(path: Path, name: str) -> Module:
    """What a file says; nothing if it isn't valid Python."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes such as "\d"
            tree = ast.parse(path.read_bytes())
        return _module(tree, package)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError, ImportError):
        # ValueError: wrong encoding, null bytes; MemoryError: the parser's, of too deep a nesting
        return Module({}, set(), {}, [], set())


def _module(tree: ast.Module, package: str) -> Module:
    module = Module(dict(_documented(tree)), {""}, {}, [], set())
    for node in _statements(tree.body):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                module.defined.add(node.name)
            case ast.ImportFrom():
                source = "." * node.level + (node.module or "")
                source = importlib.util.resolve_name(source, package)
                if node.names[0].name == "*":
                    module.stars.append(source)
                else:
                    for alias in node.names:
                        module.imported[alias.asname or alias.name] = source, alias.name
            case ast.Assign([ast.Name("__all__")], ast.List(names) | ast.Tuple(names)):
                module.exported.update(getattr(name, "value", "") for name in names)
    return module


def _documented(node: ast.AST, name: str = "") -> Iterator[tuple[str, str]]:
    """Docstrings, by name, of a module, class or function and of what it holds."""
    if text := ast.get_docstring(node):
        # It may hold half a character, "\ud800".
        yield name, text.encode("utf-8", "replace").decode()
    if not isinstance(node, FUNCTION):
        for child in _statements(node.body):
            if isinstance(child, FUNCTION | ast.ClassDef) and not child.name.startswith("_"):
                yield from _documented(child, f"{name}.{child.name}".lstrip("."))


def _statements(body: list[ast.AST]) -> Iterator[ast.AST]:
    """Statements, and those in branches such as `if sys.platform == "win32":`."""
    for statement in body:
        yield statement
        if isinstance(statement, BRANCH):
            for part in ("body", "handlers", "orelse", "finalbody"):
                yield from _statements(getattr(statement, part, []))


def _split(text: str) -> tuple[str, str, str] | None:
    """Title, body and code of a docstring, if it has what makes a row."""
    if "\n" not in text or NO_SUMMARY.match(text):
        return None
    text = _replace(DIRECTIVES, text + "\n")
    code = [textwrap.dedent(match[0].strip("\n")) for match in CODE.finditer(text)]
    text = _replace(MARKUP, CODE.sub("", text)).strip()
    title, _, body = SIGNATURE.sub("", text).partition("\n\n")
    title = " ".join(title.split()).rstrip(".: ")
    if len(title.split()) not in TITLE_WORDS or len(body.split()) < BODY_WORDS:
        return None
    return title, body, "\n\n".join(code)


def _replace(patterns: list[tuple[re.Pattern, str]], text: str) -> str:
    for pattern, new in patterns:
        text = pattern.sub(new, text)
    return text


def _without_twins(docstrings: Iterable[Docstring]) -> Iterator[Docstring]:
    """Those whose title is new, and whose body resembles none that was kept before."""
    titles: set[tuple[str, ...]] = set()
    bodies: list[set[Pair]] = []
    holders: dict[Pair, list[int]] = defaultdict(list)  # the bodies with a pair
    for docstring in docstrings:
        title, pairs = tuple(_words(docstring.title)), {*pairwise(_words(docstring.body))}
        if title in titles:
            continue
        # A twin has 70 % of these pairs, hence one of any 30 % and one more: look up the rarest.
        rarest = sorted(pairs, key=lambda pair: len(holders.get(pair, ())))
        rarest = rarest[: len(pairs) - int(TWINS * len(pairs)) + 1]
        near = {number for pair in rarest for number in holders.get(pair, ())}
        if any(_similarity(pairs, bodies[number]) >= TWINS for number in near):
            continue
        titles.add(title)
        for pair in pairs:
            holders[pair].append(len(bodies))
        bodies.append(pairs)
        yield docstring


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _similarity(a: set[Pair], b: set[Pair]) -> float:
    """Jaccard: what two sets share, as a part of all that they hold."""
    shared = len(a & b)
    return shared / (len(a) + len(b) - shared)
