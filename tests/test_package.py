"""Paths, messages, files replaced whole, and the examples in the docstrings."""

import doctest
import importlib
import json
import os
import pkgutil
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from unittest import mock

import helpers
from helpers import ROOT, CookbookError, display_path, place, replacing, run, unknown, with_value

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from toy_notebooks import write_notebook

MODULES = [module.name for module in pkgutil.walk_packages(helpers.__path__, "helpers.")]
KILLED_IN_THE_MIDDLE = """
import os, signal
from pathlib import Path
from helpers import replacing
with replacing(Path("file")) as part:
    part.write_text("ne")
    os.kill(os.getpid(), signal.SIGKILL)
"""
NATIVE = "import helpers, os, sys, warnings; os.write(2, b'from C++')"


def python(code: str, folder, **environment) -> subprocess.CompletedProcess:
    """Run `code` in a process of its own that stands in `folder`."""
    environment = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    command = [sys.executable, "-c", code]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0


# Messages


@pytest.mark.parametrize(
    "value, options, message",
    [
        ("jaz", ["rock", "jazz"], "Unknown genre 'jaz'. Did you mean 'jazz'? Valid: jazz, rock."),
        ("x", {"rock": 1, "jazz": 2}, "Unknown genre 'x'. Valid: jazz, rock."),
        (7, list("lkjihgfedcba"), "Unknown genre 7. Valid: a, b, c, d, e, f, g, h, i, j, k, l."),
        (7, list("mlkjihgfedcba"), "Unknown genre 7. There are 13 in all."),
        (
            "jaz",
            np.array(["rock", "jazz"]),
            "Unknown genre 'jaz'. Did you mean 'jazz'? Valid: jazz, rock.",
        ),
    ],
)
def test_unknown_names_close_matches_and_options(value, options, message):
    assert str(unknown("genre", value, options)) == message


def test_paths_are_shown_without_the_machine(tmp_path, monkeypatch):
    assert display_path(ROOT / "data" / "x.csv") == "data/x.csv"
    assert display_path(tmp_path / "x.csv") == "x.csv"
    monkeypatch.chdir(ROOT / "tests")
    assert display_path("../data") == "data"


# Files replaced whole


def test_replacing_makes_folders_and_leaves_only_the_file(tmp_path):
    path = tmp_path / "new" / "file"
    with replacing(path) as part:
        part.write_text("old")
    with replacing(path) as part:
        part.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]


def test_who_reads_the_former_file_reads_it_to_its_end(tmp_path):
    (tmp_path / "file").write_text("old")
    with (tmp_path / "file").open() as reader:
        with replacing(tmp_path / "file") as part:
            part.write_text("new")
        assert reader.read() == "old"


def test_a_failure_keeps_the_former_file(tmp_path):
    (tmp_path / "file").write_text("old")
    with pytest.raises(KeyboardInterrupt), replacing(tmp_path / "file") as part:
        part.write_text("ne")
        raise KeyboardInterrupt
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("file", "old")]


def test_a_folder_that_cannot_be_written_is_named_with_the_variables_to_set(tmp_path):
    (tmp_path / "file").write_text("no folder")
    with (
        mock.patch.dict(os.environ, COOKBOOK_ZOO="~/my zoo"),
        pytest.raises(CookbookError, match="Can't write to zoo: Not a directory") as caught,
        replacing(tmp_path / "file" / "zoo" / "card.json"),
    ):
        pass
    assert "COOKBOOK_GENERATED and COOKBOOK_ZOO (now '~/my zoo') name them" in str(caught.value)


def test_an_error_of_another_file_is_not_taken_for_one_of_the_disk(tmp_path):
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "new" / "file"):
        (tmp_path / "elsewhere").read_text()


def test_a_killed_process_leaves_the_former_file(tmp_path):
    (tmp_path / "file").write_text("old")
    assert python(KILLED_IN_THE_MIDDLE, tmp_path).returncode == -signal.SIGKILL
    assert (tmp_path / "file").read_text() == "old"
    assert len(list(tmp_path.glob(".*-file"))) == 1, "it was killed after it had begun"


# Where things are, and what C++ code says


