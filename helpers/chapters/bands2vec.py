"""Chapter 01: pairs from buckets, and what TensorBoard shows of a training."""

import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from helpers import CookbookError

import numpy as np
import tensorflow as tf


def sample_pairs(buckets: Iterable[np.ndarray], n: int, rng: np.random.Generator) -> np.ndarray:
    """Draw `n` pairs of two different members of one bucket; returns ids (n, 2).

    A bucket is an array of distinct ids. It is drawn in proportion to its size, so that every
    membership is as likely as any other. Raises `CookbookError` if a bucket has no pair in it.

    >>> sample_pairs([np.array([3, 8])], 1, np.random.default_rng(0)).sum()
    np.int64(11)
    """
    buckets = list(buckets)
    sizes = np.array([len(bucket) for bucket in buckets])
    if not len(sizes) or sizes.min() < 2:
        raise CookbookError("Every bucket needs at least two members to make a pair.")
    members = np.concatenate(buckets)
    starts = np.cumsum(sizes) - sizes
    bucket = rng.choice(len(sizes), size=n, p=sizes / sizes.sum())
    first = rng.integers(sizes[bucket])
    second = rng.integers(sizes[bucket] - 1)
    second += second >= first  # step over the first, so that no member meets itself
    return members[starts[bucket][:, None] + np.stack([first, second], axis=1)]


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
