"""Films with their links, from any source of chapter 03: Wikipedia's as JSON, a file a decade, with
Rotten Tomatoes ratings; the book's own file; a dump.

Whatever the source, `most_linked` takes a frame with the columns `title` (no two alike), `year`,
`links` (a list a film) and `rotten_tomatoes` (from 0 to 1, or missing).
"""

import json
import re
from collections import Counter
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
KINDS = {  # of the fields of a film
    "title": "text",
    "year": "whole number",
    "cast": "list of texts",
    "genres": "list of texts",
    "extract": "text or null",
    "href": "text or null",
}
WP_FIELDS = "a title, a dict of properties, a list of links, a percentage or null, a score or null"
HALF = re.compile("[\ud800-\udfff]")  # of a character, which "\\ud800" in JSON makes
MALFORMED = (TypeError, KeyError, ValueError, AttributeError, OverflowError, RecursionError)
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
MONTHS = "January February March April May June July August September October November December"
DATE = re.compile(rf"(?:{MONTHS.replace(' ', '|')})(?: \d+)?")
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
        folder, ratings = (fetch(name, edition) for name in FILM_SOURCES[source])
        films = read_films(folder).merge(read_ratings(ratings), how="left")
        return most_linked(films.assign(links=film_links(films)))
    path = OUT if source == "dump" else fetch(source, edition)
    if not path.is_file():
        how = "python -m helpers.cluster films DUMP --index INDEX"
        raise CookbookError(f"{display_path(path)} isn't there. Take it out of a dump first: {how}")
    return most_linked(read_wp_movies(path))


def most_linked(films: pd.DataFrame, most: int = 10_000, films_a_link: int = 3) -> pd.DataFrame:
    """The `most` films with most links, in their order, with links that `films_a_link` films share.

    The index counts from 0. Rare links go twice: before films are compared, and once more after
    the others have left.
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
    Raises `CookbookError`, naming the file, if one isn't a list of films, or if there is none.
    """
    rows = []
    for path in sorted(folder.glob("movies-*.json")):
        rows.extend(_films_of(path))
    if not rows:
        raise _error(folder, "no films in files named movies-*.json")
    films = pd.DataFrame(rows, columns=list(KINDS))
    films = films.rename(columns={"title": "name", "href": "page"})
    films["cast"] = films["cast"].map(_clean_cast)
    films.insert(0, "title", _unique(films["name"], films["year"]))
    return films


def _films_of(path: Path) -> list[dict[str, Any]]:
    """The films of one file, each field of the right kind; a text that is missing is ""."""
    films = _load_list(path)
    for number, film in enumerate(films, start=1):
        for field, kind in KINDS.items():
            if not isinstance(film, dict) or _kind(film.get(field)) not in kind.split(" or "):
                raise _error(path, f"film {number} has no {field} that is a {kind}")
        film["extract"] = film.get("extract") or ""
        film["href"] = film.get("href") or ""
    return films


def _kind(value: object) -> str:
    if _is_text(value):
        return "text"
    if isinstance(value, list) and all(map(_is_text, value)):
        return "list of texts"
    if isinstance(value, int):
        return "whole number"
    return "null" if value is None else "something else"


def _is_text(value: object) -> bool:
    return isinstance(value, str) and not HALF.search(value)


def _load_list(path: Path) -> list:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _error(path, f"not readable as JSON ({error})") from error
    if not isinstance(content, list):
        raise _error(path, "not a list of films")
    return content


def _error(path: Path, problem: str) -> CookbookError:
    return CookbookError(f"{display_path(path)}: {problem}.")


def _unique(names: pd.Series, years: pd.Series) -> pd.Series:
    """The names; clashes get the year, "Carmen (1915)", and what still clashes a number."""
    dated = names + " (" + years.astype(str) + ")"
    titles = names.mask(names.duplicated(keep=False), dated)
    number = titles.groupby(titles).cumcount() + 1
    return titles.mask(number > 1, titles + " #" + number.astype(str))


