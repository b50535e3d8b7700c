"""The cost of the chapters as their data grows: the table and the figure of the site.

    python book/growth.py    # writes them into dependable.md and _static/, after `make bench`

The exponent e of a time t is that of t ~ n**e for n times the data: 1 where twice the data takes
twice the time, found by least squares on the logarithms.
"""

import hashlib
from pathlib import Path
from textwrap import fill as wrap
from typing import Any, NamedTuple

from helpers import CookbookError
from helpers.plots import use_style
from scoreboard import RESULTS, between_marks, marks, results, table

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

PATH = RESULTS / "growth.json"
PAGE = Path(__file__).with_name("dependable.md")
FIGURE = Path(__file__).parent / "_static/growth.svg"
START, END = marks("growth")
MEASURES = {"seconds": "seconds", "megabytes": "memory"}
NO_DATE = {".svg": {"Date": None}}  # the same figure is the same file


class Fit(NamedTuple):
    """A power law, and how well it describes what was measured."""

    exponent: float
    r2: float

    def __str__(self) -> str:
        return f"{self.exponent:.2f} (R² {self.r2:.3f})"


def power_law(sizes: np.ndarray, values: np.ndarray) -> Fit:
    """The exponent of `values` (n,) in `sizes` (n,), both above zero, and its R².

    Raises `CookbookError` for less than two sizes, or a value that isn't above zero.

    >>> power_law(np.array([1, 2, 4]), np.array([3, 6, 12])).exponent.round(6)
    np.float64(1.0)
    """
    if len(np.unique(sizes)) < 2 or np.min(values) <= 0 or np.min(sizes) <= 0:
        raise CookbookError("An exponent needs two sizes or more, and values above zero.")
    x, y = np.log(sizes), np.log(values)
    (slope, start), spread = np.polyfit(x, y, 1), np.sum((y - y.mean()) ** 2)
    left = np.sum((y - slope * x - start) ** 2)
    return Fit(slope, 1 - left / spread if spread else 1.0)


def fit(work: dict[str, Any], measure: str) -> Fit:
    """How the "seconds" or the "megabytes" of `work` grow with its rows."""
    runs = work["runs"]
    return power_law(*(np.array([run[key] for run in runs], float) for key in ("rows", measure)))


def link(chapter: str) -> str:
    return f"[{chapter[:2]}](../notebooks/{chapter}.ipynb)"


def shown(value: float) -> str:
    """Three digits, such as "0.123", "12.3" or "1,234"."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def cells(work: dict[str, Any]) -> list[str]:
    first, *_, last = work["runs"]
    real = max(run["real"] for run in work["runs"])
    made = "all" if real == last["rows"] else f"{real:,}"
    row = [link(work["chapter"]), work["work"], f"{first['rows']:,} {work['grows']}", made]
    for measure in MEASURES:
        row.append(" / ".join(shown(run[measure]) for run in work["runs"]))
        row.append(str(fit(work, measure)))
    return row


def growth_table() -> str:
    """The markdown of the table, of what can't be linear, and of the machine."""
    found = results(PATH)
    works = list(found["works"].values())
    times = " / ".join(f"{run['times']:g}×" for run in works[0]["runs"])
    header = ["", "what", "1× is", "real rows", f"seconds at {times}", "exponent"]
    header += [f"MB at {times}", "exponent"]
    reasons = [f"- {link(work['chapter'])}, {work['work']}: {work['why']}." for work in works]
    reasons = [line for line, work in zip(reasons, works, strict=True) if work["why"]]
    machine = found["machine"]
    return "\n\n".join(
        [
            table(header, list(map(cells, works))),
            "What isn't meant to be linear:",
            "\n".join(reasons) or "- nothing",
            f"Machine: {machine['cores']} cores, {machine['processor']}, no GPU.",
        ]
    )


def growth_figure(path: Path = FIGURE) -> None:
    """Write the figure to `path`, an SVG or PNG: a panel for each row of the table, in which
    seconds and memory grow from what the least data takes, both axes logarithmic."""
    works = list(results(PATH)["works"].values())
    use_style()
    columns = min(5, len(works))
    rows = -(-len(works) // columns)
    size = 2.2 * columns, 2.4 * rows + 0.3
    with plt.rc_context({"svg.hashsalt": "growth", "font.size": 8}):
        grid = {"sharex": True, "sharey": True, "squeeze": False}
        figure, axes = plt.subplots(rows, columns, figsize=size, **grid)
        for ax, work in zip(axes.flat, works, strict=False):
            draw(ax, work)
        for ax in axes.flat[len(works) :]:
            ax.set_axis_off()
        figure.supxlabel("times the data")
        figure.supylabel("times as much as on the least data")
        lines = axes.flat[0].get_legend_handles_labels()
        figure.legend(*lines, loc="outside upper center", ncols=len(MEASURES) + 1)
        figure.savefig(path, metadata={"Title": digest()} | NO_DATE.get(path.suffix, {}))
        plt.close(figure)


def draw(ax: Axes, work: dict[str, Any]) -> None:
    """What one row of the table measured, into `ax`."""
    runs, exponents = work["runs"], []
    times = np.array([run["times"] for run in runs])
    for (measure, name), marker in zip(MEASURES.items(), "os", strict=True):
        values = np.array([run[measure] for run in runs])
        ax.plot(times, values / values[0], marker=marker, markersize=4, label=name)
        exponents.append(f"{name} {fit(work, measure).exponent:.2f}")
    ax.plot(times, times / times[0], "k:", linewidth=1, label="in proportion")
    ax.set_xscale("log", base=2)
    ax.set_yscale("log", base=2)
    for axis in (ax.xaxis, ax.yaxis):
        axis.set_major_formatter("{x:g}")
    ax.set_title(f"{work['chapter'][:2]}: {wrap(work['work'], 26)}", fontsize=8)
    note = "exponents\n{}\n{}".format(*exponents)
    ax.annotate(note, (0.04, 0.97), xycoords="axes fraction", va="top", fontsize=7)


def digest() -> str:
    """What the figure was drawn from, so that a stale one is known."""
    return hashlib.sha256(PATH.read_bytes()).hexdigest()


def with_growth(page: str) -> str:
    """`page` with what stands between the two marks replaced.

    Raises `CookbookError` where a mark is missing.
    """
    if START not in page or END not in page:
        raise CookbookError(f"{PAGE.name} needs the lines {START!r} and {END!r}.")
    return between_marks(page, "growth", growth_table())


if __name__ == "__main__":
    growth_figure()
    PAGE.write_text(with_growth(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
