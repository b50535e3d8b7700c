"""Reviews as Pitchfork's: 400 made-up artists, each of one genre or of two."""

import contextlib
import itertools
import sqlite3

from samples import SEED
from samples.names import FIRST_WORDS, LAST_WORDS

import numpy as np
import pandas as pd

GENRES = ("electronic", "experimental", "folk/country", "jazz", "metal", "pop/r&b", "rap", "rock")
SECOND_GENRE = {
    "rock": "metal",
    "metal": "rock",
    "electronic": "experimental",
    "jazz": "electronic",
}
SHARE_OF_STRAYS = 0.2  # reviews whose author or label is of another genre than the artist
SHARE_WITHOUT_GENRE = 0.05


def planted_artists() -> pd.DataFrame:
    """The truth: `artist`, `genre`, `second_genre` or "", and `level`, the score to be expected.

    Every second artist of a genre named in `SECOND_GENRE` has the second genre too.
    """
    rows = []
    for number, (first, last) in enumerate(itertools.product(FIRST_WORDS, LAST_WORDS)):
        cycle, place = divmod(number, len(GENRES))
        genre = GENRES[place]
        row = {"artist": f"the {first} {last}", "genre": genre, "second_genre": "", "level": 7.0}
        if cycle % 2 == 1:
            row["second_genre"] = SECOND_GENRE.get(genre, "")
        if cycle % 10 == 9:
            row["level"] = 4.0
        rows.append(row)
    return pd.DataFrame(rows)


def files() -> dict[str, bytes]:
    """The database by its path."""
    rng = np.random.default_rng(SEED)
    reviews = _reviews(rng)
    genres = _genres(reviews, rng)
    # as in the real file: a compilation by "various artists", and a review listed twice
    compilation = reviews.head(1).assign(artist="various artists", reviewid=len(reviews) + 1)
    listed = pd.concat([reviews, compilation, reviews.tail(1)])
    tables = {
        "reviews": listed[["reviewid", "title", "artist", "score", "author", "pub_year"]],
        "genres": genres,
        "labels": reviews[["reviewid", "label"]],
    }
    return {"pitchfork.sqlite": _database(tables)}


def _reviews(rng: np.random.Generator) -> pd.DataFrame:
    """Two or three reviews an artist. Authors and labels stick to a genre, but for some."""
    artists = planted_artists()
    reviews = artists.loc[artists.index.repeat(rng.integers(2, 4, len(artists)))].copy()
    count = len(reviews)
    reviews["reviewid"] = np.arange(1, count + 1)
    reviews["title"] = [f"album {number}" for number in reviews["reviewid"]]
    reviews["pub_year"] = 1999 + reviews["reviewid"] % 18
    scores = reviews["level"] + rng.normal(0, 0.5, count)
    reviews["score"] = scores.clip(0, 10).round(1)
    for column in ("author", "label"):
        strays = rng.random(count) < SHARE_OF_STRAYS
        genres = reviews["genre"].mask(strays, rng.choice(GENRES, count))
        numbers = rng.integers(1, 6, count).astype(str)
        reviews[column] = genres + f" {column} " + numbers  # such as "jazz label 3"
    return reviews


def _genres(reviews: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A row for each genre of each review, some without one."""
    first = reviews[["reviewid", "genre"]]
    mixed = reviews[reviews["second_genre"] != ""]
    second = mixed[["reviewid", "second_genre"]].rename(columns={"second_genre": "genre"})
    genres = pd.concat([first, second])
    genres.loc[rng.random(len(genres)) < SHARE_WITHOUT_GENRE, "genre"] = None
    return genres


def _database(tables: dict[str, pd.DataFrame]) -> bytes:
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        for name, table in tables.items():
            table.to_sql(name, database, index=False)
        database.commit()
        return database.serialize()
