"""Texts matched by the words they share: stems, BM25, and what a model needs of them."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from helpers.embeddings import normalise

import numpy as np
from gensim.parsing.porter import PorterStemmer
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer

_stem = lru_cache(2**17)(PorterStemmer().stem)


def words(text: str) -> list[str]:
    """The words of `text` in lower case: runs of letters and digits of any script."""
    return re.findall(r"[^\W_]+", text.lower())


def stems(text: str) -> list[str]:
    """The words of `text`, cut to their stems (M. Porter, "An algorithm for suffix stripping",
    Program, 1980).

    >>> stems("Freezing freezers")
    ['freez', 'freezer']
    """
    return [_stem(word) for word in words(text)]


def word_pairs(text: str) -> list[str]:
    """The stems that stand side by side in `text`, two and two.

    >>> word_pairs("baking soda burns")
    ['bake soda', 'soda burn']
    """
    found = stems(text)
    return [f"{first} {second}" for first, second in pairwise(found)]


class BM25:
    """Scores of texts for queries, by the words they share (S. Robertson and H. Zaragoza, "The
    probabilistic relevance framework: BM25 and beyond", 2009, with an idf that is never negative).

    `lexicon` is a fitted CountVectorizer: it says which words have which column. `weights` (texts,
    words) holds the saturated counts, `idf` (words,) how rare a word is among the texts.
    """

    def __init__(self, texts: Sequence[str], lexicon: CountVectorizer, k1=0.6, b=0.9):
        self.lexicon = lexicon
        counts = csr_array(lexicon.transform(texts), dtype=np.float32)
        length = counts.sum(axis=1)
        damping = k1 * (1 - b + b * length / max(length.mean(), 1))
        counts.data *= (k1 + 1) / (counts.data + np.repeat(damping, np.diff(counts.indptr)))
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log(1 + (len(texts) - frequency + 0.5) / (frequency + 0.5))
        self.weights, self.by_word, self.idf = counts, counts.T.tocsr(), idf.astype(np.float32)

    def weigh(self, queries: Sequence[str]) -> csr_array:
        """Count times idf of the words of each query (queries, words)."""
        weighed = csr_array(self.lexicon.transform(queries), dtype=np.float32)
        weighed.data *= self.idf[weighed.indices]
        return weighed

    def scores(self, queries: Sequence[str]) -> np.ndarray:
        """Scores (queries, texts)."""
        return (self.weigh(queries) @ self.by_word).toarray()

    def rivals(self, queries: Sequence[str], most: int = 20, chunk: int = 1000) -> np.ndarray:
        """The `most` texts (queries, most) with the highest scores for each query, in no order, but
        for the text of the query's own number."""
        found = []
        for start in range(0, len(queries), chunk):
            scores = self.scores(queries[start : start + chunk])
            scores[np.arange(len(scores)), start + np.arange(len(scores))] = -1
            found.append(np.argpartition(-scores, most, axis=1)[:, :most])
        return np.concatenate(found)


def pair_bm25(texts: Sequence[str]) -> BM25:
    """BM25 of `texts` by pairs of words that stand side by side."""
    return BM25(texts, CountVectorizer(analyzer=word_pairs).fit(texts))


def top_words(weights: csr_array, worth: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
    """The `width` words of each row of `weights` (n, words) whose weight times `worth` (words,) is
    highest: their columns (n, width) and weights (n, width). Zeros fill up shorter rows."""
    columns = np.zeros((weights.shape[0], width), np.int32)
    kept = np.zeros((weights.shape[0], width), np.float32)
    for row, (start, end) in enumerate(pairwise(weights.indptr)):
        held, data = weights.indices[start:end], weights.data[start:end]
        best = np.argsort(-data * worth[held])[:width]
        columns[row, : len(best)], kept[row, : len(best)] = held[best], data[best]
    return columns, kept


def stem_vectors(
    texts: Sequence[str], lexicon: CountVectorizer, embed: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """Unit vectors (stems, d) of the stems of `lexicon`: of each the mean over the words in `texts`
    that have it, by their number. `embed` gives vectors (n, d) of words. Zeros where none is known.
    """
    counts = Counter(word for text in texts for word in words(text))
    vectors = embed([*counts]) * np.array([[count] for count in counts.values()], np.float32)
    sums = np.zeros((len(lexicon.vocabulary_), vectors.shape[1]), np.float32)
    np.add.at(sums, [lexicon.vocabulary_[_stem(word)] for word in counts], vectors)
    return normalise(sums)
