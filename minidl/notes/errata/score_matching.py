"""The notes match the energy, a number, to the score, a vector; the model's score is -grad E.

Printed: min E |grad_x log p_data(x) - (-E_theta(x))|^2.  Right is -grad_x E_theta(x) in its place,
and of use is the form that integration by parts gives, E [tr grad s + 1/2 |s|^2], since the score
of the data is not known (Hyvarinen 2005, JMLR 6).
"""

from __future__ import annotations

import numpy as np

from ...autograd import grad
from ...generative.score_matching import EnergyScore, QuadraticEnergy
from ...generative.score_matching import explicit_loss as corrected
from ...graph import Tensor, tensor
from . import Line


def as_printed(energy: QuadraticEnergy, x: Tensor, truth: Tensor) -> Tensor:
    """1/2 |grad log p(x) + E(x)|^2, the energy taken for its slope."""
    return 0.5 * ((truth + energy(x)[:, None]) ** 2).sum(axis=1)


def experiment() -> list[Line]:
    """Data of variance 4 on a line: the true energy's loss, and the precision that is found."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(20)  # exact for polynomials
    x, weights = tensor(2 * nodes[:, None]), tensor(weights / weights.sum())
    losses = {
        "printed": lambda energy: as_printed(energy, x, -x / 4),
        "corrected": lambda energy: corrected(EnergyScore(energy), x, -x / 4),
    }

    def at(loss, precision):
        """The mean loss of N(0, 1 / precision), and its derivative by the precision."""
        energy = QuadraticEnergy(1).double()
        energy.precision.data = np.array([[precision]])
        value = (losses[loss](energy) * weights).sum()
        return value.item(), grad(value, energy.precision)[0].item()

    def best(loss):
        """Where the derivative, a linear function, is 0."""
        left, right = at(loss, 0.0)[1], at(loss, 1.0)[1]
        return left / (left - right)

    return [
        Line("loss of the true energy", at("printed", 0.25)[0], at("corrected", 0.25)[0], 0, 1e-12),
        Line("precision with the least loss", best("printed"), best("corrected"), 0.25, 1e-9),
    ]
