"""LaTeX to SVG, when the site is built: a reader needs no script, no font and no other host.

ziamath draws a formula as paths.  They are painted in the colour of the text, so that they are
readable in the dark; the formula's source is their text for those who listen.
"""

from __future__ import annotations

import html
from typing import Any

import ziamath
from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

SIZE = 17  # pixels of an em, as the text has them
TALLEST = 20 * SIZE
ziamath.config.svg2 = False  # every formula brings its own paths: no ids that could meet


def svg(latex: str, inline: bool) -> str:
    """The formula as an <svg> element that stands on the text's baseline.

    Raises ExtensionError if ziamath cannot draw it, or would draw a command as it is written, or
    draws it absurdly tall: some brackets with \\left and \\right grow without end.
    """
    if "\\" in convert(latex):
        raise ExtensionError(f"a command in the formula {latex!r} is not known")
    try:
        drawn = ziamath.Latex(latex, size=SIZE, color="currentColor", inline=inline)
    except Exception as error:  # whatever the parser met: a mistake in a page stops the build
        raise ExtensionError(f"cannot draw the formula {latex!r}: {error}") from error
    if drawn.getsize()[1] > TALLEST:
        raise ExtensionError(f"write the formula {latex!r} without \\left and \\right")
    style = f' style="vertical-align: {drawn.getyofst():.2f}px"' if inline else ""
    spoken = f'<svg role="img" aria-label="{html.escape(latex)}"{style}'
    return spoken + drawn.svg().removeprefix("<svg")


def visit_inline(translator: Any, node: nodes.math) -> None:
    translator.body.append(f'<span class="math">{svg(node.astext(), inline=True)}</span>')
    raise nodes.SkipNode


def visit_block(translator: Any, node: nodes.math_block) -> None:
    translator.body.append(f'<div class="math">{svg(node.astext(), inline=False)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    app.add_html_math_renderer("ziamath", (visit_inline, None), (visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
