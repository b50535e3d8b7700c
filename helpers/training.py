"""Around training: seeds, progress bars, logs for TensorBoard."""

import operator
import shutil
import sys
import timeit
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from helpers import CookbookError

import keras
import tensorflow as tf
from tqdm import tqdm


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
