"""A model comes back as it was saved, or not at all; metrics that a notebook leaves behind."""

import json
import os
import shutil

from helpers import CookbookError, zoo

import numpy as np
import pandas as pd
import pooch
import pytest

ARRAYS = {"embeddings": np.linspace(-3, 3, 10).reshape(5, 2), "ids": np.array([2**40, -1])}
NAMES = ["nan", "NULL", "1349", 'say "hi"', "tab\tbed"]
CARD = {"name": "toy", "metrics": {"mrr": 0.5}}


def labels(names=NAMES) -> pd.DataFrame:
    return pd.DataFrame({"artist": names, "reviews": range(len(names)), "score": 7.25})


@pytest.fixture
def folder(tmp_path):
    """An entry of the zoo."""
    zoo.save(tmp_path / "01_toy", ARRAYS, labels(), CARD)
    return tmp_path / "01_toy"


def test_a_model_comes_back(folder):
    arrays, stored, card = zoo.load(folder, labels=labels()["artist"])
    assert arrays["embeddings"].dtype == np.float32
    assert np.array_equal(arrays["embeddings"], ARRAYS["embeddings"].astype(np.float16))
    assert np.array_equal(arrays["ids"], ARRAYS["ids"])
    pd.testing.assert_frame_equal(stored, labels(), check_dtype=False)
    assert card.items() >= CARD.items()
    assert card["files"] == {
        name: pooch.file_hash(folder / name) for name in ("model.npz", "labels.tsv")
    }
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize(
    "names", [["1349", "007"], ["1e5", "inf"], ["True", "False"], ["", "é"], ["a\rb", "c\r\nd\n"]]
)
def test_names_stay_text_whatever_they_look_like(tmp_path, names):
    zoo.save(tmp_path, ARRAYS, labels(names), CARD)
    assert list(zoo.load(tmp_path, labels=names)[1]["artist"]) == names


def test_a_model_of_other_parameters_is_refused(tmp_path):
    zoo.save(tmp_path, ARRAYS, labels(NAMES), CARD | {"parameters": {"SEED": 7, "SIZE": 2}})
    zoo.load(tmp_path, SEED=7)
    for parameter in ({"SEED": 8}, {"SIZE": None}, {"NEW": 1}):
        name, value = next(iter(parameter.items()))
        with pytest.raises(CookbookError, match=rf"trained with {name} = .*, not {value}: set TRA"):
            zoo.load(tmp_path, **parameter)


@pytest.mark.parametrize("others", [NAMES[:-1], NAMES[::-1], [*NAMES, "new"]])
def test_a_model_of_other_items_is_refused(folder, others):
    with pytest.raises(CookbookError, match="01_toy was trained on other data.*TRAIN = True"):
        zoo.load(folder, labels=others)


def test_a_missing_model_is_an_error(tmp_path):
    with pytest.raises(CookbookError, match="No trained model in 09_none: set TRAIN = True"):
        zoo.load(tmp_path / "09_none")


