"""Books of Project Gutenberg, and its catalogue.

The prose in them is Python's own help on its language. It lies in data/sample/tinyshakespeare.txt,
where it stands for Shakespeare: the topics of the module `pydoc_data` of Python 3.11, sorted by
name, an empty line between two. Other versions of Python have other texts, so that file isn't made
here, but taken as it is.
"""

import re

from helpers.fetch import SAMPLE
from samples.packing import gzipped

CATALOGUE = {  # author: number and title of books at Project Gutenberg
    "Austen, Jane, 1775-1817": {1342: "Pride and Prejudice"},
    "Carroll, Lewis, 1832-1898": {11: "Alice's Adventures in Wonderland"},
    "Dickens, Charles, 1812-1870": {98: "A Tale of Two Cities"},
    "Doyle, Arthur Conan, 1859-1930": {1661: "The Adventures of Sherlock Holmes"},
    "Melville, Herman, 1819-1891": {2701: "Moby Dick; Or, The Whale"},
    "Shakespeare, William, 1564-1616": {
        100: "The Complete Works of William Shakespeare",
        1041: "Shakespeare's Sonnets",
        1513: "Romeo and Juliet",
        1514: "A Midsummer Night's Dream",
        1524: "Hamlet, Prince of Denmark",
        1533: "Macbeth",
    },
    "Shelley, Mary Wollstonecraft, 1797-1851": {84: "Frankenstein; Or, The Modern Prometheus"},
    "Stoker, Bram, 1847-1912": {345: "Dracula"},
}
NOVELS = (11, 84, 98, 345, 1342, 1661, 2701)  # the books that chapters read
CHAPTERS = "assert assignment async atom-identifiers atom-literals attribute-access".split()


def help_topics() -> str:
    """Python's help on its language, all of it."""
    return (SAMPLE / "tinyshakespeare.txt").read_text(encoding="utf-8")


def chapters() -> dict[str, str]:
    """The first topics of the help by name, each with its heading, which stars underline."""
    text = help_topics()
    headings = re.finditer(r"^.+\n\*{3,}$", text, re.MULTILINE)
    starts = [heading.start() for heading in headings]
    found = {}
    for number, name in enumerate(CHAPTERS):
        found[name] = text[starts[number] : starts[number + 1]].strip()
    return found


def book() -> str:
    """Help topics in the dress of a Gutenberg book: header, table of contents, footer."""
    contents = ""
    body = ""
    for name, text in chapters().items():
        contents += f"  {name}\n"
        body += f"{name.upper()}\n\n{text}\n\n\n"
    return (
        "The Project Gutenberg eBook of Python's Help\n\nCharacter set encoding: UTF-8\n\n"
        "*** START OF THE PROJECT GUTENBERG EBOOK PYTHON'S HELP ***\n\n\n"
        "Produced by its authors\n\n\n"
        f"Python's Help\n\nContents\n\n{contents}\n\n{body}"
        "End of the Project Gutenberg EBook of Python's Help\n\n"
        "*** END OF THE PROJECT GUTENBERG EBOOK PYTHON'S HELP ***\n\nThe licence\n"
    )


def catalogue() -> str:
    """Some true rows of Gutenberg's catalogue, and one that is no text."""
    lines = ["Text#,Type,Issued,Title,Language,Authors,Subjects,LoCC,Bookshelves"]
    for author, books in CATALOGUE.items():
        for number, title in books.items():
            lines.append(f'{number},Text,,"{title}",en,"{author}",,,')
    lines.append('1,Sound,,"A reading",en,"Shakespeare, William, 1564-1616",,,')
    return "\n".join([*lines, ""])


def files() -> dict[str, bytes]:
    """The catalogue, and the same book under the number of each novel, by their paths."""
    made = {"pg_catalog.csv.gz": gzipped(catalogue().encode())}
    content = book().replace("\n", "\r\n").encode("utf-8-sig")  # as most books of Gutenberg are
    for number in NOVELS:
        made[f"pg{number}.txt"] = content
    return made
