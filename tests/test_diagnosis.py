"""`diagnose`: faults that are planted in small trainings, their mended twins, and curves."""

import functools

from helpers import CookbookError, zoo
from helpers.diagnosis import Diagnosis, diagnose

import keras
import numpy as np
import pytest
from keras import layers
from keras.losses import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from keras.optimizers import SGD, Adam
from toy_models import compiled, numbers

FALLING = [2.0, 1.0, 0.6, 0.5, 0.48]  # a healthy history


def looks(diagnosis: Diagnosis) -> set[str]:
    return {finding.check for finding in diagnosis if not finding.ok}


def found(diagnosis: Diagnosis, check: str):
    return next(finding for finding in diagnosis if finding.check == check)


def checks(diagnosis: Diagnosis) -> set[str]:
    return {finding.check for finding in diagnosis}


# ---- Planted faults


def kinds(rows: int = 300, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of three kinds, one-hot: clouds around three points."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 3, rows)
    centres = 3 * np.eye(3, 4)
    x = centres[ids] + rng.normal(0, spread, (rows, 4))
    return x.astype("float32"), np.eye(3)[ids]


def amounts() -> tuple[np.ndarray, np.ndarray]:
    """Amounts around 0, nearly linear in x."""
    x = numbers(300)
    y = x @ np.array([1, -1, 0.5, 0]) + 0.5 * np.sin(2 * x[:, 0])
    return x, y / y.std()


def tags() -> tuple[np.ndarray, np.ndarray]:
    """Rows with any of three tags."""
    x = numbers(300)
    return x, (x[:, :3] > 0).astype(float)


def rare() -> tuple[np.ndarray, np.ndarray]:
    """5 per cent of the rows are of class 1, and look a little like it."""
    rng = np.random.default_rng(0)
    y = (np.arange(1000) % 20 == 0).astype(float)
    x = rng.normal(size=(1000, 4))
    x[:, 0] += 2 * y
    return x.astype("float32"), y


def fit(data, units, last, loss, optimizer=None, first="relu", hidden=16, epochs=20, **options):
    """Train a small network on `data`; what `diagnose` says of it."""
    keras.utils.set_random_seed(0)
    x, y = data
    if not isinstance(first, layers.Layer):
        first = layers.Dense(hidden, activation=first)
    model = compiled(
        *(first, layers.Dense(units, activation=last)),
        loss=loss,
        optimizer=optimizer or Adam(0.01),
        run_eagerly=False,
    )
    options = {"batch_size": 20, "verbose": 0, "validation_split": 0.3} | options
    history = model.fit(x, y, epochs=epochs, **options)
    return diagnose(history, model, x, y)


fit_kinds = functools.partial(fit, units=3, last="softmax", loss="categorical_crossentropy")
fit_amounts = functools.partial(fit, units=1, last="linear", loss="mse")
fit_tags = functools.partial(fit, units=3, last="sigmoid", loss="binary_crossentropy")
fit_rare = functools.partial(
    fit, units=1, last="sigmoid", loss="binary_crossentropy", validation_split=0
)


def by_y(data):
    """Rows in the order of y."""
    x, y = data
    order = np.argsort(y.argmax(axis=1), kind="stable")
    return x[order], y[order]


def shuffled(data):
    """Rows of y that belong to other rows of x."""
    x, y = data
    return x, np.random.default_rng(1).permutation(y)


def scaled(data, of_x=1.0, of_y=1.0):
    x, y = data
    return x * of_x, y * of_y


MENDED = {
    "kinds": lambda: fit_kinds(kinds()),
    "kinds in blocks, shuffled in each epoch": lambda: fit_kinds(
        by_y(kinds(spread=2)), optimizer=SGD(0.03), validation_split=0
    ),
    "amounts": lambda: fit_amounts(amounts()),
    "tags": lambda: fit_tags(tags()),
    "a rare class with more weight": lambda: fit_rare(rare(), class_weight={0: 1, 1: 10}),
}
dead = layers.Dense(16, activation="relu", bias_initializer=keras.initializers.Constant(-20))
FAULTS = {
    "rate too high: NaN": ({"finite"}, lambda: fit_amounts(amounts(), optimizer=SGD(1e6))),
    "rate too high": ({"stable"}, lambda: fit_kinds(kinds(), optimizer=Adam(3.0))),
    "rate too low": ({"finished", "baseline"}, lambda: fit_kinds(kinds(), optimizer=SGD(1e-4))),
    "labels shuffled": ({"pairing", "validation"}, lambda: fit_kinds(shuffled(kinds()))),
    "batches in blocks": (
        {"order"},
        lambda: fit_kinds(
            by_y(kinds(spread=2)), optimizer=SGD(0.3), shuffle=False, validation_split=0
        ),
    ),
    "95 to 5": ({"baseline"}, lambda: fit_rare(rare(), epochs=5)),
    "sigmoid for softmax": ({"activation"}, lambda: fit_kinds(kinds(), last="sigmoid", epochs=3)),
    "sigmoid and its loss for softmax": ({"activation"}, lambda: fit_tags(kinds(), epochs=3)),
    "softmax for sigmoid": ({"activation"}, lambda: fit_tags(tags(), last="softmax", epochs=3)),
    "softmax and its loss for sigmoid": ({"activation"}, lambda: fit_kinds(tags(), epochs=3)),
    "relu over negative targets": ({"targets"}, lambda: fit_amounts(amounts(), last="relu")),
    "targets of another scale": (
        {"targets", "baseline"},
        lambda: fit_amounts(scaled(amounts(), of_y=1e5), epochs=5),
    ),
    "inputs not normalised": (
        {"inputs"},
        lambda: fit_amounts(scaled(amounts(), of_x=np.array([1, 1e4, 10, 1])), epochs=5),
    ),
    "y of another shape, stretched": (
        {"shapes"},
        lambda: fit_amounts((amounts()[0], amounts()[1][:, None]), units=8, epochs=3),
    ),
    "overfitting": ({"validation"}, lambda: fit_kinds(kinds(60, 3.0), hidden=256, epochs=40)),
    "dead units, predictions alike": (
        {"live units", "predictions", "baseline"},
        lambda: fit_kinds(kinds(), first=dead, epochs=3),
    ),
    # The loss may stay a number while the weights become NaN, and with them the predictions.
    "NaN in the data": (
        {"inputs", "predictions"},
        lambda: fit_kinds(scaled(kinds(), of_x=np.where(np.arange(300) == 7, np.nan, 1)[:, None])),
    ),
}


@pytest.mark.parametrize("name", MENDED)
def test_a_healthy_training_passes_every_check(name):
    diagnosis = MENDED[name]()
    assert diagnosis.ok, diagnosis
    expected = {"finite", "falling", "stable", "finished", "inputs", "pairing", "shapes"}
    expected |= {"targets", "predictions", "live units", "baseline"}
    assert expected <= checks(diagnosis)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_named(name):
    expected, train = FAULTS[name]
    diagnosis = train()
    assert expected <= looks(diagnosis), diagnosis


def test_faults_that_look_alike_are_told_apart():
    """Where the training is at fault, and not the data, x still says something about y."""
    too_low = fit_kinds(kinds(), optimizer=SGD(1e-4), epochs=5)
    assert found(too_low, "pairing").ok and not found(too_low, "baseline").ok


# ---- Curves


def test_a_climb_that_a_reader_sees_is_named_with_its_numbers():
    losses = zoo.load("01_bands2vec").arrays["losses"]
    assert looks(diagnose(losses)) == {"stable"}
    assert "7.824 (value 1) to 27.38 (value 3)" in str(diagnose(losses))
    report = str(diagnose(losses, untrained=5.2))
    assert "loss 5.2 (untrained), at the end 4.637 (value 35)" in report
    assert "5.2 (untrained) to 27.38 (value 3)" in report


@pytest.mark.parametrize("model", ["text", "code"])
def test_trainings_of_the_zoo_are_healthy(model):
    arrays = zoo.load(f"04_char_rnn/{model}").arrays
    diagnosis = diagnose({name: arrays[name].tolist() for name in ("loss", "val_loss")})
    assert diagnosis.ok, diagnosis
    if model == "code":
        assert "largest climb from 0.9976 (epoch 5) to 1.006 (epoch 6)" in str(diagnosis)


def test_a_wobble_is_told_and_no_fault():
    diagnosis = diagnose({"loss": [0.2395, 0.2437, 0.2260, 0.2246]})
    assert diagnosis.ok, diagnosis
    assert "climb from 0.2395 (epoch 1) to 0.2437 (epoch 2)" in str(diagnosis)


def decay(steps: int, noise: float, seed: int) -> np.ndarray:
    wobble = np.random.default_rng(seed).normal(0, noise, steps)
    return 1 + np.exp(-5 * np.linspace(0, 1, steps)) + wobble


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("steps", "noise"), [(5, 0.005), (20, 0.02), (100, 0.04), (1000, 0.1), (5000, 0.2)]
)
def test_noisy_but_falling_losses_are_healthy(steps, noise, seed):
    history = {"loss": decay(steps, noise, seed), "val_loss": decay(steps, noise, seed + 100)}
    assert diagnose(history).ok, diagnose(history)


