"""L-BFGS: the dense BFGS matrix, the Wolfe conditions, PyTorch's path, SciPy's minimum."""

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

import minidl as md
from minidl import autograd, optim
from minidl.optim import second_order

from . import reference

STORED = np.load(reference.STORED)


def test_two_loops_are_the_dense_matrix():
    """H <- (I - rho s y') H (I - rho y s') + rho s s' for each pair, from gamma I."""
    rng = np.random.default_rng(0)
    a = rng.standard_normal((6, 6))
    hessian = a @ a.T + np.eye(6)
    pairs = [(s, hessian @ s) for s in rng.standard_normal((4, 6))]
    s, y = pairs[-1]
    dense = s @ y / (y @ y) * np.eye(6)
    for s, y in pairs:
        left = np.eye(6) - np.outer(s, y) / (s @ y)
        dense = left @ dense @ left.T + np.outer(s, s) / (s @ y)
    g = rng.standard_normal(6)
    np.testing.assert_allclose(second_order.inverse_hessian_times(g, pairs), dense @ g, rtol=1e-10)
    np.testing.assert_array_equal(second_order.inverse_hessian_times(g, []), g)


def test_a_pair_of_negative_curvature_is_not_remembered():
    """On a loss that curves down along the step, s'y < 0: H would no longer point downhill."""
    x, g = np.array([1.0, 0.0]), np.array([1.0, 1.0])
    state = second_order.remember({"step": 0, "x": None, "g": None, "pairs": ()}, x, g, 5)
    uphill = second_order.remember(state, x + g, g - g, 5)
    assert state["pairs"] == uphill["pairs"] == ()
    (pair,) = second_order.remember(state, x + g, 3 * g, 5)["pairs"]
    np.testing.assert_array_equal(pair, (g, 2 * g))


def lbfgs_path(device):
    x = md.tensor(np.linspace(-1, 2, 10), device=device, requires_grad=True)
    optimizer = optim.LBFGS([x], lr=0.5, max_iter=4, history_size=3)

    def closure():
        loss, g = reference.smooth_loss(host(x))
        x.grad = md.tensor(g, device=device)
        return md.tensor(loss, device=device)

    rows = []
    for _ in range(3):
        optimizer.step(closure)
        rows.append(host(x).copy())
    return np.array(rows)


def host(x):
    return x.detach().cpu().numpy()


def test_follows_pytorch(device):
    np.testing.assert_allclose(lbfgs_path(device), STORED["lbfgs"], rtol=1e-10)


def test_line_search_on_a_device(device):
    x = md.tensor(np.array([-1.2, 1.0]), device=device, requires_grad=True)
    optimizer = optim.LBFGS([x], max_iter=60, tolerance_change=0, line_search_fn="strong_wolfe")

    def closure():
        optimizer.zero_grad()
        loss = 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2
        loss.backward()
        return loss

    optimizer.step(closure)
    np.testing.assert_allclose(host(x), 1, rtol=1e-6)


def test_the_stored_path_is_that_of_pytorch_here():
    pytest.importorskip("torch")
    np.testing.assert_allclose(reference.torch_lbfgs(), STORED["lbfgs"], rtol=1e-10)


def test_the_pure_step_is_an_iteration_in_place():
    x = md.tensor(np.linspace(-1, 2, 10), requires_grad=True)
    optimizer = optim.LBFGS([x], lr=0.5, max_iter=4, history_size=3)
    params, states = [x.data], optimizer.init([x])
    for _ in range(12):
        params, states = optimizer.update(params, [reference.smooth_loss(params[0])[1]], states)
    np.testing.assert_allclose(params[0], STORED["lbfgs"][-1], rtol=1e-10)


def test_the_pure_step_is_differentiable():
    optimizer = optim.LBFGS([md.tensor(np.zeros(3), requires_grad=True)], lr=0.3)

    def reached(x):
        params, states = [x], optimizer.init([x])
        for _ in range(3):
            params, states = optimizer.update(params, [params[0] ** 3 + params[0]], states)
        return (params[0] ** 2).sum()

    x = md.tensor(np.array([0.5, -1.0, 2.0]), requires_grad=True)
    autograd.gradcheck(reached, [x])
    autograd.gradgradcheck(reached, [x])


# ---------------------------------------------------------------------------- the line search

LINES = {  # functions of Moré & Thuente 1994 (test 1 to 3), and some that go wrong
    "rational": lambda t: (-t / (t * t + 2), (t * t - 2) / (t * t + 2) ** 2),
    "power": lambda t: (
        (t + 0.004) ** 5 - 2 * (t + 0.004) ** 4,
        5 * (t + 0.004) ** 4 - 8 * (t + 0.004) ** 3,
    ),
    "valley": lambda t: (
        -np.sin(3 * t) + 0.2 * t * t - 0.1 * t,
        -3 * np.cos(3 * t) + 0.4 * t - 0.1,
    ),
    "parabola": lambda t: ((t - 3) ** 2, 2 * (t - 3)),
    "wall": lambda t: (-5 * t - np.log(1 - t), -5 + 1 / (1 - t)) if t < 1 else (np.nan, np.nan),
    "far": lambda t: (-np.log1p(t) + 1e-6 * t, -1 / (1 + t) + 1e-6),
}


