"""Around training: progress bars, and the faster arithmetic of a machine."""

import sys
import timeit
from collections.abc import Iterable

import keras
import tensorflow as tf
from tqdm import tqdm


def progress(iterable: Iterable | None = None, **options) -> tqdm:
    """A tqdm bar of one line on stdout, for training loops of your own; `options` go to tqdm."""
    # Twice a second is smooth to the eye and keeps the output of a saved notebook short.
    return tqdm(iterable, **{"file": sys.stdout, "ncols": 90, "mininterval": 0.5} | options)


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
