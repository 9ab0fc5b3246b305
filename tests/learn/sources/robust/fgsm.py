"""The fast gradient sign method, and one step of PGD.

    x' = clip(x + eps sign(g), 0, 1)                        one step, as far as allowed

    x'' = x' + step sign(g),  then back into the ball |x'' - x| <= eps,  then into [0, 1]

g is the gradient of the LOSS by the image: uphill, away from the right answer.  Goodfellow et al.
2015 (arXiv:1412.6572); Madry et al. 2018 (arXiv:1706.06083).
"""

import numpy as np


def fgsm(x, g, eps):
    """x, g: (N, D), x in [0, 1].  Returns (N, D)."""
    # BEGIN SOLUTION
    return np.clip(x + eps * np.sign(g), 0, 1)
    # END SOLUTION


def pgd_step(now, x, g, step, eps):
    """The next point from `now`, for the image x.  All (N, D)."""
    # BEGIN SOLUTION
    moved = now + step * np.sign(g)
    return np.clip(np.clip(moved, x - eps, x + eps), 0, 1)
    # END SOLUTION
