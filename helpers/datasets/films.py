"""Films with their links, from any source of chapter 03: Wikipedia's as JSON, a file a decade, with
Rotten Tomatoes ratings; the book's own file; a dump."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from helpers import CookbookError, display_path, unknown
from helpers.datasets.countries import read_countries
from helpers.datasets.wikipedia_dump import OUT
from helpers.fetch import fetch

import pandas as pd

FILM_SOURCES = {  # and the data sets that each needs
    "wikipedia-movie-data": ("wikipedia-movie-data", "vega-movies"),
    "wp_movies_10k": ("wp_movies_10k",),
    "dump": (),
}
LAST_RATED = 2012  # a later year in the file of ratings has lost its century: 2039 is 1939
MALFORMED = (OSError, TypeError, LookupError, ValueError, AttributeError, ArithmeticError)
MALFORMED += (RecursionError,)  # of JSON that is nested too deep
# A proper-noun phrase: capitalised words, with small words between them but not at its ends.
CAPITAL = "A-ZÀ-ÖØ-ÞČĎŁŚŞŠŻŽ"
HYPHEN = r"(?!['’]s\b)[-–'’&](?=\w)(?!(?:based|era|language|nominated|themed|winning)\b)"
WORD = (
    rf"(?:(?:[{CAPITAL}]\.)+"  # initials
    r"|(?:Bros|Co|Corp|Dr|Inc|Jr|Ltd|Mrs?|Ms|Sr|St|vs)\."
    r"|\d+(?:st|nd|rd|th)\b"
    rf"|(?:de)?[{CAPITAL}](?:\w|{HYPHEN})*+)"
)
SMALL = "of the|on the|and the(?! United)|with the|of|the|de la|de|del|der|di|du|la|le|van|von|&"
JOIN = rf'(?:: | (?:{SMALL}) | "[^"\n]{{1,15}}" |,? (?=[JS]r\.)| )'
PHRASE = re.compile(rf"(?<![\w-]){WORD}(?:{JOIN}(?:{WORD}|\d+\b))*")
# An initial ends no sentence; I, V and X do, as numbers of kings, wars and films.
SENTENCE_START = re.compile(
    rf'(^|[.!?](?<!\b[A-HJ-UWYZ]\.)(?<!\b[DM]r\.)["”)]* )([{CAPITAL}]\w*+)(?!\.)', re.MULTILINE
)
NO_PERSON = {"of", "the", "and", "&", "vs."}  # words in titles: "Bride of Frankenstein"
MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
DATE = re.compile(rf"(?:{MONTHS})(?: \d+)?")
NATIONS = {"African", "English", "European", "Scottish", "Soviet", "Welsh"}
NATIONS |= set(read_countries()["adjective"].dropna().str.replace("_", " "))
ORIGIN = re.compile(rf"(\d{{4}}|is an?) (?:(?:{'|'.join(sorted(NATIONS))})[-– ])+")
ALONE = 0.25  # share of its uses that a word must stand alone to be a name: "Tarzan", not "George"


def load_films(source: str, edition: str) -> pd.DataFrame:
    """The films of `source`, one of `FILM_SOURCES`, that have most links, one row each.

    Columns: `title` (no two alike), `year`, `links` (a list), `rotten_tomatoes` (from 0 to 1, or
    missing); of "wikipedia-movie-data" also `name`, `cast`, `genres`, `extract` and `page`. "dump"
    is what `helpers.cluster` has taken out of a dump, whatever the edition.
    Raises `CookbookError` for an unknown source, or if its data can't be had or read.
    """
    if source not in FILM_SOURCES:
        raise unknown("source", source, FILM_SOURCES)
    if source == "wikipedia-movie-data":
        films = read_films(fetch("wikipedia-movie-data", edition))
        ratings = read_ratings(fetch("vega-movies", edition))
        rated = films.merge(ratings, how="left")
        return most_linked(rated.assign(links=film_links(films)))
    path = OUT if source == "dump" else fetch(source, edition)
    if not path.is_file():
        how = "python -m helpers.cluster films DUMP --index INDEX"
        raise CookbookError(f"{display_path(path)} isn't there. Take it out of a dump first: {how}")
    return most_linked(read_wp_movies(path))


def most_linked(films: pd.DataFrame, most: int = 10_000, films_a_link: int = 3) -> pd.DataFrame:
    """The `most` films with most links, in their order, with links that `films_a_link` films share.

    Rare links go before films are compared, and once more after the others have left.
    """
    kept = films.assign(links=_shared(films["links"], films_a_link))
    counts = kept["links"].str.len().sort_values(ascending=False, kind="stable")
    kept = kept.loc[counts.index[:most]].sort_index()
    kept["links"] = _shared(kept["links"], films_a_link)
    return kept[kept["links"].str.len() > 0].reset_index(drop=True)


def _shared(links: pd.Series, least: int) -> pd.Series:
    """The lists without links that occur fewer than `least` times."""
    counts = Counter(links.explode())
    return links.map(lambda row: [link for link in row if counts[link] >= least])


def read_films(folder: Path) -> pd.DataFrame:
    """The films of the files movies-*.json in `folder`, one row each, in the files' order.

    Columns: `title` (the year is appended where titles clash), `name` (the title as it was),
    `year`, `cast` and `genres` (lists of str), `extract` (the start of the article) and `page`
    (its address on Wikipedia); the last two may be "".
    Raises `CookbookError`, naming the file, if one holds something else, or if there is none.
    """
    fields = "a title, a year, a cast, genres, and perhaps an extract and a href"
    rows = []
    for path in sorted(folder.glob("movies-*.json")):
        rows.extend(_rows(path, _entries(path), _film, fields))
    if not rows:
        raise CookbookError(f"{display_path(folder)}: no films in files named movies-*.json.")
    films = pd.DataFrame(rows, columns=["name", "year", "cast", "genres", "extract", "page"])
    films.insert(0, "title", _unique(films["name"], films["year"]))
    return films


def _rows(path: Path, entries: Iterable, row_of: Callable, fields: str) -> list[tuple]:
    """A row of each film of a file."""
    rows = []
    try:
        for entry in entries:
            rows.append(row_of(entry))
        if not rows:
            raise ValueError("no films")
    except MALFORMED as error:
        message = f"{display_path(path)}: film {len(rows) + 1} doesn't hold {fields} ({error!r})."
        raise CookbookError(message) from error
    return rows


def _entries(path: Path) -> Iterator:
    """The values of a JSON list."""
    yield from json.loads(path.read_text(encoding="utf-8"))


def _lines(path: Path) -> Iterator:
    """The JSON values of a file, one in each line."""
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _film(film: dict[str, Any]) -> tuple[str, int, list[str], list[str], str, str]:
    name = film["title"]
    cast = film["cast"]
    genres = film["genres"]
    extract = film.get("extract") or ""
    page = film.get("href") or ""
    _check_texts([name, extract, page] + cast + genres)
    return name, int(film["year"]), _clean_cast(cast), genres, extract, page


def _check_texts(values: list[str]) -> None:
    """Raise one of `MALFORMED` unless all are texts, without "\\ud800", half a character."""
    "".join(values).encode()


def _unique(names: pd.Series, years: pd.Series) -> pd.Series:
    """The names; clashes get the year, "Carmen (1915)", and what still clashes a number."""
    dated = names + " (" + years.astype(str) + ")"
    titles = names.mask(names.duplicated(keep=False), dated)
    number = titles.groupby(titles).cumcount() + 1
    return titles.mask(number > 1, titles + " #" + number.astype(str))


def _clean_cast(cast: list[str]) -> list[str]:
    """Without scraps such as "and", and with names as extracts write them."""
    names = []
    for name in cast:
        plain = re.sub(r" \(.*", "", name).replace(", Jr.", " Jr.")
        if re.match(rf"[{CAPITAL}\d].", plain):
            names.append(plain)
    return names


def film_links(films: pd.DataFrame) -> pd.Series:
    """The links of each film of `read_films`, a list without repeats.

    They are its cast, its genres, "Category:YYYY films" and the proper-noun phrases of its extract:
    director, studio, series, source. Left out are the film's own title, a surname beside the full
    name, dates, and adjectives of nationality.
    """
    texts = []
    for name, extract in zip(films["name"], films["extract"], strict=True):
        texts.append(extract.removeprefix(name).replace("\n", " "))
    common = _common_words("\n".join(texts))
    phrases = [_phrases(text, common) for text in texts]
    names = _names(phrases, common)
    links = []
    for film, found in zip(films.itertuples(), phrases, strict=True):
        left_out = {_plain(film.name)}.union(*map(_surnames, {*film.cast, *found}))
        mentions = [phrase for phrase in found if phrase in names and phrase not in left_out]
        row = [*film.cast, *film.genres, f"Category:{film.year} films", *mentions]
        links.append(list(dict.fromkeys(row)))
    return pd.Series(links, index=films.index)


def _common_words(text: str) -> set[str]:
    """Words that are written small at least as often as with a capital inside a sentence."""
    small = Counter(re.findall(r"(?<![\w-])[a-z]\w*", text))
    capital = Counter(re.findall(rf"(?<=[\w,] )[{CAPITAL}]\w*", text))
    return {word for word, count in small.items() if count >= capital[word.capitalize()]}


def _phrases(text: str, common: set[str]) -> list[str]:
    """The capitalised phrases of a text; a common word that begins a sentence is none."""

    def lower_common(start: re.Match) -> str:
        word = start[2].lower()
        return start[1] + (word if word in common else start[2])

    text = SENTENCE_START.sub(lower_common, text)
    text = ORIGIN.sub(r"\1 ", text)
    return [_plain(phrase) for phrase in PHRASE.findall(text)]


def _plain(phrase: str) -> str:
    """Without "The", the comma of ", Jr." and a full stop: "Rocky V." is "Rocky V"."""
    return re.sub(r"( [A-Z])\.$", r"\1", phrase.removeprefix("The ").replace(", ", " "))


def _names(phrases: list[list[str]], common: set[str]) -> set[str]:
    """The phrases that name something, without dates, first names and surnames."""
    alone = Counter(phrase for found in phrases for phrase in found)
    uses: Counter[str] = Counter()
    for phrase, count in alone.items():
        for word in set(phrase.split(" ")):
            uses[word] += count
    names = set()
    for phrase, count in alone.items():
        if DATE.fullmatch(phrase) or not NATIONS.isdisjoint(re.split("[-–]", phrase)):
            continue
        often_alone = phrase.lower() not in common and count >= ALONE * uses[phrase]
        is_word = len(phrase) > 2 and phrase[0].isupper() and phrase[-1] != "."
        if " " in phrase or (is_word and often_alone):
            names.add(phrase)
    return names


def _surnames(name: str) -> list[str]:
    """What a person's name ends with: "De Niro" and "Niro" of "Robert De Niro"."""
    words = re.sub(r" [JS]r\.$", "", name).split(" ")
    if not NO_PERSON.isdisjoint(words):
        return []
    return [" ".join(words[start:]) for start in range(1, len(words))]


