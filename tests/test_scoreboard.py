"""The scoreboard holds what was measured, and nothing else."""

import json
import shutil

import scoreboard
from helpers import ROOT, CookbookError

import pytest


def test_the_readme_holds_the_newest_figures():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert scoreboard.with_scoreboard(readme) == readme, "stale: run `make scoreboard`"


def test_names_every_chapter():
    for notebook in (ROOT / "notebooks").glob("*.ipynb"):
        assert scoreboard.link(notebook.stem) in scoreboard.scoreboard()


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """A copy of the zoo's cards, and a way to change a metric in it."""
    for card in scoreboard.ZOO.glob("*/card.json"):
        (tmp_path / card.parent.name).mkdir()
        shutil.copy(card, tmp_path / card.parent.name)
    monkeypatch.setattr(scoreboard, "ZOO", tmp_path)

    def change(chapter: str, **metrics) -> None:
        path = tmp_path / chapter / "card.json"
        card = json.loads(path.read_text(encoding="utf-8"))
        card["metrics"] |= metrics
        for name, value in metrics.items():
            if value is None:
                del card["metrics"][name]
        path.write_text(json.dumps(card), encoding="utf-8")

    return change


def test_follows_the_cards(copy):
    copy("07_word2vec_from_scratch", gensim_context_auc=0.12345, train_seconds=0.4)
    text = scoreboard.scoreboard()
    assert "gensim 0.123" in text and "under 1 s" in text


def test_says_which_figure_is_missing(copy):
    copy("06_lastfm_recommender", als_recall_at_20=None)
    with pytest.raises(CookbookError, match="als_recall_at_20.*06_lastfm.*card.json"):
        scoreboard.scoreboard()


def test_durations():
    assert [scoreboard.duration(s) for s in (3.4, 119, 120, 1272)] == [
        "3 s",
        "119 s",
        "2 min",
        "21 min",
    ]
