"""The one registry of data sets, and getting a file here.

python -m helpers.fetch            # all that the chapters use unless you choose otherwise
python -m helpers.fetch lastfm     # these
python -m helpers.fetch --table    # print the registry as the table that data/README.md holds
"""

import argparse
import contextlib
import hashlib
import logging
import os
import re
import shutil
import sys
import textwrap
import zipfile
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from helpers import DATA, DISK_ERRORS, ROOT, CookbookError, display_path, unknown

import pooch
import requests
from filelock import FileLock
from tqdm import tqdm

SAMPLE = ROOT / "data" / "sample"  # the stand-ins; tests/samples makes them
EDITIONS = ("full", "sample")
USE_SAMPLE = 'set EDITION = "sample": a small stand-in, no download'
TIMEOUT = (3.05, 30)  # seconds to connect, seconds between two pieces of a file
WEB_PAGE = (b"<!doctype html", b"<html")
ZIP, GZIP, SEVEN_ZIP = b"PK\x03\x04", b"\x1f\x8b", b"7z\xbc\xaf\x27\x1c"
GENSIM = "https://github.com/RaRe-Technologies/gensim-data/releases/download"
GITHUB = "https://raw.githubusercontent.com"
FILMS = f"{GITHUB}/prust/wikipedia-movie-data/91ae721d3672e8ef4f15b213c763a634250ef61a"
FILMS_OF = {  # decade: size and checksum of its file
    "1900s": (100_041, "5a42dfc3ff83ab30e3982f93f1164114b41e99e73c632c2321a87772959793e5"),
    "1910s": (2_007_693, "4672fe20aeddfe1c52464efc804ee3091f9e4b5fd385401ff0ce48cf8d367573"),
    "1920s": (3_463_423, "cb892518d2ffda4f2f11a0bd56f28b102fd0d47e5ae1ba2b2e4cb4e964f8127a"),
    "1930s": (2_921_862, "b2ffc5608cbeff231408433ad43f873d422b914bebdf408ebe18427c09a9dcb2"),
    "1940s": (2_972_875, "b4d96fc8b7c36f406e489b6fc017de03dd6a10f4c89a84d2a2a46af74e8b49a3"),
    "1950s": (2_123_294, "8f566bfec734e93f19f688598e82239556401bde63c226510d71190b30855298"),
    "1960s": (1_159_360, "a2450179f0744c07960a7840b9a86b5e0d733f7c0136a4ebcb804a63de9dc0a1"),
    "1970s": (1_217_440, "f9abef01840fc70afd148906c7985fa5548ab1f473520dfa6623a3a397bc4ce3"),
    "1980s": (1_713_927, "21d0f3c203f77169bb6508225aad4740816a3d7efd9e3bac82e3b812d0569672"),
    "1990s": (2_213_647, "facf24e3297937022285d064cc069e8bbe02581c3248a87f0b377c045b4fb61d"),
    "2000s": (2_472_795, "66140e41fe6c79cbb325b6566f156e27fe032a42175f224dfff1b71aa9630207"),
    "2010s": (2_453_005, "e218edfdd8453cdd938fcb8b07b6b177474b3b18361e3422fdd6480d7e3bf9f9"),
    "2020s": (998_941, "505f0f56ecdca7a2643fb3a811399b885f837e2cbfa9ee95a24b9018073e3eb3"),
}
GUTENBERG = "https://www.gutenberg.org"
GITENBERG = "https://raw.githubusercontent.com/GITenberg"
BOOKS = {  # number at Project Gutenberg: title, pinned copy, size and checksum
    11: (
        "Alice's Adventures in Wonderland",
        "Alice-s-Adventures-in-Wonderland_11/7f18748e114b994d5d9454d5793581bc0b9cf9d7/11-0.txt",
        173_595,
        "49a0b2726606e1290ac03a63978fa1dd1bd38a8d805704d98265f393533ea094",
    ),
    84: (
        "Frankenstein",
        "Frankenstein_84/c98a483bd1f34e7366126b81bcedd1a6faee636e/84-0.txt",
        450_783,
        "c29a4f56dd91aa894a3f17d5f96b356ccb499e3e2c5a27964de911845e39efab",
    ),
    98: (
        "A Tale of Two Cities",
        "A-Tale-of-Two-Cities_98/0f6111bc7237af7375295ec1754c2e57e19f67f1/98-0.txt",
        804_335,
        "2fcfa071498b30724bd1bd714ba89e38477d632b86d74e87559f6259d3917e36",
    ),
    345: (
        "Dracula",
        "Dracula_345/5216d6ea255fbf8966426a160b68251b18f16907/345.txt",
        883_158,
        "c802711470ddb2aaca81432fc101ed29c154e7c3d32df4172478695c33f68eae",
    ),
    1342: (
        "Pride and Prejudice",
        "Pride-and-Prejudice_1342/81db45c9c48c592f0b77f01fc59e677ad0a5634e/1342-0.txt",
        724_725,
        "48e0522844402a86a3ea98f0947ba85ea54838db3c59022299298ed968a5a163",
    ),
    1661: (
        "The Adventures of Sherlock Holmes",
        "The-Adventures-of-Sherlock-Holmes_1661/7e5dd2703fbf503c004063e96ab7c61262375e5f/1661.txt",
        594_941,
        "2a0ce5568625a304f54fbb6bfdeeadf527a1437254b5f0e06b5a9e233d4784a2",
    ),
    2701: (
        "Moby Dick",
        "Moby-Dick--Or-The-Whale_2701/bdf1948e6cd00963730971e5624e764a35f238c3/2701-0.txt",
        1_276_201,
        "baf9b04fcf6e0008f30eaaa6697277751448c1070b20175e0082f28cbb161fd3",
    ),
}
ARCHIVE = "https://archive.org"
SITES = {  # site of Stack Exchange: bytes of its dump, which grows from year to year, at least
    "cooking": 2_579_517,
    "beer": 597_372,
    "coffee": 180_588,
}


