"""What the site adds to Sphinx, where no page is needed to see it."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
pytest.importorskip("sphinx")
pytest.importorskip("ziamath")


@pytest.fixture
def maker(monkeypatch):
    """A module of docs/maker, by name."""
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    yield lambda name: importlib.import_module(f"maker.{name}")
    for name in [name for name in sys.modules if name.split(".")[0] == "maker"]:
        del sys.modules[name]


FILES = sorted({
    line.split()[1]
    for page in (ROOT / "docs/beside").glob("*.md")
    for line in page.read_text(encoding="utf-8").split("\n")
    if line.startswith("```{sides} ")
})  # fmt: skip


@pytest.mark.parametrize("file", FILES)
def test_no_line_of_a_file_is_lost_beside_its_prose(maker, file):
    source = (ROOT / file).read_text(encoding="utf-8")
    pieces = maker("sides").pieces(source)
    shown = ast.parse("\n".join(piece.code for piece in pieces))
    assert ast.dump(shown) == ast.dump(without_docstrings(ast.parse(source)))


@pytest.mark.parametrize("file", FILES)
def test_every_docstring_of_a_file_is_said(maker, file):
    source = (ROOT / file).read_text(encoding="utf-8")
    said = {piece.text for piece in maker("sides").pieces(source)}
    assert said >= {ast.get_docstring(node) for node in documented(ast.parse(source))}


def test_the_parts_of_a_fused_operation_have_its_name(maker):
    source = (ROOT / "minidl/ops/attention.py").read_text(encoding="utf-8")
    names = [piece.name for piece in maker("sides").pieces(source)]
    assert {"attention", "attention.composite", "attention.backward"} <= set(names)


def test_a_command_that_would_be_drawn_as_it_is_written_stops_the_build(maker):
    from sphinx.errors import ExtensionError

    with pytest.raises(ExtensionError, match="command"):
        maker("mathematics").svg(r"\Bigl\langle a, b \Bigr\rangle", inline=False)


def test_a_program_shows_its_figure_and_says_what_it_is(maker):
    program = (
        "from minidl.experiments.figures import new_figure\nfigure, _ = new_figure(2, 1)\nfigure"
    )
    (drawn,) = maker("programs").run(program, {}, "an empty panel")
    image = drawn.children[0]
    assert image["alt"] == "an empty panel"
    assert image["uri"].startswith("data:image/svg+xml;base64,")


def test_arguments_in_a_docstring_are_lines_of_their_own(maker):
    text = "The sum.\n\nx: (N, D), numbers\n    of any size.\naxis: along it."
    said = [node.astext() for node in maker("prose").prose(text)]
    assert said == ["The sum.", "x: (N, D), numbers of any size.", "axis: along it."]
    (sentence,) = maker("prose").prose("The first and the last\ncoincide: p(0) = 0.")
    assert sentence.astext() == "The first and the last coincide: p(0) = 0."


def documented(tree):
    """The file, its functions and classes, and their methods, if a docstring is not all they have.

    One that is all there is to a function stays in the code, which would be none without it.
    """
    classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
    for node in [tree, *tree.body, *(child for parent in classes for child in parent.body)]:
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            if ast.get_docstring(node) and len(node.body) > 1:
                yield node


def without_docstrings(tree):
    for node in documented(tree):
        node.body = node.body[1:]
    return tree
