"""Data that a machine's memory doesn't hold: films of a dump, words of texts, artists of a log.

    python -m helpers.cluster films DUMP --index INDEX                        in this process
    python -m helpers.cluster words FOLDER --out words.npz --cluster cores    on all cores
    python -m helpers.cluster words FOLDER --out words.npz --cluster tcp://10.0.0.1:8786
    python -m helpers.cluster artists LOG --out artists.npz                   with DuckDB

A cluster is a scheduler of Dask and its workers, which `dask scheduler` and `dask worker ADDRESS`
start. All need this package, and see the data under the same path. The results are the same
everywhere. Dask hands functions and results on as pickles, so use a cluster only if you trust it.
"""

import argparse
import json
import logging
import shutil
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from helpers import CookbookError, display_path, replacing, setting
from helpers.bars import progress
from helpers.datasets import wikipedia_dump
from helpers.datasets.listening_log import shared_listeners
from helpers.datasets.wikipedia_dump import Extraction
from helpers.datasets.wikitext import FILM_BOXES
from helpers.folders import files_of
from helpers.sampling import cooccurrences
from helpers.tokens import words_of

import dask.bag
import numpy as np
from dask import delayed
from dask.bytes import read_bytes
from distributed import CancelledError, Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.comm import CommClosedError
from scipy.sparse import csr_array, csr_matrix

ONE, CORES = "one", "cores"
PATIENCE = 30.0  # seconds to wait for a scheduler to answer, and for a worker where there is none
STREAMS_PER_TASK = 32  # of a dump: about a second of work
TEXT_PER_TASK = 2**21  # bytes


# Where the work is done


@contextmanager
def workers(cluster: str | None = None) -> Iterator[Client | None]:
    """Dask's client for `cluster`: the address of a scheduler, or "cores", for which it starts a
    worker a core. For "one", this process, it is None. COOKBOOK_CLUSTER names the default.

    Raises `CookbookError` for a cluster that is unknown, can't be reached or has no workers, and if
    within the block it loses them, or doesn't find a file or module.
    """
    place = cluster or setting("COOKBOOK_CLUSTER") or ONE
    with _explained(place):
        if place == ONE:
            yield None
        elif place == CORES:
            options = {"threads_per_worker": 1, "dashboard_address": ":0"}
            local = LocalCluster(silence_logs=logging.ERROR, **options)
            with local, Client(local) as client:
                yield client
        elif "://" in place:
            try:
                client = Client(place, timeout=PATIENCE)
            except (OSError, ValueError) as error:
                raise CookbookError(f"Dask cluster {place}: no connection ({error}).") from error
            with client:
                _require_worker(client)
                yield client
        else:
            raise CookbookError(
                f"Unknown cluster {place!r}. Valid: {ONE!r} (this process), {CORES!r} (all cores "
                "of this machine), or the address of a Dask scheduler, such as tcp://10.0.0.1:8786."
            )


def results(parts: Iterable[Any], client: Client | None) -> Iterator[Any]:
    """What each of Dask's collections or delayed values comes to, in the order in which they are
    ready. `client` is what `workers` gives."""
    if client is None:
        for part in parts:
            yield part.compute(scheduler="synchronous")
    else:
        for future, value in _finished(client, set(client.compute(list(parts)))):
            if future.status in ("error", "cancelled"):
                future.result()  # raises what is wrong
            yield value


def result(collection: Any, client: Client | None) -> Any:
    """What one of Dask's collections comes to."""
    return next(results([collection], client))


def _finished(client: Client, left: set[Future]) -> Iterator[tuple[Future, Any]]:
    """Those that are `left`, each with its value when it has one, or once it has failed."""
    while left:
        try:
            options = {"with_results": True, "raise_errors": False, "timeout": PATIENCE}
            for future, value in as_completed(left, **options):
                left.remove(future)  # a cluster keeps a value as long as somebody holds its future
                yield future, value
        except TimeoutError:  # nothing has come for so long: are they at work, or gone?
            _require_worker(client)


def _require_worker(client: Client) -> None:
    try:
        client.wait_for_workers(1, PATIENCE)
    except TimeoutError as error:
        address = client.scheduler.address
        raise CookbookError(
            f"Dask cluster {address}: no worker for {PATIENCE:.0f} seconds. Start one on each "
            f"machine: dask worker {address}"
        ) from error


