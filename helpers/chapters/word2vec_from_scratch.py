"""Chapter 07: words as numbers, the pairs of a text, and how good their vectors are."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from helpers import CookbookError
from helpers.datasets.word_tests import PAIRS, read_analogies, read_word_pairs
from helpers.embeddings import normalise
from helpers.evaluate import context_auc, cosines
from helpers.pretrained import load_vectors
from helpers.sampling import pairs_within
from helpers.training import ProgressBar

import keras
import numpy as np
import tensorflow as tf
from gensim.models import Word2Vec
from keras.optimizers.schedules import PolynomialDecay
from scipy.stats import spearmanr

AT_ONCE = 16  # training steps before TensorFlow comes back to Python
FEWEST = 100  # words of a vocabulary
FEWEST_PAIRS = 10  # of a rank correlation that says something
SILVER_PAIRS = 60_000

# What the chapter teaches: the pairs of a text


def subsample(ids: np.ndarray, keep: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The ids of a text (n,) without those that are dropped: w stays with the chance `keep[w]`."""
    return ids[rng.random(len(ids)) < keep[ids]]


def skip_grams(ids: np.ndarray, window: int, rng: np.random.Generator) -> np.ndarray:
    """Pairs (n, 2) of a target and a context, as a window of random width, 1 to `window`, has them.

    So a pair at distance d is kept with the chance (window + 1 - d) / window (Mikolov and others,
    2013).
    """
    pairs, distances = pairs_within(ids, window)
    chance = (window + 1 - distances) / window
    return pairs[rng.random(len(pairs)) < chance]


# Training


def timed(work: Callable, *args: Any, **options: Any) -> tuple[Any, dict[str, float]]:
    """What `work(*args, **options)` returns, and how long it took: `seconds` and `CPU seconds`.

    The latter add up over all cores, and hardly grow when the machine has other work as well.
    """
    clock = time.perf_counter()
    processor = time.process_time()
    result = work(*args, **options)
    times = {
        "seconds": time.perf_counter() - clock,
        "CPU seconds": time.process_time() - processor,
    }
    return result, times


