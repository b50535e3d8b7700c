"""Films: files good and bad, and what becomes a link and what doesn't."""

import json
import os
import shutil
from pathlib import Path

from helpers import ROOT, CookbookError
from helpers.datasets import films as films_module
from helpers.datasets.films import (
    FILM_SOURCES,
    film_links,
    load_films,
    most_linked,
    read_films,
    read_ratings,
    read_wp_movies,
)
from helpers.datasets.wikipedia_dump import extract_films
from helpers.fetch import fetch

import pandas as pd
import pytest

FILM = {"title": "Dune", "year": 1984, "cast": ["Kyle MacLachlan"], "genres": ["Drama"]}
CARMEN = FILM | {"title": "Carmen", "year": 1915}


def folder_of(path: Path, *decades: object) -> Path:
    for number, films in enumerate(decades):
        text = films if isinstance(films, str) else json.dumps(films)
        (path / f"movies-19{number}0s.json").write_text(text, encoding="utf-8")
    return path


# Films


def test_films_come_in_the_order_of_the_files_with_unique_titles(tmp_path):
    later = FILM | {"year": 2021, "href": "Dune_(2021_film)", "extract": "Dune is a film."}
    films = read_films(folder_of(tmp_path, [CARMEN, CARMEN], [FILM, later | {"title": "Tenet"}]))
    assert films["title"].tolist() == ["Carmen (1915)", "Carmen (1915) #2", "Dune", "Tenet"]
    assert films["name"].tolist() == ["Carmen", "Carmen", "Dune", "Tenet"]
    assert films["year"].tolist() == [1915, 1915, 1984, 2021]
    assert films["page"].tolist() == ["", "", "", "Dune_(2021_film)"]
    assert films["extract"].tolist() == ["", "", "", "Dune is a film."]
    remakes = read_films(folder_of(tmp_path, [CARMEN, FILM], [later]))
    assert remakes["title"].tolist() == ["Carmen", "Dune (1984)", "Dune (2021)"]


def test_scraps_in_a_cast_are_left_out(tmp_path):
    cast = ["Cher", "and", ")", "Lon Chaney, Jr.", "John Wood (actor)", "(voices)", "50 Cent"]
    films = read_films(folder_of(tmp_path, [FILM | {"cast": cast}]))
    assert films["cast"][0] == ["Cher", "Lon Chaney Jr.", "John Wood", "50 Cent"]


@pytest.mark.parametrize(
    ("content", "number"),
    [
        ("[{", 1),
        ({"films": []}, 1),
        ([FILM, "Dune"], 2),
        ([FILM | {"year": None}], 1),
        ([{"title": "Dune", "year": 1984, "cast": []}], 1),
        ([FILM, FILM, FILM | {"cast": [None]}], 3),
        ([FILM | {"cast": "Cher"}], 1),
        ([FILM | {"extract": ["Dune"]}], 1),
        ([], 1),
    ],
)
def test_a_bad_file_is_named_with_the_film_that_is_wrong(tmp_path, content, number):
    message = f"^movies-1910s.json: film {number} doesn't hold a title, a year, a cast, genres"
    with pytest.raises(CookbookError, match=message):
        read_films(folder_of(tmp_path, [FILM], content))


def test_a_folder_without_films_is_refused(tmp_path):
    with pytest.raises(CookbookError, match="no films in files named movies"):
        read_films(tmp_path)


# Links. The small words of these lines are common, since they are written small in others.

SMALL = "it is the film that he made after they had set out in a war, based on an old book of his."


def phrases(extract: str, name: str = "Dune", cast: tuple[str, ...] = ()) -> list[str]:
    """The links that come of an extract alone."""
    row = {"name": name, "year": 1984, "cast": list(cast), "genres": [], "extract": extract}
    links = film_links(pd.DataFrame([row, row | {"extract": SMALL}]))[0]
    assert links[: len(cast) + 1] == [*cast, "Category:1984 films"]
    return links[len(cast) + 1 :]


