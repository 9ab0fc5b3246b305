"""Dropout, inverted.

    y = x m / (1 - p)       m: True where an entry is kept, which happens with probability 1 - p

The division keeps the mean of y that of x, so that nothing has to change when dropout is switched
off.  The mask is drawn outside: an operation with dice in it has no gradient.
Srivastava et al. 2014, JMLR 15.
"""

import numpy as np


def dropout(x, m, p):
    """x: (N, D).  m: (N, D) booleans.  p: the probability of being dropped.  Returns (N, D)."""
    raise NotImplementedError


def dropout_backward(g, y, x, m, p):
    """dL/dx (N, D), given g = dL/dy.  (Return it alone; m has no gradient.)"""
    raise NotImplementedError
