"""`diagnose`: is a training stuck, and on what? The checks one makes by hand, in one report.

The checks follow chapter 2, "Getting unstuck", of D. Osinga, Deep Learning Cookbook, 2018.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from helpers import CookbookError

import keras
import numpy as np
from scipy.stats import median_abs_deviation

SAMPLE_ROWS = 1000  # rows of `x` that `diagnose` predicts: plenty for its checks, quick on a laptop
MIN_CHANGE = 0.005  # a smaller relative change of a loss counts as none
MIN_SPREAD = 1e-3  # predictions that spread less than this part of their scale count as alike
MAX_INPUT = 100  # inputs usually lie within a few units of zero
RANGES = {
    "sigmoid": (0, 1),
    "hard_sigmoid": (0, 1),
    "softmax": (0, 1),
    "tanh": (-1, 1),
    "softsign": (-1, 1),
    "relu": (0, np.inf),
    "relu6": (0, 6),
    "softplus": (0, np.inf),
    "exponential": (0, np.inf),
}
REGRESSION_LOSSES = {
    "mean_squared_error",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_logarithmic_error",
    "huber",
    "log_cosh",
}


@dataclass(frozen=True)
class Finding:
    """What one check found, and what to try where it is not `ok`."""

    check: str
    ok: bool
    message: str
    advice: str = ""

    def __str__(self) -> str:
        line = f"{'ok' if self.ok else 'look':<6}{self.check:<14}"
        indent = " " * len(line)
        lines = textwrap.wrap(self.message, 90, initial_indent=line, subsequent_indent=indent)
        if not self.ok:
            advice = f"try: {self.advice}"
            lines += textwrap.wrap(advice, 90, initial_indent=indent, subsequent_indent=indent)
        return "\n".join(lines)


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """The findings of `diagnose`, one a check that ran, and the inputs that others lacked."""

    findings: tuple[Finding, ...]
    missing: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self.findings)

    def __str__(self) -> str:
        lines = [str(finding) for finding in self.findings]
        if self.missing:
            missing = f"not given, so not checked: {', '.join(self.missing)}"
            lines += textwrap.wrap(missing, 90, subsequent_indent=" " * 6)
        return "\n".join(lines)

    __repr__ = __str__  # so that `diagnose(history)` as the last line of a cell shows the report


def diagnose(
    history: keras.callbacks.History | Mapping[str, Sequence[float]] | Sequence[float],
    model: keras.Model | None = None,
    x=None,
    y=None,
    *,
    predictions=None,
    accuracy: float | None = None,
    loss: str = "loss",
) -> Diagnosis:
    """Is the training stuck, and on what? A report of one line a check: `ok`, or `look` here.

    history: what `model.fit` returns, a dict of equally long lists, or a list of losses (one a
        step or one an epoch). Accuracies in it are checked too, and `val_loss` if it is there.
    model: a Keras model; compiled, its loss is held against its last layer.
    x, y: arrays of one sample a row, as given to `model.fit` (or held out). Of `x`, at most
        `SAMPLE_ROWS` random rows are looked at.
    predictions: what the model says about the rows of `y`, where it can't be asked itself.
    accuracy: share of right answers over `y`, between 0 and 1, where there are no predictions.
    loss: the key of the training loss in `history`; the validation loss is `val_` + that key.

    Only the checks that have their inputs are run. A `look` is a question to you, no verdict.
    Raises CookbookError where an input is empty, misshapen or of no use without another.
    """
    curves = _curves(history, loss)
    _check_arguments(model, x, y, predictions, accuracy)
    x, y, predictions = _sample_and_predict(model, x, y, predictions)
    unit = "epoch" if isinstance(history, (keras.callbacks.History, Mapping)) else "step"
    findings = [
        *_history_findings(curves, loss, unit),
        *_model_findings(model, x, y, predictions),
        *_prediction_findings(model, y, predictions, accuracy),
    ]
    given = {
        f"val_{loss}": f"val_{loss}" in curves,
        "model": model is not None,
        "x": x is not None,
        "y": y is not None,
        "predictions": predictions is not None,
    }
    missing = tuple(name for name, is_given in given.items() if not is_given)
    return Diagnosis(tuple(finding for finding in findings if finding), missing)


# ---- Inputs


def _curves(history, loss: str) -> dict[str, np.ndarray]:
    """The curves of a history by name, equally long."""
    if isinstance(history, keras.callbacks.History):
        history = history.history
    if not isinstance(history, Mapping):
        history = {loss: history}
    if loss not in history:
        close = get_close_matches(loss, history, n=1)
        hint = f" Did you mean loss={close[0]!r}?" if close else ""
        known = ", ".join(map(repr, history)) or "nothing: was the model trained?"
        raise CookbookError(f"The history holds no {loss!r}.{hint} It holds {known}.")
    curves = {name: _curve(name, values) for name, values in history.items()}
    lengths = {name: len(curve) for name, curve in curves.items()}
    if len(set(lengths.values())) > 1:
        raise CookbookError(
            f"The curves of the history differ in length: {lengths}. Give one value an epoch "
            "in each (in `model.fit`, leave validation_freq at 1)."
        )
    return curves


def _curve(name: str, values) -> np.ndarray:
    try:
        curve = np.asarray(values, dtype=float)
    except (TypeError, ValueError):
        raise CookbookError(f"{name!r} in the history must be a list of numbers.") from None
    if curve.ndim != 1 or not curve.size:
        raise CookbookError(
            f"{name!r} in the history must be a list of numbers, one a step or epoch; it has "
            f"shape {curve.shape}."
        )
    return curve


def _check_arguments(model, x, y, predictions, accuracy) -> None:
    if model is not None and not isinstance(model, keras.Model):
        raise CookbookError(f"model must be a keras.Model, not {type(model).__name__}.")
    if x is not None and model is None:
        raise CookbookError("x is of use only with a model: give model= too, or leave x out.")
    if y is not None and model is None and predictions is None and accuracy is None:
        raise CookbookError("y needs something to hold it against: model, predictions or accuracy.")
    if accuracy is not None and (y is None or not 0 <= accuracy <= 1):
        raise CookbookError(f"accuracy needs y, and lies between 0 and 1; it is {accuracy}.")


def _sample_and_predict(model, x, y, predictions):
    """The three as arrays of equally many rows; the model predicts where nobody else did."""
    y, predictions = _numbers("y", y), _numbers("predictions", predictions)
    x = None if x is None else keras.tree.map_structure(np.asarray, x)
    arrays = [a for a in keras.tree.flatten((x, y, predictions)) if a is not None]
    shapes = [array.shape for array in arrays]
    if not all(shapes) or len({len(a) for a in arrays}) > 1 or 0 in map(len, arrays):
        raise CookbookError(
            "x, y and predictions must be arrays with one row a sample, equally many in each; "
            f"their shapes are {', '.join(map(str, shapes))}."
        )
    if x is None:
        return x, y, predictions
    # At random, as data is often sorted or alternates.
    chosen = np.random.default_rng(0).permutation(len(arrays[0]))[:SAMPLE_ROWS]
    x, y, predictions = keras.tree.map_structure(
        lambda array: None if array is None else array[chosen], (x, y, predictions)
    )
    return x, y, _predict(model, x) if predictions is None else predictions


def _numbers(name: str, values) -> np.ndarray | None:
    if values is None:
        return None
    array = np.asarray(values)
    if array.dtype.kind not in "biuf":
        raise CookbookError(f"{name} must be one array of numbers, not of {array.dtype}.")
    return array.astype(int) if array.dtype == bool else array


def _predict(model: keras.Model, x) -> np.ndarray:
    predictions = model.predict(x, batch_size=256, verbose=0)
    if not isinstance(predictions, np.ndarray):
        raise CookbookError(
            "The model has several outputs: give predictions= and y= of one of them, without x."
        )
    return predictions


# ---- What the history tells


def _history_findings(curves: dict, loss: str, unit: str) -> Iterator[Finding]:
    train, val = curves[loss], curves.get(f"val_{loss}")
    losses = {name: curves[name] for name in (loss, f"val_{loss}") if name in curves}
    yield _finite(losses, unit)
    sound = np.isfinite(list(losses.values())).all(axis=0)
    sound = len(sound) if sound.all() else int(np.argmin(sound))  # up to the first NaN
    if sound < 2:
        return
    train = train[:sound]
    yield _falling(train)
    yield _stable(train, unit)
    if val is not None:
        val = val[:sound]
        yield _generalises(train, val, unit)
    yield _finished(train if val is None else val)
    for name in curves:
        if name == "acc" or (name.endswith("accuracy") and not name.startswith("val_")):
            yield _accuracy_follows(train, curves[name][:sound], name)


def _finding(check: str, fault: bool, message: str, advice: str) -> Finding:
    return Finding(check, not fault, message, advice if fault else "")


def _tenth(curve: np.ndarray) -> int:
    return max(1, len(curve) // 10)


def _ends(curve: np.ndarray) -> tuple[float, float]:
    """Medians of the first and of the last tenth, which a few odd values don't move."""
    tenth = _tenth(curve)
    return np.median(curve[:tenth]), np.median(curve[-tenth:])


