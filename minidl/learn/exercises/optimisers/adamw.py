"""AdamW: weight decay beside Adam, not inside.  Passing this stands for the whole track.

    p <- p - lr wd p                    the decay, by itself
    then Adam's step, with the gradient g as it is

Adding wd p to g instead would divide the decay by sqrt(vhat) too: weights with large gradients
would hardly decay.  Loshchilov and Hutter 2019 (arXiv:1711.05101), algorithm 2.
"""

import numpy as np


def adamw(p, gradient, steps, lr, b1, b2, eps, wd):
    """p after so many steps from m = v = 0.  gradient(p) -> g."""
    raise NotImplementedError
