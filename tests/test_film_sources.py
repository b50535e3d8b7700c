"""Films from each of the three sources come alike; what isn't there is named."""

import shutil

from helpers import CookbookError
from helpers.datasets import films
from helpers.datasets.films import FILM_SOURCES, load_films
from helpers.datasets.wikipedia_dump import extract_films
from helpers.fetch import fetch

import pytest


@pytest.fixture
def extracted(tmp_path, monkeypatch):
    """Where the films of a dump are looked for."""
    path = tmp_path / "wp_movies.ndjson"
    monkeypatch.setattr(films, "OUT", path)
    return path


def test_every_source_gives_titles_years_links_and_ratings(extracted):
    folder = fetch("wikipedia-dump", "sample")
    extract_films(folder / "enwiki-latest-pages-articles-multistream.xml.bz2", extracted)
    for source in FILM_SOURCES:
        table = load_films(source, "sample")
        assert {"title", "year", "links", "rotten_tomatoes"} <= set(table.columns)
        assert table["title"].is_unique and (table["links"].str.len() > 0).all()
        assert table["rotten_tomatoes"].notna().any() and table["rotten_tomatoes"].isna().any()
        assert list(table.index) == list(range(len(table)))


def test_films_of_wikipedia_keep_what_their_links_were_made_of():
    table = load_films("wikipedia-movie-data", "sample")
    assert {"name", "cast", "genres", "extract", "page"} <= set(table.columns)
    for cast, links in zip(table["cast"], table["links"], strict=True):
        assert set(links) & set(cast), "actors of a film are links"


def test_an_unknown_source_offers_the_known_ones():
    with pytest.raises(CookbookError, match="wp_movies_10k"):
        load_films("wp_movies_10", "sample")


def test_a_dump_that_was_never_read_says_how_to(extracted):
    with pytest.raises(CookbookError, match=r"wp_movies\.ndjson.*datasets\.wikipedia_dump"):
        load_films("dump", "full")
    shutil.copy(fetch("wp_movies_10k", "sample"), extracted)
    assert len(load_films("dump", "full")) > 800