@pytest.mark.parametrize("first", [1e-3, 0.1, 1.0, 10.0, 1e3])
@pytest.mark.parametrize("name", LINES)
def test_the_line_search_ends_at_strong_wolfe(name, first):
    calls = 0

    def along(t):
        nonlocal calls
        calls += 1
        return second_order.Point(t, *map(float, LINES[name](t)), None)

    start = along(0.0)
    assert start.slope < 0
    end = second_order.strong_wolfe(along, first, start)
    assert end.t > 0
    assert end.loss <= start.loss + 1e-4 * end.t * start.slope
    assert abs(end.slope) <= 0.9 * abs(start.slope)
    assert calls <= 26


def test_the_cubic_is_exact_for_cubics():
    f, df = np.poly1d([1.0, -2.0, -4.0, 1.0]), np.poly1d([3.0, -4.0, -4.0])  # minimum at 2
    a, b = (second_order.Point(t, f(t), df(t), None) for t in (0.5, 3.0))
    assert second_order.between(a, b) == pytest.approx(2, rel=1e-14)
    assert second_order.between(b, a) == pytest.approx(2, rel=1e-14)


# ------------------------------------------------------------------------------ the whole method


def rosenbrock(n, dtype=np.float64, **options):
    """An optimiser at SciPy's starting point, its closure, its parameters and the calls so far."""
    x, y = (md.tensor(np.full(n // 2, -1.2, dtype), requires_grad=True) for _ in range(2))
    optimizer = optim.LBFGS([x, y], **options)
    calls = []

    def closure():
        whole = np.concatenate([x.data, y.data])
        x.grad, y.grad = map(md.tensor, np.split(rosen_der(whole).astype(dtype), 2))
        calls.append(rosen(whole))
        return md.tensor(calls[-1])

    return optimizer, closure, (x, y), calls


def test_the_minimum_of_rosenbrocks_valley():
    optimizer, closure, params, calls = rosenbrock(
        10, max_iter=200, line_search_fn="strong_wolfe", tolerance_grad=1e-9, tolerance_change=0
    )
    first = optimizer.step(closure)
    assert first.item() == calls[0]
    np.testing.assert_allclose(np.concatenate([p.data for p in params]), 1, rtol=1e-8)
    assert len(calls) < 120
    assert np.linalg.eigvalsh(rosen_hess(np.ones(10))).max() > 1000  # where descent needs lr < 2e-3


def test_tolerances_and_limits_stop():
    optimizer, closure, _, calls = rosenbrock(4, max_iter=7)
    optimizer.step(closure)
    assert len(calls) == 7  # the eighth look is the next step's first
    optimizer, closure, _, calls = rosenbrock(4, max_iter=50, max_eval=5)
    optimizer.step(closure)
    assert len(calls) == 5
    optimizer, closure, _, calls = rosenbrock(4, tolerance_grad=1e6)
    optimizer.step(closure)
    assert len(calls) == 1
    optimizer, closure, _, calls = rosenbrock(4, tolerance_change=1e6)
    optimizer.step(closure)
    assert len(calls) == 2  # one step, and the loss had changed by less


def test_a_run_can_be_resumed():
    optimizer, closure, params, _ = rosenbrock(6, max_iter=5, line_search_fn="strong_wolfe")
    optimizer.step(closure)
    saved, held = optimizer.state_dict(), [p.data.copy() for p in params]
    again, closure_again, resumed, _ = rosenbrock(6)
    again.load_state_dict(saved)
    for p, value in zip(resumed, held):
        p.data[...] = value
    for one, other in ((optimizer, closure), (again, closure_again)):
        one.step(other)
        one.step(other)
    for p, q in zip(params, resumed):
        np.testing.assert_array_equal(p.data, q.data)


def test_float32_stays_float32():
    optimizer, closure, params, _ = rosenbrock(
        4, np.float32, max_iter=50, line_search_fn="strong_wolfe"
    )
    optimizer.step(closure)
    assert all(p.dtype == np.float32 for p in params)
    np.testing.assert_allclose(params[0].data, 1, atol=1e-3)
    (state,) = optimizer.state.values()
    assert {a.dtype for pair in state["pairs"] for a in pair} == {np.dtype("f")}


def test_one_group_only():
    p, q = (md.tensor(np.ones(2), requires_grad=True) for _ in range(2))
    with pytest.raises(ValueError, match="one group"):
        optim.LBFGS([{"params": [p]}, {"params": [q]}])
