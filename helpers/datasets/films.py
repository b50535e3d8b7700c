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

FILMS_IN_FULL = 36_273  # films in the published files together
LAST_RATED = 2012  # a later year in the file of ratings has lost its century: 2039 is 1939
FIELDS = {"title": str, "year": int, "cast": list, "genres": list}
OPTIONAL = ("extract", "href")  # texts; missing or null where a film has no page
KINDS = {str: "text", int: "whole number", list: "list of texts"}
HALF = re.compile("[\ud800-\udfff]")
WP_FIELDS = "a title, a dict of properties, a list of links, a percentage or null, a score or null"
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
FILM_SOURCES = {  # and the data sets that each needs
    "wikipedia-movie-data": ("wikipedia-movie-data", "vega-movies"),
    "wp_movies_10k": ("wp_movies_10k",),
    "dump": (),
}


def read_films(folder: Path, rows: int | None = None) -> pd.DataFrame:
    """The films of the files movies-*.json in `folder`, one row each, in the files' order.

    Columns: `title` (the year is appended where titles clash), `name` (the title as it was),
    `year`, `cast` and `genres` (lists of str), `extract` (the start of the article) and `page`
    (its address on Wikipedia); the last two may be "".
    Raises `CookbookError`, naming the file, if one isn't a list of films, if there is none, or if
    there aren't `rows` films in all.
    """
    paths = sorted(folder.glob("movies-*.json"))
    if not paths:
        raise CookbookError(f"{display_path(folder)}: no files named movies-*.json in this folder.")
    films = pd.DataFrame([film for path in paths for film in _films_of(path)])
    if films.empty:
        raise CookbookError(f"{display_path(folder)}: no films in the files of this folder.")
    if rows is not None and len(films) != rows:
        found = f"{len(films):,} films where {rows:,} were expected"
        raise CookbookError(f"{display_path(folder)}: {found}.")
    films["title"] = _unique(films["name"], films["year"])
    films["cast"] = films["cast"].map(_clean_cast)
    return films[["title", "name", "year", "cast", "genres", "extract", "page"]]


def film_links(films: pd.DataFrame) -> pd.Series:
    """The links of each film of `read_films`, a list without repeats.

    They are its cast, its genres, "Category:YYYY films" and the proper-noun phrases of its extract:
    director, studio, series, source. Left out are the film's own title, a surname beside the full
    name, dates, and adjectives of nationality.
    """
    extracts = zip(films["name"], films["extract"], strict=True)
    text = "\n".join(extract.removeprefix(name).replace("\n", " ") for name, extract in extracts)
    common = _common_words(text)
    text = SENTENCE_START.sub(lambda start: start[1] + _lower(start[2], common), text)
    text = ORIGIN.sub(r"\1 ", text)
    phrases = [[_plain(p) for p in PHRASE.findall(line)] for line in text.split("\n")]
    names = _proper_nouns(phrases, common)
    links = [
        [*cast, *genres, f"Category:{year} films", *_mentions(name, cast, found, names)]
        for name, cast, genres, year, found in zip(
            films["name"], films["cast"], films["genres"], films["year"], phrases, strict=True
        )
    ]
    return pd.Series([list(dict.fromkeys(row)) for row in links], index=films.index, name="links")


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


def read_ratings(path: Path) -> pd.DataFrame:
    """Rotten Tomatoes ratings: `name` of the film, `year`, `rotten_tomatoes` (from 0 to 1).

    One row a rated film. Years past 2012 mean 100 less. Name and year are columns of `read_films`
    too: `films.merge(read_ratings(path), how="left")` rates them.
    Raises `CookbookError`, naming the file, if it isn't a list of films with titles, dates and
    ratings from 0 to 100.
    """
    try:
        ratings = pd.DataFrame(
            [
                (str(film["Title"]), int(film["Release Date"][-4:]), film["Rotten Tomatoes Rating"])
                for film in _load_list(path)
            ],
            columns=["name", "year", "rotten_tomatoes"],
        ).dropna()
        percentages = pd.to_numeric(ratings["rotten_tomatoes"], errors="coerce")
    except (TypeError, KeyError, ValueError, OverflowError) as error:
        raise _error(path, f"a film without title, date or rating ({error!r})") from error
    ratings["rotten_tomatoes"] = percentages / 100
    if not ratings["rotten_tomatoes"].between(0, 1).all():
        raise _error(path, "a rating that isn't a number from 0 to 100")
    ratings["year"] -= 100 * (ratings["year"] > LAST_RATED)
    return ratings.drop_duplicates(["name", "year"], ignore_index=True)


def read_wp_movies(path: Path) -> pd.DataFrame:
    """The films of a file in the book's format, a JSON list a line: title, properties of the
    infobox, outgoing links, Rotten Tomatoes percentage ("93%") and score ("8.2/10") or null.

    Columns: `title`, `year` (of the infobox, else of "Category:YYYY films", else missing), `links`
    (a list without repeats and without the film itself) and `rotten_tomatoes` (from 0 to 1, or
    missing). Of films with the same title the first stays.
    Raises `CookbookError`, naming file and line, if a line holds something else.
    """
    try:
        with path.open(encoding="utf-8") as lines:
            rows = [_wp_film(path, number, line) for number, line in enumerate(lines, start=1)]
    except (OSError, UnicodeDecodeError) as error:
        raise _error(path, f"not readable ({error})") from error
    films = pd.DataFrame(rows, columns=["title", "year", "links", "rotten_tomatoes"])
    if films.empty:
        raise _error(path, "no films")
    films["year"] = films["year"].astype("Int64")
    films["rotten_tomatoes"] = films["rotten_tomatoes"].astype(float)
    return films.drop_duplicates("title", ignore_index=True)


