"""What each chapter computes on so many times its data, measured in a process of its own.

    python tests/benchmarks/growing.py films 2 run.json    # twice the data of `WORKS["films"]`

The real data is taken as far as it goes; what is missing is made in its shape. Before the clock
starts, the same work is done on a little data, so that what libraries do once is done; then the
data is read and made. Compiling a network's step is left out too: the first step counts with the
mean of the others. Memory is the peak during the work, what was made of the data in it, above what
was there after the run on a little.
"""

import gc
import json
import sys
from collections.abc import Callable
from functools import cache, partial
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from types import SimpleNamespace
from typing import Any, NamedTuple

from helpers import bars
from helpers.chapters.char_rnn import encode, vocabulary
from helpers.chapters.lastfm_recommender import Split
from helpers.chapters.question_matching import mixtures, stem_vectors, stems
from helpers.datasets.films import load_films
from helpers.datasets.gutenberg import NOVELS, data_sets, load_text
from helpers.datasets.stackexchange import read_posts
from helpers.fetch import fetch
from helpers.pretrained import load_vectors
from helpers.run import NOTEBOOKS
from helpers.training import fastest_policy

import keras
import numpy as np
from notebook_code import notebook_code
from scipy.sparse import csr_matrix, vstack
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MultiLabelBinarizer

STATUS = Path("/proc/self/status")  # of Linux, as is the next
REFERENCES = Path("/proc/self/clear_refs")
LITTLE = 0.1  # of the data, for the run before
LAPS: list[float] = []  # seconds of each step of a training
SCRIPTS = TemporaryDirectory()  # TensorFlow reads them as long as they are used
NUMBERS = count()


class Job(NamedTuple):
    """Something to compute, and what it is computed of."""

    run: Callable[[], Any]
    rows: int
    real: int  # rows that are real data; the others are made


class Work(NamedTuple):
    """What a chapter computes on so many times its data."""

    chapter: str  # the notebook
    name: str
    grows: str  # what there are more of
    data: tuple[str, ...]  # that it fetches
    prepare: Callable[[float], Job]
    why: str = ""  # it can't be linear


def chapter(name: str, *names: str, **parameters: Any) -> SimpleNamespace:
    """What the notebook that begins with `name` defines as `names`, on the full data.

    `parameters` take the place of what it would compute.
    """
    (notebook,) = NOTEBOOKS.glob(f"{name}*.ipynb")
    script = Path(SCRIPTS.name) / f"{next(NUMBERS)}.py"
    return notebook_code(notebook, script, *names, EDITION="full", **parameters)


class Laps:
    """Stands where the progress bar of a training is, and notes when each step ends."""

    def __init__(self, iterable: Any = (), **_: Any):
        self.iterable = iterable
        self.n = 0
        self.begun = perf_counter()

    def __iter__(self):
        for item in self.iterable:
            yield item
            self.update(1)

    def update(self, n: int) -> None:
        self.n += n
        if n:
            now = perf_counter()
            LAPS.append(now - self.begun)
            self.begun = now

    def set_description(self, *_: Any, **__: Any) -> None: ...

    set_postfix_str = close = set_description


# Chapter 01


def bands(times: float) -> Job:
    real = real_bands()
    known = len(real.artists)
    n = round(times * known)
    rng = np.random.default_rng(0)
    # A made artist is in the contexts of a real one.
    made = rng.integers(known, size=max(0, n - known))
    origins = np.concatenate([rng.permutation(known)[:n], made])
    contexts = [
        [np.flatnonzero(np.isin(origins, bucket)) for bucket in buckets]
        for buckets in real.contexts
    ]
    contexts = [[bucket for bucket in buckets if len(bucket) > 1] for buckets in contexts]
    names = "Bands2Vec train noise_of EMBEDDING_SIZE NEGATIVES LEARNING_RATE".split()
    code = chapter("01", *names, artists=origins, rng=rng)

    def run() -> None:
        model = code.Bands2Vec(code.noise_of(contexts, real.shares), code.EMBEDDING_SIZE)
        epochs = max(1, round(2 * times))
        code.train(model, contexts, real.shares, epochs, code.NEGATIVES, code.LEARNING_RATE)

    return Job(run, n, min(n, known))


@cache
def real_bands() -> SimpleNamespace:
    return chapter("01", "artists", "contexts", "shares")


# Chapter 02


