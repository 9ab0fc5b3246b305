"""{run}: Python that runs when the site is built; what it prints, or draws, stands beneath it.

A program that fails stops the build.  If its last line is an expression that draws itself, such as
`minidl.draw(y)`, the drawing is shown.
"""

from __future__ import annotations

import ast
import contextlib
import io

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .prose import literal


def run(program: str) -> tuple[str, str]:
    """What a program prints, and the SVG of its last expression, "" if that is no drawing."""
    tree = ast.parse(program)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    names: dict[str, object] = {}
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<program>", "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), "<program>", "eval"), names)
    return printed.getvalue().rstrip(), value._repr_svg_() if hasattr(value, "_repr_svg_") else ""


class Program(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        program = "\n".join(self.content)
        printed, drawn = run(program)
        found: list[nodes.Node] = [literal(program, "python")]
        if printed:
            found.append(nodes.container("", literal(printed, "text"), classes=["printed"]))
        if drawn:
            svg = nodes.raw("", drawn, format="html")
            found.append(nodes.container("", svg, classes=["drawn"]))
        return found


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_directive("run", Program)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
