"""Around training: the bar of a whole training, and the faster arithmetic of a machine."""

import timeit

from helpers.bars import progress

import keras
import tensorflow as tf


class ProgressBar(keras.callbacks.Callback):
    """One line for a whole training: `model.fit(..., verbose=0, callbacks=[ProgressBar()])`.

    The bar counts steps where Keras knows how many an epoch has, else epochs, and shows `loss`
    and `val_loss`.
    """

    def on_train_begin(self, logs=None):
        self.bar = None
        self.losses = {}

    def on_epoch_begin(self, epoch, logs=None):
        epochs = self.params["epochs"]
        self.steps = self.params["steps"]
        self.first_step = epoch * (self.steps or 1)
        label = f"epoch {epoch + 1}/{epochs}"
        if self.bar is None:
            self.bar = progress(
                desc=label,
                total=epochs * (self.steps or 1),
                initial=self.first_step,
                bar_format="{l_bar}{bar}| {elapsed}<{remaining}{postfix}",
            )
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
        for name in ("loss", "val_loss"):
            if name in logs:
                self.losses[name] = f"{name} {logs[name]:.4g}"
        self.bar.set_postfix_str(", ".join(self.losses.values()), refresh=False)
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
        a = tf.ones((rows, inner), dtype)
        b = tf.ones((inner, columns), dtype)
        return min(timeit.repeat(lambda: product(a, b), number=10, repeat=5))

    return "mixed_bfloat16" if seconds(tf.bfloat16) < seconds(tf.float32) else "float32"
