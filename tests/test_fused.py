"""Fused operations: one backward on arrays, a definition for the next order, nothing counted twice.

Those of minidl are in the table of operations; here is one that says what it was asked.
"""

import numpy as np
import pytest

import minidl
from minidl.autograd import grad, gradcheck, gradgradcheck
from minidl.graph import op, operations


@pytest.fixture
def fused():
    """f(a, b) = (sin(a b), a + b), with a joint backward that counts what it was asked for."""
    asked = []

    @op(aux=True)
    def fused(a, b, scale=1.0):
        return (np.sin(scale * a * b), a + b), np.cos(scale * a * b)

    @fused.composite
    def _(a, b, scale):
        return minidl.sin(scale * a * b), a + b

    @fused.backward("a", "b")
    def _(g, a, b, scale, aux, needs):
        asked.append(needs)
        g_sin, g_sum = (0.0 if g_k is None else g_k for g_k in g)
        inner = g_sin * scale * aux
        return (
            inner * b + g_sum if needs[0] else None,
            inner * a + g_sum if needs[1] else None,
        )

    fused.asked = asked
    yield fused
    operations.pop("fused")


CALLS = {
    "f(x, y)": lambda f, x, y: f(x, y)[0],
    "f(x, x)": lambda f, x, y: f(x, x)[0] + y,
    "f(x, h(x))": lambda f, x, y: f(x, minidl.exp(x * y))[0],
    "f(h(x), x)": lambda f, x, y: f(x * y, x)[0],
    "f(f(x, y), x)": lambda f, x, y: f(f(x, y)[0], x)[0],
    "f(f(x, x), f(x, x))": lambda f, x, y: f(f(x, x)[0], f(x, x)[1])[0] + y,
    "second output": lambda f, x, y: f(x, minidl.exp(x))[1] * y,
    "both outputs": lambda f, x, y: f(x, x * y)[0] * f(x, x * y)[1],
    "outputs of one call": lambda f, x, y: (lambda p, q: p * q)(*f(x, x * y, scale=0.5)),
    "one needed": lambda f, x, y: f(x, 0.3)[0] * y,
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_fused_operations(fused, leaf, call):
    """First, second and third order, where inputs coincide or depend on each other."""
    x, y = leaf(3), leaf(3)
    function = lambda x, y: call(fused, x, y)
    assert gradcheck(function, (x, y))
    assert gradgradcheck(function, (x, y))

    def gradient(x, y):
        return grad(function(x, y).sum(), x, create_graph=True)[0] * y

    assert gradgradcheck(gradient, (x, y))


def test_a_fused_operation_is_asked_for_what_is_needed(fused, leaf):
    x, y = leaf(3), leaf(3)
    grad(fused(x, y)[0].sum(), x)
    grad(fused(x, y)[0].sum(), y)
    fused(x, y)[0].sum().backward()
    fused(x.detach(), y)[0].sum().backward()
    assert fused.asked == [(True, False), (False, True), (True, True), (False, True)]


def test_a_fused_operation_is_pure_of_its_aux_in_a_second_pass(fused, leaf):
    """The gradient of the gradient must come from the definition: aux is a constant to it."""
    x, y = leaf(3), leaf(3)
    (gx,) = grad(fused(x, y)[0].sum(), x, create_graph=True)
    (gxx,) = grad(gx.sum(), x)
    np.testing.assert_allclose(gxx.data, -np.sin(x.data * y.data) * y.data**2, rtol=1e-12)


def test_rules_of_single_inputs_are_recorded_in_place_of_the_definition(leaf):
    """Where each input that needs a gradient has one; otherwise the definition is traced."""
    traced = []

    @op(aux=True)
    def half_ruled(a, b):
        return a * a * b, None

    @half_ruled.composite
    def _(a, b):
        traced.append("definition")
        return a * a * b

    @half_ruled.backward("a", "b")
    def _(g, a, b):
        return 2 * g * a * b, g * a * a

    half_ruled.vjp(a=lambda g, a, b: g * (2.0 * a * b))
    x, y = leaf(3), leaf(3)
    try:
        grad(half_ruled(x, y.detach()).sum(), x, create_graph=True)
        assert traced == []
        assert gradgradcheck(lambda a: half_ruled(a, y.detach()), (x,))
        assert traced == []
        grad(half_ruled(x, y).sum(), [x, y], create_graph=True)
        assert traced == ["definition"]
        assert gradgradcheck(half_ruled, (x, y))
    finally:
        operations.pop("half_ruled")
