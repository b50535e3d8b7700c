import functools

from helpers import CookbookError
from helpers.diagnosis import SAMPLE_ROWS, diagnose

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from toy_models import compiled, numbers

FALLING = [2.0, 1.0, 0.6, 0.5, 0.48]  # a healthy history, where only the model is on trial


def looks(diagnosis) -> set[str]:
    return {finding.check for finding in diagnosis.findings if not finding.ok}


def found(diagnosis, check: str):
    return next(finding for finding in diagnosis.findings if finding.check == check)


def checks(diagnosis) -> set[str]:
    return {finding.check for finding in diagnosis.findings}


# ---- Histories


def decay(steps: int, noise: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(0, noise, steps)
    return 1 + np.exp(-5 * np.linspace(0, 1, steps)) + noise


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    ("steps", "noise"), [(5, 0.005), (20, 0.02), (100, 0.05), (1000, 0.1), (5000, 0.3)]
)
def test_noisy_but_falling_losses_are_healthy(steps, noise, seed):
    history = {"loss": decay(steps, noise, seed), "val_loss": decay(steps, noise, seed + 100)}
    assert diagnose(history).ok, diagnose(history)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("steps", [20, 100, 1000])
def test_noise_is_no_progress(steps, seed):
    losses = np.random.default_rng(seed).normal(1, 0.1, steps)
    assert "falling" in looks(diagnose(losses))


def test_a_fall_in_the_first_steps_counts():
    losses = 1 + 3 * np.exp(-np.arange(3000) / 10) + np.random.default_rng(0).normal(0, 0.02, 3000)
    assert diagnose(losses).ok, diagnose(losses)


def test_a_single_spike_is_no_fault():
    losses = decay(100, 0.02, 0)
    losses[60] = 1000
    assert diagnose(losses).ok, diagnose(losses)


def test_negative_losses_may_fall():
    assert found(diagnose([-0.1, -0.5, -0.8, -0.85, -0.86]), "falling").ok


def test_nan_is_placed_and_the_rest_judged_without_it():
    diagnosis = diagnose({"loss": [3, 2, 1.5, 1.4, np.nan], "val_loss": [3, 2, 1.5, np.inf, 1]})
    message = found(diagnosis, "finite").message
    assert "loss is nan at epoch 5 of 5" in message and "val_loss is inf at epoch 4" in message
    assert found(diagnosis, "falling").ok
    assert "1.5 at the end" in found(diagnosis, "falling").message
    assert checks(diagnose([np.nan, 1.0, 0.5])) == {"finite"}


def test_a_list_counts_steps_and_a_history_epochs():
    assert "at step 2 of 2" in str(diagnose([1.0, np.nan]))
    assert "at epoch 2 of 2" in str(diagnose({"loss": [1.0, np.nan]}))


def test_a_loss_that_climbs_back_is_unstable_though_it_fell():
    diagnosis = diagnose([4.0, 2.0, 1.0, 0.5, 1.0, 2.0, 3.0])
    assert "stable" in looks(diagnosis) and "falling" not in looks(diagnosis)
    assert "from 0.5 at epoch 4" in str(diagnose({"loss": [4.0, 2.0, 1.0, 0.5, 1.0, 2.0, 3.0]}))


def test_validation_that_never_falls_is_memorising():
    diagnosis = diagnose({"loss": [0.7, 0.3, 0.1, 0.06, 0.05], "val_loss": [0.7] * 5})
    assert looks(diagnosis) == {"validation"}
    assert "memorises" in found(diagnosis, "validation").message


def test_validation_learned_in_the_first_epoch_is_healthy():
    history = {"loss": [0.6, 0.44, 0.43, 0.425], "val_loss": [0.45, 0.448, 0.449, 0.4485]}
    assert diagnose(history).ok, diagnose(history)


def test_neither_loss_falls():
    diagnosis = diagnose({"loss": [0.7] * 5, "val_loss": [0.7] * 5})
    assert looks(diagnosis) == {"falling", "validation"}
    assert "underfits" in found(diagnosis, "validation").advice


