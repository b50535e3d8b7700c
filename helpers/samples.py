"""Small stand-ins for the data sets, in each data set's own file format.

They have planted structure: we know which artists, words, films and listeners belong together, and
the tests check that the models find it.
"""

import bz2
import contextlib
import gzip
import itertools
import json
import sqlite3
import zipfile
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from pydoc_data.topics import topics
from urllib.parse import quote_plus
from xml.sax.saxutils import escape, quoteattr

from helpers import GENERATED, replacing, unknown

import numpy as np
import pandas as pd
from py7zr import SevenZipFile
from py7zr.helpers import ArchiveTimestamp

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
FILM_GENRES = ("Adventure", "Comedy", "Crime", "Drama", "Horror", "Musical", "War", "Western")
DECADES = tuple(range(1900, 2030, 10))
CREW = 10  # a director, a writer and eight actors, who work in one genre and decade
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
PLACES = tuple(
    f"{kind} {name}"
    for kind in "Castle Fort Mount Port".split()
    for name in "Asra Belor Corun Delmi Esker Falun Gorse Hythe Iver Jarla Kelso Lomar Mern".split()
)
STUDIOS = tuple(f"{name} Pictures" for name in "Albatross Bellweather Comet Dynamo Elysium".split())

CATALOGUE = {  # author: number and title of books at Project Gutenberg
    "Austen, Jane, 1775-1817": {1342: "Pride and Prejudice"},
    "Carroll, Lewis, 1832-1898": {11: "Alice's Adventures in Wonderland"},
    "Dickens, Charles, 1812-1870": {98: "A Tale of Two Cities"},
    "Doyle, Arthur Conan, 1859-1930": {1661: "The Adventures of Sherlock Holmes"},
    "Melville, Herman, 1819-1891": {2701: "Moby Dick; Or, The Whale"},
    "Shakespeare, William, 1564-1616": {
        100: "The Complete Works of William Shakespeare",
        1041: "Shakespeare's Sonnets",
        1513: "Romeo and Juliet",
        1514: "A Midsummer Night's Dream",
        1524: "Hamlet, Prince of Denmark",
        1533: "Macbeth",
    },
    "Shelley, Mary Wollstonecraft, 1797-1851": {84: "Frankenstein; Or, The Modern Prometheus"},
    "Stoker, Bram, 1847-1912": {345: "Dracula"},
}

