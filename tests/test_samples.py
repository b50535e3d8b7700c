"""The stand-ins: as their modules make them, read by the reader of the real file, with the
structure that was planted."""

import gzip
import re
import zipfile

from helpers import CookbookError
from helpers.datasets.films import film_links, read_films, read_ratings, read_wp_movies
from helpers.datasets.lastfm import LastFM, read_lastfm
from helpers.datasets.pitchfork import read_pitchfork
from helpers.datasets.stackexchange import answers_of, read_posts
from helpers.fetch import SAMPLE, fetch

import numpy as np
import pandas as pd
import pytest
from samples import __main__ as command
from samples import gutenberg
from samples.films import planted_films
from samples.lastfm import (
    ANY_TAGS,
    GENRE_TAGS,
    MOST_PLAYED,
    RARE_TAGS,
    planted_bands,
    planted_listeners,
)
from samples.packing import unpacked
from samples.pitchfork import SECOND_GENRE, planted_artists
from samples.stackexchange import THINGS, planted_questions

NOT_MADE = {"README.md", "tinyshakespeare.txt"}  # the latter is taken from Python's help


@pytest.mark.parametrize("module", command.MODULES, ids=lambda module: module.__name__)
def test_a_module_makes_what_is_committed(module):
    """Byte for byte, but for the packing, which depends on versions of zlib, SQLite and so on."""
    for name, content in module.files().items():
        committed = (SAMPLE / name).read_bytes()
        same = unpacked(name, committed) == unpacked(name, content)
        assert same, f"{name} is another than `python -m samples`, run in tests/, would write"


def test_nothing_else_is_committed():
    made = {name for module in command.MODULES for name in module.files()}
    paths = (path for path in SAMPLE.rglob("*") if path.is_file())
    assert {path.relative_to(SAMPLE).as_posix() for path in paths} == made | NOT_MADE


def test_the_command_writes_what_is_missing_or_holds_something_else(tmp_path, monkeypatch):
    monkeypatch.setattr(command, "SAMPLE", tmp_path)
    monkeypatch.setattr(command, "MODULES", [gutenberg])
    command.main()
    made = gutenberg.files()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == made
    packed_otherwise = gzip.compress(gutenberg.catalogue().encode(), 1)
    (tmp_path / "pg_catalog.csv.gz").write_bytes(packed_otherwise)
    (tmp_path / "pg84.txt").write_bytes(b"of an older version")
    command.main()
    assert (tmp_path / "pg_catalog.csv.gz").read_bytes() == packed_otherwise
    assert (tmp_path / "pg84.txt").read_bytes() == made["pg84.txt"]


def test_a_book_that_has_no_sample_is_an_error_that_names_others():
    with pytest.raises(CookbookError, match="Unknown sample 'gutenberg-845'.*'gutenberg-84'"):
        fetch("gutenberg-845", "sample")


def test_topics_of_the_help_are_told_apart_by_their_headings():
    chapters = gutenberg.chapters()
    assert chapters["assert"].startswith('The "assert" statement\n*****')
    assert chapters["attribute-access"].startswith("Customizing attribute access\n*****")
    assert all(text.count("\n*****") == 1 for text in chapters.values())


# Pitchfork


@pytest.fixture
def tables() -> dict[str, pd.DataFrame]:
    return read_pitchfork(fetch("pitchfork", "sample"))


@pytest.fixture
def truth() -> pd.DataFrame:
    return planted_artists().set_index("artist")


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
    mixed = share.index.isin(SECOND_GENRE)
    assert share[mixed].between(0.4, 0.6).all() and not share[~mixed].any()


# Films


@pytest.fixture
def planted() -> pd.DataFrame:
    return planted_films()


@pytest.fixture
def films() -> pd.DataFrame:
    films = read_films(fetch("wikipedia-movie-data", "sample"))
    films["links"] = film_links(films).map(set)
    return films


def planted_links(film: pd.Series, genre: str) -> set[str]:
    """Of the first film of a series, its name and the series' are the same."""
    people = {film["director"], film["writer"], *film["cast"]}
    others = {film["studio"], film["series"], genre, f"Category:{film['year']} films"}
    return (people | others) - {"", film["name"]}


