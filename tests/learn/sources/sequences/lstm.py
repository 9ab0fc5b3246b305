"""One step of an LSTM cell, backward.

    i, f, o = sigmoid(zi), sigmoid(zf), sigmoid(zo)      u = tanh(zu)
    c = f c0 + i u                                        the new cell
    h = o tanh(c)                                         the new state

g = dL/dh arrives at h; and dL/dc from the next step arrives at c beside what h sends back:

    dc = gc + gh o (1 - tanh^2 c)
"""

import numpy as np


def lstm_backward(g, y, zi, zf, zo, zu, c0):
    """(dzi, dzf, dzo, dzu, dc0), all (N, H), given g = (gh, gc) for y = (h, c)."""
    # BEGIN SOLUTION
    gh, gc = g
    i, f, o = (1 / (1 + np.exp(-z)) for z in (zi, zf, zo))
    u, t = np.tanh(zu), np.tanh(y[1])
    dc = gc + gh * o * (1 - t**2)
    di, df, do = dc * u * i * (1 - i), dc * c0 * f * (1 - f), gh * t * o * (1 - o)
    return di, df, do, dc * i * (1 - u**2), dc * f
    # END SOLUTION
