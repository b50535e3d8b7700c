"""Trained models, their cards, and the metrics that a notebook leaves behind.

`record` leaves what a chapter measured and, if it trained one, its model; `load` reads a model.
An entry is a folder zoo/<chapter> with `model.npz` (plain arrays, never pickled objects),
`labels.tsv` (one row an embedding) and `card.json` (what the model is and how good it is). A
chapter with several models has a folder for each below its own, which holds its card alone.
"""

import json
import os
import platform
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from numbers import Real
from pathlib import Path
from typing import Any, NamedTuple

from helpers import GENERATED, REPLACE, ZOO, CookbookError, display_path, replacing, setting
from helpers.archives import check_zip
from helpers.parameters import YES_OR_NO

import numpy as np
import pandas as pd
import pooch
from filelock import FileLock

PACKAGES = ("keras", "gensim", "numpy", "scikit-learn")  # whose versions a card states
CARD, LABELS, ARRAYS, NETWORK = "card.json", "labels.tsv", "model.npz", "network.keras"


class Model(NamedTuple):
    """A stored model: arrays by name, floats in single precision; labels; what its card says."""

    arrays: dict[str, np.ndarray]
    labels: pd.DataFrame
    card: dict[str, Any]


def entry(chapter: str, edition: str = "full") -> Path:
    """Folder of a chapter's model: zoo/ for the full edition, generated/zoo/ for the sample."""
    return (ZOO if edition == "full" else GENERATED / "zoo") / chapter


def entry_for(card: Mapping[str, Any], chapter: str, edition: str) -> Path:
    """Folder for a model with this `card` that was just trained: `entry`, as a rule.

    If that holds a model of the full data with other parameters, or of other data, it is a folder
    of generated/zoo/full/, and a line says so; unless the environment variable COOKBOOK_REPLACE
    is "yes".
    """
    folder = entry(chapter, edition)
    if edition != "full" or YES_OR_NO.get(setting(REPLACE).lower()):
        return folder
    reason = _why_it_stays(folder, card)
    if not reason:
        return folder
    shown, other = display_path(folder), f"{display_path(GENERATED)}/zoo/full/{chapter}"
    print(
        f"{shown} {reason}: it stays as it is, and this model goes to {other}. To replace it, copy "
        f"that folder to {shown}, or set {REPLACE}=yes before you run this."
    )
    return GENERATED / "zoo" / "full" / chapter


def record(
    chapter: str,
    edition: str,
    metrics: Mapping[str, Real],
    *,
    train: bool = False,
    name: str = "",
    data: Mapping[str, Any] | None = None,
    parameters: Mapping[str, Any] | None = None,
    arrays: Mapping[str, np.ndarray] | None = None,
    labels: pd.DataFrame | None = None,
    network: Any = None,
    **more: Any,
) -> None:
    """Leave what a chapter measured, and print it; where it did `train`, leave the model too.

    `metrics` go to generated/metrics/<edition>/<chapter>.json. The card states the model's `name`,
    its `data` (name, edition, rows, sha256), the `parameters` of the run, the metrics and whatever
    `more` is. A model is `arrays` and `labels`, or a Keras `network`; else the card stands alone.
    Raises `CookbookError` if there is no metric, or one isn't a finite number.
    """
    bad = [metric for metric, value in metrics.items() if not _is_finite(value)]
    if bad or not metrics:
        raise CookbookError(f"{chapter}: not finite numbers: {', '.join(bad) or 'no metrics'}.")
    values = {metric: float(value) for metric, value in metrics.items()}
    if train:
        card = make_card(name, data or {}, parameters or {}, values) | more
        folder = entry_for(card, chapter, edition)
        if network is not None:
            _save_network(folder, network, card)
        elif arrays is not None:
            save(folder, arrays, labels, card)
        else:
            with replacing(folder / CARD) as part:
                _write_json(part, card)
    with replacing(GENERATED / "metrics" / edition / f"{chapter}.json") as part:
        _write_json(part, {"metrics": values})
    width = max(map(len, values))
    for metric, value in values.items():
        print(f"{metric:{width}}  {value:.4g}")


def load(
    chapter: str | Path,
    edition: str = "full",
    *,
    unless: bool = False,
    labels: Sequence[str] | None = None,
    **parameters: Any,
) -> Model | None:
    """The model that a chapter has left; None where `unless` says that it will be trained anew.

    Raises `CookbookError` if it is missing, isn't what was saved, was trained on other items than
    `labels`, held against the first column of labels.tsv, or with other `parameters`.
    """
    if unless:
        return None
    folder = entry(chapter, edition)
    with _lock(folder):
        model = _read(folder)
    difference = _difference(model.card.get("parameters", {}), parameters)
    if difference:
        raise CookbookError(f"{display_path(folder)} {difference}: set TRAIN = True.")
    if labels is not None and list(labels) != list(model.labels.iloc[:, 0]):
        shown = display_path(folder)
        raise CookbookError(f"{shown} was trained on other data than this: set TRAIN = True.")
    return model


def load_network(chapter: str, edition: str = "full") -> tuple[Any, dict[str, Any]]:
    """The Keras network that a chapter has left, not compiled, and its card.

    Raises `CookbookError` if it is missing or isn't what was saved.
    """
    from keras.saving import load_model  # takes seconds, and most of this module does without

    folder = entry(chapter, edition)
    with _lock(folder):
        card = _read_card(folder, [NETWORK])
        try:
            return load_model(folder / NETWORK, compile=False, safe_mode=True), card
        except Exception as error:  # Keras raises many types, also where a layer holds code
            shown = display_path(folder / NETWORK)
            raise CookbookError(
                f"{shown} isn't a network that was saved here. {_ways_out(folder)}"
            ) from error


