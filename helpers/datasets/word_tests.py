"""What people say about words: rated pairs and analogies, in files that gensim brings along."""

from pathlib import Path

from helpers import CookbookError, unknown

import pandas as pd
from gensim.test.utils import datapath

PAIRS = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


def read_word_pairs(name: str) -> pd.DataFrame:
    """Pairs of words a and b with their mean rating, 0 to 10: `name` is one of `PAIRS`.

    WordSim353 rates relatedness (Finkelstein and others, 2002), SimLex999 similarity (Hill and
    others, 2015). Raises `CookbookError` for an unknown name, and if gensim's file is damaged.
    """
    if name not in PAIRS:
        raise unknown("set of pairs", name, PAIRS)
    types = {"a": str, "b": str, "rating": float}
    path = Path(datapath(PAIRS[name]))
    try:
        pairs = pd.read_csv(path, sep="\t", comment="#", names=list(types), dtype=types)
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if pairs.isna().any(axis=None) or not pairs["rating"].between(0, 10).all():
        raise _damaged(path, "a row isn't two words and a rating from 0 to 10")
    return pairs


def read_analogies() -> pd.DataFrame:
    """Google's 19,544 questions (Mikolov and others, 2013): a is to b as c is to d.

    Columns: section (of fourteen), a, b, c, d. Raises `CookbookError` if gensim's file is damaged.
    """
    path = Path(datapath("questions-words.txt"))
    rows, section = [], ""
    try:
        for line in path.read_text(encoding="utf-8").splitlines():
            if line.startswith(":"):
                section = line.removeprefix(": ")
            else:
                a, b, c, d = line.split()
                rows.append([section, a, b, c, d])
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, or a line of another length
        raise _damaged(path, str(error)) from error
    return pd.DataFrame(rows, columns=["section", "a", "b", "c", "d"])


def _damaged(path: Path, problem: str) -> CookbookError:
    return CookbookError(
        f"{path.name}, which gensim brings along, is damaged ({problem}). Install gensim anew."
    )
