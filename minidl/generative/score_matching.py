"""Score matching: fit the slope of a log density, for which no normalising constant is needed.

    p(x) = e^{-E(x)} / Z,    s(x) = grad log p(x) = -grad E(x)                (Z is gone)
    Fisher divergence   1/2 E |s(x) - grad log p_data(x)|^2                   (explicit)
                      = E [tr(ds/dx) + 1/2 |s(x)|^2] + constant               (implicit)

The first cannot be computed, since the slope of the data's density is not known; the second can,
and follows by integrating by parts (Hyvarinen 2005, JMLR 6, theorem 1).  Its trace takes a pass
back for each dimension.  Two ways round that:

    sliced      E_v [v' ds/dx v] + 1/2 |s|^2,  v random    Song et al. 2019 (arXiv:1905.07088)
    denoising   1/2 E |s(x + sigma z) + z / sigma|^2       Vincent 2011, Neural Computation 23(7)

The last fits the score of the data with noise N(0, sigma^2) upon them, exactly.  Many noise levels
at once, each weighted by sigma^2, are what annealed Langevin dynamics needs (Song and Ermon 2019,
arXiv:1907.05600) and, but for the scale of x, what a diffusion is trained for (`diffusion`).

The notes match -E_theta where -grad E_theta is meant (`minidl notes score-matching`).

Rows of the notes: score-energy, score-matching, denoising-sm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..autograd import grad
from ..checks import between, checked, normal
from ..creation import zeros
from ..graph import Tensor
from ..ops.shape import swapaxes
from ..recording import enable_grad

Energy = Callable[[Tensor], Tensor]  # (N, D) -> (N,)
Score = Callable[[Tensor], Tensor]  # (N, D) -> (N, D)
NoisyScore = Callable[[Tensor, Tensor], Tensor]  # (N, D), and sigma (N, 1) -> (N, D)

# ------------------------------------------------------------------------------ energy and score


def energy_score(energy: Energy, x: Tensor) -> Tensor:
    """s(x) = -grad E(x), which can be differentiated again.  x: (N, D).  Returns (N, D)."""
    with enable_grad():  # a sampler without gradients asks for this one
        x = _input(x)
        (slope,) = grad(energy(x).sum(), x, create_graph=True)
    return -slope


class EnergyScore(nn.Module):
    """The score of a law of which the energy is given."""

    def __init__(self, energy: nn.Module) -> None:
        self.energy = energy

    def forward(self, x: Tensor) -> Tensor:
        """-grad E(x).  x: (N, D).  Returns (N, D)."""
        return energy_score(self.energy, x)


class QuadraticEnergy(nn.Module):
    """E(x) = 1/2 (x - m)' P (x - m), the energy of N(m, P^-1): all that is known in closed form.

    mean: m, (D,).  precision: P, (D, D), of which only the symmetric part counts.
    """

    def __init__(self, d: int) -> None:
        self.mean, self.precision = nn.Parameter(zeros(d)), nn.Parameter(np.eye(d, dtype="float32"))

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D).  Returns (N,)."""
        centred = x - self.mean
        symmetric = (self.precision + swapaxes(self.precision, 0, 1)) / 2
        return 0.5 * ((centred @ symmetric) * centred).sum(axis=1)


