"""A language model by counting: Kneser-Ney n-grams of characters, the baseline of chapter 04."""

from dataclasses import dataclass

from helpers import CookbookError

import numpy as np


@dataclass(frozen=True)
class _Counts:
    """N-grams of one length, as sorted numbers: `grams` and, shorter by a character, `contexts`."""

    grams: np.ndarray
    discounted: np.ndarray  # count of each gram, less its discount
    contexts: np.ndarray
    totals: np.ndarray  # sum of the counts after each context
    left_over: np.ndarray  # the part of it that discounting took, for the shorter context to share


class KneserNey:
    """Interpolated Kneser-Ney with three discounts (Chen and Goodman, An Empirical Study of
    Smoothing Techniques for Language Modeling, 1998), over `ids` (n,) from 0 to `size` - 1.

    A character is predicted from the `order` - 1 before it. Raises `CookbookError` where `ids` are
    fewer than `order`, or lie outside, or `order` is too long for the vocabulary.
    """

    def __init__(self, ids: np.ndarray, size: int, order: int = 7):
        if order < 1 or size**order > 2**63:
            limit = int(63 / np.log2(size))
            raise CookbookError(f"order must lie between 1 and {limit} here, not {order}.")
        if len(ids) < order:
            raise CookbookError(f"{len(ids)} characters are fewer than the order {order}.")
        if ids.min() < 0 or ids.max() >= size:
            raise CookbookError(f"ids must lie between 0 and {size - 1}.")
        self.size, self.order = size, order
        grams, counts = np.unique(_grams(ids, order, size), return_counts=True)
        self.levels = [self._level(grams, counts)]
        for length in range(order - 1, 0, -1):
            # A shorter n-gram counts once for each character that it was seen after ...
            grams, counts = np.unique(grams % size**length, return_counts=True)
            first = _grams(ids[:length], length, size)  # ... and the first one was seen after none
            if first not in grams:
                place = np.searchsorted(grams, first)
                grams, counts = np.insert(grams, place, first), np.insert(counts, place, 1)
            self.levels.insert(0, self._level(grams, counts))

    def probabilities(self, ids: np.ndarray) -> np.ndarray:
        """Probability (n,) of each of `ids` (n,) after those before it."""
        probability = np.full(len(ids), 1 / self.size)
        for length, level in enumerate(self.levels, start=1):
            if len(ids) < length:
                break
            grams = _grams(ids, length, self.size)
            gram, seen = _find(level.grams, grams)
            context, known = _find(level.contexts, grams // self.size)
            shorter = probability[length - 1 :]
            own = np.where(seen, level.discounted[gram], 0) / level.totals[context]
            shared = level.left_over[context] / level.totals[context] * shorter
            probability[length - 1 :] = np.where(known, own + shared, shorter)
        return probability

    def log_probabilities(self, ids: np.ndarray, context: np.ndarray) -> np.ndarray:
        """ln p (n,) of each of `ids` (n,), which follow `context`."""
        context = context[len(context) - min(len(context), self.order - 1) :]
        return np.log(self.probabilities(np.concatenate([context, ids]))[len(context) :])

    def _level(self, grams: np.ndarray, counts: np.ndarray) -> _Counts:
        once, twice, thrice, four = (max((counts == n).sum(), 1) for n in range(1, 5))
        share = once / (once + 2 * twice)
        discounts = [1 - 2 * share * twice / once, 2 - 3 * share * thrice / twice]
        discounts.append(3 - 4 * share * four / thrice)
        # Few counts can give less than 0; at 0 nothing would be left for what never came.
        discount = np.clip(discounts, 0.1, (1, 2, 3))[np.minimum(counts, 3) - 1]
        contexts, starts = np.unique(grams // self.size, return_index=True)
        totals, left_over = np.add.reduceat(counts, starts), np.add.reduceat(discount, starts)
        return _Counts(grams, counts - discount, contexts, totals, left_over)


def mixture_weights(probabilities: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Weights (k,), 1 in all, with which the sum of `probabilities` (k, n) is likeliest.

    Found by expectation maximisation: by turns, say which of the k models each of the n
    characters is due to, and give each model the share that is due to it.
    """
    weights = np.full(len(probabilities), 1 / len(probabilities))
    for _ in range(rounds):
        due = weights[:, None] * probabilities
        weights = (due / due.sum(axis=0)).mean(axis=1)
    return weights


def _grams(ids: np.ndarray, length: int, size: int) -> np.ndarray:
    """Each n-gram of `ids` as one number, its digits in base `size`: (n - length + 1,)."""
    grams = np.zeros(len(ids) - length + 1, np.int64)
    for place in range(length):
        grams = grams * size + ids[place : len(ids) - length + 1 + place]
    return grams


def _find(table: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Row of each value in a sorted table, and whether it is there."""
    rows = np.searchsorted(table, values).clip(max=len(table) - 1)
    return rows, table[rows] == values