@pytest.mark.parametrize("steps", [20, 100, 1000])
def test_noise_is_no_progress(steps):
    losses = np.random.default_rng(0).normal(1, 0.1, steps)
    assert "falling" in looks(diagnose(losses))


@pytest.mark.parametrize(
    ("history", "faults"),
    [
        ([2.0, 1.0, 0.6, 0.5, 0.48], set()),
        ([-0.1, -0.5, -0.8, -0.85, -0.86], set()),
        ([0.7] * 5, {"falling"}),
        ([4.0, 2.0, 1.0, 0.5, 0.6, 0.9, 1.4], {"stable"}),
        (np.linspace(2, 1, 50), {"finished"}),
        (np.linspace(2, 1, 5000), {"finished"}),
        ([2.0, 1.0, np.nan, 0.5], {"finite"}),
        ([np.nan, 1.0, 0.5], {"finite"}),
        ({"loss": [0.7, 0.3, 0.1, 0.06, 0.05], "val_loss": [0.7] * 5}, {"validation"}),
        ({"loss": FALLING, "val_loss": [2.0, 1.0, 0.9, 1.1, 1.3]}, {"validation"}),
        ({"loss": [0.6, 0.44, 0.43, 0.425], "val_loss": [0.45, 0.448, 0.449, 0.4485]}, set()),
        ({"loss": FALLING, "val_loss": FALLING[:4], "accuracy": [0.1] * 5}, set()),
    ],
)
def test_curves(history, faults):
    assert looks(diagnose(history)) == faults, diagnose(history)


