"""A corpus by its name: the novels, what stands for them on the sample, or a folder."""

import dataclasses

from helpers import CookbookError, fetch, samples
from helpers.datasets.gutenberg import NOVELS, data_sets, load_corpus

import pytest

BOOK = (
    "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nProduced by Ann\n\n{}\n\n"
    "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
)


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """The seven novels, a sentence each, as files that aren't pinned."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))
    for name in data_sets(NOVELS):
        data = fetch.REGISTRY[name]
        files = {file: fetch.File(url="nowhere", size=100) for file in data.files}
        monkeypatch.setitem(fetch.REGISTRY, name, dataclasses.replace(data, files=files))
        for file in files:
            (tmp_path / file).write_text(BOOK.format(f"“{data.title}”, she said."), "utf-8")
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


# The novels


def test_every_novel_is_pinned():
    names = data_sets(NOVELS)
    assert len(names) == 7
    files = [file for name in names for file in fetch.REGISTRY[name].files.values()]
    assert all(file.checksum for file in files)


def test_novels_come_by_title_without_header_and_footer(mirror):
    texts = load_corpus(NOVELS, "full")
    assert texts == {title: f"“{title}”, she said.\n" for title in texts}
    assert len(texts) == 7 and {"Frankenstein", "Moby Dick"} < {*texts}


def test_a_novel_that_can_not_be_had_is_an_error(mirror):
    (mirror / "pg98.txt").unlink()
    with pytest.raises(fetch.FetchError, match=r"Can't get \w+/pg98.txt"):
        load_corpus(NOVELS, "full")


def test_an_unknown_edition_is_an_error():
    with pytest.raises(CookbookError, match="Unknown edition 'all'"):
        load_corpus(NOVELS, "all")


def test_the_sample_is_on_every_machine():
    texts = load_corpus(NOVELS, "sample")
    assert [*texts] == ["news", "help topics"]
    assert texts["news"].count("\n") == 299 and "bushfire" in texts["news"]
    assert texts["help topics"] == samples.help_topics()
    assert all(50_000 < len(text.split()) < 100_000 for text in texts.values())


# A folder


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_folder_gives_its_text_files_by_name(folder, edition):
    (folder / "more").mkdir()
    contents = {"b.txt": "\ufeffÉlan\r\nvital\n", "a.TXT": BOOK, "more/c.txt": "c"}
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    (folder / "d.md").write_text("no")
    (folder / "blank.txt").write_text(" \n\n")
    texts = load_corpus(str(folder), edition)
    assert texts == {"a.TXT": BOOK, "b.txt": "Élan\nvital\n", "more/c.txt": "c"}
    assert [*texts] == sorted(texts)
    assert data_sets(str(folder)) == []


def test_a_folder_may_lie_at_home(folder, monkeypatch):
    (folder / "a.txt").write_text("a")
    monkeypatch.setenv("HOME", str(folder.parent))
    assert load_corpus("~/texts", "full") == {"a.txt": "a"}


@pytest.mark.parametrize("source", ["", "Novels", "nowhere/texts", __file__])
def test_what_is_no_folder_is_an_error(source):
    with pytest.raises(CookbookError, match=r"Unknown corpus '.*'\. Valid: 'novels', or .* folder"):
        load_corpus(source, "full")


def test_a_folder_without_text_is_an_error(folder):
    for name, text in {"d.md": "no", "a.txt": "", "b.txt": "\n"}.items():
        (folder / name).write_text(text)
        with pytest.raises(CookbookError, match=r"^texts: no file in it ends in \.txt and holds"):
            load_corpus(str(folder), "full")


def test_a_file_that_is_not_utf8_is_an_error(folder):
    (folder / "a.txt").write_text("fine")
    (folder / "b.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(CookbookError, match=r"b\.txt: byte 3 isn't UTF-8.*Save it as UTF-8"):
        load_corpus(str(folder), "full")
