"""Cleaning Python: comments, docstrings and prose go, and what the code does stays."""

import ast
import io
import re
import tokenize
import zlib
from collections.abc import Iterator
from pathlib import Path

from helpers import CookbookError
from helpers.datasets.python_source import STANDARD_LIBRARY, clean_source, read_python

import pytest

# Checks that know nothing of the way in which the module works


class Skeleton(ast.NodeTransformer):
    """Leaves a tree without the content of literals and without statements that do nothing."""

    def __init__(self):
        self.literals: list[str] = []

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        return None if is_literal(node.value) else self.generic_visit(node)

    def visit_Pass(self, node: ast.Pass) -> None:
        return None

    def visit_Constant(self, node: ast.Constant) -> ast.Constant:
        if not is_literal(node):
            return node
        self.literals.append(ast.dump(ast.Constant(node.value)))
        return ast.Constant(type(node.value)())

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.Constant:
        self.literals.append(ast.dump(node))
        return ast.Constant("")


def is_literal(node: ast.AST) -> bool:
    """Whether it is a string, also an f-string, or bytes."""
    text = isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)
    return text or isinstance(node, ast.JoinedStr)


def assert_same_code(source: str, cleaned: str) -> None:
    """Both compile, and differ in nothing but statements without effect and literals now MSG."""
    compile(cleaned, "cleaned", "exec", dont_inherit=True)
    before, after = Skeleton(), Skeleton()
    dumps = [ast.dump(s.visit(ast.parse(text))) for s, text in ((before, source), (after, cleaned))]
    assert dumps[0] == dumps[1]
    for old, new in zip(before.literals, after.literals, strict=True):
        assert new in (old, "Constant(value='MSG')", "Constant(value=b'MSG')")


def literals(node: ast.AST) -> Iterator[ast.expr]:
    """The outermost literals, as places inside an f-string are no places in the file in 3.11."""
    if is_literal(node):
        yield node
    else:
        for child in ast.iter_child_nodes(node):
            yield from literals(child)


def assert_clean(cleaned: str) -> None:
    tokens = tokenize.generate_tokens(io.StringIO(cleaned).readline)
    assert not [token for token in tokens if token.type == tokenize.COMMENT]
    tree, lines = ast.parse(cleaned), cleaned.encode().split(b"\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            assert node.value.value in (..., "MSG"), "no docstring; MSG was an f-string"
    for node in literals(tree):
        assert node.lineno == node.end_lineno
        text = lines[node.lineno - 1][node.col_offset : node.end_col_offset].decode()
        assert len(text) <= 40 and (" " not in text or len(re.findall(r"[^\W\d_]", text)) <= 6)
    assert not re.search(r"[ \t\f]$|\n\n\n|\A\n|\n\n\Z", cleaned, re.MULTILINE)
    blank = re.search(r"(?<!\\)\n\n[ \t]+(?!@|def |class |async def )\S.*", cleaned)
    assert not blank, "a blank line only before the margin or a definition"


# Snippets


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("x = 1  # one\n", "x = 1\n"),
        ("#!/bin/sh\n# one\n\nx = 1\n    # two\n# three", "x = 1\n"),
        ("x = '# no'  # yes '#'\ny = \"#\"# yes", "x = '# no'\ny = \"#\"\n"),
        ("x = [  # one\n    1,  # '2\n    # three\n]\n", "x = [\n    1,\n]\n"),
        ("x = 1\n# two\n# three\ny = 2\n\n# four\n\nz = 3\n", "x = 1\ny = 2\n\nz = 3\n"),
        ("if x:\n    y\n    # else\n# else\nelse:\n    z\n", "if x:\n    y\nelse:\n    z\n"),
        ("é = 'ä'  # ö\nü = 1  # ß\n", "é = 'ä'\nü = 1\n"),
        ("x = 1", "x = 1\n"),
        ("", ""),
        ("# nothing\n\n", ""),
    ],
)
def test_comments_go_and_strings_that_look_like_one_stay(source, cleaned):
    assert clean_source(source) == cleaned


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ('"""One."""\n\nx = 1\n', "x = 1\n"),
        ('"""One.\n\nTwo."""  # three\n', ""),
        ("class A:\n    'One.'\n\n    b = 1\n", "class A:\n    b = 1\n"),
        ("def f():\n    r'''One.\n    '''\n    return 1\n", "def f():\n    return 1\n"),
        ("async def f():\n    'One.'\n    await x\n", "async def f():\n    await x\n"),
        ("def f():\n    ('One.'  # a\n     'Two.')\n    f()\n", "def f():\n    f()\n"),
        ("def f():\n    (\n    'One.'\n    )\n    f()\n", "def f():\n    f()\n"),
        ("x = 1\n'about x'\n\ny = 2\nb'about y'\nz\n", "x = 1\n\ny = 2\nz\n"),
        ("def f():\n    x = 1\n    'x'\n    return x\n", "def f():\n    x = 1\n    return x\n"),
        ("if x:\n    y\nelse:\n    'why'\n    z\n", "if x:\n    y\nelse:\n    z\n"),
        ("match x:\n    case 1:\n        'one'\n        y\n", "match x:\n    case 1:\n        y\n"),
    ],
)
def test_statements_that_are_nothing_but_a_string_go(source, cleaned):
    assert clean_source(source) == cleaned


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("def f():\n    'One.'\n", "def f():\n    pass\n"),
        ("def f(): 'One.'\n", "def f(): pass\n"),
        ("def f():\n    # one\n    ('Two.'\n     'Three.')  # four\n", "def f():\n    pass\n"),
        ("class A:\n    'One.'\n    'Two.'\n    b'Three.'\n", "class A:\n    pass\n"),
        (
            "class A:\n    def f(self):\n        'One.'\n",
            "class A:\n    def f(self):\n        pass\n",
        ),
        ("if x: 'a'\nelif y: 'b'\nelse: 'c'\n", "if x: pass\nelif y: pass\nelse: pass\n"),
        (
            "try:\n    'a'\nexcept E:\n    'b'\nelse:\n    'c'\nfinally:\n    'd'\n",
            "try:\n    pass\nexcept E:\n    pass\nelse:\n    pass\nfinally:\n    pass\n",
        ),
        (
            "while x:\n    'a'\nelse:\n    'b'\nwith y:\n    'c'\n",
            "while x:\n    pass\nelse:\n    pass\nwith y:\n    pass\n",
        ),
        ("match x:\n    case 1:\n        'a'\n", "match x:\n    case 1:\n        pass\n"),
    ],
)
def test_a_body_of_strings_becomes_pass(source, cleaned):
    assert clean_source(source) == cleaned


