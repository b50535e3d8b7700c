"""Pretrained vectors: of words, as gensim `KeyedVectors`, and of the pieces of words."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from helpers import GENERATED, reading, replacing, unknown, zoo
from helpers.datasets.word_vectors import as_keyed, read_word2vec
from helpers.embeddings import normalise
from helpers.fetch import FetchError, fetch

import numpy as np
from gensim.models import KeyedVectors
from sklearn.feature_extraction.text import CountVectorizer


@dataclass(frozen=True)
class VectorSet:
    """A set of vectors: `words` of `size` numbers each, and what it costs, in MB."""

    words: int
    size: int
    download: int
    memory: int  # while it is read for the first time
    binary: bool = False


VECTOR_SETS = {
    "compact": VectorSet(words=39_000, size=128, download=0, memory=30),
    "google-news-44k": VectorSet(words=43_981, size=300, download=49, memory=60),
    "glove-wiki-gigaword-100": VectorSet(words=400_000, size=100, download=134, memory=220),
    "word2vec-google-news-300": VectorSet(3_000_000, 300, 1_744, 5_000, binary=True),
}


def load_vectors(name: str = "compact") -> KeyedVectors:
    """The word vectors `name`, one of `VECTOR_SETS`; words that belong together are joined by "_".

    The compact ones stand in zoo/. The others are fetched and read once, which takes a while; a
    copy stays in generated/vectors, which is memory-mapped: only what is used is read.
    Raises `CookbookError` for an unknown name, or if the vectors can't be had or read.
    """
    if name not in VECTOR_SETS:
        raise unknown("set of vectors", name, VECTOR_SETS)
    if name == "compact":
        arrays, labels, _ = zoo.load("02_word_similarity")
        return as_keyed(labels["word"], arrays["vectors"] * arrays["scales"][:, None])
    copy = GENERATED / "vectors" / f"{name}.npy"
    words = copy.with_suffix(".txt")
    if not copy.is_file():
        source = VECTOR_SETS[name]
        read = read_word2vec(_fetch(name), (source.words, source.size), source.binary)
        with replacing(copy) as copy_part, replacing(words) as words_part:
            words_part.write_bytes("\n".join(read.index_to_key).encode("utf-8"))
            with copy_part.open("wb") as stream:
                np.save(stream, read.vectors)
    with reading(copy, "a copy of word vectors"):
        listed = words.read_bytes().decode("utf-8").split("\n")
        vectors = np.load(copy, mmap_mode="r", allow_pickle=False)
        if len(vectors) != len(listed):
            raise ValueError(f"{len(listed):,} words, but vectors of shape {vectors.shape}")
        return as_keyed(listed, vectors)


def vectors_of(keyed: KeyedVectors) -> Callable[[Sequence[str]], np.ndarray]:
    """A function that gives unit vectors (n, d) of words in lower case: those in `keyed`, or of the
    names there that begin with a capital; zeros for all others."""

    def embed(words: Sequence[str]) -> np.ndarray:
        vectors = np.zeros((len(words), keyed.vector_size), np.float32)
        for row, word in enumerate(words):
            form = word if word in keyed else word.capitalize()
            if form in keyed:
                vectors[row] = keyed[form]
        return normalise(vectors)

    return embed


class WordPieces:
    """A table of vectors (V, d) of word pieces, of which "##ing" goes on a word.

    `chapter` names the entry of the zoo, and `card` is the card there.
    """

    def __init__(self, chapter: str):
        arrays, labels, self.card = zoo.load(chapter)
        self.table = arrays["vectors"] * arrays["scales"][:, None]
        self.places = {piece: place for place, piece in enumerate(labels["piece"])}
        self.counter = CountVectorizer(analyzer=self.cut, vocabulary=self.places, dtype=np.float32)
        self._pieces = lru_cache(2**17)(self._cut_word)

    def cut(self, text: str) -> list[str]:
        """The pieces of `text`, in lower case and without accents, as BERT cuts it.

        A word is cut greedily: the longest piece that it begins with, then of what is left. One
        that can't be cut is "[UNK]". Other signs stand alone.
        """
        decomposed = unicodedata.normalize("NFD", text.lower())
        plain = "".join(char for char in decomposed if unicodedata.category(char) != "Mn")
        words = re.findall(r"[^\W_]+|[^\w\s]|_", plain)
        return [piece for word in words for piece in self._pieces(word)]

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        """Unit vectors (n, d) of `texts`, each the sum over its pieces; zeros if it has none."""
        return normalise(self.counter.transform(texts) @ self.table)

    def _cut_word(self, word: str) -> list[str]:
        pieces = []
        rest = word
        while rest:
            piece = rest
            while piece not in self.places:
                piece = piece[:-1]
                if piece in ("", "##"):
                    return ["[UNK]"]
            pieces.append(piece)
            rest = rest[len(piece) :]
            if rest:
                rest = "##" + rest
        return pieces


def _fetch(name: str) -> Path:
    try:
        return fetch(name)
    except FetchError as error:  # its last way out is a sample, which wouldn't do here
        ways = [*error.ways[:-1], 'set VECTORS = "compact": these come with the project']
        raise FetchError(error.headline, error.reasons, ways) from error
