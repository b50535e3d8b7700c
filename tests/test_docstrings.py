"""Docstrings out of source files: which are public, what is text, and no two that say the same."""

import os
import subprocess
import sys
from pathlib import Path
from zlib import crc32

from helpers import CookbookError
from helpers.datasets.docstrings import PACKAGES, read_docstrings

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import CountVectorizer

BODY = "Words {0}a that {0}b no {0}c other {0}d docstring {0}e holds {0}f at {0}g all."


@pytest.fixture
def site(tmp_path, monkeypatch) -> Path:
    """A folder whose packages can be found."""
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def write(folder: Path, files: dict[str, str | bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)


def docstring(word: str) -> str:
    """One that makes a row, and shares no pair of words with that of another word."""
    return repr(f"Title about {word}.\n\n{BODY.format(word)}")


def function(name: str, text: str | None = None) -> str:
    return f"def {name}():\n    {text or docstring(name)}\n"


def functions(*names: str) -> str:
    return "".join(map(function, names))


def read_one(site: Path, text: str) -> pd.Series | None:
    """The row of a docstring if it makes one, beside one that does in any case."""
    write(site, {"single.py": function("this", repr(text)) + function("other")})
    rows = read_docstrings("single").set_index("name")
    assert {"single.other"} <= {*rows.index} <= {"single.this", "single.other"}
    return rows.loc["single.this"] if len(rows) == 2 else None


def names(*packages: str) -> set[str]:
    return {*read_docstrings(packages)["name"]}


# Text


def test_a_docstring_becomes_title_and_body_without_code(site):
    text = """
    Solve ``a @ x = b`` with the *fast* method
    of :class:`~numpy.Something`.

    .. versionadded:: 1.2

    The **solution** is that of `Gauss <https://example.org>`_, as :func:`solve` tells [1]_:

    .. math::

        x = a^{-1} b

    Use it like this::

        def solver(a):
            return a

    Parameters
    ----------
    a : array_like
        The :ref:`matrix <matrices>`.
    **kwargs
        Given to |Solver|, %(more)s as it is.

    See Also
    --------
    lstsq : Least squares of an unrelated function.

    Notes
    -----
    .. note:: It is slow.

    References
    ----------
    .. [1] Carl Friedrich Gauss, a book.

    Examples
    --------
    Two lines:

    >>> solve(1, 2)
    array([2])

    ```python
    y = solve(
        3)
    ```
    """
    row = read_one(site, text)
    assert row.title == "Solve a @ x = b with the fast method of numpy.Something"
    assert row.body.split("\n") == [
        "The solution is that of Gauss, as solve tells :",
        "",
        "Use it like this:",
        "",
        "Parameters",
        "a : array_like",
        "The matrix.",
        "**kwargs",
        "Given to Solver,  as it is.",
        "",
        "Notes",
        "It is slow.",
        "",
        "Examples",
        "Two lines:",
    ]


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Rows::\n\n    a b\n\n      c\n\nand d.", "Rows:\n\nand d."),
        ("Rows\n\n.. code-block:: python\n   :linenos:\n\n   a = b\n\nand d.", "Rows\n\nand d."),
        (">>> a\nb\n\nThen c.\n\n>>> d\n", "Then c."),
        ("    >>> for a in b:\n    ...     a\n    b\nno blank line before", ""),
        (".. warning::\n    Take care of\n    this.", "Take care of\nthis."),
        (".. versionchanged:: 2\n    The default.\n\n.. _target:\n", "The default."),
        ("========\nHeading\n========\n\nText.", "Heading\n\nText."),
        ("=== ====\na   b\n=== ====", "a   b"),
        (":param int a: The size.\n:returns: The rest.", "a: The size.\nreturns: The rest."),
        ("A `text <https://example.org>`__, ``<b>`` or :meth:`!c`.", "A text, <b> or c."),
        ("**All** *few words*, *a, **b and 2**n * k*m.", "All few words, *a, **b and 2**n * k*m."),
        ("See [the guide](https://example.org/a) or [1, 2](3).", "See the guide or [1, 2](3)."),
        ("Args:\n    a: The size.\n\nSee also:\n    b\n\n    c\n", "Args:\na: The size."),
        ("See Also\n--------\na : The other.\n\nNotes\n-----\nText.", "Notes\nText."),
        ("x_ and __init__ and a - b -- c.", "x_ and __init__ and a - b -- c."),
    ],
)
def test_markup_and_code_go(site, text, clean):
    body = read_one(site, f"One two three.\n\n{text}\n\n{BODY}").body
    assert body.removesuffix(BODY).strip("\n") == clean


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("One two three.", "One two three"),
        ("  One two\n   three\n", "One two three"),
        ("One two. Three four...", "One two. Three four"),
        ("One two three:", "One two three"),
        ("this(a, /, b=(), *, c) -> d\n\nOne two three.", "One two three"),
        ("this(a,\n     b)\n--\n\nOne two three.", "One two three"),
        ("a.this()\nOne two\nthree.", "One two three"),
        ("One this(a) of (b).", "One this(a) of (b)"),
        (" ".join("abcdefghij" * 3), " ".join("abcdefghij" * 3)),
        ("One two.", None),
        (" ".join("abcdefghij" * 3) + " k", None),
        ("this(a, b, c) -> d", None),
        ("Parameters\n----------\na b c\n    One two three.", None),
        ("Args:\n    a: One two three.", None),
    ],
)
def test_a_title_is_the_first_paragraph_of_3_to_30_words(site, text, title):
    row = read_one(site, f"{text}\n\n{' '.join(['word'] * 31)}")
    assert (None if row is None else row.title) == title


