"""Word vectors in the two formats of word2vec: five groups of twenty words that lie together."""

from samples import SEED
from samples.names import FIRST_WORDS, LAST_WORDS
from samples.packing import gzipped, zipped

import numpy as np


def planted_words() -> list[list[str]]:
    """The truth: the groups, such as amber_bells, brass_bells, copper_bells and so on."""
    return [[f"{first}_{last}" for first in FIRST_WORDS] for last in LAST_WORDS[:5]]


def word2vec(size: int, binary: bool = False) -> bytes:
    """The planted words, each with a vector of `size` numbers near the centre of its group."""
    rng = np.random.default_rng(SEED)
    groups = planted_words()
    words_in_all = sum(len(group) for group in groups)
    lines = [f"{words_in_all} {size}\n".encode()]
    for group in groups:
        centre = rng.normal(size=size)
        for word in group:
            vector = (centre + rng.normal(0, 0.3, size)).astype(np.float32)
            if binary:
                numbers = vector.tobytes()
            else:
                numbers = " ".join(str(number) for number in vector).encode()
            lines.append(word.encode() + b" " + numbers + b"\n")
    return b"".join(lines)


def files() -> dict[str, bytes]:
    """The three sets of vectors by their paths."""
    member = "word2vec_sample/pruned.word2vec.txt"
    return {
        "word2vec_sample.zip": zipped({member: word2vec(size=300)}),
        "glove-wiki-gigaword-100.gz": gzipped(word2vec(size=100)),
        "word2vec-google-news-300.gz": gzipped(word2vec(size=300, binary=True)),
    }