def test_the_planted_films_are_a_whole(planted):
    series = planted[planted["series"] != ""].groupby("series")
    assert series["director"].nunique().eq(1).all() and series.size().eq(5).all()
    assert series["year"].agg(lambda years: years.is_monotonic_increasing).all()
    assert planted.groupby("director").size().eq(8).all()
    assert planted["level"].between(0, 1).all()
    assert not planted.duplicated(["name", "year"]).any() and planted["name"].duplicated().any()


def test_the_links_of_a_sample_film_are_the_planted_ones_and_no_more(films, planted):
    assert films[["name", "year", "cast"]].equals(planted[["name", "year", "cast"]])
    without = films["page"] == ""
    assert 5 < without.sum() < 20 and not films["extract"][without].any()
    for (_, film), links, bare in zip(planted.iterrows(), films["links"], without, strict=True):
        expected = planted_links(film, film["genre"])
        assert links < expected if bare else links == expected


@pytest.mark.parametrize("source", ["vega-movies", "wp_movies_10k"])
def test_sample_ratings_follow_directors_and_series(planted, source):
    path = fetch(source, "sample")
    if source == "vega-movies":
        rated = planted.merge(read_ratings(path), how="left")
    else:
        rated = planted.assign(rotten_tomatoes=read_wp_movies(path)["rotten_tomatoes"])
    assert len(rated) == len(planted) and 0.4 < rated["rotten_tomatoes"].notna().mean() < 0.7
    assert rated["rotten_tomatoes"].corr(rated["level"]) > 0.9
    means = rated.groupby(["director", rated["series"] != ""])["rotten_tomatoes"].mean().unstack()
    assert 0.1 < (means[True] - means[False]).mean() < 0.2


def test_the_sample_of_the_book_has_the_same_films(planted):
    films = read_wp_movies(fetch("wp_movies_10k", "sample"))
    assert films["year"].tolist() == planted["year"].tolist()
    assert films["title"].str.replace(r" \(.*", "", regex=True).tolist() == planted["name"].tolist()
    for (_, film), links in zip(planted.iterrows(), films["links"], strict=True):
        assert sorted(links) == sorted(planted_links(film, f"{film['genre']} film"))


# Stack Exchange


@pytest.fixture(params=THINGS)
def posts(request) -> pd.DataFrame:
    posts = read_posts(fetch(f"stackexchange-{request.param}", "sample"))
    posts["words"] = [{*re.findall(r"\w+", text.lower())} for text in posts["text"]]
    posts.attrs["site"] = request.param
    return posts


@pytest.fixture
def questions(posts) -> pd.DataFrame:
    """The planted questions, each with the id and the words of its post."""
    asked = posts.loc[posts["kind"] == "question", ["id", "tags", "title", "words"]]
    planted = planted_questions(posts.attrs["site"])
    assert asked["title"].tolist() == planted["title"].tolist()
    return planted.assign(**asked.drop(columns="title").reset_index(drop=True))


def test_no_two_sample_questions_are_about_the_same(questions):
    assert len(questions) == 240 and not questions.duplicated(["thing", "problem"]).any()
    assert questions["tags"].tolist() == questions[["thing", "problem"]].to_numpy().tolist()
    for _, question in questions.iterrows():
        assert {question["thing"], question["problem"]} < question["words"]


def test_half_of_the_titles_name_it_by_words_that_the_body_lacks(questions):
    names = ["thing", "problem"]
    telling = {*questions[names].to_numpy().flat}
    for _, question in questions.iterrows():
        shared = {*re.findall(r"\w+", question["title"].lower())} & question["words"]
        assert shared & telling == (set() if question["paraphrased"] else {*question[names]})
    for name in names:
        assert questions.groupby(name)["paraphrased"].mean().between(0.4, 0.6).all()


