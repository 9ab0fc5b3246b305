"""Rows of the notes that optimisers and transforms implement: what each is to show."""

import functools
import itertools
import math

import numpy as np
import pytest

import minidl
import minidl.nn.functional as F
from minidl import optim


def descend(make, slope, start, steps):
    """The iterates of an optimiser, `make([x])`, that is handed slope(x, t), steps from 0."""
    x = minidl.tensor(np.array(start, dtype=float), requires_grad=True)
    optimiser = make([x])
    path = [x.data.copy()]
    for t in range(steps):
        x.grad = minidl.tensor(np.asarray(slope(x.data, t)))
        optimiser.step()
        path.append(x.data.copy())
    return np.array(path)


def test_descent_on_a_quadratic_is_a_matrix_power():
    """f = |Phi x|^2 / 2, so that H = Phi' Phi."""
    rng = np.random.default_rng(0)
    phi = minidl.tensor(rng.standard_normal((6, 4)) / 2)
    x = minidl.tensor(rng.standard_normal(4), requires_grad=True)
    start, descent = x.data.copy(), optim.SGD([x], lr=0.1)
    for _ in range(30):
        descent.zero_grad()
        (F.mse_loss(phi @ x, minidl.zeros(6, dtype="float64"), reduction="sum") / 2).backward()
        descent.step()
    expected = np.linalg.matrix_power(np.eye(4) - 0.1 * phi.data.T @ phi.data, 30) @ start
    np.testing.assert_allclose(x.data, expected, atol=1e-10)


def test_least_squares_have_this_gradient_and_the_same_hessian_everywhere():
    rng = np.random.default_rng(0)
    phi, y = rng.standard_normal((7, 3)), rng.standard_normal(7)
    loss = lambda w: F.mse_loss(minidl.tensor(phi) @ w, minidl.tensor(y), reduction="sum") / 2
    for w, v in rng.standard_normal((5, 2, 3)):
        at, along = minidl.tensor(w), minidl.tensor(v)
        np.testing.assert_allclose(minidl.grad(loss)(at).data, phi.T @ (phi @ w - y), atol=1e-9)
        np.testing.assert_allclose(minidl.hessian(loss)(at).data, phi.T @ phi, atol=1e-10)
        np.testing.assert_allclose(minidl.hvp(loss, (at,), (along,))[0].data, phi.T @ phi @ v)


@pytest.mark.parametrize("share, ends", [(0.95, 0.0), (1.0, 1.0), (1.05, math.inf)])
def test_the_largest_step_on_a_smooth_function(share, ends):
    """f = beta x^2 / 2 from 1: at 2 / beta the sign flips for ever, below it settles."""
    beta = 7.0
    path = descend(lambda p: optim.SGD(p, lr=share * 2 / beta), lambda x, t: beta * x, [1.0], 500)
    if ends == 1.0:
        np.testing.assert_allclose(path[:, 0], (-1.0) ** np.arange(501), rtol=1e-9)
    else:
        assert abs(path[-1, 0]) < 1e-12 if ends == 0 else abs(path[-1, 0]) > 1e12


def test_minibatches_have_the_gradient_on_average_and_a_known_variance():
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((7, 3)), rng.standard_normal(7)
    w = minidl.tensor(rng.standard_normal(3), requires_grad=True)

    def slope(rows):
        loss = F.mse_loss(minidl.tensor(x[rows]) @ w, minidl.tensor(y[rows]))
        return minidl.autograd.grad(loss, [w])[0].numpy()

    full, each = slope(np.arange(7)), np.array([slope([i]) for i in range(7)])
    pairs = np.array([slope(list(pair)) for pair in itertools.combinations(range(7), 2)])
    np.testing.assert_allclose(pairs.mean(axis=0), full, atol=1e-12)
    expected = each.var(axis=0) * (7 - 2) / (7 - 1) / 2
    np.testing.assert_allclose(pairs.var(axis=0), expected, atol=1e-12)


def test_a_constant_step_ends_in_a_ball_and_a_falling_one_in_a_point():
    """On |x|^2 / 2 with noise of variance 1: alpha d / (2 - alpha), and d / k for 1 / k.

    10,000 runs: the standard error of the mean of |x|^2 is below 1% of it, the bound is 2% and 4%.
    """
    rng, d = np.random.default_rng(0), 5
    noisy = lambda x, t: x + rng.standard_normal((10_000, d))
    square = lambda path: (path[-1] ** 2).sum(axis=1).mean()
    ends = []
    for alpha in (0.05, 0.1, 0.2):
        make = functools.partial(optim.SGD, lr=alpha)
        ends.append(square(descend(make, noisy, np.ones((10_000, d)), 150)))
        assert ends[-1] == pytest.approx(alpha * d / (2 - alpha), rel=0.02)
    assert ends == sorted(ends)

    x = minidl.tensor(np.ones((10_000, d)), requires_grad=True)
    descent = optim.SGD([x], lr=1.0)
    falling = optim.lr_scheduler.LambdaLR(descent, lambda t: 1 / (t + 1))
    for t in range(200):
        x.grad = minidl.tensor(noisy(x.data, t))
        descent.step()
        falling.step()
    assert (x.data**2).sum(axis=1).mean() == pytest.approx(d / 200, rel=0.04)


# ---------------------------------------------------------------------------------------- momentum


