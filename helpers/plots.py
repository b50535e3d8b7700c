"""Figures: one style for all chapters, and charts that show wherever a notebook is read."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import vl_convert
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

STYLE = {
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
# JupyterLab 4 and VS Code draw Vega-Lite 5; the charts of this book use nothing newer.
CHART_MIME = "application/vnd.vegalite.v5+json"
CHART_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
VL_CONVERT_VERSION = "5.21"


def use_style() -> None:
    """One look for all figures, small in the file; Altair charts go out as Vega-Lite and PNG."""
    plt.rcParams.update(STYLE)
    alt.data_transformers.disable_max_rows()
    alt.renderers.register("interactive and picture", _chart_outputs)
    alt.renderers.enable("interactive and picture")
    shell = get_ipython()
    if shell is not None:  # in a notebook
        shell.run_line_magic("matplotlib", "inline")  # else it sets its own format later
        shell.display_formatter.formatters["image/png"].for_type(Figure, _figure_png)


# Matplotlib


def plot_losses(curves: Mapping[str, Sequence[float]]) -> Axes:
    """Draw losses by name, one value an epoch, into the current axes, which are returned."""
    ax = plt.gca()
    for name, losses in curves.items():
        epochs = np.arange(1, len(losses) + 1)
        ax.plot(epochs, losses, marker=".", label=name)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def scatter_classes(
    ax: Axes, points: np.ndarray, classes: Sequence, legend: bool = False, **style: Any
) -> None:
    """Draw `points` (n, 2), a colour for each of their `classes` (n,), without axes.

    `style` goes to `ax.scatter`.
    """
    style.setdefault("alpha", 0.6)
    classes = np.asarray(classes)
    names = np.unique(classes)
    colours = plt.get_cmap("tab10" if len(names) <= 10 else "tab20")
    for number, name in enumerate(names):
        x, y = points[classes == name].T
        ax.scatter(x, y, color=colours(number % colours.N), label=name, **style)
    ax.axis("off")
    if legend:
        for handle in ax.legend(loc="upper left", markerscale=4).legend_handles:
            handle.set_alpha(1)  # faint points need no faint legend


def label_points(
    ax: Axes, points: np.ndarray, names: Sequence[str], limit: int = 300, **style: Any
) -> int:
    """Write up to `limit` of `names` beside `points` (n, 2), first ones first, none over another.

    Set the axes' limits before. Returns how many names found a place. `style` goes to `ax.text`.
    Raises `ValueError` if there are not as many names as points.
    """
    style.setdefault("fontsize", 7)
    style.setdefault("parse_math", False)  # "joey bada$$" is no formula
    ax.figure.canvas.draw()  # fixes the layout, so that sizes on the screen are known
    frame = ax.get_window_extent()
    taken = []
    for (x, y), name in zip(points, names, strict=True):
        if len(taken) == limit:
            break
        text = ax.text(x, y, name, ha="center", va="center", **style)
        box = text.get_window_extent().padded(1)
        inside = frame.contains(*box.min) and frame.contains(*box.max)
        if inside and box.count_overlaps(taken) == 0:
            taken.append(box)
        else:
            text.remove()
    return len(taken)


# Altair


def interactive_map(frame: pd.DataFrame, colour: str, tooltip: Sequence[str]) -> alt.Chart:
    """A map of `frame`, at its columns x and y: hover for `tooltip`, click the legend to isolate.

    `colour` is the column of classes. Only the columns that are shown go into the page.
    """
    columns = list(dict.fromkeys(["x", "y", colour, *tooltip]))  # each of them once
    pick = alt.selection_point(fields=[colour], bind="legend")
    dots = alt.Chart(as_csv(frame[columns]), width=600, height=450).mark_circle(size=28)
    chart = dots.encode(
        alt.X("x:Q", axis=None),
        alt.Y("y:Q", axis=None),
        alt.Color(f"{colour}:N", scale=alt.Scale(scheme="category10")),
        tooltip=[f"{name}:N" for name in tooltip],
        opacity=alt.when(pick).then(alt.value(0.8)).otherwise(alt.value(0.05)),
    )
    return chart.add_params(pick).interactive()


def as_csv(frame: pd.DataFrame) -> alt.InlineData:
    """Data for a chart, in half the space of Altair's JSON."""
    return alt.InlineData(frame.to_csv(index=False), format=alt.CsvDataFormat(type="csv"))


# What goes into a notebook


def _chart_outputs(spec: dict[str, Any], **_: Any) -> dict[str, Any]:
    """What a chart sends to the page: Vega-Lite where it can be drawn, else the picture."""
    vega_lite_5 = spec | {"$schema": CHART_SCHEMA}
    png = vl_convert.vegalite_to_png(vega_lite_5, vl_version=VL_CONVERT_VERSION, scale=1.2)
    return {
        CHART_MIME: vega_lite_5,
        "image/png": base64.b64encode(_compact(png)).decode(),
        "text/plain": "<Altair chart>",
    }


def _figure_png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return _compact(buffer.getvalue())


def _compact(png: bytes) -> bytes:
    """The same picture in 128 colours, which a figure can't be told from, at a third the size."""
    picture = Image.open(BytesIO(png)).convert("RGB")
    octree = Image.Quantize.FASTOCTREE  # keeps the hues of a legend
    buffer = BytesIO()
    picture.quantize(128, method=octree).save(buffer, "png", optimize=True)
    return buffer.getvalue()
