"""The notes' sampler of a diffusion has three things wrong, and its samples are none of the data.

Printed: x_T ~ N(x_0, I), and x_{t-1} = (x_t - (1 - alpha_t) / sqrt(1 - alpha_t) epsilon_theta) /
sqrt(alpha_t) + sqrt(alpha_t) epsilon.  Right: it begins at N(0, I), since x_0 is what is looked
for; the root in the denominator is that of 1 - alpha_bar_t; and the noise has standard deviation
sigma_t with sigma_t^2 = beta_t, or beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t), not alpha_t,
which is near 1 at every step.  (Ho et al. 2020, algorithm 2.)
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from ...generative.diffusion import Diffusion, Draw
from ...generative.diffusion import sample as corrected
from ...generative.schedules import linear
from ...graph import Tensor, tensor
from ...oracles.gaussians import Mixture
from ...oracles.transport import wasserstein1_line
from ...recording import no_grad
from . import Line


def as_printed(diffusion: Diffusion, x_T: Tensor, draw: Draw) -> Iterator[Tensor]:
    """The notes' steps from T to 1; x_T is given."""
    schedule, x = diffusion.schedule, x_T
    for t in range(schedule.T, 0, -1):
        alpha = float(schedule.alpha[t])
        epsilon = diffusion(x, t).epsilon
        x = (x - (1 - alpha) / (1 - alpha) ** 0.5 * epsilon) / alpha**0.5
        if t > 1:
            x = x + alpha**0.5 * draw(x.shape)
        yield x


def exact(law: Mixture, T: int) -> Diffusion:
    """The best of all networks for data of a known law: epsilon = -sqrt(1 - alpha_bar) score."""
    schedule = linear(T)

    def network(x: Tensor, t: Tensor) -> Tensor:
        signal, noise = schedule.signal[int(t[0])], schedule.noise[int(t[0])]
        return tensor(-noise * law.scaled(signal).with_noise(noise).score(x.numpy()))

    return Diffusion(network, schedule)


def experiment() -> list[Line]:
    """Data N(0, 1), which a right sampler leaves as they are, and a mixture of two normal laws."""
    normal = Mixture(np.ones(1), np.zeros((1, 1)), np.ones(1))
    two = Mixture(np.array([0.3, 0.7]), np.array([[-2.0], [1.0]]), np.array([0.09, 0.25]))
    rng = np.random.default_rng(0)
    draw = lambda shape: tensor(rng.standard_normal(shape))
    found: dict[str, list[float]] = {"variance of N(0, 1)": [], "W1 to the mixture": []}
    with no_grad():
        for sampler in (as_printed, corrected):
            # The sampler is linear in its 1001 random numbers: row k has a 1 for the k-th, so that
            # its output is that number's coefficient, and the variance is the sum of their squares.
            unit = iter(np.eye(1001)[:, :, None])
            *_, x = sampler(
                exact(normal, 1000), tensor(next(unit)), lambda _, unit=unit: tensor(next(unit))
            )
            found["variance of N(0, 1)"].append(float((x.numpy() ** 2).sum()))
            *_, x = sampler(exact(two, 1000), draw((1000, 1)), draw)
            truth = two.sample(20000, rng)
            found["W1 to the mixture"].append(wasserstein1_line(x.numpy()[:, 0], truth[:, 0]))
    return [
        Line("variance of N(0, 1)", *found["variance of N(0, 1)"], 1.0, 0.01),
        Line("W1 to the mixture", *found["W1 to the mixture"], 0.0, 0.2),
    ]