@contextmanager
def _explained(place: str) -> Iterator[None]:
    """What goes wrong on a cluster, as a `CookbookError`."""
    try:
        yield
    except FileNotFoundError as error:
        missing = display_path(error.filename) if error.filename else error
        raise CookbookError(
            f"{missing}: no such file where the work is done. Every machine of a cluster needs "
            "the data under the same path."
        ) from error
    except (CancelledError, CommClosedError) as error:
        raise CookbookError(f"Dask cluster {place}: its scheduler is gone ({error}).") from error
    except KilledWorker as error:
        raise CookbookError(f"Dask cluster {place}: {error}") from error
    except (ModuleNotFoundError, RuntimeError) as error:
        reason = error.__cause__ or error
        if not isinstance(reason, ModuleNotFoundError):
            raise
        raise CookbookError(
            f"Dask cluster {place}: it can't load what it is given ({reason}). All its machines "
            "need this package, and what your functions import."
        ) from error


# Films of a dump


def films_of_dump(dump: Path, index: Path, out: Path, cluster: str | None = None) -> Extraction:
    """What `wikipedia_dump.extract_films` does, for a multistream dump with its index.

    Each task writes its films to a file in a folder beside `out`; at the end they are joined. What
    a stopped run has finished is not done again.
    Raises `CookbookError` if the dump or its index is damaged, and as `workers` does.
    """
    dump = Path(dump).resolve()
    out = Path(out).resolve()
    wikipedia_dump.check_files(dump, out)
    streams = list(pairwise([*wikipedia_dump.read_index(index), dump.stat().st_size]))
    folder = out.with_name(f"{out.name}.parts")
    tasks = {}
    for first in range(0, len(streams), STREAMS_PER_TASK):
        some = streams[first : first + STREAMS_PER_TASK]
        path = folder / f"{dump.name}-{some[0][0]}-{some[-1][1]}-v2.json"  # unlike older releases'
        tasks[path] = delayed(_write_part)(dump, some, path)
    missing = [task for path, task in tasks.items() if not path.exists()]
    with workers(cluster) as client:
        done = results(missing, client)
        bar = progress(done, desc=dump.name, total=len(missing), leave=False)
        faults = [fault for fault in bar if fault]
    if faults:
        raise CookbookError(
            f"{faults[0]}. Of {len(tasks):,} parts, {len(faults):,} can't be read; the others are "
            "kept. Mend the cause and run this again: it goes on from there."
        )
    found = _join(tasks, out)
    shutil.rmtree(folder)
    return found


def _write_part(dump: Path, streams: list[tuple[int, int]], path: Path) -> str | None:
    """Write the films of some streams of a dump to `path`. What is wrong with them, if anything."""
    found = Extraction()
    films = []
    try:
        with dump.open("rb") as file:
            for start, end in streams:
                pages = wikipedia_dump.read_stream(file, start, end)
                films += wikipedia_dump.films_among(pages, found)
    except CookbookError as error:
        return str(error)
    with replacing(path) as part:
        part.write_text(json.dumps(vars(found) | {"films": films}), encoding="utf-8")


def _join(parts: Iterable[Path], out: Path) -> Extraction:
    found = Extraction()
    with replacing(out) as whole, whole.open("w", encoding="utf-8") as lines:
        for path in parts:
            report = json.loads(path.read_text(encoding="utf-8"))
            found.pages += report["pages"]
            found.films += len(report["films"])
            found.unreadable += report["unreadable"]
            found.boxes.update(report["boxes"])
            lines.writelines(f"{film}\n" for film in report["films"])
    return found


# Words of a folder of texts


def word_cooccurrences(
    folder: Path,
    size: int = 4096,
    window: int = 5,
    subsample: float = 1e-3,
    cluster: str | None = None,
) -> tuple[csr_array, np.ndarray]:
    """How often two words stand together in the texts of a folder: a table (n, n), and the words.

    It is what `cooccurrences` of chapter 07 finds for the `size` most frequent words, at most
    `window` places apart, where words above a share `subsample` of all are thinned out. The texts
    are the .txt files of the folder and its subfolders, in UTF-8, without copies and what tools
    make. One of more than 2 MiB is read in pieces that end with a line, and no pair is found across
    them.
    Raises `CookbookError` if there is no text or word, or one isn't UTF-8, and as `workers` does.
    """
    if min(size, window, subsample) <= 0:
        raise CookbookError("The number of words, the window and subsample need to be above 0.")
    texts = _texts(Path(folder))
    with workers(cluster) as client:
        counts = result(texts.reduction(Counter, partial(sum, start=Counter())), client)
        ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:size]
        if not ordered:
            raise CookbookError(f"{display_path(folder)}: texts without a word.")
        words, times = map(np.array, zip(*ordered, strict=True))
        places = {word: place for place, word in enumerate(words.tolist())}
        keep = np.minimum(1, np.sqrt(subsample * times.sum() / times))
        tables = texts.map_partitions(_cooccurrences, delayed(places), window, delayed(keep))
        return result(tables.reduction(sum, sum), client), words


