"""Trained models: saved whole or not at all, loaded only if they are what was saved.

An entry is a folder zoo/<chapter> with `model.npz` (plain arrays, never pickled objects),
`labels.tsv` (one row an embedding) and `card.json` (what the model is and how good it is).
"""

import json
import platform
from importlib.metadata import version
from pathlib import Path

from helpers import GENERATED, ZOO, CookbookError, display_path, replacing

import numpy as np
import pandas as pd
import pooch

CARD = "card.json"


def entry(chapter: str, edition: str = "full") -> Path:
    """Folder of a chapter's model: zoo/ for the full edition, generated/zoo/ for the sample."""
    return (ZOO if edition == "full" else GENERATED / "zoo") / chapter


def versions(*packages: str) -> dict[str, str]:
    """Versions of Python and `packages`, for a card."""
    return {"python": platform.python_version()} | {name: version(name) for name in packages}


def save(folder: Path, arrays: dict[str, np.ndarray], labels: pd.DataFrame, card: dict) -> None:
    """Write a model to `folder`; floats are kept in half precision.

    The card comes last and holds the checksums of the other files. An interruption leaves the
    former entry in place, or one that `load` refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (
        replacing(folder / CARD) as card_part,
        replacing(folder / "labels.tsv") as labels_part,
        replacing(folder / "model.npz") as model_part,
    ):
        with model_part.open("wb") as stream:
            np.savez_compressed(stream, **{name: _halve(a) for name, a in arrays.items()})
        labels.to_csv(labels_part, sep="\t", index=False, lineterminator="\n")
        files = {
            "labels.tsv": pooch.file_hash(labels_part),
            "model.npz": pooch.file_hash(model_part),
        }
        text = json.dumps(card | {"files": files}, indent=1, ensure_ascii=False)
        card_part.write_text(text + "\n", encoding="utf-8")


def load(folder: Path) -> tuple[dict[str, np.ndarray], pd.DataFrame, dict]:
    """Arrays (floats in single precision), labels and card of the model in `folder`.

    Raises `CookbookError` if it is missing or isn't what was saved.
    """
    shown = display_path(folder)
    if not (folder / CARD).is_file():
        raise CookbookError(f"No trained model in {shown}: set TRAIN = True and run all cells.")
    card = json.loads((folder / CARD).read_text(encoding="utf-8"))
    for name, expected in card["files"].items():
        path = folder / name
        if not path.is_file() or pooch.file_hash(path) != expected:
            raise CookbookError(
                f"{shown}/{name} is missing or not the file that {CARD} describes. Restore it "
                f"(git checkout {shown}), or set TRAIN = True and run all cells."
            )
    with np.load(folder / "model.npz", allow_pickle=False) as stored:
        arrays = {name: _widen(stored[name]) for name in stored.files}
    labels = pd.read_csv(folder / "labels.tsv", sep="\t", keep_default_na=False, quoting=0)
    return arrays, labels, card


def _halve(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16) if array.dtype.kind == "f" else array


def _widen(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float32) if array.dtype.kind == "f" else array