def test_a_long_curve_is_smoothed_and_a_spike_in_it_is_no_fault():
    losses = decay(400, 0.01, 0)
    losses[60] = 1000
    diagnosis = diagnose(losses)
    assert diagnosis.ok, diagnosis
    assert "(value 1 to 8)" in str(diagnosis)


# ---- Model and data, before a training


def own_crossentropy(y_true, y_pred):
    return keras.losses.binary_crossentropy(y_true, y_pred, from_logits=True)


@pytest.mark.parametrize(
    ("activation", "loss", "y", "fault"),
    [
        ("sigmoid", "binary_crossentropy", [[0, 1, 1]], ""),
        ("linear", BinaryCrossentropy(from_logits=True), [[0, 1, 1]], ""),
        ("softmax", "categorical_crossentropy", [[0, 1, 0]], ""),
        ("softmax", SparseCategoricalCrossentropy(), [2], ""),
        ("linear", SparseCategoricalCrossentropy(from_logits=True), [2], ""),
        ("tanh", "mse", [[0, -1, 0.5]], ""),
        ("linear", "binary_crossentropy", [[0, 1, 1]], "linear; binary_crossentropy wants sigmoid"),
        ("softmax", "BinaryCrossentropy", [[0, 1, 1]], "wants sigmoid"),
        ("sigmoid", "binary_crossentropy", [[0, 1, 0]], "y holds one in each"),
        ("softmax", "categorical_crossentropy", [[0, 1, 1]], "y holds several"),
        ("linear", "sparse_categorical_crossentropy", [2], "wants softmax"),
        ("softmax", CategoricalCrossentropy(from_logits=True), [[0, 1, 0]], "wants linear"),
        ("linear", own_crossentropy, [[0, 1, 1]], ""),
    ],
)
def test_the_last_activation_should_suit_the_loss_and_the_answers(activation, loss, y, fault):
    model = compiled(layers.Dense(3, activation=activation), loss=loss)
    diagnosis = diagnose(None, model, numbers(20), np.repeat(y, 20, axis=0))
    assert ("activation" in looks(diagnosis)) == bool(fault)
    assert fault in " ".join(str(diagnosis).split())


