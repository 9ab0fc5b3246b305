"""A sample that can be differentiated.

    z = m + e^(s/2) epsilon             s = log sigma^2, epsilon standard normal, drawn outside

z is normal with mean m and variance e^s, and a function of m and s: the randomness is an input.
"""

import numpy as np


def sample(m, s, epsilon):
    """z.  All (N, D)."""
    # BEGIN SOLUTION
    return m + np.exp(s / 2) * epsilon
    # END SOLUTION


def sample_backward(g, y, m, s, epsilon):
    """(dL/dm, dL/ds, dL/depsilon), given g = dL/dz."""
    # BEGIN SOLUTION
    sigma = np.exp(s / 2)
    return g, g * epsilon * sigma / 2, g * sigma
    # END SOLUTION
