"""What is typed as a parameter has the type of the notebook's default, or is refused."""

import sys

from helpers import CookbookError
from helpers.fetch import choose_edition
from helpers.parameters import assigned, check_injected, typed

import pytest
from hypothesis import given
from hypothesis import strategies as st
from papermill.translators import translate_parameters

DEFAULTS = {"EDITION": "auto", "TRAIN": True, "EPOCHS": 35, "BIAS": 0.8, "SPLITS": (0, 1, 2)}
DEFAULTS |= {"TEXT": "tinyshakespeare", "CODE": ""}
OWN = "".join(f"{name} = {value!r}  # what it is\n" for name, value in DEFAULTS.items())


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("TRAIN", "false", False),
        ("TRAIN", "no", False),
        ("TRAIN", " Off ", False),
        ("TRAIN", "0", False),
        ("TRAIN", "True", True),
        ("TRAIN", "yes", True),
        ("EPOCHS", "20", 20),
        ("EPOCHS", "1e3", 1000),
        ("EPOCHS", "1_000", 1000),
        ("BIAS", "0.5", 0.5),
        ("BIAS", "5e-1", 0.5),
        ("BIAS", "1", 1),
        ("SPLITS", "3, 4", [3, 4]),
        ("SPLITS", "(3,)", [3]),
        ("TEXT", "84", "84"),
        ("TEXT", "1e3", "1e3"),
        ("TEXT", "'my text.txt'", "my text.txt"),
        ("TEXT", "1, 2", "1, 2"),
        ("TEXT", "a=b", "a=b"),
        ("CODE", "", ""),
    ],
)
def test_a_typed_value_gets_the_type_of_the_default(name, text, value):
    found = typed(name, text, DEFAULTS[name])
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("TRAIN", "nope", "True or False, such as TRAIN = True"),
        ("TRAIN", "", "True or False"),
        ("EPOCHS", "1,000", "a whole number, in digits alone, such as EPOCHS = 35"),
        ("EPOCHS", "1.000,5", "a whole number"),
        ("EPOCHS", "2.5", "a whole number"),
        ("EPOCHS", "True", "a whole number"),
        ("EPOCHS", "ten", "a whole number"),
        ("EPOCHS", "1e999", "a whole number"),
        ("BIAS", "0,8", "a number, with a point before its decimals, such as BIAS = 0.8"),
        ("BIAS", "1e999", "a number"),
        ("BIAS", "80%", "a number"),
        ("SPLITS", "3", "values of one kind, with commas"),
        ("SPLITS", "0.5, 1", "values of one kind"),
        ("SPLITS", "()", "values of one kind"),
    ],
)
def test_a_value_that_is_not_clear_is_refused_with_what_would_do(name, text, wanted):
    with pytest.raises(CookbookError) as caught:
        typed(name, text, DEFAULTS[name])
    assert str(caught.value).startswith(f"{name} can't be {text!r}. It wants {wanted}")


@given(st.sampled_from(sorted(DEFAULTS)), st.text() | st.integers().map(str) | st.floats().map(str))
def test_whatever_is_typed_is_of_the_defaults_type_or_refused(name, text):
    default = DEFAULTS[name]
    try:
        value = typed(name, text, default)
    except CookbookError as error:
        assert name in str(error) and repr(text) in str(error)
        return
    allowed = {bool: bool, int: int, float: (int, float), str: str, tuple: list}[type(default)]
    assert isinstance(value, allowed)
    assert type(default) is bool or not isinstance(value, bool)


# What papermill puts into a notebook by itself


def injected(**parameters: object) -> str:
    return translate_parameters("python3", "python", parameters, "Parameters")


@pytest.mark.parametrize(
    "parameters",
    [
        {"TRAIN": False, "EPOCHS": 2, "BIAS": 1, "SPLITS": [3, 4], "TEXT": 84, "CODE": "my code"},
        {"PAPERMILL_INPUT_PATH": "01_toy.ipynb"},
        {},
    ],
)
def test_good_values_from_papermill_pass(parameters):
    check_injected(["import helpers\n", OWN, injected(**parameters), "TRAIN"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"TRAIN": "false"}, "TRAIN can't be 'false'. It wants True or False"),
        ({"EPOCHS": "1,000"}, "EPOCHS can't be '1,000'"),
        ({"EPOCHS": 1e3}, "EPOCHS can't be 1000.0"),
        ({"BIAS": "0,8"}, "BIAS can't be '0,8'"),
        ({"SPLITS": "(1, 2)"}, "SPLITS can't be"),
        ({"TEXT": True}, "TEXT can't be True"),
        ({"EPOCH": 2}, "Unknown parameter 'EPOCH'. Did you mean 'EPOCHS'"),
    ],
)
def test_bad_values_from_papermill_stop_the_chapter_where_it_chooses_its_data(
    parameters, message, monkeypatch
):
    cells = ["", "import helpers\n", OWN, injected(**parameters), "edition = choose_edition()"]
    monkeypatch.setattr(sys.modules["__main__"], "In", cells, raising=False)  # as in a kernel
    with pytest.raises(CookbookError, match=message.replace("(", r"\(")):
        choose_edition("sample")


def test_cells_that_only_look_like_papermills_are_let_be():
    comment = "# Parameters\nTRAIN = 'false'\n"
    check_injected([comment, comment, "import helpers, sys\n", comment, "%magic? no Python"])


def test_assigned_values_are_those_of_literals():
    assert assigned("A = 1\nB = [1, 'x']  # x\nC = 2 * A\nprint(A)\n") == {
        "A": 1,
        "B": [1, "x"],
        "C": None,
    }
