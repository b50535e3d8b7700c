"""Project Gutenberg: books without header and footer, their parts, and the catalogue; texts and
corpora by their names."""

import dataclasses
import gzip
from pathlib import Path

from helpers import CookbookError, fetch
from helpers.datasets.gutenberg import (
    NOVELS,
    books_by,
    data_sets,
    load_corpus,
    load_text,
    parts_of_book,
    read_book,
    read_catalogue,
    read_text,
)

import pytest
from samples.gutenberg import CATALOGUE, chapters, help_topics

START = "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***"
SMALL_PRINT = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"
BODY = "EMMA\n\nCHAPTER I\n\nEmma was handsome.\n"


def book_of(body: str, start: str = START, end: str = END) -> str:
    return f"The header of Emma\n\n{start}\n\n\n{body}\n\n{end}\n\nThe licence\n"


def write_book(folder: Path, body: str = BODY, start: str = START, end: str = END) -> Path:
    return write(folder, book_of(body, start, end).encode())


def write(folder: Path, content: bytes) -> Path:
    (folder / "pg158.txt").write_bytes(content)
    return folder / "pg158.txt"


@pytest.fixture(autouse=True)
def folders(tmp_path, monkeypatch):
    """No data, and a mirror that is a folder, so that nothing comes from the network."""
    monkeypatch.setattr(fetch, "DATA", tmp_path / "data")
    monkeypatch.setenv("COOKBOOK_MIRROR", str(tmp_path))


# Header and footer


@pytest.mark.parametrize(
    "start",
    [
        START,
        "*** START OF THIS PROJECT GUTENBERG EBOOK EMMA ***",
        "***START OF THE PROJECT GUTENBERG EBOOK EMMA***",
        "*** Start of the Project Gutenberg eBook of Emma ***  ",
        "*** START OF THE PROJECT GUTENBERG EBOOK EMMA, THE HISTORY\nOF A HANDSOME WOMAN ***",
        SMALL_PRINT,
        "*END THE SMALL PRINT! FOR PUBLIC DOMAIN EBOOKS*Ver.02/11/02*END*",
        f"***START**THE SMALL PRINT!**FOR ETEXTS**START***\nWhy is it here?\n\n{SMALL_PRINT}",
    ],
)
def test_the_header_ends_at_the_start_mark_of_its_time(tmp_path, start):
    assert read_book(write_book(tmp_path, start=start)) == BODY


@pytest.mark.parametrize(
    "end",
    [
        END,
        "*** END OF THIS PROJECT GUTENBERG EBOOK EMMA ***",
        "***END OF THE PROJECT GUTENBERG EBOOK EMMA***",
        "End of Project Gutenberg's Emma, by Jane Austen",
        "End of Project Gutenberg’s Emma, by Jane Austen",
        "End of the Project Gutenberg EBook of Emma, by Jane Austen",
        "End of The Project Gutenberg Etext of Emma",
        f"End of Project Gutenberg's Emma\n\n{END}",
    ],
)
def test_the_footer_begins_at_the_first_end_mark(tmp_path, end):
    assert read_book(write_book(tmp_path, end=end)) == BODY


@pytest.mark.parametrize(
    "body",
    [
        "*****\n\nAfter stars\n\n***\n\n* * * * *\n",
        "The end of\nthe Project Gutenberg.\n\n  End of Project Gutenberg's dream\n",
        "End of Volume I\n\n*** END OF CHAPTER I ***\n\nTHE END\n",
        "*END*\n\nwrote the telegraph*END*\n",
        "EMMA\n\nProduced by magic, it seemed.\n\nTranscribed at night.\n",
        "    A verse\n      set in\n\n\n\n\n\nafter five blank lines\n",
        "Trailing blanks  \n \n\tTab\fform feed\u2028separator\n",
        "*** START OF THE PROJECT GUTENBERG EBOOK TWICE ***\n",
    ],
)
def test_the_body_is_kept_to_the_letter(tmp_path, body):
    for start in (START, SMALL_PRINT):
        assert read_book(write_book(tmp_path, body, start)) == body


