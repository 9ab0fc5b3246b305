"""{sides} minidl/graph.py: a file of the package, what it says on the left, its code on the right.

The code is read when the site is built, so that it is what runs.  Docstrings move to the left, and
banners (# ---- the value) become headings; every other line stays, in its order.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass

from docutils import nodes
from sphinx.application import Sphinx

from minidl.notes import rows

from .notes_pages import NotesDirective
from .prose import literal, prose
from .source_pages import ROOT, page_of

BANNER = re.compile(r"# -{5,} (.+)")
ROWS = "Rows of the notes:"


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
            starts[_top(node, lines)] = node.name, node
        for child in node.body if isinstance(node, ast.ClassDef) else []:
            if isinstance(child, ast.FunctionDef) and ast.get_docstring(child):
                starts[_top(child, lines)] = f"{node.name}.{child.name}", child
    starts[0] = "", tree
    cuts = [*sorted(starts), len(lines)]
    return [_piece(*starts[cut], lines, cut, end) for cut, end in zip(cuts, cuts[1:])]


def _top(node: ast.ClassDef | ast.FunctionDef, lines: list[str]) -> int:
    """The first line of a definition, from 0: of its decorators, or of the comment above them."""
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)]) - 1
    while lines[first - 1].lstrip().startswith("#") and not BANNER.match(lines[first - 1]):
        first -= 1
    return first


def _piece(name: str, node: ast.AST | None, lines: list[str], first: int, end: int) -> Piece:
    banner = BANNER.match(lines[first])
    text = (node and ast.get_docstring(node)) or ""
    moved = range(node.body[0].lineno - 1, node.body[0].end_lineno) if text else range(0)
    kept = [lines[i] for i in range(first + bool(banner), end) if i not in moved]
    return Piece(banner[1] if banner else "", name, text, "\n".join(kept).strip("\n"))


class Sides(NotesDirective):
    """{sides} FILE, a path from the root of the repository."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        file = self.arguments[0]
        self.env.note_dependency(str(ROOT / file))
        found: list[nodes.Node] = []
        for piece in pieces((ROOT / file).read_text(encoding="utf-8")):
            if piece.heading:
                found.append(nodes.rubric("", piece.heading[0].upper() + piece.heading[1:]))
            if piece.text or piece.code:
                found.append(self.beside(piece, file))
        return found

    def beside(self, piece: Piece, file: str) -> nodes.container:
        said = nodes.container("", classes=["said"])
        if piece.name:
            said += nodes.paragraph("", "", nodes.strong(text=piece.name), ids=[piece.name])
        else:
            said += nodes.paragraph("", "", self.link(file, page_of(file), "line-1", code=True))
        text, _, names = piece.text.partition(ROWS)
        said += prose(text)
        if names:
            words = [
                self.to_row(rows()[word]) if word in rows() else nodes.Text(word)
                for word in re.split(r"([\w-]+)", names)
            ]
            said += nodes.paragraph("", "", nodes.Text(ROWS), *words)
        shown = nodes.container("", classes=["shown"])
        if piece.code:
            shown += literal(piece.code, "python")
        return nodes.container("", said, shown, classes=["sides"])


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("sides", Sides)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
