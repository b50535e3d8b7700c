"""The words of a text, in any script."""

import re
import unicodedata

# Accents and vowel signs belong to the letter before them. So do the invisible joiners that stand
# within words of Persian and Hindi.
_kinds = "".join(unicodedata.category(chr(code))[0] for code in range(0x20000))
_runs = [f"\\U{run.start():08x}-\\U{run.end() - 1:08x}" for run in re.finditer("M+", _kinds)]
MARKS = "".join(_runs) + "\U000e0100-\U000e01ef\u200c\u200d"  # selectors of variants, joiners
WORD = re.compile(rf"[^\W_][\w{MARKS}]*(?:'[^\W_][\w{MARKS}]*)*")  # \w is a letter, a digit or _
# Thai, Lao, Burmese, Khmer, Hiragana and Chinese put no spaces between words.
UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u309f\u3400-\u4dbf\u4e00-\u9fff"
CHARACTER = re.compile(rf"[{UNSPACED}\uf900-\ufaff\U00020000-\U0003ffff][{MARKS}]*")


def words_of(text: str) -> list[str]:
    """The words of `text` in lower case, as chapter 07 splits its novels: letters, marks, digits of
    any script, and apostrophes between them, in Unicode's composed form (NFC).

    In scripts that put no spaces between words, each character counts as one, as in Unicode's
    rules for scripts of which one knows no dictionary (Unicode Standard Annex 29).

    >>> words_of("“Don’t _you_ go,” cried E\u0301lise—‘at last’. 生地")
    ["don't", 'you', 'go', 'cried', 'élise', 'at', 'last', '生', '地']
    """
    text = unicodedata.normalize("NFC", text.lower())
    text = text.replace("’", "'").replace("‘", "'").replace("_", " ")
    text = text.replace("\u00ad", "")  # where a word may be hyphenated
    return WORD.findall(CHARACTER.sub(r" \g<0> ", text))