def _clean_cast(cast: list[str]) -> list[str]:
    """Without scraps such as "and", and with names as extracts write them."""
    names = [re.sub(r" \(.*", "", name).replace(", Jr.", " Jr.") for name in cast]
    return [name for name in names if len(name) > 1 and (name[0].isupper() or name[0].isdigit())]


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
        mentions = _mentions(film.name, film.cast, found, names)
        row = [*film.cast, *film.genres, f"Category:{film.year} films", *mentions]
        links.append(list(dict.fromkeys(row)))
    return pd.Series(links, index=films.index, name="links")


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


def _mentions(title: str, cast: list[str], phrases: list[str], names: set[str]) -> list[str]:
    """The `phrases` that are `names`, without the `title`, and surnames beside the full name."""
    left_out = {_plain(title)}.union(*map(_surnames, {*cast, *phrases}))
    return [phrase for phrase in phrases if phrase in names and phrase not in left_out]


def _surnames(name: str) -> list[str]:
    """What a person's name ends with: "De Niro" and "Niro" of "Robert De Niro"."""
    words = re.sub(r" [JS]r\.$", "", name).split(" ")
    if not NO_PERSON.isdisjoint(words):
        return []
    return [" ".join(words[start:]) for start in range(1, len(words))]


def read_ratings(path: Path) -> pd.DataFrame:
    """Rotten Tomatoes ratings: `name` of the film, `year`, `rotten_tomatoes` (from 0 to 1).

    One row a rated film. Years past 2012 mean 100 less. Name and year are columns of `read_films`
    too: `films.merge(read_ratings(path), how="left")` rates them.
    Raises `CookbookError`, naming the file, if it isn't a list of films with titles, dates and
    ratings from 0 to 100.
    """
    rows = []
    try:
        for film in _load_list(path):
            year = int(film["Release Date"][-4:])
            if year > LAST_RATED:
                year -= 100
            rows.append((str(film["Title"]), year, _share(film["Rotten Tomatoes Rating"])))
    except MALFORMED as error:
        problem = f"a film without title, date or rating from 0 to 100 ({error!r})"
        raise _error(path, problem) from error
    ratings = pd.DataFrame(rows, columns=["name", "year", "rotten_tomatoes"])
    return ratings.dropna().drop_duplicates(["name", "year"], ignore_index=True)


def _share(percentage: str | float | None) -> float | None:
    """From 0 to 1, of 93 or "93%"; None where there is no rating. Raises `ValueError`."""
    if percentage in (None, ""):
        return None
    share = float(str(percentage).removesuffix("%")) / 100
    if not 0 <= share <= 1:
        raise ValueError(f"a rating of {percentage}")
    return share


def read_wp_movies(path: Path) -> pd.DataFrame:
    """The films of a file in the book's format, a JSON list a line: title, properties of the
    infobox, outgoing links, Rotten Tomatoes percentage ("93%") and score ("8.2/10") or null.

    Columns: `title`, `year` (of the infobox, else of "Category:YYYY films", else missing), `links`
    (a list without repeats and without the film itself) and `rotten_tomatoes` (from 0 to 1, or
    missing). Of films with the same title the first stays.
    Raises `CookbookError`, naming file and line, if a line holds something else.
    """
    rows = []
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                rows.append(_wp_film(line))
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, f"not readable ({error})") from error
    except MALFORMED as error:
        line = len(rows) + 1
        raise _error(path, f"line {line} doesn't hold {WP_FIELDS} ({error})") from error
    if not rows:
        raise _error(path, "no films")
    films = pd.DataFrame(rows, columns=["title", "year", "links", "rotten_tomatoes"])
    films = films.astype({"year": "Int64", "rotten_tomatoes": float})
    return films.drop_duplicates("title", ignore_index=True)


def _wp_film(line: str) -> tuple[str, int | None, list[str], float | None]:
    title, properties, links, percentage, _ = json.loads(line)
    if not _is_text(title) or _kind(links) != "list of texts":
        raise ValueError("a title or a link is no text")
    others = [link for link in dict.fromkeys(links) if link not in (title, "")]
    return title, _year(properties, links), others, _share(percentage)


def _year(properties: dict[str, str], links: list[str]) -> int | None:
    released = properties.get("released", "")
    categories = " ".join(link for link in links if re.fullmatch(r"Category:\d{4} films", link))
    year = re.search(r"\b(?:18|19|20)\d\d\b", f"{released} {categories}")
    return int(year[0]) if year else None
