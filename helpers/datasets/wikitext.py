"""The film that a page of Wikipedia describes: what its infobox holds, where it links to, and its
Rotten Tomatoes rating. What counts is what MediaWiki, Wikipedia's software, makes of the markup."""

import html
import re
import unicodedata
from urllib.parse import unquote

import mwparserfromhell
from lxml import etree
from mwparserfromhell.nodes import Template
from mwparserfromhell.wikicode import Wikicode

# The template of a film, under its name and the names that redirect to it, in lower case.
FILM_BOXES = {"infobox film", "infobox movie", "infobox short film", "film infobox"}
FILM_BOXES |= {"infobox hollywood cartoon", "infobox japanese film", "infobox tamil film"}
COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
BLANK = rb"(?:[\s_]|&lt;!--(?>.{0,999}?--&gt;))"  # or a comment, in XML
BOX = rb"""
    \{\{ (?=[\s_&tif])  # most templates begin otherwise, and go by fast
    BLANK*+ (?:template [\s_]* : [\s_]*)?
    (infobox BLANK++ [^|{}&\n]{0,50}? (?:film|movie|cartoon) [^|{}&\n]{0,50} | film BLANK++ infobox)
    \s* (?:\| | \}\} | &lt;!--)
"""  # a template with such a name, or a like one
BOX = re.compile(BOX.replace(b"BLANK", BLANK), re.IGNORECASE | re.DOTALL | re.VERBOSE)
# Numbers for the halves of characters, in XML (&#55357;) or in the markup (&amp;#xD83D;).
HALVES = re.compile(rb"(?:&(?:amp;)?#(?:0*5[5-7][0-9]{3}|x0*d[89a-f][0-9a-f]{2});)+", re.IGNORECASE)

# What stands before the colon of a link that leads to no article: a kind of page (of Wikipedia in
# English), another project, or another language.
NAMESPACES = set("category file image media special talk user wikipedia wp wt project".split())
NAMESPACES |= set("mediawiki template tm help portal draft mos timedtext module book".split())
PROJECTS = (
    "b c commons d m meta mw n q s species v voy w wikt wikibooks wikidata wikinews wikiquote "
    "wikisource wikispecies wikiversity wikivoyage wiktionary"
)
LANGUAGES = (
    "af als an ar arz ast az azb be be-tarask be-x-old bg bn br bs ca ceb ckb cs cy da de el en "
    "eo es et eu fa fi fr fy ga gl he hi hr ht hu hy id io is it ja jv ka kk kn ko ku ky la lb lmo "
    "lt lv mg mk ml mn mr ms my nap nds ne new nl nn no oc pa pl pms pnb pt ro ru scn sco sh si "
    "simple sk sl sq sr su sv sw ta te tg th tl tr tt uk ur uz vec vi vo wa war yi zh zh-min-nan "
    "zh-yue"
)
INTERWIKI = set(f"{PROJECTS} {LANGUAGES}".split())
NOT_IN_TITLES = re.compile(r"[<>\[\]{}|]")
DIRECTIONS = re.compile("[\u200e\u200f\u202a-\u202e]")  # marks of direction, which nobody sees

