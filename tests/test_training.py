import random

from helpers import CookbookError
from helpers.training import ProgressBar, log_for_tensorboard, progress, set_seeds

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from toy_models import compiled, numbers

# ---- Seeds


def trained_weights(seed: int) -> np.ndarray:
    set_seeds(seed)
    model = compiled(layers.Dense(8), layers.Dropout(0.5), layers.Dense(1))
    x = numbers()
    model.fit(x, x[:, 0], epochs=1, verbose=0)
    return np.concatenate([weights.ravel() for weights in model.get_weights()])


def test_a_seed_repeats_a_whole_training():
    first, again, other = trained_weights(7), trained_weights(7), trained_weights(8)
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_seed_covers_python_and_numpy():
    draws = []
    for _ in range(2):
        set_seeds(np.int64(7))
        draws.append((random.random(), np.random.rand(), float(tf.random.uniform(()))))
    assert draws[0] == draws[1]


@pytest.mark.parametrize("seed", [1.5, "7", None, -1, 2**32])
def test_bad_seeds_are_named(seed):
    with pytest.raises(CookbookError, match=f"seed .*{seed}"):
        set_seeds(seed)


# ---- Progress


def test_progress_writes_to_stdout_only(capsys):
    assert list(progress(range(3), desc="films")) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert "films: 100%" in out and err == ""


def fit_with_bar(capsys, *data, epochs, model=None, **options) -> tuple[str, dict]:
    """What the bar leaves standing, and the history."""
    model = model or compiled(layers.Dense(1))
    bar = ProgressBar()
    history = model.fit(*data, epochs=epochs, verbose=0, callbacks=[bar], **options).history
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("\n") == 1 and out.endswith("\n"), "one line in all"
    assert max(map(len, out.rstrip().split("\r"))) <= 90
    return out.rstrip().split("\r")[-1], history


def test_bar_shows_epochs_and_both_losses(capsys):
    x = numbers()
    line, history = fit_with_bar(capsys, x, x[:, 0], epochs=2, validation_split=0.5)
    assert line.startswith("epoch 2/2: 100%")
    assert f"loss {history['loss'][-1]:.4g}, val_loss {history['val_loss'][-1]:.4g}" in line


@pytest.mark.filterwarnings("ignore:Your input ran out of data")  # how Keras learns the end
def test_bar_counts_epochs_where_steps_are_unknown(capsys):
    x = numbers()
    signature = (tf.TensorSpec((None, 4)), tf.TensorSpec((None,)))
    batches = tf.data.Dataset.from_generator(
        lambda: ((x[i : i + 20], x[i : i + 20, 0]) for i in (0, 20, 40)), output_signature=signature
    )
    line, _ = fit_with_bar(capsys, batches, epochs=2, shuffle=False)
    assert line.startswith("epoch 2/2: 100%")


def test_bar_ends_full_where_keras_bundles_steps(capsys):
    x = numbers(70)
    model = compiled(layers.Dense(1), steps_per_execution=4, run_eagerly=False)
    line, _ = fit_with_bar(capsys, x, x[:, 0], epochs=3, model=model, batch_size=10)
    assert line.startswith("epoch 3/3: 100%")


def test_bar_starts_where_a_resumed_training_starts_and_stops_where_it_stops(capsys):
    class StopAtOnce(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            self.model.stop_training = True

    x, bar = numbers(), ProgressBar()
    compiled(layers.Dense(1)).fit(
        x, x[:, 0], initial_epoch=1, epochs=4, verbose=0, callbacks=[bar, StopAtOnce()]
    )
    out = capsys.readouterr().out
    assert "epoch 2/4:  25%" in out.split("\r")[1]
    assert out.rstrip().split("\r")[-1].startswith("epoch 2/4:  50%")


# ---- TensorBoard


def test_tensorboard_finds_losses_and_graph_of_the_last_run_only(tmp_path):
    for losses in ([9.0], [3.0, 2.0]):
        log_for_tensorboard(tmp_path / "run", losses, lambda x: x * 2, tf.ones(3))
    files = list((tmp_path / "run").glob("events*"))
    events = [event for file in files for event in tf.compat.v1.train.summary_iterator(str(file))]
    values = [(event.step, value) for event in events for value in event.summary.value]
    logged = {step: tf.make_ndarray(v.tensor).item() for step, v in values if v.tag == "loss"}
    assert logged == {0: 3.0, 1: 2.0}
    assert "graph" in [value.tag for _, value in values]
