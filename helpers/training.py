"""Around training: seeds, progress bars, logs for TensorBoard."""

import operator
import shutil
import sys
import time
import timeit
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from helpers import CookbookError

import keras
import numpy as np
import tensorflow as tf
from keras.optimizers.schedules import PolynomialDecay
from tqdm import tqdm

AT_ONCE = 16  # training steps before TensorFlow comes back to Python


def set_seeds(seed: int) -> None:
    """Make the next model and its training repeat themselves on this machine.

    `keras.utils.set_random_seed` seeds Python's `random`, NumPy's global generator, TensorFlow
    and Keras. On a CPU that is enough: two runs then give the same weights, bit for bit. On a
    GPU some sums run in any order; `tf.config.experimental.enable_op_determinism()` mends that
    at a price in speed, so it stays off here. Two things no call can seed: a generator of your
    own, `np.random.default_rng(seed)`, and the order of a `set` of strings, which changes with
    each new Python process, so sort it.

    Raises CookbookError where `seed` is no whole number from 0 to 2**32 - 1.
    """
    try:
        seed = operator.index(seed)
    except TypeError:
        raise CookbookError(f"seed must be a whole number, such as 7, not {seed!r}.") from None
    if not 0 <= seed < 2**32:
        raise CookbookError(f"seed must lie between 0 and 2**32 - 1, not {seed}.")
    keras.utils.set_random_seed(seed)


def progress(iterable: Iterable | None = None, **options) -> tqdm:
    """A tqdm bar of one line on stdout, for training loops of your own; `options` go to tqdm."""
    # Twice a second is smooth to the eye and keeps the output of a saved notebook short.
    return tqdm(iterable, **{"file": sys.stdout, "ncols": 90, "mininterval": 0.5} | options)


def log_for_tensorboard(folder: Path, losses: Sequence[float], function: Callable, *inputs) -> None:
    """Write `losses`, one an epoch, and the graph of `function(*inputs)` for TensorBoard.

    What `folder` held before is removed: TensorBoard would draw former runs over this one.
    """
    shutil.rmtree(folder, ignore_errors=True)
    with tf.summary.create_file_writer(str(folder)).as_default():
        for epoch, loss in enumerate(losses):
            tf.summary.scalar("loss", loss, step=epoch)
        tf.summary.trace_on(graph=True)
        tf.function(function)(*inputs)
        tf.summary.trace_export("graph", step=0)


def timed(work: Callable, *args: Any, **options: Any) -> tuple[Any, dict[str, float]]:
    """What `work(*args, **options)` returns, and how long it took: `seconds` and `CPU seconds`.

    The latter add up over all cores, and hardly grow when the machine has other work as well.
    """
    clock, processor = time.perf_counter(), time.process_time()
    result = work(*args, **options)
    seconds, cpu = time.perf_counter() - clock, time.process_time() - processor
    return result, {"seconds": seconds, "CPU seconds": cpu}


def batches(
    size: int, parts: int, x: np.ndarray | tuple[np.ndarray, ...], *y: np.ndarray
) -> tuple[tf.data.Dataset, int]:
    """A data set for `fit` of inputs `x` and targets `y`, cut in order; and the steps of a part.

    One pass over it is reported in `parts`, as epochs. The arrays have equally many rows. A batch
    has `size` rows, or fewer where there aren't as many a part; what doesn't fill the last steps
    is left out. Much faster than batching row by row.
    """
    rows = len(keras.tree.flatten(x)[0])
    size = max(1, min(size, rows // parts))
    steps = rows // size // parts
    steps -= steps % AT_ONCE if steps > AT_ONCE else 0

    def cut(array: np.ndarray) -> np.ndarray:
        return array[: parts * steps * size].reshape(parts * steps, size, *array.shape[1:])

    nested = keras.tree.map_structure(cut, (x, *y))
    return tf.data.Dataset.from_tensor_slices(nested).prefetch(2), steps


def fit(
    model: keras.Model, x: Any, rate: float, steps: int, epochs: int, loss=None, **options: Any
) -> keras.callbacks.History:
    """Train a model that isn't compiled yet with Adam, with a bar; its compiled step is fused.

    The learning rate falls in a line from `rate` to a hundredth of it; `steps` are those of an
    epoch. A data set is read on from epoch to epoch. `options` go to `model.fit`.
    """
    optimizer = keras.optimizers.Adam(PolynomialDecay(rate, steps * epochs, rate / 100))
    at_once = next(n for n in range(min(AT_ONCE, steps), 0, -1) if steps % n == 0)
    model.compile(optimizer, loss, jit_compile=True, steps_per_execution=at_once)
    if isinstance(x, tf.data.Dataset):
        options |= {"steps_per_epoch": steps, "shuffle": False}
    callbacks = [ProgressBar(), *options.pop("callbacks", [])]
    return model.fit(x, epochs=epochs, verbose=0, callbacks=callbacks, **options)


class FreshState(keras.callbacks.Callback):
    """Recurrent layers that keep their state start with an empty one before and after each
    validation, so that the texts don't leak into each other."""

    def on_test_begin(self, logs=None):
        self._reset()

    def on_test_end(self, logs=None):
        self._reset()

    def _reset(self) -> None:
        for layer in self.model.layers:
            if isinstance(layer, keras.layers.RNN) and layer.stateful:
                layer.reset_state()


class ProgressBar(keras.callbacks.Callback):
    """One line for a whole training: `model.fit(..., verbose=0, callbacks=[ProgressBar()])`.

    The bar counts steps where Keras knows how many an epoch has, else epochs, and shows `loss`
    and `val_loss`.
    """

    def on_train_begin(self, logs=None):
        self.bar = None
        self.losses = {}

    def on_epoch_begin(self, epoch, logs=None):
        epochs, self.steps = self.params["epochs"], self.params["steps"]
        self.first_step = epoch * (self.steps or 1)
        label = f"epoch {epoch + 1}/{epochs}"
        if self.bar is None:
            total = epochs * (self.steps or 1)
            shape = "{l_bar}{bar}| {elapsed}<{remaining}{postfix}"
            self.bar = progress(total=total, initial=self.first_step, desc=label, bar_format=shape)
        self.bar.set_description(label, refresh=False)

    def on_train_batch_end(self, batch, logs=None):
        if self.steps:
            self._advance(min(batch + 1, self.steps), logs)

    def on_epoch_end(self, epoch, logs=None):
        self._advance(self.steps or 1, logs)

    def on_train_end(self, logs=None):
        if self.bar is not None:
            self.bar.close()

    def _advance(self, done: int, logs: dict) -> None:
        self.losses |= {name: logs[name] for name in ("loss", "val_loss") if name in logs}
        losses = ", ".join(f"{name} {value:.4g}" for name, value in self.losses.items())
        self.bar.set_postfix_str(losses, refresh=False)
        self.bar.update(self.first_step + done - self.bar.n)


def fastest_policy(*sizes: int) -> str:
    """ "mixed_bfloat16" or "float32": the Keras dtype policy for the faster matrix product here.

    Measured, in milliseconds, on a product of the shape (a, b) @ (b, c) for `sizes` a, b, c.
    Processors without instructions for bfloat16 are many times slower with it.
    """
    rows, inner, columns = sizes

    @tf.function
    def product(a, b):
        return tf.linalg.matmul(a, b)

    def seconds(dtype: tf.DType) -> float:
        a, b = tf.ones((rows, inner), dtype), tf.ones((inner, columns), dtype)
        return min(timeit.repeat(lambda: product(a, b), number=10, repeat=5))

    return "mixed_bfloat16" if seconds(tf.bfloat16) < seconds(tf.float32) else "float32"
