"""The page docs/looking.md: each example prints what it shows, and its picture is what is drawn.

To draw the picture anew: python -m tests.show.test_page
"""

import contextlib
import io
import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parent.parent.parent / "docs"
PAGE = (DOCS / "looking.md").read_text(encoding="utf-8")
PICTURE = DOCS / "pictures" / "graph.svg"
EXAMPLES = re.findall(r"```pycon\n(.*?)```", PAGE, re.DOTALL)


def names():
    """The names that the examples share."""
    found = {}
    exec(re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)[1], found)
    return found


def printed(example, names):
    """What a session prints for the lines after >>> and ..., its last error included."""
    statements = re.findall(r"^>>> (.*\n(?:\.\.\. .*\n)*)", example, re.MULTILINE)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        for statement in statements:
            try:
                exec(compile(statement.replace("\n... ", "\n"), "page", "single"), names)
            except RuntimeError as error:
                print(f"{type(error).__name__}: {error}")
    return out.getvalue()


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("example", EXAMPLES)
def test_example(example):
    promised = "".join(
        line for line in example.splitlines(True) if not line.startswith((">>>", "..."))
    )
    assert promised and printed(example, names()).startswith(promised)


def test_the_picture_is_what_is_drawn():
    found = names()
    exec("drawing = minidl.draw(z)", found)
    assert found["drawing"].svg == PICTURE.read_text(encoding="utf-8")


def test_the_error_has_the_line_of_the_program(tmp_path):
    """The traceback's last lines, for a program in a file."""
    program = tmp_path / "train.py"
    program.write_text(
        "import minidl\n\nx = minidl.tensor([1.0, -1.0], requires_grad=True)\n\n"
        "def loss(x):\n    return minidl.sqrt(minidl.maximum(x, 0.0)).sum()\n\n"
        "with minidl.debug():\n    loss(x).backward()\n"
    )
    with pytest.raises(RuntimeError) as caught, pytest.warns(RuntimeWarning):
        exec(compile(program.read_text(), program, "exec"), {})
    (note,) = caught.value.__notes__
    shown = re.search(r"```text\n(.*?)```", PAGE, re.DOTALL)[1].strip()
    assert note.strip() == shown.replace("train.py", str(program))


if __name__ == "__main__":
    shared = names()
    exec("drawing = minidl.draw(z)", shared)
    shared["drawing"].save(PICTURE)
