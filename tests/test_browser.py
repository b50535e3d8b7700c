"""In a real browser, without a network: the site and its charts, JupyterLab and its forms.

Where there is no Chromium these tests are skipped, or fail if COOKBOOK_BROWSER is "required".
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from io import BytesIO, StringIO
from pathlib import Path
from urllib.parse import urlsplit

from helpers import ROOT
from helpers.run import NOTEBOOKS
from helpers.widgets import HEADLESS

import nbformat
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    expect,
    sync_playwright,
)
from toy_notebooks import wait_until

EXECUTABLE = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",  # a container has none for root
    "--disable-dev-shm-usage",  # it is small there
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
MINUTE = 60_000  # milliseconds, in which Playwright counts
PATIENCE = 5 * MINUTE  # for what a busy machine does at last; an idle one takes seconds
# A notebook, a field of its form, and what a reader types there, which the answer then names.
FORMS = [
    ("04_char_rnn", "prompt", "ROMEO: o night"),
    ("06_lastfm_recommender", "first", "Metallica"),
]

pytestmark = pytest.mark.skipif(
    not EXECUTABLE and os.environ.get("COOKBOOK_BROWSER") != "required",
    reason="needs Chromium: Debian's package chromium, or Google Chrome",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert EXECUTABLE, "COOKBOOK_BROWSER is required, but there is no chromium or google-chrome."
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        start = {"executable_path": EXECUTABLE, "args": OPTIONS, "timeout": PATIENCE}
        yield playwright.chromium.launch(**start)


@pytest.fixture
def window(browser) -> Iterator[BrowserContext]:
    """A window in which no script fails, and that asks no other machine for anything."""
    troubles = []

    def check(request: Request) -> None:
        if urlsplit(request.url).hostname not in (None, "", "127.0.0.1"):
            troubles.append(f"asked for {request.url}")

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error":
            troubles.append(f"{message.location['url']}: {message.text}")

    with browser.new_context(viewport={"width": 1400, "height": 1000}) as context:
        context.set_default_timeout(PATIENCE)
        context.on("request", check)
        context.on("console", hear)
        context.on("weberror", lambda failed: troubles.append(f"{failed.page.url}: {failed.error}"))
        yield context
    assert troubles == []


@pytest.fixture
def page(window) -> Page:
    return window.new_page()


# The site, opened from its files


def test_every_page_opens_and_its_charts_are_drawn(page, site):
    drawn = []
    for path in sorted(site.rglob("*.html")):
        page.goto(path.as_uri())
        charts = page.locator("script.chart").count()
        expect(page.locator("canvas")).to_have_count(charts)
        drawn += [path.stem] * charts
    assert {"01_bands2vec", "06_lastfm_recommender"} <= set(drawn)


def test_a_search_leads_to_a_page(page, site):
    page.goto((site / "index.html").as_uri())
    page.get_by_placeholder("Search").fill("gravity")
    page.keyboard.press("Enter")
    page.locator("#search-results a[href*='06_lastfm_recommender']").first.click()
    expect(page.locator("h1")).to_contain_text("Last.fm")


def test_the_site_turns_dark_and_light(page, site):
    page.goto((site / "index.html").as_uri())
    body = page.locator("body")
    switch = page.locator(".theme-toggle:visible")
    light = body.evaluate("body => getComputedStyle(body).backgroundColor")
    switch.click()
    expect(body).not_to_have_css("background-color", light)
    switch.click()
    expect(body).to_have_css("background-color", light)


# What a reader clicks to see one class alone: an entry of the legend, or a bar of the other half.
SWITCHES = {
    "01_bands2vec": ".role-legend-symbol path",
    "06_lastfm_recommender": ".mark-rect.role-mark path",
}
# Draws the last chart of a page once more, at the end of the page and as SVG: as large as on its
# canvas, whatever the fonts are, but each mark is an element that can be asked where it is.
DRAW_AS_SVG = """async () => {
    const charts = [...document.querySelectorAll("script.chart")];
    const copy = document.createElement("div");
    copy.id = "copy";
    document.body.append(copy);
    const spec = JSON.parse(charts.at(-1).textContent);
    await vegaEmbed(copy, spec, { actions: false, renderer: "svg" });
}"""


def area(mark: Locator, svg: Locator) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a mark, or a group of marks, in its chart: pixels."""
    box = mark.bounding_box()
    chart = svg.bounding_box()
    left = box["x"] - chart["x"]
    top = box["y"] - chart["y"]
    return left, top, left + box["width"], top + box["height"]


def middle(mark: Locator, svg: Locator) -> dict[str, float]:
    """Where to point at a mark of a chart."""
    left, top, right, bottom = area(mark, svg)
    return {"x": (left + right) / 2, "y": (top + bottom) / 2}


