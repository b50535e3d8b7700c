"""Documents to learn words from: novels, news and help topics, or a folder of one's own."""

from pathlib import Path

from helpers import CookbookError, display_path
from helpers.fetch import BOOKS, REGISTRY, fetch
from helpers.readers.gutenberg import read_book, read_text
from helpers.samples import help_topics

from gensim.test.utils import datapath

NOVELS = "novels"


def data_sets(source: str) -> list[str]:
    """Names of the data sets that `load_corpus(source, "full")` fetches; none for a folder."""
    return [f"gutenberg-{number}" for number in BOOKS] if source == NOVELS else []


def load_corpus(source: str, edition: str) -> dict[str, str]:
    """The documents of `source`, "novels" or the path of a folder, by name.

    "novels" are seven books of Project Gutenberg by title, without header and footer. On the sample
    edition, 300 short news (a line each) and Python's help topics stand for them, which are on
    every machine. A folder gives its .txt files and those of its subfolders, in UTF-8, as they are,
    whatever the edition; files without text are left out.

    Raises `CookbookError` if a book can't be had, if a file isn't UTF-8, and for a folder that
    isn't there or holds no text.
    """
    if source != NOVELS:
        return _read_folder(source)
    if edition == "sample":
        news = read_text(Path(datapath("lee_background.cor")))
        return {"news": news, "help topics": help_topics()}
    return {REGISTRY[name].title: read_book(fetch(name, edition)) for name in data_sets(source)}


def _read_folder(source: str) -> dict[str, str]:
    folder = Path(source).expanduser()
    if not source or not folder.is_dir():
        raise CookbookError(
            f"Unknown corpus {source!r}. Valid: {NOVELS!r}, or the path of a folder of UTF-8 files "
            "that end in .txt."
        )
    paths = [path for path in sorted(folder.rglob("*")) if path.suffix.lower() == ".txt"]
    if not paths:
        raise CookbookError(f"{display_path(folder)}: no file in it ends in .txt.")
    texts = {path.relative_to(folder).as_posix(): read_text(path) for path in paths}
    texts = {name: text for name, text in texts.items() if text.strip()}
    if not texts:
        files = f"its {len(paths):,} .txt files hold" if paths[1:] else "its .txt file holds"
        raise CookbookError(f"{display_path(folder)}: {files} no text.")
    return texts
