"""What the site says about cost on more data follows from what was measured."""

import json

import growth
from helpers import ROOT, CookbookError

import numpy as np
import pytest
from PIL import Image

TIMES = np.array([1, 2, 4, 8])
NOTEBOOKS = sorted(path.stem for path in (ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = [name for name in NOTEBOOKS if name != "00_getting_unstuck"]  # it has no data to grow


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
    """Results of all chapters, the last of which squares the time: their file."""
    path = tmp_path / "growth.json"
    monkeypatch.setattr(growth, "MEASURED", path)
    works = {name: work(name) for name in CHAPTERS[:-1]}
    works["pairs"] = work(CHAPTERS[-1], 2, "all are compared with all")
    machine = {"cores": 2, "processor": "made up"}
    path.write_text(json.dumps({"machine": machine, "works": works}))
    return path


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_an_exponent_is_one_in_proportion_and_two_for_squares(power):
    assert growth.exponent(work("any", power), "seconds") == pytest.approx((power, 1))


def test_r2_tells_a_line_from_a_scatter():
    rough = work("any")
    for run, seconds in zip(rough["runs"], [1, 8, 2, 16], strict=True):
        run["seconds"] = seconds
    assert growth.exponent(rough, "seconds") == pytest.approx((1, 0.5))


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
    measured.unlink()
    with pytest.raises(CookbookError, match="growth.json is missing: run `make bench`"):
        growth.growth_table()


def test_the_figure_has_a_panel_for_every_row_of_the_table(measured, tmp_path):
    growth.draw_growth(tmp_path / "growth.svg")
    svg = (tmp_path / "growth.svg").read_text(encoding="utf-8")
    assert all(f"<!-- {name[:2]}: a pass -->" in svg for name in CHAPTERS)
    assert "<!-- seconds 2.00 -->" in svg

    growth.draw_growth(tmp_path / "growth.png")
    with Image.open(tmp_path / "growth.png") as image:
        assert image.width > 500
        assert len(image.convert("RGB").getcolors(1_000_000)) > 20, "an empty picture"


def test_the_page_holds_the_newest_figures():
    page = growth.PAGE.read_text(encoding="utf-8")
    assert growth.with_growth(page) == page, "stale: run `make scoreboard`"
    works = growth.results(growth.MEASURED)["works"].values()
    assert {work["chapter"] for work in works} == {*CHAPTERS}
