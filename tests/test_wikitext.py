"""A page of Wikipedia says the same however its markup is written, and nothing that isn't so."""

import json
from xml.sax.saxutils import escape

from helpers.datasets.wikipedia_dump import Extraction, films_among
from helpers.datasets.wikitext import FILM_BOXES, find_rating, link_target, parse_film

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from samples.wikipedia_dump import wiki_page

FILM = "{{Infobox film\n| name = [[X]]\n| image =\n}} with [[A|b]] and [[C]]"
RANDOM = settings(max_examples=50, derandomize=True, deadline=None, database=None)
SURROGATES = st.integers(0xD800, 0xDFFF)


def film_of(text: str, title: str = "X") -> list | None:
    return parse_film(wiki_page(title, text).encode())


def films_of(*pages: str) -> tuple[list[list], Extraction]:
    """The films of these pages as they are read back, and what was counted."""
    found = Extraction()
    lines = list(films_among([page.encode() for page in pages], found))
    return [json.loads(line.encode()) for line in lines], found


def test_a_film_has_title_properties_links_and_rating():
    article = FILM + "\n\nOn Rotten Tomatoes 95% like it, by 8.2/10.\n\n[[Category:1990 films]]"
    properties, links = {"name": "X"}, ["X", "A", "C", "Category:1990 films"]
    page = wiki_page("X & Y (film)", article).encode()
    assert parse_film(page) == ["X & Y (film)", properties, links, "95%", "8.2/10"]


def test_a_page_that_is_no_article_is_no_film():
    assert parse_film(wiki_page("Template:Infobox film", FILM, namespace=10).encode()) is None
    assert parse_film(wiki_page("X", f"#REDIRECT [[Y]] {FILM}").encode()) is None


@pytest.mark.parametrize("depth", [10, 1000])
def test_braces_nested_deeply_or_never_closed_do_no_harm(depth):
    for text in (FILM + "{{a|" * depth, FILM + "{{a|" * depth + "}}" * depth, FILM + "[[" * depth):
        assert parse_film(wiki_page("X", text).encode())[1] == {"name": "X"}


# Characters, and pages that can't be read


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ("&#55357;&#56832;", "😀"),
        ("&#xD83D;&#xde00;", "😀"),
        ("&#X0d83d;&#056832;", "😀"),
        ("&#128512;", "😀"),
        ("&#55357;", "\ufffd"),
        ("&#56832;&#55357;", "\ufffd\ufffd"),
        ("&#54620;", "한"),
    ],
)
def test_numbers_of_the_halves_of_a_character_become_the_character(numbers, text):
    markup = f"{{{{Infobox film|name=a{numbers}b}}}} [[{numbers} c]]"
    in_markup = wiki_page(f"T{numbers}", markup)  # as &amp;#55357;
    in_xml = in_markup.replace("&amp;#", "&#")
    for page in (in_markup, in_xml):
        films, found = films_of(page, wiki_page("good", FILM))
        assert films[0][1:3] == [{"name": f"a{text}b"}, [f"{text} c"]]
        assert films[1][0] == "good" and found.unreadable == []
    assert films[0][0] == f"T{text}"


@RANDOM
@given(st.lists(st.one_of(st.text(), SURROGATES, st.sampled_from(["{{", "}}", "[[", "]]", "''"]))))
def test_no_text_of_a_page_costs_the_other_films(parts):
    text = "".join(part if isinstance(part, str) else f"&#{part};" for part in parts)
    text = "".join(character for character in text if character.isprintable())
    pages = [wiki_page("good", FILM), wiki_page("any", FILM + text), wiki_page("last", FILM)]
    films, found = films_of(*pages)
    assert [film[0] for film in films if film[0] != "any"] == ["good", "last"]
    assert len(films) + len(found.unreadable) == 3


def test_a_page_that_cannot_become_json_is_counted_and_left_out():
    films, found = films_of(wiki_page("half", "{{Infobox film|a=&#553<!-- -->57;}}"))
    assert films == [] and "surrogates not allowed" in found.unreadable[0]


# Links

