"""Films in the formats of three data sets: Wikipedia's films, Vega's ratings, the book's file.

The films are the same in all three. 104 crews of ten people have made eight films each: a director,
a writer and eight actors, who work in one genre and one decade. So who and what a film links to
tells which films belong together.
"""

import itertools
import json
from collections.abc import Iterator

from samples import SEED
from samples.names import FIRST_WORDS, LAST_WORDS, PLACES

import numpy as np
import pandas as pd

GENRES = ("Adventure", "Comedy", "Crime", "Drama", "Horror", "Musical", "War", "Western")
DECADES = tuple(range(1900, 2030, 10))
CREW = 10  # people
FILMS_A_CREW = 8
NUMERALS = ("", " II", " III", " IV", " V")  # the last films of every second crew are a series
FORENAMES = tuple(
    "Ada Bruno Clara Dario Edith Felix Greta Hugo Ines Jonas Karin Lothar Marta Nils Olga Pavel "
    "Rosa Sven Tilda Ulrich Vera Wanda Xaver Yvonne Zoltan".split()
)
SURNAMES = tuple(
    start + end
    for start in "Ald Bren Cald Dorn Elm Farn Garv Hask".split()
    for end in "berg don er field ing mark ow stead".split()
)
STUDIOS = tuple(f"{name} Pictures" for name in "Albatross Bellweather Comet Dynamo Elysium".split())


# What is planted


def planted_films() -> pd.DataFrame:
    """The truth, one row a film, in the order of the files.

    Columns: `name`, `year`, `genre`, `director`, `writer`, `studio`, `series` (or ""), `cast` (four
    of the crew's eight actors, and one of the same genre in a neighbouring decade) and `level`, the
    rating from 0 to 1 to be expected of this director, .15 more for a film of a series.
    But for that one actor nobody works for two crews; a series keeps its first four actors.
    """
    rng = np.random.default_rng(SEED)
    crews = _crews(rng)
    levels = rng.permutation(np.linspace(0.1, 0.8, len(crews))).tolist()
    names = _names_of_single_films()
    films = []
    for crew in range(len(crews)):
        for number in range(FILMS_A_CREW):
            film = _film(crews, crew, number, rng)
            film["level"] = levels[crew]
            if film["series"]:
                film["level"] += 0.15
            else:
                film["name"] = next(names)
            films.append(film)
    return pd.DataFrame(films)


def _crews(rng: np.random.Generator) -> list[list[str]]:
    """The people of each crew, which has its decade and genre by its place in the list."""
    people = [f"{first} {last}" for first, last in itertools.product(FORENAMES, SURNAMES)]
    rng.shuffle(people)
    count = len(DECADES) * len(GENRES)
    return [people[first : first + CREW] for first in range(0, count * CREW, CREW)]


def _names_of_single_films() -> Iterator[str]:
    """Endless: after some time the names come again, as those of real films do."""
    for first, last in itertools.cycle(itertools.product(FIRST_WORDS, LAST_WORDS)):
        yield f"The {first} {last}".title()


