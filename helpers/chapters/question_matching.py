"""Chapter 05: texts matched by shared words, and ways to search among millions of vectors."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from itertools import pairwise

from helpers.embeddings import normalise
from helpers.tokens import words_of

import faiss
import numpy as np
import pandas as pd
from gensim.parsing.porter import PorterStemmer
from scipy.sparse import csr_array
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.neighbors import NearestNeighbors

_stem = lru_cache(2**17)(PorterStemmer().stem)
PROBED = 16  # clusters that a query visits
ROWS_A_CLUSTER = 64  # enough to find the middle of a cluster
KINDS = {  # of index, in faiss's words
    "faiss": "Flat",
    "faiss, clusters": "IVF{clusters},Flat",
    "faiss, clusters, bytes": "IVF{clusters},SQ8",
}

# What the chapter teaches: texts matched by the words they share


def words(text: str) -> list[str]:
    """The words of `text` in lower case, as `words_of` has them, cut at apostrophes."""
    return " ".join(words_of(text)).replace("'", " ").split()


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
        texts_with_word = np.bincount(counts.indices, minlength=counts.shape[1])
        idf = np.log(1 + (len(texts) - texts_with_word + 0.5) / (texts_with_word + 0.5))
        self.idf = idf.astype(np.float32)
        length = counts.sum(axis=1)
        flattening = k1 * (1 - b + b * length / max(length.mean(), 1))
        flattening_of_entry = np.repeat(flattening, np.diff(counts.indptr))
        counts.data *= (k1 + 1) / (counts.data + flattening_of_entry)
        self.weights = counts
        self.by_word = counts.T.tocsr()

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
            rows = np.arange(len(scores))
            scores[rows, start + rows] = -1
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
        words_of_row = weights.indices[start:end]
        weights_of_row = weights.data[start:end]
        best = np.argsort(-weights_of_row * worth[words_of_row])[:width]
        columns[row, : len(best)] = words_of_row[best]
        kept[row, : len(best)] = weights_of_row[best]
    return columns, kept


def stem_vectors(
    texts: Sequence[str], lexicon: CountVectorizer, embed: Callable[[list[str]], np.ndarray]
) -> np.ndarray:
    """Unit vectors (stems, d) of the stems of `lexicon`: of each the mean over the words in `texts`
    that have it, by their number. `embed` gives vectors (n, d) of words. Zeros where none is known.
    """
    counts = Counter()
    for text in texts:
        counts.update(words(text))
    occurrences = np.array(list(counts.values()), np.float32)
    vectors = embed(list(counts)) * occurrences[:, None]
    stem_of_word = [lexicon.vocabulary_[_stem(word)] for word in counts]
    sums = np.zeros((len(lexicon.vocabulary_), vectors.shape[1]), np.float32)
    np.add.at(sums, stem_of_word, vectors)
    return normalise(sums)


# Search among many vectors


def searchers(vectors: np.ndarray, k: int = 10) -> Iterator[tuple[str, Callable, float]]:
    """Ways to search the unit `vectors` (n, d), each built when it is its turn.

    Yields a name, a function from a query (d,) to the numbers (k,) of the rows with the highest
    cosines, in no order, and the MB that its index holds. The first three are exact.
    """
    yield "NumPy", lambda query: np.argpartition(-(vectors @ query), k)[:k], vectors.nbytes / 1e6
    brute = NearestNeighbors(n_neighbors=k, metric="cosine", algorithm="brute").fit(vectors)
    yield (
        "scikit-learn",
        lambda query: brute.kneighbors(query[None], return_distance=False)[0],
        vectors.nbytes / 1e6,
    )
    for name, kind in KINDS.items():
        yield name, *_faiss(vectors, kind, k)


def _faiss(vectors: np.ndarray, kind: str, k: int) -> tuple[Callable, float]:
    index = build_index(vectors, kind)
    megabytes = index.ntotal * index.sa_code_size() / 1e6
    return lambda query: index.search(query[None], k)[1][0], megabytes


def build_index(vectors: np.ndarray, kind: str) -> faiss.Index:
    """An index of unit `vectors` (n, d), one of `KINDS` or of faiss's own names.

    `index.search(queries, k)` gives the highest cosines (q, k) and their rows, best first.
    """
    clusters = round(len(vectors) ** 0.5)
    kind = KINDS.get(kind, kind).format(clusters=clusters)
    index = faiss.index_factory(vectors.shape[1], kind, faiss.METRIC_INNER_PRODUCT)
    index.train(vectors[: ROWS_A_CLUSTER * clusters])
    index.add(vectors)
    if hasattr(index, "nprobe"):
        index.nprobe = PROBED
    return index


def mixtures(vectors: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    """`n` unit vectors (n, d): the first of `vectors` (m, d), then sums of two of them at random,
    the second with a weight from .2 to .8, so that a crowd is where the real ones are."""
    rng = np.random.default_rng(seed)
    first, second = rng.integers(len(vectors), size=(2, n))
    crowd = vectors[first] + rng.uniform(0.2, 0.8, (n, 1)).astype(vectors.dtype) * vectors[second]
    crowd[: len(vectors)] = vectors[:n]
    return normalise(crowd)


def compare_searchers(vectors: np.ndarray, queries: np.ndarray, k: int = 10) -> pd.DataFrame:
    """What the ways of `searchers` cost on `vectors` (n, d), one of `queries` (q, d) at a time.

    Columns: `seconds to build` an index, its `MB`, `ms a query`, and `recall`, the share of the
    true `k` neighbours that are found.
    """
    rows = {}
    exact = None
    start = time.perf_counter()
    for name, search, megabytes in searchers(vectors, k):
        built = time.perf_counter()
        found = [set(search(query)) for query in queries]
        done = time.perf_counter()
        exact = exact or found  # the first way misses nothing
        recall = np.mean([len(a & b) / k for a, b in zip(found, exact, strict=True)])
        rows[name] = {
            "seconds to build": built - start,
            "MB": megabytes,
            "ms a query": 1000 * (done - built) / len(queries),
            "recall": recall,
        }
        start = time.perf_counter()
    return pd.DataFrame(rows).T