def read_ratings(path: Path) -> pd.DataFrame:
    """Rotten Tomatoes ratings: `name` of the film, `year`, `rotten_tomatoes` (from 0 to 1).

    `films.merge(read_ratings(path), how="left")` rates the films of `read_films`.
    Raises `CookbookError`, naming the file, if it holds something else.
    """
    fields = "title, date and rating from 0 to 100"
    rows = _rows(path, _entries(path), _rating, fields)
    ratings = pd.DataFrame(rows, columns=["name", "year", "rotten_tomatoes"])
    return ratings.dropna().drop_duplicates(["name", "year"], ignore_index=True)


def _rating(film: dict[str, Any]) -> tuple[str, int, float | None]:
    year = int(film["Release Date"][-4:])
    if year > LAST_RATED:
        year -= 100
    return str(film["Title"]), year, _share(film["Rotten Tomatoes Rating"])


def _share(percentage: str | float | None) -> float | None:
    """From 0 to 1, of 93 or "93%"; None where there is no rating. Raises `ValueError`."""
    if percentage is None:
        return None
    share = float(str(percentage).removesuffix("%")) / 100
    if not 0 <= share <= 1:
        raise ValueError(f"a rating of {percentage}")
    return share


def read_wp_movies(path: Path) -> pd.DataFrame:
    """The films of a file in the book's format, a JSON list a line: title, properties of the
    infobox, outgoing links, Rotten Tomatoes percentage ("93%") and score ("8.2/10") or null.

    Columns: `title` (of films with the same the first stays), `year` (of the infobox, else of
    "Category:YYYY films", else missing), `links` (a list without repeats and without the film
    itself) and `rotten_tomatoes` (from 0 to 1, or missing).
    Raises `CookbookError`, naming the file, if it holds something else.
    """
    fields = "a title, a dict of properties, a list of links, a percentage or null, a score or null"
    rows = _rows(path, _lines(path), _wp_film, fields)
    films = pd.DataFrame(rows, columns=["title", "year", "links", "rotten_tomatoes"])
    films = films.astype({"year": "Int64", "rotten_tomatoes": float})
    return films.drop_duplicates("title", ignore_index=True)


def _wp_film(film: list) -> tuple[str, int | None, list[str], float | None]:
    title, properties, links, percentage, _ = film
    _check_texts([title] + links)
    others = [link for link in dict.fromkeys(links) if link not in (title, "")]
    return title, _year(properties, links), others, _share(percentage)


def _year(properties: dict[str, str], links: list[str]) -> int | None:
    released = properties.get("released", "")
    categories = re.findall(r"(?im)^category: *\d{4} films$", "\n".join(links).replace("_", " "))
    year = re.search(r"\b(?:18|19|20)\d\d\b", f"{released} {categories}")
    return int(year[0]) if year else None
