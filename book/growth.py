"""What the chapters cost as their data grows: the table and the figure of "How dependable".

    python book/growth.py    # writes the table into dependable.md, after `make bench`

The figure is drawn when the site is built. Both show what tests/benchmarks/test_growth.py measured,
and exponents: a time t has the exponent e if t ~ n**e for n times the data, so that 1 says that
twice the data takes twice the time.
"""

import math
from pathlib import Path
from textwrap import fill
from typing import Any

from helpers.plots import use_style
from scoreboard import RESULTS, between_marks, results, table

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from scipy.stats import linregress
from sphinx.application import Sphinx

MEASURED = RESULTS / "growth.json"
PAGE = Path(__file__).with_name("dependable.md")
COLUMNS = 5  # panels beside each other
MEASURES = {"seconds": "seconds", "megabytes": "memory"}


def exponent(work: dict[str, Any], measure: str) -> tuple[float, float]:
    """How the "seconds" or "megabytes" of `work` grow with its rows, and the R² of that.

    It is the slope of a line through the logarithms, by least squares.
    """
    rows = [run["rows"] for run in work["runs"]]
    values = [run[measure] for run in work["runs"]]
    line = linregress(np.log(rows), np.log(values))
    return line.slope, line.rvalue**2


# The table


def growth_table() -> str:
    """The markdown of the table, of what can't be linear, and of the machine."""
    found = results(MEASURED)
    works = list(found["works"].values())
    times = " / ".join(f"{run['times']:g}×" for run in works[0]["runs"])
    header = ["", "what", "1× is", "real rows"]
    header += [f"seconds at {times}", "exponent", f"MB at {times}", "exponent"]
    rows = [table_row(work) for work in works]
    reasons = [
        f"- {link(work['chapter'])}, {work['work']}: {work['why']}."
        for work in works
        if work["why"]
    ]
    machine = found["machine"]
    parts = [
        table(header, rows),
        "What isn't meant to be linear:",
        "\n".join(reasons),
        f"Machine: {machine['cores']} cores, {machine['processor']}, no GPU.",
    ]
    return "\n\n".join(parts)


def table_row(work: dict[str, Any]) -> list[str]:
    runs = work["runs"]
    real = max(run["real"] for run in runs)
    real_rows = "all" if real == runs[-1]["rows"] else f"{real:,}"
    row = [link(work["chapter"]), work["work"], f"{runs[0]['rows']:,} {work['grows']}", real_rows]
    for measure in MEASURES:
        power, r2 = exponent(work, measure)
        row.append(" / ".join(three_digits(run[measure]) for run in runs))
        row.append(f"{power:.2f} (R² {r2:.3f})")
    return row


def link(chapter: str) -> str:
    return f"[{chapter[:2]}](../notebooks/{chapter}.ipynb)"


def three_digits(value: float) -> str:
    """Such as "0.123", "12.3" or "1,234"."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def with_growth(page: str) -> str:
    """`page` with the newest table."""
    return between_marks(page, "growth", growth_table())


# The figure


def draw_growth(path: Path) -> None:
    """Draw a panel for each row of the table into `path`, a picture: how many times the seconds
    and the memory of the smallest data are needed for so many times that data."""
    works = list(results(MEASURED)["works"].values())
    n_rows = math.ceil(len(works) / COLUMNS)
    size = (2.2 * COLUMNS, 2.4 * n_rows + 0.3)
    with plt.rc_context():
        use_style()
        plt.rcParams["font.size"] = 8
        figure, axes = plt.subplots(n_rows, COLUMNS, figsize=size, sharex=True, sharey=True)
        for ax in axes.flat[len(works) :]:
            ax.set_axis_off()
        for ax, work in zip(axes.flat, works, strict=False):
            draw_panel(ax, work)
        figure.supxlabel("times the data")
        figure.supylabel("times as much as on the least data")
        handles, labels = axes.flat[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(labels))
        figure.savefig(path)
        plt.close(figure)


def draw_panel(ax: Axes, work: dict[str, Any]) -> None:
    times = np.array([run["times"] for run in work["runs"]])
    note = "exponents"
    for (measure, name), marker in zip(MEASURES.items(), "os", strict=True):
        values = np.array([run[measure] for run in work["runs"]])
        ax.plot(times, values / values[0], marker=marker, markersize=4, label=name)
        note += f"\n{name} {exponent(work, measure)[0]:.2f}"
    ax.plot(times, times / times[0], "k:", linewidth=1, label="in proportion")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    ax.xaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_major_formatter("{x:g}")
    ax.set_title(f"{work['chapter'][:2]}: {fill(work['work'], 26)}", fontsize=8)
    ax.annotate(note, (0.04, 0.97), xycoords="axes fraction", va="top", fontsize=7)


def add_figure(app: Sphinx) -> None:
    """Draw the figure where dependable.md looks for it."""
    folder = Path(app.outdir, "_static")
    folder.mkdir(parents=True, exist_ok=True)
    draw_growth(folder / "growth.svg")


def setup(app: Sphinx) -> dict:
    app.connect("builder-inited", add_figure)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    PAGE.write_text(with_growth(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