FILM_ARTICLE = """{{{{Use dmy dates|date=June {year}}}}}
{{{{{box}
| name     = {name}
| image    =
| director = [[{director}]]
| starring = {{{{ubl|[[{star}]]|{{{{nowrap|[[Idle Bells]]}}}}}}}}
| released = {{{{film date|{year}}}}}
| runtime  = {year} seconds <!-- about -->
| country  = [[Germany|West Germany]] & ''France''
}}}}
'''''{name}''''' is a {year} film by [[{director}]] with [[{star}|the star]].<ref>100% true</ref>

{rating}

[[Category:{year} films]]
[[Category:Films directed by {director}]]
"""
FILM_BOXES = (
    "Infobox film",
    "infobox_film",
    "Infobox Film",
    " INFOBOX  film ",
    "Infobox film <!-- a comment -->",
)
RATINGS = (  # ways to state one, or none
    "On [[Rotten Tomatoes]] it has {percentage}%, with a mean of 8.2/10 by 31 critics.",
    "{{{{Rotten Tomatoes prose|{percentage}|7.25|31|It lasts.}}}}",
    "[[Rotten Tomatoes]] gives {percentage}%.",
    "[[Rotten Tomatoes]] went from 12% to {percentage}%.",
    "Of the budget, {percentage}% was lost.",
)
OTHER_PAGES = (  # title, text, namespace
    ("Keen Lanterns", "{{Infobox person\n| known_for = [[Infobox film|film]]s\n}} An actor."),
    ("Lunar film days", "{{Infobox film festival\n| name = Lunar film days\n}} [[Film]]s."),
    ("Amber anchors", "#REDIRECT [[Amber Anchors (1990 film)]] {{Infobox film|name=X}}"),
    ("Template:Infobox film/doc", "{{Infobox film\n| name = Example\n}}", 10),
    ("Lost Kites", "{{Infobox film\n| name = Lost Kites\n| starring = {{ubl|[[A]]\n\n[[Film]]"),
    ("Kite", "A '''kite''' {{flies}} & [[wind|is [[blown]]. {{{unclosed <ref> }} {| <nowiki>"),
    ("Empty", ""),
)
THINGS = {  # site of Stack Exchange: what its questions are about, each with a synonym
    "cooking": "aubergine/eggplant bread/loaf cake/gateau chickpeas/garbanzos coriander/cilantro "
    "courgette/zucchini pasta/noodles porridge/oatmeal prawns/shrimp rocket/arugula sauce/gravy "
    "soup/broth",
    "beer": "ale/bitter bottle/flask jug/pitcher cellar/basement fermenter/vat foam/head glass/mug "
    "hops/cones keg/cask lager/pilsner tap/spigot wort/mash",
    "coffee": "beans/kernels brew/infusion cafetiere/press crema/froth cup/mug decaf/sanka "
    "espresso/ristretto filter/strainer grinder/mill grounds/powder kettle/boiler latte/macchiato",
}
PROBLEMS = (  # what is wrong, a synonym, and what helps
    "brittle/fragile/butter burnt/scorched/scraping cloudy/murky/filtering cold/chilly/reheating "
    "costly/expensive/bargaining dirty/filthy/soap dry/parched/steam flat/lifeless/yeast "
    "frozen/icy/thawing heavy/dense/whisking lumpy/clumpy/sieving noisy/loud/felt "
    "salty/briny/rinsing slow/sluggish/patience soggy/soaked/drying sour/acidic/soda "
    "stale/old/toasting sticky/gluey/oil sweet/sugary/lemon watery/thin/starch"
)
TITLES = (
    "Why did my {thing} come out {problem}?",
    "How can I keep {thing} from getting {problem}?",
    "Once more my {thing} got “{problem}” – what now?",
    "Can {thing} become {problem} & what do I do?",
)
QUESTIONS = (  # HTML, as the site makes it of what people write
    "<p>I tried it again on {day}, and the {thing} got <em>really</em>&nbsp;{problem}.</p>\n\n"
    "<p>Does anybody\nknow the reason?</p>\n",
    "<p>Each time I got {problem} {thing}. So far:</p>\n\n<ul>\n<li>I waited until {day}</li>\n"
    '<li>I asked at <a href="https://example.org/?a=1&amp;b=2">a café</a></li>\n</ul>\n',
    "<p>Notes of {day}:</p>\n\n<pre><code>if t &lt; 93:   # °C\n    wait(½)\n</code></pre>\n\n"
    "<p>Since then I get {problem} {thing} &hellip;</p>\n",
    "<blockquote>\n  <p>never do it on a {day}</p>\n</blockquote>\n\n<p>They say that, and still I "
    "got <strong>{problem}</strong><br>{thing} 😕</p>\n",
)
ANSWERS = (
    "<p>With {problem} {thing}, {remedy} helps.</p>\n",
    "<p>Try {remedy}:</p>\n\n<ol>\n<li>Take {problem} {thing}</li>\n<li>Be quick</li>\n</ol>\n",
    "<p>Any {thing} may be {problem}, &amp; I&#39;d use <code>{remedy}</code>.</p>\n",
)
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
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


