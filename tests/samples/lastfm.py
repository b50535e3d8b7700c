"""Listening as on Last.fm: 300 made-up users, the artists they hear most, friends and tags.

Users like one genre or two, hear mostly artists of those, and know mostly users who like the same.
"""

import itertools
from urllib.parse import quote_plus

from samples import SEED
from samples.names import PLACES
from samples.packing import zipped
from samples.pitchfork import GENRES, planted_artists

import numpy as np
import pandas as pd

LISTENERS = 300
MOST_PLAYED = 25  # artists of a listener that are listed, at most; 50 in the real file
TASTE = {"genre": 0.7, "second_genre": 0.2}  # share of those a user likes; the rest is for any
GENRE_TAGS = {  # genre: what people call it, the usual word first
    "electronic": ("electronic", "synth pop", "électro", "dance"),
    "experimental": ("experimental", "noise", "avant-garde", "musique concrète"),
    "folk/country": ("folk", "acoustic", "singer-songwriter", "música de raíz"),
    "jazz": ("jazz", "swing", "café jazz", "cool jazz"),
    "metal": ("metal", "doom metal", "neue härte", "heavy metal"),
    "pop/r&b": ("pop", "rnb", "female vocalists", "canção"),
    "rap": ("rap", "hip hop", "hip-hop", "rap en español"),
    "rock": ("rock", "indie rock", "rock français", "alternative"),
}
TAG_SHARES = (0.55, 0.2, 0.15, 0.1)  # of the words for a genre
ANY_TAGS = ("seen live", "favourites", "beautiful", "00s")  # for artists of every genre
RARE_TAGS = tuple(f"seen at {place}" for place in PLACES)  # hardly ever used
LISTED_TAGS = (*itertools.chain(*GENRE_TAGS.values()), *ANY_TAGS, *RARE_TAGS)


# What is planted


def planted_bands() -> pd.DataFrame:
    """The truth: `artist` (its id), `name`, `genre`, `popularity`.

    `popularity` is how often those who like a genre hear an artist, relative to others of it: 1 to
    1/50, as in Zipf's law. Every fifth artist has a second entry, with a guest, whose name begins
    alike and whom hardly anyone hears, or nobody. Metal bands write vowels that Latin-1 lacks.
    """
    bands = planted_artists()[["artist", "genre"]]
    names = bands["artist"].str.title()
    long_vowels = names.str.translate(str.maketrans("aou", "āōū"))
    bands["name"] = names.mask(bands["genre"] == "metal", long_vowels)
    bands["popularity"] = 1 / (bands.groupby("genre").cumcount() + 1)
    hosts = bands[::5]
    guests = bands["name"].shift(-1)[::5]
    duets = hosts.assign(name=hosts["name"] + " feat. " + guests, popularity=0.002)
    bands = pd.concat([bands, duets]).sample(frac=1, random_state=SEED, ignore_index=True)
    bands["artist"] = 3 * bands.index + 1
    return bands[["artist", "name", "genre", "popularity"]]


def planted_listeners() -> pd.DataFrame:
    """The truth: `user` (its id), `genre`, `second_genre` or "", which every second user has."""
    rows = []
    for number in range(LISTENERS):
        cycle, first = divmod(number, len(GENRES))
        row = {"user": 7 * number + 2, "genre": GENRES[first], "second_genre": ""}
        if cycle % 2 == 1:
            further = 1 + cycle // 2 % (len(GENRES) - 1)
            row["second_genre"] = GENRES[(first + further) % len(GENRES)]
        rows.append(row)
    return pd.DataFrame(rows)


# The tables


