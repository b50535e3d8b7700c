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
from scipy.ndimage import binary_erosion
from toy_notebooks import wait_until

EXECUTABLE = shutil.which("chromium") or shutil.which("google-chrome")
OPTIONS = [
    "--no-sandbox",  # a container has none for root
    "--disable-dev-shm-usage",  # it is small there
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
MINUTE = 60_000  # milliseconds, in which Playwright counts
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
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=EXECUTABLE, args=OPTIONS)


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
        expect(page.locator("canvas")).to_have_count(charts, timeout=MINUTE)
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
    body, switch = page.locator("body"), page.locator(".theme-toggle:visible")
    light = body.evaluate("body => getComputedStyle(body).backgroundColor")
    switch.click()
    expect(body).not_to_have_css("background-color", light)
    switch.click()
    expect(body).to_have_css("background-color", light)


def painted(chart: Locator) -> np.ndarray:
    """Which pixels (height, width) of a chart are neither white nor pale."""
    with Image.open(BytesIO(chart.screenshot())) as picture:
        return np.asarray(picture.convert("RGB")).min(axis=2) < 200


def spot(part: np.ndarray, left: int = 0) -> dict[str, int]:
    """Inside the topmost dot or bar of a part of a chart that begins at x = `left`; no letter."""
    y, x = np.argwhere(binary_erosion(part, iterations=2))[0]
    return {"x": int(x) + left, "y": int(y)}


# In 06 a bar of the other half does what an entry of the legend does in 01.
@pytest.mark.parametrize(("name", "width"), [("01_bands2vec", 600), ("06_lastfm_recommender", 440)])
def test_a_map_names_a_point_and_a_click_shows_one_class_alone(page, site, name, width):
    page.goto((site / f"notebooks/{name}.html").as_uri())
    chart = page.locator("canvas").last
    picture = painted(chart)
    points, classes = picture[:, :width], picture[:, width:]

    chart.hover(position=spot(points))
    tooltip = page.locator("#vg-tooltip-element.visible")
    expect(tooltip).to_be_visible()
    keys, values = (tooltip.locator(f"td.{part}").all_text_contents() for part in ("key", "value"))
    (csv,) = json.loads(page.locator("script.chart").last.text_content())["datasets"].values()
    rows = pd.read_csv(StringIO(csv), dtype=str, keep_default_na=False)[keys]
    assert (rows == values).all(axis=1).any()

    chart.click(position=spot(classes, left=width))
    wait_until(lambda: 0 < painted(chart)[:, :width].sum() < 0.8 * points.sum(), patience=10)


# JupyterLab


def copy_for_the_sample(name: str, folder: Path) -> None:
    """Copy a notebook without its outputs, and with the edition that a reader would type."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    del notebook.metadata["widgets"]
    for cell in notebook.cells:
        cell.source = cell.source.replace('EDITION = "auto"', 'EDITION = "sample"')
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(notebook, folder / f"{name}.ipynb")


@pytest.fixture(scope="module")
def lab(browser, tmp_path_factory) -> Iterator[dict[str, str]]:
    """A running JupyterLab, without the user's settings: its url and its token."""
    folder = tmp_path_factory.mktemp("lab")
    for name, *_ in FORMS:
        copy_for_the_sample(name, folder)
    places = {f"JUPYTER_{kind}_DIR": folder / kind for kind in ("CONFIG", "DATA", "RUNTIME")}
    places |= {"IPYTHONDIR": folder / "ipython", "COOKBOOK_GENERATED": folder / "generated"}
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | {k: str(v) for k, v in places.items()}
    environment.pop(HEADLESS, None)
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--port=0"]
    command += ["--ip=127.0.0.1", f"--ServerApp.root_dir={folder}"]
    command += ["--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    log = folder / "log"
    with log.open("w") as stream:
        to_log = {"stdin": subprocess.DEVNULL, "stdout": stream, "stderr": subprocess.STDOUT}
        server = subprocess.Popen(command, env=environment, **to_log)
    try:
        ready = "RUNTIME/jpserver-*.json"
        wait_until(lambda: server.poll() is not None or any(folder.glob(ready)), patience=60)
        assert server.poll() is None, log.read_text()
        yield json.loads(next(folder.glob(ready)).read_text())
    finally:
        server.terminate()  # its kernels end with it
        server.wait(60)


def run_all(window: BrowserContext, lab: dict[str, str], name: str) -> Page:
    """A notebook in a tab of its own, where a reader has just chosen Run All Cells."""
    tab = window.new_page()
    tab.goto(f"{lab['url']}lab/workspaces/{name}/tree/{name}.ipynb?token={lab['token']}")
    expect(tab.get_by_text("| Idle")).to_be_visible(timeout=MINUTE)
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
        expect(prompts(tab).filter(has_text="*")).to_have_count(0, timeout=15 * MINUTE)
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
        expect(answer).to_contain_text(typed, timeout=MINUTE)
