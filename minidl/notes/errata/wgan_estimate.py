"""The estimate of W1 is printed with z drawn from the generated law.

Printed: E_x f(x) - E_{z ~ P_g} f(G(z)).  z is noise, z ~ p_z; it is G(z) that follows P_g.  Read as
it stands, the generator is applied twice.

Data from N(0, 1), noise z ~ N(0, 1), G(z) = z + 3, and the 1-Lipschitz critic f(x) = -x, which is
the best one: all mass has to go the distance 3.
"""

from __future__ import annotations

import numpy as np

from ...generative.gan import critic_gap
from ...oracles import wasserstein1_line
from . import Line


def generator(z: np.ndarray) -> np.ndarray:
    return z + 3


def critic(x: np.ndarray) -> np.ndarray:
    return -x


def as_printed(real: np.ndarray, noise: np.ndarray) -> float:
    """E f(x) - E f(G(z)) with z ~ P_g, that is z = G(noise)."""
    return float(critic_gap(critic, real, generator(generator(noise))))


def corrected(real: np.ndarray, noise: np.ndarray) -> float:
    """E f(x) - E f(G(z)) with z the noise."""
    return float(critic_gap(critic, real, generator(noise)))


def experiment() -> list[Line]:
    """500 real examples and 500 draws of noise; the truth is the area between their laws."""
    rng = np.random.default_rng(0)
    noise = rng.standard_normal(500)
    real = noise[rng.permutation(500)]
    truth = wasserstein1_line(real, generator(noise))
    return [Line("W1", as_printed(real, noise), corrected(real, noise), truth, 1e-9)]
