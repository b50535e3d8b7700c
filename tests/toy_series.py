"""The series of notebooks as `make run` executes it, in a process that tests wait for."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from helpers import ROOT

import nbformat
from toy_processes import kill_family


class Series:
    """A run of notebooks in the background; what it generates lies in `folder`."""

    def __init__(self, folder: Path, options: list, wrapper=(), variables=None):
        self.generated = folder / "generated"
        self.log = folder / "log.txt"
        environment = os.environ | {"COOKBOOK_GENERATED": str(self.generated)} | (variables or {})
        command = [*wrapper, sys.executable, "-m", "helpers.run", *map(str, options)]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> "Series":
        return self

    def __exit__(self, *_) -> None:
        kill_family(self.process)

    def finish(self) -> str:
        """Wait for the end, and return what the run said."""
        self.process.wait()
        return self.log.read_text(encoding="utf-8")

    def metrics(self, name: str, edition: str) -> dict[str, float]:
        """What a notebook recorded, once it has passed."""
        said = self.finish()
        assert re.search(rf"(?m)^passed  {name} ", said), said
        path = self.generated / "metrics" / edition / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def texts(path: Path) -> list[str]:
    """The Markdown cells of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def solutions(path: Path) -> str:
    """The Markdown cell with the solutions of a notebook's exercises."""
    return next((text for text in texts(path) if text.startswith("## Solutions")), "")


def with_solutions(path: Path, folder: Path) -> Path:
    """A copy in `folder` of a notebook, in which the code of the solutions follows the rest."""
    notebook = nbformat.read(path, as_version=4)
    code = re.findall(r"```python\n(.*?)```", solutions(path), re.DOTALL)
    notebook.cells += [nbformat.v4.new_code_cell(source) for source in code]
    nbformat.write(notebook, folder / path.name)
    return folder / path.name
