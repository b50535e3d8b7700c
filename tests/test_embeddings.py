"""Neighbours agree with brute force; exported files read as the projector reads them."""

from helpers import CookbookError
from helpers.embeddings import (
    export_projector,
    find_named,
    index_of,
    nearest,
    nearest_of_each,
    normalise,
)

import numpy as np
import pandas as pd
import pytest
from google.protobuf import text_format
from sklearn.metrics.pairwise import cosine_similarity
from tensorboard.plugins.projector import ProjectorConfig


@pytest.fixture
def embeddings() -> np.ndarray:
    """50 vectors in 6 dimensions, of very different lengths."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(50, 6)) * rng.uniform(0.01, 100, size=(50, 1))


def test_rows_get_length_one_and_zeros_stay():
    assert normalise(np.array([[3, 4], [0, 0]])) == pytest.approx(np.array([[0.6, 0.8], [0, 0]]))


@pytest.mark.parametrize("k", [1, 5, 49])
def test_the_nearest_of_each_are_those_of_brute_force(embeddings, k):
    cosines = cosine_similarity(embeddings)
    np.fill_diagonal(cosines, -2)
    expected = np.argsort(-cosines, axis=1)[:, :k]
    assert np.array_equal(nearest_of_each(embeddings, k), expected)


def test_equal_rows_are_not_their_own_neighbours():
    found = nearest_of_each(np.ones((5, 2)), k=3)
    assert not (found == np.arange(5)[:, None]).any()


def test_nearest_is_in_order_and_passes_over_the_excluded(embeddings):
    cosines = cosine_similarity(embeddings[:1], embeddings)[0]
    order = [i for i in np.argsort(-cosines) if i not in (0, 7)]
    found, values = nearest(embeddings[0], embeddings, k=10, exclude=[0, 7])
    assert list(found) == order[:10]
    assert values == pytest.approx(cosines[found])
    assert nearest(embeddings[3], embeddings, k=1)[0] == [3]


def test_more_neighbours_than_there_are_is_an_error(embeddings):
    assert len(nearest(embeddings[0], embeddings, k=48, exclude=[0, 7])[0]) == 48
    with pytest.raises(CookbookError, match="49 neighbours, but there are 48"):
        nearest(embeddings[0], embeddings, k=49, exclude=[0, 7])
    for k in (0, 50):
        with pytest.raises(CookbookError, match=f"{k} neighbours, but there are 49"):
            nearest_of_each(embeddings, k)


def test_index_of_suggests_close_labels():
    labels = pd.Index(["radiohead", "can", "can"])
    assert index_of("can", labels) == 1
    with pytest.raises(CookbookError, match="Unknown artist 'radiohed'. Did you mean 'radiohead'"):
        index_of("radiohed", labels, kind="artist")


def as_the_projector_reads(text: str) -> list[list[str]]:
    """Rows of metadata: it skips blank lines and doesn't know quotes."""
    return [line.split("\t") for line in text.split("\n") if line.strip()]


def test_export_for_the_projector(tmp_path):
    vectors = np.array([[1, 2.5], [0, -1e-7], [3, 4], [5, 6]])
    names = ['say "hi"', "a\tb", "c\r\nd\n", ""]
    kinds = pd.Categorical(["x", "y", "x", None])
    export_projector(tmp_path, vectors, pd.DataFrame({"name": names, "kind": kinds, "n": 1.5}))
    rows = as_the_projector_reads((tmp_path / "metadata.tsv").read_bytes().decode())
    assert rows[0] == ["name", "kind", "n"]
    assert rows[1:] == [['say "hi"', "x", "1.5"], ["a b", "y", "1.5"], ["c d ", "x", "1.5"],
                        ["-", "-", "1.5"]]  # fmt: skip
    config = text_format.Parse((tmp_path / "projector_config.pbtxt").read_text(), ProjectorConfig())
    assert config.embeddings[0].metadata_path == "metadata.tsv"
    exported = np.loadtxt(tmp_path / config.embeddings[0].tensor_path, delimiter="\t")
    assert exported == pytest.approx(vectors, abs=1e-5)


def test_a_single_column_is_exported_without_header_and_keeps_its_rows(tmp_path):
    export_projector(tmp_path, np.eye(3), pd.DataFrame({"name": ["a\tb", "", None]}))
    rows = as_the_projector_reads((tmp_path / "metadata.tsv").read_text())
    assert rows == [["a b"], ["-"], ["-"]]


def test_metadata_of_another_length_is_refused(tmp_path):
    with pytest.raises(CookbookError, match="3 embeddings but 2 rows"):
        export_projector(tmp_path, np.eye(3), pd.DataFrame({"name": ["a", "b"]}))
    assert not list(tmp_path.iterdir())


NAMES = ["Kanye West & Jay-Z", "Kanye West", "West", "Eminem"]


@pytest.mark.parametrize(
    ("text", "found"),
    [("West", 2), ("kanye west", 1), (" eminem ", 3), ("Jay", 0), ("Kanye", 1), ("est", 1)],
)
def test_names_are_found_in_any_case_whole_ones_first_then_by_weight(text, found):
    assert find_named(text, NAMES, np.array([1, 9, 5, 5])) == found


def test_other_names_that_hold_the_text_are_listed(capsys):
    find_named("Kanye", NAMES, np.array([1, 9, 5, 5]))
    assert "taken as Kanye West; 1 others hold it: Kanye West & Jay-Z" in capsys.readouterr().out
    find_named("Jay", NAMES, np.ones(4))
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("text", ["Eminen", "", "  "])
def test_a_name_that_is_not_there_is_an_error(text):
    with pytest.raises(CookbookError, match="Unknown artist"):
        find_named(text, NAMES, np.ones(4), "artist")
