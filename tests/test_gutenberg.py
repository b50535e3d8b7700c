"""Project Gutenberg: books without header and footer, their parts, and the catalogue; texts and
corpora by their names."""

import dataclasses
import gzip
import re
import tempfile
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

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from samples.gutenberg import CATALOGUE, chapters, help_topics

START = "*** START OF THE PROJECT GUTENBERG EBOOK EMMA ***"
END = "*** END OF THE PROJECT GUTENBERG EBOOK EMMA ***"
SMALL_PRINT = "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*"
RANDOM = settings(
    max_examples=100,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
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
        "*** START OF THE PROJECT GUTENBERG EBOOK EMMA",
        "*** START OF THE PROJECT GUTENBERG EBOOK",
        "   *** START OF THE COPYRIGHTED PROJECT GUTENBERG ETEXT, EMMA ***",
        "*** START OF PROJECT GUTENBERG EBOOK EMMA ***",
        "*END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*",
        "  *END*THE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS*Ver.04.29.93*END*",
        "ENDTHE SMALL PRINT! FOR PUBLIC DOMAIN ETEXTS",
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
        f"End of the Project Gutenberg EBook of Emma, by\nJane Austen (1775-1817)\n\n{END}",
        f"End of Project Gutenberg's Emma\n{END}",
        "*** END OF THE PROJECT GUTENBERG EBOOK EMMA",
        "   *** END OF THE COPYRIGHTED PROJECT GUTENBERG ETEXT EMMA ***",
        "*** END OF PROJECT GUTENBERG EBOOK EMMA ***",
        "End of this Project Gutenberg Etext of Emma",
        "End of this Etext of Emma",
        "Ende dieses Projekt Gutenberg Etextes Emma",
        "Fin de Project Gutenberg's Emma, par Jane Austen",
    ],
)
def test_the_footer_begins_at_the_end_mark(tmp_path, capsys, end):
    assert read_book(write_book(tmp_path, end=end)) == BODY
    assert capsys.readouterr().out == ""


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
        "Produced by the sun\n" + 12 * "and the rain\n" + "\nLife.\n",
        "Note: this is a story.\n\nOnce ...\n",
        "End of the world.\n\nEnd of this Project\n",
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
        " \nProduced by Ann\n  \n\t\n",
        "E-text prepared by Ann\n\n\nNote: Project Gutenberg also has an HTML version of this\n"
        "      file. See 1-h.htm:\n      (http://www.gutenberg.net/1-h.htm)\n\n\n"
        "      Images of the original pages are available through\n      the Library",
        "Note: The sequel is also available.",
    ],
)
def test_who_produced_the_file_is_left_out_at_the_start(tmp_path, credits):
    assert read_book(write_book(tmp_path, f"{credits}\n\n{BODY}")) == BODY


FULL_LICENCE = "\n\n".join(["START: FULL LICENSE", *300 * ["You may copy it, give it away ..."]])
BETWEEN = [  # two volumes
    "End of the Project Gutenberg EBook of Emma, Volume 1, by\nJane Austen",
    f"{END}\n\n{FULL_LICENCE}\n\n{START}\n\nProduced by Ann",
    f"End of Project Gutenberg's Emma\n\n{END}\n\n{FULL_LICENCE}\n\n{START}",
    f"End of the Project Gutenberg Etext of Emma\n\nWelcome\n\n{SMALL_PRINT}",
    "<<THIS ELECTRONIC VERSION OF EMMA IS\nCOPYRIGHT 1990-1993 AND ...\nMEMBERSHIP.>>",
]


@pytest.mark.parametrize("between", BETWEEN)
@pytest.mark.parametrize("start", [START, SMALL_PRINT])
def test_what_stands_between_two_volumes_is_left_out_and_said(tmp_path, capsys, start, between):
    volumes = ["VOLUME I\n\nEmma was handsome.", "  VOLUME II\n\n***\n\nShe was clever."]
    book = read_book(write_book(tmp_path, f"\n\n{between}\n\n".join(volumes), start))
    assert [part.strip("\n") for part in re.split("\n+(?=  VOL)", book)] == volumes
    said = capsys.readouterr().out
    assert said == "Left out of pg158.txt, marks and licences within the text (1)\n"


LINES = st.lists(
    st.sampled_from(["Emma", "was handsome,", "", "***", "  and", "rich."]), min_size=1
)


