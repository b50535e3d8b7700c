"""Sums over data of any size: which artists share listeners, which words stand together.

    python -m helpers.sums artists LOG --out artists.npz                    in this process
    python -m helpers.sums words FOLDER --out words.npz --cluster cores     on all cores
    python -m helpers.sums words FOLDER --out words.npz --cluster tcp://10.0.0.1:8786

LOG is a Parquet file, or a folder of them, with the columns user, artist and plays. FOLDER holds
texts, .txt files in UTF-8. What comes out is a sparse table and the names of its rows.
"""

import argparse
import re
import sys
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from helpers import GENERATED, CookbookError, display_path, replacing
from helpers.chapters.word2vec_from_scratch import cooccurrences
from helpers.scale import grouped, opened, sum_over

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.sparse import csr_array, csr_matrix, triu

ROWS = 2**22  # of a log that a process reads at a time
USERS_OF = 2**20  # rows of a log, of whole users, that are multiplied at a time
MOST_PARTITIONS = 2**12  # by user; beyond a billion rows the partitions grow instead
TEXT = 2**21  # bytes of text that a process reads at a time
NEAR = 2**16  # bytes behind a cut, within which a word should end
COLUMNS = ("user", "artist", "plays")
MARKS = "".join(c for c in map(chr, range(0x300, 0x20000)) if unicodedata.category(c)[0] == "M")
WORD = re.compile(rf"[\w{MARKS}]+(?:'[\w{MARKS}]+)*")  # \w is a letter, a digit or _


# A listening log: artist by artist


class Rows(NamedTuple):
    """A part of a log: so many `rows` of a Parquet file, one of its row groups."""

    path: Path
    group: int
    rows: int


def heard(plays: csr_matrix) -> csr_matrix:
    """Ones where there are `plays` (users, artists)."""
    return plays.sign()


