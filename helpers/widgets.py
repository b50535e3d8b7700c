"""Forms in which a reader plays: widgets in Jupyter, one answer where nobody can play."""

import os
from collections.abc import Callable
from typing import Any

from helpers import CookbookError

import ipywidgets
from IPython.display import display

HEADLESS = "COOKBOOK_HEADLESS"  # set in the environment of a run that nobody watches


def form(answer: Callable, **controls: ipywidgets.Widget) -> None:
    """Show what `answer` returns for the values of `controls`, and again when one changes.

    `controls` are widgets, named like the arguments of `answer`; one without a description shows
    its name. A `CookbookError` is shown as its message. A headless run shows the answer to the
    first values, and no widgets.
    """

    def show(**values: Any) -> None:
        try:
            display(answer(**values))
        except CookbookError as error:
            print(error)

    if os.environ.get(HEADLESS):
        first_values = {name: control.value for name, control in controls.items()}
        show(**first_values)
        return
    for name, control in controls.items():
        control.description = control.description or name
    output = ipywidgets.interactive_output(show, controls)
    display(ipywidgets.VBox([*controls.values(), output]))
