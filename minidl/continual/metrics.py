"""How much is remembered: measures of the accuracy matrix.

    R[i, j]    accuracy on task j after learning tasks 0 .. i                      (T, T)
    b[j]       accuracy on task j of the network as it began                       (T,)

    average accuracy     1/T sum_j R[T-1, j]
    backward transfer    1/(T-1) sum_{j < T-1} (R[T-1, j] - R[j, j])    below 0: forgetting
    forward transfer     1/(T-1) sum_{j > 0} (R[j-1, j] - b[j])         what helps before learning
    forgetting           1/(T-1) sum_{j < T-1} (max_{i < T-1} R[i, j] - R[T-1, j])

Lopez-Paz and Ranzato 2017 (arXiv:1706.08840), section 2; forgetting: Chaudhry et al. 2018
(arXiv:1801.10112), section 4.2, which counts from the best that a task ever was.

Rows of the notes: transfer-interference.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Summary(NamedTuple):
    """The four measures; the last three are NaN for a single task."""

    average_accuracy: float
    backward_transfer: float
    forward_transfer: float
    forgetting: float


def summarise(R: np.ndarray, b: np.ndarray) -> Summary:
    """The measures of an accuracy matrix.  R: (T, T), b: (T,)."""
    return Summary(average_accuracy(R), backward_transfer(R), forward_transfer(R, b), forgetting(R))


def average_accuracy(R: np.ndarray) -> float:
    """1/T sum_j R[T-1, j]: the mean over all tasks, in the end.  R: (T, T)."""
    return float(R[-1].mean())


def backward_transfer(R: np.ndarray) -> float:
    """1/(T-1) sum_{j < T-1} (R[T-1, j] - R[j, j]): what later tasks changed.  R: (T, T)."""
    return _mean(R[-1, :-1] - np.diag(R)[:-1])


def forward_transfer(R: np.ndarray, b: np.ndarray) -> float:
    """1/(T-1) sum_{j > 0} (R[j-1, j] - b[j]): what earlier tasks gave.  R: (T, T), b: (T,)."""
    return _mean(np.diag(R, 1) - b[1:])


def forgetting(R: np.ndarray) -> float:
    """1/(T-1) sum_{j < T-1} (max_{i < T-1} R[i, j] - R[T-1, j]): what was lost.  R: (T, T)."""
    return _mean(R[:-1, :-1].max(axis=0, initial=0.0) - R[-1, :-1])


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else float("nan")
