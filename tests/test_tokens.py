"""Words in any script: one and the same however their letters are written down."""

import unicodedata

from helpers.chapters.question_matching import words
from helpers.tokens import words_of

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

RANDOM = settings(max_examples=100, derandomize=True, deadline=None, database=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "\ufeffIt’s ‘quoted’—snake_case, 3½ ΣΊΣΥΦΟΣ don't' 'tis",
            "it's quoted snake case 3½ σίσυφος don't tis",
        ),
        ("за́мок", "за́мок"),
        ("Mu\u0308ller isst", "müller isst"),
        ("हिन्दी नमस्ते", "हिन्दी नमस्ते"),
        ("مُحَمَّد", "مُحَمَّد"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("l'e\u0301te\u0301 d’avoir", "l'été d'avoir"),
        ("co\u00adoperate", "cooperate"),
        ("İzmir", "i\u0307zmir"),
        ("葛\U000e0100城", "葛\U000e0100 城"),
        ("I ❤\ufe0f it \u0301", "i it"),
        ("生地を休ませる。カタカナ", "生 地 を 休 ま せ る カタカナ"),
        ("ไทย", "ไ ท ย"),
        ("ดีมาก", "ดี ม า ก"),
        ("a生b", "a 生 b"),
    ],
)
def test_words_keep_their_marks_in_any_script(text, expected):
    assert words_of(text) == expected.split()
    assert words(text) == expected.replace("'", " ").split()


def test_a_question_is_cut_at_apostrophes_as_before():
    assert words("Don't over-cook: crème_brûlée 2×") == "don t over cook crème brûlée 2".split()


@RANDOM
@given(st.text() | st.text(st.characters(categories=["L", "M", "N", "P", "Zs"])))
def test_composed_and_decomposed_text_have_the_same_words(text):
    found = words_of(text)
    for form in ("NFC", "NFD"):
        assert words_of(unicodedata.normalize(form, text)) == found
    assert words_of(" ".join(found)) == found, "words of words are these words"
    for word in found:
        assert word[0].isalnum() and not {" ", "_"} & set(word)
    letters = [letter for letter in unicodedata.normalize("NFC", text.lower()) if letter.isalnum()]
    assert [letter for letter in "".join(found) if letter.isalnum()] == letters, "none is lost"
