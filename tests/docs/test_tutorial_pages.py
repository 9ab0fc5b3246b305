"""The tutorials on the site: what a page shows beneath a cell, the notebooks, the list of them."""

import re
import sys
from pathlib import Path

import pytest

jupytext = pytest.importorskip("jupytext")
pytest.importorskip("sphinx")

ROOT = Path(__file__).parent.parent.parent
TUTORIALS = sorted((ROOT / "tutorials").glob("*.py"))


@pytest.fixture(scope="module", autouse=True)
def maker():
    """`docs/` on the path, as Sphinx has it."""
    sys.path.insert(0, str(ROOT / "docs"))
    yield
    sys.path.remove(str(ROOT / "docs"))


def cells_of(file):
    """A tutorial's cells, read without Jupytext: (whether it is code, its text)."""
    _, *parts = re.split(r"^# %%( \[markdown\])?\n", file.read_text(encoding="utf-8"), flags=re.M)
    for marker, text in zip(parts[::2], parts[1::2]):
        text = text.strip("\n")
        yield marker is None, re.sub(r"^# ?", "", text, flags=re.M) if marker else text


@pytest.mark.parametrize("file", TUTORIALS, ids=lambda file: file.stem)
def test_notebooks_are_valid_and_have_the_cells_of_the_tutorial(file):
    import nbformat
    from maker.tutorials import notebook

    made = notebook(file)
    nbformat.validate(made)
    assert nbformat.writes(made) == nbformat.writes(notebook(file))  # the same bytes each time
    assert [(cell.cell_type == "code", cell.source) for cell in made.cells] == [*cells_of(file)]


def test_a_page_shows_what_is_printed_and_drawn_and_the_next_cell_goes_on_from_there():
    from maker.programs import run

    names = {}
    printed = run("x = 2\nprint('twice', 2 * x)\nx", names)
    assert [node.astext() for node in printed] == ["twice 4"] and names["x"] == 2

    program = "import minidl\nt = minidl.tensor(1.0, requires_grad=True)\nminidl.draw(x * t)"
    (drawn,) = run(program, names)
    assert drawn["classes"] == ["drawn"] and "<svg" in drawn.astext()

    pyplot = pytest.importorskip("matplotlib.pyplot")
    figure = "import matplotlib.pyplot as plt\nplt.plot([x, 3])\nplt.title('A line')\nplt.show()"
    (drawn,) = run(figure, names)
    assert drawn[0]["alt"] == "A line" and drawn[0]["uri"].startswith("data:image/svg+xml")
    assert pyplot.get_fignums() == []
    (again,) = run(figure, names)
    assert again[0]["uri"] == drawn[0]["uri"]


def test_a_cell_that_fails_stops_the_build():
    from maker.programs import run

    with pytest.raises(AssertionError, match="not so"):
        run("assert 1 > 2, 'not so'", {})


def test_the_list_has_every_tutorial_and_the_site_has_them_in_its_order():
    listed = re.findall(r"\]\((\w+)\.py\)", (ROOT / "tutorials/README.md").read_text("utf-8"))
    tree = (ROOT / "docs/tutorials/index.md").read_text("utf-8").split(":hidden:")[1]
    assert sorted(listed) == [file.stem for file in TUTORIALS]
    assert re.findall(r"^\w+$", tree, flags=re.M) == listed
    for name in listed:
        page = (ROOT / f"docs/tutorials/{name}.md").read_text("utf-8")
        assert f"{{include}} ../../tutorials/{name}.py" in page
