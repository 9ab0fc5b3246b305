"""SAM: the step by hand, the worst point of the ball, what its gradient drops."""

import numpy as np
import pytest

import minidl as md
from minidl import autograd, optim


def quadratic(hessian):
    """x'Hx/2 of a Tensor."""
    return lambda x: 0.5 * (x * (md.tensor(hessian) @ x)).sum()


@pytest.mark.parametrize("adaptive", [False, True])
def test_a_step_by_hand(device, adaptive):
    """f = (w1^2 + 4 w2^2)/2 at (3, 1): g = (3, 4), then a step with the gradient at w + e.

    e = rho (3, 4)/5; adaptive: |w| g = (9, 4), e = rho (27, 4)/sqrt(97).
    """
    w = md.tensor(np.array([3.0, 1.0]), device=device, requires_grad=True)
    optimizer = optim.SAM([w], optim.SGD, rho=0.5, adaptive=adaptive, lr=0.1)
    curvature = md.tensor(np.array([1.0, 4.0]), device=device)
    loss = lambda w: 0.5 * (curvature * w * w).sum()

    def closure():
        optimizer.zero_grad()
        value = loss(w)
        value.backward()
        return value

    assert optimizer.step(closure).item() == 6.5
    e = 0.5 * np.array([27, 4]) / np.sqrt(97) if adaptive else np.array([0.3, 0.4])
    expected = [3 - 0.1 * (3 + e[0]), 1 - 0.1 * 4 * (1 + e[1])]
    np.testing.assert_allclose(w.detach().cpu().numpy(), expected, rtol=1e-12)


def test_two_parameters_share_the_ball():
    p, q = (md.tensor(np.array([v]), requires_grad=True) for v in (1.0, 2.0))
    sam = optim.SAM([p, q], optim.SGD, rho=0.1)
    moved = sam.perturb([p.data, q.data], [np.array([3.0]), np.array([-4.0])])
    np.testing.assert_allclose(np.ravel(moved), [1.06, 1.92], rtol=1e-12)


def test_the_perturbation_climbs_by_rho_times_the_gradient():
    """L(w + e) - L(w) = rho |g| + O(rho^2), and no point of the ball is higher to first order."""
    rng = np.random.default_rng(0)
    w = md.tensor(rng.standard_normal(5), requires_grad=True)
    f = lambda x: (md.exp(x) * md.sin(2 * x)).sum()
    (g,) = autograd.grad(f(w), [w])
    norm = np.linalg.norm(g.data)
    excess = []
    for rho in (1e-2, 5e-3):
        (moved,) = optim.SAM([w], optim.SGD, rho=rho).perturb([w], [g])
        excess.append((f(moved) - f(w)).item() - rho * norm)
    assert abs(excess[0] / excess[1]) == pytest.approx(4, rel=0.05)  # the rest is O(rho^2)


def test_adaptive_perturbation_does_not_see_a_change_of_scale():
    """w -> c w, g -> g / c, as in a rescaled layer, moves e to c e (Kwon et al. 2021)."""
    rng = np.random.default_rng(1)
    w, g = rng.standard_normal((2, 6))
    c = np.array([1e-2, 1.0, 1.0, 10.0, 3.0, 100.0])
    sam = optim.SAM([md.tensor(w, requires_grad=True)], optim.SGD, rho=0.5, adaptive=True)
    e = sam.perturb([w], [g])[0] - w
    scaled = sam.perturb([c * w], [g / c])[0] - c * w
    np.testing.assert_allclose(scaled, c * e, rtol=1e-12)
    assert np.linalg.norm(e / abs(w)) == pytest.approx(0.5)


def test_what_sam_drops():
    """d L(w + e(w)) / dw with and without the derivative of e, on x'Hx/2, against the algebra.

    With e held: H (w + e).  In full: (I + de/dw)' H (w + e), de/dw = rho (I - n n') H / |g|.
    """
    hessian = np.array([[2.0, 0.5], [0.5, 1.0]])
    w = md.tensor(np.array([1.0, -2.0]), requires_grad=True)
    f, sam = quadratic(hessian), optim.SAM([w], optim.SGD, rho=0.3)
    (g,) = autograd.grad(f(w), [w], create_graph=True)
    (moved,) = sam.perturb([w], [g])
    (full,) = autograd.grad(f(moved), [w])
    (held,) = sam.perturb([w.data], [g.data])
    size = np.linalg.norm(g.data)
    n = g.data / size
    de = 0.3 * (np.eye(2) - np.outer(n, n)) @ hessian / size
    np.testing.assert_allclose(full.data, (np.eye(2) + de).T @ hessian @ held, rtol=1e-9)
    assert not np.allclose(full.data, hessian @ held, rtol=1e-3)


def test_parameters_come_back_exactly_and_the_base_keeps_its_state():
    rng = np.random.default_rng(2)
    w = md.tensor(rng.standard_normal(50).astype("f"), requires_grad=True)
    sam, before = optim.SAM([w], optim.Adam, rho=7.3, lr=0.0), w.data.copy()
    for _ in range(3):
        w.grad = md.tensor(rng.standard_normal(50).astype("f"))
        sam.first_step()
        assert (w.data != before).any()
        sam.second_step()
    np.testing.assert_array_equal(w.data, before)
    saved = sam.state_dict()
    assert saved["state"][0]["step"] == 3
    other = optim.SAM([w], optim.Adam)
    other.load_state_dict(saved)
    assert other.param_groups[0]["lr"] == 0.0


def test_a_zero_gradient_moves_nothing():
    w = md.tensor(np.ones(2), requires_grad=True)
    (moved,) = optim.SAM([w], optim.SGD).perturb([w.data], [np.zeros(2)])
    np.testing.assert_array_equal(moved, np.ones(2))


def test_steps_out_of_order_are_refused():
    w = md.tensor(np.ones(2), requires_grad=True)
    w.grad = md.tensor(np.ones(2))
    sam = optim.SAM([w], optim.SGD)
    with pytest.raises(RuntimeError, match="without first_step"):
        sam.second_step()
    sam.first_step()
    with pytest.raises(RuntimeError, match="twice"):
        sam.first_step()
