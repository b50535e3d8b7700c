"""Chapter 06 beside its recipe: two factorisations of play counts, re-created with the recipe's
settings, against one constant; and how long a new listener waits for recommendations.
"""

import statistics

from helpers.chapters.lastfm_recommender import hide, ranking, table_of
from helpers.datasets.lastfm import COUNTS_IN_FULL, read_lastfm
from helpers.fetch import FetchError, fetch
from helpers.run import NOTEBOOKS

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf
from measuring import timed, write_report
from notebook_code import notebook_code
from scipy.sparse import csr_matrix

MAX_MILLISECONDS = 50  # until a new listener has recommendations
RUNS = 20
MINE = {"Chris Brown": 4000, "Justin Timberlake": 6000, "David Guetta": 500, "Drake": 200}
RECIPE = {  # the settings of its two models
    "factorised": {"size": 50, "spread": 0.25, "rate": 0.01, "steps": 1000},
    "regularised, gravity": {
        **{"size": 35, "spread": 0.05, "rate": 0.1, "steps": 2000},
        **{"regularisation": 0.1, "gravity": 1.0},
    },
}


def factorised(
    counts: csr_matrix,
    size: int,
    spread: float,
    rate: float,
    steps: int,
    regularisation: float = 0,
    gravity: float = 0,
) -> tuple[np.ndarray, np.ndarray]:
    """Vectors of users and artists after plain descent on the squared error of known counts."""
    keras.utils.set_random_seed(0)
    user, artist = counts.nonzero()
    vectors = [tf.Variable(tf.random.normal((n, size), stddev=spread)) for n in counts.shape]

    @tf.function
    def step() -> None:
        with tf.GradientTape() as tape:
            u, v = vectors
            guess = tf.reduce_sum(tf.gather(u, user) * tf.gather(v, artist), 1)
            loss = tf.reduce_mean((guess - counts.data) ** 2)
            loss += regularisation * sum(tf.reduce_mean(tf.reduce_sum(x**2, 1)) for x in vectors)
            products = tf.matmul(u, u, transpose_a=True) * tf.matmul(v, v, transpose_a=True)
            loss += gravity * tf.reduce_sum(products) / counts.shape[0] / counts.shape[1]
        for variable, slope in zip(vectors, tape.gradient(loss, vectors), strict=True):
            variable.assign_sub(rate * slope)

    for _ in range(steps):
        step()
    return vectors[0].numpy(), vectors[1].numpy()


def test_the_recipe_loses_to_a_constant():
    try:
        data = read_lastfm(fetch("lastfm"), COUNTS_IN_FULL)
    except FetchError as error:
        pytest.skip(f"needs the full data: {error.headline}")
    listens = data.listens
    (users, user_ids), (artists, ids) = (pd.factorize(listens[key]) for key in ("user", "artist"))
    plays = table_of(users, artists, (len(user_ids), len(ids)), listens["plays"])
    part = hide(plays, np.zeros((1, 3), int), seed=0)
    user, artist = part.hidden.nonzero()
    constant = np.mean((part.known.data.mean() - part.hidden.data) ** 2)
    report = {"constant": {"squared_error": float(constant)}}
    for name, settings in RECIPE.items():
        (u, v), seconds = timed(lambda settings=settings: factorised(part.known, **settings))
        error = np.mean(((u[user] * v[artist]).sum(axis=1) - part.hidden.data) ** 2)
        recall = ranking(u @ v.T, part)["recall@20"]
        report[name] = {"squared_error": float(error), "recall@20": recall, "seconds": seconds}
    print("", *(f"{name}: {row}" for name, row in report.items()), sep="\n")
    write_report("06_lastfm_recommender_recipe", report)
    assert all(report[name]["squared_error"] > constant for name in RECIPE)


def test_a_new_listener_waits_no_longer_than_a_blink(tmp_path):
    notebook = NOTEBOOKS / "06_lastfm_recommender.ipynb"
    chapter = notebook_code(notebook, tmp_path / "chapter.py", "recommend")
    times = [timed(chapter.recommend, MINE)[1] for _ in range(RUNS)]
    report = {"milliseconds": 1000 * statistics.median(times), "slowest": 1000 * max(times)}
    print("", report)
    write_report("06_lastfm_recommender_wait", report)
    assert report["milliseconds"] <= MAX_MILLISECONDS
