"""The transforms against closed forms, finite differences and one another."""

from typing import NamedTuple

import numpy as np
import pytest

import minidl
from minidl import nn, tensor
from minidl.differences import EPS, random
from minidl.gradcheck import gradcheck
from tests.op_table import ROWS
from tests.test_op_table import differentiable, each, inputs_of, outputs, replaced

rng = np.random.default_rng(0)
A = rng.standard_normal((3, 3))
b = rng.standard_normal(3)
x0 = rng.standard_normal(3)
v0 = rng.standard_normal(3)


def quadratic(x):
    """x'Ax + b'x, whose gradient is (A + A')x + b."""
    return x @ (A @ x) + b @ x


def close(actual, expected, relative=1e-12):
    np.testing.assert_allclose(actual.numpy(), expected, rtol=relative, atol=1e-14)


# ----------------------------------------------------------------------------------------- grad


def test_grad_of_numbers_arrays_and_tensors():
    cube = lambda x: x**3
    assert minidl.grad(cube)(2.0).item() == 12
    assert minidl.grad(minidl.grad(cube))(2.0).item() == 12
    assert minidl.grad(minidl.grad(minidl.grad(cube)))(2.0).item() == 6
    close(minidl.grad(quadratic)(x0), (A + A.T) @ x0 + b)
    close(minidl.grad(quadratic)(tensor(x0)), (A + A.T) @ x0 + b)


def test_a_gradient_has_dtype_and_shape_of_its_argument():
    for x in (2.0, np.float32(2), np.ones((2, 3), np.float32), np.ones((1, 1))):
        g = minidl.grad(lambda x: (x * x).sum())(x)
        assert (g.shape, g.dtype) == (tensor(x).shape, tensor(x).dtype)


def test_argnums():
    f = lambda x, y, scale=1.0: scale * (x * y**2)
    assert minidl.grad(f)(2.0, 3.0).item() == 9
    assert minidl.grad(f, argnums=1)(2.0, 3.0).item() == 12
    assert minidl.grad(f, argnums=-1)(2.0, 3.0, scale=2.0).item() == 24
    gx, gy = minidl.grad(f, argnums=(0, 1))(2.0, 3.0)
    assert (gx.item(), gy.item()) == (9, 12)


def test_value_and_aux():
    f = lambda x: (x**2, {"double": 2 * x, "name": "x"})
    g, aux = minidl.grad(f, has_aux=True)(3.0)
    (value, aux_2), g_2 = minidl.value_and_grad(f, has_aux=True)(3.0)
    assert (value.item(), g.item(), g_2.item()) == (9, 6, 6)
    assert (aux["double"].item(), aux_2["double"].item(), aux["name"]) == (6, 6, "x")
    value, g = minidl.value_and_grad(lambda x: x**2)(3.0)
    assert (value.item(), g.item()) == (9, 6)


class Point(NamedTuple):
    x: float
    y: float


def test_structures():
    f = lambda tree: tree["w"][0] * 2 + tree["w"][1].sum() * tree["p"].y
    tree = {"w": [1.0, np.array([1.0, 2.0])], "p": Point(5.0, 7.0), "none": None}
    g = minidl.grad(f)(tree)
    assert isinstance(g["p"], Point) and g["none"] is None
    assert (g["w"][0].item(), g["p"].x.item(), g["p"].y.item()) == (2, 0, 3)
    close(g["w"][1], [7, 7])


def test_a_module_stands_for_its_parameters():
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1))
    model[0].bias.requires_grad = False
    x = tensor(x0.astype(np.float32))
    loss = lambda model, x: (model(x) ** 2).sum()
    before = [(p, p.data, p.edge) for p in model.parameters()]
    g_model, g_x = minidl.grad(loss, argnums=(0, 1))(model, x)
    assert list(g_model) == ["0.weight", "2.weight", "2.bias"]
    assert all(p.data is data and p.edge is edge for p, data, edge in before)
    x.requires_grad = True
    loss(model, x).backward()
    for name, p in model.named_parameters():
        if p.requires_grad:
            close(g_model[name].detach(), p.grad.numpy(), 1e-6)
    close(g_x.detach(), x.grad.numpy(), 1e-6)


