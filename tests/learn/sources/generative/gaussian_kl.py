"""How far is a Gaussian from the standard one?

    KL = -1/2 sum_d (1 + s_d - m_d^2 - e^s_d)           s = log sigma^2, nats, one value a row

The regulariser of every VAE.  Kingma and Welling 2014 (arXiv:1312.6114), appendix B.
"""

import numpy as np


def gaussian_kl(m, s):
    """m, s: (N, D).  Returns (N,)."""
    # BEGIN SOLUTION
    return -0.5 * (1 + s - m**2 - np.exp(s)).sum(axis=1)
    # END SOLUTION


def gaussian_kl_backward(g, y, m, s):
    """(dL/dm, dL/ds), given g = dL/dKL (N,)."""
    # BEGIN SOLUTION
    return g[:, None] * m, 0.5 * g[:, None] * (np.exp(s) - 1)
    # END SOLUTION
