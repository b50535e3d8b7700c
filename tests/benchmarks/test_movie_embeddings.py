"""Chapter 03 beside the book: labelled pairs of a film and a link, drawn for one epoch.

The book draws pair by pair: true ones from a list, false ones at random until one isn't true. The
chapter draws an epoch at once and draws again what clashed. Both give as many pairs, in batches of
the same size, ten false ones for each true.
"""

import random
import statistics
from collections import deque
from collections.abc import Iterator

from helpers.datasets.films import load_films
from helpers.fetch import FetchError
from helpers.sampling import sample_negatives

import numpy as np
import pytest
from measuring import timed, write_report
from sklearn.preprocessing import MultiLabelBinarizer

MIN_RATIO = 5  # of pairs a second, ours to the book's
POSITIVES, NEGATIVES = 512, 10  # true pairs in a batch, false ones for each
RUNS = 3  # of ours, the median of which counts

Batches = Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]  # films, links, labels


def book_batches(pairs: np.ndarray, shape: tuple[int, int], batches: int) -> Batches:
    listed = [tuple(pair) for pair in pairs.tolist()]
    true = set(listed)
    size = POSITIVES * (1 + NEGATIVES)
    for _ in range(batches):
        batch = np.zeros((size, 3))
        for row, (film, link) in enumerate(random.sample(listed, POSITIVES)):
            batch[row] = film, link, 1
        row = POSITIVES
        while row < size:
            film, link = random.randrange(shape[0]), random.randrange(shape[1])
            if (film, link) not in true:
                batch[row] = film, link, -1
                row += 1
        np.random.default_rng(row).shuffle(batch)
        yield batch[:, 0], batch[:, 1], batch[:, 2]


def our_batches(pairs: np.ndarray, known: np.ndarray, batches: int) -> Batches:
    rng = np.random.default_rng(0)
    true = pairs[rng.permutation(len(pairs))[: batches * POSITIVES]]
    false = sample_negatives(true[:, 0], known, NEGATIVES, rng)
    links = np.c_[true[:, 1], false]
    labels = np.tile([1.0] + NEGATIVES * [-1.0], POSITIVES)
    for rows in np.split(np.arange(len(true)), batches):
        yield true[rows, 0].repeat(1 + NEGATIVES), links[rows].ravel(), labels


def count(batches: Batches, known: np.ndarray) -> tuple[int, int]:
    """How many pairs are labelled true, and how many false; every label is right."""
    true = total = 0
    for films, links, labels in batches:
        assert np.array_equal(known[films.astype(int), links.astype(int)], labels == 1)
        true, total = true + (labels == 1).sum(), total + len(labels)
    return true, total - true


def use_up(batches: Batches) -> None:
    deque(batches, maxlen=0)


def test_draws_labelled_pairs_faster_than_the_book():
    try:
        films = load_films("wikipedia-movie-data", "full")
    except FetchError as error:
        pytest.skip(f"needs the full data: {error.headline}")
    known = MultiLabelBinarizer().fit_transform(films["links"]).astype(bool)
    pairs = np.argwhere(known)
    epoch = len(pairs) // POSITIVES
    drawn = (epoch * POSITIVES, epoch * POSITIVES * NEGATIVES)
    assert count(our_batches(pairs, known, epoch), known) == drawn
    assert count(book_batches(pairs, known.shape, epoch), known) == drawn

    _, book = timed(use_up, book_batches(pairs, known.shape, epoch))
    ours = statistics.median(
        timed(use_up, our_batches(pairs, known, epoch))[1] for _ in range(RUNS)
    )
    report = {
        "pairs": sum(drawn),
        "book_pairs_per_second": sum(drawn) / book,
        "ours_pairs_per_second": sum(drawn) / ours,
        "ratio": book / ours,
    }
    print("", *(f"{name}: {value:,.1f}" for name, value in report.items()), sep="\n")
    write_report("03_movie_embeddings", report)
    assert report["ratio"] >= MIN_RATIO
