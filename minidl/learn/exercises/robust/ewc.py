"""Elastic weight consolidation.

    penalty = lambda/2 sum_d F_d (w_d - a_d)^2          a: the weights after the old task

Weights that mattered for the old task (large F) are held by stiff springs, the others are free.
Kirkpatrick et al. 2017 (arXiv:1612.00796), eq. 3.
"""

import numpy as np


def ewc_backward(g, y, w, a, f, strength):
    """(dL/dw, dL/da, dL/dF), all (D,), given the number g = dL/d(penalty)."""
    raise NotImplementedError
