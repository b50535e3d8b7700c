"""Writes the stand-ins into data/sample/. A file that holds the same already stays as it is."""

from helpers.fetch import SAMPLE
from samples import (
    films,
    gutenberg,
    lastfm,
    pitchfork,
    stackexchange,
    web,
    wikipedia_dump,
    word_vectors,
)
from samples.packing import unpacked

MODULES = (pitchfork, word_vectors, films, wikipedia_dump, gutenberg, stackexchange, lastfm, web)


def main() -> None:
    for module in MODULES:
        for name, content in module.files().items():
            path = SAMPLE / name
            if path.exists() and unpacked(name, path.read_bytes()) == unpacked(name, content):
                continue  # packed by other versions of zlib and so on, its bytes may differ
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(f"{name}: written")


if __name__ == "__main__":
    main()
