"""A dump of Wikipedia in streams, and its index: 40 films, each before a page that is no film."""

import bz2
import itertools
from collections.abc import Iterable
from xml.sax.saxutils import escape

from samples.names import FIRST_WORDS, LAST_WORDS

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
SERIES = 8
FILMS_IN_A_SERIES = 5


def planted_articles() -> dict[str, str]:
    """The truth: title and wikitext of each film.

    Films of a series share their director and lead; they vary in how a rating is stated.
    """
    articles = {}
    for series in range(SERIES):
        name, surname = LAST_WORDS[series], LAST_WORDS[SERIES + series]
        director = f"{FIRST_WORDS[series]} {surname}".title()
        star = f"{FIRST_WORDS[series + 1]} {surname}".title()
        for number in range(FILMS_IN_A_SERIES):
            film = f"{FIRST_WORDS[number]} {name}".title()
            year = 1990 + number
            percentage = 40 + 5 * series + number
            articles[f"{film} ({year} film)"] = FILM_ARTICLE.format(
                box=FILM_BOXES[number],
                name=film,
                director=director,
                star=star,
                year=year,
                rating=RATINGS[number].format(percentage=percentage),
            )
    return articles


def wiki_page(title: str, text: str, namespace: int = 0) -> str:
    """The XML of a page of Wikipedia."""
    redirect = "<redirect />" if text.startswith("#REDIRECT") else ""
    return (
        f"<page><title>{escape(title)}</title><ns>{namespace}</ns>{redirect}"
        f'<revision><text xml:space="preserve">{escape(text)}</text></revision></page>\n'
    )


def packed_dump(pages: Iterable[str], pages_in_stream: int = 10) -> tuple[bytes, bytes]:
    """A multistream dump of XML `pages`, as `wiki_page` makes them, and its index, both packed.

    The dump is a row of bz2 streams, which is read as one file too, as a plain dump is. A line of
    the index holds where in the dump a page's stream begins, the page's number and its title.
    """
    pages = list(pages)
    dump = bz2.compress(b"<mediawiki>\n<siteinfo><dbname>sample</dbname></siteinfo>\n")
    index = ""
    for first in range(0, len(pages), pages_in_stream):
        stream = pages[first : first + pages_in_stream]
        for number, page in enumerate(stream, start=first):
            title = page.partition("<title>")[2].partition("<")[0]
            index += f"{len(dump)}:{number}:{title}\n"
        dump += bz2.compress("".join(stream).encode())
    dump += bz2.compress(b"</mediawiki>\n")
    return dump, bz2.compress(index.encode())


def files() -> dict[str, bytes]:
    """The dump and its index by their paths."""
    others = itertools.cycle(OTHER_PAGES)
    pages = []
    for title, text in planted_articles().items():
        pages.append(wiki_page(title, text))
        pages.append(wiki_page(*next(others)))
    dump, index = packed_dump(pages)
    return {
        "wikipedia-dump/enwiki-latest-pages-articles-multistream.xml.bz2": dump,
        "wikipedia-dump/enwiki-latest-pages-articles-multistream-index.txt.bz2": index,
    }
