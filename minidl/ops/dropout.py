"""Dropout: `draw` draws which elements are kept, and the rest is pure."""

from __future__ import annotations

import math

import numpy as np

from .. import backend
from .activations import SELU_ALPHA, SELU_SCALE


def draw(x, shape, p, rng=None):
    """True with probability 1 - p: an array of this shape, on the device of x.

    Raises ValueError for p outside [0, 1].
    """
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"dropout: p is the probability to drop, from 0 to 1, not {p}")
    return backend.generator(x.device, rng).random(shape, dtype=np.float32) >= p


def factors(x, kept, p):
    """1 / (1 - p) where `kept` holds, else 0; in the dtype of x."""
    return np.multiply(kept, 1.0 / (1.0 - p) if p < 1 else 0.0, dtype=x.dtype)


def dropout(x, kept, p):
    """x / (1 - p) where `kept` holds, which happens with probability 1 - p, and 0 elsewhere.

    x: a tensor; kept: an array of bools that broadcasts to its shape.  The expectation is x.
    Srivastava et al. 2014, JMLR 15:1929, section 10 (there the weights are scaled, and not in
    training but in use).
    """
    return x * factors(x, kept, p)


def alpha_dropout(x, kept, p):
    """a (x where `kept` holds, alpha' elsewhere) + b: keeps mean 0 and variance 1, after selu.

    alpha' = -scale alpha is what selu gives for x -> -inf; a and b restore the two moments:
    a = ((1 - p) (1 + p alpha'^2))^(-1/2), b = -a p alpha'.
    Klambauer et al. 2017 (arXiv:1706.02515), section "New dropout technique".
    """
    if p == 1:
        return x * 0.0
    low = -SELU_SCALE * SELU_ALPHA
    a = 1.0 / math.sqrt((1.0 - p) * (1.0 + p * low**2))
    b = -a * p * low
    kept = kept.astype(x.dtype)
    return x * (a * kept) + ((1.0 - kept) * (a * low) + b)
