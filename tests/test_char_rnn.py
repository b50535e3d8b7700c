"""What chapter 04 defines to read and write, with the zoo's model of Shakespeare's plays."""

import itertools

from helpers import CookbookError
from helpers.chapters.char_rnn import encode
from helpers.run import NOTEBOOKS

import numpy as np
import pytest
from benchmarks.notebook_code import notebook_code

NAMES = ("generate", "pick", "read", "log_probabilities", "can_go_on", "writer", "coder")
PROMPT = "ROMEO:\n"


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    script = tmp_path_factory.mktemp("chapter") / "chapter.py"
    return notebook_code(NOTEBOOKS / "04_char_rnn.ipynb", script, *NAMES, EDITION="full", SEED=7)


def write(chapter, prompt: str = PROMPT, **how) -> list[str]:
    return chapter.generate(chapter.writer, prompt, **({"length": 40} | how))


@pytest.mark.parametrize(
    "how",
    [
        {"temperature": -0.1},
        {"temperature": float("nan")},
        {"temperature": float("inf")},
        {"top_k": 0},
        {"top_p": 0},
        {"top_p": 1.5},
    ],
)
def test_settings_that_make_no_sense_are_named(chapter, how):
    with pytest.raises(CookbookError, match="temperature must be 0 or more, top_p in"):
        write(chapter, **how)


def test_temperature_zero_and_the_best_of_one_take_the_likeliest(chapter):
    texts = write(chapter, n=3, temperature=0)
    assert len({*texts}) == 1
    assert write(chapter, top_k=1) == texts[:1]
    assert write(chapter, top_p=1e-9) == texts[:1]
    assert write(chapter, temperature=1e-3) == texts[:1]


def test_a_seed_repeats_its_texts_and_another_gives_others(chapter):
    texts = write(chapter, n=2)
    assert texts[0] != texts[1]
    assert write(chapter, n=2) == texts
    assert write(chapter, n=2, seed=8) != texts


def test_prompts_that_the_model_cannot_read(chapter, capsys):
    assert write(chapter, "")[0].startswith("\n")
    assert write(chapter, "café €5")[0].startswith("cafe   ")
    assert "'é' by 'e', '€' by ' ', '5' by ' '" in capsys.readouterr().out


def test_pick_draws_by_the_probabilities(chapter):
    p = np.array([0.5, 0.3, 0.15, 0.05])
    scores, rng = np.log(np.tile(p, (20_000, 1))), np.random.default_rng(0)

    def shares(**how):
        return np.bincount(chapter.pick(scores, rng, **how), minlength=4) / len(scores)

    np.testing.assert_allclose(shares(), p, atol=0.02)
    np.testing.assert_allclose(shares(temperature=0.5), p**2 / (p**2).sum(), atol=0.02)
    np.testing.assert_allclose(shares(top_k=2), [0.625, 0.375, 0, 0], atol=0.02)
    np.testing.assert_allclose(shares(top_p=0.79), [0.625, 0.375, 0, 0], atol=0.02)
    np.testing.assert_allclose(shares(top_p=0.81), [0.526, 0.316, 0.158, 0], atol=0.02)


def test_reading_side_by_side_is_reading_on(chapter):
    """The state carried from the first character on gives the same as 8 places with a warm-up."""
    text = write(chapter, length=1000)[0]
    ids = encode(text, chapter.writer.characters)
    scores = np.concatenate([scores for scores, _ in chapter.read(chapter.writer, ids[None])])
    p = np.exp(scores - scores.max(axis=1, keepdims=True))
    expected = np.log((p / p.sum(axis=1, keepdims=True))[np.arange(len(ids) - 1), ids[1:]])
    log_p = chapter.log_probabilities(chapter.writer, ids[400:], ids[:400], places=8)
    assert len(log_p) == len(ids) - 400
    assert abs(log_p.mean() - expected[399:].mean()) < 0.01


def test_a_text_ends_at_the_stop(chapter):
    (text,) = write(chapter, stop="\n\n", length=2000)
    assert text.endswith("\n\n")
    assert text.count("\n\n") == 1


def test_a_refused_line_is_written_again(chapter):
    refused = itertools.count()

    def short(text: str) -> bool:
        line = text.split("\n")[-2]
        if len(line) > 20:
            next(refused)
        return len(line) <= 20

    (text,) = write(chapter, length=1500, accept=short)
    assert next(refused) > 0
    assert text.startswith(PROMPT)
    assert text.count("\n") > 3
    assert max(map(len, text.split("\n")[:-1])) <= 20


def test_where_nothing_is_accepted_the_prompt_remains(chapter):
    (text,) = write(chapter, accept=lambda text: False, length=300)
    assert text.startswith(PROMPT)
    assert "\n" not in text.removeprefix(PROMPT)


def test_accepted_code_stays_valid(chapter):
    texts = chapter.generate(
        chapter.coder, "\n\ndef ", 5, 300, stop="\n\n", accept=chapter.can_go_on, temperature=1.2
    )
    for text in texts:
        assert chapter.can_go_on(text[: text.rfind("\n") + 1])
