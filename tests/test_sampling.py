"""Pairs and negatives come as often as they should, never where they can't; windows in order."""

import itertools

from helpers import CookbookError
from helpers.chapters.bands2vec import sample_pairs
from helpers.chapters.char_rnn import windows
from helpers.chapters.word2vec_from_scratch import skip_grams, subsample
from helpers.sampling import cooccurrences, pairs_within, sample_by_weight, sample_negatives

import numpy as np
import pytest

BUCKETS = [np.array([0, 1]), np.array([0, 2, 3]), np.arange(4, 14)]


def test_pairs_are_those_of_the_buckets_and_memberships_equally_likely():
    pairs = sample_pairs(BUCKETS, 100_000, np.random.default_rng(0))
    assert pairs.shape == (100_000, 2)
    possible = {pair for bucket in BUCKETS for pair in itertools.permutations(bucket.tolist(), 2)}
    drawn, times = np.unique(pairs, axis=0, return_counts=True)
    assert set(map(tuple, drawn.tolist())) == possible, "all of them, and none with itself"
    memberships = np.bincount(np.concatenate(BUCKETS))
    expected = pairs.size * memberships / memberships.sum()
    assert np.bincount(pairs.ravel()) == pytest.approx(expected, rel=0.05)
    of_ten = drawn.min(axis=1) >= 4
    assert times[of_ten] == pytest.approx(np.full(90, times[of_ten].mean()), rel=0.2)


def test_pairs_repeat_with_their_seed():
    first, again, other = (sample_pairs(BUCKETS, 9, np.random.default_rng(s)) for s in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)


@pytest.mark.parametrize("buckets", [[], [[7]], [[1, 2], []]])
def test_buckets_without_a_pair_are_refused(buckets):
    with pytest.raises(CookbookError, match="at least two members"):
        sample_pairs([np.array(bucket) for bucket in buckets], 1, np.random.default_rng(0))


@pytest.mark.parametrize("skew", [0, 1, 8])
@pytest.mark.parametrize("items", [1, 5, 1000])
def test_many_draws_are_those_of_a_search_in_the_cumulative_weights(items, skew):
    weights = np.arange(1, items + 1.0) ** -skew * (np.arange(items) % 7 != 3)
    drawn = sample_by_weight(weights, (300, 50), np.random.default_rng(1))
    cumulative = np.cumsum(weights)
    points = np.random.default_rng(1).random((300, 50)) * cumulative[-1]
    assert np.array_equal(drawn, np.searchsorted(cumulative, points, side="right"))


def test_ids_come_by_weight_and_never_at_weight_zero():
    ids = sample_by_weight(np.array([0, 1, 0, 3, 0]), (200, 100), np.random.default_rng(0))
    assert ids.shape == (200, 100)
    shares = np.bincount(ids.ravel(), minlength=5) / ids.size
    assert list(shares[[0, 2, 4]]) == [0, 0, 0]
    assert shares[[1, 3]] == pytest.approx([0.25, 0.75], abs=0.015)


@pytest.mark.parametrize("weights", [[], [0, 0], [2, -1], [np.nan, 1], [np.inf, 1]])
def test_weights_that_are_none_are_refused(weights):
    with pytest.raises(CookbookError, match="Weights"):
        sample_by_weight(np.array(weights), 3, np.random.default_rng(0))


def test_negatives_come_by_weight_and_never_from_what_a_row_has_taken():
    taken = np.array([[False, False, False, True], [True, False, False, False]])
    rows, weights = np.array([0, 1]).repeat(5000), np.array([1, 2, 0, 1])
    negatives = sample_negatives(rows, taken, 4, np.random.default_rng(0), weights)
    assert negatives.shape == (10_000, 4)
    shares = [np.bincount(negatives[rows == row].ravel(), minlength=4) / 20_000 for row in (0, 1)]
    assert shares[0] == pytest.approx([1 / 3, 2 / 3, 0, 0], abs=0.015)
    assert shares[1] == pytest.approx([0, 2 / 3, 0, 1 / 3], abs=0.015)


def test_negatives_without_weights_come_alike():
    taken = np.array([[False, True, False, False]])
    negatives = sample_negatives(np.zeros(9000, int), taken, 1, np.random.default_rng(0))
    shares = np.bincount(negatives.ravel(), minlength=4) / len(negatives)
    assert shares == pytest.approx([1 / 3, 0, 1 / 3, 1 / 3], abs=0.02)


