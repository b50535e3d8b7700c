"""A text by its name: tiny Shakespeare, a book's number, or a path."""

from helpers import CookbookError, fetch, samples
from helpers.datasets.gutenberg import data_sets, load_text

import pytest

BOOK = (
    "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nProduced by Ann\n\n{}\n\n"
    "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
)


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """No data, and a mirror that is a folder, so that nothing comes from the network."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setattr(samples, "GENERATED", tmp_path / "generated")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))


@pytest.mark.parametrize("source", ["tinyshakespeare", " tinyshakespeare ", 84, "84", 158])
def test_on_the_sample_edition_help_topics_stand_for_every_source(source):
    text = load_text(source, "sample")
    assert text == samples.help_topics()
    assert "\r" not in text and len(text) > 100_000


@pytest.mark.parametrize("source", [158, "158", " 0158\n"])
def test_a_book_that_is_not_in_the_registry_comes_from_the_mirror(tmp_path, source):
    assert "gutenberg-158" not in fetch.REGISTRY
    (tmp_path / "pg158.txt").write_text(BOOK.format("Emma Élan"), "utf-8-sig", newline="\r\n")
    assert load_text(source, "full") == "Emma Élan\n"
    (tmp_path / "pg158.txt").unlink()
    assert load_text(source, "full") == "Emma Élan\n", "from data/ the second time"


def test_a_book_cut_short_is_refused(tmp_path):
    (tmp_path / "pg158.txt").write_text(BOOK[:-40])
    with pytest.raises(CookbookError, match="pg158.txt: .*cut short"):
        load_text(158, "full")


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_file_comes_as_it_is(tmp_path, monkeypatch, edition):
    text = BOOK.format("Emma Élan")
    (tmp_path / "84.txt").write_text(text, encoding="utf-8")
    assert load_text(str(tmp_path / "84.txt"), edition) == text
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_text(" ~/84.txt", edition) == text


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CookbookError, match="^emma.txt: no such file"):
        load_text(str(tmp_path / "emma.txt"), "full")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("tinyshakespeare ", ["tinyshakespeare"]),
        (84, ["gutenberg-84"]),
        (" 0158", ["gutenberg-158"]),
        ("84.txt", []),
        ("~/tinyshakespeare.txt ", []),
    ],
)
def test_a_source_tells_what_it_fetches(source, names):
    assert data_sets(source) == names


@pytest.mark.parametrize(
    "source", ["", "shakespeare", "TinyShakespeare", 0, "00", -1, "8.4", "emma.pdf"]
)
def test_what_names_no_text_gets_the_options(source):
    message = f"Unknown text '{source}'. Valid: 'tinyshakespeare', the number of a .* in .txt or a"
    for refuse in (data_sets, lambda name: load_text(name, "sample")):
        with pytest.raises(CookbookError, match=message):
            refuse(source)


def test_an_unknown_edition_is_refused():
    with pytest.raises(CookbookError, match="Unknown edition 'auto'"):
        load_text(84, "auto")
