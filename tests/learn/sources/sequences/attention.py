"""Attention with a causal mask, forward.

    S = Q K^T / sqrt(D),   S_ij = -inf for j > i,   A = softmax of each row of S,   Y = A V

Place i may look at places j <= i only: the mask comes before the softmax, so that each row of A
still sums to 1.  Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.
"""

import numpy as np


def attention(q, k, v):
    """q, k: (T, D), v: (T, E).  Returns (T, E)."""
    # BEGIN SOLUTION
    scores = q @ k.T / np.sqrt(q.shape[1])
    scores = np.where(np.tri(len(q), dtype=bool), scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=1, keepdims=True))
    return weights / weights.sum(axis=1, keepdims=True) @ v
    # END SOLUTION
