"""Chapter 04: characters as numbers, a language model by counting, and whether generated code is
Python.
"""

import codeop
import io
import re
import tokenize
import unicodedata
import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from textwrap import wrap

from helpers import CookbookError

import keras
import numpy as np
import pandas as pd
from matplotlib.axes import Axes

UNKNOWN = "\ufffd"  # stands for every character outside of a vocabulary
# What the compiler says of bad source; the last two of source that is nested too deeply for it.
REFUSALS = (SyntaxError, ValueError, OverflowError, MemoryError, RecursionError)
FSTRING_START = getattr(tokenize, "FSTRING_START", -1)  # from Python 3.12 on
FSTRING_END = getattr(tokenize, "FSTRING_END", -1)

# Characters as numbers


def vocabulary(text: str, at_least: int = 2) -> list[str]:
    """`UNKNOWN`, then in order the characters that `text` holds `at_least` so many times."""
    counts = Counter(text)
    return [UNKNOWN, *sorted(c for c in counts if counts[c] >= at_least and c != UNKNOWN)]


def encode(text: str, characters: Sequence[str]) -> np.ndarray:
    """Each character's place in `characters`, (n,); 0, the place of `UNKNOWN`, for all others."""
    places = {character: place for place, character in enumerate(characters)}
    return np.array([places.get(character, 0) for character in text], np.int32)


def readable(prompt: str, characters: Sequence[str]) -> str:
    """`prompt` in `characters` only; an empty one becomes a line's end, where a text may begin.

    A letter loses its accent, whatever else is unknown becomes a space. What was replaced is
    printed.
    """
    prompt = unicodedata.normalize("NFC", prompt)  # an accent may follow as a character of its own
    replaced = {}
    for character in prompt:
        if character not in characters:
            plain = unicodedata.normalize("NFKD", character)[0]
            replaced[character] = plain if plain in characters else " "
    if replaced:
        listed = ", ".join(f"{character!r} by {plain!r}" for character, plain in replaced.items())
        print(f"Not in the vocabulary, so replaced: {listed}")
    return "".join(replaced.get(character, character) for character in prompt) or "\n"


def longest_copy(text: str, source: str) -> str:
    """The longest part of `text` that `source` holds word for word; the first of several."""
    longest = ""
    start = 0
    for end in range(1, len(text) + 1):
        while text[start:end] not in source:
            start += 1
        if end - start > len(longest):
            longest = text[start:end]
    return longest


def side_by_side(texts: dict[str, str], width: int = 31) -> str:
    """`texts` as columns of `width` characters under their titles."""
    columns = []
    for title, text in texts.items():
        column = [title]
        for line in text.splitlines():
            column.extend(wrap(line, width) or [""])
        columns.append(column)
    rows = []
    for cells in zip_longest(*columns, fillvalue=""):
        rows.append("  ".join(cell.ljust(width) for cell in cells).rstrip())
    return "\n".join(rows)


# What the chapter teaches: truncated backpropagation, a model that counts


def windows(ids: np.ndarray, streams: int, length: int) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets, each (steps, streams, length), for reading `ids` (n,) in `streams`.

    The streams start at even distances. In each, a step goes on where the one before ended, and
    the targets are the inputs one place on. What doesn't fill a step is left out.
    Raises `CookbookError` if `ids` don't fill one.
    """
    steps = (len(ids) - 1) // (streams * length)
    if steps < 1:
        least = streams * length + 1
        raise CookbookError(f"A text of {len(ids):,} characters is too short: {least:,} at least.")
    size = streams * steps * length
    inputs = ids[:size].reshape(streams, steps, length)
    targets = ids[1 : size + 1].reshape(streams, steps, length)
    return inputs.swapaxes(0, 1), targets.swapaxes(0, 1)


class FreshState(keras.callbacks.Callback):
    """Recurrent layers that keep their state start with an empty one before and after each
    validation, so that the texts don't leak into each other."""

    def on_test_begin(self, logs=None):
        self._reset()

    def on_test_end(self, logs=None):
        self._reset()

    def _reset(self) -> None:
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.RNN) and layer.stateful:
                layer.reset_state()


@dataclass(frozen=True)
class _Counts:
    """N-grams of one length, as sorted numbers: `grams` and, shorter by a character, `contexts`."""

    grams: np.ndarray
    discounted: np.ndarray  # count of each gram, less its discount
    contexts: np.ndarray
    totals: np.ndarray  # sum of the counts after each context
    left_over: np.ndarray  # the part of it that discounting took, for the shorter context to share