def _levels(curve: np.ndarray) -> np.ndarray:
    """Medians of all tenths, or the curve itself where it has no more than ten values."""
    return np.array([np.median(part) for part in np.array_split(curve, min(10, len(curve)))])


def _margin(curve: np.ndarray, window: int) -> float:
    """How far two medians of `window` values must differ to be more than noise.

    The noise is read from the steps between neighbours in the calmer half of the curve: a
    training is steep at its start, and at its end if it explodes. 5 / sqrt(window) times the
    noise is three standard errors of the difference.
    """
    steps = np.diff(curve)
    halves = np.array_split(steps, 2) if len(steps) > 1 else [steps]
    noise = min(median_abs_deviation(half, scale="normal") for half in halves) / np.sqrt(2)
    scale = np.abs(_ends(curve)).max()
    return max(MIN_CHANGE * scale, 5 * noise / np.sqrt(window))


def _falls(curve: np.ndarray) -> bool:
    """Whether the end lies clearly below the start, the first tenth or the first hundredth.

    The hundredth is for a loss that falls in its first steps and is level from there on.
    """
    _, end = _ends(curve)
    windows = {max(1, len(curve) // part) for part in (10, 100)}
    return any(np.median(curve[:w]) - end > _margin(curve, w) for w in windows)


def _finite(losses: Mapping[str, np.ndarray], unit: str) -> Finding:
    bad = {name: np.flatnonzero(~np.isfinite(curve)) for name, curve in losses.items()}
    places = [
        f"{name} is {losses[name][where[0]]} at {unit} {where[0] + 1} of {len(losses[name])}"
        for name, where in bad.items()
        if len(where)
    ]
    return _finding(
        "finite",
        bool(places),
        "; ".join(places) or "no NaN or infinity in the loss",
        "a tenth of the learning rate; clipping (clipnorm=1 in the optimizer); look for NaN in "
        "the data and for the log of 0 or a division by 0 in a loss of your own.",
    )


def _falling(curve: np.ndarray) -> Finding:
    start, end = _ends(curve)
    return _finding(
        "falling",
        not _falls(curve),
        f"loss {start:.4g} at the start, {end:.4g} at the end",
        "fit a single small batch, whose loss should fall to almost nothing; learning rates ten "
        "times higher and lower; check that rows of x and y belong together, and their scale.",
    )


def _stable(curve: np.ndarray, unit: str) -> Finding:
    """Fault: the loss ends far above its lowest level, as a share of what it had gained."""
    levels = _levels(curve)
    start, lowest, end = levels[0], levels.min(), levels[-1]
    limit = max(0.25 * (start - lowest), 0.1 * abs(lowest), _margin(curve, _tenth(curve)))
    rises = end - lowest > limit
    turn = int(np.argmin(curve))
    climb = f"loss climbs from {curve[turn]:.4g} at {unit} {turn + 1} to {end:.4g}"
    return _finding(
        "stable",
        rises,
        climb if rises else "loss does not climb again",
        "a tenth of the learning rate; clipping (clipnorm=1 in the optimizer); look for extreme "
        "inputs.",
    )


def _generalises(train: np.ndarray, val: np.ndarray, unit: str) -> Finding:
    best, levels = int(np.argmin(val)), _levels(val)
    (train_start, train_end), (val_start, val_end) = _ends(train), _ends(val)
    limit = max(_margin(val, _tenth(val)), 0.02 * abs(levels.min()))
    rises = levels[-1] - levels.min() > limit
    gap = val_end - train_end
    what = f"validation loss {val_start:.4g} at the start, {val_end:.4g} at the end"
    advice = ""
    if rises and train_end < _levels(train)[levels.argmin()]:
        what = (
            f"overfitting: validation loss is lowest at {unit} {best + 1} ({val[best]:.4g}) and "
            f"ends at {val_end:.4g}, while training loss falls to {train_end:.4g}"
        )
        advice = (
            f"stop near {unit} {best + 1} (EarlyStopping with restore_best_weights=True); "
            "dropout; L2 regularization; a smaller model; more data."
        )
    elif not _falls(val) and _falls(train) and gap > (train_start - train_end) / 2:
        what += ", while training loss falls: the model memorises"
        advice = (
            "a smaller model, dropout, L2 regularization, more data; check that the validation "
            "data was made in the same way as the training data."
        )
    elif not _falls(val) and not _falls(train):
        what += ", and training loss does not fall either"
        advice = (
            "see to the training loss first; if all else is well, the model underfits: a larger "
            "one, a higher learning rate, inputs that say more about the target."
        )
    return _finding("validation", bool(advice), what, advice)


def _finished(curve: np.ndarray) -> Finding | None:
    """Fault: the end still falls at more than half the average speed of the run."""
    tenth = _tenth(curve)
    if len(curve) < 3 * tenth or not _falls(curve):
        return None
    start, end = _ends(curve)
    last_fall = np.median(curve[-2 * tenth : -tenth]) - end
    usual_fall = (start - end) * tenth / (len(curve) - tenth)
    still_falls = last_fall > max(usual_fall / 2, _margin(curve, tenth))
    return _finding(
        "finished",
        still_falls,
        "the loss still falls at the end" if still_falls else "the loss levels out",
        "train longer, or with a higher learning rate.",
    )


def _accuracy_follows(loss: np.ndarray, accuracy: np.ndarray, name: str) -> Finding | None:
    if not _falls(loss):
        return None
    start, end = _ends(accuracy)
    return _finding(
        "accuracy",
        not _falls(-accuracy) and end < 0.999,
        f"{name} {start:.4g} at the start, {end:.4g} at the end, while the loss falls",
        "wait, as accuracy may lag; then check that the loss rewards what you want, and the "
        "accuracy of the most frequent answer (give x and y).",
    )


# ---- What the model tells


def _model_findings(model, x, y, predictions) -> Iterator[Finding | None]:
    if model is None:
        return
    yield _sound_weights(model)
    if x is not None:
        yield _sound_inputs(model, x)
        if np.isfinite(predictions).all():
            yield _live_units(model, x)
    shape = _output_shape(model, predictions)
    activation, loss, from_logits = _final_activation(model), *_loss(model)
    if activation and shape:
        yield _activation_fits(activation, shape[-1], loss, from_logits)
    if y is not None:
        if activation in RANGES and loss in REGRESSION_LOSSES:
            yield _range_fits(activation, y)
        if shape and ("crossentropy" in loss or loss in REGRESSION_LOSSES):
            yield _targets_fit(y, shape, loss)


def _loss(model: keras.Model) -> tuple[str, bool]:
    """The Keras loss that a model is compiled with, as in "binary_crossentropy"; and from_logits.

    The name is "" where there is none, several or one of your own, of which nothing is known.
    """
    if model.loss is None or isinstance(model.loss, (list, tuple, dict)):
        return "", False
    loss = keras.losses.get(model.loss)
    name = getattr(loss, "__name__", type(loss).__name__)
    if not hasattr(keras.losses, name):
        return "", False
    return re.sub("(?<=[a-z])(?=[A-Z])", "_", name).lower(), getattr(loss, "from_logits", False)


def _output_shape(model: keras.Model, predictions) -> tuple | None:
    """Shape of one sample's output; None where there are several outputs or none is known yet."""
    if predictions is not None:
        return predictions.shape[1:] or (1,)
    outputs = getattr(model, "outputs", None) or []
    return tuple(outputs[0].shape[1:]) if len(outputs) == 1 else None


def _final_activation(model: keras.Model) -> str | None:
    """Name of the function that the output went through last; None where that can't be told."""
    outputs = getattr(model, "outputs", None) or []
    if len(outputs) != 1:
        return None
    layer = outputs[0]._keras_history.operation
    while isinstance(layer, (keras.layers.Flatten, keras.layers.Reshape, keras.layers.Dropout)):
        layer = layer.input._keras_history.operation
    if isinstance(layer, keras.layers.Wrapper):  # such as TimeDistributed
        layer = layer.layer
    if isinstance(layer, keras.Model):
        return _final_activation(layer)
    if isinstance(layer, (keras.layers.Dot, keras.layers.Add, keras.layers.Embedding)):
        return "linear"
    if isinstance(layer, (keras.layers.Softmax, keras.layers.ReLU)):
        return type(layer).__name__.lower()
    return getattr(getattr(layer, "activation", None), "__name__", None)


def _sound_weights(model: keras.Model) -> Finding | None:
    if not model.built:
        return None
    bad = [w.path for w in model.weights if not np.isfinite(keras.ops.convert_to_numpy(w)).all()]
    if bad:
        what = f"NaN or infinity in {', '.join(bad)}"
        advice = "build the model anew, as these can't recover, and use a lower learning rate."
    elif not model.trainable_weights:
        what = "nothing to train: all layers are frozen, or none has weights"
        advice = "set trainable=True on the layers that should learn, then compile again."
    else:
        what, advice = f"{model.count_params():,} weights, all finite", ""
    return _finding("weights", bool(advice), what, advice)


def _sound_inputs(model: keras.Model, x) -> Finding | None:
    """NaN, or amounts far from zero that reach the model as they are (ids and flags may)."""
    arrays = [a for a in keras.tree.flatten(x) if np.issubdtype(a.dtype, np.floating)]
    if not arrays:
        return None
    largest = max(np.abs(array).max() for array in arrays)
    scales = (keras.layers.Normalization, keras.layers.Rescaling, keras.layers.BatchNormalization)
    takes_any = any(isinstance(la, (*scales, keras.layers.Embedding)) for la in _layers(model))
    return _finding(
        "inputs",
        not np.isfinite(largest) or (largest > MAX_INPUT and not takes_any),
        f"largest input {largest:.4g}",
        "fill or drop missing values; bring each column to about [-1, 1], or to mean 0 and "
        "deviation 1 (a Normalization layer does it).",
    )


def _layers(model: keras.Model) -> Iterator[keras.Layer]:
    """All layers of a model, those of models inside it too."""
    for layer in model.layers:
        yield layer
        if isinstance(layer, keras.Model):
            yield from _layers(layer)


def _live_units(model: keras.Model, x) -> Finding | None:
    """Fault: most units of a ReLU layer give 0 for all samples, so they learn nothing."""
    relus = [
        layer
        for layer in model.layers
        if getattr(getattr(layer, "activation", None), "__name__", "") == "relu"
    ]
    if not getattr(model, "inputs", None) or not relus:
        return None
    inputs = model.inputs[0] if isinstance(model, keras.Sequential) else model.input
    outputs = keras.Model(inputs, [layer.output for layer in relus])(x, training=False)
    dead = {}
    for layer, output in zip(relus, keras.tree.flatten(outputs), strict=True):
        values = keras.ops.convert_to_numpy(output)
        dead[layer.name] = (values.reshape(-1, values.shape[-1]) == 0).all(axis=0).mean()
    worst = max(dead, key=dead.get)
    return _finding(
        "live units",
        dead[worst] > 0.5,
        f"{dead[worst]:.0%} of the ReLU units of {worst!r} give 0 for all samples",
        "a lower learning rate; inputs scaled to about [-1, 1]; leaky_relu in place of relu.",
    )


def _activation_fits(activation: str, units: int, loss: str, from_logits: bool) -> Finding:
    fault, advice = _activation_fault(activation, units, loss, from_logits)
    fits = f"the model ends in {activation}" + (f", the loss is {loss}" if loss else "")
    return _finding("activation", bool(fault), fault or fits, advice)


def _activation_fault(activation: str, units: int, loss: str, from_logits: bool) -> tuple[str, str]:
    """What is wrong with a last activation under a loss, and what to try; two "" if nothing is."""
    if units == 1 and (activation == "softmax" or "categorical" in loss):
        return (
            "softmax or a categorical loss over one unit: its share is always 1, nothing to learn",
            "one sigmoid unit with binary_crossentropy, or one unit a class.",
        )
    if from_logits and activation not in ("linear", "log_softmax"):
        return (
            f"the loss takes raw scores (from_logits=True), the model ends in {activation}",
            "leave out either the last activation or from_logits=True.",
        )
    if from_logits or "crossentropy" not in loss:
        return "", ""
    if "categorical" in loss and activation != "softmax":
        return (
            f"the loss takes probabilities that sum to 1, the model ends in {activation}",
            "softmax where one answer is right; sigmoid with binary_crossentropy where several "
            "may be; from_logits=True in the loss where the model ends in raw scores.",
        )
    if "binary" in loss and activation == "softmax":
        return (
            "softmax lets one class win, the loss judges each class alone",
            "categorical_crossentropy where one answer is right; sigmoid where several may be.",
        )
    if "binary" in loss and activation not in ("sigmoid", "hard_sigmoid"):
        return (
            f"the loss takes probabilities between 0 and 1, the model ends in {activation}",
            "a sigmoid in the last layer, or from_logits=True in the loss.",
        )
    return "", ""


def _range_fits(activation: str, y: np.ndarray) -> Finding:
    low, high = RANGES[activation]
    return _finding(
        "range",
        y.min() < low or y.max() > high,
        f"targets from {y.min():.4g} to {y.max():.4g}; {activation} gives {low} to {high}",
        "a linear last layer, or targets scaled into the range of this one.",
    )


def _targets_fit(y: np.ndarray, shape: tuple, loss: str) -> Finding:
    """Whether `y` has the shape and the values that the loss and the output ask for."""
    units = shape[-1]
    wanted = (*shape[:-1], 1) if loss.startswith("sparse") else shape
    fault = ""
    if not np.isfinite(y).all():
        fault = "NaN or infinity in y"
    elif not (_same_shape(y.shape[1:], wanted) or _same_shape((*y.shape[1:], 1), wanted)):
        fault = f"a row of y has shape {y.shape[1:]}, {loss} wants {wanted}"
    elif loss.startswith("sparse") and not (y.min() >= 0 and y.max() < units):
        fault = f"class ids from {y.min()} to {y.max()}, but {units} units: 0 to {units - 1}"
    elif loss.startswith("categorical_c") and not np.allclose(y.sum(axis=-1), 1, atol=1e-3):
        fault = "rows of y do not sum to 1, though one class is right in categorical_crossentropy"
    elif loss.startswith("binary_c") and (y.min() < 0 or y.max() > 1):
        fault = f"targets from {y.min():.4g} to {y.max():.4g}; binary_crossentropy takes 0 to 1"
    return _finding(
        "targets",
        bool(fault),
        fault or f"targets of shape {y.shape[1:]} suit outputs of shape {shape}",
        "compare model.summary() with the shapes and values of y. Where shapes don't match, "
        "Keras may stretch one to the other without a word.",
    )


def _same_shape(shape: tuple, wanted: tuple) -> bool:
    """Equal, where None in `wanted` stands for any length."""
    return len(shape) == len(wanted) and all(
        want in (None, size) for size, want in zip(shape, wanted, strict=True)
    )


# ---- What the predictions tell


def _prediction_findings(model, y, predictions, accuracy) -> Iterator[Finding | None]:
    truth = answers = None
    if predictions is not None:
        yield _predictions_differ(predictions, y)
    if predictions is not None and np.isfinite(predictions).all():
        truth, answers = _classes(y, predictions, model)
        if answers is not None:
            yield _answers_differ(answers, truth)
        elif y is not None and y.size == predictions.size:
            yield _unclipped(y, predictions)
            yield _above_mean(y, predictions)
    if accuracy is not None:
        yield _above_most_frequent(_class_ids(y), accuracy)
    elif truth is not None:
        yield _above_most_frequent(truth, float(np.mean(truth == answers)))


def _classes(y, predictions: np.ndarray, model) -> tuple[np.ndarray | None, np.ndarray | None]:
    """True and predicted class ids, flat; None for either that isn't known or no class."""
    units = predictions.shape[-1] if predictions.ndim > 1 else 1
    best = predictions.reshape(-1, units).argmax(axis=1)
    if y is None:
        is_distribution = units > 1 and predictions.min() >= 0
        is_distribution = is_distribution and np.allclose(predictions.sum(axis=-1), 1, atol=1e-3)
        return None, best if is_distribution else None
    if units > 1 and y.size * units == predictions.size and _is_whole(y):
        return y.reshape(-1), best
    if units > 1 and y.shape == predictions.shape and _is_one_hot(y):
        return y.reshape(-1, units).argmax(axis=1), best
    if y.size == predictions.size and np.isin(y, (0, 1)).all():
        answers = predictions.reshape(-1) > _threshold(predictions, model)
        return y.reshape(-1).astype(int), answers.astype(int)
    return None, None


def _threshold(predictions: np.ndarray, model) -> float:
    """Where yes begins: at 0 for raw scores, which may be of any size, else at a half."""
    loss, from_logits = ("", False) if model is None else _loss(model)
    beyond = predictions.min() < 0 or predictions.max() > 1
    return 0.0 if from_logits or (beyond and loss not in REGRESSION_LOSSES) else 0.5


def _is_whole(y: np.ndarray) -> bool:
    return np.array_equal(y, np.round(y))


def _is_one_hot(y: np.ndarray) -> bool:
    return bool(np.isin(y, (0, 1)).all() and (y.sum(axis=-1) == 1).all())


def _class_ids(y: np.ndarray) -> np.ndarray:
    if y.ndim > 1 and y.shape[-1] > 1 and _is_one_hot(y):
        return y.reshape(-1, y.shape[-1]).argmax(axis=1)
    if not _is_whole(y):
        raise CookbookError("accuracy goes with classes, but y holds amounts; give predictions.")
    return y.reshape(-1)


def _predictions_differ(predictions: np.ndarray, y) -> Finding | None:
    """Fault: hardly any spread over the samples, beside their own size or that of `y`'s spread."""
    if len(predictions) < 2:
        return None
    spread, scale = predictions.std(axis=0).max(), np.abs(predictions).max()
    if y is not None and y.size == predictions.size:
        scale = min(scale, y.std(axis=0).max())  # amounts may be alike beside a large mean
    return _finding(
        "predictions",
        not spread > MIN_SPREAD * scale,  # so that NaN is a fault too
        f"they spread by {spread:.3g} over {len(predictions)} samples, on a scale of {scale:.3g}",
        "see whether the inputs reach the output (dead ReLU units, a wrong input); a lower "
        "learning rate; scaled inputs; batches that are shuffled and balanced.",
    )


def _answers_differ(answers: np.ndarray, truth) -> Finding:
    given = len(np.unique(answers))
    real = None if truth is None else len(np.unique(truth))
    of_real = "" if real is None else f"; y holds {real}"
    return _finding(
        "answers",
        given == 1 and real != 1,
        f"{given} different class{'es' if given > 1 else ''} in {len(answers)} answers{of_real}",
        "balance the classes somewhat (class_weight, or sample the rare ones more), knowing that "
        "this shifts the model's idea of how frequent they are; train longer.",
    )


def _unclipped(y: np.ndarray, predictions: np.ndarray) -> Finding | None:
    """Fault: many predictions share the lowest or highest value while their targets go beyond."""
    y, predictions = y.reshape(-1), predictions.reshape(-1)
    low, high = predictions.min(), predictions.max()
    if low == high:
        return None
    clipped = np.mean(((predictions == low) & (y < low)) | ((predictions == high) & (y > high)))
    return _finding(
        "unclipped",
        clipped > 0.1,
        f"{clipped:.0%} of the predictions stop at {low:.4g} or {high:.4g}, short of the target",
        "a linear last layer, or targets scaled into the range of the last activation.",
    )


def _above_mean(y: np.ndarray, predictions: np.ndarray) -> Finding:
    error = np.mean((y.reshape(predictions.shape) - predictions) ** 2)
    mean_error = np.mean((y - y.mean(axis=0)) ** 2)
    return _finding(
        "baseline",
        not error < 0.99 * mean_error,
        f"mean squared error {error:.4g}; always answering the mean gives {mean_error:.4g}",
        "scale inputs and targets; a smaller problem first; check that rows of x and y belong "
        "together.",
    )


def _above_most_frequent(truth: np.ndarray, accuracy: float) -> Finding:
    """Fault: less than two standard errors above always giving the most frequent answer."""
    classes, counts = np.unique(truth, return_counts=True)
    share = counts.max() / len(truth)
    return _finding(
        "baseline",
        accuracy < share + 2 * np.sqrt(share * (1 - share) / len(truth)),
        f"accuracy {accuracy:.4g} over {len(truth)} answers; always answering "
        f"{classes[counts.argmax()]} gives {share:.4g}",
        "measure something that can't be had for free (balanced accuracy, recall of the rare "
        "class); balance the classes somewhat; start with the two most frequent ones.",
    )
