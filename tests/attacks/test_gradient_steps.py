"""Steps along the gradient: on linear models against the known optimum, elsewhere one another."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.attacks import gradient_steps, threat
from minidl.attacks.gradient_steps import bare, bim, fgsm, least_likely, pgd, steepest
from minidl.attacks.objectives import Goal, cross_entropy, margin
from minidl.attacks.threat import Threat
from minidl.nn import functional as F

from .linear import inputs, largest_growth, linear_model, logits

BUDGETS = {np.inf: 0.2, 2: 0.6, 1: 1.3, 0: 2}
FREE = (-np.inf, np.inf)


def growth(W, x, y, result):
    """By how much the margin of two classes grew."""
    w = W[1 - y] - W[y]
    return ((result.adversarial.numpy() - x) * w).sum(axis=1)


def optimum(W, x, y, model):
    args = model.norm, model.epsilon, model.bounds
    return [largest_growth(W[1 - k] - W[k], row, *args) for row, k in zip(x, y)]


def cloud(seed=0):
    """A small network trained on four clouds of points in the unit square, and the points."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, 300)
    x = np.stack([0.25 + 0.5 * (y % 2), 0.25 + 0.5 * (y // 2)], axis=1)
    x = np.clip(x + 0.09 * rng.normal(size=x.shape), 0, 1)
    model = nn.Sequential(nn.Linear(2, 24, rng=seed), nn.Tanh(), nn.Linear(24, 4, rng=1)).double()
    optimiser = optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        F.cross_entropy(model(tensor(x)), tensor(y)).backward()
        optimiser.step()
    return model, x, y


def loss_at(model, result, y):
    return cross_entropy(tensor(logits(model, result.adversarial)), y).numpy()


# --------------------------------------------------------------------------------- linear models


def test_fgsm_is_the_optimum_of_a_linear_model_in_the_box():
    """max <w, delta> = the linear program's; without bounds it is epsilon |w|_1."""
    model, W, _ = linear_model()
    x, y = inputs(), np.arange(8) % 2
    for bounds in ((0.0, 1.0), FREE):
        inside = Threat(np.inf, 0.2, bounds)
        found = growth(W, x, y, fgsm(model, x, Goal(y), inside))
        assert found == pytest.approx(optimum(W, x, y, inside), abs=1e-12)
    assert found == pytest.approx(0.2 * np.abs(W[0] - W[1]).sum())


@pytest.mark.parametrize("objective", [cross_entropy, margin])
@pytest.mark.parametrize("norm", BUDGETS)
def test_pgd_reaches_the_optimum_of_a_linear_model_in_every_norm(norm, objective):
    """To 1e-6, with long steps, each of which then ends near the corner that it points to.

    In l1 a step gives to some numbers and the projection takes from all: what it takes from a wrong
    one is at most the step, so that short ones end within alpha max |w| of the optimum.
    """
    model, W, _ = linear_model()
    x, y = inputs(), np.arange(8) % 2
    inside = Threat(norm, BUDGETS[norm])
    alpha, steps = (0.03, 120) if norm == 1 else (1e3, 20)
    how = dict(steps=steps, step_size=alpha, rng=0, objective=objective)
    result = pgd(model, x, Goal(y), inside, **how)
    best = np.array(optimum(W, x, y, inside))
    short = alpha * np.abs(W[0] - W[1]).max() if norm == 1 else 1e-6
    assert (growth(W, x, y, result) <= best + 1e-9).all()
    assert (growth(W, x, y, result) >= best - short).all()


def test_without_bounds_the_optimum_is_epsilon_times_the_dual_norm():
    model, W, _ = linear_model()
    x, y = inputs(), np.zeros(8, int)
    for norm, dual in ((np.inf, 1), (2, 2), (1, np.inf)):
        size = 0.5 * np.linalg.norm(W[1] - W[0], dual)
        free = Threat(norm, 0.5, FREE)
        once = fgsm(model, x, Goal(y), free)
        often = pgd(model, x, Goal(y), free, step_size=5.0, rng=0)
        for result in (once, often):
            assert growth(W, x, y, result) == pytest.approx(np.full(8, size), abs=1e-6)


def test_one_step_in_l1_is_the_optimum_in_the_box():
    model, W, _ = linear_model()
    x, y = inputs(), np.arange(8) % 2
    for epsilon in (0.1, 1.3, 4.0):
        inside = Threat(1, epsilon)
        found = growth(W, x, y, fgsm(model, x, Goal(y), inside))
        assert found == pytest.approx(optimum(W, x, y, inside), abs=1e-9)


def test_a_step_is_as_long_for_every_example():
    """Not one length for the batch: an example with a small gradient moves as far."""
    g = np.random.default_rng(0).normal(size=(5, 3, 4)) * np.logspace(-6, 2, 5)[:, None, None]
    g[2] = 0
    for norm in (np.inf, 2, 1):
        step = steepest(g, np.full(g.shape, 0.5), Threat(norm, 1.0), 0.7)
        assert threat.norm(step, norm) == pytest.approx(0.7 * np.array([1, 1, 0, 1, 1]))


def test_in_l1_what_has_no_room_is_passed_over():
    g, x = np.array([[3.0, -2.0, 1.0, 0.5]]), np.array([[1.0, 0.0, 0.8, 0.5]])
    assert steepest(g, x, Threat(1, 1.0), 0.3) == pytest.approx(np.array([[0, 0, 0.2, 0.1]]))
    assert steepest(g, x, Threat(1, 1.0, FREE), 0.3).tolist() == [[0.3, 0, 0, 0]]
    assert steepest(g[:, :2], x[:, :2], Threat(1, 1.0), 0.3).tolist() == [[0, 0]]


def test_fgsm_is_one_step_of_pgd_with_the_bare_gradient_once_that_is_long_enough():
    """clip(t g, -epsilon, epsilon) = epsilon sign(g) when t |g_i| >= epsilon for all i."""
    model, x, y = cloud()
    x, y, epsilon = x[:50], y[:50], 0.07
    inside, goal = Threat(np.inf, epsilon), Goal(y)
    with gradient_steps.Access(model, len(x)) as access:
        _, _, g = access.gradient(x, goal)
    smallest = np.abs(g).min()
    assert smallest > 0

    def one_step(t):
        how = dict(steps=1, step_size=t, random_start=False, direction=bare)
        return pgd(model, x, goal, inside, **how).adversarial.numpy()

    target = fgsm(model, x, goal, inside).adversarial.numpy()
    # 1 + 1e-12: the product of a rounded quotient may miss epsilon by a rounding
    np.testing.assert_array_equal(one_step(epsilon / smallest * (1 + 1e-12)), target)
    assert np.abs(one_step(0.5 * epsilon / smallest) - target).max() > 1e-6


# ---------------------------------------------------------------------------------- a network


def test_the_iterates_stay_in_the_ball():
    """Ten steps of alpha = epsilon, without a projection, would end ten times as far away."""
    model, x, y = cloud()
    for norm, epsilon in ((np.inf, 0.1), (2, 0.15), (1, 0.2), (0, 1)):
        inside, goal = Threat(norm, epsilon), Goal(y)
        for result in (
            fgsm(model, x, goal, inside),
            bim(model, x, goal, inside, steps=10, step_size=epsilon),
            pgd(model, x, goal, inside, steps=10, step_size=epsilon, rng=0),
        ):
            found = result.adversarial.numpy()
            assert found.min() >= 0 and found.max() <= 1
            assert inside.size(found - x).max() <= epsilon + 1e-9


def test_bim_climbs_at_least_as_high_as_fgsm():
    """The notes' criterion: on 95 of 100 examples.  Also PGD's success is at least FGSM's."""
    model, x, y = cloud()
    for epsilon in (0.05, 0.1, 0.15, 0.2):
        inside, goal = Threat(np.inf, epsilon), Goal(y)
        once, often = fgsm(model, x, goal, inside), bim(model, x, goal, inside)
        assert np.mean(loss_at(model, often, y) >= loss_at(model, once, y) - 1e-9) >= 0.95
        best = pgd(model, x, goal, inside, restarts=3, random_start=False, rng=0)
        assert best.success.sum() >= max(once.success.sum(), often.success.sum())


class Hill(nn.Module):
    """Two classes; the margin of the second is highest, .3, at (.6, .45)."""

    def forward(self, x):
        away = (x - tensor(np.array([0.6, 0.45]))) ** 2
        return F.pad(0.3 - 4 * away.sum(axis=1)[:, None], (1, 0))


def test_the_best_point_is_returned_and_not_the_last():
    """Steps as long as the ball jump over the top of a hill, from one side to the other."""
    model, x = Hill(), np.random.default_rng(0).uniform(0.2, 0.8, (40, 2))
    y, seen = np.zeros(40, int), []
    model.register_forward_hook(lambda module, args, out: seen.append(out.detach().numpy()))
    how = dict(steps=7, step_size=0.3, rng=0, objective=margin)
    found = pgd(model, x, Goal(y), Threat(2, 0.3), **how)
    height = np.array([z[:, 1] - z[:, 0] for z in seen[:-1]])  # (points, N)
    reached = logits(model, found.adversarial)[:, 1]
    assert reached == pytest.approx(height.max(axis=0))
    np.testing.assert_array_equal(found.success, (height > 0).any(axis=0))
    assert np.mean(height[-1] < height.max(axis=0)) > 0.5  # there is something to choose


def test_restarts_help_or_do_nothing():
    """The first starts of more restarts are those of fewer."""
    model, x, y = cloud()
    inside = Threat(2, 0.12)
    before = -np.inf
    for restarts in (1, 2, 4):
        found = pgd(model, x, Goal(y), inside, steps=5, restarts=restarts, rng=7)
        score = loss_at(model, found, y) + 1e3 * found.success
        assert (score >= before).all()
        before = score


def test_targeted():
    """What reaches a certain class is also untargeted; the loss of the target falls."""
    model, x, y = cloud()
    goal = Goal((y + 1) % 4, targeted=True)
    inside = Threat(np.inf, 0.2)
    aimed = pgd(model, x, goal, inside, rng=0)
    any_class = pgd(model, x, Goal(y), inside, rng=0)
    assert 0 < aimed.success.mean() <= any_class.success.mean()
    np.testing.assert_array_equal(
        aimed.success, logits(model, aimed.adversarial).argmax(axis=1) == goal.labels
    )
    at_x = cross_entropy(tensor(logits(model, x)), goal.labels).numpy()
    assert (loss_at(model, aimed, goal.labels) <= at_x).all()


def test_the_least_likely_class():
    """Its probability rises; steps reach it at least as often as one step of the same length."""
    model, x, y = cloud()
    goal = least_likely(model, x)
    np.testing.assert_array_equal(goal.labels, logits(model, x).argmin(axis=1))
    assert goal.targeted
    inside = Threat(np.inf, 0.3)
    once, often = fgsm(model, x, goal, inside), bim(model, x, goal, inside)
    at_x = cross_entropy(tensor(logits(model, x)), goal.labels).numpy()
    assert np.mean(loss_at(model, once, goal.labels) < at_x) > 0.95
    assert (loss_at(model, often, goal.labels) < at_x).all()
    assert often.success.sum() >= once.success.sum() and often.success.any()


def test_the_same_seed_gives_the_same_points():
    model, x, y = cloud()
    a, b, c = (pgd(model, x, Goal(y), Threat(2, 0.1), 3, rng=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(a.adversarial.numpy(), b.adversarial.numpy())
    assert np.any(a.adversarial.numpy() != c.adversarial.numpy())
