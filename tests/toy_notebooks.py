"""Small notebooks that several tests run."""

import time
from collections.abc import Callable
from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

PARAMETERS = 'EDITION = "auto"  # the data\nTRAIN = True  # False: the zoo\nSEED = 7  # any number'


def write_notebook(
    folder: Path, name: str, *sources: str, parameters: str = PARAMETERS, **metadata: dict
) -> Path:
    """A notebook with a parameters cell, then one code cell for each source."""
    cells = [
        new_markdown_cell("# Title"),
        new_code_cell(parameters, metadata={"tags": ["parameters"]}),
        *map(new_code_cell, sources),
    ]
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel, **metadata})
    nbformat.write(notebook, folder / f"{name}.ipynb")
    return folder / f"{name}.ipynb"


def write_executed(path: Path, cell: nbformat.NotebookNode) -> Path:
    """A notebook of one cell, as papermill leaves it."""
    run = {"parameters": {}, "duration": 1.2}
    metadata = {"papermill": run, "language_info": {"name": "python"}}
    nbformat.write(new_notebook(cells=[cell], metadata=metadata), path)
    return path


def wait_until(condition: Callable[[], object], pause: float = 0.1, patience: float = 600) -> None:
    """Ask every `pause` seconds whether `condition` holds; fail after `patience` seconds."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, f"waited {patience:g} seconds in vain"
        time.sleep(pause)