# What begins a template for a rating, perhaps; the templates; and what states one in a sentence.
RATING = re.compile(r"\{\{\s*(?:template:\s*)?(?:rotten|rt)[\s_|]", re.IGNORECASE)
RATING_TEMPLATES = {"rotten tomatoes prose", "rt prose", "rt"}
PERCENTAGE = re.compile(r"(?<![\d.,:=–-])(100|[0-9][0-9]?)(?:\s?%|\sper\s?cent\b)")
SCORE = re.compile(r"(?<![\d.,])(?:10|[0-9](?:\.[0-9]+)?)/10\b")
SITE = re.compile("rotten ?tomatoes", re.IGNORECASE)
REFERENCE = re.compile(r"(?is)<ref\b[^<>]*?(?:/>|>(?:(?!<ref\b).)*?</ref\s*>)")
QUOTE = re.compile(r'"[^"]*?([.!?]?)"|“[^“”]*?([.!?]?)”')
SENTENCE_END = re.compile(r"(?<=[^A-Z][.!?])\s+")
LINK_TO_NAME = re.compile(r"\[\[(?:[^\[\]|]*\|)?([A-Z][^\[\]|]*)\]\]")
NAME = re.compile("''+(.+?)''+")
NO_FILM = re.compile("rotten ?tomatoes|tomatometer|review|critic", re.IGNORECASE)  # among names
OTHERS = (  # what percentages beside the site's are of: other raters, money, other films
    r"\b(?:metacritic|imdb|cinemascore|posttrak|letterboxd|audience|viewers|users?\b|top critics|"
    r"box.office|gross|budget|revenue|weekend|drop|fell|decline|sequel|prequel|predecessor|"
    r"successor|remake|reboot|original|previous|other\b|series|franchise|trilogy|season)"
)
ABOUT_OTHERS = re.compile(OTHERS, re.IGNORECASE)
ASIDE = re.compile(
    rf"(?:;|,? (?:and|but|while|whereas|although|compared)\b)[^,;]{{0,99}}?{OTHERS}.*",
    re.IGNORECASE,
)


