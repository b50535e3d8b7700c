"""Films with their links, from any of the sources that chapter 03 can use."""

from helpers import CookbookError, display_path, unknown
from helpers.fetch import fetch
from helpers.readers.films import (
    FILMS_IN_FULL,
    film_links,
    most_linked,
    read_films,
    read_ratings,
    read_wp_movies,
)
from helpers.readers.wikidump import OUT

import pandas as pd

SOURCES = {  # and the data sets that each needs
    "wikipedia-movie-data": ("wikipedia-movie-data", "vega-movies"),
    "wp_movies_10k": ("wp_movies_10k",),
    "dump": (),
}


def load_films(source: str, edition: str) -> pd.DataFrame:
    """The films of `source`, one of `SOURCES`, that have most links, one row each.

    Columns: `title` (no two alike), `year`, `links` (a list), `rotten_tomatoes` (from 0 to 1, or
    missing); of "wikipedia-movie-data" also `name`, `cast`, `genres`, `extract` and `page`. "dump"
    is what `helpers.readers.wikidump` has taken out of a dump, whatever the edition.
    Raises `CookbookError` for an unknown source, or if its data can't be had or read.
    """
    if source not in SOURCES:
        raise unknown("source", source, SOURCES)
    if source == "wikipedia-movie-data":
        folder, ratings = (fetch(name, edition) for name in SOURCES[source])
        films = read_films(folder, rows=FILMS_IN_FULL if edition == "full" else None)
        films = films.merge(read_ratings(ratings), how="left")
        return most_linked(films.assign(links=film_links(films)))
    path = OUT if source == "dump" else fetch(source, edition)
    if not path.is_file():
        how = "python -m helpers.readers.wikidump DUMP --index INDEX"
        raise CookbookError(f"{display_path(path)} isn't there. Take it out of a dump first: {how}")
    return most_linked(read_wp_movies(path))