@dataclass(frozen=True)
class File:
    """One file of a data set, and how to tell that a copy of it is good.

    `url` starts with https:// or, for a file of a Kaggle data set, kagglehub's handle and the
    file's name after kaggle://. `checksum` is a SHA-256 or, where the source states no other,
    "md5:" and an MD5, or "git-blob:" and git's id of the content; None where it can't be pinned.
    `signature` is what every valid file starts with. `size` is in bytes, about.
    """

    url: str
    size: int
    checksum: str | None = None
    signature: bytes = b""


@dataclass(frozen=True)
class DataSet:
    """A data set: `files` maps each path under data/, and under a mirror, to its `File`.

    What is `on_request` no chapter uses unless a parameter names it.
    """

    title: str
    files: dict[str, File]
    licence: str
    homepage: str
    about: str
    on_request: bool = False


def _book(number: str) -> DataSet:
    """A book that isn't pinned: what is at its place today; the reader looks for its header."""
    url = f"{GUTENBERG}/cache/epub/{number}/pg{number}.txt"
    page = f"{GUTENBERG}/ebooks/{number}"
    file = File(url, size=500_000)  # about what a novel has
    licence, about = "see its header", "a book of Project Gutenberg (text)"
    return DataSet(f"book {number}", {f"pg{number}.txt": file}, licence, page, about)


def _site(site: str) -> DataSet:
    """The newest dump of a site of Stack Exchange, such as "cooking" or "superuser.com"."""
    domain = site if "." in site else f"{site}.stackexchange.com"
    url = f"{ARCHIVE}/download/stackexchange/{domain}.7z"
    file = File(url, SITES.get(site, 5_000_000), signature=SEVEN_ZIP)  # a guess for other sites
    return DataSet(
        title=domain,
        files={f"{domain}.7z": file},
        licence="CC BY-SA 4.0; see the page",
        homepage=f"{ARCHIVE}/details/stackexchange",
        about="all questions and answers of the site; grows from year to year (XML in a 7z)",
    )