def test_parameters_are_put_back_after_an_error():
    model = nn.Linear(3, 2)
    before = model.weight.edge
    with pytest.raises(ValueError):
        minidl.grad(lambda model: model(tensor(np.ones((2, 5), np.float32))).sum())(model)
    assert model.weight.edge is before


def test_the_gradient_of_what_f_does_not_use_is_zero():
    gx, gy = minidl.grad(lambda x, y: x * 2, argnums=(0, 1))(1.0, np.ones(2))
    assert gx.item() == 2 and gy.tolist() == [0, 0]
    assert minidl.grad(lambda x: 3.0)(1.0).item() == 0
    assert minidl.grad(minidl.grad(lambda x: 2 * x))(1.0).item() == 0


# -------------------------------------------------------------------------------------- nesting


def test_levels_are_not_confused():
    """d/dx [x d/dy (x + y)] = 1, and d/dx [x d/dy (x y)] = 2x, also where y is x itself."""
    assert minidl.grad(lambda x: x * minidl.grad(lambda y: x + y)(1.0))(5.0).item() == 1
    assert minidl.grad(lambda x: x * minidl.grad(lambda y: x * y)(x))(5.0).item() == 10
    # d/dx [d/dy y^2 x at y = x] = d/dx 2x^2
    assert minidl.grad(lambda x: minidl.grad(lambda y: y * y * x)(x))(3.0).item() == 12


def test_levels_of_one_module_are_not_confused():
    """d/dw [d/du (u w) at u = w], where u stands for the parameter of a copy of the module."""
    model, inner = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)

    def outer(model):
        w = model.weight
        f = lambda u: (minidl.functional_call(inner, {"weight": u}, tensor([[1.0]])) * w).sum()
        return (minidl.grad(f)(w) * w).sum()  # (w) * w

    g = minidl.grad(outer)(model)["weight"]
    assert g.item() == pytest.approx(2 * model.weight.item())


def test_a_result_is_recorded_if_and_only_if_something_requires_it():
    z = tensor(3.0, requires_grad=True)
    plain = minidl.grad(lambda x: x**2)(2.0)
    assert not plain.requires_grad
    value, g = minidl.value_and_grad(lambda x: z * x**2)(2.0)
    assert value.requires_grad and g.requires_grad
    g.backward()  # d/dz 2zx
    assert z.grad.item() == 4
    x = tensor(2.0, requires_grad=True)
    minidl.grad(lambda x: x**3)(x).backward()
    assert x.grad.item() == 12
    with minidl.no_grad():
        assert not minidl.grad(lambda x: z * x**2)(x).requires_grad
        assert minidl.grad(minidl.grad(lambda x: z * x**3))(x).item() == 36


def test_aux_leaves_no_way_back_to_a_stand_in():
    _, aux = minidl.grad(lambda x: (x**2, 3 * x), has_aux=True)(2.0)
    assert not aux.requires_grad


def test_gradcheck_of_transforms():
    """What a transform gives can be differentiated by the engine, to any order."""
    x = tensor(x0, requires_grad=True)
    f = lambda x: (minidl.tanh(x) * x).sum() ** 2
    for transform in (minidl.grad, minidl.jacobian, minidl.hessian):
        gradcheck(transform(f), x)
    gradcheck(lambda x, v: minidl.hvp(f, x, v), (x, tensor(v0, requires_grad=True)))
    gradcheck(lambda x, v: minidl.jvp(minidl.exp, x, v), (x, tensor(v0, requires_grad=True)))


def test_maml_in_closed_form():
    """An inner step on (w - a)^2 / 2 is w' = w - r (w - a), and d/dw (w' - c)^2 / 2 is
    (1 - r) (w' - c)."""
    a, c, r = 1.0, 4.0, 0.25
    model = nn.Linear(1, 1, bias=False)
    one = tensor([[1.0]])
    loss = lambda model, target: (model(one) - target).sum() ** 2 / 2

    def after_a_step(model):
        g = minidl.grad(loss)(model, a)
        adapted = {name: p - r * g[name] for name, p in model.named_parameters()}
        return (minidl.functional_call(model, adapted, one) - c).sum() ** 2 / 2

    w = model.weight.item()
    expected = (1 - r) * (w - r * (w - a) - c)
    assert minidl.grad(after_a_step)(model)["weight"].item() == pytest.approx(expected, rel=1e-5)
    after_a_step(model).backward()
    assert model.weight.grad.item() == pytest.approx(expected, rel=1e-5)


