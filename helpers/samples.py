"""Small stand-ins for the data sets, in each data set's own file format.

They have planted structure: we know which artists belong together, and the tests check that the
models find it.
"""

import contextlib
import gzip
import itertools
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path

from helpers import GENERATED, replacing, unknown

import numpy as np
import pandas as pd

SEED = 20
GENRES = ("electronic", "experimental", "folk/country", "jazz", "metal", "pop/r&b", "rap", "rock")
SECOND_GENRE = {
    "rock": "metal",
    "metal": "rock",
    "electronic": "experimental",
    "jazz": "electronic",
}
FIRST_WORDS = tuple(
    "amber brass copper drowsy electric frozen golden hollow idle jade keen lunar marble "
    "northern opal pale quiet rusty silver tidal".split()
)
LAST_WORDS = tuple(
    "anchors bells cranes doors engines falcons gardens harbours islands jars kites lanterns "
    "mirrors nets orchards pines quarries rivers sparrows towers".split()
)


def write(name: str) -> Path:
    """Write the stand-in for the data set `name` under generated/samples; returns its path."""
    if name not in WRITERS:
        raise unknown("sample", name, WRITERS)
    filename, writer = WRITERS[name]
    path = GENERATED / "samples" / filename
    with replacing(path) as part:
        writer(part)
    return path


def planted_artists() -> pd.DataFrame:
    """The truth behind the sample of Pitchfork: artist, genre, second genre or "", score level.

    Every second artist of a genre named in `SECOND_GENRE` has the second genre too.
    """
    names = [f"the {a} {b}" for a, b in itertools.product(FIRST_WORDS, LAST_WORDS)]
    genre = [GENRES[i % len(GENRES)] for i in range(len(names))]
    mixed = [i // len(GENRES) % 2 == 1 for i in range(len(names))]
    second = [SECOND_GENRE.get(g, "") if m else "" for g, m in zip(genre, mixed, strict=True)]
    level = [4.0 if i // len(GENRES) % 10 == 9 else 7.0 for i in range(len(names))]
    columns = {"artist": names, "genre": genre, "second_genre": second, "level": level}
    return pd.DataFrame(columns)


def _write_pitchfork(path: Path) -> None:
    """Two or three reviews an artist, with the flaws of the real file: reviews without a genre,
    a compilation by "various artists", a review listed twice."""
    rng = np.random.default_rng(SEED)
    artists = planted_artists()
    reviews = artists.loc[artists.index.repeat(rng.integers(2, 4, len(artists)))].copy()
    reviews["reviewid"] = np.arange(1, len(reviews) + 1)
    reviews["title"] = [f"album {i}" for i in reviews["reviewid"]]
    reviews["score"] = (reviews["level"] + rng.normal(0, 0.5, len(reviews))).clip(0, 10).round(1)
    for column in ("author", "label"):  # of one genre each, with one in five elsewhere
        stray = np.where(rng.random(len(reviews)) < 0.2, rng.choice(GENRES, len(reviews)), "")
        of_genre = reviews["genre"].where(stray == "", stray)
        number = rng.integers(1, 6, len(reviews)).astype(str)
        reviews[column] = of_genre + f" {column} " + number
    genres = pd.concat(
        [reviews[["reviewid", "genre"]], _renamed(reviews, "second_genre", "genre")]
    ).query("genre != ''")
    genres.loc[rng.random(len(genres)) < 0.05, "genre"] = None
    extra = reviews.head(1).assign(artist="various artists", reviewid=len(reviews) + 1)
    columns = ["reviewid", "title", "artist", "score", "author"]
    tables = {
        "reviews": pd.concat([reviews, extra, reviews.tail(1)])[columns],
        "genres": genres,
        "labels": reviews[["reviewid", "label"]],
    }
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        for name, table in tables.items():
            table.to_sql(name, database, index=False)


def _renamed(frame: pd.DataFrame, old: str, new: str) -> pd.DataFrame:
    return frame[["reviewid", old]].rename(columns={old: new})


def planted_words() -> list[list[str]]:
    """The truth behind the samples of word vectors: groups of words that lie together."""
    return [[f"{first}_{last}" for first in FIRST_WORDS] for last in LAST_WORDS[:5]]


def _word2vec(size: int, binary: bool) -> bytes:
    """The planted words, with vectors of `size` numbers, in word2vec's text or binary format."""
    rng = np.random.default_rng(SEED)
    lines = [f"{sum(map(len, planted_words()))} {size}\n".encode()]
    for group in planted_words():
        centre = rng.normal(size=size)
        for word in group:
            vector = (centre + rng.normal(0, 0.3, size)).astype(np.float32)
            numbers = vector.tobytes() if binary else " ".join(map(str, vector)).encode()
            lines.append(word.encode() + b" " + numbers + b"\n")
    return b"".join(lines)


def _write_google_news_44k(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("word2vec_sample/pruned.word2vec.txt")
        archive.writestr(member, _word2vec(size=300, binary=False))


def _write_glove(path: Path) -> None:
    path.write_bytes(gzip.compress(_word2vec(size=100, binary=False), mtime=0))


def _write_google_news(path: Path) -> None:
    path.write_bytes(gzip.compress(_word2vec(size=300, binary=True), mtime=0))


WRITERS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "pitchfork": ("pitchfork.sqlite", _write_pitchfork),
    "google-news-44k": ("word2vec_sample.zip", _write_google_news_44k),
    "glove-wiki-gigaword-100": ("glove-wiki-gigaword-100.gz", _write_glove),
    "word2vec-google-news-300": ("word2vec-google-news-300.gz", _write_google_news),
}