def test_folders_follow_the_environment_and_outside_jupyter_messages_show(tmp_path):
    places = {name: str(tmp_path / name.lower()) for name in ("DATA", "GENERATED", "ZOO")}
    code = f"{NATIVE}; print(helpers.DATA, helpers.GENERATED, helpers.ZOO, sep='\\n')"
    done = python(code, tmp_path, **{f"COOKBOOK_{name}": path for name, path in places.items()})
    assert done.stdout.splitlines() == list(places.values())
    assert done.stderr == "from C++"
    assert not list(tmp_path.iterdir()), "nothing is made before it is needed"


def test_a_relative_folder_is_the_same_one_wherever_python_stands(tmp_path):
    places = {"COOKBOOK_DATA": "other/data", "COOKBOOK_GENERATED": "", "COOKBOOK_ZOO": "'~/zoo'"}
    code = "import helpers; print(helpers.DATA, helpers.GENERATED, helpers.ZOO, sep='\\n')"
    for folder in (ROOT, ROOT / "notebooks", tmp_path):
        done = python(code, folder, **places, HOME=str(tmp_path))
        assert done.stdout.splitlines() == [
            str(ROOT / "other/data"),
            str(ROOT / "generated"),
            str(tmp_path / "zoo"),
        ]


HOME = Path.home()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ("/data/x", "/data/x"),
        ("../x", ROOT / "../x"),
        ("my data", ROOT / "my data"),
        ("~", HOME),
        ("~/x", HOME / "x"),
        ("'~/x'", HOME / "x"),
        ('"/my data/x" ', "/my data/x"),
        ("/data/x \r\n", "/data/x"),
        ("file:///my%20data/x", "/my data/x"),
        ("FILE://localhost/data", "/data"),
        ("$COOKBOOK_TEST/x", "/from/another/x"),
        ("/data/2024:1", "/data/2024:1"),
    ],
)
def test_a_variable_names_a_folder_however_it_is_written(value, path):
    with mock.patch.dict(os.environ, COOKBOOK_DATA=value, COOKBOOK_TEST="/from/another"):
        assert place("COOKBOOK_DATA") == Path(path)


@pytest.mark.parametrize("value", ["", "  ", "''", '" "'])
def test_an_empty_variable_is_one_that_is_not_set(value):
    with mock.patch.dict(os.environ, COOKBOOK_DATA=value):
        assert place("COOKBOOK_DATA", ROOT / "data") == ROOT / "data"


NO_FOLDERS = ["s3://bucket/x", "http://example.org", "file://server/x", "gs:x", "~nobody-at-all/x"]
NO_FOLDERS += ["$NO_SUCH_VARIABLE/x", "$COOKBOOK_EMPTY"]


@pytest.mark.parametrize("value", NO_FOLDERS)
def test_what_names_no_folder_is_shown_with_what_would_do(value):
    with (
        mock.patch.dict(os.environ, COOKBOOK_DATA=value, COOKBOOK_EMPTY=""),
        pytest.raises(CookbookError) as caught,
    ):
        place("COOKBOOK_DATA")
    assert f"COOKBOOK_DATA (now {value!r}) is no folder" in str(caught.value)
    assert "~/cookbook" in str(caught.value)


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@example("'")
@example("~\n")
def test_whatever_a_variable_holds_is_a_whole_path_or_refused(value):
    with mock.patch.dict(os.environ, COOKBOOK_DATA=value):
        try:
            path = place("COOKBOOK_DATA", ROOT)
        except CookbookError as error:
            assert str(error).startswith("COOKBOOK_DATA (now ")
        else:
            assert path.is_absolute() and "~" not in path.parts[1:2]


def test_a_message_shows_the_value_of_a_variable_but_no_password():
    with mock.patch.dict(os.environ, COOKBOOK_MIRROR="https://me:secret@example.org/data"):
        assert with_value("COOKBOOK_MIRROR") == (
            "COOKBOOK_MIRROR (now 'https://...@example.org/data')"
        )
    with mock.patch.dict(os.environ, COOKBOOK_MIRROR=""):
        assert with_value("COOKBOOK_MIRROR") == "COOKBOOK_MIRROR"