@pytest.mark.parametrize(
    ("extract", "expected"),
    [
        ("Dune is by David Lynch for Universal Pictures.", "David Lynch; Universal Pictures"),
        ("The film is by J. J. Abrams. It is good.", "J. J. Abrams"),
        ("It is by Warner Bros. After the war", "Warner Bros."),
        ("the film of Warner Bros. Pictures in Technicolor", "Warner Bros. Pictures; Technicolor"),
        ("It stars Jo von Stroheim and Benicio del Toro.", "Jo von Stroheim; Benicio del Toro"),
        ('with George "Gabby" Hayes and Lon Chaney, Jr.', 'George "Gabby" Hayes; Lon Chaney Jr.'),
        ("based on The Lord of the Rings by Tolkien", "Lord of the Rings; Tolkien"),
        ("after Mission: Impossible and Friday the 13th", "Mission: Impossible; Friday the 13th"),
        ("a film of the Rocky series, after Rocky V. The film is old.", "Rocky; Rocky V"),
        ("David Lynch's film is the Oscar-winning Spider-Man", "David Lynch; Oscar; Spider-Man"),
        ("20th Century Fox, Metro-Goldwyn-Mayer", "20th Century Fox; Metro-Goldwyn-Mayer"),
        ("Émile Zola wrote the film in Orléans", "Émile Zola; Orléans"),
    ],
)
def test_proper_nouns_are_found_whole(extract, expected):
    assert phrases(extract) == expected.split("; ")


@pytest.mark.parametrize(
    ("extract", "expected"),
    [
        ("It is by David Lynch, and Lynch wrote it.", "David Lynch"),  # a surname
        ("It stars Robert De Niro; De Niro and Niro sang.", "Robert De Niro"),
        ("It is by Kyle Lee; MacLachlan sang.", "Kyle Lee"),  # his full name is in the cast
        (
            "It opened on May 4, 1984, and in June; also July 2000 by August Wilson.",
            "August Wilson",
        ),
        ("Dune is a 1984 American Western film, a British-French one", "Western"),
        ("the British Army, the English, and an American film in Italian.", "British Army"),
        ("Before Zelda, Dune was a film named Dune.", "Zelda"),  # its own title
        ("It is the Film, a film on TV by X in the 1st war of a Dr. named Jr., the film.", ""),
    ],
)
def test_what_tells_nothing_is_no_link(extract, expected):
    extract += " He sang it before they opened, also as he was in the army."
    links = phrases(extract, cast=("Kyle MacLachlan",))
    assert links == list(filter(None, [expected]))


def test_titles_of_films_leave_the_shorter_name_beside_them():
    assert phrases("the film Bride of Frankenstein, after Frankenstein") == [
        "Bride of Frankenstein",
        "Frankenstein",
    ]


def test_a_first_name_that_rarely_stands_alone_is_no_link():
    rows = [f"It stars George {surname}." for surname in "Burns Clooney Lucas Raft".split()]
    rows += ["It is the story of George.", "It is the story of Tarzan, or Tarzan Boy."]
    film = {"name": "A", "year": 1984, "cast": [], "genres": []}
    films = pd.DataFrame([film | {"extract": f"{row} Is it?"} for row in rows])
    links = film_links(films).map(lambda found: found[1:])
    assert links.tolist()[3:] == [["George Raft"], [], ["Tarzan", "Tarzan Boy"]]


def test_links_have_no_repeats_and_keep_the_index():
    films = pd.DataFrame([FILM | {"name": "Dune", "extract": "the Drama with Kyle MacLachlan"}])
    links = film_links(films.set_axis([7]))
    assert links.to_dict() == {7: ["Kyle MacLachlan", "Drama", "Category:1984 films"]}


