"""The parameters of a run, held against the defaults that its notebook gives them."""

import ast
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from helpers import CookbookError, unknown

YES_OR_NO = {"true": True, "yes": True, "on": True, "1": True}
YES_OR_NO |= {"false": False, "no": False, "off": False, "0": False}
WANTED = {
    bool: "True or False",
    int: "a whole number, in digits alone",
    float: "a number, with a point before its decimals",
    str: "a text",
    tuple: "values of one kind, with commas between them",
}


def typed(name: str, text: str, default: Any) -> Any:
    """The parameter `name` as somebody types it, in the type of its `default`.

    "no" is False, "1e3" a whole number, "0,1" a list, where the default is of that kind.
    Raises `CookbookError` where the value isn't clear, such as "1,000".
    """
    value = _converted(text, default)
    if not _fits(value, default):
        value = text  # as it was typed
    check(name, value, default)
    return value


def check(name: str, value: Any, default: Any) -> None:
    """Raises `CookbookError` if the parameter `name` is of another kind than its `default`."""
    if not _fits(value, default):
        wanted = WANTED.get(type(default), f"the type {type(default).__name__}")
        raise CookbookError(
            f"{name} can't be {value!r}. It wants {wanted}, such as {name} = {default!r}."
        )


def check_injected(cells: Iterable[str]) -> None:
    """Raises `CookbookError` where papermill's cell sets a parameter that the notebook hasn't, or
    sets it to a value of another kind.

    `cells` are the sources that a notebook has run. Papermill puts its own behind the one with the
    defaults, and leaves a text what it doesn't understand: "false" would be true.
    """
    for source, injected in pairwise(cells):
        defaults = assigned(source) if injected.startswith("# Parameters\n") else {}
        if "EDITION" in defaults:
            for name, value in assigned(injected).items():
                if name not in defaults and not name.startswith("PAPERMILL_"):  # two of its own
                    raise unknown("parameter", name, defaults)
                check(name, value, defaults.get(name))


def assigned(source: str) -> dict[str, Any]:
    """The values that the lines of `source` assign, by name; None for what is no literal."""
    values = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            values[ast.unparse(node.targets[0])] = literal(ast.unparse(node.value), None)
    return values


def literal(source: str, otherwise: Any) -> Any:
    """The value of a Python literal; if `source` is none, what it is `otherwise`."""
    try:
        return ast.literal_eval(source)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return otherwise


def _converted(text: str, default: Any) -> Any:
    if isinstance(default, bool):
        return YES_OR_NO.get(text.strip().lower(), text)
    value = literal(text, text)
    if isinstance(default, str) and not isinstance(value, str):
        return text
    if isinstance(default, int) and isinstance(value, float) and value.is_integer():
        return int(value)
    return list(value) if isinstance(value, tuple) else value  # papermill knows no tuples


def _fits(value: Any, default: Any) -> bool:
    """Whether `value` is of a kind that can stand in the place of `default`; None can be any."""
    if isinstance(default, tuple | list):
        several = isinstance(value, tuple | list) and len(value) > 0
        return several and all(_fits(item, kind) for item in value for kind in default[:1])
    if isinstance(default, float):
        return type(value) in (int, float) and abs(value) < float("inf")
    if isinstance(default, str):
        return type(value) in (str, int)  # the number of a book
    return default is None or type(value) is type(default)