@pytest.mark.parametrize("name", ["labels.tsv", "model.npz"])
def test_a_changed_or_missing_file_is_refused(folder, name):
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CookbookError, match=f"01_toy/{name} is missing or not the file"):
        zoo.load(folder)
    (folder / name).unlink()
    with pytest.raises(CookbookError, match=f"01_toy/{name} is missing or not the file"):
        zoo.load(folder)


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\n{", "[]", '{"name": "toy"}', '{"files": {}}'])
def test_a_damaged_card_is_refused(folder, text):
    (folder / "card.json").write_text(text)
    with pytest.raises(CookbookError, match="01_toy/card.json isn't a card"):
        zoo.load(folder)


def test_pickled_objects_are_neither_saved_nor_loaded(folder):
    objects = {"embeddings": np.array([{"a": 1}], dtype=object)}
    with pytest.raises(ValueError, match="allow_pickle=False"):
        zoo.save(folder, objects, labels(), CARD)
    assert zoo.load(folder)[2]["name"] == "toy", "the former model is still there"
    np.savez(folder / "model.npz", **objects)
    card = json.loads((folder / "card.json").read_text())
    card["files"]["model.npz"] = pooch.file_hash(folder / "model.npz")
    (folder / "card.json").write_text(json.dumps(card))
    with pytest.raises(CookbookError, match="01_toy isn't a model that was saved.*allow_pickle=F"):
        zoo.load(folder)


class Interrupted(pd.DataFrame):
    """Labels that the reader interrupts while half of them are written."""

    def to_csv(self, path, **_):
        path.write_text("artist\nhal")
        raise KeyboardInterrupt


def test_an_interrupted_save_leaves_the_former_model(folder):
    with pytest.raises(KeyboardInterrupt):
        zoo.save(folder, {"embeddings": np.zeros((1, 1))}, Interrupted(), {"name": "new"})
    arrays, stored, card = zoo.load(folder)
    assert card["name"] == "toy" and len(stored) == len(arrays["embeddings"]) == 5
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("arrived", [["model.npz"], ["model.npz", "labels.tsv"]])
def test_a_save_killed_between_its_files_is_refused(folder, tmp_path, arrived):
    zoo.save(tmp_path / "new", {"embeddings": np.zeros((1, 1))}, labels(["a"]), CARD)
    for name in arrived:
        shutil.copy(tmp_path / "new" / name, folder / name)
    with pytest.raises(CookbookError, match="not the file that card.json describes"):
        zoo.load(folder)


def test_a_card_names_versions_and_rounds_metrics():
    data, parameters = {"name": "toy"}, {"epochs": 3}
    card = zoo.make_card("toy2vec", data, parameters, {"mrr": np.float32(0.123456789)})
    assert card["metrics"] == {"mrr": 0.12346}
    assert {"python", "tensorflow", "keras", "numpy"} <= card["versions"].keys()
    assert card["versions"]["numpy"] == np.__version__
    assert json.loads(json.dumps(card)) == card


def test_the_sample_edition_has_a_zoo_of_its_own():
    assert zoo.entry("01_toy") == zoo.ZOO / "01_toy"
    assert zoo.entry("01_toy", "sample") == zoo.GENERATED / "zoo" / "01_toy"


# What a chapter leaves


@pytest.fixture
def generated(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "GENERATED", tmp_path)
    return tmp_path


def recorded(folder):
    path = folder / "metrics" / "sample" / "01_toy.json"
    return json.loads(path.read_text(encoding="utf-8"))["metrics"]


def test_metrics_are_printed_and_written(generated, capsys):
    zoo.record("01_toy", "sample", {"mrr": 0.123456789})
    metrics = {"mrr": np.float32(0.25), "rows": np.int64(3), "trained": True}
    zoo.record("01_toy", "sample", metrics)
    assert capsys.readouterr().out.endswith("mrr      0.25\nrows     3\ntrained  1\n")
    assert recorded(generated) == {"mrr": 0.25, "rows": 3, "trained": 1}
    assert not (generated / "zoo").exists(), "nothing was trained"


@pytest.mark.parametrize(
    "value", [float("nan"), float("inf"), np.float32("-inf"), "0.5", None, 1j, np.array([0.5])]
)
def test_what_is_no_finite_number_is_refused(generated, value):
    with pytest.raises(CookbookError, match="01_toy: not finite numbers: mrr."):
        zoo.record("01_toy", "sample", {"mrr": value, "rows": 3})
    assert not list(generated.iterdir())


def test_no_metrics_are_refused():
    with pytest.raises(CookbookError, match="01_toy: .*no metrics"):
        zoo.record("01_toy", "sample", {})


def test_one_call_leaves_model_labels_card_and_metrics_and_one_reads_them(generated):
    about = {"name": "toy2vec", "data": {"rows": 5}, "parameters": {"SEED": 7}, "curve": [2, 1]}
    zoo.record(
        "01_toy", "sample", {"mrr": 0.5}, train=True, arrays=ARRAYS, labels=labels(), **about
    )
    assert zoo.load("01_toy", "sample", unless=True) is None
    arrays, stored, card = zoo.load("01_toy", "sample", labels=NAMES, SEED=7)
    assert arrays.keys() == ARRAYS.keys() and list(stored["artist"]) == NAMES
    assert card["metrics"] == recorded(generated) == {"mrr": 0.5}
    assert {name: card[name] for name in about} == about


def test_a_card_alone_is_written_whole_and_is_no_model(generated):
    zoo.record("01_toy", "sample", {"mrr": 0.5}, train=True, name="chapter")
    folder = generated / "zoo" / "01_toy"
    assert json.loads((folder / "card.json").read_text(encoding="utf-8"))["name"] == "chapter"
    assert [path.name for path in folder.iterdir()] == ["card.json"]
    with pytest.raises(CookbookError, match="isn't a card of a model"):
        zoo.load("01_toy", "sample")


# A model of zoo/ is replaced by its like

ABOUT = {"name": "toy2vec", "data": {"rows": 5}, "parameters": {"SEED": 7, "SPLITS": (0, 1)}}


@pytest.fixture
def stored(generated, monkeypatch):
    """The folder of a model of the full data in zoo/."""
    monkeypatch.setattr(zoo, "ZOO", generated / "zoo-of-the-project")
    monkeypatch.delenv("COOKBOOK_REPLACE", raising=False)
    zoo.record("01_toy", "full", {"mrr": 0.5}, train=True, arrays=ARRAYS, labels=labels(), **ABOUT)
    return zoo.ZOO / "01_toy"


def retrain(mrr: float = 0.25, edition: str = "full", **changes) -> None:
    about = ABOUT | changes
    zoo.record("01_toy", edition, {"mrr": mrr}, train=True, arrays=ARRAYS, labels=labels(), **about)


def mrr_in(folder) -> float:
    return json.loads((folder / "card.json").read_text(encoding="utf-8"))["metrics"]["mrr"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"parameters": {"SEED": 8, "SPLITS": (0, 1)}}, "was trained with SEED = 7, not 8"),
        ({"parameters": {"SEED": 7}}, "was trained with SPLITS = [0, 1], not None"),
        (
            {"parameters": ABOUT["parameters"] | {"EPOCHS": 2}},
            "was trained with EPOCHS = None, not 2",
        ),
        ({"data": {"rows": 4}}, "was trained on other data"),
    ],
)
def test_a_model_of_other_parameters_or_data_goes_elsewhere_and_says_so(
    stored, generated, capsys, changes, reason
):
    retrain(**changes)
    assert mrr_in(stored) == 0.5 and zoo.load("01_toy").card["metrics"] == {"mrr": 0.5}
    assert zoo.load(generated / "zoo" / "full" / "01_toy").card["metrics"] == {"mrr": 0.25}
    said = capsys.readouterr().out
    assert f"01_toy {reason}: it stays as it is, and this model goes to " in said
    assert "zoo/full/01_toy. To replace it, copy that folder to 01_toy" in said
    assert "COOKBOOK_REPLACE=yes" in said


