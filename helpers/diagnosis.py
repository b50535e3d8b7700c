"""`diagnose`: is a training stuck, and on what? The checks one makes by hand, in one report.

The checks follow chapter 2, "Getting unstuck", of D. Osinga, Deep Learning Cookbook, 2018.
"""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from helpers import CookbookError

import keras
import numpy as np
from sklearn.ensemble import RandomForestRegressor

ROWS = 1000  # of x and y that are looked at: plenty for the checks, quick on a laptop
REGRESSION = {"mean_squared_error", "mean_absolute_error", "huber", "log_cosh"}
SUITS = {
    "binary_crossentropy": "sigmoid",
    "categorical_crossentropy": "softmax",
    "sparse_categorical_crossentropy": "softmax",
}
REACHES = {"sigmoid": (0, 1), "tanh": (-1, 1), "relu": (0, np.inf), "relu6": (0, 6)}
TAKE_ANY_SIZE = {"Embedding", "Normalization", "BatchNormalization", "Rescaling"}
ADVICE = {
    "finite": """a tenth of the learning rate, in a new model, as NaN in weights stays; clipping
        (clipnorm=1 in the optimizer); look for NaN, large numbers, the log of 0.""",
    "falling": """fit one small batch, whose loss should fall to almost nothing; a learning rate ten
        times higher, and ten times lower.""",
    "stable": """a tenth of the learning rate, or one that starts small (warm-up) if the climb comes
        first; clipping (clipnorm=1 in the optimizer); batches that are shuffled.""",
    "validation": """stop where it is lowest (EarlyStopping with restore_best_weights=True); more
        data; a smaller model; dropout; L2 regularization.""",
    "finished": "train longer, or with a higher learning rate, as the loss still falls.",
    "inputs": """fill or drop missing values; bring each column to about [-1, 1], or to mean 0 and
        deviation 1 (a Normalization layer does it).""",
    "pairing": """x seems to say nothing about y. Look at a few rows of both: do they belong
        together, or was one of them shuffled or sorted without the other?""",
    "shapes": """compare model.summary() with the shapes of x and y. Where they don't match, Keras
        stops with an error, or stretches one to the other without a word.""",
    "activation": """softmax with categorical_crossentropy where one answer is right; sigmoid with
        binary_crossentropy where several may be; from_logits=True only over raw scores.""",
    "targets": """fill or drop missing values; bring amounts to mean 0 and deviation 1 for the
        training, and predictions back; end in a layer that reaches them all (linear).""",
    "predictions": """see whether the inputs reach the output (dead ReLU units, a wrong input); a
        lower learning rate; scaled inputs; batches that are shuffled and balanced.""",
    "live units": "a lower learning rate; inputs within about [-1, 1]; leaky_relu for relu.",
    "baseline": """a smaller problem first. If y holds classes and one is rare, measure its recall,
        and give it more weight (class_weight in model.fit): the model then expects it more.""",
    "order": """shuffle the rows anew for each epoch (shuffle=True in model.fit, or Dataset.shuffle
        over all rows): a model forgets early batches over those that come last.""",
}


@dataclass(frozen=True)
class Finding:
    """What one check saw. Where it is not `ok`, the report adds what to try."""

    check: str
    ok: bool
    message: str

    def __str__(self) -> str:
        lines = textwrap.wrap(self.message, 70)
        if not self.ok:
            advice = " ".join(ADVICE[self.check].split())
            lines += textwrap.wrap(f"try: {advice}", 70)
        mark = "ok" if self.ok else "look"
        start = f"{mark:<6}{self.check:<14}"
        return start + f"\n{' ' * len(start)}".join(lines)


class Diagnosis(list[Finding]):
    """The findings of `diagnose`, one a check that ran. It shows as a report."""

    @property
    def ok(self) -> bool:
        return all(finding.ok for finding in self)

    @property
    def looks(self) -> str:
        """The report without what is ok."""
        looks = [str(finding) for finding in self if not finding.ok]
        return "\n".join(looks) or f"all {len(self)} checks are ok"

    def __repr__(self) -> str:
        return "\n".join(map(str, self))


