"""Gradient descent with momentum, as PyTorch has it, and Nesterov's form.

    v <- mu v + g
    p <- p - lr v                       momentum
    p <- p - lr (g + mu v)              Nesterov: with the new v, a look ahead

Sutskever et al. 2013.  The notes print it several ways; this form keeps lr outside of v.
"""

import numpy as np


def momentum_step(p, g, v, lr, mu, nesterov):
    """(new p, new v), for arrays p, g, v of one shape; nesterov is True or False."""
    # BEGIN SOLUTION
    v = mu * v + g
    return p - lr * (g + mu * v if nesterov else v), v
    # END SOLUTION
