"""A page for each tutorial, and its notebook: {include} ../../tutorials/NAME.py.

A tutorial is a Python file of cells, `# %%`, or `# %% [markdown]` with commented prose.  Its page
has the prose, the code, and beneath each cell what it shows; all cells run in one program when the
site is built, unless `-D run_tutorials=0`.  The file, and a notebook made of it by Jupytext, lie
beside the page to be downloaded.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import jupytext
import nbformat
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .programs import run
from .prose import literal
from .source_pages import ROOT

TUTORIALS = ROOT / "tutorials"
PYTHON = {"name": "python3", "display_name": "Python 3", "language": "python"}


def notebook(file: Path) -> nbformat.NotebookNode:
    """The cells of a tutorial as a notebook, without outputs; the same each time."""
    found = jupytext.read(file)
    found.metadata = {"kernelspec": PYTHON, "language_info": {"name": "python"}}
    for number, cell in enumerate(found.cells):
        cell.id, cell.metadata = f"cell-{number}", {}
    return found


def page(file: Path) -> str:
    """The tutorial as Markdown for the site: code becomes {cell}."""
    first, *others = notebook(file).cells
    title, _, rest = first.source.partition("\n")
    parts = [title, f"```{{downloads}} {file.stem}\n```", rest]
    for cell in others:
        code = cell.cell_type == "code"
        parts.append(f"``````{{cell}}\n{cell.source}\n``````" if code else cell.source)
    return "\n\n".join(parts)


def on_include(app: Sphinx, file: Path, docname: str, content: list[str]) -> None:
    """Have tutorials, and the list of them, included as Markdown whose links stay on the site."""
    file = (Path(app.srcdir) / file).resolve()
    if file.parent == TUTORIALS:
        listed = content[0].replace(".py)", ".md)")
        content[0] = page(file) if file.suffix == ".py" else listed


class Cell(SphinxDirective):
    """{cell}: code that goes on where the page's last cell ended."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        program = "\n".join(self.content)
        found: list[nodes.Node] = [literal(program, "python")]
        if self.config.run_tutorials:
            names = self.env.current_document.setdefault("tutorial", {"__name__": "__main__"})
            found += run(program, names)
        return found


class Downloads(SphinxDirective):
    """{downloads} NAME: links to the notebook and to the file."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        name = self.arguments[0]
        python, jupyter = (
            nodes.reference("", name + suffix, refuri=name + suffix, internal=True)
            for suffix in (".py", ".ipynb")
        )
        words = nodes.Text("To run it yourself: "), jupyter, nodes.Text(", or "), python
        return [nodes.paragraph("", "", *words, classes=["downloads"])]


def write_downloads(app: Sphinx, exception: Exception | None) -> None:
    """Put the files and notebooks beside the pages."""
    if exception is None and app.builder.format == "html":
        folder = Path(app.outdir) / "tutorials"
        for file in TUTORIALS.glob("*.py"):
            shutil.copy(file, folder)
            nbformat.write(notebook(file), folder / f"{file.stem}.ipynb")


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_config_value("run_tutorials", True, "env", types=bool)
    app.add_directive("cell", Cell)
    app.add_directive("downloads", Downloads)
    app.connect("include-read", on_include)
    app.connect("build-finished", write_downloads)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
