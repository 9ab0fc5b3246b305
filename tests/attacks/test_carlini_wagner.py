"""The nearest image that is wrong: on linear models at the distance of the boundary."""

import numpy as np
import pytest
from scipy.optimize import minimize

from minidl import nn, tensor
from minidl.attacks import carlini_wagner as cw
from minidl.attacks.carlini_wagner import carlini_wagner, penalised, shortfall
from minidl.attacks.gradient_steps import pgd
from minidl.attacks.objectives import Goal
from minidl.attacks.threat import Threat, norm

from .linear import linear_model, logits
from .test_gradient_steps import cloud


def inner_points(n=12, features=6, seed=4):
    """Points far from the faces of the box, so that the boundary is nearest where no face is."""
    return np.random.default_rng(seed).uniform(0.35, 0.65, (n, features))


def test_the_distance_to_the_boundary_of_a_linear_model():
    """|margin| / |w|: within 2 %, and never less; every goal is reached.

    For points that are not nearer than .02: Adam's steps are of .03 in w, .015 in x.
    """
    W, b = np.random.default_rng(0).normal(size=(2, 6)), np.zeros(2)
    b[0] = -(W[0] - W[1]) @ np.full(6, 0.5)  # the boundary passes through the middle of the box
    model = nn.Linear(6, 2).double()
    model.load_state_dict({"weight": W, "bias": b})
    x = inner_points(16)
    x = x[np.abs((W[0] - W[1]) @ (x - 0.5).T) > 0.02 * np.linalg.norm(W[0] - W[1])]
    z = logits(model, x)
    y = z.argmax(axis=1)
    exact = np.abs(z[:, 0] - z[:, 1]) / np.linalg.norm(W[0] - W[1])
    assert len(x) >= 10
    for goal in (Goal(y), Goal(1 - y, targeted=True)):
        result = carlini_wagner(model, x, goal, steps=80, searches=9, lr=0.03)
        found = norm(result.adversarial.numpy() - x, 2)
        assert result.success.all()
        assert (found >= exact - 1e-9).all() and found == pytest.approx(exact, rel=0.02)


@pytest.mark.parametrize("targeted", [False, True])
def test_adding_the_same_to_all_logits_changes_nothing(targeted):
    """The published bug: y masked by 0, not by -inf, would be the largest of negative logits."""
    model, W, b = linear_model(classes=3)
    x = inner_points()
    y = logits(model, x).argmax(axis=1)
    goal = Goal((y + targeted) % 3, targeted)
    before = carlini_wagner(model, x, goal, steps=30, searches=3, lr=0.1)
    model.bias.data = b - 100
    after = carlini_wagner(model, x, goal, steps=30, searches=3, lr=0.1)
    assert before.success.any()
    np.testing.assert_array_equal(before.success, after.success)
    assert after.adversarial.numpy() == pytest.approx(before.adversarial.numpy(), abs=1e-6)


def test_black_and_white_pixels_can_move():
    """atanh(1) is infinite, and tanh is flat there: the goal needs the pixels at the faces only."""
    model = nn.Linear(4, 2).double()
    W = np.array([[1.0, -1.0, 1.0, -1.0], [-1.0, 1.0, -1.0, 1.0]])
    model.load_state_dict({"weight": W, "bias": np.array([-2.0, 2.0])})
    x = np.array([[1.0, 0.0, 1.0, 0.0]])  # z = (0, 0) at x, changed by any step inwards
    model.bias.data = np.array([-1.0, 1.0])
    y = np.array([0])
    exact = 1.0 / 2.0  # (z_0 - z_1) / |w| = 2 / 4
    result = carlini_wagner(model, x, Goal(y), steps=80, searches=9, lr=0.1)
    assert result.success.all()
    assert norm(result.adversarial.numpy() - x, 2) == pytest.approx(exact, rel=0.02)
    assert np.isfinite(cw.preimage(x)).all()
    np.testing.assert_allclose(cw.image(tensor(cw.preimage(x))).numpy(), x, atol=5.1e-5)


def test_it_needs_less_than_pgd():
    """The least budget of a fine grid at which PGD succeeds, for each point."""
    model, x, y = cloud()
    x, y = x[:40], y[:40]
    found = carlini_wagner(model, x, Goal(y), steps=60, searches=6, lr=0.05)
    assert found.success.all()
    needed = np.full(len(x), np.inf)
    for epsilon in np.arange(0.05, 0.5, 0.05)[::-1]:
        result = pgd(model, x, Goal(y), Threat(2, epsilon), 20, random_start=False)
        needed[result.success] = norm(result.adversarial.numpy() - x, 2)[result.success]
    assert np.median(norm(found.adversarial.numpy() - x, 2)) <= np.median(needed)
    assert (norm(found.adversarial.numpy() - x, 2) <= needed + 0.02).all()


