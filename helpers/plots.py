"""Figures: one style for all chapters, and charts that show wherever a notebook is read."""

import base64
from collections.abc import Mapping, Sequence
from io import BytesIO

import altair as alt
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import vl_convert
from IPython import get_ipython
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

# JupyterLab 4 and VS Code draw Vega-Lite 5; the charts of this book use nothing newer.
VEGA_LITE = "5"
CHART_MIME = f"application/vnd.vegalite.v{VEGA_LITE}+json"
CHART_SCHEMA = f"https://vega.github.io/schema/vega-lite/v{VEGA_LITE}.json"
VL_CONVERT_VERSION = "5.21"


def use_style() -> None:
    """One look for all figures, small in the file; Altair charts go out as Vega-Lite and PNG."""
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
    if shell := get_ipython():  # in a notebook
        shell.run_line_magic("matplotlib", "inline")  # else it sets its own format later
        png = shell.display_formatter.formatters["image/png"]
        png.for_type(Figure, _figure_png)


def plot_losses(curves: Mapping[str, Sequence[float]]) -> Axes:
    """Draw losses by name, one value an epoch, into the current axes, which are returned."""
    ax = plt.gca()
    for name, losses in curves.items():
        ax.plot(np.arange(1, len(losses) + 1), losses, marker=".", label=name)
    ax.set(xlabel="epoch", ylabel="loss")
    ax.xaxis.get_major_locator().set_params(integer=True)
    return ax


def scatter_classes(
    ax: Axes, points: np.ndarray, classes: Sequence, legend: bool = False, **style
) -> None:
    """Draw `points` (n, 2), a colour for each of their `classes` (n,), without axes.

    `style` goes to `ax.scatter`.
    """
    classes = np.asarray(classes)
    names = np.unique(classes)
    colours = plt.get_cmap("tab10" if len(names) <= 10 else "tab20")
    for number, name in enumerate(names):
        colour = colours(number % colours.N)
        ax.scatter(*points[classes == name].T, color=colour, label=name, **({"alpha": 0.6} | style))
    ax.axis("off")
    if legend:
        for handle in ax.legend(loc="upper left", markerscale=4).legend_handles:
            handle.set_alpha(1)  # faint points need no faint legend


def interactive_map(frame: pd.DataFrame, colour: str, tooltip: Sequence[str]) -> alt.Chart:
    """A map of `frame`, at its columns x and y: hover for `tooltip`, click the legend to isolate.

    `colour` is the column of classes. Only the columns that are shown go into the page.
    """
    shown = frame[list(dict.fromkeys(["x", "y", colour, *tooltip]))]
    data = as_csv(shown)
    pick = alt.selection_point(fields=[colour], bind="legend")
    chart = (
        alt.Chart(data)
        .mark_circle(size=28)
        .encode(
            alt.X("x:Q", axis=None),
            alt.Y("y:Q", axis=None),
            alt.Color(f"{colour}:N", scale=alt.Scale(scheme="category10")),
            tooltip=[f"{name}:N" for name in tooltip],
            opacity=alt.when(pick).then(alt.value(0.8)).otherwise(alt.value(0.05)),
        )
    )
    return chart.add_params(pick).properties(width=600, height=450).interactive()


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
    options = {"fontsize": 7, "parse_math": False} | style  # "joey bada$$" is no formula
    for (x, y), name in zip(points, names, strict=True):
        if len(taken) == limit:
            break
        text = ax.text(x, y, name, ha="center", va="center", **options)
        box = text.get_window_extent().padded(1)
        inside = frame.contains(*box.min) and frame.contains(*box.max)
        if inside and not _overlaps(box.extents, taken):
            taken = np.vstack([taken, box.extents])
        else:
            text.remove()
    return len(taken)


def _overlaps(box: np.ndarray, others: np.ndarray) -> bool:
    left, bottom, right, top = others.T
    apart = (box[2] < left) | (right < box[0]) | (box[3] < bottom) | (top < box[1])
    return not apart.all()


def as_csv(frame: pd.DataFrame) -> alt.InlineData:
    """Data for a chart, in half the space of Altair's JSON."""
    return alt.InlineData(frame.to_csv(index=False), format=alt.CsvDataFormat(type="csv"))


def _chart_bundle(spec: dict, **_) -> dict:
    """What a chart sends to the page: Vega-Lite where it can be drawn, else the picture."""
    spec = spec | {"$schema": CHART_SCHEMA}
    png = vl_convert.vegalite_to_png(spec, vl_version=VL_CONVERT_VERSION, scale=1.2)
    return {
        CHART_MIME: spec,
        "image/png": base64.b64encode(_compact(png)).decode(),
        "text/plain": "<Altair chart>",
    }


def _figure_png(figure: Figure) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", bbox_inches="tight")
    return _compact(buffer.getvalue())


def _compact(png: bytes) -> bytes:
    """The same picture in 128 colours, which a figure can't be told from, at a third the size."""
    buffer = BytesIO()
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture = picture.quantize(128, method=Image.Quantize.FASTOCTREE)  # keeps the hues of a legend
    picture.save(buffer, "png", optimize=True)
    return buffer.getvalue()