def write(name: str) -> Path:
    """Write the stand-in for the data set `name` under generated/samples; returns its path.

    That is the path of its file, or of the folder of its files if there are several.
    """
    if name not in WRITERS:
        raise unknown("sample", name, WRITERS)
    paths = [GENERATED / "samples" / key for key in WRITERS[name]]
    for path, writer in zip(paths, WRITERS[name].values(), strict=True):
        with replacing(path) as part:
            writer(part)
    return paths[0] if len(paths) == 1 else paths[0].parent


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
    reviews["pub_year"] = 1999 + reviews["reviewid"] % 18
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
    columns = ["reviewid", "title", "artist", "score", "author", "pub_year"]
    tables = {
        "reviews": pd.concat([reviews, extra, reviews.tail(1)])[columns],
        "genres": genres,
        "labels": reviews[["reviewid", "label"]],
    }
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        for name, table in tables.items():
            table.to_sql(name, database, index=False)
        database.commit()
        path.write_bytes(database.serialize())  # SQLite itself wouldn't say why a disk fails


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
    write_zip(path, {"word2vec_sample/pruned.word2vec.txt": _word2vec(size=300, binary=False)})


def _write_glove(path: Path) -> None:
    path.write_bytes(gzip.compress(_word2vec(size=100, binary=False), mtime=0))


def _write_google_news(path: Path) -> None:
    path.write_bytes(gzip.compress(_word2vec(size=300, binary=True), mtime=0))


def planted_films() -> pd.DataFrame:
    """The truth behind the samples of films, one row a film, in the order of the files.

    Columns: `name`, `year`, `genre`, `director`, `writer`, `studio`, `series` (or ""), `cast` (four
    of the crew's eight actors, and one of the same genre in a neighbouring decade) and `level`, the
    rating from 0 to 1 to be expected of this director, .15 more for a film of a series.
    But for that one actor nobody works for two crews; a series keeps its first four actors.
    """
    rng = np.random.default_rng(SEED)
    people = [f"{a} {b}" for a, b in itertools.product(FORENAMES, SURNAMES)]
    rng.shuffle(people)
    crews = np.reshape(people[: len(DECADES) * len(FILM_GENRES) * CREW], (-1, CREW)).tolist()
    levels = rng.permutation(np.linspace(0.1, 0.8, len(crews))).tolist()
    films = pd.DataFrame(
        _planted_film(crews, levels, crew, number, rng)
        for crew, number in itertools.product(range(len(crews)), range(FILMS_A_CREW))
    )
    names = [f"The {a} {b}".title() for a, b in itertools.product(FIRST_WORDS, LAST_WORDS)]
    single = films["series"] == ""
    films.loc[single, "name"] = list(itertools.islice(itertools.cycle(names), single.sum()))
    return films