def test_in_a_kernel_native_messages_go_to_the_log_and_pythons_own_to_the_page(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(run, "GENERATED", tmp_path / "generated")
    code = f"{NATIVE}; print('from Python', file=sys.stderr); warnings.warn('careful')\n1 / 0"
    notebook = write_notebook(tmp_path, "01_native", code)
    (result,) = run.run_series([notebook], {"EDITION": "sample"})
    page = (tmp_path / "generated/notebooks/sample/01_native.ipynb").read_text(encoding="utf-8")
    assert "from Python\\n" in page and "UserWarning: careful" in page
    assert "ZeroDivisionError" in result.error
    log = (tmp_path / "generated" / "native.log").read_text()
    assert "from C++" in log and "from Python" not in log


# Where else it runs, and with which versions


def requirements(text: str) -> list[Requirement]:
    """The packages that `text` names, in the format of requirements.in."""
    lines = (re.split(r" +#|^#", line)[0] for line in text.splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-e")]


def supported() -> SpecifierSet:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return SpecifierSet(project["requires-python"])


def test_every_package_has_a_lowest_version():
    listed = requirements((ROOT / "requirements.in").read_text(encoding="utf-8"))
    bounds = {item.name: {bound.operator for bound in item.specifier} for item in listed}
    assert [name for name, operators in bounds.items() if not operators & {">=", "=="}] == []


def test_binder_installs_the_pinned_versions_on_a_python_that_we_support():
    text = (ROOT / ".binder" / "requirements.txt").read_text(encoding="utf-8")
    named = ROOT / ".binder" / text.strip().removeprefix("-r ")
    assert named.resolve() == ROOT / "requirements.txt"
    runtime = (ROOT / ".binder" / "runtime.txt").read_text(encoding="utf-8").strip()
    assert supported().contains(runtime.removeprefix("python-"))


def test_the_development_container_makes_the_environment():
    path = ROOT / ".devcontainer" / "devcontainer.json"
    container = json.loads(path.read_text(encoding="utf-8"))
    assert supported().contains(container["image"].split(":")[1])
    make, target = container["postCreateCommand"].split()
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert make == "make" and re.search(rf"^{target}:.*INSTALLED", makefile, re.MULTILINE)


FAKE_PYTHON = """#!/bin/sh
case "$1" in
    -c) exit {status} ;;  # whether its version is supported
    -m) mkdir -p .venv/bin && echo {name} > .venv/bin/python && chmod +x .venv/bin/python ;;
esac
"""


@pytest.mark.skipif(not shutil.which("make"), reason="there is no make")
@pytest.mark.parametrize(
    ("good", "taken"),
    [
        (["python3", "python3.12"], "python3"),
        (["python3.11", "python3.12"], "python3.12"),
        ([], None),
    ],
)
def test_make_takes_the_first_python_that_will_do_or_says_how_to_get_one(tmp_path, good, taken):
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tmp_path / "bin").mkdir()
    for name in ("python3", "python3.11", "python3.12", "python3.13"):
        fake = tmp_path / "bin" / name
        fake.write_text(FAKE_PYTHON.format(name=name, status=int(name not in good)))
        fake.chmod(0o755)
    environment = os.environ | {"PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    command = ["make", ".venv/bin/python"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    if taken:
        assert (tmp_path / ".venv/bin/python").read_text() == f"{taken}\n"
    else:
        assert done.returncode and "uv venv" in done.stdout and not (tmp_path / ".venv").exists()


def test_colab_keeps_what_its_notebooks_run_on(tmp_path):
    page = (ROOT / "book" / "elsewhere.md").read_text(encoding="utf-8")
    command = re.search(r"^!(sed .*)", page, re.MULTILINE)[1]
    (tmp_path / "cookbook").symlink_to(ROOT, target_is_directory=True)
    subprocess.run(command, shell=True, cwd=tmp_path, check=True)
    listed = (ROOT / "requirements.in").read_text(encoding="utf-8")
    chapters, running = listed.split("# Running notebooks")
    kept = {item.name for item in requirements((tmp_path / "chapters.txt").read_text())}
    assert kept == {item.name for item in requirements(chapters)} - {"tensorflow-cpu"}
    assert not kept & {item.name for item in requirements(running)}
