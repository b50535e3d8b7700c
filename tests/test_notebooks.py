"""Each notebook: committed clean, built to the common skeleton, and good enough when it runs."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from helpers import ZOO
from helpers.run import NOTEBOOKS

import nbformat
import numpy as np
import papermill
import pytest
from toy_series import Series, solutions, texts

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
FLOORS = tomllib.loads(Path(__file__).with_name("floors.toml").read_text(encoding="utf-8"))
MACHINE_PATH = re.compile(
    r"(?<![\w.-])/(?:home|root|tmp|Users|work|private|var|mnt|opt)/\w.*|[A-Z]:\\+Users.*"
)
TOLERANCE = 0.02  # of metrics of two runs, where gensim with several workers takes part
DURATION = re.compile("seconds|_ms|_per_second")
ELSEWHERE = "\n\n> In Google Colab and on Kaggle, "  # how a note begins that all chapters share
HEADINGS = ("## Summary", "## Exercises", "## Sources")

every_notebook = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


def read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in read(path).cells if cell.cell_type == "code" and cell.source.strip()]


def outputs(path: Path) -> list[nbformat.NotebookNode]:
    return [output for cell in code_cells(path) for output in cell.outputs]


def strings(node: Any) -> Iterator[str]:
    """Every text in a notebook's JSON, however deep, but for pictures."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        yield from chain.from_iterable(map(strings, node))
    elif isinstance(node, dict):
        for key, value in node.items():
            if not key.startswith("image/"):
                yield from strings(value)


def prose(path: Path) -> str:
    """What a reader reads: without the solutions, and the note on where else to run it."""
    title, *rest = texts(path)
    return "\n".join([title.partition(ELSEWHERE)[0], *rest]).replace(solutions(path), "")


# As committed


@every_notebook
def test_is_valid_small_and_names_no_machine(path):
    nbformat.validate(read(path))
    assert path.stat().st_size < 1_000_000
    assert MACHINE_PATH.findall("\n".join(strings(read(path)))) == []


@every_notebook
def test_holds_the_outputs_of_one_clean_full_run(path):
    counts = [cell.execution_count for cell in code_cells(path)]
    assert counts == list(range(1, len(counts) + 1))
    assert [output for output in outputs(path) if output.output_type == "error"] == []
    streams = [output for output in outputs(path) if output.output_type == "stream"]
    assert [output.text for output in streams if output.name == "stderr"] == []
    assert [output.text for output in streams if "\r" in output.text] == []
    assert read(path).metadata.cookbook.parameters == {"EDITION": "full"}


@every_notebook
def test_interactive_charts_have_a_picture_beside_them(path):
    for output in outputs(path):
        kinds = set(output.get("data", {}))
        assert "image/png" in kinds or not any("vega" in kind for kind in kinds)


# The skeleton