def test_nesterovs_rate_on_a_quadratic_and_where_the_heavy_ball_goes_round():
    """Lessard, Recht, Packard 2016 (arXiv:1408.3595), section 4.6: slopes 25, 1, 25 from 3.3."""
    m, big = 1.0, 25.0
    root = math.sqrt(big / m)
    momentum = (root - 1) / (root + 1)
    nesterov = lambda p: optim.SGD(p, lr=1 / big, momentum=momentum, nesterov=True)
    ball = lambda p: optim.SGD(p, lr=4 / (math.sqrt(big) + 1) ** 2, momentum=momentum**2)
    path = abs(descend(nesterov, lambda x, t: m * x, [1.0], 200)[:, 0])
    # A double root: t rate^t with rate 1 - 1 / sqrt(kappa), a quotient of rate (t + 1) / t
    assert path[-1] / path[-2] == pytest.approx(1 - 1 / root, rel=0.01)

    pieces = lambda x, t: np.where(x < 1, 25 * x, np.where(x < 2, x + 24, 25 * x - 24))
    assert abs(descend(ball, pieces, [3.3], 2000)[-100:]).max() > 0.5
    assert abs(descend(nesterov, pieces, [3.3], 2000)[-1, 0]) < 1e-8


def test_momentum_turns_the_condition_number_into_its_root():
    """Iterations to 1e-6 over kappa: a slope of 1 for descent, of 1/2 with Nesterov's momentum."""
    conditions = np.array([10.0, 30.0, 100.0, 300.0])

    def needed(kappa, momentum):
        curvature = np.array([1.0, kappa])
        make = lambda p: optim.SGD(p, lr=1 / kappa, momentum=momentum, nesterov=momentum > 0)
        path = descend(make, lambda x, t: curvature * x, [1.0, 1.0], int(20 * kappa) + 100)
        return 1 + np.flatnonzero(np.linalg.norm(path, axis=1) > 1e-6)[-1]

    plain = [needed(kappa, 0) for kappa in conditions]
    with_momentum = [needed(k, (math.sqrt(k) - 1) / (math.sqrt(k) + 1)) for k in conditions]
    slopes = [np.polyfit(np.log(conditions), np.log(n), 1)[0] for n in (plain, with_momentum)]
    assert slopes == pytest.approx([1, 0.5], abs=0.07)


# ---------------------------------------------------------------------------------- adaptive steps


def test_adagrad_in_other_coordinates_needs_other_rates_and_slows_like_a_root():
    centre, scales = np.array([0.3, -1.2, 0.7]), np.array([0.1, 1.0, 20.0])

    def path(scale, lr):
        """Of x, with f(scale * x): coordinate by coordinate, each with a rate of its own."""
        ends = []
        for c, s, rate in zip(centre, scale, lr):
            make = functools.partial(optim.Adagrad, lr=rate, eps=0)
            slope = lambda x, t, c=c, s=s: s * (s * x - c)
            ends.append(s * descend(make, slope, [2.0 / s], 50)[:, 0])
        return np.array(ends)

    plain = path(np.ones(3), 0.3 * np.ones(3))
    np.testing.assert_allclose(path(scales, 0.3 / scales), plain, rtol=1e-12)
    assert abs(path(scales, 0.3 * np.ones(3)) - plain).max() > 1

    adagrad = functools.partial(optim.Adagrad, lr=0.3, eps=0)
    steps = -np.diff(descend(adagrad, lambda x, t: np.ones(1), [0.0], 100)[:, 0])
    np.testing.assert_allclose(steps, 0.3 / np.sqrt(np.arange(1, 101)), rtol=1e-12)


def test_adagrads_regret_is_within_its_bound():
    """On [-1, 1] with |slopes| <= 1: at most (D^2 / (2 lr) + lr) sqrt(sum g^2), D = 2.

    Duchi, Hazan and Singer 2011 (JMLR 12), theorem 5, in one dimension.
    """
    for seed in range(20):
        g = np.random.default_rng(seed).uniform(-1, 1, 300) + 0.2 * (seed % 3 - 1)
        x = minidl.tensor(np.zeros(1), requires_grad=True)
        adagrad, lost = optim.Adagrad([x], lr=math.sqrt(2), eps=0), 0.0
        for slope in g:
            lost += slope * x.item()
            x.grad = minidl.tensor(np.array([slope]))
            adagrad.step()
            np.clip(x.data, -1, 1, out=x.data)
        regret = lost + abs(g.sum())  # the best point is an end of the interval
        assert regret <= (4 / (2 * math.sqrt(2)) + math.sqrt(2)) * math.sqrt((g**2).sum())


def test_adams_first_step_with_and_without_the_correction_of_the_bias():
    path = descend(lambda p: optim.Adam(p, lr=0.01, eps=0), lambda x, t: [3.0], [0.0], 1)
    assert path[1, 0] == pytest.approx(-0.01, rel=1e-12)
    m, v = 0.1 * 3.0, 0.001 * 3.0**2  # as the refsheet's formulas give without their hats
    assert m / math.sqrt(v) == pytest.approx(3.16, abs=0.01)


def test_averages_of_squares_follow_a_moving_minimum_and_sums_do_not():
    """The minimum of (x - .01 t)^2 / 2 drifts: how far behind each is after 3,000 steps."""
    lag = {}
    for kind in (optim.Adagrad, optim.RMSprop, optim.Adam):
        make = functools.partial(kind, lr=0.05)
        path = descend(make, lambda x, t: x - 0.01 * t, [0.0], 3000)
        lag[kind] = abs(path[-1, 0] - 0.01 * 2999)
    assert lag[optim.Adagrad] > 50 * max(lag[optim.RMSprop], lag[optim.Adam])
