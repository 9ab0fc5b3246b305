"""The examples of the reference, and those in docstrings, print what they say."""

import doctest
import importlib
import inspect

import pytest

import minidl
import minidl.nn.functional as F
from minidl import nn, optim

from .conftest import ROOT

BLOCKS = (ROOT / "docs/reference/examples.txt").read_text(encoding="utf-8").strip().split("\n\n")
EXAMPLES = [tuple(block.split("\n", 1)) for block in BLOCKS]
FILES = [path.relative_to(ROOT) for path in sorted((ROOT / "minidl").rglob("*.py"))
         if "\n>>> " in inspect.cleandoc(path.read_text(encoding="utf-8"))]  # fmt: skip


def failures(text, names, about):
    """What differs, when the session in `text` is run."""
    said = []
    test = doctest.DocTestParser().get_doctest(text, dict(names), about, None, None)
    doctest.DocTestRunner(verbose=False).run(test, out=said.append)
    assert test.examples
    return "".join(said)


@pytest.mark.parametrize("name, session", EXAMPLES, ids=[name for name, _ in EXAMPLES])
def test_an_example_of_the_reference(name, session):
    function = name.rpartition(".")[2]
    assert callable(eval(name, {"minidl": minidl}))
    names = {"minidl": minidl, "nn": nn, "optim": optim, "F": F}
    assert function in session or name == "minidl.Tensor"
    assert failures(session + "\n", names, name) == ""


def test_no_example_stands_twice():
    assert len({name for name, _ in EXAMPLES}) == len(EXAMPLES) > 150


def test_examples_in_docstrings():
    tested = 0
    for file in FILES:
        module = importlib.import_module(".".join(file.with_suffix("").parts))
        failed, attempted = doctest.testmod(module)
        tested += attempted
        assert not failed, file
    assert tested


def test_a_wrong_example_is_found():
    assert "Expected" in failures(">>> 1 + 1\n3\n", {}, "sum")