@every_notebook
def test_parameters_are_assigned_and_commented_one_a_line(path):
    cells = [cell for cell in code_cells(path) if "parameters" in cell.metadata.get("tags", [])]
    assert len(cells) == 1
    lines = cells[0].source.splitlines()
    for line in lines:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]* = [^#]*\S +# \S.*", line), line
        assert isinstance(ast.parse(line).body[0], ast.Assign)
    names = [line.split(" = ")[0] for line in lines]
    assert {"EDITION", "TRAIN", "SEED"} <= set(names)
    assert list(papermill.inspect_notebook(path)) == names, "papermill reads them otherwise"


@every_notebook
def test_has_the_common_skeleton(path):
    first = read(path).cells[0]
    assert first.cell_type == "markdown" and first.source.startswith("# ")
    assert first.source.partition(ELSEWHERE)[2] == texts(PATHS[0])[0].partition(ELSEWHERE)[2] != ""
    assert [heading for heading in HEADINGS if heading not in prose(path).splitlines()] == []
    sources = [cell.source for cell in code_cells(path)]
    trains_a_network = any("import keras" in source for source in sources)
    assert not trains_a_network or any("diagnose(" in source for source in sources)
    assert sum("zoo.record(" in source for source in sources) == 1


@every_notebook
def test_every_exercise_has_a_solution(path):
    exercises = prose(path).partition("## Exercises")[2].partition("\n## ")[0]
    numbers = re.findall(r"^(\d)\. ", exercises, re.MULTILINE)
    assert 3 <= len(numbers) <= 5
    assert re.findall(r"<details>\n<summary>(\d)\. ", solutions(path)) == numbers
    assert solutions(path).count("\n</details>") == len(numbers)


# The measurements


def misses(metrics: dict[str, float], floors: dict[str, dict[str, float]]) -> list[str]:
    """What is wrong with `metrics`, one line for each floor that doesn't hold."""
    found = []
    for name, bounds in floors.items():
        value = metrics.get(name, float("nan"))  # a metric that is missing meets no bound
        held = bounds.get("min", -np.inf) <= value <= bounds.get("max", np.inf)
        if not held:
            found.append(f"{name} = {value}, wanted {bounds}")
    return found


def card_metrics(chapter: str) -> dict[str, float]:
    """What the training of the chapter's model in the zoo measured."""
    return json.loads((ZOO / chapter / "card.json").read_text(encoding="utf-8"))["metrics"]


def strays(metrics: dict[str, float], expected: dict[str, float]) -> list[str]:
    """Where `metrics`, measured with a stored model, are not what its training measured.

    A figure that is better is suspicious, too: the model may have seen what is now held out.
    """
    compared = [name for name in metrics if name in expected and not DURATION.search(name)]
    assert compared
    return [
        f"{name} = {metrics[name]}, expected {expected[name]}"
        for name in compared
        if metrics[name] != pytest.approx(expected[name], rel=TOLERANCE, abs=TOLERANCE)
    ]


def good_enough(metrics: dict[str, float], name: str, edition: str) -> None:
    floors = FLOORS.get(name, {}).get(edition)
    assert floors, f"tests/floors.toml has no [{name}.{edition}]"
    assert misses(metrics, floors) == []


@every_notebook
def test_runs_on_the_sample_and_is_good_enough(path, sample_series):
    good_enough(sample_series.metrics(path.stem, "sample"), path.stem, "sample")


@pytest.fixture(scope="session")
def full_series(request, tmp_path_factory) -> Iterator[Series]:
    """The notebooks that tests ask for, on the full data, from the zoo."""
    items = [item for item in request.session.items if "full_series" in item.fixturenames]
    names = ",".join(item.callspec.params["path"].stem for item in items)
    options = ["--edition", "full", "--no-train", "--only", names]
    with Series(tmp_path_factory.mktemp("full"), options) as series:
        yield series


@pytest.mark.full
@every_notebook
def test_runs_on_the_full_data_and_is_good_enough(path, full_series):
    metrics = full_series.metrics(path.stem, "full")
    good_enough(metrics, path.stem, "full")
    if path.stem != "00_getting_unstuck":  # which trains all anew in each run
        assert strays(metrics, card_metrics(path.stem)) == []


@pytest.mark.parametrize("name", [name for name in FLOORS if "full" in FLOORS[name]])
def test_committed_numbers_are_good_enough(name):
    assert misses(card_metrics(name), FLOORS[name]["full"]) == []


def test_floors_are_of_known_notebooks_and_can_fail():
    assert [name for name in FLOORS if name not in {path.stem for path in PATHS}] == []
    for editions in FLOORS.values():
        assert set(editions) <= {"sample", "full"}
        for bounds in (bounds for floors in editions.values() for bounds in floors.values()):
            assert bounds and set(bounds) <= {"min", "max"}


@pytest.mark.parametrize(
    ("metrics", "floor", "missed"),
    [
        ({"mrr": 0.5}, {"min": 0.5}, False),
        ({"mrr": 0.49}, {"min": 0.5}, True),
        ({"mrr": 1.3}, {"max": 1.2}, True),
        ({"mrr": float("nan")}, {"min": 0.5}, True),
        ({"other": 0.9}, {"min": 0.5}, True),
    ],
)
def test_misses(metrics, floor, missed):
    assert bool(misses(metrics, {"mrr": floor})) is missed
