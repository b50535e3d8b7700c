"""What chapter 07 defines: its words, tables and models, on a small vocabulary of the sample."""

from helpers.run import NOTEBOOKS
from helpers.sampling import cooccurrences

import numpy as np
import pytest
from benchmarks.notebook_code import notebook_code

NAMES = ("standardise", "training_table", "held_out_pairs", "segments", "pmi", "train_dense")
NAMES += ("SkipGram", "BandedSkipGram", "train_ids", "counts", "noise", "keep", "LENGTH")
SIZES = {"VOCABULARY": 300, "EMBEDDING_SIZE": 32, "WINDOW": 3, "NEGATIVES": 4}


@pytest.fixture(scope="module")
def chapter(tmp_path_factory):
    script = tmp_path_factory.mktemp("chapter") / "chapter.py"
    notebook = NOTEBOOKS / "07_word2vec_from_scratch.ipynb"
    return notebook_code(
        notebook, script, *NAMES, EDITION="sample", CORPUS="novels", SEED=7, **SIZES
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The ship’s cook—“Don’t!”", "the ship's cook don't"),
        ("_Moby Dick_; or, the *Whale*.", "moby dick or the whale"),
        ("'Tis the dogs' well-known way", "tis the dogs well known way"),
        ("Élise’s café, 1851…", "élise's café 1851"),
        ("cafe\u0301 ÀÉ", "cafe\u0301 àé"),
        ("—“”_…", ""),
    ],
)
def test_standardise_leaves_words(chapter, text, words):
    assert chapter.standardise(text).numpy().decode().split() == words.split()


def test_counts_and_noise_are_those_of_known_words(chapter):
    assert len(chapter.counts) == 300 and chapter.counts[:2].sum() == 0
    assert chapter.counts[2:].min() >= 2 and (np.diff(chapter.counts[2:]) <= 0).all()
    assert chapter.noise == pytest.approx(chapter.counts**0.75 / (chapter.counts**0.75).sum())


def test_a_table_has_the_positive_first_and_negatives_that_are_other_words(chapter):
    targets, contexts, labels = chapter.training_table(chapter.train_ids, np.random.default_rng(0))
    assert contexts.shape == labels.shape == (len(targets), 5)
    assert (labels == [1, 0, 0, 0, 0]).all()
    assert (contexts >= 2).all() and (targets >= 2).all()
    assert (contexts[:, 1:] != contexts[:, :1]).all()
    drawn = np.bincount(contexts[:, 1:].ravel(), minlength=300) / contexts[:, 1:].size
    assert np.corrcoef(drawn, chapter.noise)[0, 1] > 0.99
    kept = chapter.counts @ chapter.keep
    assert len(targets) == pytest.approx(4 * kept, rel=0.02), "2 (1 + 2/3 + 1/3) a word"


def test_held_out_pairs_leave_the_common_words_out(chapter):
    true, false = chapter.held_out_pairs(50)
    assert len(true) > 100 and len(false) == 4 * len(true)
    assert true.min() >= 52 and false.min() >= 52
    assert np.array_equal(true[:, 0].repeat(4), false[:, 0])
    assert chapter.held_out_pairs(0)[0].min() == 2


def test_segments_are_stretches_of_the_text(chapter):
    rows = chapter.segments([np.arange(100, 300), np.arange(50, 100)], np.random.default_rng(0))
    assert rows.shape[1] == chapter.LENGTH and 5 < len(rows) < 16
    steps = np.diff(rows, axis=1)
    assert (steps != 0).all() and (steps < 0).sum() <= 1, "in order but where a document ends"


def test_scores_are_dot_products_and_zero_at_the_start(chapter):
    model = chapter.SkipGram(5, 3)
    pairs = np.array([1, 4]), np.array([[2, 3], [0, 4]])
    assert (model(pairs).numpy() == 0).all()
    targets, _ = model.get_weights()
    contexts = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    model.contexts.embeddings.assign(contexts)
    expected = [targets[1] @ contexts[[2, 3]].T, targets[4] @ contexts[[0, 4]].T]
    assert model(pairs).numpy() == pytest.approx(np.array(expected), abs=1e-6)


def test_the_banded_loss_is_the_weighted_sum_over_pairs(chapter):
    rng = np.random.default_rng(0)
    model = chapter.BandedSkipGram(9, 4, 3, 6)
    segments, noise = rng.integers(9, size=(2, 6)), rng.integers(9, size=5)
    scores = model((segments, noise))
    for table in (model.targets, model.contexts):
        table.embeddings.assign(rng.normal(size=(9, 4)))
    targets, contexts = model.get_weights()
    scores, total, weights = model((segments, noise)), 0.0, 0.0
    for row in segments:
        for i, j in np.ndindex(6, 6):
            weight = max(0, 4 - abs(i - j)) / 3 if i != j else 0
            pull = np.log1p(np.exp(-targets[row[i]] @ contexts[row[j]]))
            push = np.log1p(np.exp(contexts[noise] @ targets[row[i]])).mean() * 4
            total, weights = total + weight * (pull + push), weights + weight
    loss = model.compute_loss(y_pred=scores)
    assert float(loss) == pytest.approx(total / weights, rel=1e-5)


def test_pmi_is_the_logarithm_of_a_pair_over_chance(chapter):
    table = cooccurrences(chapter.train_ids, 3, chapter.keep)
    found, dense = chapter.pmi(table), table.toarray()
    assert found.nnz == table.nnz
    for n in (0, 100, -1):
        w, c = found.row[n], found.col[n]
        chance = dense[w].sum() * chapter.noise[c]
        assert found.data[n] == pytest.approx(np.log(dense[w, c] / chance), rel=1e-4)


def test_the_dense_model_learns_shifted_pmi(chapter, capsys):
    model, history = chapter.train_dense(7, chapter.train_ids)
    losses = history.history["loss"]
    assert losses[-1] < losses[0]
    optimum = chapter.pmi(cooccurrences(chapter.train_ids, 3, chapter.keep))
    targets, contexts = model.get_weights()
    scores = (targets @ contexts.T)[optimum.row, optimum.col]
    often = cooccurrences(chapter.train_ids, 3, chapter.keep).tocoo().data >= 5
    assert np.corrcoef(scores[often], optimum.data[often])[0, 1] > 0.5