def _films_of(path: Path) -> list[dict[str, Any]]:
    """The films of one file with the columns of `read_films`, not yet cleaned."""
    films = _load_list(path)
    for number, film in enumerate(films, start=1):
        for field, kind in FIELDS.items():
            if not isinstance(film, dict) or not _fits(film.get(field), kind):
                raise _error(path, f"film {number} has no {field} that is a {KINDS[kind]}")
        for field in OPTIONAL:
            if not _is_text(film.get(field) or ""):
                raise _error(path, f"film {number} has no {field} that is a text or null")
    return [
        {
            "name": film["title"],
            "year": film["year"],
            "cast": film["cast"],
            "genres": film["genres"],
            "extract": film.get("extract") or "",
            "page": film.get("href") or "",
        }
        for film in films
    ]


def _fits(value: object, kind: type) -> bool:
    texts = value if isinstance(value, list) else [value] if kind is str else []
    return isinstance(value, kind) and all(map(_is_text, texts))


def _is_text(value: object) -> bool:
    """Whether it is a text, without half a character, which "\\ud800" in JSON makes."""
    return isinstance(value, str) and not HALF.search(value)


def _load_list(path: Path) -> list:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise _error(path, f"not readable as JSON ({error})") from error
    if not isinstance(content, list):
        raise _error(path, "not a list of films")
    return content


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


def _common_words(text: str) -> set[str]:
    """Words that are written small at least as often as with a capital inside a sentence."""
    small = Counter(re.findall(r"(?<![\w-])[a-z]\w*", text))
    capital = Counter(re.findall(rf"(?<=[\w,] )[{CAPITAL}]\w*", text))
    return {word for word, count in small.items() if count >= capital[word.capitalize()]}


def _lower(word: str, common: set[str]) -> str:
    return word.lower() if word.lower() in common else word


def _plain(phrase: str) -> str:
    """Without "The", the comma of ", Jr." and a full stop: "Rocky V." is "Rocky V"."""
    return re.sub(r"( [A-Z])\.$", r"\1", phrase.removeprefix("The ").replace(", ", " "))


def _proper_nouns(phrases: list[list[str]], common: set[str]) -> set[str]:
    """The phrases that name something, without dates, first names and surnames."""
    alone = Counter(phrase for found in phrases for phrase in found)
    uses: Counter[str] = Counter()
    for phrase, count in alone.items():
        uses.update({word: count for word in set(phrase.split(" "))})

    def names_something(phrase: str) -> bool:
        if DATE.fullmatch(phrase) or not NATIONS.isdisjoint(re.split("[-–]", phrase)):
            return False
        if " " in phrase:
            return True
        known = len(phrase) > 2 and phrase[0].isupper() and phrase[-1] != "."
        return known and phrase.lower() not in common and alone[phrase] >= ALONE * uses[phrase]

    return {phrase for phrase in alone if names_something(phrase)}


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


def _shared(links: pd.Series, least: int) -> pd.Series:
    """The lists without links that occur fewer than `least` times."""
    counts = Counter(link for row in links for link in row)
    return links.map(lambda row: [link for link in row if counts[link] >= least])


def _wp_film(path: Path, number: int, line: str) -> tuple[str, int | None, list[str], float | None]:
    try:
        title, properties, links, percentage, _ = json.loads(line)
        rating = None
        if percentage not in (None, ""):
            rating = float(str(percentage).removesuffix("%")) / 100
        year = _year(properties, links)
    except (TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        raise _error(path, f"line {number} doesn't hold {WP_FIELDS} ({error})") from error
    if not (isinstance(links, list) and all(map(_is_text, [title, *links]))):
        raise _error(path, f"line {number} doesn't hold {WP_FIELDS}")
    if rating is not None and not 0 <= rating <= 1:
        raise _error(path, f"line {number} doesn't hold {WP_FIELDS}")
    return title, year, [link for link in dict.fromkeys(links) if link not in (title, "")], rating


def _year(properties: dict[str, str], links: list[str]) -> int | None:
    released = properties.get("released", "")
    categories = " ".join(link for link in links if re.fullmatch(r"Category:\d{4} films", link))
    year = re.search(r"\b(?:18|19|20)\d\d\b", f"{released} {categories}")
    return int(year[0]) if year else None


def _error(path: Path, problem: str) -> CookbookError:
    return CookbookError(f"{display_path(path)}: {problem}.")


def load_films(source: str, edition: str) -> pd.DataFrame:
    """The films of `source`, one of `FILM_SOURCES`, that have most links, one row each.

    Columns: `title` (no two alike), `year`, `links` (a list), `rotten_tomatoes` (from 0 to 1, or
    missing); of "wikipedia-movie-data" also `name`, `cast`, `genres`, `extract` and `page`. "dump"
    is what `helpers.datasets.wikipedia_dump` has taken out of a dump, whatever the edition.
    Raises `CookbookError` for an unknown source, or if its data can't be had or read.
    """
    if source not in FILM_SOURCES:
        raise unknown("source", source, FILM_SOURCES)
    if source == "wikipedia-movie-data":
        folder, ratings = (fetch(name, edition) for name in FILM_SOURCES[source])
        films = read_films(folder, rows=FILMS_IN_FULL if edition == "full" else None)
        films = films.merge(read_ratings(ratings), how="left")
        return most_linked(films.assign(links=film_links(films)))
    path = OUT if source == "dump" else fetch(source, edition)
    if not path.is_file():
        how = "python -m helpers.datasets.wikipedia_dump DUMP --index INDEX"
        raise CookbookError(f"{display_path(path)} isn't there. Take it out of a dump first: {how}")
    return most_linked(read_wp_movies(path))