def test_the_films_with_most_links_that_are_shared_stay_in_order():
    lists = [list("ab"), ["a"], list("abc"), list("abcd"), ["d"], [], list("cz")]
    films = pd.DataFrame({"title": list("tuvwxyz"), "links": lists})
    kept = most_linked(films, most=4, films_a_link=2)
    assert kept["title"].tolist() == ["t", "u", "v", "w"]
    assert kept["links"].tolist() == [list("ab"), ["a"], list("abc"), list("abc")]
    assert most_linked(films, most=9, films_a_link=3)["title"].tolist() == ["t", "u", "v", "w", "z"]
    assert films["links"].tolist() == lists


# Ratings


def vega(title: object, date: object, rating: object) -> dict[str, object]:
    return {"Title": title, "Release Date": date, "Rotten Tomatoes Rating": rating}


def ratings_file(path: Path, *films: object) -> Path:
    (path / "ratings.json").write_text(json.dumps(films), encoding="utf-8")
    return path / "ratings.json"


def test_ratings_are_shares_and_their_years_get_their_century_back(tmp_path):
    dates = {"Wings": "Aug 12 2027", "Agora": "May 28 2010", "Zero": "Jan 01 2012", "No": "x 2000"}
    films = [vega(title, date, number) for number, (title, date) in enumerate(dates.items())]
    films[3]["Rotten Tomatoes Rating"] = None
    path = ratings_file(tmp_path, *films, vega(300, "Mar 09 2007", 100), films[0])
    ratings = read_ratings(path)
    expected = [("Wings", 1927, 0), ("Agora", 2010, 0.01), ("Zero", 2012, 0.02), ("300", 2007, 1)]
    assert list(ratings.itertuples(index=False, name=None)) == expected
    dune = folder_of(tmp_path, [FILM | {"title": "Wings", "year": year} for year in (1927, 1928)])
    rated = read_films(dune).merge(ratings, how="left")
    assert rated["rotten_tomatoes"].fillna(-1).tolist() == [0, -1]


@pytest.mark.parametrize(
    "film",
    [
        {"Title": "Wings"},
        vega("Wings", None, 50),
        vega("Wings", "Aug 12", 50),
        vega("Wings", "Aug 12 1927", 101),
        vega("Wings", "Aug 12 1927", "good"),
    ],
)
def test_a_bad_rating_is_refused(tmp_path, film):
    message = "ratings.json: film 2 doesn't hold title, date and rating from 0 to 100"
    with pytest.raises(CookbookError, match=message):
        read_ratings(ratings_file(tmp_path, vega("Agora", "May 28 2010", 50), film))


# The book's format


def lines_file(path: Path, *lines: object) -> Path:
    text = "\n".join(json.dumps(x, ensure_ascii=False) for x in lines)
    (path / "wp.ndjson").write_text(text, encoding="utf-8")
    return path / "wp.ndjson"


def test_the_books_format_gives_year_links_and_rating(tmp_path):
    films = read_wp_movies(
        lines_file(
            tmp_path,
            ["A", {"released": "{{date|1977|05|25}}"}, ["B", "A", "B", "", "C"], "93%", "8.2/10"],
            ["B\u2028", {"released": ""}, ["Category:1999 films", "1984 (novel)"], "0%", None],
            ["C", {}, [], None, None],
            ["D", {}, [], 100, 7.5],
            ["A", {}, ["twice"], None, None],
        )
    )
    assert films["title"].tolist() == ["A", "B\u2028", "C", "D"]
    assert films["year"].fillna(0).tolist() == [1977, 1999, 0, 0]
    assert films["links"].tolist()[:2] == [["B", "C"], ["Category:1999 films", "1984 (novel)"]]
    assert films["rotten_tomatoes"].fillna(-1).tolist() == [0.93, 0, -1, 1]


@pytest.mark.parametrize(
    "link", ["category:1999 films", "Category:1999_films", "CATEGORY: 1999 films"]
)
def test_a_year_is_found_however_its_category_is_written(tmp_path, link):
    films = read_wp_movies(
        lines_file(tmp_path, ["A", {}, ["Category:1984 comics", link], None, None])
    )
    assert films["year"].tolist() == [1999] and films["links"][0][1] == link


