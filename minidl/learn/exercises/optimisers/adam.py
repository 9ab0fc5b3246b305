"""Adam.

    m <- b1 m + (1 - b1) g              mean of the gradients
    v <- b2 v + (1 - b2) g^2            mean of their squares
    mhat = m / (1 - b1^t),  vhat = v / (1 - b2^t)           t = 1 in the first step
    p <- p - lr mhat / (sqrt(vhat) + eps)

m and v begin at zero and are too small at first; the division corrects that.  Kingma and Ba 2015
(arXiv:1412.6980), algorithm 1.
"""

import numpy as np


def adam_step(p, g, m, v, t, lr, b1, b2, eps):
    """(new p, new m, new v) after step number t."""
    raise NotImplementedError