SAME = (
    "science fiction film",
    "Science_fiction_film",
    "Science fiction film#History",
    "_Science  fiction film_",
    ":Science  fiction film",
    "Science&nbsp;fiction film",
    "Science%20fiction&#32;film",
    "\u200escience fiction film\u200e",
    "Science fiction<!-- a comment --> film",
)
NO_ARTICLE = """
File:x.jpg|image: x.jpg|Media:x.ogg|:File:x.jpg|:Category:1999 films|fr:Paris|:fr:Paris|it:It
zh-yue:X|wikt:film|S:War|w:Film|#Plot|User talk:X|user_talk:X|Category talk:X|WP:MOS|Help: films
Template:X|{{PAGENAME}} (soundtrack)|Category:|:|_|&lt;|%5B
"""


def links_of(*links: str) -> list[str]:
    return film_of(FILM + "".join(f"[[{link}|text]]" for link in links))[2][3:]


def test_all_ways_to_write_a_link_are_one_link():
    assert set(links_of(*SAME)) == {"Science fiction film"}


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("category:1999 films", "Category:1999 films"),
        ("Category : 1999_films", "Category:1999 films"),
        ("CATEGORY:films", "Category:Films"),
        ("Star Trek: First Contact", "Star Trek: First Contact"),
        ("Mission: Impossible", "Mission: Impossible"),
        ("3:10 to Yuma", "3:10 to Yuma"),
        ("it: Chapter Two", "It: Chapter Two"),
        ("V: The Final Battle", "V: The Final Battle"),
        ("Alien&#58; Covenant", "Alien: Covenant"),
        ("100% Wolf", "100% Wolf"),
        ("AT&T", "AT&T"),
        ("Fast &amp; Furious", "Fast & Furious"),
        ("Am%C3%A9lie", "Amélie"),
        ("Ame&#x301;lie", "Amélie"),
        ("Help!", "Help!"),
        ("File", "File"),
    ],
)
def test_a_link_leads_to_an_article_or_a_category(link, target):
    assert links_of(link) == [target] and link_target(target) == target


@pytest.mark.parametrize("link", NO_ARTICLE.strip().replace("\n", "|").split("|"))
def test_what_leads_to_no_article_is_no_link(link):
    assert links_of(link) == []


WORDS = st.text("abcxyzäß éß1.'", min_size=1, max_size=9)


@RANDOM
@given(
    st.lists(WORDS, min_size=1), st.lists(st.sampled_from([" ", "_", "  ", " _"])), st.booleans()
)
def test_a_title_is_found_whatever_its_blanks_and_its_first_letter(words, blanks, small):
    title = link_target(" ".join(words))
    if title is None:
        return
    letters = iter(blanks)
    link = "".join(next(letters, "_") if letter == " " else letter for letter in title)
    if small and title[0].lower().upper() == title[0]:
        link = link[0].lower() + link[1:]
    assert link_target(f" :{link}_#{link}") == link_target(title) == title


# Ratings


@pytest.mark.parametrize(
    ("text", "rating"),
    [
        ("Rotten Tomatoes: 7%, 10/10", ("7%", "10/10")),
        ("Rotten Tomatoes: 100%", ("100%", None)),
        ("95%\n\nrotten tomatoes gives 94% of 12.5/10", ("94%", None)),
        ("Rotten Tomatoes: 95% or 94%", (None, None)),
        ("Rotten Tomatoes: 95%, yes, 95%, and 7/10", ("95%", "7/10")),
        ("Rotten Tomatoes: 1,200% and 3.5%\n\nRotten tomatoes", (None, None)),
        ("95% and 8.2/10", (None, None)),
        ("Rotten Tomatoes: 12%\n\n{{RT prose|95|8.20|389}}", ("95%", "8.20/10")),
        ("", (None, None)),
        ("{{Rotten Tomatoes prose|score=95|count=120}}", ("95%", None)),
        (
            "{{Rotten_Tomatoes prose\n| count = 12\n| average = 8.6\n| score = 95\n}}",
            ("95%", "8.6/10"),
        ),
        ("{{RT|74|7.1/10|378}}", ("74%", "7.1/10")),
        ("{{template:rotten tomatoes prose |1= 9% |2=''3.9''}}", ("9%", "3.9/10")),
        ("{{Rotten Tomatoes prose|score=TBD|average=11}}", (None, None)),
        ("{{RT prose|101|8}}", (None, None)),
        ("{{RT prose|95|11}}", ("95%", None)),
        ("{{Rotten Tomatoes|x|A 60% film}}", (None, None)),
        ("Rotten Tomatoes: 12 %", ("12%", None)),
        ("Rotten Tomatoes gives 95&nbsp;percent", ("95%", None)),
        ("Rotten Tomatoes gives 60–70%", (None, None)),
    ],
)
def test_a_rating_is_taken_only_where_it_is_clear(text, rating):
    assert find_rating(text) == rating