def test_a_card_alone_goes_elsewhere_as_well(stored, generated):
    zoo.record("01_toy", "full", {"mrr": 0.25}, train=True, parameters={"SEED": 8})
    assert mrr_in(stored) == 0.5
    assert mrr_in(generated / "zoo" / "full" / "01_toy") == 0.25


def test_a_model_of_the_same_parameters_and_data_replaces_the_stored_one(stored, capsys):
    retrain()
    assert mrr_in(stored) == 0.25
    assert "stays" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("word", "mrr"), [("yes", 0.25), (" 1 ", 0.25), ("no", 0.5), ("false", 0.5), ("", 0.5)]
)
def test_another_model_replaces_the_stored_one_where_that_is_asked_for(
    stored, monkeypatch, word, mrr
):
    monkeypatch.setenv("COOKBOOK_REPLACE", word)
    retrain(parameters={"SEED": 8})
    assert mrr_in(stored) == mrr


@pytest.mark.parametrize("text", ["", "<<<<<<< HEAD\n{", "[]", '{"name": "toy"}', None])
def test_a_damaged_or_missing_model_is_replaced(stored, text):
    (stored / "card.json").unlink()
    if text is not None:
        (stored / "card.json").write_text(text)
    retrain(parameters={"SEED": 8})
    assert mrr_in(stored) == 0.25


def test_a_zoo_that_cannot_be_written_costs_no_training(stored, generated, monkeypatch, capsys):
    monkeypatch.setattr(os, "access", lambda path, mode: path != zoo.ZOO)
    retrain()
    assert mrr_in(stored) == 0.5
    assert mrr_in(generated / "zoo" / "full" / "01_toy") == 0.25
    assert "01_toy can't be written to" in capsys.readouterr().out


def test_the_sample_replaces_its_own_models(stored, generated):
    retrain(edition="sample")
    retrain(0.125, edition="sample", parameters={"SEED": 8})
    assert mrr_in(stored) == 0.5 and mrr_in(generated / "zoo" / "01_toy") == 0.125
