"""Texts of chapter 04 as numbers and back, beside what they were made from, and side by side."""

from helpers.chapters.char_rnn import (
    UNKNOWN,
    encode,
    longest_copy,
    readable,
    side_by_side,
    vocabulary,
)

import numpy as np
import pytest


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
