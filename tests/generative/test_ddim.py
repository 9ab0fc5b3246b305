"""DDIM: eta = 1 is DDPM, eta = 0 solves an ordinary differential equation; the last pair."""

import numpy as np
import pytest
from scipy.stats import norm

from minidl import no_grad, tensor
from minidl.generative.ddim import ddim, ddim_step, spaced_steps
from minidl.generative.diffusion import reverse_step
from minidl.generative.schedules import cosine, linear

from .exact import exact, gaussian, standard_normal, variance_of_output
from .test_diffusion import MIXTURE


def test_with_eta_1_and_every_step_it_is_ddpm():
    rng = np.random.default_rng(0)
    model, x, z = exact(MIXTURE, cosine(100)), rng.normal(size=(2, 20, 1)), None
    x, z = map(tensor, x)
    for t in (1, 2, 50, 100):
        expected = reverse_step(model, x, t, z).numpy()
        assert ddim_step(model, x, t, t - 1, z, eta=1.0).numpy() == pytest.approx(expected)


def test_the_steps_to_visit():
    assert spaced_steps(10, 10) == list(range(10, -1, -1))
    assert spaced_steps(1000, 4) == [1000, 750, 500, 250, 0]
    assert spaced_steps(1000, 1) == [1000, 0]
    with pytest.raises(ValueError, match="from 1 to 10 can be taken, not 11"):
        spaced_steps(10, 11)


def test_the_last_step_returns_the_guess_at_the_data():
    """At step 0 alpha_bar is 1: nothing of epsilon is left, whatever eta is."""
    model = exact(MIXTURE, linear(100))
    x = tensor(np.random.default_rng(1).normal(size=(20, 1)))
    for t in (1, 40, 100):
        found = ddim_step(model, x, t, 0, tensor(np.ones((20, 1))), eta=1.0).numpy()
        assert found == pytest.approx(model(x, t).x0.numpy())


@pytest.mark.parametrize("schedule", [linear(1000), cosine(1000)], ids=["linear", "cosine"])
@pytest.mark.parametrize("variance", [0.25, 1.0, 4.0])
def test_without_chance_gaussian_data_keep_their_variance(schedule, variance):
    """Euler's method: ten times the steps, a tenth of the error in the standard deviation."""

    def error(steps):
        with no_grad():
            *_, x = ddim(model, tensor(np.ones((1, 1))), spaced_steps(1000, steps))
        return x.item() / np.sqrt(variance) - 1

    model = exact(gaussian(variance), schedule)
    assert error(500) == pytest.approx(error(50) / 10, rel=0.1)
    assert abs(error(500)) < 0.01


@pytest.mark.parametrize("eta", [0.3, 0.6, 1.0])
def test_whatever_eta_is_the_law_is_kept(eta):
    """The variance of N(0, 1) with all of 100, then of 200 steps: the error halves."""

    def error(T):
        model, times = exact(standard_normal(), linear(T)), spaced_steps(T, T)
        return variance_of_output(lambda x, draw: ddim(model, x, times, draw, eta), T) - 1

    assert error(200) == pytest.approx(error(100) / 2, rel=0.1)
    assert abs(error(200)) < 0.05


def test_without_chance_quantiles_are_carried_to_quantiles():
    """In one dimension a smooth map that carries N(0, 1) to the mixture, and never crosses over,
    is the one of their distribution functions."""
    model = exact(MIXTURE, cosine(1000))
    u = np.linspace(0.02, 0.98, 25)
    with no_grad():
        *_, x = ddim(model, tensor(norm.ppf(u)[:, None]), spaced_steps(1000, 1000))
    cdf = (MIXTURE.weights * norm.cdf(x.numpy(), MIXTURE.means[:, 0], MIXTURE.variances**0.5)).sum(
        1
    )
    assert cdf == pytest.approx(u, abs=0.01)