def _film(
    crews: list[list[str]], crew: int, number: int, rng: np.random.Generator
) -> dict[str, object]:
    """The film `number` of a crew, named only if it belongs to a series."""
    director, writer, *actors = crews[crew]
    first_of_series = FILMS_A_CREW - len(NUMERALS)
    if crew % 2 == 1 and number >= first_of_series:
        series = PLACES[crew // 2]
        name = series + NUMERALS[number - first_of_series]
        cast = actors[:4]
    else:
        series = ""
        name = ""
        cast = rng.choice(actors, 4, replace=False).tolist()
    actors_nearby = crews[_crew_nearby(crew)][2:]
    guest = rng.choice(actors_nearby).item()
    return {
        "name": name,
        "year": _year(crew, number),
        "genre": GENRES[crew % len(GENRES)],
        "director": director,
        "writer": writer,
        "studio": STUDIOS[(crew + number // 4) % len(STUDIOS)],
        "series": series,
        "cast": [*cast, guest],
    }


def _crew_nearby(crew: int) -> int:
    """A crew of the same genre in the decade before, or for the first decade in the next."""
    if crew < len(GENRES):
        return crew + len(GENRES)
    return crew - len(GENRES)


def _year(crew: int, number: int) -> int:
    decade = DECADES[crew // len(GENRES)]
    if decade == DECADES[-1]:
        return decade + number // 2  # none lies in the future
    return decade + number + crew % 3


# The files


def files() -> dict[str, bytes]:
    """The three data sets by the paths of their files."""
    films = planted_films()
    percentages = _percentages(films)
    made = {}
    for decade in DECADES:
        made[f"wikipedia-movie-data/movies-{decade}s.json"] = _wikipedia_films(films, decade)
    made["vega-movies.json"] = _vega_movies(films, percentages)
    made["wp_movies_10k.ndjson"] = _wp_movies(films, percentages)
    return made


def _percentages(films: pd.DataFrame) -> list[int | None]:
    """Ratings near the films' levels; every third film, and those of late years, have none."""
    noise = np.random.default_rng(SEED).normal(0, 0.05, len(films))
    ratings = (100 * (films["level"] + noise)).clip(0, 100).round().astype(int).tolist()
    for number, year in enumerate(films["year"]):
        if number % 3 == 0 or year > 2010:
            ratings[number] = None
    return ratings


def _wikipedia_films(films: pd.DataFrame, decade: int) -> bytes:
    """The file of a decade. As in the real files, some films have no page."""
    entries = []
    for number, film in films.iterrows():
        if film["year"] // 10 * 10 != decade:
            continue
        entry = {"title": film["name"], "year": film["year"], "cast": film["cast"]}
        entry["genres"] = [film["genre"]]
        entry["href"] = None
        if number % (10 * FILMS_A_CREW) > 0:  # all but the first film of every tenth crew
            entry["href"] = film["name"].replace(" ", "_")
            entry["extract"] = _extract(film)
        entries.append(entry)
    return json.dumps(entries, indent=1).encode()


def _extract(film: pd.Series) -> str:
    """The start of an article. No link should come of a surname, a month, a nationality or the
    film's own name in it."""
    name, year, director = film["name"], film["year"], film["director"]
    surname = director.split(" ")[-1]
    text = f"{name} is a {year} American {film['genre'].lower()} film directed by {director}, "
    text += f"and it was written by {film['writer']} for the studio {film['studio']}. "
    text += f"{surname} had filmed in April {year - 1}, before {name}. "
    if film["series"]:
        text += f"It is part of the {film['series']} series. "
    return f"{text}The film was released on March 4, {year}."


def _vega_movies(films: pd.DataFrame, percentages: list[int | None]) -> bytes:
    """As in the real file, a date of 1913 to 1949 has the wrong century."""
    entries = []
    for name, year, percentage in zip(films["name"], films["year"], percentages, strict=True):
        if 1913 <= year <= 1949:
            year += 100
        entry = {"Title": name, "Release Date": f"Mar 04 {year}"}
        entry["Rotten Tomatoes Rating"] = percentage
        entries.append(entry)
    return json.dumps(entries, indent=1).encode()


def _wp_movies(films: pd.DataFrame, percentages: list[int | None]) -> bytes:
    """A list a line: title of the page, which no other has, infobox, links, rating."""
    dated = films["name"] + " (" + films["year"].astype(str) + " film)"
    titles = films["name"].mask(films["name"].duplicated(keep=False), dated)
    lines = ""
    for number, film in films.iterrows():
        infobox = {"director": film["director"], "released": f"March 4, {film['year']}"}
        percentage = percentages[number]
        rating = None if percentage is None else f"{percentage}%"
        lines += json.dumps([titles[number], infobox, _links(film), rating, None]) + "\n"
    return lines.encode()


def _links(film: pd.Series) -> list[str]:
    links = [film["director"], film["writer"], film["studio"], *film["cast"]]
    if film["series"]:
        links.append(film["series"])
    return [*links, f"{film['genre']} film", f"Category:{film['year']} films"]