# ------------------------------------------------------------------------- vjp, jvp, jacobian, hvp


def polar(z):
    """(r, phi) -> (r cos phi, r sin phi)."""
    r, phi = z[0], z[1]
    return minidl.stack([r * minidl.cos(phi), r * minidl.sin(phi)])


def test_jacobians_of_known_maps():
    close(minidl.jacobian(lambda x: A @ x)(x0), A)
    r, phi = 2.0, 0.5
    c, s = np.cos(phi), np.sin(phi)
    close(minidl.jacobian(polar)(np.array([r, phi])), [[c, -r * s], [s, r * c]])
    p = np.exp(x0) / np.exp(x0).sum()
    close(minidl.jacobian(nn.functional.softmax)(x0, dim=0), np.diag(p) - np.outer(p, p))
    X = rng.standard_normal((2, 3))
    J = minidl.jacobian(minidl.transpose)(X)  # dX'_ij / dX_kl = [i = l][j = k]
    close(J, np.einsum("il,jk->ijkl", np.eye(3), np.eye(2)))


def test_jacobian_has_the_structures_of_value_and_argument():
    f = lambda t, c: {"sum": t["x"] + t["y"], "constant": c, "product": [t["x"] * t["y"]]}
    J = minidl.jacobian(f)({"x": x0, "y": v0}, tensor([1, 2]))
    close(J["sum"]["x"], np.eye(3))
    close(J["product"][0]["x"], np.diag(v0))
    assert J["constant"]["y"].shape == (2, 3) and not J["constant"]["y"].numpy().any()
    assert minidl.jacobian(lambda x: x[:0])(x0).shape == (0, 3)


def test_hessian_of_a_quadratic():
    close(minidl.hessian(quadratic)(x0), A + A.T)
    bilinear = lambda x, y: x @ (A @ y)
    (xx, xy), (yx, yy) = minidl.hessian(bilinear, argnums=(0, 1))(x0, v0)
    close(xy, A)
    close(yx, A.T)
    assert not xx.numpy().any() and not yy.numpy().any()
    H = minidl.hessian(lambda t: bilinear(t["x"], t["y"]))({"x": x0, "y": v0})
    close(H["y"]["x"], A.T)


def test_jacobian_of_grad_is_the_hessian():
    f = lambda x: (minidl.exp(x) * x.sum()).sum()
    close(minidl.jacobian(minidl.grad(f))(x0), minidl.hessian(f)(x0).numpy())


def test_hessian_of_a_module():
    """Least squares: the Hessian of sum((xw)^2) / 2 is x'x."""
    model = nn.Linear(3, 1, bias=False).double()
    X = rng.standard_normal((5, 3))
    loss = lambda model: (model(tensor(X)) ** 2).sum() / 2
    H = minidl.hessian(loss)(model)["weight"]["weight"]
    close(H.detach().reshape(3, 3), X.T @ X)


def test_vjp_and_jvp_are_adjoint():
    """<u, J v> = <J'u, v>."""
    f = lambda x, y: (minidl.tanh(A @ x) * y, x.sum())
    ys, pullback = minidl.vjp(f, x0, v0)
    u = (rng.standard_normal(3), 2.0)
    v = (rng.standard_normal(3), rng.standard_normal(3))
    ys_2, jv = minidl.jvp(f, (x0, v0), v)
    for y, y_2 in zip(ys, ys_2):
        close(y, y_2.numpy())
    for _ in range(2):  # a pullback may be called again
        ju = pullback(u)
        left = sum(np.sum(a * t.numpy()) for a, t in zip(u, jv))
        right = sum(np.sum(g.numpy() * a) for g, a in zip(ju, v))
        assert left == pytest.approx(right, rel=1e-12)