@pytest.mark.parametrize(
    "literal",
    [
        "''",
        "'seven_letters'",
        "'six let'",
        "'a b c de'",
        "'%s, %d: %r'",
        "r'\\d + \\n'",
        "b'a b c d'",
        "'a' 'b'",
        f"'{'a' * 38}'",
        f"'{'é' * 38}'",
        "'a\fb\x1cc\u2028d'",
    ],
)
def test_a_short_literal_stays(literal):
    assert clean_source(f"x = {literal}  # y\nz\n") == f"x = {literal}\nz\n"


@pytest.mark.parametrize(
    "literal",
    [
        "'seven letters'",
        "'sévèn létters'",
        "r'\\d+ of numbers'",
        "u'a few words'",
        "b'seven letters'",
        "rb'seven letters'",
        f"'{'a' * 39}'",
        f"'{'é' * 39}'",
        "'''a\nb'''",
        "'a\\\nb'",
        "'seven' ' letters'",
        "'a'  # one\n     'b'\n     # two\n     'c'",
        "b'a' \\\n    b'b'",
    ],
)
def test_a_long_or_wordy_literal_becomes_msg(literal):
    msg = 'b"MSG"' if isinstance(ast.literal_eval(f"({literal})"), bytes) else '"MSG"'
    assert clean_source(f"x = ({literal})  # y\nz\n") == f"x = ({msg})\nz\n"


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    return'long enough'\n",
        "x = y if'long enough'else'long enough'\n",
        "x = {'long enough': 'a', **{b'long enough': b'b'}}\n",
        "@d('long enough')\ndef f(a: 'long enough' = 'long enough') -> 'long enough': ...\n",
        "match x:\n    case 'long enough' | 'a':\n        y\n",
        "'long enough'.join('a')\n'long enough' % x\n'a'.join('long enough')\n",
        "é = 'ä', 'long enough', 'ö', b'long enough'; ü = 'long enough'\n",
        "x = 'a\fb', 'c\x1cd', 'e\u2028f', 'long enough'\ny = 'long enough'\n",
        "if x and \\\n        y == 'long enough' \\\n        :\n    z\n",
    ],
)
def test_a_literal_is_found_wherever_it_stands(source):
    assert clean_source(source) == source.replace("'long enough'", '"MSG"')


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("x = f'{a}'  # b", "x = f'{a}'"),
        ("x = f'{a!r:>{w}} {{'", "x = f'{a!r:>{w}} {{'"),
        ("x = f'all of {a}'", 'x = "MSG"'),
        ("x = f\"{', '.join(y for y in z)}\"", 'x = "MSG"'),
        ("x = f\"{a['b']}\" + 'c'", "x = f\"{a['b']}\" + 'c'"),
        ("x = f\"{f'{a}'}\"; y = f'{b}'", "x = f\"{f'{a}'}\"; y = f'{b}'"),
        ("x = f'''{\na}'''  # b\ny = 1", 'x = "MSG"\ny = 1'),
        ("x = rf'\\d{a}' 'b'", "x = rf'\\d{a}' 'b'"),
        ("x = 'over' f' and {a}' ' out'", 'x = "MSG"'),
        ("é = f'{ä}'; x = f'all of {ö}'; y = f'{ü}'", "é = f'{ä}'; x = \"MSG\"; y = f'{ü}'"),
        ("def f():\n    f'all of {a}'", 'def f():\n    "MSG"'),
    ],
)
def test_an_f_string_counts_as_one_literal(source, cleaned):
    assert clean_source(source) == f"{cleaned}\n"


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("x\n\n\n\ny\n\n", "x\n\ny\n"),
        ("\n\nx\n  \ny  \n\t\nz\t\n", "x\n\ny\n\nz\n"),
        ("def f():\n\n    x\n\n    y\n\n\nz\n", "def f():\n    x\n    y\n\nz\n"),
        ("def f():\n    x\n\n    if y:\n\n        z\n", "def f():\n    x\n    if y:\n        z\n"),
        ("class A:\n  x\n\n\n  def f(self): y\n", "class A:\n  x\n\n  def f(self): y\n"),
        ("if x:\n  y\n\n  @d\n  async def f(): z\n", "if x:\n  y\n\n  @d\n  async def f(): z\n"),
        ("if x:\n\ty\n\n\n\tclass A: z\n\n\tw\n", "if x:\n\ty\n\n\tclass A: z\n\tw\n"),
        ("if x:\n  y\n\n  # f\n  def f(): z\n", "if x:\n  y\n\n  def f(): z\n"),
        ("if x:\n  y\n\n  defined\n\ndefault\n", "if x:\n  y\n  defined\n\ndefault\n"),
        ("x = [\n    1,\n\n    2,\n]\n", "x = [\n    1,\n    2,\n]\n"),
    ],
)
def test_blank_lines_stay_before_the_margin_and_definitions(source, cleaned):
    assert clean_source(source) == cleaned


