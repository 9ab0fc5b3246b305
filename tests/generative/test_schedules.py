"""Schedules: the one-shot marginal is the chain's, the posterior is Bayes' rule."""

import numpy as np
import pytest

from minidl import tensor
from minidl.generative.diffusion import forward_step, noisy
from minidl.generative.schedules import Schedule, cosine, linear

SCHEDULES = {
    "linear": lambda: linear(1000),
    "linear, few steps": lambda: linear(50),
    "cosine": lambda: cosine(1000),
}


@pytest.mark.parametrize("name", SCHEDULES)
def test_step_by_step_is_the_same_as_at_once(name):
    """The chain is linear: x_0 = 1 without noise gives the mean, and a point +-sd with noise +-1
    has the variance of all four combinations."""
    schedule = SCHEDULES[name]()
    mean, sd = tensor(np.ones((1, 1))), 0.0
    for t in range(1, schedule.T + 1):
        mean = forward_step(schedule, mean, t, tensor(np.zeros((1, 1))))
        x, z = tensor([[sd], [sd], [-sd], [-sd]], dtype="float64"), tensor([[1.0], [-1.0]] * 2)
        sd = float(forward_step(schedule, x, t, z.astype("float64")).std())
        step = tensor([t])
        one, zero = tensor(np.ones((1, 1))), tensor(np.zeros((1, 1)))
        assert noisy(schedule, one, step, zero).item() == pytest.approx(mean.item(), rel=1e-12)
        assert noisy(schedule, zero, step, one).item() == pytest.approx(sd, rel=1e-12)


@pytest.mark.parametrize("name", SCHEDULES)
def test_the_last_step_leaves_no_signal_and_the_first_no_noise(name):
    schedule = SCHEDULES[name]()
    assert schedule.alpha_bar[0] == 1 and len(schedule.alpha_bar) == schedule.T + 1
    assert schedule.alpha_bar[-1] < 1e-3
    assert schedule.alpha_bar[1] > 0.99


def test_the_published_numbers():
    """Ho et al.: beta from 1e-4 to .02; Nichol and Dhariwal: eq. 17 where nothing is clipped."""
    schedule = linear(1000)
    assert schedule.beta[1] == pytest.approx(1e-4) and schedule.beta[1000] == pytest.approx(0.02)
    assert schedule.alpha_bar[1000] == pytest.approx(4.04e-5, rel=1e-2)
    f = lambda t: np.cos((t / 1000 + 0.008) / 1.008 * np.pi / 2) ** 2
    assert cosine(1000).alpha_bar[[1, 500, 990]] == pytest.approx(
        f(np.array([1, 500, 990])) / f(0), rel=1e-9
    )


@pytest.mark.parametrize("t, s", [(1, None), (2, None), (500, None), (1000, None), (700, 30)])
def test_the_posterior_is_conditioning_of_a_joint_normal_law(t, s):
    """x_0 ~ N(0, 1), x_s and x_t are jointly normal; condition x_s on the other two."""
    schedule = linear(1000)
    q = schedule.posterior(t, s)
    s = t - 1 if s is None else s
    bar_s, bar_t = schedule.alpha_bar[[s, t]]
    if s == 0:
        assert (q.of_x0, q.of_xt, q.variance) == (pytest.approx(1), 0, 0)
        return
    among = np.array([[1, np.sqrt(bar_t)], [np.sqrt(bar_t), 1]])  # of x_0 and x_t
    across = np.array([np.sqrt(bar_s), np.sqrt(bar_t / bar_s)])  # of x_s with them
    expected = np.linalg.solve(among, across)
    assert [q.of_x0, q.of_xt] == pytest.approx(expected, rel=1e-9)
    assert q.variance == pytest.approx(1 - across @ expected, rel=1e-9)


def test_what_is_no_schedule_is_refused():
    with pytest.raises(ValueError, match=r"beta_3 is 1\.2: .*between 0 and 1"):
        Schedule([0.1, 0.2, 1.2])
    with pytest.raises(ValueError, match="beta_"):
        linear(20)
