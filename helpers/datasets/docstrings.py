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
import warnings
from collections.abc import Iterable, Iterator, Sequence
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
BRANCH = ast.If | ast.Try | ast.ExceptHandler

CODE = (
    r"^ *```.*\n(?:.*\n)*? *``` *$"  # fenced
    r"|^ *>>>.*(?:\n *\S.*)*"  # doctests, and what they print
    r"|(?<=::\n)(?: *\n)*(?P<indent> +)\S.*(?:\n *$|\n(?P=indent).*)*"  # set off
)
SECTION = r"(?:.*\n)*?(?=\S.*\n-{3,} *$|\Z)"
MARKUP = {  # and what takes its place, one after the other
    rf"^(?:See [Aa]lso|References)\n-{{3,}} *\n{SECTION}": "",
    r"^(?:See also|References?):\n(?: +.*\n|\n)*": "",
    r"^( *)\.\. (?:code|code-block|sourcecode|ipython|plot|math)::.*\n": r"\1::\n",
    r"^ *\.\. (?:image|figure|index|version\w+|deprecated|legacy)::.*\n": "",
    r"^ *\.\. (?:_.*:.*\n|[\w:-]+:: *)?": "",
    CODE: "",
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
    r"\A\s*[\w.]+ ?\((?:[^()]|\([^()]*\))*\)(?:\s*(?:->|=>|--|:).*)?(?:\n+|\Z)": "",  # a signature
}
NO_SUMMARY = re.compile(r"\s*(?:\w[\w ]*\n-{3,} *|\w+:)\n")  # it begins with its parameters

Place = tuple[str, str]  # a module, and a name in it
Pairs = frozenset[tuple[str, str]]  # of neighbouring words


class Docstring(NamedTuple):
    name: str
    title: str
    body: str


class Module(NamedTuple):
    """What a source file says at its top level."""

    docstrings: dict[str, str]  # by name, such as "DataFrame.merge"; "" for the module's own
    defined: set[str]
    imported: dict[str, Place]
    stars: list[str]  # modules of which it imports all names
    exported: set[str]  # its __all__; empty where that isn't spelled out

    def exports(self, name: str) -> bool:
        """Whether `from module import *` brings a name, as long as the module has it."""
        return name in self.exported if self.exported else not name.startswith("_")


def read_docstrings(
    packages: str | Sequence[str] = PACKAGES, limit: int | None = None
) -> pd.DataFrame:
    """Docstrings of public modules, classes, functions and methods, a row each, without twins.

    `packages` are names to import; "python" is the standard library. `limit` is in rows, and stops
    reading early: its rows are the first of those without it. Columns:

    - `name`, the shortest public one, such as "numpy.linalg.svd"
    - `title`: the first paragraph, 3 to 30 words on one line, without its final full stop
    - `body`: the rest as plain text, at least 15 words, without code, and without "See Also" and
      "References", which are about something else

    Files come in the order of the CRC-32 of their modules' names, so that packages mix. A docstring
    is left out if its title came before, or if its body is a twin of one before it: a Jaccard
    similarity of 0.7 or more between their sets of pairs of neighbouring words.

    Raises `CookbookError` for a package that isn't installed, and if nothing remains.
    """
    packages = [packages] if isinstance(packages, str) else packages
    rows = list(islice(_without_twins(_read(packages)), limit))
    if not rows and limit != 0:
        named = ", ".join(packages) or "no packages"
        raise CookbookError(f"{named}: no public docstring of a summary and a body.")
    return pd.DataFrame(rows, columns=Docstring._fields)


def _read(packages: Sequence[str]) -> Iterator[Docstring]:
    """All docstrings that make a row, twins too."""
    paths: dict[str, Path] = {}
    for package in packages:
        paths.update(_files(package))
    sources = Sources(paths)
    for module in sorted(paths, key=lambda module: crc32(os.fsencode(module))):
        for name, text in sources.public(module):
            parts = _split(text)
            if parts:
                yield Docstring(name, *parts)


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
        files.update(_modules(Path(folder), package))
    return files


