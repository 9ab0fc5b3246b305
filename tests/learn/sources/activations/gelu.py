"""GELU, in its tanh form.

    y = x/2 (1 + tanh(u)),   u = c (x + a x^3),   c = sqrt(2 / pi),  a = 0.044715

    dy/dx = (1 + tanh u)/2  +  x/2 (1 - tanh^2 u) du/dx

x stands in two places: a product rule and a chain rule.  Hendrycks and Gimpel 2016
(arXiv:1606.08415).
"""

import numpy as np


def gelu_backward(g, y, x):
    """dL/dx, given g = dL/dy.  All (N,)."""
    # BEGIN SOLUTION
    c, a = np.sqrt(2 / np.pi), 0.044715
    t = np.tanh(c * (x + a * x**3))
    return g * ((1 + t) / 2 + x / 2 * (1 - t**2) * c * (1 + 3 * a * x**2))
    # END SOLUTION
