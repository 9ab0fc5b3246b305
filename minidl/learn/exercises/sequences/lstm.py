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
    raise NotImplementedError
