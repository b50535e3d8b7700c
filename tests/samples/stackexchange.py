"""Dumps of three sites of Stack Exchange: 240 made-up questions each, with one to three answers.

A question is about a thing and a problem with it. Some titles and answers name both by synonyms:
who looks for the same words alone doesn't find those.
"""

from collections.abc import Iterable
from xml.sax.saxutils import quoteattr

from samples import SEED
from samples.packing import seven_zipped

import numpy as np
import pandas as pd

THINGS = {  # site: what its questions are about, each with a synonym
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
FIRST_DATE = np.datetime64("2015-01-27T20:09:32.720")  # and then a post each hour


# What is planted


def planted_questions(site: str) -> pd.DataFrame:
    """The truth behind the sample of a site, one row a question, in its order.

    Columns: `thing` and `problem`, which the body names and no other question has both;
    `other_thing` and `other_problem`, their synonyms, which some answers use; `remedy`, which all
    answers name, one for each problem; `title`; `paraphrased`: half of the titles are, which means
    they name thing and problem by their synonyms and share no telling word with the body.
    """
    rows = []
    for i, names in enumerate(THINGS[site].split()):
        thing, other_thing = names.split("/")
        for j, words in enumerate(PROBLEMS.split()):
            problem, other_problem, remedy = words.split("/")
            row = {
                "thing": thing,
                "other_thing": other_thing,
                "problem": problem,
                "other_problem": other_problem,
                "remedy": remedy,
                "paraphrased": (i + j) % 2 == 1,
            }
            template = TITLES[(i + j // 2) % len(TITLES)]
            row["title"] = template.format(**_words(row, synonyms=row["paraphrased"]))
            rows.append(row)
    return pd.DataFrame(rows).sample(frac=1, random_state=SEED, ignore_index=True)


def _words(planted: dict[str, object], synonyms: bool) -> dict[str, object]:
    """What to put into a template of a title, a question or an answer."""
    prefix = "other_" if synonyms else ""
    return {
        "thing": planted[f"{prefix}thing"],
        "problem": planted[f"{prefix}problem"],
        "remedy": planted["remedy"],
    }


# The posts


def posts(site: str) -> list[dict[str, object]]:
    """The attributes of each post, a date and a score among them."""
    rng = np.random.default_rng(SEED)
    bare = _bare_posts(site, rng)
    dates = FIRST_DATE + np.arange(len(bare)).astype("timedelta64[h]")
    rows = []
    for number, (date, post) in enumerate(zip(dates, bare, strict=True), start=1):
        row = {"Id": number, "CreationDate": date, "Score": rng.integers(-2, 20)}
        rows.append(row | post)
    return rows


def _bare_posts(site: str, rng: np.random.Generator) -> list[dict[str, object]]:
    """The planted questions, each before its answers, and here and there a post of another kind.

    Tags are written as in newer dumps on the site cooking, as in older ones elsewhere.
    """
    tags = "|{thing}|{problem}|" if site == "cooking" else "<{thing}><{problem}>"
    bare: list[dict[str, object]] = []
    for planted in planted_questions(site).to_dict("records"):
        asked = len(bare) + 1  # the question's id
        answers = rng.integers(1, 4)
        question = _question(planted, rng)
        question["Tags"] = tags.format(**planted)
        if asked % 3 != 0:
            question["AcceptedAnswerId"] = asked + rng.integers(1, answers + 1)
        bare.append(question)
        for _ in range(answers):
            bare.append(_answer(planted, asked, rng))
        if asked % 10 == 0:
            bare.append({"PostTypeId": 5, "Body": ""})
    return bare


def _question(planted: dict[str, object], rng: np.random.Generator) -> dict[str, object]:
    words = _words(planted, synonyms=False)
    words["day"] = rng.choice(DAYS)
    body = rng.choice(QUESTIONS).format(**words)
    views = rng.integers(20, 5000)
    return {"PostTypeId": 1, "ViewCount": views, "Body": body, "Title": planted["title"]}


def _answer(
    planted: dict[str, object], question: int, rng: np.random.Generator
) -> dict[str, object]:
    template = rng.choice(ANSWERS)
    body = template.format(**_words(planted, synonyms=rng.random() < 0.5))
    return {"PostTypeId": 2, "ParentId": question, "Body": body}


# The files


def posts_xml(rows: Iterable[dict[str, object]]) -> str:
    """The file Posts.xml in a dump of Stack Exchange, with these attributes of its rows."""
    lines = ['\ufeff<?xml version="1.0" encoding="utf-8"?>', "<posts>"]
    for row in rows:
        attributes = ""
        for name, value in row.items():
            quoted = quoteattr(str(value), {'"': "&quot;"})
            attributes += f"{name}={quoted} "
        lines.append(f"  <row {attributes}/>")
    lines.append("</posts>")
    return "\r\n".join(lines)


def files() -> dict[str, bytes]:
    """The dump of each site by its path; Posts.xml is one of several members."""
    made = {}
    for site in THINGS:
        members = {
            "Badges.xml": "<badges/>",
            "Posts.xml": posts_xml(posts(site)),
            "Users.xml": "<users/>",
        }
        made[f"{site}.stackexchange.com.7z"] = seven_zipped(members)
    return made