def diagnose(
    history: keras.callbacks.History | Mapping[str, Sequence[float]] | Sequence[float] | None,
    model: keras.Model | None = None,
    x=None,
    y=None,
    *,
    untrained: float | None = None,
) -> Diagnosis:
    """Is the training stuck, and on what? A report of one line a check: `ok`, or `look` here.

    history: what `model.fit` returns, a dict with "loss" and perhaps "val_loss", or a list of
        losses. None before the training, or if `model.fit` has stopped with an error.
    model, x, y: a compiled Keras model with one output, and arrays of one sample a row, in the
        order in which `model.fit` got them. At most `ROWS` of them, at random, are looked at.
    untrained: the loss before the first step. In Keras, that of the first epoch is a mean of its
        steps, in which the model has learned already.
    Only the checks that have their inputs are run. A `look` is a question to you, no verdict.
    Raises CookbookError where an input is empty, holds no numbers, or lacks its companions.
    """
    given = [part is not None for part in (model, x, y)]
    if any(given) != all(given) or (history is None and model is None):
        raise CookbookError("Give a history; or model, x and y, all three; or all four.")
    diagnosis = Diagnosis()
    if history is not None:
        is_list = not isinstance(history, (keras.callbacks.History, Mapping))
        diagnosis += _history_checks(_losses(history), "value" if is_list else "epoch", untrained)
    if model is not None:
        diagnosis += _model_checks(model, _array("x", x), _array("y", y), history is not None)
    return diagnosis


def _array(name: str, values) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "biuf" or array.ndim == 0 or array.size == 0:
        raise CookbookError(f"{name} must be a list or an array of numbers, and not empty.")
    return array.astype(float) if name != "x" else array


def _losses(history) -> list[np.ndarray]:
    """The training loss, and the validation loss if there is one, equally long."""
    if isinstance(history, keras.callbacks.History):
        history = history.history
    if not isinstance(history, Mapping):
        history = {"loss": history}
    if "loss" not in history:
        known = ", ".join(map(repr, history)) or "nothing: was the model trained?"
        raise CookbookError(f"The history holds no 'loss'. It holds {known}.")
    losses = [_array(name, history[name]) for name in ("loss", "val_loss") if name in history]
    shortest = min(map(len, losses))
    return [loss[:shortest] for loss in losses]


