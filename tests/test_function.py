"""autograd.Function: right to any order, or an error that says what to do."""

import gc
import weakref

import numpy as np
import pytest

import minidl
from minidl import autograd, tensor
from minidl.autograd import Function, gradcheck, gradgradcheck, once_differentiable

x0 = np.random.default_rng(0).uniform(0.5, 2, 4)


def leaf(values=x0):
    return tensor(values, requires_grad=True)


class Cube(Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * 3 * x**2


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = minidl.exp(x)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        (y,) = ctx.saved_tensors
        return g * y


class Scaled(Function):
    """a x y and x + y, where a is a number; notes what was wanted."""

    @staticmethod
    def forward(ctx, a, x, y):
        ctx.a = a
        ctx.save_for_backward(x, None, y)
        return a * x * y, x + y

    @staticmethod
    def backward(ctx, g_product, g_sum):
        Scaled.needed = ctx.needs_input_grad
        x, nothing, y = ctx.saved_tensors
        assert nothing is None
        return None, g_product * ctx.a * y + g_sum, g_product * ctx.a * x + g_sum


class Fake(Function):
    """The identity, with a backward that a test puts in."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * 1.0


def with_backward(backward, forward=Fake.forward):
    return type("Fake", (Fake,), {"forward": staticmethod(forward), "backward": backward})


def backward_of(backward):
    """Run a backward pass through a Function that has this backward."""
    with_backward(staticmethod(backward)).apply(leaf()).sum().backward()


def second_derivative(function, x):
    (g,) = autograd.grad(function(x).sum(), x, create_graph=True)
    (h,) = autograd.grad(g.sum(), x)
    return h.numpy()


@pytest.mark.parametrize("function", [Cube, Exp])
def test_derivatives_of_both_orders(function):
    gradcheck(function.apply, leaf())
    gradgradcheck(function.apply, leaf())


def test_third_derivative():
    f = lambda x: Cube.apply(x).sum()
    third = minidl.jacobian(minidl.jacobian(minidl.grad(f)))(x0[:1])
    assert third.numpy().ravel() == pytest.approx(6)
    fourth = minidl.grad(minidl.grad(minidl.grad(minidl.grad(Exp.apply))))(0.5)
    assert fourth.item() == pytest.approx(np.exp(0.5))


def test_several_inputs_and_outputs():
    x, y = leaf(), leaf(x0[::-1])
    product, total = Scaled.apply(3.0, x, y)
    assert np.array_equal(total.detach().numpy(), x0 + x0[::-1])
    product.sum().backward()  # the gradient of `total` arrives as zeros
    assert np.array_equal(x.grad.numpy(), 3 * x0[::-1])
    assert Scaled.needed == (False, True, True)
    f = lambda x, y: Scaled.apply(3.0, x, y)
    gradcheck(f, (x, y))
    gradgradcheck(f, (x, y))
    f(tensor(x0), y)[0].sum().backward()
    assert Scaled.needed == (False, False, True)


def test_one_tensor_as_two_inputs():
    """d/dx of 3 x x + (x + x)."""
    f = lambda x: sum(part.sum() for part in Scaled.apply(3.0, x, x))
    assert minidl.grad(f)(x0).numpy() == pytest.approx(6 * x0 + 2)
    assert second_derivative(f, leaf()) == pytest.approx(np.full(4, 6.0))


def test_an_output_in_a_tuple_of_one():
    f = with_backward(
        staticmethod(lambda ctx, g: g * ctx.saved_tensors[0] * 2),
        lambda ctx, x: (ctx.save_for_backward(x), (x * x,))[1],
    )
    assert minidl.grad(lambda x: f.apply(x)[0].sum())(x0).numpy() == pytest.approx(2 * x0)


class LargestAndPlace(Function):
    @staticmethod
    def forward(ctx, x):
        place = x.argmax()
        ctx.save_for_backward(x, place)
        noise = x * 0.5
        ctx.mark_non_differentiable(noise)
        return x[place], place, noise

    @staticmethod
    def backward(ctx, g, *unused):
        assert all(not u.numpy().any() for u in unused)
        x, place = ctx.saved_tensors
        return g * (minidl.arange(len(x)) == place).astype(x.dtype)


def test_outputs_without_a_derivative():
    x = leaf()
    largest, place, noise = LargestAndPlace.apply(x)
    assert largest.requires_grad and not place.requires_grad and not noise.requires_grad
    largest.backward()
    assert np.array_equal(x.grad.numpy(), np.arange(4) == place.item())


def test_straight_through():
    round_ = with_backward(staticmethod(lambda ctx, g: g), lambda ctx, x: minidl.round(x))
    x = leaf()
    (round_.apply(x) * x).sum().backward()
    assert np.array_equal(x.grad.numpy(), np.round(x0) + x0)


def test_none_is_a_gradient_of_zero():
    f = with_backward(staticmethod(lambda ctx, g: None))
    x = leaf()
    (f.apply(x).sum() + x.sum()).backward()
    assert np.array_equal(x.grad.numpy(), np.ones(4))


def test_without_a_gradient_nothing_is_recorded():
    assert not Cube.apply(tensor(x0)).requires_grad
    with minidl.no_grad():
        assert not Cube.apply(leaf()).requires_grad


def test_a_linear_function_may_return_constants():
    """For g without a graph, g * 2 has none either; that is no value lost."""
    double = with_backward(staticmethod(lambda ctx, g: g * 2.0))
    (g,) = autograd.grad(double.apply(leaf()).sum(), [x := leaf()], allow_unused=True)
    assert g is None
    (g,) = autograd.grad(double.apply(x).sum(), x, create_graph=True)
    assert g.tolist() == [2, 2, 2, 2]


def test_memory_falls_without_the_garbage_collector():
    gc.disable()
    try:
        x = leaf()
        y = Exp.apply(x)
        (g,) = autograd.grad(y.sum(), x, create_graph=True)
        nodes = [weakref.ref(y.node), weakref.ref(g.node)]
        del y, g
        assert [node() for node in nodes] == [None, None]
    finally:
        gc.enable()


def test_a_changed_input_is_noticed():
    x = leaf()
    y = Cube.apply(x).sum()
    with minidl.no_grad():
        x += 1.0
    with pytest.raises(RuntimeError, match="Cube: a value of shape .* changed in place"):
        y.backward()


# ------------------------------------------------------- second derivatives that would be wrong


def on_ctx(ctx, x):
    ctx.cosine = minidl.cos(x)
    return minidl.sin(x)


def test_a_float_on_ctx_is_fine_once_but_not_twice():
    sine = with_backward(staticmethod(lambda ctx, g: g * ctx.cosine), on_ctx)
    assert minidl.grad(lambda x: sine.apply(x).sum())(x0).numpy() == pytest.approx(np.cos(x0))
    with pytest.raises(RuntimeError, match="ctx.cosine holds floats.*once_differentiable"):
        second_derivative(sine.apply, leaf())


@pytest.mark.parametrize(
    "backward",
    [
        lambda ctx, g: g.data * 2 * ctx.saved_tensors[0].data,
        lambda ctx, g: tensor(g.data * 2 * ctx.saved_tensors[0].data),
    ],
    ids=["an array", "a tensor"],
)
def test_a_gradient_from_outside_the_graph(backward):
    square = with_backward(
        staticmethod(backward), lambda ctx, x: (ctx.save_for_backward(x), x * x)[1]
    )
    assert minidl.grad(lambda x: square.apply(x).sum())(x0).numpy() == pytest.approx(2 * x0)
    with pytest.raises(RuntimeError, match="argument 0 was not computed from g by operations"):
        second_derivative(square.apply, leaf())


def test_a_saved_output_that_is_marked_as_constant():
    def forward(ctx, x):
        cosine = minidl.cos(x)
        ctx.mark_non_differentiable(cosine)
        ctx.save_for_backward(cosine)
        return minidl.sin(x), cosine

    sine = with_backward(staticmethod(lambda ctx, g, _: g * ctx.saved_tensors[0]), forward)
    with pytest.raises(RuntimeError, match="output 1 is saved, and marked"):
        second_derivative(lambda x: sine.apply(x)[0], leaf())


def test_once_differentiable():
    sine = with_backward(
        staticmethod(once_differentiable(lambda ctx, g: g.numpy() * ctx.cosine.numpy())), on_ctx
    )
    x = leaf()
    (g,) = autograd.grad(sine.apply(x).sum(), x, create_graph=True)
    assert g.detach().numpy() == pytest.approx(np.cos(x0))
    with pytest.raises(RuntimeError, match="no second derivative.*@once_differentiable"):
        g.sum().backward()
    (sine.apply(x) * x).sum().backward()
    assert x.grad.numpy() == pytest.approx(x0 * np.cos(x0) + np.sin(x0))


# --------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: Cube(leaf()), r"write Cube\.apply"),
        (
            lambda: with_backward(None, lambda ctx, x: ctx.save_for_backward(x + 1)).apply(leaf()),
            "must return a tensor.*not NoneType",
        ),
        (
            lambda: with_backward(
                None, lambda ctx, x: (ctx.save_for_backward(x + 1), x * 2)[1]
            ).apply(leaf()),
            r"tensor of shape \(4,\) is neither",
        ),
        (
            lambda: backward_of(lambda ctx, g: (g, g)),
            "returned 2 gradients and forward takes 1",
        ),
        (
            lambda: backward_of(lambda ctx, g: 3),
            "for argument 0 it returned int",
        ),
        (
            lambda: backward_of(lambda ctx, g: g[:2]),
            r"Fake: a rule returned a gradient of shape \(2,\) for an input of shape \(4,\)",
        ),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises((TypeError, RuntimeError), match=message):
        call()