@pytest.mark.parametrize(
    ("source", "cleaned"),
    [
        ("if x:\n\ty = 1  # a\n\t'b'\n\tif z:\n\t\t'c'\n", "if x:\n\ty = 1\n\tif z:\n\t\tpass\n"),
        ("x = 1 + \\\n    2  # a\n", "x = 1 + \\\n    2\n"),
    ],
)
def test_tabs_and_backslashes(source, cleaned):
    assert clean_source(source) == cleaned


@pytest.mark.parametrize(
    "source",
    [
        "def f():\n    x = 1; \\\n    'One.'\n    y = 2\n",
        "def f():\n    'One.'\\\n\n    x = 1\n",
        "def f():\n    x = 1 \\\n\n\n    y = 2\n",
        "def f():\n    \\\n    'One.'\n    x = 1\n",
    ],
)
def test_what_follows_a_backslash_leaves_valid_code(source):
    assert_same_code(source, clean_source(source))


@pytest.mark.parametrize(
    "source", ["x = (", "def f():\nx", "print 'a'", "'a", "x = 1\n  y = 2\n", "\0"]
)
def test_invalid_source_is_refused(source):
    with pytest.raises((SyntaxError, ValueError)):
        clean_source(source)


@pytest.mark.parametrize("pattern", ["json/*.py", "email/*.py", "asyncio/*.py", "[a-e]*.py"])
def test_the_standard_library_is_the_same_code_when_clean(pattern):
    paths = sorted(STANDARD_LIBRARY.glob(pattern))
    assert len(paths) > 3
    for path in paths:
        with tokenize.open(path) as stream:
            source = stream.read()
        cleaned = clean_source(source)
        assert_same_code(source, cleaned)
        assert_clean(cleaned)


# Folders


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_files_come_clean_by_their_paths(tmp_path):
    files = {"b.py": "x = 1  # b\n", "a/b/c.py": "'c'\ny\n", "a/a.py": "z\r\n", "a.txt": "v\n"}
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "link.py").symlink_to("nowhere.py")
    expected = {"a/a.py": "z\n", "a/b/c.py": "y\n", "b.py": "x = 1\n"}
    assert read_python(write(tmp_path, files)) == expected


