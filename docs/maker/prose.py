"""A docstring as it stands on a page.

Docstrings here are plain text: paragraphs, `names`, indented formulas, sessions that begin with
>>>, lists whose items begin with a dash, and lines that begin with an argument's name and a colon,
which stay lines of their own.  Nothing else means anything, so that x_i * y_i stays what
it is.
"""

from __future__ import annotations

import inspect
import re
import textwrap

from docutils import nodes

# A line that begins "axis: " or "a, b: ", after the end of a sentence.
ARGUMENT = re.compile(r"(?<=\.)\n(?=[a-z]\w*(?:, [a-z]\w*)*: )")


def prose(text: str) -> list[nodes.Node]:
    """The paragraphs, formulas and lists of a docstring."""
    found: list[nodes.Node] = []
    for indented, block in _blocks(inspect.cleandoc(text).split("\n")):
        if indented:
            found.append(literal(textwrap.dedent(block), "text"))
        elif block.startswith(">>>"):
            found.append(literal(block, "pycon"))
        elif block.startswith("- "):
            items = re.split(r"\n- ", block[2:])
            found.append(nodes.bullet_list("", *(nodes.list_item("", _text(i)) for i in items)))
        else:
            found += map(_text, re.split(ARGUMENT, block))
    return found


def _blocks(lines: list[str]) -> list[tuple[bool, str]]:
    """Paragraphs, and whether they are indented: what is stays together across blank lines."""
    paragraphs = [p.strip("\n") for p in re.split(r"\n\s*?\n", "\n".join(lines))]
    found: list[tuple[bool, str]] = []
    for paragraph in filter(None, paragraphs):
        indented = all(line.startswith("  ") for line in paragraph.split("\n"))
        if indented and found and found[-1][0]:
            found[-1] = True, f"{found[-1][1]}\n\n{paragraph}"
        else:
            found.append((indented, paragraph))
    return found


def literal(text: str, language: str) -> nodes.literal_block:
    return nodes.literal_block(text, text, language=language)


def _text(block: str) -> nodes.paragraph:
    paragraph = nodes.paragraph()
    for number, piece in enumerate(re.split(r"`([^`]+)`", " ".join(block.split()))):
        paragraph += nodes.literal(text=piece) if number % 2 else nodes.Text(piece)
    return paragraph
