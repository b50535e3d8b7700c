"""The page of promises: it says what the tests' own report says."""

import re

import dependable
from helpers import ROOT

import pytest

REPORT = """<testsuites><testsuite name="pytest" tests="6">
<testcase classname="tests.test_x" name="test_a_disk_is_full[a]" time="1.2" />
<testcase classname="tests.test_x" name="test_a_disk_is_full[b]" time="2.2"><skipped /></testcase>
<testcase classname="tests.test_x" name="test_all_is_well" time="0.2" />
<testcase classname="tests.test_x" name="test_it_breaks" time="0"><failure>why</failure></testcase>
<testcase classname="tests.test_x" name="test_nobody_can" time="0"><skipped /></testcase>
<testcase classname="tests.test_y" name="test_another_file" time="9" />
</testsuite></testsuites>"""


@pytest.fixture
def report(tmp_path):
    path = tmp_path / "tests.xml"
    path.write_text(REPORT)
    return path


def test_a_row_is_a_promise_with_all_its_cases(report):
    lines = dependable.promises("test_x", report).splitlines()
    assert lines[2:] == [
        "| A disk is full | 2 | held, 1 left out | 3 s |",
        "| All is well | 1 | held | 0 s |",
        "| It breaks | 1 | FAILED | 0 s |",
        "| Nobody can | 1 | left out | 0 s |",
    ]


def test_without_a_report_the_page_says_what_to_do(tmp_path, report):
    for text in (
        dependable.promises("test_x", tmp_path / "none"),
        dependable.promises("test_z", report),
    ):
        assert "make test" in text


def test_the_page_names_files_of_tests():
    page = (ROOT / "book/dependable.md").read_text(encoding="utf-8")
    named = re.findall(r"```\{promises\} (\w+)", page)
    assert len(named) == 4
    assert all((ROOT / f"tests/{name}.py").is_file() for name in named)
