"""What the site says about cost on more data follows from what was measured."""

import json

import growth
from helpers import ROOT, CookbookError

import numpy as np
import pytest
from PIL import Image

TIMES = np.array([1, 2, 4, 8])
CHAPTERS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))


def work(chapter: str, exponent: float = 1, why: str = "") -> dict:
    """Made up: 3 s and 50 MB on a thousand rows, of which no more than 4,000 are real."""
    runs = [
        {
            "times": int(times),
            "rows": int(1000 * times),
            "real": int(min(1000 * times, 4000)),
            "seconds": 3.0 * times**exponent,
            "megabytes": 50.0 * times,
        }
        for times in TIMES
    ]
    return {"chapter": chapter, "work": "a pass", "grows": "films", "why": why, "runs": runs}


@pytest.fixture
def measured(tmp_path, monkeypatch):
    """Results of all chapters, the last of which squares the time; a way to change them."""
    path = tmp_path / "growth.json"
    monkeypatch.setattr(growth, "PATH", path)
    works = {name: work(name) for name in CHAPTERS[:-1]}
    works["pairs"] = work(CHAPTERS[-1], 2, "all are compared with all")
    machine = {"cores": 2, "processor": "made up"}

    def write(**changes) -> None:
        path.write_text(json.dumps({"machine": machine, "works": works | changes}))

    write()
    return write


def test_an_exponent_is_one_in_proportion_and_two_for_squares():
    for exponent in (0, 0.5, 1, 2):
        found = growth.power_law(TIMES, 3.0 * TIMES**exponent)
        assert found.exponent == pytest.approx(exponent, abs=1e-9)
        assert found.r2 == pytest.approx(1)


def test_r2_tells_a_line_from_a_scatter():
    rough = growth.power_law(TIMES, np.array([1, 8, 2, 16]))
    assert rough == pytest.approx((1, 0.5))


@pytest.mark.parametrize(("sizes", "values"), [([1], [1]), ([2, 2], [1, 2]), ([1, 2], [0, 1])])
def test_an_exponent_needs_two_sizes_and_some_cost(sizes, values):
    with pytest.raises(CookbookError, match="two sizes or more, and values above zero"):
        growth.power_law(np.array(sizes), np.array(values))


def test_the_table_holds_every_chapter_with_its_exponents(measured):
    lines = growth.growth_table().splitlines()
    rows = [line for line in lines if line.startswith("| [")]
    assert [row.split("]")[0][3:] for row in rows] == [name[:2] for name in CHAPTERS]
    assert "3 / 6 / 12 / 24 | 1.00 (R² 1.000) | 50 / 100 / 200 / 400 | 1.00" in rows[0]
    assert "1,000 films | 4,000" in rows[0]
    assert "3 / 12 / 48 / 192 | 2.00" in rows[-1]
    assert [line for line in lines if line.startswith("- ")] == [
        f"- {growth.link(CHAPTERS[-1])}, a pass: all are compared with all."
    ]


def test_a_missing_measurement_is_named(measured):
    growth.PATH.unlink()
    with pytest.raises(CookbookError, match="growth.json is missing: run `make bench`"):
        growth.growth_table()


def test_marks_show_a_stale_page(measured):
    page = growth.with_growth(f"Before.\n\n{growth.START}\nold\n{growth.END}\n\nAfter.\n")
    assert growth.with_growth(page) == page and "old" not in page
    assert page.startswith("Before.") and page.endswith("After.\n")
    measured(pairs=work(CHAPTERS[-1], 1.5))
    assert growth.with_growth(page) != page
    with pytest.raises(CookbookError, match="dependable.md needs the lines"):
        growth.with_growth("no marks")


def test_the_figure_names_every_chapter_and_what_it_was_drawn_from(measured, tmp_path):
    growth.growth_figure(tmp_path / "growth.svg")
    svg = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {name[:2]}: a pass -->" in svg for name in CHAPTERS)
    assert "<!-- seconds 2.00 -->" in svg and growth.digest() in svg
    measured(pairs=work(CHAPTERS[-1], 1.5))
    assert growth.digest() not in svg

    growth.growth_figure(tmp_path / "growth.png")
    with Image.open(tmp_path / "growth.png") as image:
        assert image.width > 500 and len(image.convert("RGB").getcolors(1_000_000)) > 20


def test_the_page_and_its_figure_hold_the_newest_figures():
    page = growth.PAGE.read_text(encoding="utf-8")
    assert growth.with_growth(page) == page, "stale: run `make scoreboard`"
    assert growth.digest() in growth.FIGURE.read_text(encoding="utf-8"), "run `make scoreboard`"
    assert {work["chapter"] for work in growth.results(growth.PATH)["works"].values()} == {
        *CHAPTERS
    }
