"""A Sphinx extension: notebooks and pages of the repository as pages of a site without a network.

Links between files of the repository lead to pages, interactive charts are drawn by a copy of
Vega-Lite on the site, formulas are MathML, and the front page shows a picture of each chapter.
"""

import base64
import json
import os
import posixpath
import re
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

from helpers import GENERATED, ROOT, replacing
from helpers.plots import CHART_MIME, VL_CONVERT_VERSION

import vl_convert
from docutils import nodes
from docutils.utils.math.latex2mathml import tex2mathml
from PIL import Image, ImageOps
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.errors import ConfigError

BRANCH = "main"
# Files of the repository that have a page here, beside the notebooks and the pages in book/.
PAGES = {
    "README.md": "/index.md",
    "CONTRIBUTING.md": "/contributing.md",
    "data/README.md": "/data.md",
}
PICTURE_SIZE = (480, 360)
LINK = re.compile(r"\[(?P<text>[^\[\]]*)\]\((?P<path>[^\s()#:]+)(?P<anchor>#[^\s()]*)?\)")


def origin() -> str:
    """The address that this clone of the repository is from; "" if there is none."""
    if not shutil.which("git"):
        return ""
    command = ["git", "remote", "get-url", "origin"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def on_github(address: str) -> str | None:
    """The name of a repository on GitHub, "owner/name"; None if `address` is of another place."""
    found = re.search(r"\bgithub\.com[:/]([\w.-]+/[\w.-]+?)(\.git)?/?$", address)
    return found[1] if found else None


def anchor(heading: str) -> str:
    """What Jupyter calls a heading in links, and so what the notebooks write after the #."""
    return heading.replace(" ", "-")


# What a page is made from


def prepare_source(app: Sphinx, docname: str, source: list[str]) -> None:
    """Mend the text of a page before Sphinx reads it."""
    if docname.startswith("notebooks/"):
        notebook = json.loads(source[0])
        prepare_notebook(notebook, docname, app.config.cookbook_repository)
        source[0] = json.dumps(notebook)
    else:
        source[0] = mend_links(source[0], "book", app.config.cookbook_repository)


def prepare_included(app: Sphinx, path: Path, parent: str, source: list[str]) -> None:
    """Mend a file of the repository that is a part of a page; picture the table of chapters."""
    folder = Path(app.srcdir, path).resolve().relative_to(ROOT).parent.as_posix()
    if parent == "index":
        source[0] = add_pictures(source[0], app)
    source[0] = mend_links(source[0], folder, app.config.cookbook_repository)


def prepare_notebook(notebook: dict, docname: str, repository: str | None) -> None:
    """Change a notebook, in place, to what the site shows."""
    notebook["metadata"].pop("widgets", None)  # they need a kernel, and scripts from the network
    heading = ""
    for cell in notebook["cells"]:
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            headings = re.findall(r"^#+ (.*)", text, re.MULTILINE)
            heading = headings[-1] if headings else heading
            cell["source"] = mend_links(text, "notebooks", repository)
        else:
            cell["metadata"]["mystnb"] = {"image": {"alt": f"Figure: {heading}"}}
            cell["outputs"] = with_charts(cell["outputs"])
    first = notebook["cells"][0]
    title, _, rest = first["source"].partition("\n")
    first["source"] = f"{title}\n\n{open_in(docname, repository)}\n\n{rest}"


def with_charts(outputs: list[dict]) -> list[dict]:
    """The outputs of a cell, and after the picture of a chart the chart, for charts.js to draw."""
    shown = []
    for output in outputs:
        chart = output.get("data", {}).pop(CHART_MIME, None)
        shown.append(output)
        if chart is not None:
            text = json.dumps(chart).replace("</", r"<\/")
            html = f'<script class="chart" type="application/json">{text}</script>'
            data = {"text/html": html}
            shown.append({"output_type": "display_data", "metadata": {}, "data": data})
    return shown


def open_in(docname: str, repository: str | None) -> str:
    """A line of links that open the notebook elsewhere."""
    links = [f"{{download}}`Download the notebook </{docname}.ipynb>`"]
    if repository:
        file = f"{repository}/blob/{BRANCH}/{docname}.ipynb"
        links += [
            f"[Open in Colab](https://colab.research.google.com/github/{file})",
            f"[Open in Kaggle](https://kaggle.com/kernels/welcome?src=https://github.com/{file})",
            f"[Open in Binder](https://mybinder.org/v2/gh/{repository}/{BRANCH}"
            f"?labpath={docname}.ipynb)",
        ]
    return "{.open-in}\n" + " · ".join(links)


def mend_links(text: str, folder: str, repository: str | None) -> str:
    """Turn links to files of the repository, seen from `folder`, into links to their pages.

    A file that has no page is shown on GitHub, or offered for download if we aren't there.
    """

    def mend(link: re.Match) -> str:
        path = posixpath.normpath(posixpath.join(folder, link["path"]))
        if path.startswith("..") or not (ROOT / path).exists():
            return link[0]  # not a file of ours: code, say, or for Sphinx to complain about
        if path in PAGES:
            target = PAGES[path]
        elif path.startswith("notebooks/"):
            target = f"/{path}"
        elif path.startswith("book/"):
            target = path.removeprefix("book")
        elif repository:
            target = f"https://github.com/{repository}/blob/{BRANCH}/{path}"
        elif (ROOT / path).is_file():
            target = f"/../{path}"
        else:
            return link["text"]
        return f"[{link['text']}]({target}{link['anchor'] or ''})"

    return LINK.sub(mend, text)


def lead_to_notebooks(app: Sphinx, doctree: nodes.document) -> None:
    """Sphinx follows the link book/notebooks, and finds the target of a link outside of book/."""
    for link in doctree.findall(addnodes.pending_xref):
        target = link["reftarget"]
        if target.startswith(f"{ROOT.as_posix()}/notebooks/"):
            link["reftarget"] = Path(target).relative_to(ROOT).as_posix()


# The front page


def picture(chapter: str, code: str) -> Image.Image:
    """The last picture below the one cell of a chapter that has `code` in it."""
    notebook = json.loads((ROOT / f"notebooks/{chapter}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if code in "".join(cell["source"])]
    data = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
    pictures = ["".join(part["image/png"]) for part in data if "image/png" in part]
    if len(cells) != 1 or not pictures:
        raise ConfigError(
            f"The picture of {chapter} should be below the one cell with {code!r}, and "
            f"{len(cells)} cells have it, with {len(pictures)} pictures below. "
            "Mend cookbook_pictures in book/conf.py."
        )
    return Image.open(BytesIO(base64.b64decode(pictures[-1])))


def add_pictures(readme: str, app: Sphinx) -> str:
    """Put a column with pictures before the README's table of chapters."""
    folder = Path(app.doctreedir, "pictures")
    folder.mkdir(parents=True, exist_ok=True)
    for chapter, (code, alt) in app.config.cookbook_pictures.items():
        small = ImageOps.pad(picture(chapter, code).convert("RGB"), PICTURE_SIZE, color="white")
        file = folder / f"{chapter}.png"
        small.save(file)
        path = Path(os.path.relpath(file, app.srcdir)).as_posix()
        row = re.compile(rf"^(?=\| \[.*?\]\(notebooks/{chapter}\.ipynb\))", re.MULTILINE)
        readme = row.sub(f"| [![{alt}]({path})](notebooks/{chapter}.ipynb) ", readme)
        app.env.note_dependency(str(ROOT / f"notebooks/{chapter}.ipynb"))
    return readme.replace("\n| | you learn", "\n| | | you learn").replace("\n|---|", "\n|---|---|")


# Charts and formulas


def add_vega(app: Sphinx) -> None:
    """Put Vega, Vega-Lite and Vega-Embed, in one file that needs no network, on the site."""
    name = f"vega-{VL_CONVERT_VERSION}-{vl_convert.__version__}.js"
    bundle = GENERATED / name  # bundling takes ten seconds
    if not bundle.exists():
        with replacing(bundle) as part:
            script = vl_convert.javascript_bundle(vl_version=VL_CONVERT_VERSION)
            # In a scope of its own: Sphinx's scripts declare some of the same names.
            part.write_text(f"(() => {{{script}\n}})();", encoding="utf-8")
    static = Path(app.outdir, "_static")
    static.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(bundle, static / "vega.js")


def load_vega(app: Sphinx, pagename: str, template: str, context: dict, doctree) -> None:
    """Load it on pages that have charts."""
    if 'class="chart"' in context.get("body", ""):
        app.add_js_file("vega.js", loading_method="defer")
        app.add_js_file("charts.js", loading_method="defer")


def formula(writer, node: nodes.math | nodes.math_block) -> None:
    """Write a formula as MathML, which browsers draw by themselves."""
    mathml = tex2mathml(node.astext(), as_block=isinstance(node, nodes.math_block))
    # TeX's thin space between a function and an argument without brackets.
    thin = r'\1<mspace width="0.1667em"/>'
    mathml = re.sub(r"(<mo>&ApplyFunction;</mo>)(?=\s*<m(?!o))", thin, mathml)
    writer.body.append(mathml)
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict:
    app.add_config_value("cookbook_repository", None, "env")
    app.add_config_value("cookbook_pictures", {}, "env")
    app.add_html_math_renderer("mathml", (formula, None), (formula, None))
    app.connect("builder-inited", add_vega)
    app.connect("source-read", prepare_source)
    app.connect("include-read", prepare_included)
    app.connect("doctree-read", lead_to_notebooks)
    app.connect("html-page-context", load_vega)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
