"""`diagnose` on an autograd.Function."""

import numpy as np
import pytest

import minidl
from minidl.autograd import Function
from minidl.gradcheck import WrongForward, diagnose
from minidl.gradcheck.draws import integers, normal


class Scale(Function):
    """x w, row by row: x (N, D), w (D,)."""

    @staticmethod
    def forward(ctx, x, w, power=1):
        ctx.save_for_backward(x, w)
        ctx.power = power
        return x * w**power

    @staticmethod
    def backward(ctx, g):
        x, w = ctx.saved_tensors
        slope = ctx.power * w ** (ctx.power - 1)
        return g * w**ctx.power, (g * x * slope).sum(axis=0), None


def backward_of(base, backward):
    """A subclass of `base` with another backward(ctx, g)."""
    return type(base.__name__, (base,), {"backward": staticmethod(backward)})


def check(function, power=1):
    return diagnose(function, x=normal("N", "D"), w=normal("D"), power=power)


def test_a_right_function_passes_and_is_named():
    found = check(Scale, power=3)
    assert found and "Scale.backward: right" in str(found) and repr(found) == str(found)


@pytest.mark.parametrize(
    "backward, code",
    [
        (lambda ctx, g: (g * ctx.saved_tensors[1], g * ctx.saved_tensors[0], None),
         "missing-unbroadcast"),
        (lambda ctx, g: (-g * ctx.saved_tensors[1], (g * ctx.saved_tensors[0]).sum(axis=0), None),
         "sign"),
        (lambda ctx, g: (g * ctx.saved_tensors[1], None, None), "none"),
        (lambda ctx, g: g * ctx.saved_tensors[1], "count"),
        (lambda ctx, g: (g * ctx.saved_tensor, None, None), "raised"),
    ],
)  # fmt: skip
def test_a_wrong_function_is_named(backward, code):
    found = check(backward_of(Scale, backward))
    assert not found and found.code == code, str(found)


def test_writing_to_what_was_saved_or_to_g_is_named():
    def spoils_x(ctx, g):
        x, w = ctx.saved_tensors
        x.data *= 2
        return g * w, (g * x).sum(axis=0) / 2, None

    def spoils_g(ctx, g):
        x, w = ctx.saved_tensors
        slope = (g * x).sum(axis=0)
        g.data *= w.data
        return g, slope, None

    assert check(backward_of(Scale, spoils_x)).code == "changes-input"
    assert check(backward_of(Scale, spoils_g)).code == "changes-upstream"


def test_a_value_kept_on_the_class_is_named():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            Square.x = x
            return x * x

        @staticmethod
        def backward(ctx, g):
            return 2 * g * Square.x

    assert diagnose(Square, x=normal("N", "D")).code == "stale-cache"


def test_integers_and_outputs_without_a_derivative_are_left_out():
    class Largest(Function):
        """The largest of each row divided by a rank, its place, and a constant of floats."""

        @staticmethod
        def forward(ctx, x, rank):
            place = minidl.argmax(x, axis=1)
            ctx.save_for_backward(place, rank)
            ctx.shape = x.shape
            constant = minidl.zeros(len(x), dtype="float64")
            ctx.mark_non_differentiable(constant)
            return x.max(axis=1) / (rank + 1), place, constant

        @staticmethod
        def backward(ctx, g, g_place, g_constant):
            place, rank = (saved.numpy() for saved in ctx.saved_tensors)
            gx = np.zeros(ctx.shape)
            gx[np.arange(len(place)), place] = g.numpy() / (rank + 1)
            return minidl.tensor(gx), None

    found = diagnose(Largest, x=normal("N", "D"), rank=integers("D", "N"))
    assert found, str(found)


def test_what_apply_would_refuse_is_refused():
    class Exp(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x * 2)
            return minidl.exp(x)

    with pytest.raises(WrongForward, match="save"):
        diagnose(Exp, x=normal("N"))


def test_a_forgotten_backward_is_asked_for():
    with pytest.raises(TypeError, match="a backward is missing"):
        diagnose(np.exp, x=normal("N"))
