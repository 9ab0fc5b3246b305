"""The notes say that a diagonal prior makes the code's numbers independent factors.

Printed: z ~ N(0, I), so that each number is a factor of its own.  But R z has the same law for
every rotation R, so that a decoder that undoes a rotation gives the same law of the data, and the
code of a model that fits perfectly may mix the factors (Locatello et al. 2019, arXiv:1811.12359,
theorem 1).

Here the true model is x = W f + noise, and the fitted one x = (W R) z + noise, with R a turn of the
plane by an angle.  The law of x is N(0, WW' + I) for both.  But the correlation of the first number
of the code with the first factor is the cosine of the angle.
"""

from __future__ import annotations

import math

import numpy as np

from . import Line

W = np.array([[2.0, 0.0], [0.0, 1.0], [1.0, 1.0]])


def as_printed(angle: float) -> float:
    """The correlation of z_1 with factor 1, if the prior made them the same."""
    return 1.0


def corrected(angle: float) -> float:
    """The same, measured: draw factors, find the code that draws the same picture."""
    factors = np.random.default_rng(0).standard_normal((200, 2))
    factors = np.linalg.qr(factors - factors.mean(axis=0))[0]  # uncorrelated, exactly
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    codes = np.linalg.lstsq(W @ turn, W @ factors.T, rcond=None)[0].T
    return float(np.corrcoef(codes[:, 0], factors[:, 0])[0, 1])


def experiment() -> list[Line]:
    """Models turned by 45 and by 60 degrees."""
    angles = {degrees: math.radians(degrees) for degrees in (45, 60)}
    return [
        Line(f"correlation, turned by {degrees} degrees", as_printed(angle), corrected(angle),
             math.cos(angle), 1e-12)
        for degrees, angle in angles.items()
    ]  # fmt: skip
