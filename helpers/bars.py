"""Progress bars: what they show, whoever draws one."""

import sys
from collections.abc import Iterable

from tqdm import tqdm


def progress(iterable: Iterable | None = None, **options) -> tqdm:
    """A tqdm bar of one line on stdout, for loops of your own; `options` go to tqdm."""
    # Twice a second is smooth to the eye and keeps the output of a saved notebook short.
    style = {"file": sys.stdout, "ncols": 90, "mininterval": 0.5}
    return tqdm(iterable, **style | options)


def byte_bar(name: str, total: int | None, done: int = 0) -> tqdm:
    """A bar over `total` bytes of `name`, of which `done` are here; it goes when it is closed.

    `bar.update(n)` counts n more. Without a total, it counts up.
    """
    return progress(desc=name, total=total, initial=done, unit="B", unit_scale=True, leave=False)
