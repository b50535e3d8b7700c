"""What is valid Python, what can become it, what remains of it, and what holds where."""

import inspect
import tokenize

from helpers.chapters import char_rnn as syntax
from helpers.chapters.char_rnn import compiles, may_go_on, where_in_code, without_errors

import numpy as np
import pytest
from samples import films

VALID = [
    "",
    "\n",
    "# c",
    "x = 1",
    "x = 1\ny = 2\n",
    "x = '\\d'\n",
    "x = '\u2028\f'\n",
    "def f():\n    return 1\n",
]
BROKEN = [
    "x = = 1\n",
    "print 'x'\n",
    "x = 1 y\n",
    ")\n",
    "(]\n",
    "'abc\n",
    "return 1\n",
    "break\n",
    "  x = 1\n",
    "def f():\nx\n",
    "if x:\n    y\n  z\n",
    "else:\n    x\n",
    "try:\n    x\ny\n",
    "@d\nx = 1\n",
    "x = (1\ny = 2\n",
    "x = ?\n",
    "x = 1\0\n",
    "f'{x y}'\n",
    "(" * 5000,
]
INCOMPLETE = [
    "def f():\n",
    "def f(\n",
    "async def f():\n    # c\n",
    "@d\n",
    "class A:\n    x = 1\n\n    @d\n",
    "if x:\n    y\nelse:\n",
    "try:\n    x\n",
    "try:\n    x\nexcept E:\n",
    "while x:\n    try:\n        y\n        z\n",
    "match x:\n    case 1:\n",
    "x = (1,\n",
    "x = {'a': [1,\n\n    2,\n",
    "from a import (\n",
    "'''abc\n",
    "def f():\n    '''One.\n\n    Two.\n",
    "x = 1 + \\\n",
    "'abc\\\n",
]


@pytest.mark.parametrize("source", VALID)
def test_valid_source_compiles_may_go_on_and_stays(source):
    assert compiles(source)
    assert may_go_on(source)
    assert without_errors(source) == source


@pytest.mark.parametrize("source", BROKEN)
def test_broken_source_neither_compiles_nor_goes_on(source):
    assert not compiles(source)
    assert not may_go_on(source)
    assert not may_go_on(f"x = 1\n{source}")


@pytest.mark.parametrize("source", INCOMPLETE)
def test_incomplete_source_may_go_on_but_does_not_compile(source):
    assert may_go_on(source)
    assert not compiles(source)


@pytest.mark.parametrize("source", ["-" * 10_000 + "1", "x" + ".a" * 5000, "[" * 5000 + "]" * 5000])
def test_what_is_nested_too_deeply_raises_nothing(source):
    answers = compiles(source), may_go_on(source), without_errors(source)
    assert answers in ((False, False, ""), (True, True, source)), "some versions take more"


def test_nothing_is_run_and_nobody_is_warned(recwarn, capsys):
    for source in ("print('run')\n", "1 / 0\n", "x = '\\d' is 1\n"):
        assert compiles(source) and may_go_on(source) and without_errors(source) == source
    assert not recwarn.list and capsys.readouterr() == ("", "")


# What remains


@pytest.mark.parametrize(
    ("source", "rest"),
    [
        ("x = 1\ny = = 2\nz = 3\n", "x = 1\n"),
        ("x = 1\ny = (2,\nz = [3]\n", "x = 1\n"),
        ("x = 1\ny = (2,\n\n\n", "x = 1\n"),
        ("x = 1\ny = '''2\nz\n", "x = 1\n"),
        ("x = 1\ny = '2\n", "x = 1\n"),
        ("if x:\n    y\n  z\n", "if x:\n    y\n"),
        ("if x:\n    y\n      z\n", "if x:\n    y\n"),
        ("x = 1\ndef f():\n", "x = 1\n"),
        ("x = 1\ndef f():\ny = 2\n", "x = 1\n"),
        ("x = 1\nif y:\n    for z in y:\n        a b\n", "x = 1\n"),
        ("def f():\n    x = 1\n    y = (2\n    z\n", "def f():\n    x = 1\n"),
        ("def f():\n    return 1\nreturn 2\nx\n", "def f():\n    return 1\n"),
        ("x = 1\nbreak\ny = = 2\n", "x = 1\n"),
        ("x = 1\ny = = 2", "x = 1\n"),
        ("x = '\u2028\f'\ny = '\x1c'\nz = = 3\n", "x = '\u2028\f'\ny = '\x1c'\n"),
        ("x = 1\ny = 2\0\n", "x = 1\n"),
        ("x = = 1\ny = 2\n", ""),
        ("def f():\n", ""),
        ("(" * 5000, ""),
    ],
)
def test_all_from_the_line_with_an_error_goes(source, rest):
    assert without_errors(source) == rest


