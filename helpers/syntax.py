"""Is this Python? Checks of generated code, none of which runs it, and what holds where in code."""

import codeop
import io
import re
import tokenize
import warnings

import numpy as np
import pandas as pd

# What the compiler says of bad source; the last two of source that is nested too deeply for it.
REFUSALS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
FSTRING_START = getattr(tokenize, "FSTRING_START", -1)  # from Python 3.12 on
FSTRING_END = getattr(tokenize, "FSTRING_END", -1)


def compiles(source: str) -> bool:
    """Whether `source` is a valid module."""
    return _refusal(source) is None


def may_go_on(source: str) -> bool:
    """Whether `source`, whole lines, is valid or could become so with more lines.

    Errors that the compiler finds only in complete code show later, but for those in the line of
    a `def` that ends here, such as two parameters of one name.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a strange escape in a string is not what we ask about
        try:
            # It wants the last line without its end: a backslash there would count as an error.
            codeop.compile_command(source.removesuffix("\n"), symbol="exec")
        except REFUSALS:
            return False
    line = source.rstrip("\n").rpartition("\n")[2].strip()
    return not re.fullmatch(r"def .*:", line) or compiles(f"{line} pass")


def without_errors(source: str) -> str:
    """`source` up to the line with an error, as often as it takes; "" if nothing remains."""
    lines = list(io.StringIO(source))  # str.splitlines breaks at more characters than Python does
    while lines and (refusal := _refusal("".join(lines))):
        line = getattr(refusal, "lineno", None) or len(lines)
        del lines[min(line, len(lines)) - 1 :]
    return "".join(lines)


def where_in_code(source: str) -> pd.DataFrame:
    """What holds once each character of valid `source` has been read, a row a character.

    Columns: `indentation`, how many blocks it stands in (missing before the first character of a
    line, when nobody knows yet); `in_string`, inside of a literal; `in_parentheses`, how many
    brackets of any kind are open. Raises `SyntaxError` or `tokenize.TokenError` for bad source.
    """
    starts = np.cumsum([0, *map(len, io.StringIO(source)), 0])
    blocks, strings, brackets = changes = np.zeros((3, len(source) + 1), int)
    open_fstrings = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        first, last = (starts[row - 1] + column for row, column in (token.start, token.end))
        if token.type == tokenize.INDENT:
            blocks[last] += 1
        elif token.type == tokenize.DEDENT:
            blocks[last] -= 1
        elif token.type in (tokenize.STRING, FSTRING_START):
            strings[first + re.search("['\"]", token.string).start()] += 1
        open_fstrings += (token.type == FSTRING_START) - (token.type == FSTRING_END)
        if token.type in (tokenize.STRING, FSTRING_END):
            strings[last - 1] -= 1
        elif token.type == tokenize.OP and not open_fstrings:
            brackets[first] += (token.string in "([{") - (token.string in ")]}")
    depth, in_string, in_parentheses = changes.cumsum(axis=1)[:, :-1]
    state = pd.DataFrame({"indentation": depth.astype(float)})
    for spaces in re.finditer(r"^[ \t]+", source, re.MULTILINE):
        state.loc[spaces.start() : spaces.end() - 1, "indentation"] = np.nan
    return state.assign(in_string=in_string > 0, in_parentheses=in_parentheses)


def _refusal(source: str) -> BaseException | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "generated", "exec", dont_inherit=True)
        except REFUSALS as refusal:
            return refusal
    return None
