"""The gradient of a matrix product.

    y = a b             a: (N, D), b: (D, K), y: (N, K)

    dL/da = g b^T       (N, K) (K, D) -> (N, D)
    dL/db = a^T g       (D, N) (N, K) -> (D, K)

The shapes leave no other choice, if all three lengths differ.
"""

import numpy as np


def matmul_backward(g, y, a, b):
    """(dL/da, dL/db), given g = dL/dy (N, K)."""
    raise NotImplementedError