def _modules(folder: Path, package: str) -> dict[str, Path]:
    modules = {}
    for path in filter(Path.is_file, folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        if LEFT_OUT.isdisjoint(parts) and not any(map(TEST.match, parts)):
            name = ".".join(part for part in (package, *parts) if part not in ("", "__init__"))
            modules[name] = path
    return modules


class Sources(dict[str, Module]):
    """Modules by name, parsed when they are first needed."""

    def __init__(self, paths: dict[str, Path]):
        self.paths = paths

    def __missing__(self, name: str) -> Module:
        self[name] = _parse(self.paths[name], name)
        return self[name]

    def public(self, module: str) -> Iterator[tuple[str, str]]:
        """Names and docstrings of what a module defines and can be had by a public name."""
        # What Keras keeps in "src" is exported elsewhere.
        parts = [part for part in module.split(".") if part != "src" and not part.startswith("_")]
        parents = [".".join(parts[:length]) for length in range(1, len(parts) + 1)]
        for name, text in self[module].docstrings.items():
            place = module, name.partition(".")[0]
            for parent in parents:
                if self.find(parent, place[1]) == place:
                    yield f"{parent}.{name}".rstrip("."), text
                    break

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
        for star in source.stars:
            if star in self.paths and self[star].exports(name):
                place = self.find(star, name, seen)
                if place:
                    return place
        return None


def _parse(path: Path, name: str) -> Module:
    """What a file says; nothing if it isn't valid Python."""
    package = name if path.stem == "__init__" else name.rpartition(".")[0]
    gc.disable()  # a syntax tree is many objects and no cycle: to look for some doubles the time
    try:
        with warnings.catch_warnings(action="ignore"):  # of escapes such as "\d"
            return _module(ast.parse(path.read_bytes()), package)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError, ImportError):
        # ValueError: wrong encoding, null bytes; MemoryError: the parser's, of too deep a nesting
        return Module({}, set(), {}, [], set())
    finally:
        gc.enable()


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
    text = ast.get_docstring(node)
    if text:
        yield name, text.encode("utf-8", "replace").decode()  # without halves of characters
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


def _split(text: str) -> tuple[str, str] | None:
    """Title and body of a docstring, if it has what makes a row."""
    if NO_SUMMARY.match(text):
        return None
    text += "\n"
    for pattern, new in MARKUP.items():
        text = re.sub(pattern, new, text, flags=re.MULTILINE)
    title, _, body = text.strip().partition("\n\n")
    title = " ".join(title.split()).rstrip(".: ")
    if len(title.split()) not in TITLE_WORDS or len(body.split()) < BODY_WORDS:
        return None
    return title, body


def _without_twins(docstrings: Iterable[Docstring]) -> Iterator[Docstring]:
    """Those whose title is new, and whose body resembles none that was kept before."""
    titles: set[tuple[str, ...]] = set()
    holders: dict[tuple[str, str], list[Pairs]] = {}  # the bodies with a pair
    for docstring in docstrings:
        title = tuple(_words(docstring.title))
        body = frozenset(pairwise(_words(docstring.body)))
        if title not in titles and not _has_twin(body, holders):
            titles.add(title)
            for pair in body:
                holders.setdefault(pair, []).append(body)
            yield docstring


def _has_twin(body: Pairs, holders: dict[tuple[str, str], list[Pairs]]) -> bool:
    # A twin has 70 % of these pairs, hence one of any 30 % and one more: look up the rarest.
    rarest = sorted(body, key=lambda pair: len(holders.get(pair, ())))
    rarest = rarest[: len(body) - int(TWINS * len(body)) + 1]
    near = {other for pair in rarest for other in holders.get(pair, ())}
    for other in near:
        shared = len(body & other)
        if shared / (len(body) + len(other) - shared) >= TWINS:
            return True
    return False


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())