def painted(chart: Locator, part: tuple[float, float, float, float]) -> int:
    """How many pixels in a part of a chart are neither white nor pale."""
    with Image.open(BytesIO(chart.screenshot())) as picture:
        pixels = np.asarray(picture.convert("RGB").crop(part))
    return int((pixels.min(axis=2) < 200).sum())


@pytest.mark.parametrize("name", SWITCHES)
def test_a_map_names_a_point_and_a_click_shows_one_class_alone(page, site, name):
    page.goto((site / f"notebooks/{name}.html").as_uri())
    chart = page.locator("canvas").last
    page.evaluate(DRAW_AS_SVG)
    svg = page.locator("#copy svg")
    points = svg.locator(".mark-symbol.role-mark")
    before = painted(chart, area(points, svg))

    chart.hover(position=middle(points.locator("path").last, svg))  # no other lies over the last
    tooltip = page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_be_visible()
    keys = tooltip.locator("td.key").all_text_contents()
    values = tooltip.locator("td.value").all_text_contents()
    (csv,) = json.loads(page.locator("script.chart").last.text_content())["datasets"].values()
    rows = pd.read_csv(StringIO(csv), dtype=str, keep_default_na=False)[keys]
    assert (rows == values).all(axis=1).any()

    chart.click(position=middle(svg.locator(SWITCHES[name]).first, svg))
    wait_until(lambda: 0 < painted(chart, area(points, svg)) < 0.8 * before)


# JupyterLab


def copy_for_the_sample(name: str, folder: Path) -> None:
    """Copy a notebook without its outputs, and with the edition that a reader would type."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        cell.source = cell.source.replace('EDITION = "auto"', 'EDITION = "sample"')
        if cell.cell_type == "code":
            cell.outputs = []
            cell.execution_count = None
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory) -> Iterator[dict[str, str]]:
    """A running JupyterLab, without the user's settings: its url and its token."""
    folder = tmp_path_factory.mktemp("lab")
    for name, *_ in FORMS:
        copy_for_the_sample(name, folder)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    environment.pop(HEADLESS, None)
    for kind in ("JUPYTER_CONFIG", "JUPYTER_DATA", "JUPYTER_RUNTIME"):
        environment[f"{kind}_DIR"] = str(folder / kind)
    environment["IPYTHONDIR"] = str(folder / "ipython")
    environment["COOKBOOK_GENERATED"] = str(folder / "generated")
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--ip=127.0.0.1", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command += [f"--MappingKernelManager.kernel_info_timeout={PATIENCE / 1000}"]
    log = folder / "log"
    with log.open("w") as stream:
        to_log = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": subprocess.STDOUT}
        server = subprocess.Popen(command, env=environment, **to_log)
    try:
        runtime = folder / "JUPYTER_RUNTIME"
        wait_until(lambda: server.poll() is not None or address(runtime))
        assert server.poll() is None, log.read_text()
        yield address(runtime)
    finally:
        server.terminate()  # its kernels end with it
        server.wait(PATIENCE / 1000)


def address(runtime: Path) -> dict[str, str] | None:
    """What JupyterLab writes down when it has started: its url and its token."""
    for path in runtime.glob("jpserver-*.json"):
        try:
            return json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError:  # it is still being written
            return None
    return None


def run_all(window: BrowserContext, lab: dict[str, str], name: str) -> Page:
    """A notebook in a tab of its own, where a reader has just chosen Run All Cells."""
    tab = window.new_page()
    tab.goto(f"{lab['url']}lab/workspaces/{name}/tree/{name}.ipynb?token={lab['token']}")
    expect(tab.get_by_text("| Idle")).to_be_visible()
    tab.get_by_role("menuitem", name="Run", exact=True).click()
    tab.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    expect(prompts(tab).filter(has_text="*")).not_to_have_count(0)
    return tab


def prompts(tab: Page) -> Locator:
    """What stands before code cells: [ ] or, in the order of execution, [1]; [*] while waiting."""
    return tab.locator(".jp-CodeCell .jp-InputPrompt")


def test_notebooks_run_in_jupyterlab_and_their_forms_answer(window, lab):
    tabs = [run_all(window, lab, name) for name, *_ in FORMS]  # at the same time
    for tab, (_, field, typed) in zip(tabs, FORMS, strict=True):
        expect(prompts(tab).filter(has_text="*")).to_have_count(0, timeout=60 * MINUTE)
        numbers = prompts(tab).all_text_contents()
        assert numbers == [f"[{i + 1}]:" for i in range(len(numbers))]
        for kind in ("error", "stderr"):
            shown = tab.locator(f"[data-mime-type='application/vnd.jupyter.{kind}']")
            assert shown.all_text_contents() == []

        control = tab.get_by_label(field, exact=True)
        answer = tab.locator(".widget-vbox", has=control).locator(".jp-OutputArea")
        expect(answer).not_to_contain_text(typed)
        control.fill(typed)
        control.press("Enter")
        expect(answer).to_contain_text(typed)