def _listens(
    bands: pd.DataFrame, listeners: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """What each user has heard, by taste and popularity. One user in ten has heard fewer."""
    shares = _shares(bands, listeners)
    chances = shares * bands["popularity"].to_numpy()
    # The highest logarithms of chances plus Gumbel noise are a draw without repeats.
    order = np.argsort(-np.log(chances) - rng.gumbel(size=chances.shape), axis=1)
    few = rng.random(len(listeners)) < 0.1
    counts = np.where(few, rng.integers(1, MOST_PLAYED, len(few)), MOST_PLAYED)
    listed = np.arange(MOST_PLAYED) < counts[:, None]
    rows, places = np.nonzero(listed)
    heard = order[rows, places]
    level = rng.normal(5, 1, len(listeners))[rows] + shares[rows, heard]
    plays = np.exp(rng.normal(level, 1.2)).astype(int) + 1  # a heavy tail
    columns = {
        "userID": listeners["user"].to_numpy()[rows],
        "artistID": bands["artist"].to_numpy()[heard],
        "weight": plays,
    }
    return pd.DataFrame(columns).sort_values(["userID", "weight"], ascending=[True, False])


def _shares(bands: pd.DataFrame, listeners: pd.DataFrame) -> np.ndarray:
    """Users × artists: how much of what the user hears is of the artist's genre, about."""
    for_any_genre = (1 - sum(TASTE.values())) / len(GENRES)
    shares = np.full((len(listeners), len(bands)), for_any_genre)
    for column, share in TASTE.items():
        shares += share * np.equal.outer(listeners[column].array, bands["genre"].array)
    return shares


def _friends(listeners: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Pairs of users, each in both orders. Most friends like the same first genre."""
    alike = np.equal.outer(listeners["genre"].array, listeners["genre"].array)
    one_way = np.triu(rng.random(alike.shape) < np.where(alike, 0.15, 0.005), 1)
    users, friends = np.nonzero(one_way | one_way.T)
    ids = listeners["user"].to_numpy()
    return pd.DataFrame({"userID": ids[users], "friendID": ids[friends]})


def _taggings(bands: pd.DataFrame, listens: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Three listens in ten have one to three tags each, and so have the bands that nobody hears:
    as in the real file, they are no artists of the list, and a few dates are long before Last.fm.
    """
    unheard = bands.loc[~bands["artist"].isin(listens["artistID"]), "artist"]
    users = rng.choice(listens["userID"], len(unheard))
    strangers = pd.DataFrame({"userID": users, "artistID": unheard})
    tagged = pd.concat([listens[rng.random(len(listens)) < 0.3], strangers], ignore_index=True)
    dates = pd.Timestamp("2005-08-01") + pd.to_timedelta(rng.integers(0, 2100, len(tagged)), "D")
    tagged = tagged.assign(day=1, month=dates.month, year=dates.year)
    tagged.loc[::500, "year"] = 1956
    tagged = tagged.loc[tagged.index.repeat(rng.integers(1, 4, len(tagged)))]
    genres = bands.set_index("artist")["genre"].loc[tagged["artistID"]]
    tagged["tagID"] = pd.Index(LISTED_TAGS).get_indexer(_words_for(genres, rng)) + 1
    key = ["userID", "artistID", "tagID"]
    return tagged[[*key, "day", "month", "year"]].drop_duplicates(key).sort_values(key)


def _words_for(genres: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A tag for each artist of these genres; a few say nothing of the genre."""
    words = [rng.choice(GENRE_TAGS[genre], p=TAG_SHARES) for genre in genres]
    kind = rng.random(len(words))
    words = np.where(kind < 0.12, rng.choice(ANY_TAGS, len(words)), words)
    return np.where(kind < 0.015, rng.choice(RARE_TAGS, len(words)), words)


def _artists(bands: pd.DataFrame, listens: pd.DataFrame) -> pd.DataFrame:
    """The bands that somebody hears; a few have no picture."""
    heard = bands[bands["artist"].isin(listens["artistID"])]
    artists = heard[["artist", "name"]].rename(columns={"artist": "id"})
    artists["url"] = "http://www.last.fm/music/" + heard["name"].map(quote_plus)
    pictures = "http://example.org/" + artists["id"].astype(str) + ".jpg"
    artists["pictureURL"] = pictures.mask(artists["id"] % 40 == 0, "")
    return artists


# The file


def files() -> dict[str, bytes]:
    """The archive by its path: the five tables that are read of the real file."""
    rng = np.random.default_rng(SEED)
    bands = planted_bands()
    listeners = planted_listeners()
    listens = _listens(bands, listeners, rng)
    tags = {"tagID": range(1, len(LISTED_TAGS) + 1), "tagValue": LISTED_TAGS}
    members = {"artists.dat": _tabbed(_artists(bands, listens), "utf-8", "\n")}  # as in the real
    tables = {
        "tags.dat": pd.DataFrame(tags),
        "user_artists.dat": listens,
        "user_friends.dat": _friends(listeners, rng),
        "user_taggedartists.dat": _taggings(bands, listens, rng),
    }
    for name, table in tables.items():
        members[name] = _tabbed(table, "latin-1", "\r\n")
    return {"hetrec2011-lastfm-2k.zip": zipped(members)}


def _tabbed(table: pd.DataFrame, encoding: str, end: str) -> bytes:
    return table.to_csv(sep="\t", index=False, lineterminator=end).encode(encoding)