class EnergyMLP(nn.Module):
    """An energy for points: two smooth hidden layers, and a bowl |x|^2 / 2 so that Z is finite."""

    def __init__(self, d: int, hidden: int, rng: Any = None) -> None:
        self.layers = nn.Sequential(
            nn.Linear(d, hidden, rng=rng), nn.SiLU(), nn.Linear(hidden, hidden, rng=rng), nn.SiLU(),
            nn.Linear(hidden, 1, rng=rng),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D).  Returns (N,)."""
        return self.layers(x)[:, 0] + 0.5 * (x**2).sum(axis=1)


# ------------------------------------------------------------------------------------ the losses


def explicit_loss(score: Score, x: Tensor, truth: Tensor) -> Tensor:
    """1/2 |s(x) - grad log p(x)|^2, whose mean over data is the Fisher divergence: (N,).

    x: (N, D).  truth: (N, D), the score of the data, where it is known.
    """
    return 0.5 * ((score(x) - truth) ** 2).sum(axis=1)


def implicit_loss(score: Score, x: Tensor) -> Tensor:
    """tr(ds/dx) + 1/2 |s(x)|^2, one value an example: (N,).  x: (N, D).

    The trace is exact; it costs D passes back.
    """
    with enable_grad():
        x = _input(x)
        s = score(x)
        diagonal = [
            grad(s[:, i].sum(), x, create_graph=True)[0][:, i] for i in range(x.shape[1])
        ]  # ds_i / dx_i
    return sum(diagonal) + 0.5 * (s**2).sum(axis=1)


def sliced_loss(score: Score, x: Tensor, v: Tensor) -> Tensor:
    """v' (ds/dx) v + 1/2 |s(x)|^2, one value an example: (N,).  x, v: (N, D).

    Its mean over v is `implicit_loss` if E vv' = I (Hutchinson's trace).  One pass back.  Song et
    al. call it sliced score matching with reduced variance, eq. 8: 1/2 |s|^2 is the exact mean of
    1/2 (v's)^2.
    """
    with enable_grad():
        x = _input(x)
        s = score(x)
        (slope,) = grad((s * v).sum(), x, create_graph=True)  # d(v's)/dx
    return (slope * v).sum(axis=1) + 0.5 * (s**2).sum(axis=1)


def random_signs(shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """+1 or -1 with equal chances: of all v with E vv' = I those whose trace varies least."""
    return rng.choice([-1.0, 1.0], shape)


def denoising_loss(score: Score, x: Tensor, z: Tensor, sigma: float) -> Tensor:
    """1/2 |s(x + sigma z) + z / sigma|^2, one value an example: (N,).  x, z: (N, D), z ~ N(0, I).

    -z / sigma is the score of the noise that was added; its mean, given where it led, is the score
    of the noisy data.
    """
    return 0.5 * ((score(x + sigma * z) + z / sigma) ** 2).sum(axis=1)


def multiscale_loss(score: NoisyScore, x: Tensor, z: Tensor, sigma: Tensor) -> Tensor:
    """sigma^2 times the denoising loss: 1/2 |sigma s(x + sigma z, sigma) + z|^2, (N,).

    x, z: (N, D).  sigma: (N, 1), a noise level for each example.
    |s| grows as 1/sigma, so that with this weight every level counts the same (Song and Ermon
    2019, section 4.2).
    """
    return 0.5 * ((sigma * score(x + sigma * z, sigma) + z) ** 2).sum(axis=1)


def noise_levels(largest: float, smallest: float, number: int) -> np.ndarray:
    """sigma_1 > ... > sigma_L in geometric progression: (L,).

    The largest about the greatest distance between two data, the smallest what may stay in a sample
    (Song and Ermon 2020, arXiv:2006.09011, technique 1).
    """
    return np.geomspace(largest, smallest, number)


def _input(x: Tensor) -> Tensor:
    """x, ready to be differentiated with respect to."""
    return x if x.requires_grad else x.detach().requires_grad_()


def _score(rng: np.random.Generator) -> EnergyScore:
    return EnergyScore(EnergyMLP(2, 3, rng=rng))


class _NoisyScore(nn.Linear):
    def forward(self, x: Tensor, sigma: Tensor) -> Tensor:
        return super().forward(x) / sigma


_signs = lambda rng: random_signs((3, 2), rng)
checked(energy_score, energy=lambda rng: EnergyMLP(2, 3, rng=rng), x=normal(3, 2))
checked(explicit_loss, score=_score, x=normal(3, 2), truth=normal(3, 2))
checked(implicit_loss, score=_score, x=normal(3, 2))
checked(sliced_loss, score=_score, x=normal(3, 2), v=_signs)
checked(denoising_loss, score=_score, x=normal(3, 2), z=normal(3, 2), sigma=0.5)
checked(multiscale_loss, score=lambda rng: _NoisyScore(2, 2, rng=rng), x=normal(3, 2),
        z=normal(3, 2), sigma=between(0.5, 2, 3, 1))  # fmt: skip
