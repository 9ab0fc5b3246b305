"""The meta-gradient of MAML, in full.  Passing this stands for the whole track.

    inner loss      L(w) = 1/2 w^T A w - b^T w          A symmetric
    inner step      w' = w - alpha (A w - b)
    outer loss      M(w) = 1/2 |w' - c|^2

    dM/dw = (I - alpha A) (w' - c)

The factor I - alpha A, the Jacobian of the inner step, is what first-order MAML leaves out.
Finn et al. 2017 (arXiv:1703.03400).
"""

import numpy as np


def meta_gradient(w, A, b, c, alpha):
    """dM/dw (D,).  w, b, c: (D,), A: (D, D)."""
    raise NotImplementedError