def test_sample_answers_name_what_helps_in_either_words(posts, questions):
    pairs = answers_of(posts).merge(
        questions.drop(columns="title"), left_on="question", right_on="id"
    )
    assert len(pairs) == (posts["kind"] == "answer").sum()
    counts = pairs["question"].value_counts()
    assert len(counts) == len(questions) and {*counts} == {1, 2, 3}
    assert 0.5 < pairs.groupby("question")["accepted"].sum().mean() < 0.9
    said = posts.set_index("id")["words"].loc[pairs["answer"]]
    rows = list(zip(pairs.to_dict("records"), said, strict=True))
    same = [{row["thing"], row["problem"], row["remedy"]} < words for row, words in rows]
    other = [
        {row["other_thing"], row["other_problem"], row["remedy"]} < words for row, words in rows
    ]
    assert (
        all(a != b for a, b in zip(same, other, strict=True)) and 0.4 < sum(same) / len(rows) < 0.6
    )


def test_the_sample_has_other_posts_code_and_markup(posts):
    assert posts["id"].max() > len(posts), "posts of other kinds lie between"
    assert 30 < (posts["code"] == "if t < 93:   # °C\n    wait(½)").sum() < 100
    assert not posts["text"].str.contains(r"[<>]|&\w+;|&#", regex=True).any()
    for part in ("a café", "I'd use", "😕", "…"):
        assert posts["text"].str.contains(part, regex=False).any(), part


# Last.fm


@pytest.fixture
def lastfm() -> LastFM:
    return read_lastfm(fetch("lastfm", "sample"))


@pytest.fixture
def bands() -> pd.DataFrame:
    return planted_bands().set_index("artist")


@pytest.fixture
def listeners() -> pd.DataFrame:
    return planted_listeners().set_index("user")


def test_the_bands_that_somebody_hears_are_the_listed_artists(lastfm, bands):
    names = lastfm.artists.set_index("artist")["name"]
    assert names.equals(bands["name"][names.index]) and names.is_unique
    assert set(names.index) == set(lastfm.listens["artist"])
    assert 20 < len(bands) - len(names) < 70
    assert names.index.max() > 2 * len(names), "ids aren't positions"
    alone = names[~names.str.contains(" feat. ")]
    metal = bands["genre"][alone.index] == "metal"
    assert alone[metal].map(str.isascii).mean() < 0.2 and alone[~metal].map(str.isascii).all()


def test_every_band_with_a_guest_has_a_name_that_begins_as_anothers(bands):
    duets = bands["name"].str.contains(" feat. ")
    both = bands["name"][duets].str.split(" feat. ").explode()
    assert both.isin(bands["name"][~duets]).all() and duets.sum() == 80
    assert bands["popularity"][duets].max() < bands["popularity"][~duets].min() / 5


def test_listeners_hear_mostly_their_genres(lastfm, bands, listeners):
    heard = lastfm.listens.join(listeners, on="user").join(
        bands.rename(columns={"genre": "of"}), on="artist"
    )
    two = heard["second_genre"] != ""
    assert 0.4 < (listeners["second_genre"] != "").mean() < 0.6
    assert (listeners["genre"] != listeners["second_genre"]).all()
    assert 0.6 < (heard["of"] == heard["genre"]).mean() < 0.8
    assert 0.15 < (heard["of"] == heard["second_genre"])[two].mean() < 0.35
    plays = heard["plays"].groupby(heard["of"] == heard["genre"]).sum()
    assert plays[True] > 2 * plays[False]