@RANDOM
@given(
    st.lists(st.tuples(LINES, st.sampled_from(BETWEEN)), min_size=1, max_size=5),
    st.sampled_from([START, SMALL_PRINT, "*** START OF THE PROJECT GUTENBERG EBOOK EMMA"]),
    st.sampled_from([END, f"End of Project Gutenberg's Emma\n\n{END}"]),
)
def test_no_word_of_a_book_is_lost_and_no_licence_stays(volumes, start, end):
    text = "".join("\n".join(lines) + f"\n\n{between}\n\n" for lines, between in volumes)
    words = [word for lines, _ in volumes for line in lines for word in line.split()]
    with tempfile.TemporaryDirectory() as folder:
        path = write_book(Path(folder), f"{text}The end.", start, end)
        assert read_book(path).split() == [*words, "The", "end."]


def test_an_old_book_may_have_no_mark_at_its_end(tmp_path, capsys):
    path = write(tmp_path, f"Header\n\n{SMALL_PRINT}\n\n{BODY}".encode())
    assert read_book(path) == BODY
    said = capsys.readouterr().out
    assert (
        said == "pg158.txt: no mark of its end, as in some books of before 2004, so all is taken.\n"
    )


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


LATIN_1 = ["ISO-8859-1", "iso 8859_1", "ISO Latin-1", "Latin1", "latin-1"]
WINDOWS = ["CP-1252", "cp1252", "Windows-1252", "Windows Code Page 1252", "x-cp1252"]


@pytest.mark.parametrize("stated", LATIN_1 + WINDOWS)
def test_latin_1_is_read_as_windows_1252(tmp_path, capsys, stated):
    text = f"Character set encoding: {stated} \r\n\r\n{START}\r\n“Élan” – it’s £5…\r\n{END}\r\n"
    assert read_book(write(tmp_path, text.encode("cp1252"))) == "“Élan” – it’s £5…\n"
    assert capsys.readouterr().out == ""


def test_bytes_without_a_meaning_do_not_cost_the_book(tmp_path, capsys):
    path = write(tmp_path, b"Character set encoding: ISO-8859-1\n\xc9lan \x81\x8d")
    assert read_text(path).endswith("Élan \ufffd\ufffd")
    assert capsys.readouterr().out == "pg158.txt: 2 bytes mean nothing, and become \ufffd\n"


@RANDOM
@given(st.text(st.characters(codec="cp1252", exclude_categories=["Cc"])), st.sampled_from(LATIN_1))
def test_any_text_of_windows_1252_comes_back(text, stated):
    text = f"Character set encoding: {stated}\nÉ!{text}"
    with tempfile.TemporaryDirectory() as folder:
        assert read_text(write(Path(folder), text.encode("cp1252"))) == text


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_a_byte_order_mark_tells_utf_16(tmp_path, encoding):
    assert read_text(write(tmp_path, "\ufeffÉlan\r\n".encode(encoding))) == "Élan\n"
    with pytest.raises(CookbookError, match="says its encoding is UTF-16, and that is wrong"):
        read_text(write(tmp_path, "\ufeffÉlan".encode(encoding)[:-1]))


def test_letters_are_composed(tmp_path):
    assert read_text(write(tmp_path, "E\u0301lan".encode())) == "Élan"


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
        (f"{START}\n{BODY}\n{END}\n\n{FULL_LICENCE}\n\n{START}\nVolume II, and", "cut short"),
        (f"{START}\n\nProduced by Ann\n\n{END}", "no text between its marks. Delete the file"),
        ("<!DOCTYPE html><title>Sign in</title>", "may be an error page. Delete the file, and run"),
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


@pytest.mark.parametrize("book", ["", "Chapter 1\n\nThe contents of a box.\n\nChapter 1\n"])
def test_a_book_without_contents_is_refused(book):
    with pytest.raises(CookbookError, match="no table of contents, no line 'Contents'"):
        parts_of_book(book)


CHAPTERS = [f"Chapter {number}. Of Emma" for number in range(1, 9)]
PROSE = ["Emma was handsome.", "", "“Yes.”", "", *[f"She was {n}." for n in range(20)], "* * *", ""]


@pytest.mark.parametrize(
    "contents",
    [
        [],
        [f"{chapter}    {9 * number}" for number, chapter in enumerate(CHAPTERS)],
        ["-----", "Of others", "-----"],
        ["PAGE", "Of others", "PAGE"],
        [*CHAPTERS, *CHAPTERS],
        ["Chapter 1. Of Emma", "Of others"],
        [*10 * ["Of others"], *[f"Of {number}" for number in range(9)], "Chapter 5. Of Emma"],
    ],
)
def test_a_book_that_its_contents_do_not_divide_is_one_part_and_said(capsys, contents):
    body = [line for chapter in CHAPTERS for line in ("", chapter, *map(chapter.join, PROSE))]
    book = "\n".join(["EMMA", "", "Contents", "", *contents, "", *body]) + "\n"
    assert parts_of_book(book) == {"EMMA": book}
    assert "don't divide this book: it is one part" in capsys.readouterr().out