def _planted_film(
    crews: list[list[str]], levels: list[float], crew: int, number: int, rng: np.random.Generator
) -> dict[str, object]:
    """The film `number` of a crew; the name is only there if it belongs to a series."""
    director, writer, *actors = crews[crew]
    decade, genre = DECADES[crew // len(FILM_GENRES)], FILM_GENRES[crew % len(FILM_GENRES)]
    elsewhere = crew + len(FILM_GENRES) * (1 if decade == DECADES[0] else -1)
    part = number - FILMS_A_CREW + len(NUMERALS) if crew % 2 else -1
    series = PLACES[crew // 2] if part >= 0 else ""
    cast = actors[:4] if series else rng.choice(actors, 4, replace=False).tolist()
    return {
        "name": series + NUMERALS[part],
        "year": decade + (number // 2 if decade == DECADES[-1] else number + crew % 3),
        "genre": genre,
        "director": director,
        "writer": writer,
        "studio": STUDIOS[(crew + number // 4) % len(STUDIOS)],
        "series": series,
        "cast": [*cast, rng.choice(crews[elsewhere][2:]).item()],
        "level": levels[crew] + 0.15 * bool(series),
    }


def _extract(film: pd.Series) -> str:
    """The start of an article. No link should come of a surname, a month, a nationality or the
    film's own name in it."""
    name, year, surname = film["name"], film["year"], film["director"].split(" ")[-1]
    text = f"{name} is a {year} American {film['genre'].lower()} film directed by "
    text += f"{film['director']}, and it was written by {film['writer']} for the "
    text += f"studio {film['studio']}. "
    text += f"{surname} had filmed in April {year - 1}, before {name}. "
    text += f"It is part of the {film['series']} series. " if film["series"] else ""
    return f"{text}The film was released on March 4, {year}."


def _write_films_of(decade: int, path: Path) -> None:
    """As in the real files, some films have no page: the first of every tenth crew."""
    films = planted_films()
    films["page"] = films.index % (10 * FILMS_A_CREW) > 0
    entries = []
    for _, film in films[films["year"] // 10 * 10 == decade].iterrows():
        entry = {"title": film["name"], "year": film["year"], "cast": film["cast"]}
        entry |= {"genres": [film["genre"]], "href": None}
        if film["page"]:
            entry |= {"href": film["name"].replace(" ", "_"), "extract": _extract(film)}
        entries.append(entry)
    path.write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _percentages(films: pd.DataFrame) -> list[int | None]:
    """Ratings near the films' levels; every third film, and those of late years, have none."""
    noise = np.random.default_rng(SEED).normal(0, 0.05, len(films))
    percentages = (100 * (films["level"] + noise)).clip(0, 100).round().astype(int)
    rated = (films.index % 3 > 0) & (films["year"] <= 2010)
    return [rating if known else None for rating, known in zip(percentages, rated, strict=True)]


def _write_vega_movies(path: Path) -> None:
    """As in the real file, a date of 1913 to 1949 has the wrong century."""
    films = planted_films()
    years = films["year"] + 100 * films["year"].between(1913, 1949)
    entries = [
        {"Title": name, "Release Date": f"Mar 04 {year}", "Rotten Tomatoes Rating": percentage}
        for name, year, percentage in zip(films["name"], years, _percentages(films), strict=True)
    ]
    path.write_text(json.dumps(entries, indent=1), encoding="utf-8")


def _infobox_and_links(film: pd.Series) -> tuple[dict[str, str], list[str]]:
    infobox = {"director": film["director"], "released": f"March 4, {film['year']}"}
    links = [film["director"], film["writer"], film["studio"], *film["cast"], film["series"]]
    links += [f"{film['genre']} film", f"Category:{film['year']} films"]
    return infobox, [link for link in links if link]


def _write_wp_movies(path: Path) -> None:
    """The same films in the book's format; the title of a page is unique."""
    films = planted_films()
    dated = films["name"] + " (" + films["year"].astype(str) + " film)"
    titles = films["name"].mask(films["name"].duplicated(keep=False), dated)
    lines = [
        [title, *_infobox_and_links(film), None if percentage is None else f"{percentage}%", None]
        for title, percentage, (_, film) in zip(
            titles, _percentages(films), films.iterrows(), strict=True
        )
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def planted_articles() -> dict[str, str]:
    """The truth behind the sample of a Wikipedia dump: title and wikitext of each film.

    Films of a series share their director and lead; they vary in how a rating is stated.
    """
    articles = {}
    for series, (name, lead) in enumerate(zip(LAST_WORDS[:8], LAST_WORDS[8:16], strict=True)):
        director, star = (f"{word.title()} {lead.title()}" for word in FIRST_WORDS[series:][:2])
        for number, word in enumerate(FIRST_WORDS[:5]):
            title = f"{word.title()} {name.title()} ({1990 + number} film)"
            articles[title] = FILM_ARTICLE.format(
                box=FILM_BOXES[number],
                name=f"{word.title()} {name.title()}",
                director=director,
                star=star,
                year=1990 + number,
                rating=RATINGS[number].format(percentage=40 + 5 * series + number),
            )
    return articles


def wikidump(pages: Iterable[str], pages_in_stream: int = 10) -> tuple[bytes, bytes]:
    """A multistream dump of XML `pages`, as `wiki_page` makes them, and its index, both packed.

    Like every row of bz2 streams the dump is read as one file too, as a plain dump is.
    """
    pages = list(pages)
    dump, index = bz2.compress(b"<mediawiki>\n<siteinfo><dbname>sample</dbname></siteinfo>\n"), ""
    for first in range(0, len(pages), pages_in_stream):
        stream = pages[first : first + pages_in_stream]
        for number, page in enumerate(stream, start=first):
            index += f"{len(dump)}:{number}:{page.partition('<title>')[2].partition('<')[0]}\n"
        dump += bz2.compress("".join(stream).encode())
    return dump + bz2.compress(b"</mediawiki>\n"), bz2.compress(index.encode())


def wiki_page(title: str, text: str, namespace: int = 0) -> str:
    """The XML of a page of Wikipedia."""
    redirect = "<redirect />" if text.startswith("#REDIRECT") else ""
    return (
        f"<page><title>{escape(title)}</title><ns>{namespace}</ns>{redirect}"
        f'<revision><text xml:space="preserve">{escape(text)}</text></revision></page>\n'
    )


def _wikidump() -> tuple[bytes, bytes]:
    """The planted films, each before a page that isn't one, in a dump and its index."""
    others = itertools.cycle(OTHER_PAGES)
    films = planted_articles().items()
    pairs = ((wiki_page(*film), wiki_page(*next(others))) for film in films)
    return wikidump(itertools.chain.from_iterable(pairs))


def _write_wikidump(path: Path) -> None:
    path.write_bytes(_wikidump()[0])


def _write_wikidump_index(path: Path) -> None:
    path.write_bytes(_wikidump()[1])


def help_topics() -> str:
    """Python's own help on its language, which is on every machine: prose of a kind."""
    return "\n\n".join(text.strip() for _, text in sorted(topics.items())) + "\n"


def _write_help_topics(path: Path) -> None:
    path.write_text(help_topics(), encoding="utf-8", newline="\n")


def _write_book(path: Path) -> None:
    """Help topics in the dress of a Gutenberg book: byte order mark, CRLF, header and footer."""
    chapters = sorted(topics)[:6]
    contents = "".join(f"  {name}\n" for name in chapters)
    body = "\n\n\n".join(f"{name.upper()}\n\n{topics[name].strip()}" for name in chapters)
    text = (
        "The Project Gutenberg eBook of Python's Help\n\nCharacter set encoding: UTF-8\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK PYTHON'S HELP ***\n\n\n"
        "Produced by its authors\n\n\n"
        f"Python's Help\n\nContents\n\n{contents}\n\n{body}\n\n\n"
        "End of the Project Gutenberg EBook of Python's Help\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK PYTHON'S HELP ***\n\nThe licence\n"
    )
    path.write_text(text, encoding="utf-8-sig", newline="\r\n")


def _write_catalogue(path: Path) -> None:
    """Some true rows of Gutenberg's catalogue, and one that is no text."""
    header = "Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves"
    rows = [
        f'{number},Text,,"{title}",en,"{author}",,,'
        for author, books in CATALOGUE.items()
        for number, title in books.items()
    ]
    rows.append('1,Sound,,"A reading",en,"Shakespeare, William, 1564-1616",,,')
    content = "\n".join([header, *rows, ""]).encode()
    path.write_bytes(gzip.compress(content, mtime=0))


def planted_questions(site: str) -> pd.DataFrame:
    """The truth behind the sample of a site of Stack Exchange, one row a question, in its order.

    Columns: `thing` and `problem`, which the body names and no other question has both;
    `other_thing` and `other_problem`, their synonyms, which some answers use; `remedy`, which all
    answers name, one for each problem; `title`; `paraphrased`: half of the titles are, which means
    they name thing and problem by their synonyms and share no telling word with the body.
    """
    things = [pair.split("/") for pair in THINGS[site].split()]
    problems = [triple.split("/") for triple in PROBLEMS.split()]
    names = ["thing", "other_thing", "problem", "other_problem", "remedy"]
    pairs = list(itertools.product(range(len(things)), range(len(problems))))
    questions = pd.DataFrame([things[i] + problems[j] for i, j in pairs], columns=names)
    questions["paraphrased"] = [(i + j) % 2 == 1 for i, j in pairs]
    questions["title"] = [
        TITLES[(i + j // 2) % len(TITLES)].format(**_words(question, question["paraphrased"]))
        for (i, j), question in zip(pairs, questions.to_dict("records"), strict=True)
    ]
    return questions.sample(frac=1, random_state=SEED, ignore_index=True)


def _words(planted: dict[str, object], synonyms: bool) -> dict[str, object]:
    """What to put into a template of a title, a question or an answer."""
    prefix = "other_" if synonyms else ""
    named = {name: planted[prefix + name] for name in ("thing", "problem")}
    return named | {"remedy": planted["remedy"]}


def _posts(site: str) -> list[dict[str, object]]:
    """The planted questions, each before one to three answers, and here and there a post of another
    kind. Tags are written as in newer dumps on the site cooking, as in older ones elsewhere."""
    rng = np.random.default_rng(SEED)
    tags = "|{thing}|{problem}|" if site == "cooking" else "<{thing}><{problem}>"
    posts: list[dict[str, object]] = []
    for planted in planted_questions(site).to_dict("records"):
        asked, answers = len(posts) + 1, rng.integers(1, 4)
        question = _question(planted, rng) | {"Tags": tags.format(**planted)}
        if asked % 3:
            question["AcceptedAnswerId"] = asked + rng.integers(1, answers + 1)
        posts += [question, *(_answer(planted, asked, rng) for _ in range(answers))]
        if asked % 10 == 0:
            posts.append({"PostTypeId": 5, "Body": ""})
    start = np.datetime64("2015-01-27T20:09:32.720")
    dates = start + np.arange(len(posts)).astype("timedelta64[h]")
    return [
        {"Id": number, "CreationDate": date, "Score": rng.integers(-2, 20), **post}
        for number, (date, post) in enumerate(zip(dates, posts, strict=True), start=1)
    ]


def _question(planted: dict[str, object], rng: np.random.Generator) -> dict[str, object]:
    words = _words(planted, synonyms=False) | {"day": rng.choice(DAYS)}
    body = rng.choice(QUESTIONS).format(**words)
    views = rng.integers(20, 5000)
    return {"PostTypeId": 1, "ViewCount": views, "Body": body, "Title": planted["title"]}


def _answer(
    planted: dict[str, object], question: int, rng: np.random.Generator
) -> dict[str, object]:
    body = rng.choice(ANSWERS).format(**_words(planted, synonyms=rng.random() < 0.5))
    return {"PostTypeId": 2, "ParentId": question, "Body": body}


def posts_xml(rows: Iterable[dict[str, object]]) -> str:
    """The file Posts.xml in a dump of Stack Exchange, with these attributes of its rows."""
    lines = ['\ufeff<?xml version="1.0" encoding="utf-8"?>', "<posts>"]
    for row in rows:
        values = {name: quoteattr(str(value), {'"': "&quot;"}) for name, value in row.items()}
        lines.append(f"  <row {' '.join(f'{name}={value}' for name, value in values.items())} />")
    return "\r\n".join([*lines, "</posts>"])


def write_7z(path: Path, members: dict[str, str]) -> None:
    """An archive of text files by name, which doesn't hold when it was written."""
    with SevenZipFile(path, "w") as archive:
        for name, text in members.items():
            archive.writestr(text, name)
        for member in archive.files.files_list:
            member["lastwritetime"] = ArchiveTimestamp(0)


def _write_stackexchange(site: str, path: Path) -> None:
    """A dump, in which Posts.xml is one of several members."""
    posts = posts_xml(_posts(site))
    write_7z(path, {"Badges.xml": "<badges/>", "Posts.xml": posts, "Users.xml": "<users/>"})


def planted_bands() -> pd.DataFrame:
    """The truth behind the sample of Last.fm: `artist` (its id), `name`, `genre`, `popularity`.

    `popularity` is how often those who like a genre hear an artist, relative to others of it: 1 to
    1/50, as in Zipf's law. Every fifth artist has a second entry, with a guest, whose name begins
    alike and whom hardly anyone hears, or nobody. Metal bands write vowels that Latin-1 lacks.
    """
    bands = planted_artists()[["artist", "genre"]]
    names = bands["artist"].str.title()
    long_vowels = names.str.translate(str.maketrans("aou", "āōū"))
    bands["name"] = names.mask(bands["genre"] == "metal", long_vowels)
    bands["popularity"] = 1 / (bands.groupby("genre").cumcount() + 1)
    guests = bands["name"].shift(-1)[::5]
    duets = bands[::5].assign(name=bands["name"][::5] + " feat. " + guests, popularity=0.002)
    bands = pd.concat([bands, duets]).sample(frac=1, random_state=SEED, ignore_index=True)
    return bands.assign(artist=3 * bands.index + 1)[["artist", "name", "genre", "popularity"]]


def planted_listeners() -> pd.DataFrame:
    """The truth behind the sample of Last.fm: `user` (its id), `genre`, `second_genre` or "".

    Every second user likes a second genre. Most friends like the same first genre.
    """
    number, genres = np.arange(LISTENERS), len(GENRES)
    first, cycle = number % genres, number // genres
    second = (first + 1 + cycle // 2 % (genres - 1)) % genres
    columns = {
        "user": 7 * number + 2,
        "genre": np.array(GENRES)[first],
        "second_genre": np.where(cycle % 2, np.array(GENRES)[second], ""),
    }
    return pd.DataFrame(columns)


def _listens(
    bands: pd.DataFrame, listeners: pd.DataFrame, rng: np.random.Generator
) -> pd.DataFrame:
    """What each user has heard: artists are drawn by taste and popularity, without repeats (the
    highest logarithms of chances plus Gumbel noise are such a draw). One user in ten has fewer."""
    any_genre = (1 - sum(TASTE.values())) / len(GENRES)
    shares = np.full((len(listeners), len(bands)), any_genre)
    for column, share in TASTE.items():
        shares += share * np.equal.outer(listeners[column].array, bands["genre"].array)
    chances = shares * bands["popularity"].to_numpy()
    order = np.argsort(-np.log(chances) - rng.gumbel(size=chances.shape), axis=1)
    few = rng.random(len(listeners)) < 0.1
    counts = np.where(few, rng.integers(1, MOST_PLAYED, len(few)), MOST_PLAYED)
    users, places = np.nonzero(np.arange(MOST_PLAYED) < counts[:, None])
    level = rng.normal(5, 1, len(listeners))[users] + shares[users, order[users, places]]
    columns = {
        "userID": listeners["user"].to_numpy()[users],
        "artistID": bands["artist"].to_numpy()[order[users, places]],
        "weight": np.exp(rng.normal(level, 1.2)).astype(int) + 1,  # a heavy tail
    }
    return pd.DataFrame(columns).sort_values(["userID", "weight"], ascending=[True, False])


def _friends(listeners: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    alike = np.equal.outer(listeners["genre"].array, listeners["genre"].array)
    one_way = np.triu(rng.random(alike.shape) < np.where(alike, 0.15, 0.005), 1)
    pairs = np.nonzero(one_way | one_way.T)
    users, friends = (listeners["user"].to_numpy()[side] for side in pairs)
    return pd.DataFrame({"userID": users, "friendID": friends})


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
    words = _words_for(bands.set_index("artist")["genre"].loc[tagged["artistID"]], rng)
    tagged["tagID"] = pd.Index(LISTED_TAGS).get_indexer(words) + 1
    columns = ["userID", "artistID", "tagID", "day", "month", "year"]
    return tagged[columns].drop_duplicates(columns[:3]).sort_values(columns[:3])


def _words_for(genres: pd.Series, rng: np.random.Generator) -> np.ndarray:
    """A tag for each artist of these genres; a few say nothing of the genre."""
    words = [rng.choice(GENRE_TAGS[genre], p=TAG_SHARES) for genre in genres]
    kind = rng.random(len(words))
    words = np.where(kind < 0.12, rng.choice(ANY_TAGS, len(words)), words)
    return np.where(kind < 0.015, rng.choice(RARE_TAGS, len(words)), words)


def write_zip(path: Path, members: dict[str, bytes]) -> None:
    """A packed archive of files by name, which doesn't hold when it was written."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def _tabbed(table: pd.DataFrame, encoding: str, end: str) -> bytes:
    return table.to_csv(sep="\t", index=False, lineterminator=end).encode(encoding)


def _write_lastfm(path: Path) -> None:
    """The five tables that are read of the real file; that of artists alone has no CRLF there."""
    rng = np.random.default_rng(SEED)
    bands, listeners = planted_bands(), planted_listeners()
    listens = _listens(bands, listeners, rng)
    heard = bands[bands["artist"].isin(listens["artistID"])]
    artists = heard[["artist", "name"]].rename(columns={"artist": "id"})
    artists["url"] = "http://www.last.fm/music/" + heard["name"].map(quote_plus)
    artists["pictureURL"] = [f"http://example.org/{i}.jpg" if i % 40 else "" for i in artists["id"]]
    tags = {"tagID": range(1, len(LISTED_TAGS) + 1), "tagValue": LISTED_TAGS}
    tables = {
        "tags.dat": pd.DataFrame(tags),
        "user_artists.dat": listens,
        "user_friends.dat": _friends(listeners, rng),
        "user_taggedartists.dat": _taggings(bands, listens, rng),
    }
    members = {file: _tabbed(table, "latin-1", "\r\n") for file, table in tables.items()}
    write_zip(path, {"artists.dat": _tabbed(artists, "utf-8", "\n")} | members)


WRITERS: dict[str, dict[str, Callable[[Path], None]]] = {  # of each file of each data set
    "pitchfork": {"pitchfork.sqlite": _write_pitchfork},
    "google-news-44k": {"word2vec_sample.zip": _write_google_news_44k},
    "glove-wiki-gigaword-100": {"glove-wiki-gigaword-100.gz": _write_glove},
    "word2vec-google-news-300": {"word2vec-google-news-300.gz": _write_google_news},
    "wikipedia-movie-data": {
        f"wikipedia-movie-data/movies-{decade}s.json": partial(_write_films_of, decade)
        for decade in DECADES
    },
    "vega-movies": {"vega-movies.json": _write_vega_movies},
    "wp_movies_10k": {"wp_movies_10k.ndjson": _write_wp_movies},
    "wikidump": {
        "sample-pages-articles-multistream.xml.bz2": _write_wikidump,
        "sample-pages-articles-multistream-index.txt.bz2": _write_wikidump_index,
    },
    "tinyshakespeare": {"tinyshakespeare.txt": _write_help_topics},
    "gutenberg-catalogue": {"pg_catalog.csv.gz": _write_catalogue},
    **{
        f"gutenberg-{number}": {f"pg{number}.txt": _write_book}
        for number in itertools.chain.from_iterable(CATALOGUE.values())
    },
    **{
        f"stackexchange-{site}": {
            f"{site}.stackexchange.com.7z": partial(_write_stackexchange, site)
        }
        for site in THINGS
    },
    "lastfm": {"hetrec2011-lastfm-2k.zip": _write_lastfm},
}
