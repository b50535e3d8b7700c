"""Chapter 04 beside the book: characters written in a second, by the same network.

The book passes the whole text so far through the network for each new character, and writes one
text at a time. The chapter keeps the network's state and writes many texts at once. Temperature 0
leaves nothing to chance: both must write the same.
"""

import statistics

from helpers import zoo
from helpers.run import NOTEBOOKS

import keras
import numpy as np
from measuring import timed, write_report
from notebook_code import notebook_code

CHAPTER = "04_char_rnn"
MIN_RATIO, MIN_RATIO_OF_BATCH = 300, 1500  # of characters a second, ours to the book's
LENGTH, BATCH = 400, 100  # characters, texts
PROMPT = "ROMEO:\n"
RUNS = 5  # of ours, the median of which counts


def book_network(arrays: dict[str, np.ndarray]) -> keras.Model:
    """The zoo's network for texts of any length, as the book calls it: from an empty state."""
    size, width = arrays["embedding"].shape
    network = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(size, width),
            keras.layers.LSTM(len(arrays["recurrent"]), return_sequences=True),
            keras.layers.Dense(size),
        ]
    )
    names = ("embedding", "kernel", "recurrent", "bias", "output", "output_bias")
    network.set_weights([arrays[name] for name in names])
    return network


def book_text(network: keras.Model, characters: list[str], prompt: str, length: int) -> str:
    text = prompt
    for _ in range(length):
        ids = np.array([[characters.index(character) for character in text]])
        scores = network.predict(ids, verbose=0)[0]
        text += characters[scores[len(text) - 1].argmax()]
    return text


def test_writes_faster_than_the_book(tmp_path):
    notebook = NOTEBOOKS / f"{CHAPTER}.ipynb"
    names = ("generate", "writer")
    chapter = notebook_code(notebook, tmp_path / "chapter.py", *names, EDITION="full", SEED=7)
    writer = chapter.writer
    network = book_network(zoo.load(f"{CHAPTER}/text").arrays)
    book_text(network, writer.characters, PROMPT, 5)  # compiles

    def ours(n: int) -> list[str]:
        return chapter.generate(writer, PROMPT, n, LENGTH, temperature=0)

    expected, book_seconds = timed(book_text, network, writer.characters, PROMPT, LENGTH)
    seconds = {}
    for n in (1, BATCH):
        runs = [timed(ours, n) for _ in range(RUNS)]
        assert all(texts == [expected] * n for texts, _ in runs)
        seconds[n] = statistics.median(time for _, time in runs)

    ratio, ratio_of_batch = (n * book_seconds / seconds[n] for n in (1, BATCH))
    print(f"\n{LENGTH} characters: {seconds[1]:.3f} s, book {book_seconds:.1f} s: {ratio:.0f}x")
    print(f"{BATCH} texts: {seconds[BATCH]:.2f} s, book one by one {ratio_of_batch:.0f}x that")
    report = {
        "characters": LENGTH,
        "book_seconds_a_text": book_seconds,
        "seconds_a_text": seconds[1],
        "seconds_of_100_texts": seconds[BATCH],
        "ratio": ratio,
        "ratio_of_100_texts": ratio_of_batch,
    }
    write_report(CHAPTER, report)
    assert ratio >= MIN_RATIO
    assert ratio_of_batch >= MIN_RATIO_OF_BATCH
