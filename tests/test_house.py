"""The house of helpers: rooms on floors, arrows that lead down, one home for each thing."""

import ast
import re
from graphlib import CycleError, TopologicalSorter

from helpers import ROOT

import pytest

# From the ground up. A module imports what stands below it; data sets may read one another.
FLOORS = """
helpers
helpers.archives
helpers.bars
helpers.tokens
helpers.folders
helpers.parameters
helpers.fetch
helpers.zoo
helpers.embeddings
helpers.sampling
helpers.evaluate
helpers.training
helpers.diagnosis
helpers.plots
helpers.widgets
helpers.datasets
helpers.pretrained
helpers.chapters
helpers.cluster
helpers.run
""".split()
PATHS = sorted((ROOT / "helpers").rglob("*.py"))
LONGEST = 400  # lines of a module that somebody can still take in


def module_of(path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def floor(module: str) -> int:
    """The floor of a module: its own, or that of the package that it stands in."""
    while module not in FLOORS:
        module = module.rpartition(".")[0]
    return FLOORS.index(module)


def imports(path) -> list[tuple[str, str]]:
    """Modules of the project that a file imports from, with the imported name."""
    found = []
    modules = {module_of(other) for other in PATHS} - {module_of(path)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("helpers"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                if inner != module_of(path):  # as a command, a module looks itself up by its name
                    found.append((inner if inner in modules else node.module, alias.name))
    return found


@pytest.mark.parametrize("path", PATHS, ids=module_of)
def test_a_module_imports_what_stands_below_it(path):
    here = module_of(path)
    for module, _ in imports(path):
        same_room = here.startswith("helpers.datasets.") and module.startswith("helpers.datasets.")
        assert same_room or floor(module) < floor(here), f"{here} imports {module}"


@pytest.mark.parametrize("path", PATHS, ids=module_of)
def test_a_module_imports_nothing_private_and_can_be_taken_in(path):
    assert [name for _, name in imports(path) if name.startswith("_")] == []
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_there_are_no_circles():
    graph = {module_of(path): {module for module, _ in imports(path)} for path in PATHS}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"circle: {' imports '.join(error.args[1])}")


def test_no_two_modules_share_a_name():
    names = [path.stem for path in PATHS if path.stem != "__init__"]
    assert sorted(set(names)) == sorted(names)


def test_a_chapter_has_at_most_one_module_and_it_bears_its_name():
    chapters = {path.stem.partition("_")[2] for path in (ROOT / "notebooks").glob("*.ipynb")}
    modules = {path.stem for path in (ROOT / "helpers" / "chapters").glob("*.py")} - {"__init__"}
    assert modules <= chapters


def test_contributing_names_every_module():
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    drawing = text.partition("```\n")[2].partition("```")[0]
    named = set(re.findall(r"\b(\w+)\.py\b", drawing))
    shared = {path.stem for path in (ROOT / "helpers").glob("*.py")} - {"__init__"}
    assert shared - named == set()
