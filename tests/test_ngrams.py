"""Kneser-Ney n-grams: probabilities that sum to one, and that plain counting gives too."""

from collections import Counter, defaultdict

from helpers import CookbookError
from helpers.chapters.char_rnn import KneserNey, mixture_weights

import numpy as np
import pytest
from samples.gutenberg import help_topics


def rest_of(model: KneserNey, context: list[int]) -> np.ndarray:
    """Probability of each character after `context`."""
    return np.array([model.probabilities(np.array([*context, i]))[-1] for i in range(model.size)])


def skewed_ids(seed: int, length: int = 200, size: int = 5) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.choice(size, length, p=rng.dirichlet(np.full(size, 0.5)))


class ByHand:
    """The same model in plain dicts, from the formulas of Chen and Goodman."""

    def __init__(self, ids: list[int], size: int, order: int):
        self.size, self.order = size, order
        self.counts = {order: Counter(zip(*(ids[start:] for start in range(order)), strict=False))}
        for length in range(order - 1, 0, -1):
            self.counts[length] = Counter(gram[1:] for gram in self.counts[length + 1])
            self.counts[length].setdefault(tuple(ids[:length]), 1)
        self.discounts = {length: self.discounts_of(length) for length in self.counts}
        self.after = defaultdict(dict)
        for table in self.counts.values():
            for gram, count in table.items():
                self.after[gram[:-1]][gram[-1]] = count

    def discounts_of(self, length: int) -> list[float]:
        """By count: 0, 1, 2, 3 or more."""
        often = Counter(self.counts[length].values())
        n = [max(often[count], 1) for count in range(5)]
        y = n[1] / (n[1] + 2 * n[2])
        return [0] + [max(k - (k + 1) * y * n[k + 1] / n[k], 0.1) for k in (1, 2, 3)]

    def probability(self, char: int, context: tuple[int, ...]) -> float:
        shorter = self.probability(char, context[1:]) if context else 1 / self.size
        if not (counts := self.after.get(context)):
            return shorter
        discounts = self.discounts[len(context) + 1]
        kept = max(counts.get(char, 0) - discounts[min(counts.get(char, 0), 3)], 0)
        left_over = sum(discounts[min(count, 3)] for count in counts.values())
        return (kept + left_over * shorter) / sum(counts.values())

    def probabilities(self, ids: list[int]) -> list[float]:
        starts = [max(0, end - self.order + 1) for end in range(len(ids))]
        return [self.probability(ids[b], tuple(ids[a:b])) for b, a in enumerate(starts)]


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_plain_counting_gives_the_same_probabilities(order):
    for seed in range(20):
        ids, test = skewed_ids(seed), np.random.default_rng(seed).integers(0, 6, 300)
        expected = ByHand(ids.tolist(), 6, order).probabilities(test.tolist())
        assert KneserNey(ids, 6, order).probabilities(test) == pytest.approx(expected, rel=1e-12)


def test_a_tiny_example_worked_out_by_hand():
    """Y is 1 / (1 + 2), the discounts 1 - 2Y, 2 - 3Y and 3 - 4Y: together 3 of the 6 counted."""
    model = KneserNey(np.array([0, 0, 0, 1, 1, 2]), size=4, order=1)
    shared = 3 / 6 / 4
    expected = [(3 - 5 / 3) / 6 + shared, (2 - 1) / 6 + shared, (1 - 1 / 3) / 6 + shared, shared]
    assert rest_of(model, []) == pytest.approx(expected)
    assert rest_of(model, [2, 3]) == pytest.approx(expected), "order 1 looks at nothing before"


def test_after_an_unknown_context_counts_how_many_a_character_follows():
    """1 is the most frequent, and only ever comes after 0; 2 comes after many."""
    ids = np.array([0, 1] * 30 + [3, 2, 4, 2, 5, 2, 0, 2])
    model = KneserNey(ids, size=7, order=2)
    assert KneserNey(ids, 7, 1).probabilities(np.array([1])) > 0.3
    after_unknown, after_0 = rest_of(model, [6]), rest_of(model, [0])
    assert after_unknown[2] > 2 * after_unknown[1] and after_0[1] > 0.8


@pytest.mark.parametrize("order", [1, 2, 3, 6])
def test_probabilities_sum_to_one_after_any_context(order):
    for seed in range(5):
        ids = skewed_ids(seed)
        model = KneserNey(ids, size=7, order=order)
        seen, start = ids[50:60].tolist(), ids[: order - 1].tolist()
        end, rare = ids[-order:].tolist(), int(np.bincount(ids, minlength=5).argmin())
        for context in ([], [0], [rare], [5, 6, 5, 6], [*seen, 6], [6, *seen], seen, start, end):
            assert rest_of(model, context).sum() == pytest.approx(1, abs=1e-12)