@pytest.mark.parametrize(
    "credits",
    [
        "Produced by Ann\nand the readers of Bob",
        "E-text prepared by Ann",
        "Etext produced by Ann",
        "This eBook was produced by Ann.",
        "This etext was prepared by Ann",
        "[Transcribed from the 1815 edition by Ann]",
        "Updated editions will replace the previous one.",
        "Produced by Ann\n\nUpdated edition by Bob\n\n\nTranscribed by Cleo",
        "Produced by Ann\n\n\n\n\nTranscribed by Bob\n\n\n",
    ],
)
def test_who_produced_the_file_is_left_out_at_the_start(tmp_path, credits):
    assert read_book(write_book(tmp_path, f"{credits}\n\n{BODY}")) == BODY


# Encodings


@pytest.mark.parametrize("newline", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_lines_end_alike_and_a_byte_order_mark_is_dropped(tmp_path, newline, encoding):
    text = "Élan\n\nÀ deux\n"
    path = write(tmp_path, text.replace("\n", newline).encode(encoding))
    assert read_text(path) == text
    path = write(tmp_path, f"{START}\n{text}\n{END}".replace("\n", newline).encode(encoding))
    assert read_book(path) == text


@pytest.mark.parametrize("newline", ["\r\n", "\n"])
def test_an_old_book_may_name_its_encoding(tmp_path, newline):
    text = f"Title: Emma\nCharacter set encoding: ISO-8859-1\n\n{START}\n\nÉlan\n\n{END}\n"
    path = write(tmp_path, text.replace("\n", newline).encode("latin-1"))
    assert read_book(path) == "Élan\n"


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ("", "pg158.txt: byte 12 isn't UTF-8, and the file states no other encoding"),
        ("Encoding: ISO-8859-1", "the file states no other encoding. Save it as UTF-8"),
        ("Character set encoding: ASCII", "says its encoding is ASCII, and that is wrong"),
        ("Character set encoding: UTF-8", "says its encoding is UTF-8, and that is wrong"),
        ("Character set encoding: Klingon", "encoding is Klingon, and that is wrong .*Save it as"),
    ],
)
def test_an_encoding_that_is_missing_or_wrong_is_an_error(tmp_path, stated, message):
    path = write(tmp_path, f"Emma's life É\n{stated}\n{START}\n{BODY}{END}\n".encode("latin-1"))
    with pytest.raises(CookbookError, match=message):
        read_book(path)


# Files that are no whole book


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "pg158.txt: no line '[*]{3} START OF THE PROJECT GUTENBERG EBOOK"),
        (BODY, "For a text that doesn't come from Project Gutenberg, use read_text"),
        (f"{BODY}\n{END}\n", "no line '[*]{3} START"),
        ("We speak of *** START OF THE PROJECT GUTENBERG EBOOK X ***", "no line '[*]{3} START"),
        (f"{START}\n{BODY}", "pg158.txt: no line '[*]{3} END OF .*The file was cut short"),
        (f"{END}\n{START}\n{BODY}", "cut short"),
        (f"{START}\n{BODY}\n*** END OF THE PROJ", "cut short"),
    ],
)
def test_a_file_without_one_of_the_marks_is_refused(tmp_path, content, message):
    with pytest.raises(CookbookError, match=message):
        read_book(write(tmp_path, content.encode()))


def test_a_missing_file_is_named(tmp_path):
    for path in (tmp_path / "pg158.txt", tmp_path):
        with pytest.raises(CookbookError, match=f"^{path.name}: no such file"):
            read_book(path)


# Parts


def test_a_book_is_split_at_the_titles_of_its_contents():
    book = (
        "EMMA\n\nTable of Contents\n\n  Preface\n  Chapter 1\n  Chapter 2.\n  An index\n\n\n"
        "PREFACE.\n\nShort.\n\n\nCHAPTER 1\n\nOne.\n\nPreface\n\nchapter 2\n\nTwo, in Chapter 1\n"
    )
    assert parts_of_book(book) == {
        "PREFACE.": "PREFACE.\n\nShort.\n",
        "CHAPTER 1": "CHAPTER 1\n\nOne.\n\nPreface\n",
        "chapter 2": "chapter 2\n\nTwo, in Chapter 1\n",
    }