def test_a_steady_fall_asks_for_more_training():
    assert looks(diagnose(np.linspace(2, 1, 50))) == {"finished"}


def test_accuracy_should_follow_the_loss():
    assert looks(diagnose({"loss": FALLING, "accuracy": [0.1] * 5})) == {"accuracy"}
    assert diagnose({"loss": FALLING, "accuracy": [0.1, 0.5, 0.6, 0.7, 0.7]}).ok
    assert diagnose({"loss": FALLING, "binary_accuracy": [1.0] * 5}).ok, "there is no more to gain"


def test_another_key_may_hold_the_loss():
    history = {"ranking": FALLING, "val_ranking": [2.0, 1.0, 0.9, 1.1, 1.3]}
    assert looks(diagnose(history, loss="ranking")) == {"validation"}


# ---- Real trainings


@pytest.fixture(scope="module")
def healthy():
    """A small classifier that learns; its history and held-out rows."""
    keras.utils.set_random_seed(7)
    x = numbers(400)
    y = (x[:, 0] + x[:, 1] > 0).astype(int)
    stack = layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")
    model = compiled(
        *stack,
        loss="binary_crossentropy",
        optimizer=keras.optimizers.Adam(0.02),
        metrics=["accuracy"],
        run_eagerly=False,
    )
    held_out = x[300:], y[300:]
    history = model.fit(
        x[:300], y[:300], validation_data=held_out, epochs=12, batch_size=20, verbose=0
    )
    return history, model, *held_out


def test_a_healthy_training_passes_every_check(healthy):
    diagnosis = diagnose(*healthy)
    assert diagnosis.ok, diagnosis
    assert diagnosis.missing == ()
    assert checks(diagnosis) == {
        *("finite", "falling", "stable", "validation", "finished", "accuracy"),
        *("weights", "inputs", "live units", "activation", "targets"),
        *("predictions", "answers", "baseline"),
    }


def test_a_healthy_regression_passes():
    x = numbers()
    y = 40 + x @ np.array([1.0, 2.0, 3.0, 4.0])
    model = compiled(layers.Dense(1), optimizer=keras.optimizers.SGD(0.1))
    history = model.fit(x, y, epochs=15, batch_size=20, verbose=0)
    assert diagnose(history, model, x, y).ok, diagnose(history, model, x, y)


def test_no_learning_rate_no_progress():
    x = numbers()
    model = compiled(layers.Dense(1), optimizer=keras.optimizers.SGD(0.0))
    history = model.fit(x, x[:, 0], epochs=4, verbose=0)
    assert looks(diagnose(history)) == {"falling"}


def test_a_learning_rate_too_high_diverges():
    x = numbers()
    model = compiled(layers.Dense(1), optimizer=keras.optimizers.SGD(3.0))
    history = model.fit(x, x[:, 0], epochs=5, batch_size=60, verbose=0)
    assert looks(diagnose(history)) == {"falling", "stable"}


def test_a_learning_rate_far_too_high_ends_in_nan():
    x = numbers()
    model = compiled(layers.Dense(1), optimizer=keras.optimizers.SGD(1e9))
    history = model.fit(x, x[:, 0], epochs=10, verbose=0)
    diagnosis = diagnose(history, model, x, x[:, 0])
    assert {"finite", "weights", "predictions"} <= looks(diagnosis)
    first = int(np.flatnonzero(~np.isfinite(history.history["loss"]))[0]) + 1
    assert f"at epoch {first} of 10" in found(diagnosis, "finite").message


def test_random_labels_overfit():
    keras.utils.set_random_seed(7)
    x, y = numbers(), np.random.default_rng(1).integers(0, 2, 60)
    stack = layers.Dense(64, activation="relu"), layers.Dense(1, activation="sigmoid")
    model = compiled(
        *stack, loss="binary_crossentropy", optimizer=keras.optimizers.Adam(0.1), run_eagerly=False
    )
    history = model.fit(x, y, validation_split=0.5, epochs=20, verbose=0)
    diagnosis = diagnose(history, model, x[30:], y[30:])
    best = int(np.argmin(history.history["val_loss"])) + 1
    assert {"validation", "baseline"} <= looks(diagnosis)
    assert f"lowest at epoch {best} " in found(diagnosis, "validation").message
    assert found(diagnosis, "falling").ok


