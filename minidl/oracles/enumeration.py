"""Sums over all states of a few binary variables, which is what no algorithm can do for many."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import logsumexp


def binary_states(n: int) -> np.ndarray:
    """All vectors of n bits, (2^n, n) float64, in the order of the numbers they spell.

    Raises ValueError beyond 20 bits, a million states.
    """
    if not 0 <= n <= 20:
        raise ValueError(f"binary_states: {n} bits have 2^{n} states; at most 20 bits are listed")
    return (np.arange(2**n)[:, None] >> np.arange(n - 1, -1, -1) & 1).astype(np.float64)


def log_sum_over_states(log_weight: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """log sum_s e^log_weight(s) over all s of n bits.

    log_weight: takes the states (2^n, n), returns their log-weights (2^n, ...); of -energy(s) the
        sum is the log-partition function, of log p(x, s) it is log p(x).
    Returns (...).
    """
    return logsumexp(log_weight(binary_states(n)), axis=0)
