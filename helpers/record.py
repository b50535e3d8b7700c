"""The metrics that a notebook leaves behind for tests, tables and cards."""

import json
from numbers import Real

from helpers import GENERATED, CookbookError, display_path, replacing


def record(notebook: str, edition: str, **metrics: Real) -> None:
    """Write `metrics` to generated/metrics/<edition>/<notebook>.json and print them.

    Raises `CookbookError` if there is none, or one isn't a finite number.
    """
    bad = [name for name, value in metrics.items() if not _is_finite(value)]
    if bad or not metrics:
        raise CookbookError(f"{notebook}: not finite numbers: {', '.join(bad) or 'no metrics'}.")
    values = {name: float(value) for name, value in metrics.items()}
    path = _path(notebook, edition)
    with replacing(path) as part:
        part.write_text(json.dumps({"metrics": values}, indent=1) + "\n", encoding="utf-8")
    width = max(map(len, values))
    print(*(f"{name:{width}}  {value:.4g}" for name, value in values.items()), sep="\n")


def load_metrics(notebook: str, edition: str) -> dict[str, float]:
    """The metrics that `notebook` recorded last on `edition`.

    Raises `CookbookError` if it hasn't been run.
    """
    path = _path(notebook, edition)
    if not path.exists():
        raise CookbookError(f"No {display_path(path)}: run {notebook} on edition {edition} first.")
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def _path(notebook: str, edition: str):
    return GENERATED / "metrics" / edition / f"{notebook}.json"


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and float("-inf") < value < float("inf")