def words(n: int) -> tuple[list[str], np.ndarray, int]:
    """`n` words, their unit vectors, and how many of them are real: those of the zoo, or as many
    of all frequencies; beyond them, sums of two."""
    keyed = load_vectors("compact")
    real = len(keyed)
    kept = np.linspace(0, real - 1, min(n, real)).astype(int)
    named = [keyed.index_to_key[row] for row in kept]
    named += [f"{keyed.index_to_key[i % real]}_{i // real}" for i in range(real, n)]
    return named, mixtures(keyed.vectors[kept], n), min(n, real)


def similar_words(times: float) -> Job:
    named, unit, real = words(round(39_000 * times))
    code = chapter("02", "similar", words=named, unit=unit)
    asked = named[:100]
    return Job(lambda: [code.similar(word) for word in asked], len(named), real)


def hubs(times: float) -> Job:
    named, unit, real = words(round(20_000 * times))
    code = chapter("02", "moved", "is_name", words=named, unit=unit)
    names = np.flatnonzero(code.is_name)
    steps = unit[1:5] - unit[0]
    return Job(lambda: [code.moved(names, step).max(axis=0) for step in steps], len(named), real)


# Chapters 03 and 06: tables of rows and what each holds


def more_rows(table: csr_matrix, n: int) -> csr_matrix:
    """The first `n` rows of `table` (m, k), in random order; a row beyond them takes half of what
    two of them hold, so that popular things stay popular and rows as long."""
    rng = np.random.default_rng(0)
    real = table[rng.permutation(table.shape[0])[:n]]
    made = n - real.shape[0]
    if not made:
        return real.tocsr()
    halves = [table[rng.integers(table.shape[0], size=made)] for _ in range(2)]
    for half in halves:
        half.data *= rng.random(half.nnz) < 0.5
        half.eliminate_zeros()
    return vstack([real, halves[0].maximum(halves[1])]).tocsr()


def films(times: float) -> Job:
    n = 400 * max(1, round(12 * times))  # whole batches: each other size is compiled anew
    lists = load_films("wikipedia-movie-data", "full")["links"]
    table = MultiLabelBinarizer(sparse_output=True).fit_transform(lists).astype(np.float32)
    known = more_rows(table, n)
    data = {"known": known, "unseen": np.zeros(n, bool), "links": range(known.shape[1])}
    data |= {"frequency": 1 + np.bincount(known.indices, minlength=known.shape[1])}
    no_zoo = {"trained": None, "card": None}
    train = partial(chapter, "03", "history", edition="full", EPOCHS=1, **data, **no_zoo)
    return Job(train, n, min(n, table.shape[0]))


@cache
def real_listeners() -> SimpleNamespace:
    tables = chapter("06", "frames", "friends")
    return chapter("06", "test", "friend", friends=tables.friends, **tables.frames)


def listeners(times: float) -> tuple[SimpleNamespace, Split, int]:
    """The code of chapter 06, what it may see of so many listeners, and how many are real."""
    real = real_listeners()
    known = real.test.known.shape[0]
    n = 10 * round(95 * times)
    friend = real.friend[np.arange(n) % known].tocoo()  # as many, whoever they are
    kept = friend.col < n
    places = friend.row[kept], friend.col[kept]
    table = more_rows(real.test.known, n)
    names = "train", "ease", "SIZE"
    shared = {"friend": csr_matrix((friend.data[kept], places), (n, n))}
    code = chapter("06", *names, edition="full", artists=range(table.shape[1]), **shared)
    policy = fastest_policy(200, table.shape[1], code.SIZE)
    keras.config.set_dtype_policy(policy)
    return code, Split(table, csr_matrix(table.shape), real.test.tags), min(n, known)


def auto_encoder(times: float) -> Job:
    code, part, real = listeners(times)
    return Job(lambda: code.train(part, 2), part.known.shape[0], real)


def ease(times: float) -> Job:
    code, part, real = listeners(times / 2)
    heard = part.known.sign().toarray()
    return Job(lambda: code.ease(heard, 100), len(heard), real)


# Chapter 04


def characters(times: float) -> Job:
    steps = max(1, round(8 * times))
    text = load_text("tinyshakespeare", "full")
    kinds = vocabulary(text)
    code = chapter("04", "train", "STREAMS", "LENGTH", edition="full", ROUND=steps)
    n = code.STREAMS * code.LENGTH
    ids = encode(text[: n * steps + 1], kinds), encode(text[-n - 1 :], kinds)
    return Job(lambda: code.train("growth", *ids, len(kinds), 1), n * steps, n * steps)


# Chapter 05


@cache
def real_questions():
    posts = read_posts(fetch("stackexchange-cooking"))
    questions = posts[posts["kind"] == "question"].reset_index(drop=True)
    return questions.sample(frac=1, random_state=0)


