"""{run}: Python that runs when the site is built; beneath it, what a notebook would show.

That is what the program prints, what matplotlib drew, and its last line's value if it draws itself,
as `minidl.draw(y)` does.  A program that fails stops the build.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import sys
from typing import Any

import matplotlib
from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .prose import literal


def run(program: str, names: dict[str, Any]) -> list[nodes.Node]:
    """What stands beneath a program, whose variables are, and afterwards will be, in `names`."""
    tree = ast.parse(program)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<program>", "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), "<program>", "eval"), names)
    found: list[nodes.Node] = []
    if printed.getvalue().strip():
        text = printed.getvalue().rstrip()
        found.append(nodes.container("", literal(text, "text"), classes=["printed"]))
    drawn: list[nodes.Node] = [*figures()]
    for form in ("_repr_svg_", "_repr_html_"):  # the first that the value has
        if hasattr(value, form):
            drawn.append(nodes.raw("", getattr(value, form)(), format="html"))
            break
    return found + [nodes.container("", picture, classes=["drawn"]) for picture in drawn]


def figures() -> list[nodes.image]:
    """The open figures of matplotlib, each inside the page; they are closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")  # if nobody has imported it, there are none
    found = []
    for number in pyplot.get_fignums() if pyplot else []:
        figure, svg = pyplot.figure(number), io.BytesIO()
        with matplotlib.rc_context({"svg.hashsalt": "minidl"}):  # the same picture, the same bytes
            figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
        pyplot.close(figure)
        data = base64.b64encode(svg.getvalue()).decode("ascii")
        titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
        alt = "; ".join(filter(None, titles)) or "a figure"
        found.append(nodes.image("", uri=f"data:image/svg+xml;base64,{data}", alt=alt))
    return found


class Program(SphinxDirective):
    has_content = True

    def run(self) -> list[nodes.Node]:
        program = "\n".join(self.content)
        return [literal(program, "python"), *run(program, {})]


def setup(app: Sphinx) -> dict[str, bool]:
    matplotlib.use("agg")  # pictures are for the page, and show() opens no window
    app.add_directive("run", Program)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
