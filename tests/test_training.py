import time
import timeit

from helpers.bars import byte_bar, progress
from helpers.chapters.bands2vec import log_for_tensorboard
from helpers.chapters.char_rnn import FreshState
from helpers.chapters.word2vec_from_scratch import batches, fit, timed
from helpers.training import ProgressBar, fastest_policy

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from toy_models import compiled, numbers

# ---- Progress


def test_progress_writes_to_stdout_only(capsys):
    assert list(progress(range(3), desc="films")) == [0, 1, 2]
    out, err = capsys.readouterr()
    assert "films: 100%" in out and err == ""


def test_a_bar_over_bytes_starts_where_a_download_goes_on_and_goes_at_the_end(capsys):
    with byte_bar("films.bin", 4_000_000, done=1_000_000) as bar:
        bar.update(3_000_000)
        bar.refresh()
    states = capsys.readouterr().out.split("\r")
    assert any("films.bin:  25%" in state and "1.00M/4.00M" in state for state in states)
    assert any("films.bin: 100%" in state for state in states)
    assert states[-1].strip() == ""


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


# ---- Recurrent layers that keep their state


def fit_stateful(training: float, *callbacks) -> tuple[keras.Model, dict]:
    """A model whose weights stay as they are, so that losses change by its state only."""
    keras.utils.set_random_seed(7)
    lstm = layers.LSTM(3, stateful=True)
    model = keras.Sequential([keras.Input((None, 1), batch_size=2), lstm, layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.0), "mse", run_eagerly=True)
    x, y = np.full((2, 1, 1), training), np.ones(2)
    options = {"batch_size": 2, "epochs": 2, "shuffle": False, "verbose": 0}
    history = model.fit(x, y, validation_data=(x * 0, y), callbacks=callbacks, **options)
    return model, history.history


def test_validation_does_not_depend_on_what_training_read_before():
    kept = [fit_stateful(training)[1]["val_loss"][0] for training in (1, -1)]
    assert abs(kept[0] - kept[1]) > 1e-3, "it would without the callback"
    fresh = [fit_stateful(training, FreshState())[1]["val_loss"] for training in (1, -1)]
    assert fresh[0] + fresh[1] == pytest.approx([fresh[0][0]] * 4, rel=1e-6)


def test_training_goes_on_with_an_empty_state_after_validation():
    kept = fit_stateful(1)[1]["loss"]
    assert abs(kept[0] - kept[1]) > 1e-3, "not so without the callback"
    model, history = fit_stateful(1, FreshState())
    assert history["loss"][0] == pytest.approx(history["loss"][1], rel=1e-6)
    assert not any(np.any(state) for state in model.layers[0].states)


@pytest.mark.parametrize("recurrent", [False, True])
def test_models_that_keep_no_state_train_as_ever(recurrent):
    x, losses = numbers(), []
    for callbacks in ([], [FreshState()]):
        keras.utils.set_random_seed(7)
        stack = [layers.Reshape((4, 1)), layers.LSTM(2)] if recurrent else []
        options = {"validation_split": 0.5, "verbose": 0, "callbacks": callbacks}
        history = compiled(*stack, layers.Dense(1)).fit(x, x[:, :1], **options).history
        losses.append([history["loss"], history["val_loss"]])
    assert losses[0] == losses[1]


# ---- Number formats


def test_the_fastest_policy_is_one_that_keras_takes():
    policy = fastest_policy(8, 16, 4)
    assert policy in ("mixed_bfloat16", "float32")
    assert keras.DTypePolicy(policy).variable_dtype == "float32"


@pytest.mark.parametrize(
    ("bfloat16", "float32", "policy"),
    [
        ([1, 1], [2, 2], "mixed_bfloat16"),
        ([2, 2], [1, 1], "float32"),
        ([90, 10], [20, 20], "mixed_bfloat16"),  # the first one builds the graph
        ([0.2, 0.2], [0.9, 0.1], "float32"),
    ],
)
def test_the_policy_goes_by_the_best_time_of_each_product(monkeypatch, bfloat16, float32, policy):
    def repeat(product, **_):
        result = product()
        assert result.shape == (2, 4)
        return {"bfloat16": bfloat16, "float32": float32}[result.dtype.name]

    monkeypatch.setattr(timeit, "repeat", repeat)
    assert fastest_policy(2, 3, 4) == policy


# ---- Batches, rates, times


def test_batches_hold_the_rows_in_order():
    x, labels = np.arange(50).reshape(25, 2), np.arange(25)
    data, steps = batches(2, 3, (x, labels), labels)
    assert steps == 4, "the last row fills no batch"
    found = [(first.numpy(), second.numpy(), y.numpy()) for (first, second), y in data]
    assert np.array_equal(np.concatenate([batch[0] for batch in found]), x[:24])
    for part in (1, 2):
        assert np.array_equal(np.concatenate([batch[part] for batch in found]), labels[:24])


@pytest.mark.parametrize(("rows", "steps", "size"), [(100, 1, 10), (9, 1, 1), (10_000, 64, 15)])
def test_few_rows_make_smaller_batches_and_many_steps_are_rounded(rows, steps, size):
    data, found = batches(15, 10, np.arange(rows))
    assert found == steps or rows == 9
    assert len(data) == 10 * found
    assert all(len(batch[0]) == size for batch in data)


def test_fit_lets_the_rate_fall_and_hands_options_on(capsys):
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    x, called = numbers(), []
    seen = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: called.append(epoch))
    options = {"y": x[:, 0], "batch_size": 20, "callbacks": [seen]}
    history = fit(model, x, 0.1, steps=3, epochs=2, loss="mse", **options)
    assert called == [0, 1] and len(history.history["loss"]) == 2
    assert int(model.optimizer.iterations) == 6
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)
    assert "epoch 2/2: 100%" in capsys.readouterr().out


def test_timed_gives_the_result_and_both_times():
    result, times = timed(lambda seconds: time.sleep(seconds) or 7, 0.05)
    assert result == 7
    assert times["seconds"] >= 0.05 > times["CPU seconds"] >= 0
    _, times = timed(lambda: sum(range(1_000_000)))
    assert times["CPU seconds"] > 0
