"""A Sphinx extension: what the last `make test` showed, as tables of promises.

    ```{promises} test_faults
    ```

A test function is a promise and its name the sentence. The figures are pytest's own report.
"""

from collections import defaultdict
from pathlib import Path

from helpers import GENERATED
from scoreboard import duration, table

from docutils import nodes
from lxml import etree
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

REPORT = GENERATED / "tests.xml"  # `make test` writes it
UNTRIED = "Not tried on this machine yet: `make test`, then `make book`, puts the results here."


def promises(module: str, report: Path = REPORT) -> str:
    """A Markdown table of the test functions in a file: how many cases, how they went, seconds."""
    cases = defaultdict(list)
    if report.is_file():
        suites = etree.parse(report, etree.XMLParser(resolve_entities=False))
        for case in suites.iterfind(f".//testcase[@classname='tests.{module}']"):
            cases[case.get("name").partition("[")[0]].append(case)
    if not cases:
        return UNTRIED
    rows = []
    for name, tried in cases.items():
        seconds = sum(float(case.get("time")) for case in tried)
        rows.append([sentence(name), f"{len(tried):,}", outcome(tried), duration(seconds)])
    return table(["promise", "cases", "outcome", "time"], rows)


def sentence(name: str) -> str:
    """
    >>> sentence("test_a_full_disk_is_reported")
    'A full disk is reported'
    """
    return name.removeprefix("test_").replace("_", " ").capitalize()


def outcome(tried: list[etree._Element]) -> str:
    """Such as "held", "held, 2 left out" or "FAILED"."""
    kinds = [child.tag for case in tried for child in case]
    if "failure" in kinds or "error" in kinds:
        return "FAILED"
    skipped = kinds.count("skipped")
    if skipped == len(tried):
        return "left out"
    return f"held, {skipped} left out" if skipped else "held"


class Promises(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        self.env.note_dependency(str(REPORT))
        return self.parse_text_to_nodes(promises(self.arguments[0]))


def setup(app: Sphinx) -> dict:
    app.add_directive("promises", Promises)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
