"""Words as numbers by their rules; measures of vectors that are known to be good or bad."""

from helpers import CookbookError
from helpers.chapters.word2vec_from_scratch import (
    WordMeasures,
    analogies,
    cut_off_end,
    gensim_skip_gram,
    vectorizer,
)
from helpers.evaluate import context_auc
from helpers.pretrained import load_vectors

import numpy as np
import pytest

WORDS = [f"word{number}" for number in range(100)]


def numbered(text: str, size: int = 1000):
    return vectorizer([text], size, standardise="lower")


def test_the_end_of_a_text_is_cut_off_between_words():
    text = "one two\nthree " * 100
    beginning, end = cut_off_end(text)
    assert beginning + end == text
    assert beginning.endswith(" ") and 0.04 < len(end) / len(text) < 0.07
    assert cut_off_end("word") == ("", "word")
    assert cut_off_end("") == ("", "")


def test_words_are_numbered_by_frequency_and_once_is_unknown(capsys):
    layer = numbered(" ".join(["The the"] + 2 * WORDS + ["the", "once"]))
    vocabulary = layer.get_vocabulary()
    assert vocabulary[:3] == ["", "[UNK]", "the"]
    assert {*vocabulary[3:]} == {*WORDS}
    assert layer("once the\nTHE never").numpy().tolist() == [1, 2, 2, 1]
    assert "Only 101 words occur twice or more" in capsys.readouterr().out


def test_a_vocabulary_holds_no_more_than_was_asked_for(capsys):
    layer = numbered(" ".join(["the the the", *2 * WORDS]), size=102)
    assert len(layer.get_vocabulary()) == 102
    assert layer("the").numpy().tolist() == [2]
    assert capsys.readouterr().out == ""
    with pytest.raises(CookbookError, match="vocabulary of 101 is too small: 102 at the least"):
        numbered(" ".join(2 * WORDS), size=101)


@pytest.mark.parametrize("text", ["", " \n", "word", "a a b b c", " ".join(WORDS)])
def test_too_few_words_are_an_error(text):
    with pytest.raises(CookbookError, match=r"\d words that occur twice or more.* needs 100"):
        numbered(text)


def test_gensim_learns_who_stands_beside_whom():
    rng = np.random.default_rng(0)
    groups = [rng.choice(np.arange(2, 6) + 4 * (n % 2), 10) for n in range(400)]
    documents = [np.concatenate(groups[n::2]) for n in (0, 1)]
    options = {"vector_size": 8, "window": 2, "negative": 3, "seed": 1}
    vectors, contexts = gensim_skip_gram(documents, 11, 5, **options)
    assert vectors.shape == contexts.shape == (11, 8)
    assert not vectors[[0, 1, 10]].any(), "words that don't occur"
    true = np.array([[2, 3], [4, 5], [6, 7], [9, 8]])
    false = np.array([[2, 6], [3, 9], [7, 5], [8, 2]])
    assert context_auc(vectors, contexts, true, false) == 1
    again, _ = gensim_skip_gram(documents, 11, 5, **options)
    assert np.array_equal(vectors, again)


def test_context_auc_is_the_chance_that_a_true_pair_scores_higher():
    vectors, contexts = np.array([[1.0], [2.0]]), np.array([[1.0], [3.0]])
    true, false = np.array([[0, 1], [1, 0]]), np.array([[0, 0], [1, 1]])  # 3 and 2; 1 and 6
    assert context_auc(vectors, contexts, true, false) == 0.5
    assert context_auc(vectors, contexts, true[:1], false[:1]) == 1
    assert context_auc(vectors, contexts, true, true) == 0.5


@pytest.fixture(scope="module")
def measured():
    """The measures of the vectors of chapter 02 over 2,000 of its words, and of random ones."""
    compact = load_vectors("compact")
    words = compact.index_to_key[:2000]
    pairs = np.array([[0, 1], [2, 3]])
    measure = WordMeasures(["", "[UNK]", *words], pairs, pairs, seed=1)
    vectors = np.concatenate([np.zeros((2, 128)), compact.vectors[:2000]])
    noise = np.random.default_rng(0).normal(size=vectors.shape)
    return measure(vectors, vectors), measure(noise, noise)


def test_the_vectors_of_chapter_02_agree_with_themselves_and_with_people(measured):
    good, random = measured
    assert good["silver_spearman"] == pytest.approx(1)
    assert good["wordsim353"] > 0.5 and good["simlex999"] > 0.3
    assert abs(random["silver_spearman"]) < 0.02
    assert good["context_auc"] == random["context_auc"] == 0.5


def test_what_cannot_be_measured_is_nan():
    pairs = np.array([[2, 3]])
    measure = WordMeasures(["", "[UNK]", "mot", "parole"], pairs, pairs[:, ::-1], seed=1)
    measures = measure(np.eye(4), np.eye(4))
    assert measures.pop("context_auc") == 0.5
    assert np.isnan([*measures.values()]).all()
    assert str(measure).startswith("pairs: context_auc 1, silver_spearman 0, ")


def test_analogies_are_calculated_or_the_nearest_word():
    #            pad     unk     man     woman   king    queen     kings
    vectors = np.array([[0, 0], [1, 1], [1, 0], [1, 1], [3, 0.1], [3, 3.2], [2, 0]], float)
    asked = np.array([[2, 3, 4, 5], [2, 3, 4, 6]])
    assert analogies(vectors, asked).tolist() == [True, False]
    assert analogies(vectors, asked, calculate=False).tolist() == [False, True]
