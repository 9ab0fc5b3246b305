"""Recurrent layers.  Each reference takes one example, one step and one unit at a time."""

from functools import partial

import numpy as np
from scipy.special import expit

from minidl.ops import recurrent

from .row import Row, case, generator, normal

x = partial(normal, generator("recurrent"))


def over_examples(step):
    """The layer made of `step(gates, state, weights...)`, which returns the next state's parts."""

    def layer(gates, state, *weights):
        ys = np.empty((*gates.shape[:2], state[0].shape[-1]))
        last = [np.empty_like(s) for s in state]
        for n in range(gates.shape[1]):
            now = [s[n] for s in state]
            for t in range(len(gates)):
                now = step(gates[t, n], now, *weights)
                ys[t, n] = now[0]
            for s, value in zip(last, now):
                s[n] = value
        return ys, last

    return layer


def dot(row, h):
    return sum(w * v for w, v in zip(row, h))


def rnn(gates, h, weight, nonlinearity="tanh"):
    f = {"tanh": np.tanh, "relu": lambda a: max(a, 0.0)}[nonlinearity]

    def step(a, state):
        return [np.array([f(a[j] + dot(weight[j], state[0])) for j in range(len(a))])]

    return over_examples(step)(gates, [h])[0]


def lstm(gates, h, c, weight, projection=None):
    size = c.shape[1]

    def step(a, state):
        h, c = state
        new = np.empty((2, size))
        for j in range(size):
            i, f, g, o = (a[j + k * size] + dot(weight[j + k * size], h) for k in range(4))
            new[1, j] = expit(f) * c[j] + expit(i) * np.tanh(g)
            new[0, j] = expit(o) * np.tanh(new[1, j])
        read = new[0] if projection is None else np.array([dot(p, new[0]) for p in projection])
        return [read, new[1]]

    ys, last = over_examples(step)(gates, [h, c])
    return ys, last[1]


def gru(gates, h, weight, bias=None):
    size = h.shape[1]
    bias = np.zeros(3 * size) if bias is None else bias

    def step(a, state):
        (h,) = state
        new = np.empty(size)
        for j in range(size):
            s_r, s_z, s_n = (dot(weight[j + k * size], h) + bias[j + k * size] for k in range(3))
            r, z = expit(a[j] + s_r), expit(a[j + size] + s_z)
            new[j] = (1 - z) * np.tanh(a[j + 2 * size] + r * s_n) + z * h[j]
        return [new]

    return over_examples(step)(gates, [h])[0]


# T, N, H: the lengths of the axes differ
ROWS = [
    Row(
        recurrent.rnn,
        rnn,
        [
            case(x((4, 2, 3)), x((2, 3)), x((3, 3))),
            case(x((3, 1, 2)), x((1, 2)), x((2, 2)), nonlinearity="relu"),
            case(x((1, 2, 3)), x((2, 3)), x((3, 3))),
        ],
        rounding=1e-12,
    ),
    Row(
        recurrent.lstm,
        lstm,
        [
            case(x((3, 4, 8)), x((4, 2)), x((4, 2)), x((8, 2))),
            case(x((2, 1, 12)), x((1, 2)), x((1, 3)), x((12, 2)), projection=x((2, 3))),
            case(x((1, 2, 4)), x((2, 1)), x((2, 1)), x((4, 1))),
        ],
        rounding=1e-12,
    ),
    Row(
        recurrent.gru,
        gru,
        [
            case(x((3, 4, 6)), x((4, 2)), x((6, 2)), x((6,))),
            case(x((2, 3, 3)), x((3, 1)), x((3, 1))),
            case(x((1, 1, 6)), x((1, 2)), x((6, 2)), x((6,))),
        ],
        rounding=1e-12,
    ),
]