@pytest.mark.parametrize(
    "line",
    [
        "",
        '["A", {}, [], null',
        '["A", {}, []]',
        '{"title": "A"}',
        "[1, {}, [], null, null]",
        '["A", [], [], null, null]',
        '["A", {}, ["B", 1], null, null]',
        '["A", {}, [], "93/100", null]',
        '["A", {}, [], "193%", null]',
        '["A", {}, [], NaN, null]',
    ],
)
def test_a_bad_line_is_named_by_its_number(tmp_path, line):
    path = tmp_path / "wp.ndjson"
    path.write_text(f'["First", {{}}, [], null, null]\n{line}\n', encoding="utf-8")
    with pytest.raises(CookbookError, match="wp.ndjson: film 2 doesn't hold a title, a dict"):
        read_wp_movies(path)


def test_a_file_of_no_lines_or_of_other_bytes_is_refused(tmp_path):
    path = tmp_path / "wp.ndjson"
    for content in (b"", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(CookbookError, match="wp.ndjson: film 1 doesn't hold a title"):
            read_wp_movies(path)


# Films of any source


@pytest.fixture
def extracted(tmp_path, monkeypatch):
    """Where the films of a dump are looked for."""
    path = tmp_path / "wp_movies.ndjson"
    monkeypatch.setattr(films_module, "OUT", path)
    return path


def test_every_source_gives_titles_years_links_and_ratings(extracted):
    folder = fetch("wikipedia-dump", "sample")
    extract_films(folder / "enwiki-latest-pages-articles-multistream.xml.bz2", extracted)
    for source in FILM_SOURCES:
        table = load_films(source, "sample")
        assert {"title", "year", "links", "rotten_tomatoes"} <= set(table.columns)
        assert table["title"].is_unique and (table["links"].str.len() > 0).all()
        assert table["links"].explode().value_counts().min() >= 3
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
    with pytest.raises(CookbookError, match=r"wp_movies\.ndjson.*helpers\.cluster films"):
        load_films("dump", "full")
    shutil.copy(fetch("wp_movies_10k", "sample"), extracted)
    assert len(load_films("dump", "full")) > 800


@pytest.fixture(scope="module")
def full_films() -> pd.DataFrame:
    """The real films; from the mirror as it is, since nothing is written here."""
    mirror = ROOT / os.environ.get("COOKBOOK_MIRROR", "no mirror")
    if not (mirror / "vega-movies.json").is_file():
        pytest.skip("COOKBOOK_MIRROR isn't a folder that holds the films")
    films = read_films(mirror / "wikipedia-movie-data")
    assert len(films) == 36_273
    films["links"] = film_links(films)
    return most_linked(films.merge(read_ratings(mirror / "vega-movies.json"), how="left"))


@pytest.mark.full
def test_the_real_films_have_about_as_many_links_as_were_measured(full_films):
    counts = full_films["links"].explode().value_counts()
    assert len(full_films) == 10_000 and full_films["title"].is_unique
    assert 11_000 < len(counts) < 13_000
    assert 125_000 < counts.sum() < 138_000
    assert counts.min() >= 3
    assert 1_300 < full_films["rotten_tomatoes"].notna().sum() < 1_500


@pytest.mark.full
@pytest.mark.parametrize(
    ("title", "some"),
    [
        ("Rogue One: A Star Wars Story", "Lucasfilm; Star Wars; Tony Gilroy; Category:2016 films"),
        ("The Godfather Part II", "Francis Ford Coppola; Godfather; Mario Puzo; Al Pacino; Crime"),
        ("Skyfall", "James Bond; Sam Mendes; Eon Productions; Daniel Craig"),
        ("Mission: Impossible III", "Mission: Impossible; J. J. Abrams; Tom Cruise"),
    ],
)
def test_real_films_have_director_studio_series_and_source(full_films, title, some):
    (links,) = full_films.loc[full_films["title"] == title, "links"]
    assert set(some.split("; ")) <= set(links)
    leaks = {title, "American", "British", "English", "Coppola", "Mendes", "Abrams", "May", "Film"}
    assert leaks.isdisjoint(links)
