"""{run}: Python that runs when the site is built; beneath it, what a notebook would show.

That is what the program prints, what matplotlib drew, and its last line's value if it draws itself,
as `minidl.draw(y)` does, or is a figure.  A program that fails stops the build.  The option `alt`
says what a figure shows to those who cannot see it; without it they hear its titles.  What follows
the line `# --- the picture` is folded away.
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
from docutils.parsers.rst import directives
from matplotlib.figure import Figure
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from .prose import literal

FOLD = "\n# --- the picture\n"
STYLE = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
}


def run(program: str, names: dict[str, Any], alt: str = "") -> list[nodes.Node]:
    """What stands beneath a program, whose variables are, and afterwards will be, in `names`.

    alt: what its figures show, in words.
    """
    tree = ast.parse(program)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(tree, "<program>", "exec"), names)
        value = last and eval(compile(ast.Expression(last.value), "<program>", "eval"), names)
    found: list[nodes.Node] = []
    if printed.getvalue().strip():
        text = printed.getvalue().rstrip()
        found.append(nodes.container("", literal(text, "text"), classes=["printed"]))
    drawn: list[nodes.Node] = [*figures(alt)]
    if isinstance(value, Figure):
        drawn.append(picture(value, alt))
    else:
        forms = [form for form in ("_repr_svg_", "_repr_html_") if hasattr(value, form)]
        drawn += [nodes.raw("", getattr(value, form)(), format="html") for form in forms[:1]]
    return found + [nodes.container("", picture, classes=["drawn"]) for picture in drawn]


def figures(alt: str) -> list[nodes.image]:
    """The open figures of matplotlib, each inside the page; they are closed."""
    pyplot = sys.modules.get("matplotlib.pyplot")  # if nobody has imported it, there are none
    found = []
    for number in pyplot.get_fignums() if pyplot else []:
        figure = pyplot.figure(number)
        found.append(picture(figure, alt))
        pyplot.close(figure)
    return found


def picture(figure: Figure, alt: str) -> nodes.image:
    """A figure as an SVG that is part of the page."""
    svg = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "minidl"}):  # the same picture, the same bytes
        figure.savefig(svg, format="svg", bbox_inches="tight", metadata={"Date": None})
    data = base64.b64encode(svg.getvalue()).decode("ascii")
    titles = [figure.get_suptitle(), *(axes.get_title() for axes in figure.axes)]
    alt = alt or "; ".join(filter(None, titles)) or "a figure"
    return nodes.image("", uri=f"data:image/svg+xml;base64,{data}", alt=alt)


class Program(SphinxDirective):
    has_content = True
    option_spec = {"alt": directives.unchanged}

    def run(self) -> list[nodes.Node]:
        program = "\n".join(self.content)
        with matplotlib.rc_context(STYLE):
            beneath = run(program, {}, self.options.get("alt", ""))
        before, _, after = program.partition(FOLD)
        shown = nodes.container("", literal(before, "python"))
        if after:
            opening = "<details><summary>How the picture is drawn</summary>"
            shown += nodes.raw("", opening, format="html")
            shown += literal(after, "python")
            shown += nodes.raw("", "</details>", format="html")
        return [nodes.container("", shown, nodes.container("", *beneath), classes=["ran"])]


def setup(app: Sphinx) -> dict[str, bool]:
    matplotlib.use("agg")  # pictures are for the page, and show() opens no window
    app.add_directive("run", Program)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