@pytest.mark.parametrize(
    ("body", "taken"),
    [
        (" ".join("abcdefghijklmno"), True),
        ("a b c d e\n\nf g h i j\n\nk l m n o", True),
        (" ".join("abcdefghijklmn"), False),
        (" ".join("abcdefghijklmn") + "\n\n>>> o p q", False),
        (" ".join("abcdefghijklmn") + "\n\nReferences\n----------\no p q", False),
        ("", False),
    ],
)
def test_a_body_has_at_least_15_words_without_code_and_references(site, body, taken):
    assert (read_one(site, f"One two three.\n\n{body}") is not None) == taken


# What is public


def test_modules_classes_functions_and_methods_are_found(site):
    source = f"""{docstring("module")}
import sys

class A:
    {docstring("A")}
    class B:
        {docstring("B")}
        async def f(self):
            {docstring("Bf")}
    if sys.platform:
        def f(self):
            {docstring("Af")}
    def _g(self):
        {docstring("Ag")}

class _C:
    {docstring("C")}
    def f(self):
        {docstring("Cf")}

try:
    import nothing
except ImportError:
    async def g():
        {docstring("g")}
        def h():
            {docstring("h")}
else:
    def i():
        {docstring("i")}
"""
    write(site, {"place/__init__.py": "", "place/there.py": source})
    found = "", ".A", ".A.B", ".A.B.f", ".A.f", ".g", ".i"
    assert names("place") == {f"place.there{name}" for name in found}


def test_names_are_the_shortest_that_are_public(site):
    files = {
        "place/__init__.py": "from ._in import a, b\nfrom place._star import *\nfrom . import sub",
        "place/_in.py": functions("a", "b", "hidden"),
        "place/_star/__init__.py": "from .it import *\nfrom .all import *\nfrom nowhere import *",
        "place/_star/it.py": "from .. import _star\nfrom . import *\n" + functions("c", "d"),
        "place/_star/all.py": "__all__ = ['e']\n" + functions("e", "left_out"),
        "place/sub/__init__.py": "from .._in import b\nfrom .open import f\n",
        "place/sub/open.py": functions("f", "g"),
        "place/sub/_here.py": docstring("here") + "\n" + functions("unseen"),
        "place/layers/__init__.py": "from place.src.layers.dense import Dense as Dense",
        "place/src/layers/dense.py": f"class Dense:\n    {docstring('Dense')}",
        "place/src/layers/base.py": functions("base"),
    }
    write(site, files)
    expected = "a b c d e sub.f sub.open.g layers.Dense".split()
    assert names("place") == {f"place.{name}" for name in expected}


