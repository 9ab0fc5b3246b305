"""Per-example gradients against the Jacobian of the losses, and against closed forms."""

import numpy as np
import pytest

import minidl
from minidl import nn, per_example, per_example_grad, tensor
from minidl.gradcheck import gradcheck

F = nn.functional
rng = np.random.default_rng(0)
N, D = 6, 3
X, T = tensor(rng.standard_normal((N, D))), tensor(rng.standard_normal((N, D)))
classes = tensor(rng.integers(0, 4, N))


@pytest.fixture
def passes(monkeypatch):
    """How often the gradients took one backward pass for each example."""
    calls = []
    rows_of = per_example.rows_of
    monkeypatch.setattr(per_example, "rows_of", lambda *a: calls.append(a) or rows_of(*a))
    return calls


def check(f, *args):
    """The gradients, which must be the rows of the Jacobian."""
    found = minidl.per_example_grad(f)(*args)
    jacobian = minidl.jacobian(f)(*args)
    if not isinstance(found, dict):
        found, jacobian = {"": found}, {"": jacobian}
    for name, g in found.items():
        scale = abs(jacobian[name].data).max()
        assert abs(g.data - jacobian[name].data).max() <= 1e-12 * scale, name
    return found


def w(*shape):
    return tensor(rng.standard_normal(shape))


def squared(y):
    return (y * y).reshape(len(y), -1).sum(axis=1)


def test_least_squares_in_closed_form(passes):
    """d/dw (x.w - t)^2 / 2 = (x.w - t) x."""
    w, t = rng.standard_normal(D), rng.standard_normal(N)
    g = per_example_grad(lambda w, x, t: (x @ w - t) ** 2 / 2)(w, X, t)
    x = X.numpy()
    np.testing.assert_allclose(g.numpy(), (x @ w - t)[:, None] * x, rtol=1e-12)
    assert not passes


def test_a_network(passes):
    model = nn.Sequential(nn.Linear(D, 5), nn.Tanh(), nn.Linear(5, 4)).double()
    loss = lambda model, x, t: F.cross_entropy(model(x), t, reduction="none")
    found = check(loss, model, X, classes)
    with minidl.no_grad():
        again = per_example_grad(loss)(model, X, classes)
    for name, g in again.items():
        assert not g.requires_grad
        np.testing.assert_allclose(g.numpy(), found[name].detach().numpy(), rtol=1e-12)
    assert not passes


ONE_PASS = {
    "broadcast along the batch": (lambda w, x: squared(x * w + w), w(D), X),
    "a scale for each channel": (
        lambda w, x: squared(minidl.exp(x.reshape(N, D, 1) * w)), w(1, D, 1), X,
    ),
    "matmul": (lambda w, x: squared(minidl.tanh(x @ w)), w(D, 2), X),
    "a vector": (lambda w, x: minidl.sin(x @ w), w(D), X),
    "used at every time step": (
        lambda w, x: squared(minidl.tanh(minidl.tanh(minidl.tanh(x) @ w) @ w) @ w), w(D, D), X,
    ),
    "positions": (lambda w, x: squared(x.reshape(N, D, 1) * w), w(D, 2), X),
    "linear on (N, T, D)": (
        lambda w, x: squared(F.linear(minidl.stack([x, x * 2], axis=1), w)), w(4, D), X,
    ),
    "batch and time in one axis": (
        lambda w, x: squared(minidl.tanh(x.reshape(N * D, 1) @ w).reshape(N, -1)), w(1, 2), X,
    ),
    "reading rows": (lambda w, i: squared(w[i] ** 2), w(4, 2), classes),
    "as many examples as features": (lambda w, x: squared(minidl.tanh(x) @ w), w(D, N), X),
}  # fmt: skip


@pytest.mark.parametrize("f, w, x", ONE_PASS.values(), ids=ONE_PASS)
def test_one_pass_for_all(passes, f, w, x):
    check(f, w, x)
    assert not passes


