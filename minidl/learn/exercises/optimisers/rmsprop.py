"""RMSProp: each coordinate's step is divided by the size of its recent gradients.

    s <- rho s + (1 - rho) g^2
    p <- p - lr g / (sqrt(s) + eps)

eps stands outside of the root, as in PyTorch.  Hinton 2012, lecture 6e.
"""

import numpy as np


def rmsprop_step(p, g, s, lr, rho, eps):
    """(new p, new s)."""
    raise NotImplementedError