def batches(
    size: int, parts: int, x: np.ndarray | tuple[np.ndarray, ...], *y: np.ndarray
) -> tuple[tf.data.Dataset, int]:
    """A data set for `fit` of inputs `x` and targets `y`, cut in order; and the steps of a part.

    One pass over it is reported in `parts`, as epochs. The arrays have equally many rows. A batch
    has `size` rows, or fewer where there aren't as many a part; what doesn't fill the last steps
    is left out. Much faster than batching row by row.
    """
    rows = len(keras.tree.flatten(x)[0])
    size = max(1, min(size, rows // parts))
    steps = rows // size // parts
    steps -= steps % AT_ONCE if steps > AT_ONCE else 0

    def cut(array: np.ndarray) -> np.ndarray:
        return array[: parts * steps * size].reshape(parts * steps, size, *array.shape[1:])

    nested = keras.tree.map_structure(cut, (x, *y))
    return tf.data.Dataset.from_tensor_slices(nested).prefetch(2), steps


def fit(
    model: keras.Model, x: Any, rate: float, steps: int, epochs: int, loss=None, **options: Any
) -> keras.callbacks.History:
    """Train a model that isn't compiled yet with Adam, with a bar; its compiled step is fused.

    The learning rate falls in a line from `rate` to a hundredth of it; `steps` are those of an
    epoch. A data set is read on from epoch to epoch. `options` go to `model.fit`.
    """
    optimizer = keras.optimizers.Adam(PolynomialDecay(rate, steps * epochs, rate / 100))
    at_once = next(n for n in range(min(AT_ONCE, steps), 0, -1) if steps % n == 0)
    model.compile(optimizer, loss, jit_compile=True, steps_per_execution=at_once)
    if isinstance(x, tf.data.Dataset):
        options |= {"steps_per_epoch": steps, "shuffle": False}
    callbacks = [ProgressBar(), *options.pop("callbacks", [])]
    return model.fit(x, epochs=epochs, verbose=0, callbacks=callbacks, **options)


# Words as numbers


def cut_off_end(text: str, held_out: float = 0.05) -> tuple[str, str]:
    """The beginning of `text`, and its end with a share `held_out` of it, cut between words."""
    cut = text.rfind(" ", 0, int((1 - held_out) * len(text))) + 1
    return text[:cut], text[cut:]


def vectorizer(
    texts: Sequence[str], size: int, standardise: Callable
) -> keras.layers.TextVectorization:
    """A layer that numbers the words of `texts`, the most frequent first; `size` at most.

    0 is padding and 1 the unknown word. A word that occurs once is unknown, so the vocabulary is
    smaller than `size` where few words occur twice, and a line says so.
    Raises `CookbookError` if fewer than 100 do, or `size` leaves no room for as many.
    """
    if size < FEWEST + 2:
        raise CookbookError(f"A vocabulary of {size:,} is too small: {FEWEST + 2} at the least.")
    layer = keras.layers.TextVectorization(size, standardize=standardise)
    words = []
    if any(text.strip() for text in texts):
        layer.adapt(list(texts))
        counts = np.bincount(np.concatenate([layer(text) for text in texts]), minlength=3)
        words = layer.get_vocabulary(include_special_tokens=False)[: (counts[2:] >= 2).sum()]
    if len(words) < FEWEST:
        raise CookbookError(
            f"The corpus has {len(words):,} words that occur twice or more, and a vocabulary needs "
            f"{FEWEST}: give it more text."
        )
    if len(words) + 2 < size:
        print(f"Only {len(words):,} words occur twice or more: the vocabulary is that small.")
    layer.set_vocabulary(words)
    return layer


def known_ids(vectorize: keras.layers.TextVectorization, texts: Sequence[str]) -> list[np.ndarray]:
    """The ids of the words of each text (n,), without the unknown ones, across ends of lines."""
    numbered = [vectorize(text).numpy() for text in texts]
    return [ids[ids > 1] for ids in numbered]


def gensim_skip_gram(
    documents: Sequence[np.ndarray], words: int, passes: int, **options: Any
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of targets and contexts (words, size) by gensim, on one thread, so that they repeat.

    `documents` are ids (n,) each; `options` go to gensim's `Word2Vec`, `vector_size` among them.
    Words that don't occur get zeros.
    """
    sentences = []
    for ids in documents:
        for part in np.array_split(ids, len(ids) // 1000 + 1):
            sentences.append(part.astype(str).tolist())
    model = Word2Vec(sentences, sg=1, min_count=1, workers=1, epochs=passes, **options)
    order = [int(word) for word in model.wv.index_to_key]
    vectors = np.zeros((words, model.vector_size), np.float32)
    vectors[order] = model.wv.vectors
    contexts = np.zeros((words, model.vector_size), np.float32)
    contexts[order] = model.syn1neg
    return vectors, contexts


# How good vectors are


class WordMeasures:
    """Measures of the vectors of `vocab`, called with those of targets and contexts (words, d).

    `context_auc`: see there, for the pairs `true` and `false`. `silver_spearman`: the rank
    correlation of cosines with those of the vectors of chapter 02, over 60,000 pairs of words,
    drawn with `seed`. `wordsim353`, `simlex999`: the same with people's ratings, over the pairs
    whose words are all in `vocab`. A measure is NaN where it has fewer than ten pairs.
    """

    def __init__(self, vocab: Sequence[str], true: np.ndarray, false: np.ndarray, seed: int):
        self.true = true
        self.false = false
        place = {word: number for number, word in enumerate(vocab)}
        self.judged = {"silver_spearman": _silver(place, np.random.default_rng(seed))}
        for name in PAIRS:
            rated = read_word_pairs(name)
            rated = rated[rated[["a", "b"]].isin(list(place)).all(axis=1)]
            pairs = rated[["a", "b"]].map(place.get).to_numpy(int)
            self.judged[name] = pairs, rated["rating"].to_numpy()

    def __str__(self) -> str:
        counts = [f"context_auc {len(self.true):,}"]
        for name, (pairs, _) in self.judged.items():
            counts.append(f"{name} {len(pairs):,}")
        return f"pairs: {', '.join(counts)}"

    def __call__(self, vectors: np.ndarray, contexts: np.ndarray) -> dict[str, float]:
        measures = {"context_auc": context_auc(vectors, contexts, self.true, self.false)}
        for name, (pairs, truth) in self.judged.items():
            found = cosines(vectors, pairs)
            measures[name] = np.nan
            if len(pairs) >= FEWEST_PAIRS and np.ptp(found) > 0:
                measures[name] = float(spearmanr(found, truth).statistic)
        return measures


def analogy_questions(vocab: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Google's questions whose words are in `vocab`: sections (m,), rows of a, b, c, d (m, 4)."""
    place = {word: number for number, word in enumerate(vocab)}
    columns = ["a", "b", "c", "d"]
    asked = read_analogies()
    asked = asked[asked[columns].isin(list(place)).all(axis=1)]
    return asked["section"].to_numpy(), asked[columns].map(place.get).to_numpy(int)


def analogies(vectors: np.ndarray, asked: np.ndarray, calculate: bool = True) -> np.ndarray:
    """Which of `asked` (m, 4), rows of a, b, c and d, are answered right (m,): a is to b as c to d.

    The answer is the word with the highest cosine to b - a + c, or to c alone if not `calculate`;
    none of the three, padding (row 0) or the unknown word (row 1).
    """
    unit = normalise(vectors)
    a, b, c, d = asked.T
    query = unit[b] - unit[a] + unit[c] if calculate else unit[c]
    scores = query @ unit.T
    scores[:, :2] = -np.inf
    for given in (a, b, c):
        scores[np.arange(len(asked)), given] = -np.inf
    return scores.argmax(axis=1) == d


def _silver(place: dict[str, int], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of different words that chapter 02 knows too, as numbers in `place`; its cosines."""
    compact = load_vectors("compact")
    shared = [word for word in place if word in compact.key_to_index]
    if len(shared) < FEWEST:  # another language, say
        return np.zeros((0, 2), int), np.zeros(0)
    pairs = rng.integers(len(shared), size=(SILVER_PAIRS, 2))
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    places = np.array([place[word] for word in shared])
    return places[pairs], cosines(compact[shared], pairs)
