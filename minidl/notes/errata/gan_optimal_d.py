"""In the proof of the optimal discriminator the notes apply the generator twice.

Printed: E_{x ~ p_g} log(1 - D(G(x))).  An x drawn from p_g has been generated already; the change
of variables turns E_z log(1 - D(G(z))) into E_{x ~ p_g} log(1 - D(x)).

The truth is the mean over all noise values z of log(1 - D(G(z))).
"""

from __future__ import annotations

import numpy as np

from ...generative.optimal import law_value
from . import Line

D = np.linspace(0.1, 0.8, 8)  # a discriminator on eight points
G = np.array([3, 3, 5, 0, 1, 5, 5, 2])  # a generator, which takes z to G[z]
LAW = np.bincount(G, minlength=8) / 8  # p_g, if z is uniform


def as_printed() -> float:
    """E_{x ~ p_g} log(1 - D(G(x)))."""
    return float((LAW * np.log(1 - D[G])).sum())


def corrected() -> float:
    """E_{x ~ p_g} log(1 - D(x))."""
    return float(law_value(np.log(D / (1 - D)), 0 * LAW, LAW))


def experiment() -> list[Line]:
    """Eight equally likely values of z."""
    truth = np.log(1 - D[G]).mean()
    return [Line("E_z log(1 - D(G(z)))", as_printed(), corrected(), truth, 1e-12)]
