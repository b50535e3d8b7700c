"""The scoreboard: how good every chapter is, and how much faster than the way it replaces.

    python book/scoreboard.py    # writes it into README.md, from which the site takes it

Nothing in it is typed: the figures come from the cards in zoo/, from what `make bench` left in
tests/benchmarks/results/, and from the committed notebooks. scoreboard.toml says which.
"""

import json
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

from helpers import ROOT, ZOO, CookbookError

RESULTS = ROOT / "tests/benchmarks/results"
GROUPS = ("trivial", "peers", "original", "ours")


@cache
def read(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


def results(path: Path) -> dict[str, Any]:
    """What a benchmark left at `path`. Raises `CookbookError` if it left nothing."""
    if not path.is_file():
        raise CookbookError(f"{path.name} is missing: run `make bench`.")
    return json.loads(path.read_text(encoding="utf-8"))


def figure(name: str, chapter: str) -> float:
    """The metric `name` of the chapter's card, or with "file: name" that of a benchmark.

    Raises CookbookError when there is none.
    """
    file, *keys = name.split(": ")
    path = RESULTS / f"{file}.json" if keys else ZOO / chapter / "card.json"
    try:
        found = read(path) if keys else read(path)["metrics"]
        for key in keys or [file]:
            found = found[key]
    except (OSError, KeyError) as error:
        raise CookbookError(
            f"scoreboard.toml asks for {name!r} of {chapter}, which {path.name} doesn't have. "
            f"Run the notebook on the full data or `make bench`, or mend the name."
        ) from error
    return found


def cell(figures: dict[str, str], chapter: str) -> str:
    """Such as "BM25 0.891, tf-idf 0.841"."""
    texts = [f"{name} {figure(key, chapter):.3f}".strip() for name, key in figures.items()]
    return ", ".join(texts).replace("-0.", "−0.") or "–"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def link(chapter: str) -> str:
    return f"[{chapter[:2]}](notebooks/{chapter}.ipynb)"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def times(chapter: str) -> list[str]:
    """How long the training of the zoo's model took, and the whole chapter with all rivals."""
    training = figure("train_seconds", chapter)
    chapter_run = read(ROOT / f"notebooks/{chapter}.ipynb")["metadata"]["cookbook"]["seconds"]
    return [duration(training) if training >= 1 else "under 1 s", duration(chapter_run)]


def scoreboard() -> str:
    """The markdown of all three tables."""
    asked = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    scores = [
        [link(row["chapter"]), row["measure"]]
        + [cell(row.get(group, {}), row["chapter"]) for group in GROUPS]
        for row in asked["score"]
    ]
    speeds = [
        [link(row["chapter"]), row["work"], f"{figure(row['ratio'], row['chapter']):,.0f} times"]
        for row in asked["speed"]
    ]
    chapters = sorted({row["chapter"] for row in asked["score"]})
    machine = read(RESULTS / "01_bands2vec.json")["machine"]
    return "\n\n".join(
        [
            "On data that no model was trained on, but for the first row:",
            table(["", "measured", "trivial", "peers", "the original", "**ours**"], scores),
            "How much faster than the old way, both measured in one run:",
            table(["", "what", "as fast"], speeds),
            "How long it takes, on the full data, while another chapter runs beside it:",
            table(
                ["", "training the model", "the whole chapter, rivals included"],
                [[link(chapter), *times(chapter)] for chapter in chapters],
            ),
            f"Machine: {machine['cores']} cores, {machine['processor']}, no GPU.",
        ]
    )


def marks(name: str) -> tuple[str, str]:
    """The lines of a page between which the figures called `name` stand."""
    return f"<!-- {name}: made by `make scoreboard` -->", f"<!-- end of {name} -->"


def between_marks(page: str, name: str, text: str) -> str:
    """`page` with `text` in place of what stands between the two marks called `name`."""
    start, end = marks(name)
    before, rest = page.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def with_scoreboard(readme: str) -> str:
    """`readme` with the newest figures."""
    return between_marks(readme, "scoreboard", scoreboard())


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_scoreboard(path.read_text(encoding="utf-8")), encoding="utf-8")
