"""What is hidden is hidden, what is known isn't recommended, metrics are as worked out by hand."""

from helpers import CookbookError
from helpers.chapters.lastfm_recommender import (
    als,
    hide,
    hold_out,
    item_similarity,
    log_counts,
    ranking,
    table_of,
    unit_rows,
)
from helpers.evaluate import (
    count_fans,
    coverage,
    ndcg_at_k,
    novelty,
    recall_at_k,
    recall_by_band,
    top_items,
)

import numpy as np
import pytest
from scipy.sparse import csr_matrix, random


@pytest.fixture
def plays() -> csr_matrix:
    table = random(60, 90, density=0.2, format="csr", rng=np.random.default_rng(0))
    table.data = np.ceil(100 * table.data)
    return table


def test_each_user_loses_the_share_and_nothing_is_lost(plays):
    known, hidden = hold_out(plays, seed=0)
    assert (known + hidden != plays).nnz == 0
    assert known.multiply(hidden).nnz == 0
    counts = np.diff(plays.indptr)
    expected = np.where(counts >= 5, counts // 5, 0)
    assert np.array_equal(np.diff(hidden.indptr), expected)


def test_users_with_few_items_keep_them():
    table = csr_matrix(np.tril(np.ones((6, 6))))
    _, hidden = hold_out(table, seed=0)
    assert np.diff(hidden.indptr).tolist() == [0, 0, 0, 0, 1, 1]


def test_hiding_repeats_with_its_seed(plays):
    first, again, other = (hold_out(plays, seed)[1] for seed in (1, 1, 2))
    assert (first != again).nnz == 0
    assert (first != other).nnz > 0


@pytest.mark.parametrize("share", [0, 1, -0.1, float("nan")])
def test_a_share_is_a_part(plays, share):
    with pytest.raises(CookbookError, match="above 0 and below 1"):
        hold_out(plays, 0, share=share)


def test_nothing_to_hide_is_an_error():
    with pytest.raises(CookbookError, match="5 items or more"):
        hold_out(csr_matrix(np.eye(4)), 0)


def test_the_best_unknown_items_come_in_order():
    scores = np.array([[0.1, 0.9, 0.5, 0.7], [4.0, 3.0, 2.0, 1.0]])
    known = csr_matrix([[0, 1, 0, 0], [0, 0, 1, 0]])
    before = scores.copy()
    assert top_items(scores, known, k=2).tolist() == [[3, 2], [0, 1]]
    assert top_items(scores, known, k=3).tolist() == [[3, 2, 0], [0, 1, 3]]
    assert np.array_equal(scores, before)


def test_one_who_knows_too_much_is_an_error():
    known = csr_matrix([[1, 1, 1, 0], [0, 0, 0, 1]])
    with pytest.raises(CookbookError, match="all but 1"):
        top_items(np.zeros((2, 4)), known, k=2)


def test_a_score_that_is_no_number_is_an_error():
    with pytest.raises(CookbookError, match="NaN"):
        top_items(np.full((1, 4), np.nan), csr_matrix((1, 4)), k=2)


def test_recall_and_ndcg_by_hand():
    hidden = csr_matrix([[0, 1, 1, 0, 0], [0, 0, 0, 0, 0], [1, 1, 1, 0, 0]])
    top = np.array([[3, 1], [0, 1], [2, 0]])
    recall = recall_at_k(top, hidden)
    ndcg = ndcg_at_k(top, hidden)
    assert recall == pytest.approx([0.5, 1.0])  # the second user has nothing hidden
    discount = 1 / np.log2(3)
    assert ndcg == pytest.approx([discount / (1 + discount), 1.0])


def test_coverage_and_novelty_by_hand():
    known = csr_matrix([[1, 1, 0], [1, 0, 0], [1, 0, 0], [1, 0, 0]])
    top = np.array([[0], [1], [1], [2]])
    assert coverage(top, 4) == 0.75
    assert novelty(top, known) == pytest.approx((0 + 2 + 2 + 2) / 4)


def test_recall_by_band_by_hand():
    hidden = csr_matrix([[1, 1, 0, 1], [1, 0, 0, 0]])
    fans = np.array([0, 1, 2, 9])
    found = recall_by_band(np.array([[0, 2], [1, 2]]), hidden, fans, [0, 1, 3, 9, 20])
    assert found.index.tolist() == ["0", "1 to 2", "3 to 8", "9 to 19", "20 or more"]
    assert found.to_numpy() == pytest.approx([0.5, 0, np.nan, 0, np.nan], nan_ok=True)


def test_a_part_keeps_its_secrets(plays):
    users, items = plays.nonzero()
    taggings = np.column_stack([users, items, items % 7])
    test, valid = (hide(plays, taggings, 3, validation) for validation in (False, True))
    assert (test.known + test.hidden != plays).nnz == 0
    assert (valid.known + valid.hidden != test.known).nnz == 0
    for part in (test, valid):
        assert part.tags.sum() == part.known.nnz, "one tag for each known pair, none for others"
        assert np.array_equal(part.tags.sum(axis=1).A1, count_fans(part.known))


def test_all_metrics_of_scores_that_know_the_answer(plays):
    part = hide(plays, np.zeros((1, 3), int), 0)
    perfect, inverted = part.hidden.toarray(), -part.hidden.toarray()
    assert ranking(perfect, part)["recall@20"] == ranking(perfect, part)["ndcg@20"] == 1
    assert ranking(inverted, part)["recall@20"] < 0.2
    assert set(ranking(perfect, part)) == {"recall@20", "ndcg@20", "coverage@10", "novelty@10"}


def test_logs_and_lengths():
    table = csr_matrix([[np.e - 1, 0, np.e**3 - 1], [0, 0, 0]])
    assert log_counts(table).toarray() == pytest.approx(np.array([[0.5, 0, 1.5], [0, 0, 0]]))
    table = csr_matrix([[3.0, 4.0], [0, 0]])
    assert unit_rows(table).toarray() == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))
    assert unit_rows(table, 0.5).toarray()[0] == pytest.approx(np.array([3, 4]) / np.sqrt(5))


def test_a_table_adds_up_what_is_there_twice():
    table = table_of(np.array([0, 0, 1]), np.array([2, 2, 0]), (2, 3))
    assert table.toarray().tolist() == [[0, 0, 2], [1, 0, 0]]


def test_als_finds_who_belongs_together():
    groups = np.kron(np.eye(2), np.ones((10, 8)))
    groups[0, 0] = 0
    users, items = als(csr_matrix(groups, dtype=np.float32), seed=0, size=4)
    scores = users[0] @ items.T
    assert scores[0] > scores[8:].max()


def test_neighbours_share_users():
    table = csr_matrix([[9, 1, 0, 1], [1, 2, 0, 0], [0, 0, 1, 1]])
    similar = item_similarity(table, shrink=0).toarray()
    assert similar.diagonal().tolist() == [0, 0, 0, 0]
    assert similar[0, 1] == pytest.approx(1.0)
    assert similar[0, 3] == pytest.approx(0.5)
    assert similar[0, 2] == 0
    assert np.allclose(similar, similar.T)
    assert item_similarity(table, shrink=2).toarray()[0, 1] == pytest.approx(0.5)


def test_each_item_keeps_its_nearest(plays):
    every, few = item_similarity(plays, k=90), item_similarity(plays, k=3)
    assert np.diff(few.indptr).max() == 3
    kept, rows = few.toarray(), every.toarray()
    for item in range(90):
        highest = np.sort(rows[item])[-3:]
        assert np.sort(kept[item][kept[item] > 0]) == pytest.approx(highest[highest > 0])
