"""Small models and data that several tests train on."""

import keras
import numpy as np


def compiled(*stack, loss="mse", optimizer="adam", inputs=4, **options) -> keras.Model:
    """A small model over rows of `inputs` numbers; eager, as a few steps need no graph."""
    model = keras.Sequential([keras.Input((inputs,)), *stack])
    model.compile(optimizer, loss, **{"run_eagerly": True} | options)
    return model


def numbers(rows: int = 60, columns: int = 4) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(rows, columns)).astype("float32")