ANY = {  # names of data sets beside those of the registry, and what makes one
    r"gutenberg-([1-9][0-9]*)": _book,
    r"stackexchange-([a-z0-9]+(?:[.-][a-z0-9]+)*)": _site,
}
REGISTRY = {
    "pitchfork": DataSet(
        title="Pitchfork reviews",
        files={
            "pitchfork.sqlite": File(
                url="kaggle://nolanbconaway/pitchfork-data/versions/1/database.sqlite",
                size=80_000_000,
                signature=b"SQLite format 3\0",
            )
        },
        licence="see the data set's page on Kaggle",
        homepage="https://www.kaggle.com/datasets/nolanbconaway/pitchfork-data",
        about="18,393 album reviews, 1999 to 2017: artists, genres, labels, scores, texts (SQLite)",
    ),
    "google-news-44k": DataSet(
        title="Google News vectors, pruned",
        files={
            "word2vec_sample.zip": File(
                url=f"{GITHUB}/nltk/nltk_data/gh-pages/packages/models/word2vec_sample.zip",
                size=49_400_000,
                checksum="md5:d1d1a23377f9ab4c12d77c7a078318ac",
                signature=ZIP,
            )
        },
        licence="see the entry word2vec_sample on the page",
        homepage="https://www.nltk.org/nltk_data/",
        about="43,981 words, 300 numbers each (word2vec text format in a zip)",
        on_request=True,
    ),
    "glove-wiki-gigaword-100": DataSet(
        title="GloVe vectors",
        files={
            "glove-wiki-gigaword-100.gz": File(
                url=f"{GENSIM}/glove-wiki-gigaword-100/glove-wiki-gigaword-100.gz",
                size=134_300_434,
                checksum="md5:40ec481866001177b8cd4cb0df92924f",
                signature=GZIP,
            )
        },
        licence="PDDL 1.0",
        homepage="https://github.com/piskvorky/gensim-data",
        about="400,000 words in lower case, 100 numbers each (word2vec text format, gzip)",
        on_request=True,
    ),
    "word2vec-google-news-300": DataSet(
        title="Google News vectors",
        files={
            "word2vec-google-news-300.gz": File(
                url=f"{GENSIM}/word2vec-google-news-300/word2vec-google-news-300.gz",
                size=1_743_563_840,
                checksum="md5:a5e5354d40acb95f9ec66d5977d140ef",
                signature=GZIP,
            )
        },
        licence="not stated",
        homepage="https://github.com/piskvorky/gensim-data",
        about="3,000,000 words and phrases, 300 numbers each (word2vec binary format, gzip)",
        on_request=True,
    ),
    "wikipedia-movie-data": DataSet(
        title="Films of Wikipedia",
        files={
            f"wikipedia-movie-data/movies-{decade}.json": File(
                f"{FILMS}/movies-{decade}.json", size, checksum
            )
            for decade, (size, checksum) in FILMS_OF.items()
        },
        licence="MIT; texts of Wikipedia CC BY-SA",
        homepage="https://github.com/prust/wikipedia-movie-data",
        about="36,273 films in all, one file a decade: cast, genres, start of the article (JSON)",
    ),
    "vega-movies": DataSet(
        title="Ratings of films",
        files={
            "vega-movies.json": File(
                url=f"{GITHUB}/vega/vega-datasets/cad85578e232704bb0453544742440038038c6a2/"
                "data/movies.json",
                size=1_399_981,
                checksum="e63c499759e3b07b49563e036f55290f87feb56def8703ec049ca305ab1523d3",
            )
        },
        licence="see the page",
        homepage="https://github.com/vega/vega-datasets",
        about="3,201 films, 2,321 of them with a Rotten Tomatoes rating (JSON)",
    ),
    "wp_movies_10k": DataSet(
        title="Films of the book",
        files={
            "wp_movies_10k.ndjson": File(
                url=f"{GITHUB}/DOsinga/deep_learning_cookbook/"
                "04f56a7fe11e16c19ec6269bc5a138efdcb522a7/data/wp_movies_10k.ndjson",
                size=30_000_000,  # a guess: the source doesn't state it
                checksum="git-blob:85c76a92d7775974a01159502990e6da9773eea2",
            )
        },
        licence="see the page; texts of Wikipedia CC BY-SA",
        homepage="https://github.com/DOsinga/deep_learning_cookbook",
        about="10,000 films of Wikipedia: infobox, links, rating (a JSON list a line)",
        on_request=True,
    ),
    "tinyshakespeare": DataSet(
        title="Tiny Shakespeare",
        files={
            "tinyshakespeare.txt": File(
                url=f"{GITHUB}/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/"
                "data/tinyshakespeare/input.txt",
                size=1_115_394,
                checksum="86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
            )
        },
        licence="public domain",
        homepage="https://github.com/karpathy/char-rnn",
        about="1,115,394 characters of Shakespeare's plays, the usual benchmark (text)",
    ),
    "gutenberg-catalogue": DataSet(
        title="Catalogue of Project Gutenberg",
        files={
            "pg_catalog.csv.gz": File(
                url=f"{GUTENBERG}/cache/epub/feeds/pg_catalog.csv.gz",
                size=5_000_000,  # a guess: it grows by the week
                signature=GZIP,
            )
        },
        licence="see the page",
        homepage=f"{GUTENBERG}/ebooks/offline_catalogs.html",
        about="every book's number, title, authors, language, subjects (CSV, gzip)",
        on_request=True,
    ),
    **{
        f"gutenberg-{number}": DataSet(
            title=title,
            files={f"pg{number}.txt": File(f"{GITENBERG}/{copy}", size, checksum)},
            licence="public domain in the USA; Project Gutenberg's own licence in the file",
            homepage=f"{GUTENBERG}/ebooks/{number}",
            about="a novel of Project Gutenberg, with its header and footer (text)",
        )
        for number, (title, copy, size, checksum) in BOOKS.items()
    },
    **{f"stackexchange-{site}": _site(site) for site in SITES},
    "lastfm": DataSet(
        title="Listening on Last.fm",
        files={
            "hetrec2011-lastfm-2k.zip": File(  # a copy packed anew will do: the reader counts rows
                url="https://files.grouplens.org/datasets/hetrec2011/hetrec2011-lastfm-2k.zip",
                size=2_600_000,
                signature=ZIP,
            )
        },
        licence="non-commercial use, see readme.txt in it",
        homepage="https://grouplens.org/datasets/hetrec-2011/",
        about="1,892 users, the artists they hear most, tags and friends, 2011 (text in a zip)",
    ),
}


