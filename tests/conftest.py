"""What tests of several files need."""

import subprocess
import sys
from pathlib import Path

from helpers import ROOT

import pytest


@pytest.fixture(scope="session")
def site(tmp_path_factory) -> Path:
    """The folder of the site, built anew; a warning is an error. Takes half a minute."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q"]
    command += ["-d", folder / "doctrees", ROOT / "book", folder / "html"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder / "html"
