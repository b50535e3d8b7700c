"""What chapter 05 defines to match and to search, on texts small enough to check."""

import math

from helpers import CookbookError
from helpers.chapters.question_matching import BM25, stems, top_words
from helpers.run import NOTEBOOKS

import numpy as np
import pytest
from benchmarks.notebook_code import notebook_code
from sklearn.feature_extraction.text import CountVectorizer

NAMES = ("SoftBM25", "SoftMatcher", "TextSearch", "in_batch_softmax")
TEXTS = [
    "How do I bake bread without an oven?",
    "My bread is dry, and so is the bread of my sister.",
    "",
    "Does freezing harm fresh fish, or a frozen fish stick?",
    "Wie lange muss der Teig ruhen? 生地を休ませる",
]
QUERIES = ["baking breads", "frozen fish", "the bread of the sister", "Teig"]


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    script = tmp_path_factory.mktemp("chapter") / "chapter.py"
    return notebook_code(NOTEBOOKS / "05_question_matching.ipynb", script, *NAMES, SEED=7)


@pytest.fixture(scope="module")
def lexicon():
    return CountVectorizer(analyzer=stems).fit([*TEXTS, *QUERIES])


@pytest.fixture(scope="module")
def vectors(lexicon):
    random = np.random.default_rng(0).normal(size=(len(lexicon.vocabulary_), 8))
    return (random / np.linalg.norm(random, axis=1, keepdims=True)).astype(np.float32)


def expected(query: str, text: str, similarity, k1=0.6, b=0.9) -> float:
    """BM25 as the books have it, word by word."""
    stemmed = [stems(other) for other in TEXTS]
    mean_length = sum(map(len, stemmed)) / len(stemmed)
    own = stems(text)
    damping = k1 * (1 - b + b * len(own) / mean_length)
    score = 0.0
    for asked in stems(query):
        frequency = sum(asked in other for other in stemmed)
        idf = math.log(1 + (len(TEXTS) - frequency + 0.5) / (frequency + 0.5))
        matches = [
            similarity(asked, held) * own.count(held) * (k1 + 1) / (own.count(held) + damping)
            for held in own
        ]
        score += idf * max(matches, default=0)
    return score


def test_soft_bm25_takes_the_best_match_of_each_word(chapter, lexicon, vectors):
    def similarity(asked: str, held: str) -> float:
        one, other = (vectors[lexicon.vocabulary_[word]] for word in (asked, held))
        return 1 if asked == held else 0.8 * max(0, one @ other - 0.3) / 0.7

    soft = chapter.SoftBM25(TEXTS, lexicon, vectors)
    by_hand = [[expected(q, text, similarity) for text in TEXTS] for q in QUERIES]
    assert np.allclose(soft.scores(QUERIES), by_hand, atol=1e-4)
    assert not soft.scores(QUERIES)[:, 2].any(), "an empty text matches nothing"
    assert np.allclose(soft.scores(QUERIES, [3, 1]), np.array(by_hand)[:, [3, 1]], atol=1e-4)
    strict = chapter.SoftBM25(TEXTS, lexicon, vectors, strength=0, k1=2, b=0.5)
    assert np.allclose(strict.scores(QUERIES), BM25(TEXTS, lexicon, 2, 0.5).scores(QUERIES))


def test_the_keras_model_computes_soft_bm25(chapter, lexicon, vectors):
    soft = chapter.SoftBM25(TEXTS, lexicon, vectors)
    titles = top_words(soft.weigh(QUERIES), np.ones_like(soft.idf), 12)
    bodies = top_words(soft.weights, soft.idf, 100)
    inputs = [np.concatenate(pair) for pair in zip(titles, (a[:0] for a in titles), strict=True)]
    scores = np.array(chapter.SoftMatcher(vectors)([*inputs, *bodies]))
    assert np.allclose(scores, soft.scores(QUERIES), atol=1e-4)


@pytest.fixture(scope="module")
def search(chapter):
    return chapter.TextSearch(TEXTS)


def test_the_shortlist_changes_nothing_where_it_holds_all(search):
    for query in QUERIES:
        rows, scores = search.nearest(query, len(TEXTS))
        everything = search.scores([query])[0]
        assert np.allclose(scores, everything[rows], atol=1e-4)
        assert list(scores) == sorted(scores, reverse=True), "the best comes first"


def test_a_like_word_is_found(search):
    assert search.nearest("baking without a cooker")[0][0] == 0
    assert search.nearest("salmon in the freezer")[0][0] == 3


def test_queries_that_say_nothing(search):
    for query in ("", "  \n", "?!"):
        with pytest.raises(CookbookError, match="The query is empty"):
            search.nearest(query)
    with pytest.raises(CookbookError, match="Unknown word 'xyzzyq'"):
        search.nearest("xyzzyq qwrtp")
    assert len(search.nearest("bread xyzzyq")[0]) == 5, "one known word is enough"


def test_the_loss_is_that_of_the_right_column_in_each_row(chapter):
    scores = np.array([[3.0, 1, 0], [0, 0, 0], [2, 0, 1]])
    by_hand = [
        -math.log(math.exp(row[i]) / sum(map(math.exp, row))) for i, row in enumerate(scores)
    ]
    assert np.allclose(chapter.in_batch_softmax(None, scores), by_hand)
