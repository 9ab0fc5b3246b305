"""`minidl gradcheck FILE:NAME`."""

import pytest

from minidl.cli import main

GOOD = '''
import numpy as np

def swish(x, beta=1.0):
    """x sigmoid(beta x).  x: (N, D)."""
    return x / (1 + np.exp(-beta * x))

def swish_backward(g, y, x, beta):
    s = 1 / (1 + np.exp(-beta * x))
    return g * (s + beta * y * (1 - s))

def twice(x):
    return 2 * x

def twice_backward(g, y, x):
    return g

def lonely(x):
    return x
'''


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(GOOD)
    return path


def test_a_right_pair_passes(file, capsys):
    assert main(["gradcheck", f"{file}:swish"]) == 0
    assert "swish_backward: right" in capsys.readouterr().out


def test_a_wrong_pair_is_explained_and_fails(file, capsys):
    assert main(["gradcheck", f"{file}:twice", "--shapes", "x=N,3"]) == 1
    out = capsys.readouterr().out
    assert "it is 1/2 times the right one everywhere" in out and "[constant-factor]" in out


FUNCTION = '''
from minidl.autograd import Function

class Cube(Function):
    """x cubed.  x: (N, D)."""

    @staticmethod
    def forward(ctx, x, power=3):
        ctx.save_for_backward(x)
        return x**power

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x**2, None
'''


def test_a_function_of_the_engine_is_judged_by_its_own_backward(tmp_path, capsys):
    path = tmp_path / "mine.py"
    path.write_text(FUNCTION)
    assert main(["gradcheck", f"{path}:Cube"]) == 1
    out = capsys.readouterr().out
    assert "Cube.backward: wrong" in out and "it is 1/3 times the right one everywhere" in out


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["nothing.py:f"], "there is no file nothing.py"),
        (["FILE"], "name a function as well: FILE.py:NAME"),
        (["FILE:swash"], "has no function swash; it has swish, swish_backward"),
        (["FILE:lonely"], "has no function lonely_backward"),
        (["FILE:twice"], "what shape has x?  Say so in the docstring, as `x: (N, D)`"),
        (["FILE:twice", "--shapes", "z=N"], "write NAME=N,D for the inputs x"),
        (["FILE:twice", "--shapes", "x=N*"], "a name such as 'N', a multiple '4H', or a number"),
    ],
)
def test_a_mistake_is_answered_by_one_sentence(file, capsys, arguments, message):
    assert main(["gradcheck", *(a.replace("FILE", str(file)) for a in arguments)]) == 2
    err = capsys.readouterr().err
    assert message in err and "Traceback" not in err


def test_a_file_that_does_not_compile_is_named_with_the_line(tmp_path, capsys):
    path = tmp_path / "broken.py"
    path.write_text("x = 1\ndef f(:\n")
    assert main(["gradcheck", f"{path}:f"]) == 2
    assert "broken.py, line 2 cannot be imported: SyntaxError" in capsys.readouterr().err
