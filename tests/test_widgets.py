"""A form answers once where nobody can play, and at every change where somebody can."""

from helpers import ROOT
from helpers.widgets import HEADLESS

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook

FORM = """
from helpers import CookbookError
from helpers.widgets import form
import ipywidgets
def answer(word):
    if word == "x":
        raise CookbookError("no such word")
    return word.upper()
text = ipywidgets.Text("tea")
form(answer, word=text)
"""


def run(*sources: str) -> nbformat.NotebookNode:
    """A notebook of `sources`, executed."""
    notebook = new_notebook(cells=[new_code_cell(source) for source in sources])
    patience = {"startup_timeout": 600, "iopub_timeout": 60}  # seconds, on a busy machine
    place = {"metadata": {"path": str(ROOT)}}
    NotebookClient(notebook, resources=place, **patience).execute()
    return notebook


def shown_in_form(notebook: nbformat.NotebookNode) -> str:
    """What stands below the controls at the end."""
    (state,) = notebook.metadata.widgets.values()
    (output,) = [w for w in state["state"].values() if w["model_name"] == "OutputModel"]
    (shown,) = output["state"]["outputs"]
    return shown.get("text") or shown["data"]["text/plain"]


def test_a_headless_form_shows_the_first_answer_and_no_widget(monkeypatch):
    monkeypatch.setenv(HEADLESS, "1")
    notebook = run(FORM)
    assert [dict(output.data) for output in notebook.cells[0].outputs] == [{"text/plain": "'TEA'"}]


@pytest.mark.parametrize(
    ("play", "shown"),
    [("", "'TEA'"), ("text.value = 'milk'", "'MILK'"), ("text.value = 'x'", "no such word\n")],
)
def test_a_form_answers_each_change(monkeypatch, play, shown):
    monkeypatch.delenv(HEADLESS, raising=False)
    notebook = run(FORM, play)
    (form,) = notebook.cells[0].outputs
    assert "application/vnd.jupyter.widget-view+json" in form.data
    assert shown_in_form(notebook) == shown
