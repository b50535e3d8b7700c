"""A folder gives what people put there: not what tools leave, nothing twice, and it says so."""

import tempfile
from pathlib import Path

from helpers.folders import files_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st


def write(folder: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def names(folder: Path, *args, **options) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in files_of(folder, *args, **options)]


@pytest.mark.parametrize(
    "name",
    [
        "._a.txt",
        ".ipynb_checkpoints/a-checkpoint.txt",
        "deep/.git/a.txt",
        ".venv/a.txt",
        "__MACOSX/a.txt",
        "__MACOSX/texts/._a.txt",
        "node_modules/left-pad/a.txt",
        "venv/lib/python3.12/site-packages/pip/a.txt",
        "toy.egg-info/SOURCES.txt",
        "toy-1.0.dist-info/top_level.txt",
        "build/lib/toy/a.txt",
        "toy/build/lib.linux-x86_64-cpython-312/a.txt",
        "build/bdist.linux-x86_64/a.txt",
    ],
)
def test_what_is_hidden_or_made_by_tools_is_left_out_and_said(tmp_path, capsys, name):
    write(tmp_path / "texts", {name: "not this", "a.txt": "this"})
    assert names(tmp_path / "texts", ".txt") == ["a.txt"]
    said = capsys.readouterr().out
    assert said == f"Left out of texts, hidden or made by tools (1): {name}\n"


@pytest.mark.parametrize(
    "name", ["a.b.txt", "A.TXT", "build/a.txt", "build/library/a.txt", "lib/a.txt", "_a/__a.txt"]
)
def test_other_files_are_taken_in_silence(tmp_path, capsys, name):
    write(tmp_path / ".hidden/texts", {name: "this", "a.md": "no", "txt": "no", "b.txt": "that"})
    (tmp_path / ".hidden/texts/folder.txt").mkdir()
    (tmp_path / ".hidden/texts/link.txt").symlink_to("nowhere.txt")
    assert set(names(tmp_path / ".hidden/texts", ".txt")) == {name, "b.txt"}
    assert capsys.readouterr().out == ""


def test_the_same_file_twice_is_taken_once_and_said(tmp_path, capsys):
    texts = {
        "a.txt": "one",
        "b.txt": "two",
        "b (copy).txt": "two",
        "c/a.txt": "one",
        "d.txt": "tow",
    }
    write(tmp_path, texts | {"empty.txt": "", "e.txt": ""})
    assert set(names(tmp_path, ".txt")) == {"a.txt", "b (copy).txt", "d.txt", "empty.txt", "e.txt"}
    said = capsys.readouterr().out
    assert said == f"Left out of {tmp_path.name}, copies of others (2): b.txt, c/a.txt\n"


def test_short_files_may_be_alike_and_named_folders_are_not_looked_at(tmp_path, capsys):
    code = {"a/__init__.py": "x = 1", "b/__init__.py": "x = 1", "tests/a.py": "y", "b.py": "y" * 9}
    write(tmp_path, code | {"c.py": "y" * 9})
    found = names(tmp_path, ".py", {"tests"}, shortest_copy=6)
    assert found == ["a/__init__.py", "b/__init__.py", "b.py"]
    assert capsys.readouterr().out.endswith("copies of others (1): c.py\n")


def test_of_many_that_are_left_out_the_first_are_named(tmp_path, capsys):
    write(tmp_path, {f".{number}.txt": "no" for number in range(5)})
    assert names(tmp_path, ".txt") == []
    assert capsys.readouterr().out.endswith(" (5): .0.txt, .1.txt, .2.txt, ...\n")


@settings(max_examples=30, derandomize=True, deadline=None, database=None)
@given(st.lists(st.binary(max_size=2), max_size=12))
def test_each_content_is_taken_once_and_none_is_lost(contents):
    with tempfile.TemporaryDirectory() as room:
        for number, content in enumerate(contents):
            (Path(room) / f"{number:02}.txt").write_bytes(content)
        found = [path.read_bytes() for path in files_of(Path(room), ".txt")]
    assert [content for content in found if content] == [
        content for content in dict.fromkeys(contents) if content
    ]