class FetchError(CookbookError):
    """A file of a data set can't be had; `reasons` and `ways` (out) hold one line each."""

    def __init__(self, headline: str, reasons: list[str], ways: list[str]):
        self.headline, self.reasons, self.ways = headline, reasons, ways
        bullets = [f"  - {reason}" for reason in reasons]
        numbered = [f"  {number}. {way}" for number, way in enumerate(ways, start=1)]
        super().__init__("\n".join([headline, *bullets, "Ways out:", *numbered]))


def fetch(name: str, edition: str = "full") -> Path:
    """Path of the data set `name`: its file, or the folder of its files if there are several.

    `name` is one of `REGISTRY`, or "gutenberg-" and the number of any book of Project Gutenberg, or
    "stackexchange-" and any site of Stack Exchange, such as "beer" or "superuser.com".
    Edition "full" takes each file from data/ if it is there and good, else from `COOKBOOK_MIRROR`
    (a URL, or a folder relative to the project) if that is set, else from the public source.
    Edition "sample" takes a small stand-in in the same format from data/sample/.

    Raises `FetchError` if a file can't be had, `CookbookError` for an unknown name or edition.
    """
    data = _data_set(name)
    _require("edition", edition, EDITIONS)
    if edition == "sample":
        paths = [SAMPLE / key for key in data.files]
        if not paths[0].exists():
            raise unknown("sample", name, REGISTRY)
    else:
        paths = [_ensure(data, key) for key in data.files]
    return paths[0] if len(paths) == 1 else paths[0].parent


def choose_edition(edition: str, *names: str) -> str:
    """The edition to use for the parameter `EDITION` and the data sets `names`, also printed.

    "full" and "sample" stay as they are. "auto" fetches the data sets and is "full" if all can be
    had, else "sample", with a warning in a block. Raises `CookbookError` for an unknown word.
    """
    _require("edition", edition, ("auto", *EDITIONS))
    for name in names:
        _data_set(name)
    if edition == "auto":
        edition = "full"
        try:
            for name in names:
                fetch(name)
        except FetchError as error:
            _warn_of_sample(error)
            edition = "sample"
    print(f"Edition: {edition}")
    return edition


def registry_table() -> str:
    """The registry as a markdown table, one row a file."""
    rows = ["| name | file | what | source | licence | size | SHA-256 or other |", "|---" * 7 + "|"]
    for name, data in REGISTRY.items():
        for key, file in data.files.items():
            what = f"{data.title}: {data.about}"
            source = f"[page]({data.homepage}), `{file.url}`"
            size = f"{file.size / 1e6:.1f} MB"
            checksum = f"`{file.checksum}`" if file.checksum else "not pinned"
            cells = [f"`{name}`", f"`{key}`", what, source, data.licence, size, checksum]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _data_set(name: str) -> DataSet:
    if name in REGISTRY:
        return REGISTRY[name]
    for pattern, make in ANY.items():
        if match := re.fullmatch(pattern, name):
            return make(match[1])
    raise unknown("data set", name, REGISTRY)


