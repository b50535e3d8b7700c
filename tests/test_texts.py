"""A text by its name: tiny Shakespeare, a book's number, or a path; and its characters."""

from helpers import CookbookError, fetch
from helpers.chapters.char_rnn import (
    UNKNOWN,
    encode,
    longest_copy,
    readable,
    side_by_side,
    vocabulary,
)
from helpers.datasets.gutenberg import data_sets, load_text

import numpy as np
import pytest
from samples.gutenberg import help_topics

BOOK = (
    "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***\n\nProduced by Ann\n\n{}\n\n"
    "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***\n"
)


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """No data, and a mirror that is a folder, so that nothing comes from the network."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))


@pytest.mark.parametrize("source", ["tinyshakespeare", " tinyshakespeare ", 84, "84", 158])
def test_on_the_sample_edition_help_topics_stand_for_every_source(source):
    text = load_text(source, "sample")
    assert text == help_topics()
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


# ---- Characters


def test_a_vocabulary_holds_in_order_what_comes_often_enough():
    text = f"banana\nband {UNKNOWN}{UNKNOWN}"
    assert vocabulary(text) == [UNKNOWN, *"abn"]
    assert vocabulary(text, at_least=1) == [UNKNOWN, *"\n abdn"]
    assert vocabulary(text, at_least=4) == [UNKNOWN, "a"]
    assert vocabulary("") == [UNKNOWN]


def test_characters_become_their_places_and_all_others_0():
    characters = [UNKNOWN, *"abn"]
    assert encode("banana", characters).tolist() == [2, 1, 3, 1, 3, 1]
    assert encode(f"xan{UNKNOWN}", characters).tolist() == [0, 1, 3, 0]
    assert encode("", characters).shape == (0,)
    assert all(encode(text, characters).dtype == np.int32 for text in ("", "ban"))


CHARACTERS = [UNKNOWN, *"\n !Cacefnïv"]


@pytest.mark.parametrize(
    ("prompt", "expected", "message"),
    [
        ("Café", "Cafe", "'é' by 'e'"),
        ("façade", "faca e", "'ç' by 'c', 'd' by ' '"),
        ("nice 😀!", "n ce  !", "'i' by ' ', '😀' by ' '"),
        ("Évé", " ve", "'É' by ' ', 'é' by 'e'"),
        ("éé", "ee", "'é' by 'e'"),
        ("\t", " ", r"'\t' by ' '"),
    ],
)
def test_a_prompt_is_made_readable_and_tells_what_was_replaced(capsys, prompt, expected, message):
    assert readable(prompt, CHARACTERS) == expected
    assert capsys.readouterr().out == f"Not in the vocabulary, so replaced: {message}\n"


@pytest.mark.parametrize(("prompt", "expected"), [("naïve!\n", "naïve!\n"), ("", "\n")])
def test_a_prompt_of_known_characters_stays_and_an_empty_one_is_a_line_end(
    capsys, prompt, expected
):
    assert readable(prompt, CHARACTERS) == expected
    assert capsys.readouterr().out == ""


# ---- Texts beside others


def test_the_longest_copy_is_the_first_of_the_longest_parts():
    rng = np.random.default_rng(0)
    for _ in range(300):
        text, source = ("".join(rng.choice([*"abc"], rng.integers(20))) for _ in range(2))
        starts = range(len(text))
        parts = (text[start:end] for start in starts for end in range(start, len(text) + 1))
        copies = [part for part in parts if part in source]
        assert longest_copy(text, source) == max(copies, key=len, default="")


@pytest.mark.parametrize(
    ("text", "copy"), [("to be", "to be"), ("xx o bx", "o b"), ("xyz", ""), ("", "")]
)
def test_copies_are_word_for_word(text, copy):
    assert longest_copy(text, "or not to be") == copy


def test_texts_stand_side_by_side_under_their_titles():
    shown = side_by_side({"cold": "a\n\n  b", "warm": "one", "hot": "1\n2\n3\n4"}, width=5)
    assert shown.split("\n") == [
        "cold   warm   hot",
        "a      one    1",
        "              2",
        "  b           3",
        "              4",
    ]


def test_long_lines_go_on_in_their_column():
    text = "the quick brown fox jumps\nover donaudampfschiffe"
    lines = side_by_side({"left": text, "right": text}, width=10).split("\n")
    left, gap, right = zip(*((line[:10], line[10:12], line[12:]) for line in lines), strict=True)
    assert [cell.strip() for cell in left[1:]] == [cell.strip() for cell in right[1:]]
    assert set(gap) == {"  "}
    assert "".join(right[1:]).replace(" ", "") == text.replace(" ", "").replace("\n", "")
    assert right[1:3] == ("the quick", "brown fox")


def test_titles_stand_alone_over_empty_texts():
    assert side_by_side({"cold": "", "hot": ""}, width=5) == "cold   hot"