def test_tests_are_left_out(site):
    left_out = "tests/a test/b test_c d_test conftest sub/tests/e distutils/f externals/g".split()
    taken = "testing latest contest sub/attest".split()
    files = {f"place/{name}.py": functions(Path(name).name) for name in [*left_out, *taken]}
    write(site, files | {"tests/__init__.py": functions("outer")})
    inner = "testing.testing latest.latest contest.contest sub.attest.attest".split()
    assert names("place", "tests") == {"tests.outer", *(f"place.{name}" for name in inner)}


def test_no_code_of_a_package_runs(site):
    write(site, {"place/__init__.py": f"raise SystemExit\n{functions('f')}"})
    assert names("place") == {"place.f"}
    assert "place" not in sys.modules


BAD = {
    "syntax": "print 'x'\n",
    "bytes": "x = 'é'\n".encode("latin-1"),
    "coding": "# coding: klingon\nx = 1\n",
    "null": b"x = 1\0\n",
    "deep": "(" * 5000 + ")" * 5000,
    "relative": f"from ..... import x\n{functions('g')}",
}


@pytest.mark.parametrize(("name", "content"), BAD.items(), ids=BAD)
def test_a_file_that_is_invalid_is_left_out(site, name, content):
    write(site, {"place/__init__.py": functions("f"), f"place/{name}.py": content})
    assert names("place") == {"place.f"}


@pytest.mark.filterwarnings("error")
def test_a_file_may_declare_its_encoding_and_warn(site):
    source = f"# coding: latin-1\nx = '\\d' is 1\n{function('f', docstring('é'))}"
    write(site, {"single.py": source.encode("latin-1")})
    assert read_docstrings("single")["title"].tolist() == ["Title about é"]


# Twins


WORDS = [f"word{letter}" for letter in "abcdefghijklmnopqr"]  # 17 pairs


def titled(title: str, words: list[str]) -> str:
    return repr(f"{title}.\n\n{' '.join(words)}")


@pytest.mark.parametrize(
    ("changed", "kept"),
    [
        ([], False),  # the same words
        ([0], False),  # 16 of 18 pairs in common
        ([9], False),  # 15 of 19
        ([0, 9], False),  # 14 of 20: a similarity of 0.7
        ([0, 9, 17], True),  # 13 of 21
        ([5, 9], True),
        ([*range(18)], True),
    ],
)
def test_a_body_that_resembles_an_earlier_one_is_left_out(site, changed, kept):
    words = [f"new{n}" if n in changed else word.upper() for n, word in enumerate(WORDS)]
    first = function("first", titled("One two three", WORDS))
    second = function("second", titled("Four five six", words))
    write(site, {"single.py": first + functions("far", "farther") + second})
    assert ("single.second" in names("single")) == kept
    assert {"single.first", "single.far", "single.farther"} <= names("single")


def test_a_title_that_came_before_is_left_out_whatever_its_case(site):
    again = docstring("g").replace("Title about g.", "title:  ABOUT (f)")
    write(site, {"single.py": functions("f") + function("g", again) + functions("h")})
    assert read_docstrings("single")["name"].tolist() == ["single.f", "single.h"]


def test_what_is_left_out_bars_nothing(site):
    bodies = WORDS, [*WORDS[:15], *"abc"], [*WORDS[:10], *"abcdefgh"]
    titles = "One two three", "Four five six", "Four five six"
    texts = [titled(title, body) for title, body in zip(titles, bodies, strict=True)]
    write(site, {"single.py": "".join(map(function, "abc", texts))})
    assert read_docstrings("single")["name"].tolist() == ["single.a", "single.c"]