@pytest.mark.parametrize(
    ("activation", "low", "high", "ok"),
    [
        ("sigmoid", 0, 1, True),
        ("sigmoid", 0, 5, False),
        ("tanh", -3, 0, False),
        ("relu", 0, 100, True),
        ("relu", -1, 1, False),
        ("linear", -50, 50, True),
        ("linear", 9000, 9001, False),
        ("linear", 0, 1e-4, False),
        ("linear", 0, np.nan, False),
    ],
)
def test_targets_should_be_in_reach_and_near_1(activation, low, high, ok):
    model = compiled(layers.Dense(1, activation=activation))
    diagnosis = diagnose(None, model, numbers(20), np.linspace(low, high, 20))
    assert found(diagnosis, "targets").ok == ok


@pytest.mark.parametrize(
    ("loss", "units", "y", "ok"),
    [
        ("mse", 1, np.zeros(9), True),
        ("mse", 3, np.zeros((9, 3)), True),
        ("mse", 8, np.zeros((9, 1)), False),  # Keras stretches this one without a word
        ("sparse_categorical_crossentropy", 3, np.zeros((9, 1)), True),
        ("sparse_categorical_crossentropy", 3, np.zeros((9, 3)), False),
        ("categorical_crossentropy", 3, np.zeros(9), False),  # Keras stops with an error
    ],
)
def test_targets_should_have_the_shape_of_the_output(loss, units, y, ok):
    diagnosis = diagnose(None, compiled(layers.Dense(units), loss=loss), numbers(9), y)
    assert found(diagnosis, "shapes").ok == ok


def test_inputs_far_from_zero():
    x = numbers(60)
    plain = compiled(layers.Dense(1))
    assert found(diagnose(None, plain, x, x[:, 0]), "inputs").ok
    assert not found(diagnose(None, plain, x * 1e4, x[:, 0]), "inputs").ok
    rescaling = compiled(layers.Rescaling(1e-4), layers.Dense(1))
    assert found(diagnose(None, rescaling, x * 1e4, x[:, 0]), "inputs").ok


def test_ids_are_no_amounts():
    ids = np.arange(120).reshape(60, 2)
    model = compiled(layers.Embedding(120, 3), layers.Flatten(), layers.Dense(1), inputs=2)
    diagnosis = diagnose(None, model, ids, numbers()[:, 0])
    assert diagnosis.ok and "pairing" not in checks(diagnosis)


def test_models_whose_inside_is_hidden_are_judged_by_what_they_say():
    class Hidden(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1, activation="relu")

        def call(self, inputs):
            return self.dense(inputs)

    model = Hidden()
    model.compile("adam", "mse")
    diagnosis = diagnose(FALLING, model, numbers(), numbers()[:, 0])
    assert {"inputs", "predictions", "baseline"} <= checks(diagnosis)
    assert "live units" not in checks(diagnosis)


def test_large_data_is_sampled_at_random():
    x = numbers(3000)
    y = np.arange(3000) % 3 == 0  # a sample of every third row would hold one class
    model = compiled(layers.Dense(1, activation="sigmoid"), loss="binary_crossentropy")
    assert "on 1000 answers, the most frequent alone gives 0.6" in str(
        diagnose(FALLING, model, x, y)
    )


# ---- Report and bad input


def test_the_report_has_a_line_a_check_and_advice_where_needed():
    diagnosis = diagnose({"loss": [0.7] * 5})
    assert repr(diagnosis) == str(diagnosis) and not diagnosis.ok
    lines = str(diagnosis).splitlines()
    assert max(map(len, lines)) <= 90
    assert [line.split()[:2] for line in lines if line[0] != " "] == [
        ["ok", "finite"],
        ["look", "falling"],
        ["ok", "stable"],
    ]
    assert sum("try:" in line for line in lines) == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (([],), "list or an array of numbers"),
        ((["high", "low"],), "list or an array of numbers"),
        ((keras.callbacks.History(),), "was the model trained"),
        (({"val_loss": FALLING},), "It holds 'val_loss'"),
        ((None,), "Give a history; or model, x and y"),
        ((FALLING, compiled(layers.Dense(1))), "all three"),
        ((FALLING, "a model", [[1.0]], [1.0]), "Keras model, not str"),
        ((FALLING, compiled(layers.Dense(1)), numbers(9), np.zeros(8)), "x has 9 rows, y has 8"),
        ((FALLING, compiled(layers.Dense(1)), numbers(1), ["cat"]), "y must be"),
    ],
)
def test_bad_input_is_explained(inputs, message):
    with pytest.raises(CookbookError, match=message):
        diagnose(*inputs)