def test_convolution(passes):
    images = tensor(rng.standard_normal((N, 1, 4, 4)))
    check(lambda k, x: squared(minidl.tanh(F.conv2d(x, k))), w(2, 1, 3, 3), images)
    assert not passes


def test_dropout(passes):
    """One mask, drawn once: the same for losses and gradients."""
    weight, f = w(D, 4), lambda w, x: squared(F.dropout(x @ w, 0.5))
    minidl.seed(0)
    found = per_example_grad(f)(weight, X)
    minidl.seed(0)
    np.testing.assert_allclose(found.numpy(), minidl.jacobian(f)(weight, X).numpy(), rtol=1e-12)
    assert not passes


SEVERAL_PASSES = {
    "transposed first": (lambda w, x: squared(minidl.tanh(x @ w.T)), w(2, D), X),
    "normalised first": (lambda w, x: squared(x @ (w / (w * w).sum())), w(D), X),
    "time before batch": (
        lambda w, x: squared(minidl.tanh(x.T.reshape(D, N, 1) * w).swapaxes(0, 1)), w(2), X,
    ),
    "in a list": (lambda w, x: squared(minidl.einsum("ni,ij->nj", x, w) ** 2), w(D, 2), X),
    "one number more in each": (lambda w, x: squared(x * w) + w.sum() ** 2, w(D), X),
}  # fmt: skip


@pytest.mark.parametrize("f, w, x", SEVERAL_PASSES.values(), ids=SEVERAL_PASSES)
def test_what_takes_several_passes_is_right_too(passes, f, w, x):
    check(f, w, x)
    assert passes


def test_the_result_can_be_differentiated():
    """The variance of the gradients over the examples, as a function of the weights and inputs."""
    f = lambda w, x: minidl.tanh(x @ w)
    spread = lambda w, x: minidl.var(per_example_grad(f)(w, x), axis=0).sum()
    gradcheck(spread, (tensor(rng.standard_normal(D), True), tensor(X, True)))


def test_what_is_not_used_has_gradient_zero():
    g, unused = per_example_grad(lambda w, v, x: x @ w, argnums=(0, 1))(w(D), w(2, 2), X)
    assert np.array_equal(g.numpy(), X.numpy())
    assert unused.shape == (N, 2, 2) and not unused.numpy().any()


def test_one_example():
    g = per_example_grad(lambda w, x: (x - x.mean(axis=0)) @ w + x @ w)(W := w(D), X[:1])
    assert np.array_equal(g.numpy(), X.numpy()[:1]) and W.grad is None


def test_aux():
    g, aux = per_example_grad(lambda w, x: (x @ w, "aux"), has_aux=True)(w(D), X)
    assert g.shape == (N, D) and aux == "aux"


# --------------------------------------------------------------------------------------- errors


INTERACTING = {
    "before the weights": lambda w, x: squared((x - x.mean(axis=0)) * w),
    "after the weights": lambda w, x: squared((x * w) / minidl.std(x * w, axis=0)),
    "one other example": lambda w, x: squared(x * w)[::-1],
    "beside the weights": lambda w, x: squared(x * w) + x.sum(),
}


@pytest.mark.parametrize("f", INTERACTING.values(), ids=INTERACTING)
def test_examples_that_interact(f):
    with pytest.raises(ValueError, match=r"depends on the other examples: .*model\.eval\(\)"):
        per_example_grad(f)(w(D), X)


def test_tokens_that_interact():
    f = lambda w, i: squared(w[i] - w[i].mean(axis=0))
    with pytest.raises(ValueError, match="depends on the other examples"):
        per_example_grad(f)(w(4, 2), classes)


def test_errors():
    with pytest.raises(ValueError, match=r'shape \(N,\), and returned shape \(\).*="none"'):
        per_example_grad(lambda w, x: (x @ w).sum())(w(D), X)
    with pytest.raises(ValueError, match=r"6 losses, and argument 2, of shape \(3,\).*keyword"):
        per_example_grad(lambda w, x, c: x @ w)(w(D), X, np.ones(3))