class KneserNey:
    """Interpolated Kneser-Ney with three discounts (Chen and Goodman, An Empirical Study of
    Smoothing Techniques for Language Modeling, 1998), over `ids` (n,) from 0 to `size` - 1.

    A character is predicted from the `order` - 1 before it. Raises `CookbookError` where `ids` are
    fewer than `order`, or lie outside, or `order` is too long for the vocabulary.
    """

    def __init__(self, ids: np.ndarray, size: int, order: int = 7):
        if order < 1 or size**order > 2**63:
            limit = int(63 / np.log2(size))
            raise CookbookError(f"order must lie between 1 and {limit} here, not {order}.")
        if len(ids) < order:
            raise CookbookError(f"{len(ids)} characters are fewer than the order {order}.")
        if ids.min() < 0 or ids.max() >= size:
            raise CookbookError(f"ids must lie between 0 and {size - 1}.")
        self.size = size
        self.order = order
        grams, counts = np.unique(_grams(ids, order, size), return_counts=True)
        self.levels = [self._level(grams, counts)]
        for length in range(order - 1, 0, -1):
            # A shorter n-gram counts once for each character that it was seen after ...
            grams, counts = np.unique(grams % size**length, return_counts=True)
            first = _grams(ids[:length], length, size)  # ... and the first one was seen after none
            if first not in grams:
                place = np.searchsorted(grams, first)
                grams = np.insert(grams, place, first)
                counts = np.insert(counts, place, 1)
            self.levels.insert(0, self._level(grams, counts))

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """Probability (n,) of each of `ids` (n,) after those before it."""
        probability = np.full(len(ids), 1 / self.size)
        for length, level in enumerate(self.levels, start=1):
            if len(ids) < length:
                break
            grams = _grams(ids, length, self.size)
            gram, seen = _find(level.grams, grams)
            context, known = _find(level.contexts, grams // self.size)
            shorter = probability[length - 1 :]
            own = np.where(seen, level.discounted[gram], 0) / level.totals[context]
            shared = level.left_over[context] / level.totals[context] * shorter
            probability[length - 1 :] = np.where(known, own + shared, shorter)
        return probability

    def log_probabilities(self, ids: np.ndarray, context: np.ndarray) -> np.ndarray:
        """ln p (n,) of each of `ids` (n,), which follow `context`."""
        context = context[len(context) - min(len(context), self.order - 1) :]
        return np.log(self.probabilities(np.concatenate([context, ids]))[len(context) :])

    def _level(self, grams: np.ndarray, counts: np.ndarray) -> _Counts:
        once, twice, thrice, four_times = [max((counts == n).sum(), 1) for n in range(1, 5)]
        share = once / (once + 2 * twice)
        discounts = [
            1 - 2 * share * twice / once,
            2 - 3 * share * thrice / twice,
            3 - 4 * share * four_times / thrice,
        ]
        # Few counts can give less than 0; at 0 nothing would be left for what never came.
        discount = np.clip(discounts, 0.1, (1, 2, 3))[np.minimum(counts, 3) - 1]
        contexts, starts = np.unique(grams // self.size, return_index=True)
        totals = np.add.reduceat(counts, starts)
        left_over = np.add.reduceat(discount, starts)
        return _Counts(grams, counts - discount, contexts, totals, left_over)


def mixture_weights(probabilities: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Weights (k,), 1 in all, with which the sum of `probabilities` (k, n) is likeliest.

    Found by expectation maximisation: by turns, say which of the k models each of the n
    characters is due to, and give each model the share that is due to it.
    """
    weights = np.full(len(probabilities), 1 / len(probabilities))
    for _ in range(rounds):
        due = weights[:, None] * probabilities
        weights = (due / due.sum(axis=0)).mean(axis=1)
    return weights


def _grams(ids: np.ndarray, length: int, size: int) -> np.ndarray:
    """Each n-gram of `ids` as one number, its digits in base `size`: (n - length + 1,)."""
    grams = np.zeros(len(ids) - length + 1, np.int64)
    for place in range(length):
        grams = grams * size + ids[place : len(ids) - length + 1 + place]
    return grams


def _find(table: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row of each value in a sorted table, and whether it is there."""
    rows = np.searchsorted(table, values).clip(max=len(table) - 1)
    return rows, table[rows] == values


# Whether generated code is Python


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
    refusal = _refusal("".join(lines))
    while refusal and lines:
        line = getattr(refusal, "lineno", None) or len(lines)
        lines = lines[: min(line, len(lines)) - 1]
        refusal = _refusal("".join(lines))
    return "".join(lines)


def where_in_code(source: str) -> pd.DataFrame:
    """What holds once each character of valid `source` has been read, a row a character.

    Columns: `indentation`, how many blocks it stands in (missing before the first character of a
    line, when nobody knows yet); `in_string`, inside of a literal; `in_parentheses`, how many
    brackets of any kind are open. Raises `SyntaxError` or `tokenize.TokenError` for bad source.
    """
    line_lengths = [len(line) for line in io.StringIO(source)]
    line_starts = np.cumsum([0, *line_lengths, 0])
    # How each count changes at each character
    blocks = np.zeros(len(source) + 1, int)
    strings = np.zeros(len(source) + 1, int)
    brackets = np.zeros(len(source) + 1, int)
    open_fstrings = 0
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        first = line_starts[token.start[0] - 1] + token.start[1]
        last = line_starts[token.end[0] - 1] + token.end[1]
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
    state = pd.DataFrame(
        {
            "indentation": blocks.cumsum()[:-1].astype(float),
            "in_string": strings.cumsum()[:-1] > 0,
            "in_parentheses": brackets.cumsum()[:-1],
        }
    )
    for spaces in re.finditer(r"^[ \t]+", source, re.MULTILINE):
        state.loc[spaces.start() : spaces.end() - 1, "indentation"] = np.nan
    return state


def _refusal(source: str) -> BaseException | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            compile(source, "generated", "exec", dont_inherit=True)
        except REFUSALS as refusal:
            return refusal
    return None


def paint_text(ax: Axes, text: str, values: np.ndarray, title: str) -> None:
    """Write `text` over coloured cells, one of `values` (n,) a character: pink -1, green 1."""
    lines = text.splitlines(keepends=True)
    grid = np.zeros((len(lines), max(map(len, lines))))
    numbers = iter(values)
    for row, line in enumerate(lines):
        for column, character in enumerate(line):
            value = next(numbers)
            grid[row, column] = value
            colour = "white" if abs(value) > 0.7 else "black"
            style = {"ha": "center", "va": "center", "family": "monospace", "fontsize": 8}
            ax.text(column, row, character.strip(), color=colour, **style)
    ax.imshow(grid, cmap="PiYG", vmin=-1, vmax=1, aspect="auto")
    ax.set_title(title, fontsize=9, loc="left")
    ax.axis("off")
