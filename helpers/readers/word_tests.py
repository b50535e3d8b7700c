"""What people say about words: rated pairs and analogies, in files that gensim brings along."""

from pathlib import Path

from helpers import unknown

import pandas as pd
from gensim.test.utils import datapath

PAIRS = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


def read_word_pairs(name: str) -> pd.DataFrame:
    """Pairs of words a and b with their mean rating, 0 to 10: `name` is one of `PAIRS`.

    WordSim353 rates relatedness (Finkelstein and others, 2002), SimLex999 similarity (Hill and
    others, 2015). Raises `CookbookError` for an unknown name.
    """
    if name not in PAIRS:
        raise unknown("set of pairs", name, PAIRS)
    columns = ["a", "b", "rating"]
    return pd.read_csv(datapath(PAIRS[name]), sep="\t", comment="#", names=columns)


def read_analogies() -> pd.DataFrame:
    """Google's 19,544 questions (Mikolov and others, 2013): a is to b as c is to d.

    Columns: section (of fourteen), a, b, c, d.
    """
    rows, section = [], ""
    for line in Path(datapath("questions-words.txt")).read_text(encoding="utf-8").splitlines():
        if line.startswith(":"):
            section = line.removeprefix(": ")
        else:
            rows.append([section, *line.split()])
    return pd.DataFrame(rows, columns=["section", "a", "b", "c", "d"])