def test_every_character_gets_some_probability_whatever_came_before():
    """Also where counts are such that the formula would discount nothing."""
    for seed in range(100):
        ids, test = skewed_ids(seed, 120), np.random.default_rng(seed).integers(0, 7, 300)
        for order in (1, 2, 3):
            assert KneserNey(ids, 7, order).probabilities(test).min() > 0


def test_each_longer_context_helps_on_text_with_structure():
    text = help_topics()[:60_000]
    _, ids = np.unique(list(text), return_inverse=True)
    train, test = ids[:50_000], ids[50_000:]
    models = [KneserNey(train, ids.max() + 1, order) for order in range(1, 6)]
    losses = [-np.log2(model.probabilities(test)).mean() for model in models]
    assert np.all(np.diff(losses) < -0.1), losses
    assert losses[-1] < 3 < 4 < losses[0]


def test_a_repeat_is_learnt_and_the_same_ids_give_the_same_model():
    ids = np.tile([0, 1, 2, 1], 50)
    before = ids.copy()
    first, again = (KneserNey(ids, 3, 4).probabilities(ids) for _ in range(2))
    assert first[3:].min() > 0.9
    assert np.array_equal(first, again) and np.array_equal(ids, before)


def test_a_text_shorter_than_the_order_gets_probabilities_too():
    model = KneserNey(skewed_ids(0), 5, order=4)
    long = model.probabilities(np.array([0, 1, 2, 3, 4]))
    assert model.probabilities(np.array([0, 1])).tolist() == long[:2].tolist()
    assert model.probabilities(np.array([], int)).shape == (0,)


@pytest.mark.parametrize(("size", "most"), [(2, 63), (8, 21), (65, 10), (100, 9)])
def test_the_longest_order_is_the_one_that_the_error_names(size, most):
    ids = np.random.default_rng(0).integers(0, size, 200)
    model = KneserNey(ids, size, most)
    assert rest_of(model, ids[:most].tolist()).sum() == pytest.approx(1)
    for order in (0, -1, most + 1, 1000):
        with pytest.raises(CookbookError, match=f"between 1 and {most} here, not {order}"):
            KneserNey(ids, size, order)


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 1], "2 characters are fewer than the order 3"),
        ([], "0 characters are fewer than the order 3"),
        ([0, 1, 2, 5], "ids must lie between 0 and 4"),
        ([0, -1, 2, 1], "ids must lie between 0 and 4"),
    ],
)
def test_bad_ids_are_refused(ids, message):
    with pytest.raises(CookbookError, match=message):
        KneserNey(np.array(ids, int), size=5, order=3)


@pytest.mark.parametrize("order", [1, 2, 4])
@pytest.mark.parametrize("before", [0, 1, 2, 3, 50])
def test_what_follows_a_context_is_as_probable_as_in_one_text_with_it(order, before):
    model = KneserNey(skewed_ids(0), 5, order)
    context, ids = skewed_ids(1, before), skewed_ids(0)[:30]
    expected = np.log(model.probabilities(np.concatenate([context, ids]))[before:])
    assert model.log_probabilities(ids, context) == pytest.approx(expected, rel=1e-12)


def test_the_context_counts():
    model = KneserNey(np.tile([0, 1, 2], 50), 3, order=2)
    after_0, after_1 = (model.log_probabilities(np.array([1]), np.array([i])) for i in (0, 1))
    assert np.exp(after_0) > 0.9 > 0.1 > np.exp(after_1)


# ---- Mixtures of models


@pytest.mark.parametrize("k", [1, 2, 5])
def test_no_other_weights_make_the_mixture_likelier(k):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        probabilities = rng.random((k, 300)) ** rng.uniform(0.5, 3, (k, 1))
        weights = mixture_weights(probabilities)
        assert weights.shape == (k,) and weights.min() >= 0 and weights.sum() == pytest.approx(1)
        others = [*np.eye(k), np.full(k, 1 / k), *rng.dirichlet(np.ones(k), 100)]
        others += [0.99 * weights + 0.01 * other for other in others]
        nats = -np.log(np.array([weights, *others]) @ probabilities).mean(axis=1)
        assert nats[0] <= nats[1:].min() + 1e-5


def test_the_shares_of_a_planted_mixture_are_found():
    """Each character comes from one of three models, each almost sure of another character."""
    rng, shares, n = np.random.default_rng(0), [0.6, 0.3, 0.1], 5000
    favourites = rng.integers(10, size=(3, n))
    source = rng.choice(3, n, p=shares)
    sure = rng.random(n) < 0.91
    ids = np.where(sure, favourites[source, np.arange(n)], rng.integers(10, size=n))
    weights = mixture_weights(np.where(favourites == ids, 0.91 + 0.009, 0.009))
    assert weights == pytest.approx(shares, abs=0.03)


def test_a_model_that_is_always_worse_gets_no_weight():
    assert mixture_weights(np.array([[0.1] * 9, [0.9] * 9])) == pytest.approx([0, 1])