def test_titles_count_only_if_their_parts_hold_most_of_the_book():
    preface = [f"It was {number}." for number in range(40)]
    for pages in (10, 90):
        text = ["Contents", "One", "Two", "", *preface, "One", "1.", "Two", *pages * ["2."]]
        titles = list(parts_of_book("\n".join(text)))
        assert titles == (["Contents"] if pages == 10 else ["One", "Two"])


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
        ("", "not readable as Gutenberg's catalogue"),
        (HEADER, "it lists no books"),
        (f"{HEADER}8,Sound,,Emma,en,,\n", "it lists no books"),
        (f"{HEADER}{EMMA},Text,,Emma,en,,\n", "not readable as Gutenberg's catalogue"),
        (f"{HEADER}{EMMA}x8,Text,,Emma,en,,\n", "not readable as Gutenberg's catalogue"),
        (f"{HEADER}{EMMA}{'9' * 40},Text,,Emma,en,,\n", "not readable as Gutenberg's catalogue"),
        (f"{HEADER}{EMMA}8.5,Text,,Emma,en,,\n", "not readable as Gutenberg's catalogue"),
        (f'{HEADER}8,Text,,"Emma', "not readable as Gutenberg's catalogue"),
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
        with pytest.raises(
            CookbookError, match="^catalogue.csv.gz: not readable as Gutenberg's catalogue"
        ):
            read_catalogue(path)


@pytest.fixture
def table():
    return read_catalogue(fetch.fetch("gutenberg-catalogue", "sample"))


@pytest.mark.parametrize(
    "author", ["Shakespeare, William", "william SHAKESPEARE", " , Shakespeare ", "Shakespeare 1616"]
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


@pytest.mark.parametrize(
    ("author", "numbers"),
    [
        ("Ford", [3]),
        ("POE", [4]),
        ("Poe, Edgar Allan", [4]),
        ("dumas", [5, 6]),
        ("Dumas 1824", [6]),
        ("Bronte\u0308, Emily", [7]),
        ("O’Brien", [8]),
        ("Saint-Exupéry", [8]),
    ],
)
def test_an_author_is_found_by_whole_words_of_one_name(author, numbers):
    names = {
        1: "Bradford, Gamaliel, 1863-1932; Crawford, F. Marion",
        2: "Poestion, Josef Calasanz",
        3: "Ford, Ford Madox, 1873-1939",
        4: "Poe, Edgar Allan, 1809-1849",
        5: "Dumas, Alexandre, 1802-1870",
        6: "Dumas, Alexandre, 1824-1895; Maquet, Auguste, 1813-1888",
        7: "Brontë, Emily, 1818-1848; Brontë, Anne, 1820-1849",
        8: "O'Brien, Fitz; Saint-Exupéry, Antoine de",
    }
    table = pd.DataFrame({"number": list(names), "authors": list(names.values())})
    assert books_by(table, author)["number"].tolist() == numbers
    for nobody in ("Auguste Dumas", "For", "Emily Anne Bronte"):
        with pytest.raises(CookbookError, match=f"Unknown author '{nobody}'"):
            books_by(table, nobody)


def test_an_unknown_author_gets_the_close_names_without_dates(table):
    hint = r"Did you mean 'Shakespeare, William'\? Valid: Austen, Jane, Carroll, Lewis, Dickens"
    with pytest.raises(CookbookError, match=f"Unknown author 'Shakspere, William'. {hint}"):
        books_by(table, "Shakspere, William")


@pytest.mark.parametrize("author", ["", "  ", " , ", ".*", "1809", "1809-1849"])
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


def test_copies_and_what_tools_make_are_no_documents(folder, capsys):
    contents = {
        ".ipynb_checkpoints/a-checkpoint.txt": b"Emma wa",
        "__MACOSX/._a.txt": b"\x00\x05\x16\x07\xff",
        "a.txt": b"Emma was",
        "b.txt": b"Emma was",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    assert load_corpus(str(folder), "full") == {"a.txt": "Emma was"}
    said = capsys.readouterr().out
    assert "hidden or made by tools (2): .ipynb_checkpoints/a-checkpoint.txt, __MACOSX/._a" in said
    assert "copies of others (1): b.txt" in said


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
