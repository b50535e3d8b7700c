"""Chapter 00: its network in the zoo, and the answers of web sites that it reads."""

import json

from helpers import CookbookError, zoo
from helpers.chapters.getting_unstuck import ask

import keras
import numpy as np
import pytest
import requests
from sklearn.datasets import load_digits
from toy_models import compiled, numbers

CHAPTER = "00_getting_unstuck"
OVERPASS = "https://overpass-api.de/api/interpreter"
CAFES = "[out:json];node[amenity=cafe](48.852,2.345,48.854,2.348);out;"


class Answer(requests.Response):
    def __init__(self, content: bytes, status: int = 200):
        super().__init__()
        self._content = content
        self.status_code = status


def test_a_site_is_asked_by_name_and_its_answer_taken(monkeypatch, capsys):
    asked = {}

    def get(url, **options):
        asked.update(options, url=url)
        return Answer(b'{"elements": []}')

    monkeypatch.setattr(requests, "get", get)
    assert ask(OVERPASS, {"data": CAFES}, "overpass.json") == b'{"elements": []}'
    assert asked["url"] == OVERPASS and asked["params"] == {"data": CAFES}
    assert "cookbook" in asked["headers"]["User-Agent"] and asked["timeout"] > 0
    assert "The site answered: 16 bytes." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(b"busy", 429), "the site didn't answer: HTTPError"),
        (requests.ReadTimeout(), "the site didn't answer: ReadTimeout"),
        (requests.ConnectionError("no network"), "no connection to the site"),
    ],
)
def test_a_site_that_refuses_or_is_out_of_reach_leaves_the_stored_answer(
    monkeypatch, capsys, answer, why
):
    def get(url, **options):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(requests, "get", get)
    stored = json.loads(ask(OVERPASS, {"data": CAFES}, "overpass.json"))
    assert {"lat", "lon", "tags"} <= set(stored["elements"][0])
    assert f"A stored answer ({why})." in capsys.readouterr().out


def test_no_site_is_asked_unless_live(monkeypatch, capsys):
    monkeypatch.setattr(requests, "get", None)
    ask(OVERPASS, {"data": CAFES}, "overpass.json", live=False)
    assert capsys.readouterr().out == "A stored answer (LIVE is False).\n"


def test_an_unknown_stored_answer_is_named():
    with pytest.raises(CookbookError, match=r"'maps\.json'"):
        ask(OVERPASS, {}, "maps.json")


SITES = {
    "wikidata.json": (
        "https://query.wikidata.org/sparql",
        {"query": "SELECT ?country WHERE {?country wdt:P31 wd:Q6256} LIMIT 1", "format": "json"},
    ),
    "overpass.json": (OVERPASS, {"data": CAFES}),
    "wikipedia.json": (
        "https://en.wikipedia.org/w/api.php",
        {
            "action": "query",
            "titles": "Rogue One",
            "prop": "links",
            "format": "json",
            "formatversion": "2",
        },
    ),
    "archive.json": ("https://archive.org/metadata/stackexchange", {}),
}


@pytest.mark.network
@pytest.mark.parametrize("stored", SITES)
def test_a_site_answers_in_the_format_of_the_stored_answer(stored, capsys):
    url, parameters = SITES[stored]
    live = json.loads(ask(url, parameters, stored))
    assert "The site answered" in capsys.readouterr().out
    made_up = json.loads(ask(url, parameters, stored, live=False))
    assert set(live) & set(made_up), "a part in common, such as results, elements, query or files"


def test_the_network_in_the_zoo_reads_digits_that_it_has_not_seen():
    network, card = zoo.load_network(CHAPTER)
    digits = load_digits()
    unseen = slice(1350, None)
    answers = network(digits.images[unseen, :, :, None] / 16).numpy().argmax(axis=1)
    accuracy = np.mean(answers == digits.target[unseen])
    assert accuracy == pytest.approx(card["metrics"]["digits_accuracy"], abs=0.01)


def test_a_network_comes_back_from_the_zoo_as_it_was(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, "ZOO", tmp_path)
    monkeypatch.setattr(zoo, "GENERATED", tmp_path / "generated")
    x = numbers()
    network = compiled(keras.layers.Dense(2))
    zoo.record("00_toy", "full", {"loss": 1.0}, train=True, name="a toy", network=network)
    again, card = zoo.load_network("00_toy")
    assert card["name"] == "a toy" and card["metrics"] == {"loss": 1.0}
    np.testing.assert_allclose(again(x), network(x), rtol=1e-6)
    (tmp_path / "00_toy" / "network.keras").write_bytes(b"PK another file")
    with pytest.raises(CookbookError, match=r"network\.keras is missing or not the file"):
        zoo.load_network("00_toy")


def test_a_network_that_holds_code_is_not_loaded(monkeypatch, tmp_path):
    monkeypatch.setattr(zoo, "ZOO", tmp_path)
    monkeypatch.setattr(zoo, "GENERATED", tmp_path / "generated")
    network = keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: 2 * x)])
    zoo.record("00_toy", "full", {"loss": 1.0}, train=True, network=network)
    with pytest.raises(CookbookError, match="isn't a network that was saved here"):
        zoo.load_network("00_toy")