def test_no_two_bodies_of_real_packages_are_twins():
    rows = read_docstrings(["gensim", "shapely"])
    assert len(rows) > 300
    counter = CountVectorizer(ngram_range=(2, 2), token_pattern=r"\w+", binary=True)
    pairs = counter.fit_transform(rows["body"])
    shared = (pairs @ pairs.T).toarray()
    size = shared.diagonal()
    similarity = shared / (size[:, None] + size - shared)
    assert similarity[~np.eye(len(rows), dtype=bool)].max() < 0.7
    assert rows["title"].str.casefold().is_unique


# Order, limit, errors


def test_rows_come_in_the_order_of_their_modules_checksums(site):
    modules = [f"place{a}.m{b}" for a in "ab" for b in "cdefgh"]
    order = sorted(modules, key=lambda module: crc32(module.encode()))
    parts = {module: [f"{first}{module[5]}{module[8]}" for first in "za"] for module in modules}
    write(site, {f"{m.replace('.', '/')}.py": functions(*parts[m]) for m in modules})
    rows = read_docstrings(["placeb", "placea"])
    assert rows["name"].tolist() == [f"{m}.{name}" for m in order for name in parts[m]]
    assert {name[:6] for name in rows["name"][:8]} == {"placea", "placeb"}


@pytest.mark.parametrize("limit", [1, 7, 100])
def test_a_limit_takes_the_first_rows(limit):
    rows = read_docstrings(["shapely", "bs4"])
    pd.testing.assert_frame_equal(read_docstrings(["shapely", "bs4"], limit), rows[:limit])


def test_the_usual_packages_are_installed_and_mix():
    rows = read_docstrings(limit=200)
    assert len(rows) == 200 and rows["name"].is_unique
    assert rows.columns.tolist() == ["name", "title", "body"]
    assert len({name.partition(".")[0] for name in rows["name"]} & {*PACKAGES}) > 5
    assert rows["title"].str.split().str.len().between(3, 30).all()
    assert rows["body"].str.split().str.len().min() >= 15
    assert not rows["name"].str.contains(r"(?:^|\.)(?:_|tests?\b)").any()


def test_the_standard_library_and_its_modules_can_be_read():
    rows = read_docstrings("json").set_index("name")
    assert rows.loc["json.loads", "title"].startswith("Deserialize")
    library = read_docstrings("python", limit=5)["name"]
    assert {name.partition(".")[0] for name in library} <= sys.stdlib_module_names


def test_rows_do_not_depend_on_the_seed_of_hashes():
    code = "from helpers.datasets.docstrings import *; print(read_docstrings('shapely').to_json())"
    environment = os.environ | {"PYTHONHASHSEED": "7"}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True)
    assert run.stdout.decode().strip() == read_docstrings("shapely").to_json()


@pytest.mark.parametrize(
    ("packages", "message"),
    [
        (["numpy", "matplotlip"], "Unknown package 'matplotlip'.*'matplotlib'"),
        ("jsn", "Unknown package 'jsn'.*'json'"),
        ("numpy.linalg", "Unknown package 'numpy.linalg'"),
        ("", "Unknown package ''"),
        ([], "^no packages: no public docstring"),
        ("sys", "^sys: no public docstring"),
        (["bare", "empty"], "^bare, empty: no public docstring of a summary and a body"),
    ],
)
def test_a_package_that_is_unknown_or_without_docstrings_is_named(site, packages, message):
    bare = function("_f") + function("g", repr("Too short to be\n\na row.")) + function("h", "0")
    write(site, {"empty/data.txt": "", "bare/__init__.py": bare})
    with pytest.raises(CookbookError, match=message):
        read_docstrings(packages)
