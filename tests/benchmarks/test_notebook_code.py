"""What `notebook_code` runs of a notebook, and what it leaves out."""

from helpers import CookbookError

import nbformat
import pytest
from notebook_code import notebook_code

CELLS = [
    "SIZE = 3  # a parameter",
    "import math\ntable = {'side': SIZE}",
    "raise RuntimeError('a long computation')",
    "table['area'] = table['side'] ** 2",
    "def root() -> float:\n    return math.sqrt(table['area'])",
    "table = {}",
]


@pytest.fixture
def paths(tmp_path):
    notebook = tmp_path / "chapter.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in CELLS]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), notebook)
    return notebook, tmp_path / "script.py"


def test_runs_only_what_leads_to_the_names(paths):
    assert notebook_code(*paths, "root").root() == 3
    assert "SIZE" not in vars(notebook_code(*paths, "math"))


def test_takes_parameters(paths):
    assert notebook_code(*paths, "root", SIZE=5).root() == 5


@pytest.mark.parametrize(("names", "parameters"), [(["rot"], {}), (["root"], {"SIZES": 1})])
def test_refuses_what_the_notebook_does_not_define(paths, names, parameters):
    with pytest.raises(CookbookError, match="Did you mean '(root|SIZE)'"):
        notebook_code(*paths, *names, **parameters)