def _require(kind: str, value: str, options: Collection[str]) -> None:
    if value not in options:
        raise unknown(kind, value, options)


def _warn_of_sample(error: FetchError) -> None:
    lines = [
        'THE REAL DATA IS MISSING: this run uses a small stand-in (edition "sample").',
        f"Why: {'; '.join(error.reasons)}.",
        f"For the real data: {'; or '.join(error.ways[:-1])}.",
    ]
    wrapper = textwrap.TextWrapper(79, break_long_words=False, break_on_hyphens=False)
    rule = "=" * wrapper.width
    print(rule, *map(wrapper.fill, lines), rule, sep="\n")


def _ensure(data: DataSet, key: str) -> Path:
    """Path of the file `key`, which is good. Raises `FetchError` if it can't be had."""
    target = DATA / key
    try:
        if _fault(target, data.files[key]):  # a read-only folder of good files needs no lock
            target.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(DATA / ".locks" / f"{key}.lock"):
                _download(data, key)
    except OSError as error:
        folder = display_path(target.parent)
        raise FetchError(
            f"Can't write {_shown(key)} ({data.title}).",
            [f"the folder {folder}: {error.strerror or error}"],
            [
                f"free some space for {folder}, or make it writable",
                "set COOKBOOK_DATA to another folder",
                USE_SAMPLE,
            ],
        ) from error
    return target


def _download(data: DataSet, key: str) -> None:
    """Put a verified copy at `DATA / key`. Call it with the file's lock held.

    Raises `FetchError` if no source has a good one, `OSError` if the disk doesn't take it.
    """
    file, target = data.files[key], DATA / key
    problem = _fault(target, file)
    if problem is None:  # another run has fetched it while this one waited for the lock
        return
    tried = [f"{_shown(key)}: {problem}"] if target.exists() else []
    part = target.with_name(f"{target.name}.part")
    try:
        part.write_bytes(b"")  # so that a folder that can't be written shows before any download
        for source, location in _sources(key, file).items():
            if problem := _copy(location, part, file):
                tried.append(f"{source}: {problem}")
                continue
            os.replace(part, target)
            lines = [f"Not used: {line}" for line in tried]
            print(*lines, f"{_shown(key)}: fetched from {source}", sep="\n")
            return
    finally:
        part.unlink(missing_ok=True)
        shutil.rmtree(_parts(part), ignore_errors=True)
    raise FetchError(f"Can't get {_shown(key)} ({data.title}). Tried:", tried, _ways_out(data, key))


def _sources(key: str, file: File) -> dict[str, str]:
    """Where to look for a file, in order: what to call the place, and its URL or path.

    A mirror goes by the variable's name, so that no output names a folder of this machine.
    """
    sources = {file.url: file.url}
    if mirror := os.environ.get("COOKBOOK_MIRROR"):
        sources = {"COOKBOOK_MIRROR": f"{mirror.rstrip('/')}/{key}"} | sources
    return sources


def _ways_out(data: DataSet, key: str) -> list[str]:
    return [
        "connect to the network and run this again",
        f"set COOKBOOK_MIRROR to a folder or URL that holds {key}",
        f"get the file by hand from {data.homepage} and save it as {_shown(key)}",
        USE_SAMPLE,
    ]


def _copy(location: str, part: Path, file: File) -> str | None:
    """Copy what is at `location` to `part`: None if it is good, else what is wrong.

    Raises `OSError` only where the disk is at fault, since then no other source will do.
    """
    try:
        if location.startswith("kaggle://"):
            _copy_from_kaggle(location, part)
        elif location.startswith(("http://", "https://")):
            _copy_from_web(location, part, file.size)
        else:
            shutil.copyfile(ROOT / Path(location).expanduser(), part)
    except OSError as error:
        if error.errno in DISK_ERRORS:
            raise
        return _explain(error)
    return _fault(part, file)


