"""BM25 and what goes with it, on texts small enough to check by hand."""

import math

from helpers.chapters.question_matching import (
    BM25,
    pair_bm25,
    stem_vectors,
    stems,
    top_words,
    word_pairs,
    words,
)

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

TEXTS = [
    "How do I bake bread without an oven?",
    "My bread is dry, and so is the bread of my sister.",
    "",
    "Does freezing harm fresh fish, or a frozen fish stick?",
    "Wie lange muss der Teig ruhen? 生地を休ませる",
]


@pytest.fixture(scope="module")
def lexicon():
    return CountVectorizer(analyzer=stems).fit(TEXTS)


def test_words_of_any_script_and_their_stems():
    assert words("Don't over-cook: crème_brûlée 2×, 生地!") == [
        *("don", "t", "over", "cook", "crème", "brûlée", "2", "生", "地")
    ]
    assert stems("Baking bakes; ÄPFEL") == ["bake", "bake", "äpfel"]
    assert words("") == stems(" ?") == word_pairs("bread") == []


def test_bm25_by_hand(lexicon):
    """ "bread" stands in two of five texts, once in 8 words and twice in 12; the mean is 36 / 5."""
    scores = BM25(TEXTS, lexicon, k1=1.2, b=0.75).scores(["Breads", "bread, bread", "salt", ""])
    idf, mean = math.log(1 + (5 - 2 + 0.5) / (2 + 0.5)), sum(len(words(t)) for t in TEXTS) / 5
    first, second = (1.2 * (0.25 + 0.75 * length / mean) for length in (8, 12))
    by_hand = [idf * 2.2 / (1 + first), idf * 2 * 2.2 / (2 + second), 0, 0, 0]
    assert np.allclose(scores[0], by_hand)
    assert np.allclose(scores[1], 2 * np.array(by_hand)), "a word asked twice counts twice"
    assert not scores[2:].any(), "unknown words and no words match nothing"


def test_a_shorter_text_and_a_rarer_word_win():
    texts = ["fresh fish", "fresh fish and then much more besides", "fresh bread"]
    scores = BM25(texts, CountVectorizer(analyzer=stems).fit(texts)).scores(["fish", "fresh bread"])
    assert scores[0, 0] > scores[0, 1] > scores[0, 2] == 0
    assert scores[1].argmax() == 2


def test_words_of_another_language_count_like_any(lexicon):
    assert BM25(TEXTS, lexicon).scores(["Teig 生地を休ませる"])[0].argmax() == 4


def test_no_text_has_a_word():
    texts = ["", "?"]
    scores = BM25(texts, CountVectorizer(analyzer=stems).fit(["bread"])).scores(["bread"])
    assert np.array_equal(scores, [[0, 0]])


def test_rivals_are_the_best_other_texts():
    texts = ["red fish", "red fish soup", "soup", "blue bird", "bird"]
    bm25 = BM25(texts, CountVectorizer(analyzer=stems).fit(texts))
    queries = ["red fish", "fish soup", "soup", "bird", "blue bird"]
    assert bm25.rivals(queries, most=1).ravel().tolist() == [1, 2, 1, 4, 3]
    assert np.array_equal(bm25.rivals(queries, most=1, chunk=2), bm25.rivals(queries, most=1))


def test_pairs_heed_the_order():
    assert word_pairs("baking soda burns") == ["bake soda", "soda burn"]
    scores = pair_bm25(["soda for baking", "baking soda"]).scores(["bake with baking soda"])[0]
    assert scores[1] > scores[0] == 0


def test_top_words_keeps_what_is_worth_most(lexicon):
    bm25 = BM25(TEXTS, lexicon)
    ids, weights = top_words(bm25.weights, bm25.idf, 2)
    worth = bm25.weights.toarray() * bm25.idf
    assert np.allclose(weights[2], 0), "an empty text"
    for row in (0, 1, 3):
        assert np.allclose(np.sort(worth[row])[-2:], np.sort(weights[row] * bm25.idf[ids[row]]))


def test_a_stem_lies_amid_its_words():
    texts = ["bake bakes bakes", "xyzzy"]
    known = {"bake": [1, 0], "bakes": [0, 1], "xyzzy": [0, 0]}
    lexicon = CountVectorizer(analyzer=stems).fit(texts)
    found = stem_vectors(texts, lexicon, lambda words: np.array([known[word] for word in words]))
    assert np.allclose(found[lexicon.vocabulary_["bake"]], np.array([1, 2]) / 5**0.5)
    assert not found[lexicon.vocabulary_["xyzzi"]].any()
