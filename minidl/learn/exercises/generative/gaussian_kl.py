"""How far is a Gaussian from the standard one?

    KL = -1/2 sum_d (1 + s_d - m_d^2 - e^s_d)           s = log sigma^2, nats, one value a row

The regulariser of every VAE.  Kingma and Welling 2014 (arXiv:1312.6114), appendix B.
"""

import numpy as np


def gaussian_kl(m, s):
    """m, s: (N, D).  Returns (N,)."""
    raise NotImplementedError


def gaussian_kl_backward(g, y, m, s):
    """(dL/dm, dL/ds), given g = dL/dKL (N,)."""
    raise NotImplementedError
