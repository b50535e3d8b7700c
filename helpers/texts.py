"""Text to learn from, by characters: where it comes from, and how it becomes numbers."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from textwrap import wrap

from helpers import CookbookError
from helpers.fetch import fetch
from helpers.readers.gutenberg import read_book, read_text

import numpy as np

SHAKESPEARE = "tinyshakespeare"
UNKNOWN = "\ufffd"  # stands for every character outside of a vocabulary


def data_sets(source: str | int) -> list[str]:
    """Names of the data sets that `load_text(source, "full")` fetches: one, or none for a file."""
    name = str(source).strip()
    if name.endswith(".txt"):
        return []
    if name == SHAKESPEARE:
        return [SHAKESPEARE]
    if name.isdecimal() and int(name):
        return [f"gutenberg-{int(name)}"]
    raise CookbookError(
        f"Unknown text {name!r}. Valid: {SHAKESPEARE!r}, the number of a book of Project Gutenberg "
        "such as 84, or the path of a UTF-8 file that ends in .txt."
    )


def load_text(source: str | int, edition: str) -> str:
    """The text of `source`: "tinyshakespeare", a Gutenberg book's number, or the path of a file.

    A book comes without its header and footer, a file as it is. On the sample edition, Python's
    help topics stand for whatever `source` names but a file. Raises `CookbookError` if `source`
    is none of these, or if it can't be had or read.
    """
    names = data_sets(source)
    if not names:
        return read_text(Path(source.strip()).expanduser())
    if edition == "sample" or names == [SHAKESPEARE]:
        return read_text(fetch(SHAKESPEARE, edition))
    return read_book(fetch(names[0], edition))


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
    others = {c: unicodedata.normalize("NFKD", c)[0] for c in prompt if c not in characters}
    others = {c: plain if plain in characters else " " for c, plain in others.items()}
    if others:
        replaced = ", ".join(f"{c!r} by {plain!r}" for c, plain in others.items())
        print(f"Not in the vocabulary, so replaced: {replaced}")
    return "".join(others.get(c, c) for c in prompt) or "\n"


def longest_copy(text: str, source: str) -> str:
    """The longest part of `text` that `source` holds word for word; the first of several."""
    longest, start = "", 0
    for end in range(1, len(text) + 1):
        while text[start:end] not in source:
            start += 1
        longest = max(longest, text[start:end], key=len)
    return longest


def side_by_side(texts: dict[str, str], width: int = 31) -> str:
    """`texts` as columns of `width` characters under their titles."""
    columns = []
    for title, text in texts.items():
        lines = (wrap(line, width) or [""] for line in text.splitlines())
        columns.append([title, *(piece for line in lines for piece in line)])
    rows = zip_longest(*columns, fillvalue="")
    return "\n".join("  ".join(cell.ljust(width) for cell in row).rstrip() for row in rows)