def gram(
    log: Path,
    weigh: Callable[[csr_matrix], csr_matrix] = heard,
    scratch: Path | None = None,
    cluster: str | None = None,
) -> tuple[csr_matrix, np.ndarray]:
    """How artists go together in a listening log: a table (artists, artists), and their ids.

    The table is X.T @ X of what `weigh` makes of each user's plays, a row of X (users, artists);
    with ones, it counts the listeners that two artists share. `log` is a Parquet file or a folder
    of them with the columns user, artist and plays; plays of the same user and artist add up.

    X.T @ X is a sum over users, who therefore have to be whole. One reading of the log finds the
    artists; the next sorts its rows by a hash of their user, to files in the folder `scratch`,
    which all machines see (default: generated/). Then each partition is some of the users. So
    memory depends on the artists, and not on the rows.

    Raises `CookbookError` for a log that is missing, damaged or not such a table, and as
    `helpers.scale.sum_over` does.
    """
    pieces = _row_groups(Path(log))
    parts = list(enumerate(grouped(pieces, lambda piece: piece.rows, ROWS)))
    rows = sum(piece.rows for piece in pieces)
    buckets = min(-(-rows // USERS_OF), MOST_PARTITIONS)
    scratch = Path(scratch or GENERATED)
    scratch.mkdir(parents=True, exist_ok=True)
    with opened(cluster) as workers, TemporaryDirectory(prefix="gram-", dir=scratch) as folder:
        where = Path(folder).resolve()
        artists = sum_over(parts, _artists_in, cluster=workers, add=np.union1d)
        sum_over(parts, _sort_by_user, artists, buckets, where, cluster=workers)
        shared = len(parts), len(artists), weigh, where
        half = sum_over(range(buckets), _gram_of, *shared, cluster=workers)
    return (half + triu(half, 1).T).tocsr(), artists


def _row_groups(log: Path) -> list[Rows]:
    """The row groups of all files of a log, in order."""
    paths = sorted(log.rglob("*.parquet")) if log.is_dir() else [log]
    if not paths or not paths[0].is_file():
        raise CookbookError(f"{display_path(log)}: no Parquet file, or folder of .parquet files.")
    found, first = [], None
    for path in paths:
        try:
            file = pq.read_metadata(path)
            schema = _plain(file.schema.to_arrow_schema(), path)
        except (OSError, pa.ArrowException) as error:
            raise CookbookError(f"{display_path(path)}: not a Parquet file ({error}).") from error
        if schema != (first := first or schema):
            raise CookbookError(
                f"{display_path(path)}: its columns are other than those of "
                f"{display_path(paths[0])}: {_types(schema)} instead of {_types(first)}."
            )
        groups = (file.row_group(number).num_rows for number in range(file.num_row_groups))
        found += [Rows(path.resolve(), n, rows) for n, rows in enumerate(groups) if rows]
    if not found:
        raise CookbookError(f"{display_path(log)}: a log without a row.")
    return found


def _plain(schema: pa.Schema, path: Path) -> pa.Schema:
    """The columns of a log as they are worked with: whole numbers or text, and plays."""
    fields = []
    for name in COLUMNS[:2]:
        if missing := {*COLUMNS} - {*schema.names}:
            raise CookbookError(
                f"{display_path(path)}: no column {', '.join(sorted(missing))}. A listening log "
                f"has {', '.join(COLUMNS)}; this has {', '.join(schema.names)}."
            )
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if pa.types.is_integer(kind):
            fields.append((name, pa.int64()))
        elif pa.types.is_string(kind) or pa.types.is_large_string(kind):
            fields.append((name, pa.large_string()))
        else:
            raise CookbookError(
                f"{display_path(path)}: the column {name} holds {kind}; it needs whole numbers "
                "or text."
            )
    return pa.schema([*fields, ("plays", pa.float64())])


def _types(schema: pa.Schema) -> str:
    return ", ".join(f"{field.name} {field.type}" for field in schema)


def _read(pieces: Sequence[Rows], columns: Sequence[str]) -> pa.Table:
    """These columns of some row groups, in which no value is missing."""
    tables = []
    for path, group, _ in pieces:
        try:
            with pq.ParquetFile(path, page_checksum_verification=True) as file:
                plain = _plain(file.schema_arrow, path)
                table = file.read_row_group(group, columns=list(columns)).select(columns)
            tables.append(table.cast(pa.schema([plain.field(name) for name in columns])))
        except FileNotFoundError:
            raise
        except (OSError, pa.ArrowException, IndexError) as error:
            raise CookbookError(f"{display_path(path)}: damaged ({error}).") from error
        if empty := [name for name in columns if tables[-1][name].null_count]:
            raise CookbookError(f"{display_path(path)}: a row without {' and '.join(empty)}.")
    return pa.concat_tables(tables).combine_chunks()


def _artists_in(part: tuple[int, list[Rows]]) -> np.ndarray:
    return np.unique(_read(part[1], ["artist"])["artist"].unique().to_numpy(zero_copy_only=False))


def _sort_by_user(
    part: tuple[int, list[Rows]], artists: np.ndarray, buckets: int, folder: Path
) -> int:
    """Write a file with the rows of a part: the batch n holds those of the users in bucket n.

    A batch is read without the others. A user is in the same bucket wherever it is computed.
    """
    number, pieces = part
    table = _read(pieces, COLUMNS)
    plays = table["plays"].to_numpy()
    if not (np.isfinite(plays) & (plays > 0)).all():
        names = ", ".join(sorted({display_path(piece.path) for piece in pieces}))
        raise CookbookError(f"{names}: plays that aren't above zero. Leave such rows out.")
    artist = table["artist"].combine_chunks().dictionary_encode()
    places = np.searchsorted(artists, artist.dictionary.to_numpy(zero_copy_only=False))
    bucket = pd.util.hash_array(table["user"].to_numpy()) % np.uint64(buckets)
    order = np.argsort(bucket, kind="stable")
    edges = np.searchsorted(bucket[order], np.arange(buckets + 1))
    places = places.astype(np.int32)[artist.indices.to_numpy()]
    columns = {"user": table["user"], "artist": places, "plays": plays}
    batch = pa.table(columns).take(order).combine_chunks().to_batches()[0]
    with (
        replacing(folder / f"{number}.arrow") as path,
        pa.OSFile(str(path), "wb") as file,
        pa.ipc.new_file(file, batch.schema) as writer,
    ):
        for start, end in pairwise(edges):
            writer.write_batch(batch.slice(start, end - start))
    return len(order)


def _gram_of(bucket: int, files: int, items: int, weigh: Callable, folder: Path) -> csr_matrix:
    """X.T @ X of the users in a bucket, its upper half, as it is symmetric."""
    batches = []
    for number in range(files):
        with pa.OSFile(str(folder / f"{number}.arrow")) as file:
            batches.append(pa.ipc.open_file(file).get_batch(bucket))
    rows = pa.Table.from_batches(batches)
    users, unique = pd.factorize(rows["user"].to_numpy())
    entries = rows["plays"].to_numpy(), (users, rows["artist"].to_numpy())
    table = csr_matrix(entries, (len(unique), items), dtype=np.float32)
    table = weigh(table) if len(unique) else table
    half = triu(table.T @ table, format="csr")
    half.sort_indices()
    return half


# A folder of texts: word by word


class Span(NamedTuple):
    """The bytes `start` to `end` of a file of text."""

    path: Path
    start: int
    end: int


def split_words(text: str) -> list[str]:
    """The words of `text` in lower case, as chapter 07 splits them: letters and digits of any
    script, and apostrophes between them.

    >>> split_words("“Don’t _you_ go,” cried Élise—‘at last’.")
    ["don't", 'you', 'go', 'cried', 'élise', 'at', 'last']
    """
    text = text.lower().replace("’", "'").replace("‘", "'").replace("_", " ")
    return WORD.findall(text)


def count_words(
    folder: Path, split: Callable[[str], list[str]] = split_words, cluster: str | None = None
) -> pd.Series:
    """How often each word occurs in the texts of a folder, the most frequent first.

    The texts are its .txt files and those of its subfolders, in UTF-8. Raises `CookbookError` if
    there are none or one isn't UTF-8, and as `helpers.scale.sum_over` does.
    """
    counts = sum_over(_spans(Path(folder)), _words_in, split, cluster=cluster)
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    words, times = zip(*ordered, strict=True) if ordered else ((), ())
    return pd.Series(times, pd.Index(words, dtype=str), dtype=np.int64)


def count_pairs(
    folder: Path,
    vocabulary: Sequence[str],
    window: int,
    keep: np.ndarray,
    split: Callable[[str], list[str]] = split_words,
    cluster: str | None = None,
) -> csr_array:
    """What `cooccurrences` finds in the texts of a folder: (words, words) of the `vocabulary`.

    Other words are left out before. `keep` (words,) is the chance of each to stay. A file of more
    than 2 MiB is read in spans, and no pair is found across their ends.

    Raises as `count_words` does, and `CookbookError` for an empty vocabulary or window.
    """
    words = list(vocabulary)
    if not words:
        raise CookbookError("An empty vocabulary has no pairs: name some words.")
    constants = words, window, np.asarray(keep), split
    return sum_over(_spans(Path(folder)), _pairs_in, *constants, cluster=cluster)


def chances_to_stay(counts: np.ndarray, share: float = 1e-3) -> np.ndarray:
    """The chance of words with these `counts` (n,) to stay where those above this `share` of all
    are thinned out (Mikolov and others, 2013). Raises `CookbookError` if `share` isn't above 0."""
    if not share > 0:
        raise CookbookError(f"share = {share}: it needs to be above 0; 1 keeps every word.")
    return np.minimum(1, np.sqrt(share * counts.sum() / np.maximum(counts, 1)))


def _spans(folder: Path) -> list[list[Span]]:
    """The texts of a folder: large ones cut between words, small ones together."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() == ".txt")
    if not paths:
        raise CookbookError(
            f"{display_path(folder)}: no folder of .txt files. The texts of a folder are the "
            "files in it, and in its subfolders, that end in .txt."
        )
    spans = [span for path in paths for span in _cut(path.resolve())]
    return grouped(spans, lambda span: span.end - span.start, TEXT)


def _cut(path: Path) -> list[Span]:
    """Spans of about `TEXT` bytes that end between words."""
    size, cuts = path.stat().st_size, [0]
    with path.open("rb") as file:
        for near in range(TEXT, size, TEXT):
            file.seek(near)
            if space := re.search(rb"\s", file.read(NEAR)):
                cuts.append(near + space.end())
    return [Span(path, start, end) for start, end in pairwise([*cuts, size])]


def _words_of(span: Span, split: Callable[[str], list[str]]) -> list[str]:
    with span.path.open("rb") as file:
        file.seek(span.start)
        content = file.read(span.end - span.start)
    try:
        return split(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise CookbookError(
            f"{display_path(span.path)}: byte {span.start + error.start:,} isn't UTF-8. Save it "
            "as UTF-8."
        ) from error


def _words_in(spans: list[Span], split: Callable[[str], list[str]]) -> Counter:
    counts = Counter()
    for span in spans:
        counts.update(_words_of(span, split))
    return counts


def _pairs_in(
    spans: list[Span], vocabulary: list[str], window: int, keep: np.ndarray, split: Callable
) -> csr_array:
    places = {word: place for place, word in enumerate(vocabulary)}
    texts = (map(places.get, _words_of(span, split)) for span in spans)
    ids = [np.array([place for place in text if place is not None], int) for text in texts]
    return cooccurrences(ids, window, keep)


# Tables in files


def save_table(path: Path, table: csr_array | csr_matrix, names: Sequence) -> None:
    """Write a sparse `table` (n, n) and the `names` (n,) of its rows, numbers or text, to a .npz.

    What was at `path` stays until the new file is whole.
    """
    names = np.asarray(names)
    arrays = {"data": table.data, "indices": table.indices, "indptr": table.indptr}
    arrays["names"] = names.astype(str) if names.dtype.kind == "O" else names
    with replacing(Path(path)) as part, part.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)


def load_table(path: Path) -> tuple[csr_matrix, np.ndarray]:
    """The table (n, n) that `save_table` wrote, and the names (n,) of its rows.

    Raises `CookbookError` if the file is missing or isn't such a table.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            names = stored["names"]
            entries = stored["data"], stored["indices"], stored["indptr"]
        return csr_matrix(entries, (len(names), len(names))), names
    except FileNotFoundError as error:
        raise CookbookError(f"{display_path(path)}: no such file.") from error
    except (OSError, EOFError, ValueError, KeyError, TypeError, zipfile.BadZipFile) as error:
        raise CookbookError(f"{display_path(path)}: no table of this module ({error}).") from error


# Command line


def main(argv: list[str] | None = None) -> int:
    """The exit code: 0 when all went well, 1 when not, 130 on Ctrl-C."""
    arguments = _parser().parse_args(argv)
    try:
        with opened(arguments.cluster) as workers:
            table, names = arguments.work(arguments, workers)
        save_table(arguments.out, table, names)
    except CookbookError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: nothing is written", file=sys.stderr)
        return 130
    print(f"{len(names):,} rows, {table.nnz:,} entries are in {display_path(arguments.out)}.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m helpers.sums", description=__doc__.split("\n")[0])
    kinds = parser.add_subparsers(required=True, metavar="artists | words")
    artists = kinds.add_parser("artists", help="how many listeners two artists of a log share")
    artists.add_argument("source", type=Path, metavar="LOG", help="Parquet file, or a folder")
    artists.add_argument("--scratch", type=Path, help="folder for the sorted log; all machines see")
    artists.set_defaults(work=_artists)
    words = kinds.add_parser("words", help="how often two words of texts stand together")
    words.add_argument("source", type=Path, metavar="FOLDER", help="its .txt files, in UTF-8")
    words.add_argument("--words", type=int, default=4096, help="the most frequent; default: 4096")
    words.add_argument("--window", type=int, default=5, help="places apart, at most; default: 5")
    words.add_argument("--subsample", type=float, default=1e-3, help="default: 0.001")
    words.set_defaults(work=_words)
    for kind in (artists, words):
        kind.add_argument("--out", type=Path, required=True, help="the .npz file to write")
        kind.add_argument("--cluster", help="one (default), cores, or the address of a scheduler")
    return parser


def _artists(arguments: argparse.Namespace, workers) -> tuple[csr_matrix, np.ndarray]:
    return gram(arguments.source, scratch=arguments.scratch, cluster=workers)


def _words(arguments: argparse.Namespace, workers) -> tuple[csr_array, np.ndarray]:
    counts = count_words(arguments.source, cluster=workers).head(arguments.words)
    keep = chances_to_stay(counts.to_numpy(), arguments.subsample)
    words = counts.index.to_list()
    table = count_pairs(arguments.source, words, arguments.window, keep, cluster=workers)
    return table, np.array(words)


if __name__ == "__main__":
    from helpers import sums

    sys.exit(sums.main())