def test_negatives_are_refused_where_a_row_leaves_none():
    taken = np.array([[True, True, False], [False, True, False]])
    weights, rng = np.array([1, 1, 0]), np.random.default_rng(0)
    assert sample_negatives(np.array([1]), taken, 2, rng, weights).tolist() == [[0, 0]]
    with pytest.raises(CookbookError, match="taken every item"):
        sample_negatives(np.array([1, 0]), taken, 2, rng, weights)


def test_a_stream_goes_on_from_step_to_step_and_its_targets_are_one_place_on():
    inputs, targets = windows(np.arange(100), streams=3, length=4)
    assert inputs.shape == targets.shape == (8, 3, 4)
    streams = inputs.swapaxes(0, 1).reshape(3, 32)
    assert streams.tolist() == np.arange(96).reshape(3, 32).tolist()
    assert (targets - inputs == 1).all()


@pytest.mark.parametrize(("n", "steps"), [(13, 1), (24, 1), (25, 2), (36, 2), (37, 3)])
def test_only_what_does_not_fill_a_step_is_left_out(n, steps):
    inputs, targets = windows(np.arange(n), streams=3, length=4)
    assert np.sort(inputs, axis=None).tolist() == list(range(12 * steps))
    assert np.sort(targets, axis=None).tolist() == list(range(1, 12 * steps + 1))


def test_letters_can_be_cut_into_windows_too():
    inputs, targets = windows(np.array([*"abcdefghi"]), streams=2, length=4)
    assert ["".join(line) for line in inputs[0]] == ["abcd", "efgh"]
    assert ["".join(line) for line in targets[0]] == ["bcde", "fghi"]


@pytest.mark.parametrize(
    ("n", "length", "message"),
    [
        (0, 4, "0 characters is too short: 13 at least"),
        (12, 4, "12 characters is too short: 13 at least"),
        (3000, 1000, "3,000 characters is too short: 3,001 at least"),
    ],
)
def test_a_text_that_fills_no_step_is_refused_with_both_lengths(n, length, message):
    with pytest.raises(CookbookError, match=message):
        windows(np.arange(n), 3, length)


# Skip-grams


def test_pairs_within_a_window_are_all_of_them_at_their_distances():
    ids = np.array([7, 5, 7, 9])
    pairs, distances = pairs_within(ids, window=2)
    places = [(i, j) for i, j in itertools.permutations(range(4), 2) if abs(i - j) <= 2]
    expected = [(int(ids[i]), int(ids[j]), abs(i - j)) for i, j in places]
    assert sorted(zip(*pairs.T.tolist(), distances.tolist(), strict=True)) == sorted(expected)


@pytest.mark.parametrize("length", [0, 1, 2])
def test_a_text_shorter_than_the_window_gives_what_it_has(length):
    pairs, distances = pairs_within(np.arange(length), window=5)
    assert pairs.shape == (2 * (length > 1), 2) and len(distances) == len(pairs)


def test_a_window_without_a_place_is_refused():
    with pytest.raises(CookbookError, match="1 place or more, not 0"):
        pairs_within(np.arange(3), 0)


def test_skip_grams_thin_out_with_the_distance():
    ids = np.arange(20_000)
    pairs = skip_grams(ids, 4, np.random.default_rng(0))
    distances, times = np.unique(pairs[:, 1] - pairs[:, 0], return_counts=True)
    assert distances.tolist() == [-4, -3, -2, -1, 1, 2, 3, 4]
    expected = np.array([0.25, 0.5, 0.75, 1, 1, 0.75, 0.5, 0.25]) * len(ids)
    assert times == pytest.approx(expected, rel=0.03)


def test_subsampling_keeps_words_by_their_chance_and_in_order():
    ids = np.tile([0, 1, 2], 5000)
    kept = subsample(ids, np.array([1, 0, 0.25]), np.random.default_rng(0))
    assert np.bincount(kept) == pytest.approx([5000, 0, 1250], rel=0.05)
    text = np.arange(100)
    kept = subsample(text, np.full(100, 0.5), np.random.default_rng(0))
    assert 30 < len(kept) < 70 and (np.diff(kept) > 0).all()


def test_cooccurrences_are_the_skip_grams_to_be_expected():
    rng = np.random.default_rng(0)
    documents = [rng.integers(4, size=400), rng.integers(4, size=100)]
    everything = cooccurrences(documents, 3, np.ones(4)).toarray()
    drawn = np.zeros((4, 4))
    for _ in range(100):
        for ids in documents:
            np.add.at(drawn, tuple(skip_grams(ids, 3, rng).T), 1 / 100)
    assert everything == pytest.approx(drawn, rel=0.05)
    keep = np.array([1, 0.5, 0.5, 1])
    assert cooccurrences(documents, 3, keep).toarray() == pytest.approx(
        everything * np.outer(keep, keep)
    )
