"""The stand-ins: read by the reader of the real file, with the structure that was planted."""

from helpers import CookbookError, samples
from helpers.readers.pitchfork import read_pitchfork

import pandas as pd
import pytest


@pytest.fixture(autouse=True)
def generated(tmp_path, monkeypatch):
    monkeypatch.setattr("helpers.samples.GENERATED", tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", samples.WRITERS)
def test_every_writing_gives_the_same_file(generated, name):
    path = samples.write(name)
    content = path.read_bytes()
    path.write_bytes(b"of an older version")
    assert samples.write(name) == path
    assert path.read_bytes() == content
    assert list((generated / "samples").iterdir()) == [path]


def test_a_writing_that_fails_leaves_the_former_file(generated, monkeypatch):
    def fail(path):
        path.write_text("half")
        raise OSError("no space left on the device")

    path = samples.write("pitchfork")
    content = path.read_bytes()
    monkeypatch.setitem(samples.WRITERS, "pitchfork", (path.name, fail))
    with pytest.raises(OSError, match="no space"):
        samples.write("pitchfork")
    assert path.read_bytes() == content
    assert list((generated / "samples").iterdir()) == [path]


def test_an_unknown_sample_names_the_known_ones():
    with pytest.raises(CookbookError, match="Unknown sample 'pitchfrok'. Did you mean 'pitchfork'"):
        samples.write("pitchfrok")


# Pitchfork


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return read_pitchfork(samples.write("pitchfork"))


@pytest.fixture
def truth() -> pd.DataFrame:
    return samples.planted_artists().set_index("artist")


def test_the_planted_artists_come_back_with_their_genres(tables, truth):
    reviews = tables["reviews"]
    assert set(reviews["artist"]) == {*truth.index, "various artists"}
    assert reviews["reviewid"].is_unique
    assert reviews["artist"].value_counts()[truth.index].between(2, 3).all()
    found = reviews.merge(tables["genres"]).groupby("artist")["genre"].agg(set)
    planted = truth[["genre", "second_genre"]].agg(lambda row: set(row) - {""}, axis=1)
    assert set(found.index) <= set(truth.index), "the compilation has no genre"
    assert all(genres <= planted[artist] for artist, genres in found.items())
    assert (found == planted[found.index]).mean() > 0.95


def test_some_reviews_have_no_genre(tables):
    without = ~tables["reviews"]["reviewid"].isin(tables["genres"]["reviewid"])
    assert 0.01 < without.mean() < 0.1


def test_labels_and_reviewers_tell_the_genre_and_artists_the_score(tables, truth):
    reviews = tables["reviews"].merge(truth, on="artist").merge(tables["labels"])
    assert len(reviews) == len(tables["labels"])
    for column in ("label", "reviewer"):
        counts = pd.crosstab(reviews[column], reviews["genre"])
        assert 0.7 < counts.max(axis=1).sum() / len(reviews) < 0.95
    assert reviews["score"].corr(reviews["level"]) > 0.8


def test_half_of_the_artists_of_a_mixed_genre_have_two(truth):
    share = (truth["second_genre"] != "").groupby(truth["genre"]).mean()
    mixed = share.index.isin(samples.SECOND_GENRE)
    assert share[mixed].between(0.4, 0.6).all() and not share[~mixed].any()
