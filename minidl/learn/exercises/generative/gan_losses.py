"""What discriminator and generator minimise, from the discriminator's logits.

    D:  mean softplus(-real) + mean softplus(fake)      -log D(x) - log(1 - D(G(z)))
    G:  mean softplus(-fake)                            -log D(G(z)), the non-saturating form

softplus(a) = log(1 + e^a), and -log sigmoid(a) = softplus(-a).  For large a compute it as
max(a, 0) + log(1 + e^-|a|).  Goodfellow et al. 2014 (arXiv:1406.2661).
"""

import numpy as np


def discriminator_loss(real, fake):
    """real: (N,), fake: (M,) logits.  Returns a number."""
    raise NotImplementedError


def generator_loss_backward(g, y, fake):
    """The gradient of G's loss by the logits (M,), given the number g."""
    raise NotImplementedError