def test_the_order_mixes_folders_and_depends_on_nothing_but_the_paths(tmp_path):
    names = [f"{folder}/{name}.py" for folder in "abcd" for name in "efgh"]
    write(tmp_path / "first", dict.fromkeys(names, "x\n"))
    write(tmp_path / "second", dict.fromkeys(reversed(names[::3]), "other = 1\n"))
    order = list(read_python(tmp_path / "first"))
    assert order == sorted(names, key=lambda name: zlib.crc32(name.encode()))
    assert {name[0] for name in order[:6]} == set("abcd")
    assert list(read_python(tmp_path / "second")) == [name for name in order if name in names[::3]]


def test_tests_and_installed_packages_are_left_out_below_the_folder(tmp_path):
    left_out = (
        "test b/tests lib/idle_test __pycache__ site-packages dist-packages encodings".split()
    )
    names = ["a.py", "test.py", "testing/a.py", *(f"{folder}/a.py" for folder in left_out)]
    folder = write(tmp_path / "tests" / "site-packages", dict.fromkeys(names, "x = 1\n"))
    assert sorted(read_python(folder)) == ["a.py", "test.py", "testing/a.py"]


@pytest.mark.parametrize(("limit", "taken"), [(1, 1), (2, 1), (3, 2), (8, 2), (9, 3), (99, 3)])
def test_a_limit_takes_whole_files(tmp_path, limit, taken):
    files = {"a.py": "x = 1\n", "b.py": "y = 2  # long comments count for nothing\n", "c.py": "z\n"}
    assert list(read_python(write(tmp_path, files), limit)) == ["c.py", "b.py", "a.py"][:taken]


def test_a_file_may_declare_its_encoding(tmp_path):
    files = {"a.py": "# coding: latin-1\nx = 'é'\n".encode("latin-1"), "b.py": b"\xef\xbb\xbfy\n"}
    assert read_python(write(tmp_path, files)) == {"a.py": "x = 'é'\n", "b.py": "y\n"}


BAD = {
    "syntax.py": "print 'x'\n",
    "bytes.py": "x = 'é'\n".encode("latin-1"),
    "coding.py": "# coding: klingon\nx = 1\n",
    "declared.py": "# coding: ascii\nx = 'é'\n",
    "null.py": b"x = 1\0\n",
    "return.py": "return 1\n",
    "shared.py": "'One.'; x = 1\n",
    "deep.py": "(" * 5000 + ")" * 5000,
}
EMPTY = {"__init__.py": "", "comments.py": "# one\n\n# two\n", "docstring.py": "'One.'\n'Two.'\n"}


@pytest.mark.parametrize(("name", "content"), (BAD | EMPTY).items(), ids=BAD | EMPTY)
def test_a_file_that_is_invalid_or_without_code_is_left_out(tmp_path, name, content):
    assert list(read_python(write(tmp_path, {name: content, "good.py": "x = 1\n"}))) == ["good.py"]


def test_copies_what_tools_make_and_what_is_no_python_are_left_out_and_said(tmp_path, capsys):
    source = f"x = {list(range(50))}\n"
    files = {"toy/a.py": source, "build/lib/toy/a.py": source, ".ipynb_checkpoints/a.py": "y\n"}
    write(tmp_path, files | {"toy/a (1).py": source, "old.py": "print 'x'\n", "tests/t.py": "z\n"})
    assert read_python(tmp_path) == {"toy/a (1).py": source}
    said = capsys.readouterr().out
    assert "tools (2): .ipynb_checkpoints/a.py, build/lib/toy/a.py\n" in said
    assert "copies of others (1): toy/a.py\n" in said
    assert "no valid Python (1): old.py\n" in said


def test_of_the_standard_library_nothing_is_left_out_unexpectedly(capsys):
    read_python(limit=200_000)
    assert capsys.readouterr().out == ""


def test_a_folder_without_valid_python_is_an_error(tmp_path):
    write(tmp_path, BAD | EMPTY | {"a.txt": "x\n", "tests/a.py": "x\n"})
    for folder in (tmp_path / "missing", tmp_path):
        with pytest.raises(CookbookError, match=f"^{folder.name}: no file in it is valid Python"):
            read_python(folder)


def test_the_standard_library_is_the_default_and_a_path_may_be_a_text(tmp_path, monkeypatch):
    (path, source), *_ = read_python(limit=1).items()
    with tokenize.open(STANDARD_LIBRARY / path) as stream:
        assert source == clean_source(stream.read())
    monkeypatch.setenv("HOME", str(write(tmp_path, {"code/a.py": "x\n"})))
    assert read_python("~/code") == {"a.py": "x\n"}
