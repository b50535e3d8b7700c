"""Metrics against answers worked out by hand."""

from helpers import CookbookError
from helpers.evaluate import correlation, mrr_and_auc, paired_bootstrap, probe, purity, ranks

import numpy as np
import pytest

SCORES = np.array([[0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.9, 0.5, 0.1], [0.2, 0.2, 0.2]])
TRUTH = np.array([0, 1, 2, 0])


def test_ranks_count_better_scores_and_share_ties():
    assert list(ranks(SCORES, TRUTH)) == [1, 2, 3, 2]
    assert list(ranks(np.array([[1, 2, 2, 2, 3]]), np.array([1]))) == [3]


def test_only_candidates_compete_and_the_truth_always_does():
    candidates = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 0]], bool)
    before = candidates.copy()
    assert list(ranks(SCORES, TRUTH, candidates)) == [1, 1, 2, 1.5]
    assert np.array_equal(candidates, before), "the argument is left alone"


def test_reciprocal_ranks():
    assert (1 / ranks(SCORES, TRUTH)).mean() == pytest.approx((1 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    alone = np.eye(3, dtype=bool)[TRUTH]
    assert (1 / ranks(SCORES, TRUTH, alone)).mean() == 1


def test_mrr_and_auc_of_the_first_column():
    """By hand: places 1, 3 and, in a tie with both negatives, 2."""
    mrr, auc = mrr_and_auc(np.array([[3.0, 1, 2], [0, 1, 2], [5, 5, 5]]))
    assert mrr == pytest.approx((1 + 1 / 3 + 1 / 2) / 3)
    assert auc == pytest.approx((1 + 0 + 1 / 2) / 3)


@pytest.mark.parametrize("scores", [np.empty((0, 3)), np.array([[0.5, np.nan, 0.1]])])
def test_nothing_to_rank_is_an_error(scores):
    with pytest.raises(CookbookError, match="Nothing to rank"):
        ranks(scores, np.zeros(len(scores), int))


@pytest.mark.parametrize(
    "classes, clusters, expected",
    [
        ("aabb", [5, 5, 9, 9], 1),
        ("aaab", [0, 0, 0, 0], 3 / 4),
        ("abcd", [0, 1, 2, 3], 1),
        # figure 16.4 of Manning et al.: x, o and d in three clusters
        ("xxxxxo" + "xooood" + "xxddd", [1] * 6 + [2] * 6 + [3] * 5, 12 / 17),
    ],
)
def test_purity_of_one_class_each(classes, clusters, expected):
    member = np.array([[c == name for name in sorted(set(classes))] for c in classes])
    assert purity(member, np.array(clusters)) == pytest.approx(expected)


def test_purity_counts_an_item_in_every_class_it_has():
    member = np.array([[1, 0], [1, 1], [0, 1], [0, 1], [0, 0]], bool)
    assert purity(member, np.array([0, 0, 1, 1, 1])) == pytest.approx(4 / 5)


def test_correlation_is_that_of_numpy_column_by_column():
    rng = np.random.default_rng(0)
    x, y = rng.normal(5, 3, size=(40, 6)), rng.normal(-2, 9, size=40)
    x[:, 1], x[:, 2] = 3 * y + 1, -y
    expected = [np.corrcoef(column, y)[0, 1] for column in x.T]
    assert correlation(x, y) == pytest.approx(expected)
    assert correlation(x, y)[1:3] == pytest.approx([1, -1])


def test_a_constant_column_follows_nothing():
    x = np.array([[0.1, 1], [0.1, 2], [0.1, 4]])
    assert correlation(x, np.array([1.0, 2, 4])) == pytest.approx([0, 1])
    assert correlation(x, np.full(3, 0.1)) == pytest.approx([0, 0])


NOISE = np.random.default_rng(1).normal(size=(2000, 20))


def test_a_probe_finds_the_column_that_tells_the_target():
    found = probe(NOISE, 0.1 * NOISE[:, 3] - NOISE[:, 7])
    assert found["best"] == 7 and found["strong"] == 1
    assert found["best_r"] == pytest.approx(-1, abs=0.02), "also one that goes the other way"
    assert found["probe_r"] > 0.99


def test_a_probe_finds_what_only_a_sum_of_columns_tells():
    target = NOISE[:, :10].sum(axis=1)
    found = probe(NOISE, target)
    assert found["best"] < 10 and found["strong"] == 0
    assert abs(found["best_r"]) < 0.45 < 0.99 < found["probe_r"]
    assert probe(NOISE, target, strong=0.2)["strong"] == 10


def test_a_probe_does_not_pass_for_what_it_learnt_by_heart():
    rng = np.random.default_rng(2)
    features, target = rng.normal(size=(800, 400)), rng.normal(size=800)
    assert abs(probe(features, target)["probe_r"]) < 0.15
    features[400:], target[400:] = features[:400], target[:400]
    assert probe(features, target)["probe_r"] > 0.7, "it fits what it was fitted to"


def test_the_best_column_is_chosen_on_the_first_half_and_judged_on_the_second():
    target = NOISE[:, 0].copy()
    features = NOISE[:, 1:].copy()
    features[:1000, 4], features[1000:, 5] = target[:1000], target[1000:]
    found = probe(features, target)
    assert found["best"] == 4 and abs(found["best_r"]) < 0.1


def test_rows_without_a_target_do_not_count():
    target = NOISE[:, :3].sum(axis=1)
    unknown = np.arange(0, 2000, 10)
    features = np.insert(NOISE, unknown, 1e6, axis=0)
    with_gaps = np.insert(target, unknown, np.nan)
    assert probe(features, with_gaps) == pytest.approx(probe(NOISE, target))


def test_the_bootstrap_interval_is_that_of_a_mean():
    """Of 400 gains with mean .1 and deviation 1, 95 % of means lie within 1.96 / 20 of theirs."""
    gains = np.random.default_rng(0).normal(size=400)
    gains += 0.1 - gains.mean()
    mean, low, high = paired_bootstrap(gains)
    assert mean == pytest.approx(0.1)
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.1)
    assert low < mean < high
    assert paired_bootstrap(gains) == (mean, low, high), "seeded"
    narrow = paired_bootstrap(gains, level=0.5)
    assert low < narrow[1] < narrow[2] < high