def test_what_remains_of_damaged_code_is_valid_and_its_beginning():
    whole = inspect.getsource(syntax)
    rng = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        length = int(rng.integers(1, len(whole)))
        place = int(rng.integers(length))
        damaged = whole[:place] + rng.choice(list("()[]:'\"\\ \nx=")) + whole[place + 1 : length]
        rest = without_errors(damaged)
        assert compiles(rest) and damaged.startswith(rest)
        assert rest in ("", damaged) or rest.endswith("\n")
        shares.append(len(rest) / length)
    assert 0.2 < np.mean(shares) < 0.9


# What holds where. Labels have a space at the end of each line, and a dot for what is missing.


@pytest.mark.parametrize(
    ("source", "indentation", "in_string", "in_parentheses"),
    [
        (
            "if x:\n    f('a')\ny\n",
            "000000 ....1111111 00",
            "000000 00000011000 00",
            "000000 00000111100 00",
        ),
        (
            "def f():\n  if x:\n\n    y\n  z\n\nv\nw",
            "000000000 ..111111 1 ....22 ..11 1 00 0",
            "000000000 00000000 0 000000 0000 0 00 0",
            "000001000 00000000 0 000000 0000 0 00 0",
        ),
        (
            "x = [(1), {\n  2: 3}]\n",
            "000000000000 ..0000000",
            "000000000000 000000000",
            "000012211122 222222100",
        ),
        (
            "s = '''a(\n  'b'\n'''\n",
            "0000000000 ..0000 0000",
            "0000111111 111111 1100",
            "0000000000 000000 0000",
        ),
        (
            "x = rb'(' + Rb\"]\"  # it's [\n",
            "0000000000000000000000000000",
            "0000001100000011000000000000",
            "0000000000000000000000000000",
        ),
        (
            "x = f'{a[0]}(' + g(')')\n",
            "000000000000000000000000",
            "000001111111100000011000",
            "000000000000000000111100",
        ),
        (
            "f\"{f'{a}' + 'b'}\" + (c)\n",
            "000000000000000000000000",
            "011111111111111100000000",
            "000000000000000000001100",
        ),
        (
            "x = f'{{{a:>{b}}(', [1]\n",
            "000000000000000000000000",
            "000001111111111110000000",
            "000000000000000000001100",
        ),
        (
            "f'''é\n {(a)}\n''', 'ü'\nif x:\n y",
            "000000 .000000 000000000 000000 .1",
            "011111 1111111 110001100 000000 00",
            "000000 0000000 000000000 000000 00",
        ),
        (
            "é = 'ü\u2028\f\x1c', ('ß')\nif é:\n\ty\n",
            "000000000000000000 000000 .11",
            "000011111000011000 000000 000",
            "000000000000111100 000000 000",
        ),
        ("", "", "", ""),
    ],
)
def test_where_agrees_with_labels_by_hand(source, indentation, in_string, in_parentheses):
    where = where_in_code(source)
    assert where.dtypes.to_dict() == {
        "indentation": float,
        "in_string": bool,
        "in_parentheses": int,
    }
    for column, labels in enumerate((indentation, in_string, in_parentheses)):
        values = where.iloc[:, column]
        found = "".join("." if value != value else str(int(value)) for value in values)
        assert found == labels.replace(" ", "")


def test_indentation_is_a_quarter_of_the_spaces_in_this_projects_code():
    source = inspect.getsource(films)
    where = where_in_code(source)
    assert len(where) == len(source)
    assert where.iloc[-1].tolist() == [1, False, 0], "the last line stands in a function"
    free = ~where["in_string"] & (where["in_parentheses"] == 0)
    starts = [0, *(place + 1 for place in np.flatnonzero(free) if source[place] == "\n")]
    lines = [source[start:].split("\n", 1)[0] for start in starts]
    checked = 0
    for start, line in zip(starts, lines, strict=True):
        if line.strip() and not line.lstrip().startswith("#"):
            spaces = len(line) - len(line.lstrip())
            assert where["indentation"][start + spaces] == spaces / 4, line
            checked += spaces > 0
    assert checked > 100


def test_where_refuses_bad_source():
    with pytest.raises(tokenize.TokenError):
        where_in_code("x = (1\n")
    with pytest.raises(IndentationError):
        where_in_code("if x:\n    y\n  z\n")


@pytest.mark.parametrize(
    ("source", "valid"),
    [
        ("def f(a, b):\n", True),
        ("def f(a, a):\n", False),
        ("class A:\n    def f(self, *args, **args):\n", False),
        ("def f(a,\n      a):\n", True),  # the line alone says nothing
        ('x = """\ndef of the soul:\n', False),  # the price of a simple rule
    ],
)
def test_the_line_of_a_def_is_checked_at_once(source, valid):
    assert may_go_on(source) is valid