def _save_network(folder: Path, network: Any, card: dict) -> None:
    """Write a network in Keras' own format, which holds its layers and weights and no code."""
    with (
        _lock(folder),
        replacing(folder / CARD) as card_part,
        replacing(folder / NETWORK) as network_part,
    ):
        network.save(network_part)
        _write_json(card_part, card | {"files": {NETWORK: pooch.file_hash(network_part)}})


def make_card(name: str, data: Mapping, parameters: Mapping, metrics: Mapping[str, Real]) -> dict:
    """What a model is, how it was made and how good it is, for card.json."""
    versions = {"python": platform.python_version(), "tensorflow": _tensorflow_version()}
    for package in PACKAGES:
        versions[package] = version(package)
    return {
        "name": name,
        "data": dict(data),
        "parameters": dict(parameters),
        "versions": versions,
        "metrics": {metric: round(float(value), 5) for metric, value in metrics.items()},
        "train_seconds_on": f"{os.cpu_count()} CPU cores",
    }


def save(folder: Path, arrays: Mapping[str, np.ndarray], labels: pd.DataFrame, card: dict) -> None:
    """Write a model, arrays and single numbers, to `folder`; floats are kept in half precision.

    The card comes last and holds the checksums of the other files. An interruption leaves the
    former entry in place, or one that `load` refuses.
    """
    with (
        _lock(folder),
        replacing(folder / CARD) as card_part,
        replacing(folder / LABELS) as labels_part,
        replacing(folder / ARRAYS) as arrays_part,
    ):
        with arrays_part.open("wb") as stream:
            halved = {name: _as_float(array, np.float16) for name, array in arrays.items()}
            np.savez_compressed(stream, allow_pickle=False, **halved)
        labels.to_csv(labels_part, sep="\t", index=False, lineterminator="\n")
        files = {LABELS: pooch.file_hash(labels_part), ARRAYS: pooch.file_hash(arrays_part)}
        _write_json(card_part, card | {"files": files})


def _why_it_stays(folder: Path, card: Mapping[str, Any]) -> str:
    """Why a new model with this `card` isn't to replace the one in `folder`; "" if it may."""
    if ZOO.exists() and not os.access(ZOO, os.W_OK):
        return "can't be written to"
    try:
        stored = json.loads((folder / CARD).read_text(encoding="utf-8"))
        names = dict.fromkeys(stored["parameters"].keys())
        data = stored["data"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""  # there is none, or a damaged one
    new = json.loads(json.dumps(card))  # where a tuple is a list, as in what is stored
    difference = _difference(stored["parameters"], names | new["parameters"])
    if not difference and new["data"] != data:
        return "was trained on other data"
    return difference


def _difference(stored: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """In what the `stored` parameters differ from these; "" if in none."""
    for name, value in parameters.items():
        if stored.get(name) != value:
            return f"was trained with {name} = {stored.get(name)}, not {value}"
    return ""


def _read(folder: Path) -> Model:
    card = _read_card(folder)
    # A name is text, even "1349" or "nan", and may hold a carriage return.
    as_text = {"converters": {0: str}, "keep_default_na": False, "lineterminator": "\n"}
    try:
        arrays = _read_arrays(folder / ARRAYS)
        return Model(arrays, pd.read_csv(folder / LABELS, sep="\t", **as_text), card)
    except Exception as error:  # NumPy lets through whatever the parser of its headers raises
        reason = f"{type(error).__name__}: {error}"
        raise CookbookError(
            f"{display_path(folder)} isn't a model that was saved here ({reason}). "
            f"{_ways_out(folder)}"
        ) from error


def _read_card(folder: Path, files: Sequence[str] = (LABELS, ARRAYS)) -> dict:
    """The card, once the checksums of `files` that it states hold."""
    shown = display_path(folder)
    if not (folder / CARD).is_file():
        raise CookbookError(f"No trained model in {shown}: set TRAIN = True and run all cells.")
    try:
        card = json.loads((folder / CARD).read_text(encoding="utf-8"))
        checksums = {name: card["files"][name] for name in files}
        card.get("parameters", {}).keys()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CookbookError(
            f"{shown}/{CARD} isn't a card of a model. {_ways_out(folder)}"
        ) from error
    for name, checksum in checksums.items():
        path = folder / name
        if not path.is_file() or pooch.file_hash(path) != checksum:
            raise CookbookError(
                f"{shown}/{name} is missing or not the file that {CARD} describes. "
                f"{_ways_out(folder)}"
            )
    return card


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """The arrays, and nothing else: no pickled objects, nothing that isn't in NumPy's format."""
    with zipfile.ZipFile(path) as archive:
        check_zip(archive, path)
    with np.load(path, allow_pickle=False) as stored:
        arrays = {name: stored[name] for name in stored.files}
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"{name} is no array")
        arrays[name] = _as_float(array, np.float32)
    return arrays


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
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


def _ways_out(folder: Path) -> str:
    shown = display_path(folder)
    return f"Restore it (git checkout {shown}), or set TRAIN = True and run all cells."


def _as_float(array: np.ndarray | float, kind: type) -> np.ndarray:
    """`array` in the precision `kind` if it holds floats, else as it is."""
    array = np.asarray(array)
    return array.astype(kind) if array.dtype.kind == "f" else array


def _write_json(path: Path, content: dict) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False)
    path.write_text(text + "\n", encoding="utf-8")


def _is_finite(value: object) -> bool:
    return isinstance(value, Real) and float("-inf") < value < float("inf")