def test_dead_units_answer_all_alike():
    x = numbers()
    dead = layers.Dense(8, activation="relu", bias_initializer=keras.initializers.Constant(-100))
    model = compiled(dead, layers.Dense(1))
    history = model.fit(x, x[:, 0], epochs=3, verbose=0)
    assert {"live units", "predictions", "baseline"} <= looks(diagnose(history, model, x, x[:, 0]))


def test_several_inputs_by_name():
    left, right = keras.Input((2,), name="left"), keras.Input((2,), name="right")
    hidden = layers.Dense(8, activation="relu")(layers.Concatenate()([left, right]))
    model = keras.Model({"left": left, "right": right}, layers.Dense(1)(hidden))
    x = {"left": numbers()[:, :2], "right": numbers()[:, 2:]}
    diagnosis = diagnose(FALLING, model, x)
    assert diagnosis.ok, diagnosis
    assert {"inputs", "live units", "predictions"} <= checks(diagnosis)


def test_models_whose_inside_is_hidden_are_judged_by_what_they_say():
    class Hidden(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, inputs):
            return self.dense(inputs)

    diagnosis = diagnose(FALLING, Hidden(), numbers(), numbers()[:, 0])
    assert {"weights", "inputs", "predictions", "baseline"} <= checks(diagnosis)
    assert "activation" not in checks(diagnosis)


def test_large_data_is_sampled_at_random():
    x = numbers(3 * SAMPLE_ROWS)
    y = np.arange(len(x)) % 3 == 0  # a sample of every third row would hold one class
    model = compiled(layers.Dense(1, activation="sigmoid"), loss="binary_crossentropy")
    diagnosis = diagnose(FALLING, model, x, y)
    assert f"over {SAMPLE_ROWS} answers" in found(diagnosis, "baseline").message
    assert "always answering 0 gives 0.6" in found(diagnosis, "baseline").message


# ---- Activation and loss


def scores(loss: type) -> keras.losses.Loss:
    return loss(from_logits=True)


def own_crossentropy(y_true, y_pred):
    return keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)


@pytest.mark.parametrize(
    ("activation", "units", "loss", "fault"),
    [
        ("sigmoid", 1, "binary_crossentropy", ""),
        ("sigmoid", 5, "binary_crossentropy", ""),
        ("linear", 1, scores(keras.losses.BinaryCrossentropy), ""),
        ("softmax", 5, "categorical_crossentropy", ""),
        ("softmax", 5, keras.losses.SparseCategoricalCrossentropy(), ""),
        ("linear", 5, scores(keras.losses.SparseCategoricalCrossentropy), ""),
        ("tanh", 5, "mse", ""),
        ("linear", 1, own_crossentropy, ""),
        ("linear", 1, functools.partial(own_crossentropy), ""),
        ("linear", 1, "binary_crossentropy", "between 0 and 1, the model ends in linear"),
        ("relu", 1, "BinaryCrossentropy", "between 0 and 1"),
        ("softmax", 5, "binary_crossentropy", "one class win"),
        ("softmax", 1, "binary_crossentropy", "over one unit"),
        ("softmax", 1, "mse", "over one unit"),
        ("sigmoid", 1, "categorical_crossentropy", "over one unit"),
        ("sigmoid", 5, "categorical_crossentropy", "sum to 1, the model ends in sigmoid"),
        ("linear", 5, "sparse_categorical_crossentropy", "sum to 1, the model ends in linear"),
        ("softmax", 5, scores(keras.losses.CategoricalCrossentropy), "raw scores"),
        ("sigmoid", 1, scores(keras.losses.BinaryCrossentropy), "raw scores"),
    ],
)
def test_the_last_activation_should_suit_the_loss(activation, units, loss, fault):
    model = compiled(layers.Dense(units, activation=activation), loss=loss)
    finding = found(diagnose(FALLING, model), "activation")
    assert finding.ok == (not fault)
    assert fault in finding.message


