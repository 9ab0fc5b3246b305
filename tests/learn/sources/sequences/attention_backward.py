"""Attention, backward.  Passing this stands for the whole track.

    S = Q K^T / sqrt(D),   A = softmax(S),   Y = A V            (no mask this time)

Last step first:
    dV = A^T g,   dA = g V^T
    dS = A (dA - rowsum(dA A))          the softmax, entry by entry
    dQ = dS K / sqrt(D),   dK = dS^T Q / sqrt(D)
"""

import numpy as np


def attention_backward(g, y, q, k, v):
    """(dQ (T, D), dK (S, D), dV (S, E)), given g = dL/dY (T, E)."""
    # BEGIN SOLUTION
    scale = 1 / np.sqrt(q.shape[1])
    scores = q @ k.T * scale
    a = np.exp(scores - scores.max(axis=1, keepdims=True))
    a /= a.sum(axis=1, keepdims=True)
    da = g @ v.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True)) * scale
    return ds @ k, ds.T @ q, a.T @ g
    # END SOLUTION
