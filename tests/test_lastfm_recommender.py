"""What chapter 06 defines to recommend for new listeners, with the zoo's model; and its methods."""

from helpers import CookbookError
from helpers.run import NOTEBOOKS

import keras
import numpy as np
import pytest
from benchmarks.notebook_code import notebook_code
from scipy.sparse import csr_matrix

NAMES = ("recommend", "bag_of", "catalogue", "ease", "factorise")
MINE = {"Radiohead": 400, "Björk": 100, "Portishead": 50}


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    script = tmp_path_factory.mktemp("chapter") / "chapter.py"
    return notebook_code(NOTEBOOKS / "06_lastfm_recommender.ipynb", script, *NAMES)


def test_favourites_are_reasons_and_not_recommendations(chapter):
    found = chapter.recommend(MINE, k=10)
    assert len(found) == found["name"].nunique() == 10
    assert not set(MINE) & set(found["name"])
    assert set(found["because"]) <= set(MINE)


def test_the_reason_follows_the_favourite(chapter):
    both = {"Metallica": 500, "Britney Spears": 500}
    reasons = set(chapter.recommend(both, k=20)["because"])
    assert reasons == set(both)
    assert set(chapter.recommend({"Metallica": 500}, k=20)["because"]) == {"Metallica"}


def test_a_favourite_can_be_added_and_removed_again(chapter):
    before = chapter.recommend(MINE)
    more = MINE | {"Metallica": 3000}
    assert not chapter.recommend(more).equals(before)
    less = {name: plays for name, plays in more.items() if name != "Metallica"}
    assert chapter.recommend(less).equals(before)


def test_popularity_brings_more_fans(chapter):
    alone, popular = (chapter.recommend(MINE, 20, popularity) for popularity in (0, 1.5))
    assert popular["fans"].median() > 2 * alone["fans"].median()


def test_two_spellings_of_an_artist_add_up(chapter):
    twice = chapter.bag_of({"Radiohead": 60, "radiohead ": 40, "Björk": 9})
    assert twice == pytest.approx(chapter.bag_of({"Radiohead": 100, "Björk": 9}))
    assert np.linalg.norm(twice) == pytest.approx(1)


def test_an_unknown_artist_is_answered_with_close_names(chapter):
    with pytest.raises(CookbookError, match="Unknown artist 'Radiohaed'.*Radiohead"):
        chapter.recommend({"Radiohaed": 100})


def test_an_ambiguous_name_is_the_one_with_most_fans_and_the_others_are_listed(chapter, capsys):
    bag = chapter.bag_of({"Kanye": 100})
    assert chapter.catalogue["name"][np.flatnonzero(bag)].tolist() == ["Kanye West"]
    printed = capsys.readouterr().out
    assert "'Kanye' is taken as Kanye West" in printed and "Jay-Z" in printed


@pytest.mark.parametrize("plays", [0, -3, float("nan"), float("inf")])
def test_plays_that_are_none_are_named(chapter, plays):
    with pytest.raises(CookbookError, match="above zero: Radiohead"):
        chapter.recommend({"Björk": 10, "Radiohead": plays})


def test_an_empty_profile_is_an_error(chapter):
    with pytest.raises(CookbookError, match="No favourites"):
        chapter.recommend({})


def test_who_has_heard_nearly_everything_gets_the_rest(chapter):
    names, few = chapter.catalogue["name"], {}
    small = chapter.catalogue.head(5)
    whole = chapter.recommend.__globals__
    saved = {name: whole[name] for name in ("catalogue", "given", "wanted")}
    whole.update(catalogue=small, given=saved["given"][:5], wanted=saved["wanted"][:5])
    try:
        few = dict.fromkeys(names[:4], 10)
        assert chapter.recommend(few)["name"].tolist() == [names[4]]
        with pytest.raises(CookbookError, match="Nothing is left"):
            chapter.recommend(dict.fromkeys(names[:5], 10))
    finally:
        whole.update(saved)


def test_ease_is_its_definition(chapter):
    rng = np.random.default_rng(0)
    rows = (rng.random((12, 30)) < 0.3).astype(np.float32)
    penalty = rng.uniform(1, 5, 30).astype(np.float32)
    inverse = np.linalg.inv(rows.T @ rows + np.diag(penalty))
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0)
    assert chapter.ease(rows, penalty) == pytest.approx(rows @ weights, abs=1e-4)


def test_gravity_pulls_all_predictions_down(chapter):
    rng = np.random.default_rng(0)
    counts = csr_matrix(rng.integers(1, 9, (30, 40)) * (rng.random((30, 40)) < 0.2), dtype="f")

    def everywhere(gravity: float) -> float:
        users, artists = chapter.factorise(counts, keras.optimizers.Adam(0.05), gravity=gravity)
        return float(((users @ artists.T) ** 2).mean())

    assert everywhere(1.0) < 0.8 * everywhere(0.0)
