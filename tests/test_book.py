"""The site: complete, without warnings, and nothing on it comes from elsewhere."""

import json
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import chapters
from helpers.plots import CHART_MIME
from helpers.run import NOTEBOOKS

import nbformat
import numpy as np
import pytest
from lxml import html
from PIL import Image

PATHS = sorted(NOTEBOOKS.glob("*.ipynb"))
# What a browser loads by itself, as opposed to links that a reader follows.
LOADED = (
    "//script/@src | //link/@href | //img/@src | //iframe/@src | //source/@src | //object/@data"
)
LOADED_BY_STYLE = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")

every_chapter = pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)


@pytest.fixture(scope="session")
def pages(site):
    """All pages, parsed, by path."""
    return {path: html.parse(str(path)).getroot() for path in sorted(site.rglob("*.html"))}


@pytest.fixture
def page(path, site, pages):
    """The page of a chapter."""
    return pages[site / f"notebooks/{path.stem}.html"]


def outputs(path: Path, kind: str) -> list:
    cells = nbformat.read(path, as_version=4).cells
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    return [part[kind] for part in data if kind in part]


# The whole site


def test_a_browser_loads_nothing_from_elsewhere(site, pages):
    loaded = {url for page in pages.values() for url in page.xpath(LOADED)}
    styles = [text for page in pages.values() for text in page.xpath("//style/text() | //@style")]
    styles += [path.read_text(encoding="utf-8") for path in site.rglob("*.css")]
    loaded |= {"".join(found) for text in styles for found in LOADED_BY_STYLE.findall(text)}
    assert any("vega.js" in url for url in loaded) and any(".css" in url for url in loaded)
    outside = [
        url for url in loaded if urlsplit(url).netloc or urlsplit(url).scheme not in ("", "data")
    ]
    assert outside == []


def test_links_lead_somewhere(pages):
    anchors = {path: set(page.xpath("//@id")) for path, page in pages.items()}
    broken = []
    for path, page in pages.items():
        for url in page.xpath(f"{LOADED} | //a/@href"):
            parts = urlsplit(url)
            if parts.scheme:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not target.is_file() or (anchor and anchor not in anchors[target]):
                broken.append((path.name, url))
    assert broken == []


# The front page


def test_the_front_page_shows_all_chapters_each_with_a_picture(site, pages):
    front = pages[site / "index.html"]
    rows = front.xpath("//section[@id='chapters']//tbody/tr")
    assert [row.xpath(".//a/@href")[0] for row in rows] == [
        f"notebooks/{path.stem}.html" for path in PATHS
    ]
    for row in rows:
        (picture,) = row.xpath(".//a//img")
        assert len(picture.get("alt")) > 20
        with Image.open(site / picture.get("src")) as image:
            assert image.size == chapters.PICTURE_SIZE
            assert len(image.getcolors(1_000_000)) > 20, "an empty picture"


# A chapter


@every_chapter
def test_a_chapter_has_its_figures_and_charts(path, page):
    shown = page.xpath("//div[contains(@class, 'cell_output')]//img")
    assert len(shown) == len(outputs(path, "image/png")) > 0
    assert all(image.get("alt").startswith("Figure: ") for image in shown)
    charts = [json.loads(text) for text in page.xpath("//script[@class='chart']/text()")]
    assert charts == outputs(path, CHART_MIME)
    scripts = {urlsplit(url).path for url in page.xpath("//script/@src")}
    needed = {"../_static/vega.js", "../_static/charts.js"}
    assert scripts & needed == (needed if charts else set())
    # charts.js puts the chart in the place of the element before
    before = page.xpath("//script[@class='chart']/../preceding-sibling::*[1]")
    assert all(element.tag == "img" or element.xpath(".//img") for element in before)


@every_chapter
def test_a_chapter_has_its_text(path, page):
    cells = nbformat.read(path, as_version=4).cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    prose = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert len(page.xpath("//div[contains(@class, 'cell_input')]")) == len(code)
    formulas = re.findall(r"\$+[^$]+\$+", re.sub(r"```.*?```|`[^`]*`", "", prose, flags=re.DOTALL))
    assert len(page.xpath("//article//math")) == len(formulas)
    assert len(page.xpath("//details")) == prose.count("<details>")
    assert "```" not in page.text_content()


@every_chapter
def test_a_chapter_is_found(path, site):
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(index.removeprefix("Search.setIndex(").removesuffix(")"))
    number = index["docnames"].index(f"notebooks/{path.stem}")
    for part, least in (("terms", 300), ("titleterms", 10)):
        found = [term for term, pages in index[part].items() if number in np.atleast_1d(pages)]
        assert len(found) >= least
    title = index["titles"][number].lower()
    assert any(term in title for term in found if len(term) > 3)


# Links of the repository, and to elsewhere


@pytest.mark.parametrize(
    ("folder", "link", "mended"),
    [
        (
            "notebooks",
            "[a](02_word_similarity.ipynb#x)",
            "[a](/notebooks/02_word_similarity.ipynb#x)",
        ),
        ("book", "[a](../notebooks/01_bands2vec.ipynb)", "[a](/notebooks/01_bands2vec.ipynb)"),
        ("notebooks", "[a](../data/README.md)", "[a](/data.md)"),
        (".", "[a](CONTRIBUTING.md)", "[a](/contributing.md)"),
        ("book", "[a](run.md)", "[a](/run.md)"),
        (".", "[a](LICENSE)", "[a](/../LICENSE)"),
        (".", "[a](zoo)", "a"),
        (
            ".",
            "[a](#x) [b](https://example.org) c[d](e)",
            "[a](#x) [b](https://example.org) c[d](e)",
        ),
    ],
)
def test_links_between_files_become_links_between_pages(folder, link, mended):
    assert chapters.mend_links(link, folder, None) == mended


def test_a_file_without_a_page_is_shown_where_the_repository_is():
    mended = chapters.mend_links("[a](../zoo)", "book", "me/book")
    assert mended == "[a](https://github.com/me/book/blob/main/zoo)"


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("https://github.com/me/book.git", "me/book"),
        ("git@github.com:me/book", "me/book"),
        ("https://example.org/me/book", None),
        ("", None),
    ],
)
def test_the_repository_is_where_a_clone_is_from(address, name):
    assert chapters.on_github(address) == name


def test_notebooks_open_elsewhere_if_the_repository_is_known():
    line = chapters.open_in("notebooks/01_bands2vec", "me/book")
    assert line.count("me/book") == 3
    assert "http" not in chapters.open_in("notebooks/01_bands2vec", None)
