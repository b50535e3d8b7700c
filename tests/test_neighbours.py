"""Ways to search among many vectors, against the exact answer; an index kept in a file."""

import hashlib
import json
import os
import signal
import subprocess
import sys

from helpers import ROOT, CookbookError
from helpers.chapters.question_matching import (
    KINDS,
    build_index,
    compare_searchers,
    load_index,
    mixtures,
    save_index,
    searchers,
)
from helpers.embeddings import normalise

import faiss
import numpy as np
import pytest


@pytest.fixture(scope="module")
def crowd():
    some = normalise(np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32))
    return mixtures(some, 10_000)


def test_mixtures_keep_what_is_real_and_crowd_around_it(crowd):
    real, made = crowd[:500], crowd[500:]
    assert np.allclose(np.linalg.norm(crowd, axis=1), 1, atol=1e-5)
    assert np.allclose(mixtures(real, 10_000), crowd, atol=1e-6), "seeded"
    assert np.allclose(mixtures(real, 100), real[:100]), "fewer than there are: the first"
    nearest_real = (made @ real.T).max(axis=1)
    assert nearest_real.min() > 0.6 and np.mean(nearest_real < 0.999) > 0.99


def test_exact_ways_agree_and_the_others_find_most(crowd):
    queries = normalise(crowd[:20] + 0.3 * crowd[20:40])
    table = compare_searchers(crowd, queries)
    assert (table["recall"].iloc[:3] == 1).all()
    assert (table["recall"].iloc[3:] > 0.7).all()
    assert table.at["faiss", "MB"] == pytest.approx(crowd.nbytes / 1e6)
    assert table.at["faiss, clusters, bytes", "MB"] < 0.4 * table.at["faiss", "MB"]


def test_a_vector_finds_itself(crowd):
    for name, search, _ in searchers(crowd, k=3):
        found = search(crowd[7])
        assert len(found) == 3 and 7 in found, name


# An index in a file


@pytest.fixture
def saved(crowd, tmp_path):
    """The file of a small index with clusters."""
    save_index(build_index(crowd[:2000], "faiss, clusters"), tmp_path / "some.index")
    return tmp_path / "some.index"


@pytest.mark.parametrize("kind", [*KINDS, "HNSW16"])
def test_an_index_comes_back_as_it_was(crowd, tmp_path, kind):
    index = build_index(crowd, kind)
    save_index(index, tmp_path / "new" / "x.index")
    again = load_index(tmp_path / "new" / "x.index", dimension=16, rows=10_000)
    for before, after in zip(*(one.search(crowd[:50], 10) for one in (index, again)), strict=True):
        assert np.array_equal(before, after)
    names = sorted(path.name for path in (tmp_path / "new").iterdir())
    assert names == ["x.index", "x.index.json"]


def test_an_index_is_in_the_format_of_faiss(saved):
    assert saved.read_bytes()[:4] == b"IwFl"
    assert faiss.read_index(str(saved)).ntotal == 2000


def test_an_index_that_is_damaged_is_refused_with_the_way_out(saved):
    whole = saved.read_bytes()
    changed = whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:]
    for content, message in [
        (whole[:-1], f"some.index: {len(whole) - 1:,} bytes instead of {len(whole):,}"),
        (b"", "some.index: 0 bytes instead of"),
        (changed, "some.index: damaged, as its checksum differs"),
    ]:
        saved.write_bytes(content)
        with pytest.raises(CookbookError, match=f"{message}.* Build it again"):
            load_index(saved)


def test_an_index_of_other_vectors_is_refused(saved):
    assert load_index(saved, 16, 2000).ntotal == 2000
    with pytest.raises(CookbookError, match="dimension = 16, not 128"):
        load_index(saved, dimension=128)
    with pytest.raises(CookbookError, match="rows = 2,000, not 1,999"):
        load_index(saved, rows=1999)


def test_a_file_or_card_that_is_missing_or_something_else_is_refused(saved, tmp_path):
    with pytest.raises(CookbookError, match="none.index: no such file"):
        load_index(tmp_path / "none.index")
    card = tmp_path / "some.index.json"
    content = json.loads(card.read_text())
    for text in ("", "[]", "{}", "\x00"):
        card.write_text(text)
        with pytest.raises(CookbookError, match="some.index.json: not the card of an index"):
            load_index(saved)
    card.unlink()
    with pytest.raises(CookbookError, match="some.index.json: no such file"):
        load_index(saved)
    saved.write_bytes(b"something else")
    checksum = hashlib.sha256(b"something else").hexdigest()
    card.write_text(json.dumps(content | {"bytes": 14, "sha256": checksum}))
    with pytest.raises(CookbookError, match="some.index: faiss can't read it"):
        load_index(saved)


KILLED = """
import os, signal, sys
from pathlib import Path
import faiss, numpy as np
from helpers.chapters import question_matching as neighbours
write = faiss.write_index
def half(index, path):
    write(index, path)
    os.truncate(path, 1000)
    os.kill(os.getpid(), signal.SIGKILL)
faiss.write_index = half
vectors = np.eye(64, dtype="f")
neighbours.save_index(neighbours.build_index(vectors, "faiss"), Path("some.index"))
"""


def test_a_run_that_is_killed_while_it_saves_leaves_the_former_index(saved):
    before = saved.read_bytes()
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", KILLED], cwd=saved.parent, env=environment)
    assert done.returncode == -signal.SIGKILL
    assert saved.read_bytes() == before and load_index(saved).ntotal == 2000