def test_jvp_of_a_linear_map_and_of_constants():
    y, dy = minidl.jvp(lambda x: A @ x, x0, v0)
    close(y, A @ x0)
    close(dy, A @ v0)
    _, (d1, d2) = minidl.jvp(lambda x: (tensor([1, 2]), x * 2), x0, v0)
    assert d1.tolist() == [0, 0]
    close(d2, 2 * v0)


def test_hvp_is_the_hessian_times_v():
    f = lambda x: minidl.exp(x @ (A @ x) / 5).sum()
    close(minidl.hvp(f, x0, v0), minidl.hessian(f)(x0).numpy() @ v0)
    hx, hy = minidl.hvp(lambda x, y: (x * x * y).sum(), (x0, v0), (v0, x0))
    close(hx, 2 * v0 * v0 + 2 * x0 * x0)
    close(hy, 2 * x0 * v0)
    model = nn.Linear(3, 1, bias=False).double()
    X, w = rng.standard_normal((5, 3)), rng.standard_normal((1, 3))
    loss = lambda model: (model(tensor(X)) ** 2).sum() / 2
    close(minidl.hvp(loss, model, {"weight": w})["weight"].detach(), w @ X.T @ X)


@each(ROWS, differentiable)
def test_jvp_through_every_operation(row, case):
    """Against the central difference along a random direction, fused operations too."""
    rng = np.random.default_rng(1)
    xs = inputs_of(row, case)
    vs = [random(rng, x.shape) for x in xs]

    def f(*xs):
        following = iter(xs)
        return outputs(row, *replaced(row, case, lambda _: next(following)))

    ys, tangents = minidl.jvp(f, tuple(xs), tuple(vs))
    ahead, behind = (f(*(x + h * v for x, v in zip(xs, vs))) for h in (EPS, -EPS))
    constant = row.function.op.constant_outputs if hasattr(row.function, "op") else ()
    for k, (y, t, a, b) in enumerate(zip(ys, tangents, ahead, behind, strict=True)):
        assert t.shape == y.shape
        if k in constant:  # running statistics, declared to have no derivative
            assert not t.numpy().any()
            continue
        measured = (np.asarray(a, float) - np.asarray(b, float)) / (2 * EPS)
        error = np.max(np.abs(t.numpy() - measured), initial=0)
        assert error <= 1e-8 + 1e-5 * np.max(np.abs(measured), initial=0)


# --------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: minidl.grad(lambda x: x * 2)(x0), r"one number.*shape \(3,\).*jacobian"),
        (lambda: minidl.grad(lambda x: x)(2), r"int64.*2\.0 rather than 2"),
        (lambda: minidl.grad(lambda x: x)("a"), r"with respect to 'a'"),
        (lambda: minidl.grad(lambda x: x, argnums=1)(2.0), r"argnums=1.*called with 1 argument"),
        (lambda: minidl.grad(lambda x: x)(x=2.0), r"argnums=0.*0 arguments.*keyword"),
        (lambda: minidl.grad(lambda x: x, has_aux=True)(2.0), r"return \(value, aux\)"),
        (lambda: minidl.jvp(minidl.exp, x0, np.ones(2)), r"tangent has shape \(2,\).*\(3,\)"),
        (lambda: minidl.jvp(lambda d: d["a"], {"a": 1.0}, {"b": 1}), r"structure of \{'a'"),
        (lambda: minidl.vjp(minidl.exp, x0)[1](1.0), r"gradient has shape \(\).*\(3,\)"),
        (
            lambda: minidl.functional_call(nn.Linear(1, 1), {"w": tensor([1.0])}, 0),
            r"no parameter is called 'w': weight, bias",
        ),
        (
            lambda: minidl.functional_call(nn.Linear(1, 1), {"weight": tensor([1.0])}, 0),
            r"weight has shape \(1, 1\), not \(1,\)",
        ),
    ],
)  # fmt: skip
def test_errors(call, message):
    with pytest.raises((ValueError, TypeError, KeyError), match=message):
        call()