def _texts(folder: Path) -> dask.bag.Bag:
    """The words of the texts of a folder, a partition a piece."""
    names = [str(path) for path in files_of(folder, ".txt")]
    if not names:
        raise CookbookError(f"{display_path(folder)}: no folder of .txt files.")
    options = {"delimiter": b"\n", "blocksize": TEXT_PER_TASK, "sample": False}
    _, pieces, names = read_bytes(names, include_path=True, **options)
    words = []
    for name, of_text in zip(names, pieces, strict=True):
        words += [delayed(_words_of_piece)(piece, name) for piece in of_text]
    if not words:
        raise CookbookError(f"{display_path(folder)}: texts without a word.")
    return dask.bag.from_delayed(words)


def _words_of_piece(piece: bytes, name: str) -> list[str]:
    try:
        return words_of(piece.decode())
    except UnicodeDecodeError as error:
        raise CookbookError(f"{display_path(name)}: not UTF-8 ({error}). Save it so.") from error


def _cooccurrences(
    words: list[str], places: dict[str, int], window: int, keep: np.ndarray
) -> list[csr_array]:
    ids = np.array([places[word] for word in words if word in places], dtype=int)
    return [cooccurrences([ids], window, keep)]


# Command line


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 when all went well, 1 when not, 130 on Ctrl-C."""
    given = _parser().parse_args(argv)
    try:
        given.run(given)
    except CookbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m helpers.cluster")
    commands = parser.add_subparsers(required=True, metavar="films | words | artists")
    films = commands.add_parser("films", help="films of a dump of Wikipedia")
    films.add_argument("dump", type=Path, help="multistream dump of articles (.xml.bz2)")
    films.add_argument("--index", type=Path, help="its index (.txt.bz2); without, one process")
    films.set_defaults(run=_films)
    words = commands.add_parser("words", help="words that stand together in texts")
    words.add_argument("folder", type=Path, help="its .txt files, in UTF-8")
    words.add_argument("--words", type=int, default=4096, help="the most frequent; default: 4096")
    words.add_argument("--window", type=int, default=5, help="places apart, at most; default: 5")
    words.add_argument("--subsample", type=float, default=1e-3, help="default: 0.001")
    words.set_defaults(run=_words)
    artists = commands.add_parser("artists", help="listeners that artists share")
    artists.add_argument("log", type=Path, help="Parquet file, or a folder of them")
    artists.add_argument("--memory", help="as much as DuckDB may take, such as 4GB")
    artists.set_defaults(run=_artists)
    films.add_argument("--out", type=Path, default=wikipedia_dump.OUT, help="file to write")
    for command in (words, artists):
        command.add_argument("--out", type=Path, required=True, help="file to write (.npz)")
    for command in (films, words):
        command.add_argument("--cluster", help="one (default), cores, or a scheduler's address")
    return parser


def _films(given: argparse.Namespace) -> None:
    if given.index is None:
        found = wikipedia_dump.extract_films(given.dump, given.out)
    else:
        found = films_of_dump(given.dump, given.index, given.out, given.cluster)
    print(f"{found.films:,} films of {found.pages:,} pages are in {display_path(given.out)}.")
    for name, pages in found.boxes.most_common(10):
        taken = "" if name in FILM_BOXES else ", not taken"
        print(f"  {pages:,} pages with {{{{{name}}}}}{taken}")
    if found.unreadable:
        print(f"{len(found.unreadable):,} pages can't be read:", *found.unreadable[:10], sep="\n  ")


def _words(given: argparse.Namespace) -> None:
    options = given.words, given.window, given.subsample, given.cluster
    _save(given.out, *word_cooccurrences(given.folder, *options))


def _artists(given: argparse.Namespace) -> None:
    _save(given.out, *shared_listeners(given.log, given.memory))


def _save(out: Path, table: csr_array | csr_matrix, names: np.ndarray) -> None:
    """Write a table as `scipy.sparse.save_npz` does, and the names of its rows with it."""
    arrays = {"data": table.data, "indices": table.indices, "indptr": table.indptr}
    with replacing(out) as part, part.open("wb") as file:
        np.savez(file, format="csr", shape=table.shape, names=names, **arrays)
    print(f"{len(names):,} rows, {table.nnz:,} entries are in {display_path(out)}.")


if __name__ == "__main__":
    from helpers import cluster  # workers look up functions by name, and have another __main__

    sys.exit(cluster.main())
