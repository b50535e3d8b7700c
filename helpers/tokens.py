"""The words of a text, in any script."""

import re
import unicodedata

MARKS = "".join(c for c in map(chr, range(0x300, 0x20000)) if unicodedata.category(c)[0] == "M")
WORD = re.compile(rf"[\w{MARKS}]+(?:'[\w{MARKS}]+)*")  # \w is a letter, a digit or _


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case, as chapter 07 splits them: letters and digits of any
    script, and apostrophes between them.

    >>> words_of("“Don’t _you_ go,” cried Élise—‘at last’.")
    ["don't", 'you', 'go', 'cried', 'élise', 'at', 'last']
    """
    text = text.lower().replace("’", "'").replace("‘", "'").replace("_", " ")
    return WORD.findall(text)
