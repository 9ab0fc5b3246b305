"""Danskin's theorem against differences of exact maxima: where it holds, and at ties."""

import numpy as np
import pytest

from minidl import nn, no_grad, tensor
from minidl.defences.danskin import (
    directional_derivative,
    gradient,
    logistic_loss,
    worst_logistic_loss,
    worst_perturbation,
)
from minidl.nn import functional as F
from minidl.transforms import functional_call

EPSILON, H = 0.3, 1e-6


def problem(seed=0, zeros=()):
    """A linear classifier of six points in four dimensions, and its losses as (theta, delta)."""
    rng = np.random.default_rng(seed)
    w = rng.normal(size=4)
    w[[*zeros]] = 0
    x, y = tensor(rng.normal(size=(6, 4))), tensor(np.array([1, -1, 1, -1, 1, -1]))
    each = lambda theta, delta: logistic_loss(**theta, x=x + delta, y=y)
    worst = lambda theta: worst_logistic_loss(**theta, x=x, y=y, epsilon=EPSILON).mean()
    return {"w": tensor(w), "b": tensor(np.array(0.2))}, y, each, worst


def mean(each):
    return lambda theta, delta: each(theta, delta).mean()


def moved(theta, direction, h):
    return {name: p + h * direction[name] for name, p in theta.items()}


def unit(index):
    return {"w": tensor(np.eye(4)[index]), "b": tensor(np.array(0.0))}


def test_the_worst_loss_is_the_largest_over_all_corners():
    """A convex loss is largest in a corner of the cube of moves: all 16, for each example."""
    theta, y, each, worst = problem()
    corners = EPSILON * (2 * np.array([*np.ndindex(2, 2, 2, 2)]) - 1)
    at_corners = [each(theta, tensor(np.tile(c, (6, 1)))).numpy() for c in corners]
    assert worst(theta).item() == pytest.approx(np.max(at_corners, axis=0).mean(), rel=1e-12)
    at = each(theta, worst_perturbation(theta["w"], y, EPSILON)).mean()
    assert at.item() == pytest.approx(worst(theta).item(), rel=1e-12)


def test_the_gradient_at_the_maximiser_is_that_of_the_maximum():
    theta, y, each, worst = problem()
    found = gradient(mean(each), theta, worst_perturbation(theta["w"], y, EPSILON))
    for i in range(4):
        slope = worst(moved(theta, unit(i), H)) - worst(moved(theta, unit(i), -H))
        assert found["w"].numpy()[i] == pytest.approx(slope.item() / (2 * H), abs=1e-8)


def test_the_gradient_at_the_maximiser_of_a_network_over_a_finite_set():
    """The worst of 50 moves of each example, differenced in 20 random directions."""
    rng = np.random.default_rng(1)
    net = nn.Sequential(nn.Linear(3, 5, rng=rng), nn.Tanh(), nn.Linear(5, 2, rng=rng)).double()
    x, y, moves = rng.normal(size=(4, 3)), rng.integers(0, 2, 4), rng.normal(size=(50, 4, 3)) / 3

    def losses(theta, delta):
        z = functional_call(net, theta, tensor(x) + delta)
        return F.cross_entropy(z, tensor(y), reduction="none")

    def worst(theta):
        with no_grad():
            return np.stack([losses(theta, tensor(move)).numpy() for move in moves])  # (50, 4)

    theta = {name: p.detach() for name, p in net.named_parameters()}
    delta = moves[worst(theta).argmax(axis=0), np.arange(4)]
    found = gradient(lambda theta, delta: losses(theta, delta).mean(), theta, tensor(delta))
    for _ in range(20):
        h = {name: tensor(rng.normal(size=p.shape)) for name, p in theta.items()}
        plus, minus = (worst(moved(theta, h, s)).max(axis=0).mean() for s in (H, -H))
        expected = sum((found[name] * h[name]).sum().item() for name in h)
        assert (plus - minus) / (2 * H) == pytest.approx(expected, abs=1e-7)


def test_among_several_maximisers_the_slope_is_the_largest_in_each_direction():
    """With w_1 = 0 each delta_1 is a maximiser: a kink, of slope g + epsilon c to the right and
    g - epsilon c to the left, where one maximiser's gradient gives a single number."""
    theta, y, each, worst = problem(zeros=[1])
    base = worst_perturbation(theta["w"], y, EPSILON).numpy()
    maximisers = []
    for side in (-EPSILON, EPSILON):  # the ends of the segment, where a linear function is largest
        delta = base.copy()
        delta[:, 1] = -y.numpy() * side
        maximisers.append(tensor(delta))
    here, slopes = worst(theta).item(), []
    for direction in (1.0, -1.0):
        h = {name: direction * part for name, part in unit(1).items()}
        slope = (worst(moved(theta, h, H)).item() - here) / H
        found = directional_derivative(mean(each), theta, maximisers, h)
        assert found == pytest.approx(slope, abs=1e-6)
        slopes.append(slope)
    assert slopes[0] + slopes[1] > 0.1  # a smooth function would have opposite slopes


def test_a_step_against_the_gradient_at_one_of_several_maximisers_may_climb():
    """Where the worst loss has its minimum in w_1 at a kink, though no maximiser's slope is 0."""
    theta, y, each, worst = problem(seed=4, zeros=[1])
    delta = worst_perturbation(theta["w"], y, EPSILON).numpy()
    for side in (-EPSILON, EPSILON):
        delta[:, 1] = y.numpy() * side
        slope = gradient(mean(each), theta, tensor(delta))["w"].numpy()[1]
        stepped = moved(theta, unit(1), -1e-3 * slope)
        assert abs(slope) > 0.01 and worst(stepped).item() > worst(theta).item()


def test_an_inexact_maximiser_gives_the_slope_of_a_lower_bound():
    """Half of the worst move: another direction, along which the worst loss still descends."""
    theta, y, each, worst = problem()
    full = worst_perturbation(theta["w"], y, EPSILON)
    exact, inexact = (gradient(mean(each), theta, part * full) for part in (1.0, 0.5))
    one, other = (np.append(g["w"].numpy(), g["b"].numpy()) for g in (exact, inexact))
    cosine = one @ other / (np.linalg.norm(one) * np.linalg.norm(other))
    assert 0 < cosine < 0.999
    assert worst(moved(theta, inexact, -1e-3)).item() < worst(theta).item()
