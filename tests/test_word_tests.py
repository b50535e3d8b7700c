"""The rated pairs and analogies are read whole."""

from helpers import CookbookError
from helpers.datasets.word_tests import read_analogies, read_word_pairs

import pytest


@pytest.mark.parametrize(("name", "length"), [("wordsim353", 353), ("simlex999", 999)])
def test_every_pair_has_two_words_and_a_rating(name, length):
    pairs = read_word_pairs(name)
    assert len(pairs) == length and pairs.notna().all(axis=None)
    assert pairs["rating"].between(0, 10).all() and pairs["rating"].std() > 1


def test_a_known_pair_is_rated_as_published():
    pairs = read_word_pairs("simlex999").set_index(["a", "b"])["rating"]
    assert pairs["old", "new"] == 1.58
    assert read_word_pairs("wordsim353").set_index(["a", "b"])["rating"]["tiger", "cat"] == 7.35


def test_analogies_have_fourteen_sections():
    analogies = read_analogies()
    assert len(analogies) == 19_544 and analogies.notna().all(axis=None)
    counts = analogies["section"].value_counts()
    assert len(counts) == 14 and counts["capital-world"] == 4_524
    assert list(analogies.loc[0]) == [
        "capital-common-countries",
        *"Athens Greece Baghdad Iraq".split(),
    ]


def test_an_unknown_set_names_the_known_ones():
    with pytest.raises(CookbookError, match="'simlex'.*Valid: simlex999, wordsim353"):
        read_word_pairs("simlex")
