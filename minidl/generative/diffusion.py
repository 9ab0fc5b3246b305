"""Denoising diffusion: learn to take away a little noise, begin with nothing but noise.

    x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon
    min over theta of  E |epsilon - epsilon_theta(x_t, t)|^2
    x_{t-1} = (x_t - beta_t / sqrt(1 - alpha_bar_t) epsilon_theta) / sqrt(alpha_t) + sigma_t z

Ho, Jain and Abbeel 2020 (arXiv:2006.11239), algorithms 1 and 2.  The best guess is
epsilon* = -sqrt(1 - alpha_bar_t) grad log q_t(x_t), a multiple of the score of the noisy data, so
that training is denoising score matching at every noise level (`score_matching`) and sampling is
close to annealed Langevin dynamics (`langevin`).

The notes print alpha_t for alpha_bar_t, climb the loss, begin at N(x_0, I), and add noise of
standard deviation sqrt(alpha_t) (`minidl notes diffusion-forward`, `diffusion-train`,
`diffusion-sample`).

Rows of the notes: diffusion-forward, diffusion-train, diffusion-sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..creation import full
from ..graph import Tensor
from ..ops.choices import clip
from ..optim import Optimizer
from .denoisers import StepMLP
from .schedules import Schedule, column, linear

Network = Callable[[Tensor, Tensor], Tensor]  # (x_t, t) -> the guess at the target, shaped like x_t
Draw = Callable[[tuple[int, ...]], Tensor]  # standard normal numbers of a shape

TARGETS = ("epsilon", "x0", "v")


class Guess(NamedTuple):
    """What the network holds x_t to be made of."""

    x0: Tensor
    epsilon: Tensor


class Diffusion(nn.Module):
    """A network, a schedule, and what the network's output stands for.

    network: a module, or any function, of x_t (N, ...) and the steps t (N,), int64 from 1 to T.
    target: "epsilon"; "x0"; or "v" = sqrt(alpha_bar_t) epsilon - sqrt(1 - alpha_bar_t) x_0, which
        is of use at every noise level (Salimans and Ho 2022, arXiv:2202.00512, section 4).
    clip_x0: bounds of the data, within which every guess at x_0 is moved; None for no bounds.
    """

    def __init__(
        self, network: Network, schedule: Schedule, target: str = "epsilon",
        clip_x0: tuple[float, float] | None = None,
    ) -> None:  # fmt: skip
        if target not in TARGETS:
            raise ValueError(f"the target must be one of {', '.join(TARGETS)}, not {target!r}")
        self.network, self.schedule = network, schedule
        self.target, self.clip_x0 = target, clip_x0

    def forward(self, x_t: Tensor, t: int) -> Guess:
        """What x_t: (N, ...) is made of, all its examples being at step t.

        The two parts always fit: x_t = sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) epsilon.
        """
        signal, noise = float(self.schedule.signal[t]), float(self.schedule.noise[t])
        output = self.network(x_t, full((len(x_t),), t, device=x_t.device))
        if self.target == "epsilon":
            x0 = (x_t - noise * output) / signal
        elif self.target == "x0":
            x0 = output
        else:
            x0 = signal * x_t - noise * output
        if self.clip_x0 is not None:
            x0 = clip(x0, *self.clip_x0)
        elif self.target == "epsilon":
            return Guess(x0, output)  # not back from x0, which is a small difference divided
        return Guess(x0, (x_t - signal * x0) / noise)

    def given(self, *what: Tensor) -> Diffusion:
        """The same diffusion, whose network is told more: network(x_t, t, *what), such as classes.

        Its parameters are those of this one, and are found there.
        """
        told = lambda x_t, t: self.network(x_t, t, *what)
        return Diffusion(told, self.schedule, self.target, self.clip_x0)

    def score(self, x_t: Tensor, t: int) -> Tensor:
        """grad log q_t(x_t) = -epsilon / sqrt(1 - alpha_bar_t), shaped like x_t: (N, ...)."""
        return -self(x_t, t).epsilon / float(self.schedule.noise[t])


# ------------------------------------------------------------------------------------- the way out


def noisy(schedule: Schedule, x0: Tensor, t: Tensor, epsilon: Tensor) -> Tensor:
    """x_t at once, without the steps before it.  x0, epsilon: (N, ...), t: (N,).  Returns (N, ...).

    Ho et al. 2020, eq. 4.
    """
    # x_t = sqrt(alpha_bar_t) x_0 + sqrt(1 - alpha_bar_t) epsilon
    return column(schedule.signal, t, x0) * x0 + column(schedule.noise, t, x0) * epsilon


def forward_step(schedule: Schedule, x: Tensor, t: int, z: Tensor) -> Tensor:
    """x_t from x_{t-1}: sqrt(alpha_t) x_{t-1} + sqrt(beta_t) z.  x, z: (N, ...)."""
    return float(np.sqrt(schedule.alpha[t])) * x + float(np.sqrt(schedule.beta[t])) * z


# ------------------------------------------------------------------------------------ the way back


def reverse_step(
    diffusion: Diffusion, x_t: Tensor, t: int, z: Tensor, variance: str = "posterior"
) -> Tensor:
    """x_{t-1} from x_t: (N, ...), with fresh noise z of its shape, which t = 1 does not use.

    The mean is that of q(x_{t-1} | x_t, x_0) at the guessed x_0; with epsilon put in for it,
        (x_t - beta_t / sqrt(1 - alpha_bar_t) epsilon) / sqrt(alpha_t).
    variance: "posterior", beta_t (1 - alpha_bar_{t-1}) / (1 - alpha_bar_t), right if the data are a
        single point, or "beta", beta_t, right if they are N(0, I) (Ho et al., section 3.2).
    """
    if variance not in ("posterior", "beta"):
        raise ValueError(f'the variance must be "posterior" or "beta", not {variance!r}')
    schedule = diffusion.schedule
    q = schedule.posterior(t)
    mean = q.of_x0 * diffusion(x_t, t).x0 + q.of_xt * x_t
    if t == 1:
        return mean  # data have no noise
    sigma = np.sqrt(q.variance if variance == "posterior" else schedule.beta[t])
    return mean + float(sigma) * z


def sample(
    diffusion: Diffusion, x_T: Tensor, draw: Draw, variance: str = "posterior"
) -> Iterator[Tensor]:
    """x_{T-1}, ..., x_1, x_0 in turn; the last is a sample of the data.

    x_T: (N, ...), standard normal.  Put `no_grad()` around the loop.
    """
    x = x_T
    for t in range(diffusion.schedule.T, 0, -1):
        x = reverse_step(diffusion, x, t, draw(x.shape), variance)
        yield x


# ----------------------------------------------------------------------------------- the training


def diffusion_loss(diffusion: Diffusion, x0: Tensor, t: Tensor, epsilon: Tensor) -> Tensor:
    """The mean over the coordinates of (target - guess)^2, one value an example: (N,).

    x0, epsilon: (N, ...).  t: (N,), int64 from 1 to T.
    Seen as guesses at epsilon with squared error e^2, all targets ask the same, with other weights:
    "x0" pays (1 - alpha_bar) / alpha_bar e^2 and "v" pays e^2 / alpha_bar.
    Raises ValueError for a step that there is not.
    """
    schedule = diffusion.schedule
    if int(t.min()) < 1 or int(t.max()) > schedule.T:
        raise ValueError(
            f"steps are numbered from 1 to {schedule.T}; got {int(t.min())} to {int(t.max())}"
        )
    signal, noise = column(schedule.signal, t, x0), column(schedule.noise, t, x0)
    target = {"epsilon": epsilon, "x0": x0, "v": signal * epsilon - noise * x0}[diffusion.target]
    error = target - diffusion.network(noisy(schedule, x0, t, epsilon), t)
    return (error**2).reshape(len(x0), -1).mean(axis=1)


def random_steps(n: int, T: int, rng: np.random.Generator) -> np.ndarray:
    """n steps from 1 to T, one in each of n equal strata, in random order: (n,), int64.

    Each is uniform, and the mean loss of a batch is less noisy than with independent ones (Kingma
    et al. 2021, arXiv:2107.00630, appendix I.1).
    """
    u = (rng.permutation(n) + rng.uniform()) / n  # in [0, 1)
    return 1 + np.floor(u * T).astype(np.int64)


def train_step(
    diffusion: Diffusion, optimiser: Optimizer, x0: Tensor, t: Tensor, epsilon: Tensor
) -> float:
    """One step down the mean loss; returns the loss before it.  x0, epsilon: (N, ...), t: (N,)."""
    optimiser.zero_grad()
    loss = diffusion_loss(diffusion, x0, t, epsilon).mean()
    loss.backward()
    optimiser.step()
    return loss.item()


def _small(target: str) -> Any:
    def make(rng: np.random.Generator) -> Diffusion:
        network = StepMLP(2, hidden=4, blocks=1, rng=rng)
        nn.init.normal_(network.last.weight)
        return Diffusion(network, linear(50), target)

    return make


for _target in TARGETS:
    checked(diffusion_loss, case=_target, diffusion=_small(_target), x0=normal(3, 2),
            epsilon=normal(3, 2), t=lambda rng: rng.integers(1, 51, 3))  # fmt: skip
checked(Diffusion.score, self=_small("epsilon"), x_t=normal(3, 2), t=30)