def _copy_from_web(url: str, part: Path, size: int) -> None:
    style = {"desc": part.stem, "unit": "B", "unit_scale": True, "leave": False}
    with tqdm(total=size, file=sys.stdout, **style) as bar:
        downloader = pooch.HTTPDownloader(progressbar=bar, chunk_size=2**16, timeout=TIMEOUT)
        downloader(url, part, None)


def _copy_from_kaggle(url: str, part: Path) -> None:
    """Copy one file of a public Kaggle data set; no account is needed."""
    import kagglehub  # here, since it is slow to import and one data set needs it
    from kagglesdk.kaggle_env import get_endpoint, get_env

    logging.getLogger("kagglehub").setLevel(logging.WARNING)  # else it prints whole paths
    requests.head(get_endpoint(get_env()), timeout=TIMEOUT)  # kagglehub sets no timeout of its own
    handle, member = url.removeprefix("kaggle://").rsplit("/", 1)
    try:
        with contextlib.redirect_stderr(sys.stdout):  # its progress bar
            path = kagglehub.dataset_download(
                handle, path=member, force_download=True, output_dir=str(_parts(part))
            )
        shutil.copyfile(path, part)  # on Kaggle and Colab it lies in a data set that stays as it is
    except (kagglehub.exceptions.DataCorruptionError, zipfile.BadZipFile, ValueError) as error:
        raise OSError(str(error)) from error


def _parts(part: Path) -> Path:
    """The folder in which Kaggle's client works; `_download` removes it."""
    return part.with_name(f"{part.name}s")


def _fault(path: Path, file: File) -> str | None:
    """What is wrong with the file at `path`, with the likely cause; None if it is good."""
    if not path.is_file():
        return "no such file"
    with path.open("rb") as stream:
        start = stream.read(512)
    unpinned_page = file.checksum is None and _is_web_page(start)
    if unpinned_page or not start.startswith(file.signature):
        return f"not a valid file; likely cause: {_likely_cause(path, start, file)}"
    if file.checksum is None:
        return None
    algorithm, expected = pooch.hashes.hash_algorithm(file.checksum), file.checksum.split(":")[-1]
    if (actual := _checksum(path, algorithm)) == expected:
        return None
    cause = _likely_cause(path, start, file)
    expected = f"{algorithm.upper().replace('SHA', 'SHA-')} {expected}"
    return f"wrong checksum; likely cause: {cause}; expected {expected}, got {actual}"


def _checksum(path: Path, algorithm: str) -> str:
    if algorithm != "git-blob":
        return pooch.file_hash(path, algorithm)
    header = b"blob %d\0" % path.stat().st_size
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.sha1(header)).hexdigest()


def _likely_cause(path: Path, start: bytes, file: File) -> str:
    if _is_web_page(start):
        return "it is a web page, perhaps an error or login page"
    if (size := path.stat().st_size) < 0.9 * file.size:
        return f"it is cut short ({size:,} of about {file.size:,} bytes)"
    return "it was changed at its source, or damaged on the way"


def _is_web_page(start: bytes) -> bool:
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(WEB_PAGE)


def _explain(error: OSError) -> str:
    """A failure of a source in a few words."""
    if isinstance(error, requests.HTTPError):
        return f"HTTP {error.response.status_code} {error.response.reason}"
    if not isinstance(error, requests.RequestException):
        return error.strerror or str(error)
    root: BaseException = error  # the messages on the way to it repeat pools, retries and addresses
    while root.__context__:
        root = root.__context__
    broke = isinstance(error, requests.exceptions.ChunkedEncodingError)
    what = "the connection broke before the end of the file" if broke else "the connection failed"
    return f"{what} ({getattr(root, 'strerror', None) or root})"


def _shown(key: str) -> str:
    return f"{display_path(DATA)}/{key}"


# The command line


def main(argv: list[str] | None = None) -> int:
    """Fetch data sets; the exit code is 1 when one of them can't be had."""
    parser = argparse.ArgumentParser(prog="python -m helpers.fetch", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("names", nargs="*", help="data sets, for example lastfm")
    parser.add_argument("--table", action="store_true", help="print the registry as markdown")
    arguments = parser.parse_args(argv)
    if arguments.table:
        print(registry_table())
        return 0
    failed = 0
    for name in arguments.names or [n for n, data in REGISTRY.items() if not data.on_request]:
        try:
            fetch(name)
            print(f"{name}: ready")
        except CookbookError as error:
            print(f"error: {error}", file=sys.stderr)
            failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