GOOD = (
    "On [[Rotten Tomatoes]], ''X'' has an approval rating of 95% by 120 reviews, and 8.2/10.",
    "[[Review aggregator]] website [[Rotten Tomatoes]] reports that 95% of critics liked the film.",
    "The film has a 95% rating on ''Rotten Tomatoes''; [[Metacritic]] assigned it 80%.",
    "It holds 95% on Rotten Tomatoes and 80% on Metacritic.",
    "[[List of films with a 95% rating|95%]] of critics on Rotten Tomatoes liked the film.",
    'On Rotten Tomatoes it has 95%, with the consensus: "An original for 50% of all audiences."',
    "Of all critics on Rotten Tomatoes 95% liked it.<ref>[http://x Metacritic: 60%]</ref>",
)
OF_OTHERS = (
    "Its sequel has 12% on Rotten Tomatoes.",
    "''Another'' has 12% on [[Rotten Tomatoes]].",
    "[[Another (film)|Another]] has 12% on [[Rotten Tomatoes]].",
    "Rotten Tomatoes does not list it. It dropped 60% at the box office.",
    "Critics on Rotten Tomatoes hated it, and it dropped 60% in its second weekend.",
    "Metacritic's 80% is not what Rotten Tomatoes says.",
    "[[Metacritic]] gives 80%.",
    "The audience score on Rotten Tomatoes is 70%.",
    '{| style="width:50%"\n| Rotten Tomatoes\n|}',
    "{| width:50%\n| width:50% | Rotten Tomatoes",
    '<div style="width:50%">Rotten Tomatoes</div>',
    "Rotten Tomatoes went from 12% to 95%.",
    "12% and 95% on Rotten Tomatoes, respectively.",
    "== Rotten Tomatoes ==\nBy 50%",
)


@pytest.mark.parametrize("sentence", GOOD)
def test_a_sentence_on_the_film_and_the_site_gives_its_rating(sentence):
    assert film_of(f"{FILM}\n\n{sentence}")[3] == "95%"


@pytest.mark.parametrize("sentence", OF_OTHERS)
def test_no_other_percentage_is_the_films_rating(sentence):
    assert film_of(f"{FILM}\n\n{sentence}")[3:] == [None, None]


def test_part_of_a_title_is_this_film_and_the_start_of_one_is_not():
    sentence = FILM + "\n\n''Scream'' has 95% on Rotten Tomatoes."
    assert film_of(sentence, "Scream (1996 film)")[3] == "95%"
    assert film_of(sentence, "Series: Scream")[3] == "95%"
    assert film_of(sentence, "Scream 2")[3] is None


@RANDOM
@given(st.sampled_from(GOOD), st.lists(st.sampled_from(OF_OTHERS), max_size=5), st.randoms())
def test_a_rating_is_found_among_what_is_said_of_others(good, others, chance):
    sentences = [good, *others]
    chance.shuffle(sentences)
    assert film_of(FILM + "\n\n" + "\n".join(sentences))[3] == "95%"


@RANDOM
@given(st.integers(0, 100), st.integers(0, 100), st.permutations(["score", "average", "count"]))
def test_a_template_gives_its_rating_in_any_order(percentage, tenths, names):
    values = {"score": percentage, "average": tenths / 10, "count": 99}
    named = "".join(f"| {name} = {values[name]}\n" for name in names)
    rating = (f"{percentage}%", f"{tenths / 10}/10")
    if tenths < 100:
        assert find_rating(f"{{{{Rotten Tomatoes prose\n{named}}}}}") == rating
        assert find_rating(f"{{{{RT prose|{percentage}|{tenths / 10}|99}}}}") == rating