def parse_film(page: bytes) -> list | None:
    """The film that the XML of a page describes: its title, a dict of the properties in its
    infobox, a list of the titles that it links to, and its Rotten Tomatoes percentage ("95%") and
    score ("8.2/10"), each None if unknown.

    Of a page with its whole history, the newest revision counts. None for a redirect, and for what
    isn't an article on a film. Raises `ValueError`, or what the parsers do, if the page can't be
    read.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    root = etree.fromstring(HALVES.sub(_joined, page), parser)
    title = root.findtext("title")
    if not title:
        raise ValueError("a page without a title")
    if root.find("redirect") is not None or not _is_article(root.findtext("ns"), title):
        return None
    text = COMMENT.sub("", _newest_text(root))
    # Pairs of '' across the end of a parameter would hide where it ends, so they stay text.
    article = mwparserfromhell.parse(text, skip_style_tags=True)
    box = _first_template(article, FILM_BOXES)
    if box is None:
        if FILM_BOXES.isdisjoint(box_names(text.encode())):
            return None
        raise ValueError(f"{title}: its infobox is never closed")
    values = {plain(param.name): plain(param.value) for param in box.params}
    properties = {name: value for name, value in values.items() if value}
    targets = [link_target(str(link.title)) for link in article.ifilter_wikilinks()]
    links = [target for target in targets if target]
    return [title, properties, links, *find_rating(text, title)]


def _joined(numbers: re.Match) -> bytes:
    """The characters that numbers of their halves stand for; a half alone becomes "\ufffd"."""
    halves = ""
    for hexadecimal, digits in re.findall(rb"#(x?)(\w+);", numbers[0].lower()):
        halves += chr(int(digits, 16 if hexadecimal else 10))
    return halves.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _is_article(namespace: str | None, title: str) -> bool:
    if namespace is None:  # as in old dumps
        return link_target(title) is not None
    return namespace == "0"


def _newest_text(page: etree._Element) -> str:
    """The wikitext of the newest revision."""
    revisions = sorted(
        page.iterfind("revision"), key=lambda revision: revision.findtext("timestamp", "")
    )
    return (revisions[-1].findtext("text") if revisions else None) or ""


def link_target(link: str) -> str | None:
    """The title of the article or category that a link leads to, by MediaWiki's rules for titles:
    "[[_science  fiction film#History]]" leads to "Science fiction film".

    None for a section of the same page, a file, a page about Wikipedia, another language or project
    and what is no title. Their prefixes have no blank behind the colon, as films may have: "[[it:
    Chapter Two]]".
    """
    link = re.sub(r"&#?\w+;", lambda entity: html.unescape(entity[0]), unquote(link))
    link = DIRECTIONS.sub("", unicodedata.normalize("NFC", link)).partition("#")[0]
    link = " ".join(link.replace("_", " ").split())
    title = link.lstrip(": ")
    prefix, colon, name = title.partition(":")
    prefix = prefix.strip().lower()
    if not title or NOT_IN_TITLES.search(title):
        return None
    if prefix == "category" and name and title == link:  # with a colon before it, it's no member
        return f"Category:{_capital(name.strip())}"
    is_namespace = prefix.removesuffix(" talk") in NAMESPACES
    is_elsewhere = prefix in INTERWIKI and not name.startswith(" ")
    if colon and (is_namespace or is_elsewhere):
        return None
    return _capital(title)


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def find_rating(text: str, title: str = "") -> tuple[str | None, str | None]:
    """Rotten Tomatoes percentage and score that the article `title` states: ("95%", "8.2/10").

    It is looked for in the template for it, then in sentences that name the site and hold one
    percentage only, which isn't another film's, another site's or one of money.
    """
    return _rating_of_template(text) or _rating_in_prose(text, title) or (None, None)


def _rating_of_template(text: str) -> tuple[str, str | None] | None:
    begin = RATING.search(text)
    if begin is None:
        return None
    rest = mwparserfromhell.parse(text[begin.start() :], skip_style_tags=True)
    template = _first_template(rest, RATING_TEMPLATES)
    if template is None:
        return None
    percentage = re.fullmatch(r"(100|[0-9]{1,2}) ?%?", _parameter(template, "score", "1"))
    average = _parameter(template, "average", "2")
    score = re.fullmatch(r"(10|[0-9](?:\.[0-9]+)?)(?: ?/ ?10)?", average)
    if percentage is None:
        return None
    return f"{percentage[1]}%", f"{score[1]}/10" if score else None


def _rating_in_prose(text: str, title: str) -> tuple[str, str | None] | None:
    for line in REFERENCE.sub(" ", text).splitlines():
        if not SITE.search(line) or line.startswith(("|", "!", "{|")):  # those are of tables
            continue
        for sentence in _sentences(line):
            percentages = set(PERCENTAGE.findall(sentence))
            if len(percentages) == 1 and _is_on_site(sentence, title):
                score = SCORE.search(sentence)
                return f"{percentages.pop()}%", score[0] if score else None
    return None


def _sentences(line: str) -> list[str]:
    """The sentences of a line of wikitext, without quotations and what they say of other things at
    their ends. Names that are links stand between '' and '', as those of films do."""
    named = LINK_TO_NAME.sub(r"''\1''", line)
    prose = mwparserfromhell.parse(named, skip_style_tags=True).strip_code()
    sentences = SENTENCE_END.split(QUOTE.sub(r"\1\2", prose))
    return [ASIDE.sub("", sentence) for sentence in sentences]


def _is_on_site(sentence: str, title: str) -> bool:
    """Whether a sentence speaks of the site and this film alone."""
    own = re.sub(r" \(.*\)$", "", title).casefold()
    names = {own, *re.split(": | – ", own)}  # "The Two Towers" is part of a longer title
    for name in NAME.findall(sentence):
        if name.casefold() not in names and not NO_FILM.search(name):
            return False
    return SITE.search(sentence) is not None and not ABOUT_OTHERS.search(NAME.sub("", sentence))


def plain(code: Wikicode) -> str:
    """The text of wikicode without its markup."""
    if "''" in str(code):
        code = mwparserfromhell.parse(str(code))
    return re.sub("'{2,}", "", code.strip_code()).strip()  # '' is left where it is never closed


def _first_template(article: Wikicode, names: set[str]) -> Template | None:
    for template in article.ifilter_templates():
        if _template_name(str(template.name)) in names:
            return template
    return None


def _template_name(name: str) -> str:
    """In lower case, with single blanks, without comments and "Template:"."""
    words = COMMENT.sub(" ", name).replace("_", " ").lower().split()
    return " ".join(words).removeprefix("template:").strip()


def _parameter(template: Template, *names: str) -> str:
    """The first parameter of these `names` that a template has, else ""."""
    for name in names:
        if template.has(name):
            return plain(template.get(name).value)
    return ""


def box_names(page: bytes) -> set[str]:
    """Names of the infoboxes for films, and of like ones, on a page."""
    names = [html.unescape(name.decode("utf-8", "replace")) for name in BOX.findall(page)]
    return set(map(_template_name, names))