def test_a_few_artists_and_listens_outweigh_the_others(lastfm, bands):
    counts = lastfm.listens.groupby("user").size()
    assert set(counts.index) == set(planted_listeners()["user"])
    assert counts.max() == MOST_PLAYED and 0.05 < (counts < counts.max()).mean() < 0.15
    assert (counts < 5).any()
    fans = lastfm.listens["artist"].value_counts().reindex(bands.index, fill_value=0)
    assert bands["popularity"].corr(fans, method="spearman") > 0.8
    assert fans.nlargest(len(fans) // 10).sum() > 0.3 * fans.sum()
    plays = lastfm.listens["plays"]
    assert plays.min() < 10 and plays.mean() > 2 * plays.median() and plays.skew() > 5
    ordered = lastfm.listens.sort_values(["user", "plays"], ascending=[True, False], kind="stable")
    assert ordered.equals(lastfm.listens)


def test_friends_are_mutual_and_share_tastes(lastfm, listeners):
    friends = lastfm.friends
    pairs = set(friends.itertuples(index=False, name=None))
    assert {(friend, user) for user, friend in pairs} == pairs
    assert (friends["user"] != friends["friend"]).all()
    assert 3 < len(friends) / len(listeners) < 15
    genres = [listeners["genre"].loc[friends[side]].array for side in ("user", "friend")]
    assert 0.6 < (genres[0] == genres[1]).mean() < 0.95


def test_the_tag_most_used_for_an_artist_is_mostly_its_genres(lastfm, bands):
    used = lastfm.taggings.merge(lastfm.tags, on="tag")
    top = used.groupby("artist")["name"].agg(lambda names: names.mode()[0])
    usual = bands["genre"][top.index].map(lambda genre: GENRE_TAGS[genre][0])
    assert (top == usual).mean() > 0.7
    words = bands["genre"].loc[used["artist"]].map(GENRE_TAGS)
    everywhere = used["name"].isin([*ANY_TAGS, *RARE_TAGS])
    assert 0.05 < everywhere.mean() < 0.2
    assert all(
        name in of_genre or general
        for name, of_genre, general in zip(used["name"], words, everywhere, strict=True)
    )
    counts = lastfm.taggings["tag"].value_counts()
    rare = lastfm.tags["tag"][lastfm.tags["name"].isin(RARE_TAGS)]
    assert (counts.reindex(rare, fill_value=0) <= 2).mean() > 0.7
    assert counts.drop(rare, errors="ignore").min() > 10


def test_the_sample_has_the_flaws_and_the_encodings_of_the_real_file(lastfm, bands):
    unknown = lastfm.taggings.loc[~lastfm.taggings["artist"].isin(lastfm.artists["artist"])]
    assert set(unknown["artist"]) == set(bands.index) - set(lastfm.artists["artist"])
    dates = lastfm.taggings["date"]
    assert 1 <= dates.isna().sum() < 20 and (dates.min().year, dates.max().year) == (2005, 2011)
    with zipfile.ZipFile(fetch("lastfm", "sample")) as archive:
        ends = {name: archive.read(name).count(b"\r\n") for name in archive.namelist()}
        tags = archive.read("tags.dat")
        rows = archive.read("artists.dat").decode().splitlines()
    assert len(ends) == 5 and [name for name, count in ends.items() if not count] == ["artists.dat"]
    assert "musique concrète".encode("latin-1") in tags
    assert 0 < sum(row.endswith("\t") for row in rows) < 30, "artists without a picture"


def recall_at_20(scores: np.ndarray, train: np.ndarray, hidden: np.ndarray) -> float:
    ranked = np.argsort(-np.where(train, -np.inf, scores), axis=1)[:, :20]
    hits = np.take_along_axis(hidden, ranked, axis=1).sum(axis=1)
    asked = hidden.sum(axis=1) > 0
    return (hits[asked] / hidden.sum(axis=1)[asked]).mean()


def test_who_knows_the_taste_beats_who_knows_what_is_popular(lastfm):
    heard = pd.crosstab(lastfm.listens["user"], lastfm.listens["artist"]).to_numpy() > 0
    hidden = heard & (np.random.default_rng(0).random(heard.shape) < 0.2)
    train = heard & ~hidden
    together = train.T.astype(float) @ train
    norms = np.sqrt(np.diag(together)).clip(1)
    neighbours = together / np.outer(norms, norms)
    np.fill_diagonal(neighbours, 0)
    popular = recall_at_20(np.tile(train.sum(axis=0), (len(train), 1)), train, hidden)
    similar = recall_at_20(train @ neighbours, train, hidden)
    assert popular > 2 * 20 / heard.shape[1], "and that beats chance"
    assert similar > 2 * popular
