"""Every set of vectors comes as `KeyedVectors`, or with a word on how to get it."""

import shutil

from helpers import CookbookError, fetch, pretrained, zoo

import numpy as np
import pandas as pd
import pooch
import pytest
from gensim.models import KeyedVectors
from samples.word_vectors import planted_words

REMOTE = [name for name in pretrained.VECTOR_SETS if name != "compact"]


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """Empty folders for data and for what is made, and no source but a mirror."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setattr(pretrained, "GENERATED", tmp_path / "generated")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path / "mirror"))
    return tmp_path


@pytest.fixture
def register_sample(monkeypatch, folders):
    """Lets the sample of a set of vectors pass for the set; the mirror holds it."""

    def register(name: str) -> None:
        path = fetch.fetch(name, "sample")
        (folders / "mirror").mkdir()
        shutil.copy(path, folders / "mirror")
        file = fetch.File("https://127.0.0.1:9/", path.stat().st_size, pooch.file_hash(path))
        data = fetch.DataSet("Vectors", {path.name: file}, "CC0", "https://example.org", "")
        monkeypatch.setitem(fetch.REGISTRY, name, data)
        source = pretrained.VECTOR_SETS[name]
        small = pretrained.VectorSet(100, source.size, 1, 1, source.binary)
        monkeypatch.setitem(pretrained.VECTOR_SETS, name, small)

    return register


@pytest.mark.parametrize("name", REMOTE)
def test_vectors_are_fetched_once_and_then_mapped_from_disk(name, register_sample, folders):
    register_sample(name)
    first = pretrained.load_vectors(name)
    shutil.rmtree(folders / "data")
    shutil.rmtree(folders / "mirror")
    again = pretrained.load_vectors(name)
    assert isinstance(again.vectors, np.memmap)
    assert again.index_to_key == first.index_to_key and len(again) == 100
    assert np.array_equal(again.vectors, first.vectors)
    word, *group = planted_words()[0]
    assert {found for found, _ in again.most_similar(word, topn=len(group))} == set(group)


def test_a_set_that_cannot_be_had_names_the_ways_out():
    with pytest.raises(fetch.FetchError) as caught:
        pretrained.load_vectors("google-news-44k")
    message = str(caught.value)
    assert "Can't get data/word2vec_sample.zip" in message
    for way in ("connect to the network", "COOKBOOK_MIRROR", "by hand", 'VECTORS = "compact"'):
        assert way in message
    assert "EDITION" not in message


def test_vectors_of_another_shape_are_refused_and_leave_nothing(
    register_sample, monkeypatch, folders
):
    register_sample("google-news-44k")
    monkeypatch.setitem(
        pretrained.VECTOR_SETS, "google-news-44k", pretrained.VectorSet(43_981, 300, 49, 60)
    )
    with pytest.raises(CookbookError, match=r"'100'.* where the shape \(43981, 300\)"):
        pretrained.load_vectors("google-news-44k")
    assert not (folders / "generated/vectors").exists()


def test_an_unknown_set_names_the_known_ones():
    with pytest.raises(CookbookError, match="'compakt'. Did you mean 'compact'.*Valid: compact, g"):
        pretrained.load_vectors("compakt")


def test_the_compact_vectors_are_small_and_fit_their_words():
    compact = pretrained.load_vectors()
    assert compact.vectors.shape == (pretrained.VECTOR_SETS["compact"].words, 128)
    assert len(compact.key_to_index) == len(compact)
    assert np.isfinite(compact.vectors).all()
    for word in ("espresso", "Russia", "South_Korea", "Buenos_Aires", "USA", "iPhone"):
        assert word in compact
    lengths = np.linalg.norm(compact.vectors, axis=1)
    assert lengths.min() > 0 and lengths.std() / lengths.mean() > 0.01, "lengths are kept"


def test_words_in_lower_case_find_names():
    keyed = KeyedVectors(2)
    keyed.add_vectors(["bread", "Paris"], [[3, 4], [0, 2]])
    embed = pretrained.vectors_of(keyed)
    assert np.allclose(embed(["bread", "paris", "xyzzy"]), [[0.6, 0.8], [0, 1], [0, 0]])


@pytest.fixture
def word_pieces(tmp_path, monkeypatch):
    """A table of seven pieces, the vector of each with a 1 at its own place."""
    monkeypatch.setattr(zoo, "ZOO", tmp_path)
    pieces = pd.DataFrame({"piece": ["[UNK]", "bread", "##s", "bre", "##ad", "nan", "?"]})
    arrays = {"vectors": 2 * np.eye(7, dtype=np.int8), "scales": np.full(7, 0.5)}
    zoo.save(tmp_path / "05_toy", arrays, pieces, {"name": "toy"})
    return pretrained.WordPieces("05_toy")


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("Bread?", ["bread", "?"]),
        ("BRÉADS", ["bread", "##s"]),
        ("bre", ["bre"]),
        ("nan_bread", ["nan", "[UNK]", "bread"]),
        ("sad", ["[UNK]"]),  # "s" doesn't begin a word
        ("breadx ??", ["[UNK]", "?", "?"]),
        ("", []),
    ],
)
def test_words_are_cut_into_the_longest_pieces(text, pieces, word_pieces):
    assert word_pieces.cut(text) == pieces


def test_a_text_is_the_direction_of_the_sum_over_its_pieces(word_pieces):
    embeddings = word_pieces.embed(["breads bread", ""])
    assert np.allclose(embeddings[0], np.array([0, 2, 1, 0, 0, 0, 0]) / 5**0.5)
    assert not embeddings[1].any()


def test_the_shipped_pieces_know_what_is_alike():
    pieces = pretrained.WordPieces("05_question_matching/pieces")
    loaf, dough, exam = pieces.embed(["a loaf of bread", "how to knead dough", "a written exam"])
    assert loaf @ dough > loaf @ exam + 0.2