def test_parts_come_in_the_order_of_the_book():
    parts = parts_of_book("Contents:\nTwo\nOne\n\nONE\n1\nTWO\n2\nONE\n3\n")
    assert list(parts.items()) == [("ONE", "ONE\n1\n"), ("TWO", "TWO\n2\nONE\n3\n")]


@pytest.mark.parametrize(
    ("book", "message"),
    [
        ("", "no table of contents, no line 'Contents'"),
        ("Chapter 1\n\nThe contents of a box.\n\nChapter 1\n", "no table of contents"),
        ("Contents\n", "No title of this book's table of contents heads a part"),
        ("Contents\n\nChapter 1\n\nOf Chapter 1\n", "No title of this book's table of contents"),
    ],
)
def test_a_book_without_contents_or_parts_is_refused(book, message):
    with pytest.raises(CookbookError, match=message):
        parts_of_book(book)


def test_the_sample_book_is_read_and_split():
    book = read_book(fetch.fetch("gutenberg-84", "sample"))
    assert book.startswith("Python's Help\n") and book.endswith(".\n")
    assert "Gutenberg" not in book and "Produced" not in book and "\r" not in book
    planted = {name.upper(): f"{name.upper()}\n\n{text}\n" for name, text in chapters().items()}
    parts = parts_of_book(book)
    assert parts == planted and list(parts) == list(planted)


# The catalogue

HEADER = "Text#,Type,Issued,Title,Language,Authors,Subjects\n"
EMMA = '158,Text,1994,Emma,en,"Austen, Jane, 1775-1817",\n'


def catalogue(folder: Path, text: str) -> Path:
    (folder / "catalogue.csv.gz").write_bytes(gzip.compress(text.encode()))
    return folder / "catalogue.csv.gz"


def test_the_sample_catalogue_is_read_without_sounds():
    table = read_catalogue(fetch.fetch("gutenberg-catalogue", "sample"))
    rows = table[["authors", "number", "title"]].itertuples(index=False, name=None)
    assert list(rows) == [
        (author, *book) for author, books in CATALOGUE.items() for book in books.items()
    ]
    assert table["number"].dtype == int and set(table["language"]) == {"en"}


def test_titles_of_several_lines_become_one_and_nothing_is_taken_for_missing(tmp_path):
    rows = '7,Text,,"Emma\r\n  or  Jane",fr,,\n8,Sound,,Emma,en,,\n9,Text,,NA,en,None,\n'
    table = read_catalogue(catalogue(tmp_path, HEADER + rows))
    assert list(table.columns) == ["number", "title", "authors", "language"]
    assert table.to_numpy().tolist() == [[7, "Emma or Jane", "", "fr"], [9, "NA", "None", "en"]]
    assert list(table.index) == [0, 1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a readable catalogue"),
        (HEADER, "it lists no books"),
        (f"{HEADER}8,Sound,,Emma,en,,\n", "it lists no books"),
        (f"{HEADER}{EMMA},Text,,Emma,en,,\n", "not a readable catalogue"),
        (f"{HEADER}{EMMA}x8,Text,,Emma,en,,\n", "not a readable catalogue"),
        (f"{HEADER}{EMMA}{'9' * 40},Text,,Emma,en,,\n", "not a readable catalogue"),
        (f"{HEADER}{EMMA}8.5,Text,,Emma,en,,\n", "not a readable catalogue"),
        (f'{HEADER}8,Text,,"Emma', "not a readable catalogue"),
        (HEADER.replace("Type", "Kind"), r"not found: \['Type'\]"),
        (HEADER.replace("Text#", "Id").replace("Auth", "auth"), r"not found: \[.*'Text#'"),
    ],
)
def test_a_table_that_is_no_catalogue_is_refused(tmp_path, text, message):
    with pytest.raises(CookbookError, match=f"^catalogue.csv.gz: .*{message}"):
        read_catalogue(catalogue(tmp_path, text))


