"""Ways to search among many vectors, against the exact answer."""

from helpers.chapters.question_matching import compare_searchers, mixtures, searchers
from helpers.embeddings import normalise

import numpy as np
import pytest


@pytest.fixture(scope="module")
def crowd():
    some = normalise(np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32))
    return mixtures(some, 10_000)


def test_mixtures_keep_what_is_real_and_crowd_around_it(crowd):
    real, made = crowd[:500], crowd[500:]
    assert np.allclose(np.linalg.norm(crowd, axis=1), 1, atol=1e-5)
    assert np.allclose(mixtures(real, 10_000), crowd, atol=1e-6), "seeded"
    assert np.allclose(mixtures(real, 100), real[:100]), "fewer than there are: the first"
    nearest_real = (made @ real.T).max(axis=1)
    assert nearest_real.min() > 0.6 and np.mean(nearest_real < 0.999) > 0.99


def test_exact_ways_agree_and_the_others_find_most(crowd):
    queries = normalise(crowd[:20] + 0.3 * crowd[20:40])
    table = compare_searchers(crowd, queries)
    assert (table["recall"].iloc[:3] == 1).all()
    assert (table["recall"].iloc[3:] > 0.7).all()
    assert table.at["faiss", "MB"] == pytest.approx(crowd.nbytes / 1e6)
    assert table.at["faiss, clusters, bytes", "MB"] < 0.4 * table.at["faiss", "MB"]


def test_a_vector_finds_itself(crowd):
    for name, search, _ in searchers(crowd, k=3):
        found = search(crowd[7])
        assert len(found) == 3 and 7 in found, name