@pytest.mark.parametrize(
    ("stack", "activation"),
    [
        ([layers.Dense(3), layers.Activation("softmax")], "softmax"),
        ([layers.Dense(3), layers.Softmax()], "softmax"),
        ([layers.Dense(3, activation="tanh"), layers.Reshape((3, 1))], "tanh"),
        ([layers.Reshape((2, 2)), layers.TimeDistributed(layers.Dense(3))], "linear"),
        ([keras.Sequential([keras.Input((4,)), layers.Dense(3, "sigmoid")])], "sigmoid"),
    ],
)
def test_the_last_activation_is_found_behind_other_layers(stack, activation):
    assert f"ends in {activation}" in str(diagnose(FALLING, compiled(*stack)))


def test_a_dot_product_is_no_probability():
    left, right = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([left, right], layers.Dot(axes=1)([left, right]))
    model.compile(loss="binary_crossentropy")
    assert "the model ends in linear" in found(diagnose(FALLING, model), "activation").message
    assert "activation" in looks(diagnose(FALLING, model))


@pytest.mark.parametrize(
    ("activation", "low", "high", "ok"),
    [
        ("sigmoid", 0, 1, True),
        ("sigmoid", 0, 5, False),
        ("tanh", -1, 1, True),
        ("tanh", -3, 0, False),
        ("relu", 0, 100, True),
        ("relu", -1, 1, False),
    ],
)
def test_targets_should_lie_in_reach_of_the_activation(activation, low, high, ok):
    model = compiled(layers.Dense(1, activation=activation))
    diagnosis = diagnose(FALLING, model, y=np.linspace(low, high, 20))
    assert found(diagnosis, "range").ok == ok


# ---- Targets, inputs, weights


@pytest.mark.parametrize(
    ("loss", "units", "y", "fault"),
    [
        ("mse", 1, np.zeros(9), ""),
        ("mse", 3, np.zeros((9, 3)), ""),
        ("mse", 8, np.zeros((9, 1)), "shape"),  # Keras stretches this one without a word
        ("mse", 1, np.array([0, np.nan]), "NaN"),
        ("sparse_categorical_crossentropy", 3, np.array([0, 1, 2]), ""),
        ("sparse_categorical_crossentropy", 3, np.array([[0], [1], [2]]), ""),
        ("sparse_categorical_crossentropy", 3, np.array([1, 2, 3]), "ids from 1 to 3"),
        ("sparse_categorical_crossentropy", 3, np.eye(3), "shape"),
        ("categorical_crossentropy", 3, np.eye(3), ""),
        ("categorical_crossentropy", 3, np.array([0, 1, 2]), "shape"),
        ("categorical_crossentropy", 3, np.ones((9, 3)), "sum to 1"),
        ("binary_crossentropy", 1, np.array([True, False]), ""),
        ("binary_crossentropy", 1, np.array([-1, 1]), "from -1 to 1"),
    ],
)
def test_targets_should_suit_loss_and_output(loss, units, y, fault):
    finding = found(diagnose(FALLING, compiled(layers.Dense(units), loss=loss), y=y), "targets")
    assert finding.ok == (not fault)
    assert fault in finding.message


def test_targets_of_a_loss_of_your_own_are_your_affair():
    model = compiled(layers.Dense(3), loss=own_crossentropy)
    assert "targets" not in checks(diagnose(FALLING, model, y=np.zeros(9)))