def test_a_file_that_is_cut_damaged_or_no_gzip_is_refused(tmp_path):
    path = catalogue(tmp_path, HEADER + EMMA * 50)
    whole = path.read_bytes()
    page = b"<!DOCTYPE html><title>Sign in</title>"
    damaged = whole[:30] + bytes(byte ^ 0xFF for byte in whole[30:50]) + whole[50:]
    latin = gzip.compress((HEADER + EMMA.replace("Emma", "É")).encode("latin-1"))
    for content in (whole[:5], whole[:40], whole[:-1], page, damaged, latin):
        path.write_bytes(content)
        with pytest.raises(CookbookError, match="^catalogue.csv.gz: not a readable catalogue"):
            read_catalogue(path)


@pytest.fixture
def table():
    return read_catalogue(fetch.fetch("gutenberg-catalogue", "sample"))


@pytest.mark.parametrize(
    "author", ["Shakespeare, William", "william SHAKESPEARE", "  Will  shake ", "Shakespeare 1616"]
)
def test_an_author_is_found_by_words_in_any_order_and_case(table, author):
    found = books_by(table.iloc[::-1], author)
    assert found["number"].tolist() == [100, 1041, 1513, 1514, 1524, 1533]
    assert list(found.index) == list(range(6))
    assert set(found["authors"]) == {"Shakespeare, William, 1564-1616"}


def test_every_word_of_an_author_counts(table):
    assert books_by(table, "Jane Austen")["title"].tolist() == ["Pride and Prejudice"]
    with pytest.raises(CookbookError, match="Unknown author 'Jane Shelley'"):
        books_by(table, "Jane Shelley")
    with pytest.raises(CookbookError, match="Unknown author '.*'"):
        books_by(table, ".*")


def test_an_unknown_author_gets_the_close_names_without_dates(table):
    hint = r"Did you mean 'Shakespeare, William'\? Valid: Austen, Jane, Carroll, Lewis, Dickens"
    with pytest.raises(CookbookError, match=f"Unknown author 'Shakspere, William'. {hint}"):
        books_by(table, "Shakspere, William")


@pytest.mark.parametrize("author", ["", "  ", " , "])
def test_an_empty_author_is_refused(table, author):
    with pytest.raises(CookbookError, match='No author given: write a name, such as "Shakes'):
        books_by(table, author)


# Texts by their names


@pytest.mark.parametrize("source", ["tinyshakespeare", " tinyshakespeare ", 84, "84", 158])
def test_on_the_sample_edition_help_topics_stand_for_every_source(source):
    text = load_text(source, "sample")
    assert text == help_topics()
    assert "\r" not in text and len(text) > 100_000


@pytest.mark.parametrize("source", [158, "158", " 0158\n"])
def test_a_book_that_is_not_in_the_registry_comes_from_the_mirror(tmp_path, source):
    assert "gutenberg-158" not in fetch.REGISTRY
    (tmp_path / "pg158.txt").write_text(book_of("Emma Élan"), "utf-8-sig", newline="\r\n")
    assert load_text(source, "full") == "Emma Élan\n"
    (tmp_path / "pg158.txt").unlink()
    assert load_text(source, "full") == "Emma Élan\n", "from data/ the second time"


def test_a_book_cut_short_is_refused(tmp_path):
    (tmp_path / "pg158.txt").write_text(book_of(BODY)[:-40])
    with pytest.raises(CookbookError, match="pg158.txt: .*cut short"):
        load_text(158, "full")


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_file_comes_as_it_is(tmp_path, monkeypatch, edition):
    text = book_of("Emma Élan")
    (tmp_path / "84.txt").write_text(text, encoding="utf-8")
    assert load_text(str(tmp_path / "84.txt"), edition) == text
    monkeypatch.setenv("HOME", str(tmp_path))
    assert load_text(" ~/84.txt", edition) == text


def test_a_text_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CookbookError, match="^emma.txt: no such file"):
        load_text(str(tmp_path / "emma.txt"), "full")


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("tinyshakespeare ", ["tinyshakespeare"]),
        (84, ["gutenberg-84"]),
        (" 0158", ["gutenberg-158"]),
        ("84.txt", []),
        ("~/tinyshakespeare.txt ", []),
    ],
)
def test_a_source_tells_what_it_fetches(source, names):
    assert data_sets(source) == names