def test_what_reaches_the_goal_already_is_left_alone():
    model, W, b = linear_model(classes=3)
    x = inner_points()
    goal = Goal(logits(model, x).argmax(axis=1), targeted=True)
    result = carlini_wagner(model, x, goal, steps=3, searches=1)
    assert result.success.all()
    np.testing.assert_array_equal(result.adversarial.numpy(), x)


def test_where_nothing_was_found_x_is_returned():
    model = nn.Linear(6, 2).double()
    model.load_state_dict({"weight": np.zeros((2, 6)), "bias": np.array([1.0, 0.0])})
    x = inner_points()
    result = carlini_wagner(model, x, Goal(np.zeros(len(x), int)), steps=3, searches=2)
    assert not result.success.any()
    np.testing.assert_array_equal(result.adversarial.numpy(), x)


def test_kappa_is_a_margin():
    model, W, b = linear_model(classes=3)
    x = inner_points()
    y = logits(model, x).argmax(axis=1)
    near, sure = (carlini_wagner(model, x, Goal(y), steps=60, lr=0.05, kappa=k) for k in (0.0, 0.3))
    z = np.sort(logits(model, sure.adversarial), axis=1)
    assert sure.success.any()
    assert (z[:, -1] - z[:, -2])[sure.success].min() >= 0.3 - 1e-9
    further = norm(sure.adversarial.numpy() - x, 2) - norm(near.adversarial.numpy() - x, 2)
    assert further[sure.success].min() > 0


def test_the_penalty_is_positive_while_the_goal_is_not_reached():
    """Of the untargeted form: while y is the largest logit, in whatever sense a minus is meant."""
    z, y = np.random.default_rng(0).normal(size=(300, 4)), np.zeros(300, int)
    right = z.argmax(axis=1) == y
    np.testing.assert_array_equal(shortfall(tensor(z), Goal(y)).numpy() > 0, right)
    np.testing.assert_array_equal(shortfall(tensor(z), Goal(y, True)).numpy() > 0, ~right)
    sure = shortfall(tensor(z), Goal(y), kappa=0.5).numpy()
    assert sure.min() == -0.5 and np.all(sure[right] > 0)


class Parabola(nn.Module):
    """Two classes with z_0 - z_1 = |B delta - a|^2: a penalty whose optima have a closed form."""

    def __init__(self, B, a, x):
        self.B, self.a, self.x = tensor(B), tensor(a), tensor(x)

    def forward(self, x):
        away = ((x - self.x) @ self.B.T - self.a) ** 2
        zero = away.sum(axis=1) * 0.0
        return nn.functional.pad(away.sum(axis=1)[:, None], (0, 1)) + zero[:, None]


def test_the_penalised_form_has_the_same_solution_for_the_matched_weight():
    """min |d|^2 + c |B d - a|^2 is at d = (1/c + B'B)^-1 B'a; min |d| + c / (2|d*|) |B d - a|^2,
    convex as well, is there too, by a solver that knows neither."""
    rng = np.random.default_rng(0)
    B, a, x = rng.normal(size=(3, 4)), rng.normal(size=3), np.zeros((1, 4))
    model, goal = Parabola(B, a, x), Goal(np.array([0]))

    def value(d, weight, distance):
        d = tensor(d[None])
        return penalised(d, model(tensor(x) + d), goal, weight, distance).item()

    for c in (0.3, 2.0, 10.0):
        exact = np.linalg.solve(np.eye(4) / c + B.T @ B, B.T @ a)
        matched = c / (2 * np.linalg.norm(exact))
        for weight, distance in ((c, cw.squared), (matched, cw.l2)):
            solved = minimize(value, rng.normal(size=4), (weight, distance), tol=1e-12).x
            assert solved == pytest.approx(exact, abs=1e-4)


def test_other_distances_make_their_own_changes_small():
    """Least in l1 where l1 was minimised, and so on; by their dual norms |margin| / |w|_dual."""
    model, W, b = linear_model(classes=2, features=5)
    w = W[0] - W[1]
    x = inner_points(features=5)
    model.bias.data = np.array([-w @ np.full(5, 0.5), 0.0])
    z = logits(model, x)
    y, gap = z.argmax(axis=1), np.abs(z[:, 0] - z[:, 1])
    for distance, p, dual in ((cw.l1, 1, np.inf), (cw.linf, np.inf, 1)):
        how = dict(steps=60, searches=7, lr=0.03, distance=distance)
        result = carlini_wagner(model, x, Goal(y), **how)
        found, exact = norm(result.adversarial.numpy() - x, p), gap / np.linalg.norm(w, dual)
        assert result.success.all() and (found >= exact - 1e-9).all()
        assert np.median(found / exact) < 1.1
