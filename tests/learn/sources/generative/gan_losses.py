"""What discriminator and generator minimise, from the discriminator's logits.

    D:  mean softplus(-real) + mean softplus(fake)      -log D(x) - log(1 - D(G(z)))
    G:  mean softplus(-fake)                            -log D(G(z)), the non-saturating form

softplus(a) = log(1 + e^a), and -log sigmoid(a) = softplus(-a).  For large a compute it as
max(a, 0) + log(1 + e^-|a|).  Goodfellow et al. 2014 (arXiv:1406.2661).
"""

import numpy as np


def discriminator_loss(real, fake):
    """real: (N,), fake: (M,) logits.  Returns a number."""
    # BEGIN SOLUTION
    softplus = lambda a: np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
    return np.mean(softplus(-real)) + np.mean(softplus(fake))
    # END SOLUTION


def generator_loss_backward(g, y, fake):
    """The gradient of G's loss by the logits (M,), given the number g."""
    # BEGIN SOLUTION
    return -g / (1 + np.exp(fake)) / len(fake)
    # END SOLUTION
