"""Trained models: saved whole or not at all, loaded only if they are what was saved.

An entry is a folder zoo/<chapter> with `model.npz` (plain arrays, never pickled objects),
`labels.tsv` (one row an embedding) and `card.json` (what the model is and how good it is). A
chapter with several models has a folder for each below its own, which holds its card alone.
"""

import json
import os
import platform
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from numbers import Real
from pathlib import Path

from helpers import GENERATED, ZOO, CookbookError, display_path, replacing
from helpers.archives import check_zip

import numpy as np
import pandas as pd
import pooch
from filelock import FileLock

CARD = "card.json"
PACKAGES = ("keras", "gensim", "numpy", "scikit-learn")  # beside Python and TensorFlow
FILES = ("labels.tsv", "model.npz")


def entry(chapter: str, edition: str = "full") -> Path:
    """Folder of a chapter's model: zoo/ for the full edition, generated/zoo/ for the sample."""
    return (ZOO if edition == "full" else GENERATED / "zoo") / chapter


def card(name: str, data: dict, parameters: dict, metrics: dict) -> dict:
    """What a model is, how it was made and how good it is, for card.json.

    `data` names the data set, its edition, rows and sha256.
    """
    versions = {"python": platform.python_version(), "tensorflow": _tensorflow_version()}
    return {
        "name": name,
        "data": data,
        "parameters": parameters,
        "versions": versions | {package: version(package) for package in PACKAGES},
        "metrics": {metric: round(float(value), 5) for metric, value in metrics.items()},
        "train_seconds_on": f"{os.cpu_count()} CPU cores",
    }


def save(folder: Path, arrays: dict[str, np.ndarray], labels: pd.DataFrame, card: dict) -> None:
    """Write a model, arrays and single numbers, to `folder`; floats are kept in half precision.

    The card comes last and holds the checksums of the other files. An interruption leaves the
    former entry in place, or one that `load` refuses.
    """
    with (
        _alone(folder),
        replacing(folder / CARD) as card_part,
        replacing(folder / "labels.tsv") as labels_part,
        replacing(folder / "model.npz") as model_part,
    ):
        with model_part.open("wb") as stream:
            halved = {name: _halve(array) for name, array in arrays.items()}
            np.savez_compressed(stream, allow_pickle=False, **halved)
        labels.to_csv(labels_part, sep="\t", index=False, lineterminator="\n")
        files = {
            "labels.tsv": pooch.file_hash(labels_part),
            "model.npz": pooch.file_hash(model_part),
        }
        _write_card(card_part, card | {"files": files})


def save_card(folder: Path, card: dict) -> None:
    """Write the card of a chapter whose models have entries of their own, below `folder`."""
    with replacing(folder / CARD) as part:
        _write_card(part, card)


def load(
    folder: Path, labels: Sequence[str] | None = None, **parameters: object
) -> tuple[dict[str, np.ndarray], pd.DataFrame, dict]:
    """Arrays (floats in single precision), labels and card of the model in `folder`.

    Raises `CookbookError` if it is missing, isn't what was saved, was trained on other items than
    `labels`, held against the first column of labels.tsv, or with other `parameters`.
    """
    with _alone(folder):
        arrays, stored_labels, card = _read(folder)
    for name, value in parameters.items():
        if (trained_with := card.get("parameters", {}).get(name)) != value:
            was = f"{display_path(folder)} was trained with {name} = {trained_with}, not {value}"
            raise CookbookError(f"{was}: set TRAIN = True.")
    if labels is not None and list(labels) != list(stored_labels.iloc[:, 0]):
        raise CookbookError(
            f"{display_path(folder)} was trained on other data than this: set TRAIN = True."
        )
    return arrays, stored_labels, card


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays, and nothing else: no pickled objects, nothing that isn't in NumPy's format."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    if strange := [name for name, array in arrays.items() if not isinstance(array, np.ndarray)]:
        raise ValueError(f"{strange[0]} is no array")
    return {name: _widen(array) for name, array in arrays.items()}


def _read_labels(folder: Path) -> pd.DataFrame:
    return pd.read_csv(  # a name is text, even "1349", and may hold a carriage return
        folder / "labels.tsv",
        sep="\t",
        converters={0: str},
        keep_default_na=False,
        lineterminator="\n",
    )


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """No other process saves or loads `folder` meanwhile: its files change one after another."""
    lock = FileLock(GENERATED / ".locks" / f"zoo-{folder.name}.lock")
    with suppress(OSError):  # where nothing can be written, nobody saves
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _tensorflow_version() -> str:
    """Read without the import, which takes seconds; the CPU build goes by another name."""
    try:
        return version("tensorflow-cpu")
    except PackageNotFoundError:
        return version("tensorflow")


def _write_card(path: Path, card: dict) -> None:
    text = json.dumps(card, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _read(folder: Path) -> tuple[dict[str, np.ndarray], pd.DataFrame, dict]:
    card = _checked_card(folder)
    try:
        return _read_arrays(folder / "model.npz"), _read_labels(folder), card
    except Exception as error:  # NumPy lets through whatever the parser of its headers raises
        reason = f"{type(error).__name__}: {error}"
        raise CookbookError(
            f"{display_path(folder)} isn't a model that was saved here ({reason}). "
            f"{_ways_out(folder)}"
        ) from error


def _checked_card(folder: Path) -> dict:
    shown = display_path(folder)
    if not (folder / CARD).is_file():
        raise CookbookError(f"No trained model in {shown}: set TRAIN = True and run all cells.")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        expected = {name: card["files"][name] for name in FILES}
        card.get("parameters", {}).keys()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CookbookError(
            f"{shown}/{CARD} isn't a card of a model. {_ways_out(folder)}"
        ) from error
    for name, checksum in expected.items():
        path = folder / name
        if not path.is_file() or pooch.file_hash(path) != checksum:
            raise CookbookError(
                f"{shown}/{name} is missing or not the file that {CARD} describes. "
                f"{_ways_out(folder)}"
            )
    return card


def _ways_out(folder: Path) -> str:
    shown = display_path(folder)
    return f"Restore it (git checkout {shown}), or set TRAIN = True and run all cells."


def _halve(array: np.ndarray | float) -> np.ndarray:
    array = np.asarray(array)
    return array.astype(np.float16) if array.dtype.kind == "f" else array


def _widen(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.kind == "f" else array


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