# Bold and italics


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("''[[Novel]]'", "Novel'"),
        ("''[[Novel]]", "Novel"),
        ("'''''[[Novel]]''", "Novel"),
        ("''[[Novel]]'''s", "Novel's"),
        ("''Novel'' by '''''Me'''''", "Novel by Me"),
    ],
)
def test_bold_and_italics_do_not_hide_where_a_value_ends(value, text):
    box = f"{{{{Infobox film\n| based on = {value}\n| name = '''''X'''''\n}}}}"
    article = f"{box} ''X'' [[C]]"
    assert film_of(article)[1] == {"based on": text, "name": "X"}


@RANDOM
@given(
    st.lists(st.sampled_from(["'", "''", "'''", "''''", "'''''", "a", " ", "[[B]]", "<i>", "\n"]))
)
def test_no_quotes_cost_a_film_or_its_other_properties(parts):
    article = "{{Infobox film\n| a = " + "".join(parts) + "\n| name = ''X''\n}} ''X''"
    assert film_of(article)[1]["name"] == "X"


# The name of the infobox


@pytest.mark.parametrize("blank", [" ", "_", "  "])
@pytest.mark.parametrize(
    "form", ["{}", "<!-- a -->{}", "<!--a--> <!-- b -->\n{} <!--c-->", "Template:{}"]
)
@pytest.mark.parametrize("name", sorted(FILM_BOXES))
def test_a_film_is_found_and_counted_under_each_name_of_its_infobox(name, form, blank):
    written = form.format(name.capitalize().replace(" ", blank))
    films, found = films_of(wiki_page("X", f"{{{{{written}\n| name = X\n}}}}"))
    assert films == [["X", {"name": "X"}, [], None, None]]
    assert found.boxes == {name: 1}


def test_comments_stand_anywhere_in_a_name():
    films, found = films_of(wiki_page("X", "{{Infobox<!-- a --> <!-- b -->film|name=X<!-- c -->}}"))
    assert films[0][1] == {"name": "X"} and found.boxes == {"infobox film": 1}


def test_an_infobox_of_another_name_is_counted_and_not_taken():
    pages = [
        wiki_page("X", f"{{{{{name}|a=1}}}}") for name in ("Infobox film awards", "infobox book")
    ]
    films, found = films_of(*pages)
    assert films == [] and found.boxes == {"infobox film awards": 1} and found.unreadable == []


def test_an_infobox_in_a_comment_is_none():
    films, found = films_of(wiki_page("X", f"<!-- {FILM} -->"), wiki_page("Y", f"<!-- {FILM}"))
    assert films == [] and found.unreadable == []


# Dumps with whole histories, and old ones


def history(*revisions: tuple[str, str]) -> str:
    """A page with revisions, each of a time and a text."""
    xml = ""
    for time, text in revisions:
        xml += f"<revision><timestamp>{time}</timestamp><text>{escape(text)}</text></revision>"
    return f"<page><title>X</title><ns>0</ns>{xml}</page>"


@RANDOM
@given(st.randoms())
def test_the_newest_revision_counts(chance):
    revisions = [(f"20{n:02}-01-01T00:00:00Z", f"{{{{Infobox film|name={n}}}}}") for n in range(5)]
    chance.shuffle(revisions)
    assert parse_film(history(*revisions).encode())[1] == {"name": "4"}


def test_of_revisions_without_a_time_the_last_counts():
    page = history(("", "{{Infobox film|name=old}}"), ("", "{{Infobox film|name=new}}"))
    page = page.replace("<timestamp></timestamp>", "")
    assert parse_film(page.encode())[1] == {"name": "new"}


def test_what_is_no_film_any_more_is_none():
    films, found = films_of(history(("2001", FILM), ("2002", "A book."), ("1999", FILM)))
    assert films == [] and found.unreadable == []


def test_a_template_of_an_old_dump_which_tells_no_namespaces_is_no_film():
    for title, is_film in (("Template:Infobox film/doc", False), ("Mission: X", True)):
        page = wiki_page(title, FILM).replace("<ns>0</ns>", "")
        assert (parse_film(page.encode()) is not None) == is_film
