"""What tests of several files need."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from helpers import ROOT
from helpers.run import NOTEBOOKS

import pytest
from toy_processes import NO_INTERFACES, allowed, without_network
from toy_series import Series, with_solutions


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that look at the series of notebooks come last: it runs beside all others."""
    items.sort(key=lambda item: "sample_series" in item.fixturenames)


@pytest.fixture(scope="session", autouse=True)
def started_series(request, tmp_path_factory) -> Iterator[Series | None]:
    """The notebooks that tests ask for, with the solutions of their exercises, in the background.

    They run on the sample, without a network, and give way to the tests that run meanwhile.
    """
    asking = [item for item in request.session.items if "sample_series" in item.fixturenames]
    if not asking:
        yield None
        return
    folder = tmp_path_factory.mktemp("series")
    (folder / "notebooks").mkdir()
    paths = [item.callspec.params["path"] for item in asking if hasattr(item, "callspec")]
    for path in paths or [min(NOTEBOOKS.glob("*.ipynb"))]:
        with_solutions(path, folder / "notebooks")
    wrapper, variables = without_network(folder, allowed(NO_INTERFACES))
    nice = ["nice"] if os.name == "posix" else []
    options = ["--notebooks", folder / "notebooks", "--timeout", "3600"]
    with Series(folder, options, [*nice, *wrapper], variables) as series:
        yield series


@pytest.fixture(scope="session")
def sample_series(started_series) -> Series:
    return started_series


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the site, built anew; a warning is an error. Takes half a minute."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    command += ["-d", folder / "doctrees", ROOT / "book", folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"
