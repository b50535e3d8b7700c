"""Chapter 07 beside the unfinished notebook that it finishes, and beside gensim.

The original makes its pairs line by line and draws the negatives of each pair with a call of its
own. The chapter makes all at once. Both are timed with the original's window and number of
negatives. Then the original is trained as it was, 80 passes, and judged by the chapter's measures;
and at a vocabulary of 10,000 words the dense model is compared with gensim.
"""

from types import SimpleNamespace

from helpers.chapters.word2vec_from_scratch import batches, gensim_skip_gram, timed
from helpers.fetch import FetchError
from helpers.run import NOTEBOOKS
from helpers.sampling import pairs_within

import keras
import numpy as np
import pytest
import tensorflow as tf
from measuring import write_report
from notebook_code import notebook_code

NOTEBOOK = NOTEBOOKS / "07_word2vec_from_scratch.ipynb"
NAMES = ("training_table", "SkipGram", "train_dense", "measure", "train_ids", "ten", "vocab")
MIN_RATIO = 500  # of pairs a second, ours to the original's loop
MAX_RATIO = 1.2  # of CPU seconds, the dense model's to gensim's, at 10,000 words
WINDOW, NEGATIVES, PASSES, BATCH = 2, 4, 80, 1024  # the original's
skipgrams = tf.keras.preprocessing.sequence.skipgrams


def chapter(script, **parameters) -> SimpleNamespace:
    try:
        return notebook_code(NOTEBOOK, script, *NAMES, EDITION="full", **parameters)
    except FetchError as error:
        pytest.skip(f"needs the full data: {error.headline}")


def original_pairs(lines: np.ndarray, words: int) -> tuple[np.ndarray, np.ndarray]:
    """Targets (n,) and contexts (n, 5) of `lines` (m, 10), one pair at a time."""
    chances = tf.keras.preprocessing.sequence.make_sampling_table(words)
    targets, contexts = [], []
    for line in lines:
        found, _ = skipgrams(
            line, words, window_size=WINDOW, negative_samples=0, sampling_table=chances
        )
        for target, context in found:
            true = tf.constant([[context]], tf.int64)
            drawn = tf.random.log_uniform_candidate_sampler(
                true, 1, NEGATIVES, True, words, seed=42
            )
            targets.append(target)
            contexts.append(tf.concat([true[0], drawn[0]], axis=0))
    return np.array(targets), np.array(contexts)


def test_pairs_are_those_of_the_original():
    ids = np.random.default_rng(0).integers(1, 30, 200)
    theirs, _ = skipgrams(ids, 30, window_size=4, negative_samples=0)
    ours, _ = pairs_within(ids, 4)
    assert sorted(map(tuple, theirs)) == sorted(map(tuple, ours.tolist()))


def test_makes_pairs_faster_and_better_vectors_than_the_original(tmp_path):
    code = chapter(tmp_path / "chapter.py", WINDOW=WINDOW, NEGATIVES=NEGATIVES)
    (_, ours, _), our_times = timed(code.training_table, code.train_ids, np.random.default_rng(7))
    (targets, contexts), times = timed(original_pairs, code.ten, len(code.vocab))
    speeds = len(ours) / our_times["CPU seconds"], len(targets) / times["CPU seconds"]

    keras.utils.set_random_seed(42)
    model = code.SkipGram(len(code.vocab), 128, start="uniform")
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"], steps_per_execution=32)
    order = np.random.default_rng(42).permutation(len(targets))
    labels = np.tile(np.float32([1, 0, 0, 0, 0]), (len(targets), 1))
    data, _ = batches(BATCH, 1, (targets[order], contexts[order]), labels)
    history, training = timed(model.fit, data, epochs=PASSES, verbose=0, shuffle=False)
    report = {
        "pairs_per_second": speeds[0],
        "original_pairs_per_second": speeds[1],
        "ratio": speeds[0] / speeds[1],
        "original_lines_per_second": len(code.ten) / times["seconds"],
        "original_training_seconds": training["seconds"],
        "original_accuracy": history.history["accuracy"][-1],
    }
    report |= {
        f"original_{name}": value for name, value in code.measure(*model.get_weights()).items()
    }
    print("", *(f"{name}: {value:,.4g}" for name, value in report.items()), sep="\n")
    write_report("07_word2vec_pairs", report)
    assert report["original_accuracy"] > 0.8
    assert report["original_context_auc"] < 0.65 and report["original_silver_spearman"] < 0.1
    assert report["ratio"] >= MIN_RATIO


def test_ten_thousand_words_take_no_longer_than_gensim(tmp_path):
    code = chapter(tmp_path / "chapter.py", VOCABULARY=10_000)
    (dense, _), times = timed(code.train_dense, 7, code.train_ids)
    options = dict(vector_size=128, window=5, negative=5, sample=1e-3, seed=7)
    theirs, their_times = timed(gensim_skip_gram, code.train_ids, len(code.vocab), 20, **options)
    report = {"ratio": times["CPU seconds"] / their_times["CPU seconds"]}
    report |= {f"dense_{name}": value for name, value in code.measure(*dense.get_weights()).items()}
    report |= {f"gensim_{name}": value for name, value in code.measure(*theirs).items()}
    print("", *(f"{name}: {value:,.4g}" for name, value in report.items()), sep="\n")
    write_report("07_word2vec_10000", report)
    assert report["ratio"] <= MAX_RATIO
