"""{sides} minidl/graph.py: a file of the package, what it says on the left, its code on the right.

The code is read when the site is built, so that it is what runs.  Docstrings move to the left, and
banners (# ---- the value) become headings; every other line stays, in its order.

What the page has to add is the directive's content: after a line "@noisy" or "@Diffusion.target"
stands Markdown, with mathematics, that comes below the docstring of that name.

{rows} ID ... lists rows of the notes; {erratum} ID shows what they print wrongly, beside what is
right, and the experiment that separates the two.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

from minidl.notes import errata, rows

from .notes_pages import NotesDirective, experiment
from .prose import literal, prose
from .source_pages import ROOT, page_of

BANNER = re.compile(r"# -{5,} (.+)")
ROWS = "Rows of the notes:"
PARTS = {  # of a fused operation
    "composite": "The definition in plain operations, which is followed for second derivatives.",
    "backward": "The pass back of first order, on arrays.",
}


@dataclass
class Piece:
    """What stands beside each other: a name and its docstring; and the lines of code."""

    heading: str
    name: str
    text: str
    code: str


def pieces(source: str) -> list[Piece]:
    """The file, cut at banners and where a function, a class or a documented method begins."""
    lines = source.split("\n")
    tree = ast.parse(source)
    starts: dict[int, tuple[str, ast.AST | None]] = {
        number: ("", None) for number, line in enumerate(lines) if BANNER.match(line)
    }
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            starts[_top(node, lines)] = _named(node), node
        for child in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(child, ast.FunctionDef) and ast.get_docstring(child):
                starts[_top(child, lines)] = f"{node.name}.{child.name}", child
    starts[0] = "", tree
    cuts = [*sorted(starts), len(lines)]
    return [_piece(*starts[cut], lines, cut, end) for cut, end in zip(cuts, cuts[1:])]


def _named(node: ast.ClassDef | ast.FunctionDef) -> str:
    """The name; of the parts of a fused operation, whose they are: "attention.backward"."""
    for decorator in node.decorator_list:
        called = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
        if called.rpartition(".")[2] in PARTS:
            return called
    return node.name


def _top(node: ast.ClassDef | ast.FunctionDef, lines: list[str]) -> int:
    """The first line of a definition, from 0: of its decorators, or of the comment above them."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    while lines[first - 1].lstrip().startswith("#") and not BANNER.match(lines[first - 1]):
        first -= 1
    return first


def _piece(name: str, node: ast.AST | None, lines: list[str], first: int, end: int) -> Piece:
    banner = BANNER.match(lines[first])
    text = (node and ast.get_docstring(node)) or ""
    leaves = text and len(node.body) > 1  # one that is all there is to a function stays
    moved = range(node.body[0].lineno - 1, node.body[0].end_lineno) if leaves else range(0)
    kept = [lines[i] for i in range(first + bool(banner), end) if i not in moved]
    text = text or PARTS.get(name.partition(".")[2], "")
    return Piece(banner[1] if banner else "", name, text, "\n".join(kept).strip("\n"))


class Sides(NotesDirective):
    """{sides} FILE, a path from the root of the repository; content: what the page adds."""

    required_arguments = 1
    has_content = True

    def run(self) -> list[nodes.Node]:
        file = self.arguments[0]
        self.env.note_dependency(str(ROOT / file))
        added = self.added()
        found: list[nodes.Node] = []
        for piece in pieces((ROOT / file).read_text(encoding="utf-8")):
            if piece.heading:
                found.append(nodes.rubric("", piece.heading[0].upper() + piece.heading[1:]))
            if piece.text or piece.code:
                found.append(self.beside(piece, file, added.pop(piece.name, [])))
        if added:
            raise self.error(f"{file} defines no {', '.join(added)}")
        return found

    def added(self) -> dict[str, list[nodes.Node]]:
        """The content: Markdown for names of the file."""
        starts = [i for i, line in enumerate(self.content) if line.startswith("@")]
        found = {}
        for first, end in zip(starts, [*starts[1:], len(self.content)]):
            parsed = nodes.Element()
            self.state.nested_parse(
                self.content[first + 1 : end], self.content_offset + first + 1, parsed
            )
            found[self.content[first][1:].strip()] = parsed.children
        return found

    def beside(self, piece: Piece, file: str, added: list[nodes.Node]) -> nodes.container:
        said = nodes.container("", classes=["said"])
        if piece.name:
            said += nodes.paragraph("", "", nodes.strong(text=piece.name), ids=[piece.name])
        else:
            said += nodes.paragraph("", "", self.link(file, page_of(file), "line-1", code=True))
        text, _, names = piece.text.partition(ROWS)
        said += prose(text)
        said += added
        if names:
            words = [
                self.to_row(rows()[word]) if word in rows() else nodes.Text(word)
                for word in re.split(r"([\w-]+)", names.replace("`", ""))
            ]
            said += nodes.paragraph("", "", nodes.Text(ROWS), *words)
        shown = nodes.container("", classes=["shown"])
        if piece.code:
            shown += literal(piece.code, "python")
        whole = ["file"] if piece.text and not piece.name else []
        return nodes.container("", said, shown, classes=["sides", *whole])


class Rows(NotesDirective):
    """{rows} ID ...: the rows of the notes that a page is about."""

    required_arguments = 1
    final_argument_whitespace = True

    def run(self) -> list[nodes.Node]:
        found = nodes.bullet_list()
        for id in self.arguments[0].split():
            row = rows()[id]
            where = nodes.Text(f": {row.what} (notes: {row.where})")
            found += nodes.list_item("", nodes.paragraph("", "", self.to_row(row), where))
        return [nodes.container("", found, classes=["rows"])]


class Erratum(NotesDirective):
    """{erratum} ID: as printed, corrected, and what separates the two."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        row = rows()[self.arguments[0]]
        erratum = errata.find(row.id)
        if erratum is None:
            raise self.error(f"minidl/notes/errata has no module for the row {row.id}")
        self.env.note_dependency(erratum.__file__)
        found = nodes.container("", classes=["erratum"])
        title = nodes.strong("", "", nodes.Text("In the notes: "), self.to_row(row))
        found += nodes.paragraph("", "", title)
        found += prose(erratum.__doc__)
        printed = self.formula("As printed", erratum.as_printed, erratum.__name__)
        corrected = self.formula("Corrected", erratum.corrected, erratum.__name__)
        found += nodes.container("", printed, corrected, classes=["versus"])
        if self.config.run_errata:
            code = self.to_code(f"{erratum.__name__}.experiment")
            says = nodes.Text(": " + inspect.getdoc(erratum.experiment))
            found += nodes.paragraph("", "", nodes.Text("What separates them, "), code, says)
            found += literal(experiment(row.id), "text")
        return [found]

    def formula(self, title: str, function: Callable[..., Any], module: str) -> nodes.container:
        """One of the two: its source, and its place where it is a function of the package."""
        words: list[nodes.Node] = [nodes.Text(title)]
        if function.__module__ != module:
            name = f"{function.__module__}.{function.__qualname__}"
            words += [nodes.Text(": "), self.to_code(name)]
        code = inspect.getsource(inspect.unwrap(function)).rstrip()
        return nodes.container("", nodes.paragraph("", "", *words), literal(code, "python"))


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("sides", Sides)
    app.add_directive("rows", Rows)
    app.add_directive("erratum", Erratum)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
