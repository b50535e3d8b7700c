"""The scoreboard: how good every chapter is, and how much faster than the way it replaces.

    python book/scoreboard.py    # writes it into README.md, from which the site takes it

Nothing in it is typed: the figures come from the cards in zoo/, from what `make bench` left in
tests/benchmarks/results/, and from the committed notebooks. scoreboard.toml says which.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from helpers import ROOT, ZOO, CookbookError

ASKED = Path(__file__).with_suffix(".toml")
RESULTS = ROOT / "tests/benchmarks/results"
GROUPS = ("trivial", "peers", "original", "ours")


# Measurements


def results(path: Path) -> dict[str, Any]:
    """What a benchmark left at `path`. Raises `CookbookError` if it left nothing."""
    if not path.is_file():
        raise CookbookError(f"{path.name} is missing: run `make bench`.")
    return json.loads(path.read_text(encoding="utf-8"))


def figure(name: str, chapter: str) -> float:
    """The metric `name` of the chapter's card, or with "file: name" that of a benchmark.

    Raises `CookbookError` when there is none.
    """
    file, *keys = name.split(": ")
    if keys:
        path = RESULTS / f"{file}.json"
        found = results(path)
    else:
        path = ZOO / chapter / "card.json"
        found = json.loads(path.read_text(encoding="utf-8"))["metrics"]
        keys = [name]
    for key in keys:
        if key not in found:
            raise CookbookError(
                f"scoreboard.toml asks for {name!r} of {chapter}, which {path.name} doesn't have. "
                f"Run the notebook on the full data or `make bench`, or mend the name."
            )
        found = found[key]
    return found


def chapter_seconds(chapter: str) -> float:
    """How long the run took that wrote the outputs of the chapter's notebook."""
    notebook = json.loads((ROOT / f"notebooks/{chapter}.ipynb").read_text(encoding="utf-8"))
    return notebook["metadata"]["cookbook"]["seconds"]


# The tables


def scoreboard() -> str:
    """The markdown of all three tables."""
    asked = tomllib.loads(ASKED.read_text(encoding="utf-8"))
    scores = [score_row(score) for score in asked["score"]]
    speeds = [speed_row(speed) for speed in asked["speed"]]
    chapters = sorted({score["chapter"] for score in asked["score"]})
    times = [time_row(chapter) for chapter in chapters]
    machine = results(RESULTS / "01_bands2vec.json")["machine"]
    parts = [
        "On data that no model was trained on, but for the first row of chapter 01:",
        table(["", "measured", "trivial", "peers", "the original", "**ours**"], scores),
        "How much faster than the old way, both measured in one run:",
        table(["", "what", "as fast"], speeds),
        "How long it takes, on the full data (01 to 04, 06 and 07 with another chapter beside):",
        table(["", "training the model", "the whole chapter, rivals included"], times),
        f"Machine: {machine['cores']} cores, {machine['processor']}, no GPU.",
    ]
    return "\n\n".join(parts)


def score_row(score: dict[str, Any]) -> list[str]:
    row = [link(score["chapter"]), score["measure"]]
    for group in GROUPS:
        names = score.get(group, {})
        texts = [f"{who} {figure(name, score['chapter']):.3f}" for who, name in names.items()]
        cell = ", ".join(text.strip() for text in texts)
        row.append(cell.replace("-0.", "−0.") or "–")
    return row


def speed_row(speed: dict[str, str]) -> list[str]:
    ratio = figure(speed["ratio"], speed["chapter"])
    return [link(speed["chapter"]), speed["work"], f"{ratio:,.0f} times"]


def time_row(chapter: str) -> list[str]:
    training = figure("train_seconds", chapter)
    training_time = duration(training) if training >= 1 else "under 1 s"
    return [link(chapter), training_time, duration(chapter_seconds(chapter))]


def link(chapter: str) -> str:
    return f"[{chapter[:2]}](notebooks/{chapter}.ipynb)"


def duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


# Where they stand


def between_marks(page: str, name: str, text: str) -> str:
    """`page` with `text` in place of what stands between the two marks called `name`."""
    start = f"<!-- {name}: made by `make scoreboard` -->"
    end = f"<!-- end of {name} -->"
    before, rest = page.split(start)
    _, after = rest.split(end)
    return f"{before}{start}\n\n{text}\n\n{end}{after}"


def with_scoreboard(readme: str) -> str:
    """`readme` with the newest figures."""
    return between_marks(readme, "scoreboard", scoreboard())


if __name__ == "__main__":
    path = ROOT / "README.md"
    path.write_text(with_scoreboard(path.read_text(encoding="utf-8")), encoding="utf-8")