@dataclass(frozen=True)
class Curve:
    """A loss at some places, such as "epoch 3"."""

    levels: np.ndarray
    places: list[str]

    def at(self, i: int) -> str:
        return f"{self.levels[i]:.4g} ({self.places[i]})"

    def end(self) -> float:
        """The median of the last tenth."""
        return np.median(self.levels[-max(1, len(self.levels) // 10) :])

    def noise(self) -> float:
        """The least difference of levels that counts: none where a curve runs smoothly."""
        steps = np.diff(self.levels)
        bends = np.diff(steps, append=steps[-1])
        return min(5 * max(0, np.percentile(steps, 75)), 3 * np.median(np.abs(bends)))

    def falls(self) -> bool:
        smallest = 0.005 * np.abs(self.levels[[0, -1]]).max()
        return self.levels[0] - self.end() > max(smallest, self.noise())


def _smooth(losses: np.ndarray, unit: str) -> Curve:
    """The losses themselves, or if they are many, medians of 50 parts of them."""
    parts = len(losses)
    if parts > 100:
        parts = min(50, parts // 3)  # a median of fewer than three values hides no outlier
    levels = []
    places = []
    for numbers in np.array_split(np.arange(1, len(losses) + 1), parts):
        levels.append(np.median(losses[numbers - 1]))
        places.append(f"{unit} {numbers[0]}")
        if len(numbers) > 1:
            places[-1] += f" to {numbers[-1]}"
    return Curve(np.array(levels), places)


def _history_checks(
    losses: list[np.ndarray], unit: str, untrained: float | None
) -> Iterator[Finding]:
    is_finite = np.isfinite(losses).all(axis=0)
    sound = len(is_finite) if is_finite.all() else int(is_finite.argmin())
    message = f"the loss is a number in the first {sound} of {len(is_finite)} {unit}s"
    yield Finding("finite", sound == len(is_finite), message)
    if sound < 2:
        return
    curves = [_smooth(loss[:sound], unit) for loss in losses]
    train = curves[0]
    if untrained is not None:
        train = Curve(np.append(untrained, train.levels), ["untrained", *train.places])
    yield Finding("falling", train.falls(), f"loss {train.at(0)}, at the end {train.at(-1)}")
    yield _stable(train)
    if len(curves) == 2:
        yield _validation(*curves)
    if curves[-1].falls():
        yield _finished(curves[-1])


def _stable(curve: Curve) -> Finding:
    """Fault: somewhere the loss climbs by much of what the whole training gains."""
    levels = curve.levels
    climbs = levels - np.minimum.accumulate(levels)
    top = int(climbs.argmax())
    bottom = int(levels[: top + 1].argmin())
    limit = max((levels[0] - levels.min()) / 4, 0.05 * abs(levels[bottom]))
    message = "the loss never climbs"
    if climbs[top] > 0:
        message = f"largest climb from {curve.at(bottom)} to {curve.at(top)}"
    return Finding("stable", climbs[top] <= limit, message)


def _validation(train: Curve, val: Curve) -> Finding:
    """Fault: validation loss rises while training loss falls, or ends far above it."""
    best = int(val.levels.argmin())
    rise = val.end() - val.levels[best]
    fall = train.levels[0] - train.end()
    gain = val.levels[0] - val.levels[best]
    rises = rise > max(val.noise(), fall / 20, gain / 10, 0.015 * abs(val.levels[best]))
    rises = rises and train.end() < train.levels[best]
    gap = val.end() - train.end()
    is_far = train.falls() and gap > max(fall / 2, 0.25 * abs(val.end()))
    message = (
        f"validation loss is lowest at {val.at(best)}, at the end {val.at(-1)}; training loss "
        f"{train.at(best)}, {train.at(-1)}"
    )
    return Finding("validation", not (rises or is_far), message)


def _finished(curve: Curve) -> Finding:
    """Fault: the last tenth falls at more than half the average speed of the training."""
    levels = curve.levels
    tenth = max(1, len(levels) // 10)
    fall = np.median(levels[-2 * tenth : -tenth]) - curve.end()
    usual = (levels[0] - curve.end()) * tenth / (len(levels) - tenth)
    still_falls = len(levels) > 3 and fall > max(usual / 2, curve.noise())
    message = f"at last {curve.at(-1 - tenth)} to {curve.at(-1)}; an average fall is {usual:.2g}"
    return Finding("finished", not still_falls, message)


def _model_checks(
    model: keras.Model, x: np.ndarray, y: np.ndarray, is_trained: bool
) -> Iterator[Finding]:
    if not isinstance(model, keras.Model):
        raise CookbookError(f"model must be a Keras model, not {type(model).__name__}.")
    if len(x) != len(y):
        raise CookbookError(f"x has {len(x)} rows, y has {len(y)}: there must be equally many.")
    rows = np.sort(np.random.default_rng(0).permutation(len(x))[:ROWS])  # still in order
    x = x[rows]
    y = y[rows]
    yield _inputs(model, x)
    has_numbers = np.isfinite(x).all() and np.isfinite(y).all()
    if has_numbers and np.ptp(y, axis=0).any() and x.dtype.kind == "f":  # whole numbers may be ids
        yield _pairing(x, y)
    loss = keras.losses.get(model.loss)
    name = getattr(loss, "name", None) or getattr(loss, "__name__", "")
    from_logits = getattr(loss, "from_logits", False)
    is_known = name in SUITS.keys() | REGRESSION
    if is_known:
        activation = ""
        if getattr(model, "inputs", None):  # else its layers may stand in any order
            activation = getattr(getattr(model.layers[-1], "activation", None), "__name__", "")
        shapes = _shapes(y.shape, model(x[:1]).shape, name)
        yield shapes
        if name in SUITS:
            yield _activation(activation, name, from_logits, y)
        yield _targets(y, name, activation)
        if not shapes.ok:
            return
    if is_trained:
        predictions = keras.ops.convert_to_numpy(model(x, training=False))  # no compiling
        yield _predictions(predictions)
        if np.isfinite(predictions).all():
            yield from _live_units(model, x)
            if is_known:
                yield from _answers(y, predictions, name, 0 if from_logits else 0.5)


def _inputs(model: keras.Model, x: np.ndarray) -> Finding:
    """Fault: NaN; numbers that are tiny or, in the mean of a column, large, and no layer scales."""
    takes_any = any(type(layer).__name__ in TAKE_ANY_SIZE for layer in model.layers)
    sizes = np.abs(x.reshape(len(x), -1))
    means = sizes.mean(axis=0)
    message = f"columns of x have mean sizes from {means.min():.3g} to {means.max():.3g}"
    fits = np.isfinite(means).all() if takes_any else sizes.max() > 0.01 and means.max() < 10
    return Finding("inputs", fits, message)


def _pairing(x: np.ndarray, y: np.ndarray) -> Finding:
    """Fault: a random forest, which needs no settings, finds nothing in x that tells y."""
    truth = y.reshape(len(y), -1) - y.reshape(len(y), -1).mean(axis=0)
    forest = RandomForestRegressor(50, max_features="sqrt", oob_score=True, random_state=0)
    forest.fit(x.reshape(len(x), -1), truth.squeeze())
    correlation = np.corrcoef(forest.oob_prediction_.ravel(), truth.ravel())[0, 1]
    message = f"what a random forest guesses from other rows correlates with y by {correlation:.2f}"
    return Finding("pairing", correlation > 2 / np.sqrt(len(x)), message)


def _shapes(shape: tuple, output: tuple, loss: str) -> Finding:
    wanted = (*output[:-1], 1) if loss.startswith("sparse") else tuple(output)
    fits = wanted[1:] in (shape[1:], (*shape[1:], 1))
    return Finding("shapes", fits, f"a row of y has shape {shape[1:]}, {loss} takes {wanted[1:]}")


def _activation(name: str, loss: str, from_logits: bool, y: np.ndarray) -> Finding:
    """Fault: the last activation doesn't suit the loss, or both don't suit the answers."""
    suits = "linear" if from_logits else SUITS[loss]
    message = f"the model ends in {name or 'a layer of its own'}; {loss} wants {suits}"
    fits = name in (suits, "")
    answers = y.sum(axis=-1) if y.ndim > 1 and y.shape[-1] > 1 else np.zeros(1)
    if loss == "categorical_crossentropy" and answers.max() > 1.001:
        fits = False
        message += ", and one right answer a row, where y holds several"
    elif loss == "binary_crossentropy" and (answers == 1).all():
        fits = False
        message += " for any number of right answers a row, where y holds one in each"
    return Finding("activation", fits, message)


def _targets(y: np.ndarray, loss: str, activation: str) -> Finding:
    """Fault: NaN; in a regression, amounts far from 1 or out of reach of the last activation."""
    low, high = REACHES.get(activation, (-np.inf, np.inf))
    mean = y.mean()
    spread = y.std()
    message = f"y from {y.min():.4g} to {y.max():.4g}, mean {mean:.4g}, deviation {spread:.3g}"
    fits = low <= y.min() and y.max() <= high  # both are false for NaN
    if loss in REGRESSION:
        message += f"; {activation} reaches from {low} to {high}"
        fits = fits and abs(mean) <= 100 and 0.01 <= spread <= 100
    return Finding("targets", fits, message)


def _predictions(predictions: np.ndarray) -> Finding:
    """Fault: NaN, or the same for all rows."""
    spread = predictions.std(axis=0).max()
    size = np.abs(predictions).max()
    message = f"they spread by {spread:.3g}, the largest is {size:.3g}"
    return Finding("predictions", spread > 0.001 * size, message)


def _live_units(model: keras.Model, x: np.ndarray) -> Iterator[Finding]:
    """Fault: most units of a ReLU layer give 0 for all samples, so they learn nothing."""
    layers = model.layers if getattr(model, "inputs", None) else []
    for layer in layers:
        if getattr(layer, "activation", None) is keras.activations.relu:
            outputs = keras.ops.convert_to_numpy(keras.Model(model.inputs[0], layer.output)(x))
            dead = 1 - (outputs.reshape(-1, outputs.shape[-1]) > 0).any(axis=0).mean()
            message = f"{dead:.0%} of the units of {layer.name!r} give 0 for all samples"
            yield Finding("live units", dead <= 0.5, message)


def _answers(
    y: np.ndarray, predictions: np.ndarray, loss: str, threshold: float
) -> Iterator[Finding]:
    """Are the answers better than one for all, and as good on all parts of the data?"""
    if loss in REGRESSION:
        errors = (y - predictions.reshape(y.shape)) ** 2
        variance = np.var(y, axis=0).mean()
        message = f"mean squared error {errors.mean():.4g}, always the mean gives {variance:.4g}"
        yield Finding("baseline", errors.mean() < 0.95 * variance, message)
        groups = y > np.median(y)
        errors = errors / variance
    else:
        groups = y.argmax(axis=-1) if loss == "categorical_crossentropy" else y
        answers = predictions.argmax(axis=-1)
        if loss == "binary_crossentropy":
            answers = predictions > threshold
        errors = groups.ravel() != answers.ravel()
        yield _above_most_frequent(groups.ravel(), answers.ravel())
    if groups.size == len(y):
        yield _order(groups.ravel(), errors.ravel())


def _above_most_frequent(truth: np.ndarray, answers: np.ndarray) -> Finding:
    """Fault: no better than always the most frequent answer, or blind for a rare class."""
    classes, counts = np.unique(truth, return_counts=True)
    rare = classes[counts.argmin()]
    recall = np.mean(answers[truth == rare] == rare)
    accuracy = np.mean(truth == answers)
    share = counts.max() / len(truth)
    better = accuracy > share + 2 * np.sqrt(share * (1 - share) / len(truth))  # standard errors
    if share > 0.8:  # accuracy flatters
        better = min(recall, accuracy) > 0.5
    message = (
        f"accuracy {accuracy:.4g} on {len(truth)} answers, the most frequent alone gives "
        f"{share:.4g}; recall of the rarest, {rare:.0f}, is {recall:.2g}"
    )
    return Finding("baseline", better, message)


def _order(groups: np.ndarray, errors: np.ndarray) -> Finding:
    """Fault: y comes in blocks, and the model knows some of them far better than others."""
    changes = np.sum(groups[1:] != groups[:-1])
    tenths = [tenth.mean() for tenth in np.array_split(errors, min(10, len(errors)))]
    low, high = min(tenths), max(tenths)
    message = f"y changes {changes} times; error of its tenths {low:.2g} to {high:.2g}"
    return Finding("order", changes > len(errors) / 10 or high - low < 0.5, message)