def test_inputs_far_from_zero_and_nan():
    x, plain = numbers(), compiled(layers.Dense(1))
    assert found(diagnose(FALLING, plain, x), "inputs").ok
    assert not found(diagnose(FALLING, plain, x * 1e4), "inputs").ok
    assert not found(diagnose(FALLING, plain, np.where(x > 2, np.nan, x)), "inputs").ok
    scaled = compiled(layers.Rescaling(1e-4), layers.Dense(1))
    assert found(diagnose(FALLING, scaled, x * 1e4), "inputs").ok
    assert "inputs" not in checks(diagnose(FALLING, plain, (x * 1e4).astype(int))), "may be ids"


def test_weights_that_can_not_learn():
    model = compiled(layers.Dense(1, name="last"))
    assert found(diagnose(FALLING, model), "weights").ok
    model.trainable = False
    assert "frozen" in found(diagnose(FALLING, model), "weights").message
    model.layers[-1].set_weights([np.full((4, 1), np.nan), np.zeros(1)])
    finding = found(diagnose(FALLING, model), "weights")
    assert not finding.ok and "last/kernel" in finding.message and "bias" not in finding.message


# ---- Predictions


def test_always_the_most_frequent_answer():
    y = (np.arange(200) % 20 == 0).astype(int)
    predictions = 0.05 + 0.01 * numbers(200)[:, 0]
    diagnosis = diagnose(FALLING, y=y, predictions=predictions)
    assert looks(diagnosis) == {"answers", "baseline"}
    assert "always answering 0 gives 0.95" in found(diagnosis, "baseline").message
    assert diagnose(FALLING, y=y, predictions=np.where(y, 0.9, 0.1) + predictions).ok


@pytest.mark.parametrize("shape_of_y", ["ids", "one-hot"])
def test_one_class_for_all(shape_of_y):
    ids = np.arange(90) % 3
    y = ids if shape_of_y == "ids" else np.eye(3)[ids]
    varied = 0.05 * np.random.default_rng(0).random((90, 3))
    stuck, good = varied + np.array([0.8, 0.1, 0.1]), varied + np.eye(3)[ids]
    assert looks(diagnose(FALLING, y=y, predictions=stuck)) == {"answers", "baseline"}
    assert diagnose(FALLING, y=y, predictions=good).ok
    assert "accuracy 1 over 90" in str(diagnose(FALLING, y=y, predictions=good))


def test_one_class_for_all_shows_without_labels():
    stuck = keras.ops.convert_to_numpy(keras.ops.softmax(numbers() * 0.1 + [5, 0, 0, 0]))
    assert looks(diagnose(FALLING, predictions=stuck)) == {"answers"}
    assert "answers" not in checks(diagnose(FALLING, predictions=numbers())), "no classes, vectors"


def test_predictions_for_sequences():
    y = np.random.default_rng(0).integers(0, 5, (20, 7))
    diagnosis = diagnose(FALLING, y=y, predictions=np.eye(5)[y])
    assert diagnosis.ok and "accuracy 1 over 140 answers" in str(diagnosis)


def test_raw_scores_say_yes_above_zero():
    y = np.arange(60) % 2
    loss = scores(keras.losses.BinaryCrossentropy)
    gentle = np.where(y, 0.4, -0.4)
    assert "accuracy 1 over" in str(diagnose(FALLING, y=y, predictions=gentle))
    shifted = np.where(y, 0.4, 0.1)  # above zero all of them, and only the model knows its scale
    model = compiled(layers.Dense(1), loss=loss)
    assert "accuracy 0.5 over" in str(diagnose(FALLING, model, y=y, predictions=shifted + 0.2))
    assert "answers" in looks(diagnose(FALLING, model, y=y, predictions=shifted))


def test_amounts_all_alike_beside_a_large_mean():
    y = 2000 + 10 * numbers()[:, 0]
    alike = np.full(60, 2000.0) + 1e-4 * numbers()[:, 1]
    assert looks(diagnose(FALLING, y=y, predictions=alike)) == {"predictions", "baseline"}
    assert diagnose(FALLING, y=y, predictions=y + numbers()[:, 1]).ok


