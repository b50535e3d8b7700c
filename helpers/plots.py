"""Figures: one style for all chapters, and charts that show wherever a notebook is read."""

import base64
from collections.abc import Sequence

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import vl_convert
from matplotlib.axes import Axes

# JupyterLab 4 and VS Code draw Vega-Lite 5; the charts of this book use nothing newer.
VEGA_LITE = "5"
CHART_MIME = f"application/vnd.vegalite.v{VEGA_LITE}+json"
CHART_SCHEMA = f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE}.json"
VL_CONVERT_VERSION = "5.21"


def use_style() -> None:
    """One look for all figures; Altair charts go out as Vega-Lite beside a PNG."""
    plt.rcParams.update(
        {
            "figure.figsize": (8, 4.5),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.alpha": 0.25,
            "legend.frameon": False,
            "image.cmap": "viridis",
        }
    )
    alt.data_transformers.disable_max_rows()
    alt.renderers.register("interactive and picture", _chart_bundle)
    alt.renderers.enable("interactive and picture")


def plot_losses(losses: Sequence[float], xlabel: str = "epoch", ax: Axes | None = None) -> Axes:
    """Draw a training loss per epoch (or per `xlabel`)."""
    ax = ax or plt.gca()
    ax.plot(np.arange(1, len(losses) + 1), losses, marker=".")
    ax.set(xlabel=xlabel, ylabel="training loss")
    return ax


def label_points(
    ax: Axes, points: np.ndarray, names: Sequence[str], limit: int = 300, **style
) -> int:
    """Write up to `limit` of `names` beside `points` (n, 2), first ones first, none over another.

    Set the axes' limits before. Returns how many names found a place. `style` goes to `ax.text`.
    """
    figure = ax.figure
    figure.canvas.draw()  # fixes the layout, so that sizes on the screen are known
    frame = ax.get_window_extent()
    taken = np.empty((0, 4))
    for (x, y), name in zip(points, names, strict=True):
        text = ax.text(x, y, name, ha="center", va="center", **({"fontsize": 7} | style))
        box = text.get_window_extent()
        inside = frame.x0 <= box.x0 and box.x1 <= frame.x1
        if inside and not _overlaps(box.extents, taken):
            taken = np.vstack([taken, box.extents])
        else:
            text.remove()
        if len(taken) == limit:
            break
    return len(taken)


def _overlaps(box: np.ndarray, others: np.ndarray) -> bool:
    left, bottom, right, top = others.T
    apart = (box[2] < left) | (right < box[0]) | (box[3] < bottom) | (top < box[1])
    return not apart.all()


def _chart_bundle(spec: dict, **_) -> dict:
    """What a chart sends to the page: Vega-Lite where it can be drawn, else the picture."""
    spec = spec | {"$schema": CHART_SCHEMA}
    png = vl_convert.vegalite_to_png(spec, vl_version=VL_CONVERT_VERSION, scale=1.5)
    return {
        CHART_MIME: spec,
        "image/png": base64.b64encode(png).decode(),
        "text/plain": "<Altair chart>",
    }