def search(times: float) -> Job:
    some = real_questions().head(round(1900 * times))
    texts = some["title"] + "\n" + some["text"]
    code = chapter("05", "TextSearch")
    return Job(lambda: code.TextSearch(texts), len(some), len(some))


def matcher(times: float) -> Job:
    some = real_questions().head(round(1900 * times)).reset_index(drop=True)
    collection = [*some["title"], *some["text"]]
    lexicon = CountVectorizer(analyzer=stems).fit(collection)
    vectors = stem_vectors(collection, lexicon, chapter("05", "pieces").pieces.embed)
    data = {"train": some, "lexicon": lexicon, "start_vectors": vectors}
    setting = {"k1": 0.6, "b": 0.9}
    steps = 4 * max(1, len(some) // 32 // 4)  # every question comes once, in four parts
    code = partial(chapter, "05", "train_matcher", edition="full", STEPS=steps, setting=setting)
    return Job(lambda: code(**data).train_matcher(7), len(some), len(some))


# Chapter 07


@cache
def real_words() -> SimpleNamespace:
    return chapter("07", "train_plain", "train_ids")


def novels(times: float) -> Job:
    """Beyond their end they begin again, as in the chapter's own comparison."""
    code = real_words()
    n = round(150_000 * times)
    text = np.concatenate(code.train_ids)
    document = np.resize(text, n)
    return Job(lambda: code.train_plain(7, [document]), n, min(n, len(text)))


NOVEL_SETS = tuple(data_sets(NOVELS))
WORKS = {
    "bands": Work(
        "01_bands2vec",
        "training, 112 pairs an artist",
        "artists",
        ("pitchfork",),
        bands,
        why="each step moves the vectors of all artists, and there are more steps",
    ),
    "similar": Work("02_word_similarity", "100 look-ups", "words", (), similar_words),
    "hubs": Work(
        "02_word_similarity",
        "how near each word is to all names",
        "words",
        (),
        hubs,
        why="all names are compared with all words",
    ),
    "films": Work(
        "03_movie_embeddings",
        "a pass of the bag of links",
        "films",
        ("wikipedia-movie-data", "vega-movies"),
        films,
    ),
    "characters": Work(
        "04_char_rnn",
        "a pass of the LSTM",
        "characters",
        ("tinyshakespeare",),
        characters,
    ),
    "search": Work(
        "05_question_matching",
        "building the search",
        "questions",
        ("stackexchange-cooking",),
        search,
    ),
    "matcher": Work(
        "05_question_matching",
        "rivals, and a pass of the matcher",
        "questions",
        ("stackexchange-cooking",),
        matcher,
        why="each step moves the vectors of all stems, and rivals are found among all questions",
    ),
    "auto-encoder": Work(
        "06_lastfm_recommender",
        "2 passes of the auto-encoder",
        "listeners",
        ("lastfm",),
        auto_encoder,
    ),
    "ease": Work(
        "06_lastfm_recommender",
        "EASE",
        "listeners",
        ("lastfm",),
        ease,
        why="it solves a system of as many equations as there are listeners",
    ),
    "novels": Work(
        "07_word2vec_from_scratch",
        "a pass of the plain model",
        "words",
        NOVEL_SETS,
        novels,
    ),
}


def resident(kind: str = "VmRSS") -> float:
    """Megabytes of memory that this process has now, or with "VmHWM" had at the most.

    `resource.getrusage` would count what the process that started this one had, too.
    """
    lines = dict(line.split(":", 1) for line in STATUS.read_text().splitlines())
    return int(lines[kind].split()[0]) * 1024 / 1e6


def measure(work: Work, times: float) -> dict[str, float]:
    """What `work` costs on so many times its data: seconds and megabytes; its rows."""
    bars.progress = Laps
    work.prepare(LITTLE).run()
    gc.collect()
    LAPS.clear()
    floor = resident()
    job = work.prepare(times)
    REFERENCES.write_text("5")  # the peak begins anew
    begun = perf_counter()
    job.run()
    seconds = perf_counter() - begun
    if len(LAPS) > 1:
        seconds += np.mean(LAPS[1:]) - LAPS[0]
    megabytes = resident("VmHWM") - floor
    report = {"times": times, "rows": job.rows, "real": job.real}
    return report | {"seconds": seconds, "megabytes": megabytes}


if __name__ == "__main__":
    name, times, path = sys.argv[1:]
    Path(path).write_text(json.dumps(measure(WORKS[name], float(times))), encoding="utf-8")
