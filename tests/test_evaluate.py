"""Metrics against answers worked out by hand."""

from helpers import CookbookError
from helpers.evaluate import mrr_and_auc, purity, ranks

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