@pytest.mark.parametrize(
    "source", ["", "shakespeare", "TinyShakespeare", 0, "00", -1, "8.4", "emma.pdf"]
)
def test_what_names_no_text_gets_the_options(source):
    message = f"Unknown text '{source}'. Valid: 'tinyshakespeare', the number of a .* in .txt or a"
    for refuse in (data_sets, lambda name: load_text(name, "sample")):
        with pytest.raises(CookbookError, match=message):
            refuse(source)


def test_an_unknown_edition_is_refused():
    for load, source in ((load_text, 84), (load_corpus, NOVELS)):
        with pytest.raises(CookbookError, match="Unknown edition 'auto'"):
            load(source, "auto")


# Corpora by their names


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """The seven novels, a sentence each, as files that aren't pinned."""
    for name in data_sets(NOVELS):
        data = fetch.REGISTRY[name]
        files = {file: fetch.File(url="nowhere", size=100) for file in data.files}
        monkeypatch.setitem(fetch.REGISTRY, name, dataclasses.replace(data, files=files))
        for file in files:
            (tmp_path / file).write_text(book_of(f"“{data.title}”, she said."), "utf-8")
    return tmp_path


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "texts"
    folder.mkdir()
    return folder


# The novels


def test_every_novel_is_pinned():
    names = data_sets(NOVELS)
    assert len(names) == 7
    files = [file for name in names for file in fetch.REGISTRY[name].files.values()]
    assert all(file.checksum for file in files)


def test_novels_come_by_title_without_header_and_footer(mirror):
    texts = load_corpus(NOVELS, "full")
    assert texts == {title: f"“{title}”, she said.\n" for title in texts}
    assert len(texts) == 7 and {"Frankenstein", "Moby Dick"} < {*texts}


def test_a_novel_that_can_not_be_had_is_an_error(mirror):
    (mirror / "pg98.txt").unlink()
    with pytest.raises(fetch.FetchError, match=r"Can't get \w+/pg98.txt"):
        load_corpus(NOVELS, "full")


def test_the_sample_is_on_every_machine():
    texts = load_corpus(NOVELS, "sample")
    assert [*texts] == ["news", "help topics"]
    assert texts["news"].count("\n") == 299 and "bushfire" in texts["news"]
    assert texts["help topics"] == help_topics()
    assert all(50_000 < len(text.split()) < 100_000 for text in texts.values())


# A folder


@pytest.mark.parametrize("edition", ["full", "sample"])
def test_a_folder_gives_its_text_files_by_name(folder, edition):
    (folder / "more").mkdir()
    contents = {"b.txt": "\ufeffÉlan\r\nvital\n", "a.TXT": book_of(BODY), "more/c.txt": "c"}
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode())
    (folder / "d.md").write_text("no")
    (folder / "blank.txt").write_text(" \n\n")
    texts = load_corpus(str(folder), edition)
    assert texts == {"a.TXT": book_of(BODY), "b.txt": "Élan\nvital\n", "more/c.txt": "c"}
    assert [*texts] == sorted(texts)
    assert data_sets(str(folder)) == []


def test_a_folder_may_lie_at_home(folder, monkeypatch):
    (folder / "a.txt").write_text("a")
    monkeypatch.setenv("HOME", str(folder.parent))
    assert load_corpus("~/texts", "full") == {"a.txt": "a"}


@pytest.mark.parametrize("source", ["", "Novels", "nowhere/texts", __file__])
def test_what_is_no_folder_is_an_error(source):
    with pytest.raises(CookbookError, match=r"Unknown corpus '.*'\. Valid: 'novels', or .* folder"):
        load_corpus(source, "full")


def test_a_folder_without_text_is_an_error(folder):
    for name, text in {"d.md": "no", "a.txt": "", "b.txt": "\n"}.items():
        (folder / name).write_text(text)
        with pytest.raises(CookbookError, match=r"^texts: no file in it ends in \.txt and holds"):
            load_corpus(str(folder), "full")


def test_a_file_that_is_not_utf8_is_an_error(folder):
    (folder / "a.txt").write_text("fine")
    (folder / "b.txt").write_bytes("café".encode("latin-1"))
    with pytest.raises(CookbookError, match=r"b\.txt: byte 3 isn't UTF-8.*Save it as UTF-8"):
        load_corpus(str(folder), "full")
