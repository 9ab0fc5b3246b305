"""Checkpoints change what is kept in memory, and nothing else."""

import gc
import tracemalloc

import numpy as np
import pytest

import minidl
from minidl import autograd, checkpoint, nn, tensor
from minidl.gradcheck import gradcheck, gradgradcheck

rng = np.random.default_rng(0)
x0, w0 = rng.standard_normal((4, 3)), rng.standard_normal((3, 3))


def leaf(values):
    return tensor(values, requires_grad=True)


def layer(x, w):
    return minidl.tanh(x @ w)


def gradients(f, *arrays):
    xs = [leaf(a) for a in arrays]
    f(*xs).sum().backward()
    return [x.grad.numpy() for x in xs]


def same(f, g, *arrays):
    for a, b in zip(gradients(f, *arrays), gradients(g, *arrays), strict=True):
        assert np.array_equal(a, b)


def test_the_same_gradients_bit_for_bit():
    same(lambda x, w: checkpoint(layer, x, w) ** 2, lambda x, w: layer(x, w) ** 2, x0, w0)


def test_what_the_function_uses_without_being_given_it():
    """A leaf, and a result, from outside."""

    def f(call):
        def run(x, w):
            v = w * w
            return call(lambda x: layer(layer(x, w), v), x)

        return run

    plain = f(lambda function, *inputs: function(*inputs))
    same(f(checkpoint), plain, x0, w0)
    gradcheck(f(checkpoint), (leaf(x0), leaf(w0)))
    gradgradcheck(f(checkpoint), (leaf(x0), leaf(w0)))


def test_inputs_that_depend_on_one_another_are_not_counted_twice():
    """d/dw of w (w x): the checkpoint is given h = w x, and uses w, of which h is made."""
    w = leaf(3.0)
    h = w * 2.0
    y = checkpoint(lambda h: h * w, h)
    (g,) = autograd.grad(y, w, create_graph=True)
    assert g.item() == 12  # 2 w x
    assert autograd.grad(g, w)[0].item() == 4
    f = lambda w: checkpoint(lambda h, w: (h * w).sum(), w * w, w)
    assert minidl.grad(f)(2.0).item() == 12
    assert minidl.grad(minidl.grad(f))(2.0).item() == 12


def test_second_order_and_transforms():
    f = lambda x: checkpoint(lambda x: minidl.exp(x) * x.sum(), x).sum()
    plain = lambda x: (minidl.exp(x) * x.sum()).sum()
    x = x0[0]
    for transform in (minidl.grad, minidl.hessian):
        np.testing.assert_allclose(transform(f)(x).numpy(), transform(plain)(x).numpy(), rtol=1e-12)


def test_nested():
    inner = lambda x, w: checkpoint(layer, checkpoint(layer, x, w), w)
    same(
        lambda x, w: checkpoint(inner, x, w),
        lambda x, w: layer(layer(x, w), w),
        x0, w0,
    )  # fmt: skip
    gradgradcheck(lambda x, w: checkpoint(inner, x, w), (leaf(x0), leaf(w0)))


def test_structures_and_outputs_without_a_gradient():
    def f(tree, scale):
        y = tree["x"] * scale
        return {"y": y, "place": y.argmax(), "constant": tensor([1.0]), "name": "f"}

    x = leaf(x0)
    out = checkpoint(f, {"x": x}, 3.0)
    assert out["name"] == "f" and not out["place"].requires_grad
    assert not out["constant"].requires_grad
    out["y"].sum().backward()
    assert np.array_equal(x.grad.numpy(), np.full_like(x0, 3))
    y, same_x = checkpoint(lambda x: (x * 2.0, x), x)
    assert autograd.grad(same_x.sum(), x)[0].numpy().tolist() == np.ones_like(x0).tolist()


def test_a_module_with_dropout_draws_the_same_numbers_again():
    model = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.5), nn.Linear(50, 2)).double()
    x = tensor(x0)

    def run(call):
        minidl.seed(1)
        model.zero_grad()
        loss = call(model, x).sum()
        after = minidl.random.normal(size=3).numpy() if hasattr(minidl.random, "normal") else None
        loss.backward()
        return [p.grad.numpy().copy() for p in model.parameters()], after

    (plain, after), (again, after_2) = run(lambda m, x: m(x)), run(checkpoint)
    for a, b in zip(plain, again, strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(after, after_2)


def test_state_is_not_updated_twice():
    """Spectral normalisation takes one step of the power method in each forward of training; it is
    slow where the singular values are nearly equal."""
    states = []
    for call in (lambda m, x: m(x), checkpoint):
        model = nn.Linear(3, 2, rng=0)
        model.weight.data = np.array([[1, 0, 0], [0, 0.99, 0]], np.float32)
        nn.utils.parametrizations.spectral_norm(model, rng=0)
        y = call(model, tensor(x0.astype(np.float32)))
        y.sum().backward()
        states.append({k: v.numpy() for k, v in model.state_dict().items()})
    for a, b in zip(*(s.values() for s in states), strict=True):
        assert np.array_equal(a, b)


def test_batch_norm_counts_a_batch_once():
    states = []
    for call in (lambda m, x: m(x), checkpoint):
        model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm1d(4), nn.ReLU())
        call(model, tensor(x0.astype(np.float32))).sum().backward()
        gradients = [p.grad for p in model.parameters()]
        states.append([model[1].num_batches_tracked, *model.state_dict().values(), *gradients])
    assert states[1][0].item() == 1
    for a, b in zip(*states, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def test_hooks_run_once():
    seen = []
    x = leaf(x0)
    h = x * 1.0
    for t in (x, h):
        t.register_hook(lambda g: seen.append(g) or g * 2)
    checkpoint(layer, h, tensor(w0)).sum().backward()
    assert len(seen) == 2


def test_memory():
    """Ten layers of 1 MB: backward needs all of them, or with a checkpoint none."""
    x, w = leaf(np.zeros((1000, 125))), tensor(np.eye(125))

    def deep(x):
        for _ in range(10):
            x = layer(x, w)
        return x

    kept = []
    for f in (deep, lambda x: checkpoint(deep, x)):
        gc.collect()
        tracemalloc.start()
        y = f(x)
        kept.append(tracemalloc.get_traced_memory()[0])
        tracemalloc.stop()
        assert y.requires_grad
    assert kept[0] > 10e6 and kept[1] < 1.5e6  # the output itself is 1 MB


def test_without_recording_it_only_calls():
    with minidl.no_grad():
        assert not checkpoint(layer, leaf(x0), leaf(w0)).requires_grad
    assert not checkpoint(layer, tensor(x0), tensor(w0)).requires_grad


def test_retain_graph():
    x = leaf(x0)
    y = checkpoint(layer, x, tensor(w0)).sum()
    y.backward(retain_graph=True)
    first = x.grad.numpy().copy()
    y.backward()
    assert np.array_equal(x.grad.numpy(), 2 * first)
    with pytest.raises(RuntimeError, match="a backward pass already went"):
        y.backward()


def test_a_parameter_changed_in_between_is_noticed():
    x, w = leaf(x0), leaf(w0)
    y = checkpoint(lambda x: layer(x, w), x).sum()
    with minidl.no_grad():
        w -= 0.1
    with pytest.raises(RuntimeError, match="checkpoint: a value of shape .* changed in place"):
        y.backward()


def test_another_value_the_second_time_is_noticed():
    foreign = np.random.default_rng(0)
    noisy = lambda x: x * float(foreign.random())
    with pytest.raises(RuntimeError, match="gave other values.*minidl.seed"):
        checkpoint(noisy, leaf(x0)).sum().backward()
