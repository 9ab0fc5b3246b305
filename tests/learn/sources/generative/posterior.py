"""Diffusion: there at once, and back one step.  Passing this stands for the whole track.

    a_t = 1 - beta_t,  abar_t = a_1 ... a_t  (abar_0 = 1)
    x_t = sqrt(abar_t) x_0 + sqrt(1 - abar_t) epsilon

q(x_{t-1} | x_t, x_0) is Gaussian, with
    mean      sqrt(abar_{t-1}) beta_t / (1 - abar_t) x_0
              + sqrt(a_t) (1 - abar_{t-1}) / (1 - abar_t) x_t
    variance  (1 - abar_{t-1}) / (1 - abar_t) beta_t

Ho et al. 2020 (arXiv:2006.11239), eq. 4, 6, 7.  Steps count from 1; beta[0] is beta_1.
"""

import numpy as np


def noisy(x0, epsilon, beta, t):
    """x_t.  x0, epsilon: (N,), beta: (T,), 1 <= t <= T."""
    # BEGIN SOLUTION
    abar = np.prod(1 - beta[:t])
    return np.sqrt(abar) * x0 + np.sqrt(1 - abar) * epsilon
    # END SOLUTION


def posterior(x0, xt, beta, t):
    """(mean (N,), variance) of x_{t-1}, given x_t and x_0."""
    # BEGIN SOLUTION
    abar, before = np.prod(1 - beta[:t]), np.prod(1 - beta[: t - 1])
    b = beta[t - 1]
    mean = np.sqrt(before) * b * x0 + np.sqrt(1 - b) * (1 - before) * xt
    return mean / (1 - abar), (1 - before) / (1 - abar) * b
    # END SOLUTION