def test_predictions_that_stop_short():
    y = 3 * numbers()[:, 0]
    diagnosis = diagnose(FALLING, y=y, predictions=np.clip(y, 0, 1))
    assert looks(diagnosis) == {"unclipped"}
    assert "stop at 0 or 1" in found(diagnosis, "unclipped").message
    assert diagnose(FALLING, y=np.clip(y, 0, 1), predictions=np.clip(y, 0, 1)).ok


@pytest.mark.parametrize(("accuracy", "ok"), [(0.8, False), (0.81, False), (0.95, True)])
def test_a_given_accuracy_beside_the_most_frequent_answer(accuracy, ok):
    ids = (np.arange(500) % 5 == 0).astype(int)
    for y in (ids, np.eye(2)[ids], ids.tolist()):
        diagnosis = diagnose(FALLING, y=y, accuracy=accuracy)
        assert found(diagnosis, "baseline").ok == ok
        assert "always answering 0 gives 0.8" in str(diagnosis)


# ---- The report


def test_the_report_has_one_line_a_check_and_advice_where_needed():
    diagnosis = diagnose({"loss": FALLING, "accuracy": [0.1] * 5})
    lines = repr(diagnosis).splitlines()
    assert repr(diagnosis) == str(diagnosis) and not diagnosis.ok
    assert max(map(len, lines)) <= 90
    firsts = [line.split()[0] for line in lines if line.startswith(("ok", "look"))]
    assert firsts == ["ok" if finding.ok else "look" for finding in diagnosis.findings]
    assert sum("try:" in line for line in lines) == 1
    assert lines[-1] == "not given, so not checked: val_loss, model, x, y, predictions"
    assert all(bool(finding.advice) != finding.ok for finding in diagnosis.findings)


# ---- Bad input


@pytest.mark.parametrize(
    ("history", "options", "message"),
    [
        ([], {}, "must be a list of numbers"),
        ({}, {}, "was the model trained"),
        (None, {}, "must be a list of numbers"),
        ([[1, 2], [3, 4]], {}, r"shape \(2, 2\)"),
        (["high", "low"], {}, "must be a list of numbers"),
        (keras.callbacks.History(), {}, "was the model trained"),
        ({"loss": [1, 2], "val_loss": [1]}, {}, "validation_freq"),
        ({"loss": FALLING}, {"loss": "los"}, "Did you mean loss='loss'"),
        ({"val_loss": FALLING}, {}, "It holds 'val_loss'"),
        (FALLING, {"model": "a model"}, "keras.Model, not str"),
        (FALLING, {"x": [[1.0]]}, "only with a model"),
        (FALLING, {"y": [1, 0]}, "y needs something"),
        (FALLING, {"accuracy": 0.9}, "accuracy needs y"),
        (FALLING, {"accuracy": 90, "y": [1, 0]}, "between 0 and 1; it is 90"),
        (FALLING, {"accuracy": 0.9, "y": [0.3, 0.7]}, "holds amounts"),
        (FALLING, {"y": [0, 1], "predictions": [0.1]}, r"\(2,\), \(1,\)"),
        (FALLING, {"predictions": []}, "one row a sample"),
        (FALLING, {"predictions": 0.5}, "one row a sample"),
        (FALLING, {"predictions": ["cat", "dog"]}, "predictions must be one array of numbers"),
    ],
)
def test_bad_input_is_explained(history, options, message):
    with pytest.raises(CookbookError, match=message):
        diagnose(history, **options)


def test_bad_input_to_a_model_is_explained():
    model = compiled(layers.Dense(1))
    with pytest.raises(CookbookError, match=r"one row a sample.*\(60, 4\), \(59,\)"):
        diagnose(FALLING, model, numbers(), np.zeros(59))
    with pytest.raises(CookbookError, match="one row a sample"):
        diagnose(FALLING, model, tf.data.Dataset.from_tensor_slices(numbers()))
    first = keras.Input((4,))
    twins = keras.Model(first, [layers.Dense(1)(first), layers.Dense(1)(first)])
    with pytest.raises(CookbookError, match="several outputs"):
        diagnose(FALLING, twins, numbers())
