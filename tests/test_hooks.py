"""Hooks see, and may replace, the gradient of a tensor; retain_grad keeps it."""

import numpy as np
import pytest

import minidl
from minidl.autograd import grad


def test_hooks_see_the_whole_gradient_once(leaf):
    x = leaf(3)
    y = x * x
    seen = []
    y.register_hook(lambda g: seen.append(g.data.copy()))
    ((y * 2).sum() + (y * 3).sum()).backward()
    assert [g.tolist() for g in seen] == [[5, 5, 5]]


def test_hooks_replace_the_gradient_in_turn(leaf):
    x = leaf(3)
    y = x + 0.0
    y.register_hook(lambda g: g * 2)
    handle = y.register_hook(lambda g: g * 100)
    y.register_hook(lambda g: g + 1)
    handle.remove()
    handle.remove()
    x.register_hook(lambda g: -g)
    y.sum().backward()
    assert x.grad.tolist() == [-3, -3, -3]


def test_hooks_in_every_kind_of_pass(leaf):
    """grad() too; for each of several outputs; and not where no gradient arrives."""
    x = leaf(4)
    a, b = minidl.split(x, 2)
    calls = []
    a.register_hook(lambda g: calls.append("a"))
    b.register_hook(lambda g: calls.append("b") or g * 10)
    (gx,) = grad((b * 1.0).sum(), x)
    assert gx.tolist() == [0, 0, 10, 10]
    assert calls == ["b"]


def test_a_hook_is_differentiated_too(leaf):
    x = leaf()
    y = x * x
    handle = y.register_hook(lambda g: g * y)
    (gx,) = grad(y, x, create_graph=True)  # 2 x * x^2
    handle.remove()  # or the second pass would call it as well
    (ggx,) = grad(gx, x)
    assert gx.item() == pytest.approx(2 * x.item() ** 3)
    assert ggx.item() == pytest.approx(6 * x.item() ** 2)


def test_retain_grad(leaf):
    x = leaf(3)
    h = minidl.exp(x)
    h.retain_grad()
    (h * h).sum().backward()
    np.testing.assert_allclose(h.grad.data, 2 * h.data)
    np.testing.assert_allclose(x.grad.data, 2 * h.data**2)


def test_hooks_need_a_gradient(leaf):
    with pytest.raises(RuntimeError, match="requires no gradient"):
        leaf().detach().register_hook(lambda g: g)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    "result, kind, text",
    [
        (np.ones(3), TypeError, "a hook of multiply returned ndarray, and must return a tensor"),
        (2.0, TypeError, "a hook of multiply returned float"),
        (minidl.tensor([1.0]), ValueError, r"returned shape \(1,\) for a gradient of shape \(3,\)"),
    ],
)
def test_a_hook_must_return_a_gradient(leaf, result, kind, text, create_graph):
    x = leaf(3)
    y = x * 2.0
    y.register_hook(lambda g: result)
    with pytest.raises(kind, match=text):
        grad(y.sum(), x, create_graph=create_graph)


def test_what_a_hook_returns_is_cast(leaf):
    x = minidl.tensor([1.0, 2.0], requires_grad=True)
    y = x * 2.0
    y.register_hook(lambda g: g.astype("float64") * 3)
    y.sum().backward()
    assert (x.grad.dtype, x.grad.tolist()) == (np.float32, [6, 6])


def test_a_hook_cannot_write_into_a_gradient_that_others_read(leaf):
    x = leaf(3)
    a, b = x * 1.0, x * 2.0
    a.register_hook(lambda g: g.data.fill(0.0))
    with pytest.raises(ValueError, match="read-only"):
        (a + b).sum().backward()
    assert x.grad is None


def test_a_gradient_that_a_hook_keeps_stays_as_it_was(leaf):
    x, kept = leaf(3), []
    x.register_hook(kept.append)
    (x * 3.0).sum().backward()
    x.grad.data[...] = 7.0
    assert kept[0].tolist() == [3, 3, 3]
