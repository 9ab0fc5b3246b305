"""The second blind set: normalisations, convolution, pooling, attention, recurrent cells."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from minidl.gradcheck.draws import normal

from .blind_second_arrays import rows, sigmoid, softmax

EPS = 1e-3


def standard(x, axis):
    """x with mean 0 and variance 1 along an axis, and one over its standard deviation."""
    rstd = 1 / np.sqrt(x.var(axis=axis, keepdims=True) + EPS)
    return (x - x.mean(axis=axis, keepdims=True)) * rstd, rstd


def through(h, xhat, rstd, axis):
    """The gradient of `standard` along an axis."""
    mean = h.mean(axis=axis, keepdims=True)
    return rstd * (h - mean - xhat * (h * xhat).mean(axis=axis, keepdims=True))


def layer_norm_wrong(dx):
    def backward(g, y, x, weight, bias):
        xhat, rstd = standard(x, 1)
        return dx(g, g * weight, xhat, rstd, x), (g * xhat).sum(axis=0), g.sum(axis=0)

    return backward


LAYER_NORM = (
    "layer_norm",
    lambda x, weight, bias: standard(x, 1)[0] * weight + bias,
    {"x": normal("N", "D"), "weight": normal("D"), "bias": normal("D")},
    layer_norm_wrong(lambda g, h, xhat, rstd, x: through(h, xhat, rstd, 1)),
    [
        (
            "weight forgotten in x's",
            layer_norm_wrong(lambda g, h, xhat, rstd, x: through(g, xhat, rstd, 1)),
        ),
        ("statistics taken for constants", layer_norm_wrong(lambda g, h, xhat, rstd, x: rstd * h)),
        (
            "route through the variance forgotten",
            layer_norm_wrong(lambda g, h, xhat, rstd, x: rstd * (h - h.mean(1, keepdims=True))),
        ),
        (
            "sums for means",
            layer_norm_wrong(
                lambda g, h, xhat, rstd, x: rstd * (h - rows(h) - xhat * rows(h * xhat))
            ),
        ),
        (
            "centred x for xhat",
            layer_norm_wrong(lambda g, h, xhat, rstd, x: through(h, xhat / rstd, rstd, 1)),
        ),
        (
            "as a batch norm",
            layer_norm_wrong(lambda g, h, xhat, rstd, x: through(h, *standard(x, 0), 0)),
        ),
    ],
)


def batch_norm_right(g, y, x, weight, bias):
    xhat, rstd = standard(x, 0)
    return through(g * weight, xhat, rstd, 0), (g * xhat).sum(axis=0), g.sum(axis=0)


def batch_norm_raw(g, y, x, weight, bias):
    xhat, rstd = standard(x, 0)
    return through(g * weight, xhat, rstd, 0), (g * x).sum(axis=0), g.sum(axis=0)


def batch_norm_output(g, y, x, weight, bias):
    xhat, rstd = standard(x, 0)
    return through(g * weight, xhat, rstd, 0), (g * y).sum(axis=0), g.sum(axis=0)


def batch_norm_mean_forgotten(g, y, x, weight, bias):
    xhat, rstd = standard(x, 0)
    h = g * weight
    return rstd * (h - xhat * (h * xhat).mean(axis=0)), (g * xhat).sum(axis=0), g.sum(axis=0)


def batch_norm_variance(g, y, x, weight, bias):
    """By the chain of the paper, with dvar's -1/2 lost."""
    xhat, rstd = standard(x, 0)
    h, centred, n = g * weight, x - x.mean(axis=0), len(x)
    dvar = -(h * centred).sum(axis=0) * rstd**3
    dmean = -(h * rstd).sum(axis=0)
    return h * rstd + dvar * 2 * centred / n + dmean / n, (g * xhat).sum(axis=0), g.sum(axis=0)


def batch_norm_cube(g, y, x, weight, bias):
    """By the chain of the paper, with (var + eps)^(-1/2) for (var + eps)^(-3/2)."""
    xhat, rstd = standard(x, 0)
    h, centred, n = g * weight, x - x.mean(axis=0), len(x)
    dvar = -0.5 * (h * centred).sum(axis=0) * rstd
    dmean = -(h * rstd).sum(axis=0)
    return h * rstd + dvar * 2 * centred / n + dmean / n, (g * xhat).sum(axis=0), g.sum(axis=0)


def batch_norm_mean_undivided(g, y, x, weight, bias):
    """By the chain of the paper, with dmean not divided by the batch."""
    xhat, rstd = standard(x, 0)
    h, centred, n = g * weight, x - x.mean(axis=0), len(x)
    dvar = -0.5 * (h * centred).sum(axis=0) * rstd**3
    dmean = -(h * rstd).sum(axis=0)
    return h * rstd + dvar * 2 * centred / n + dmean, (g * xhat).sum(axis=0), g.sum(axis=0)


BATCH_NORM = (
    "batch_norm",
    lambda x, weight, bias: standard(x, 0)[0] * weight + bias,
    {"x": normal("N", "D"), "weight": normal("D"), "bias": normal("D")},
    batch_norm_right,
    [
        ("weight's by x, not xhat", batch_norm_raw),
        ("weight's by y, not xhat", batch_norm_output),
        ("route through the mean forgotten", batch_norm_mean_forgotten),
        ("the variance's -1/2 lost", batch_norm_variance),
        ("the variance's power -1/2 for -3/2", batch_norm_cube),
        ("mean's 1/N forgotten", batch_norm_mean_undivided),
    ],
)


def padded(x):
    return np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))


def windows(x):
    """(N, C, H, W, 3, 3), with padding of 1."""
    return sliding_window_view(padded(x), (3, 3), axis=(2, 3))


def conv(x, weight, bias):
    return np.einsum("nchwij,kcij->nkhw", windows(x), weight) + bias[:, None, None]


def conv_x(g, weight):
    """The gradient of x: g convolved with the flipped kernels, channels exchanged."""
    return np.einsum("nkhwij,kcij->nchw", windows(g), weight[:, :, ::-1, ::-1])


def conv_weight(g, x):
    return np.einsum("nkhw,nchwij->kcij", g, windows(x))


def conv_shifted(g, x):
    """Windows as if x had been padded at the end only."""
    late = np.pad(x, ((0, 0), (0, 0), (0, 2), (0, 2)))
    return np.einsum("nkhw,nchwij->kcij", g, sliding_window_view(late, (3, 3), axis=(2, 3)))


CONV = (
    "conv2d",
    conv,
    {"x": normal("N", "C", 5, 4), "weight": normal("K", "C", 3, 3), "bias": normal("K")},
    lambda g, y, x, w, b: (conv_x(g, w), conv_weight(g, x), g.sum(axis=(0, 2, 3))),
    [
        (
            "kernel not flipped",
            lambda g, y, x, w, b: (
                conv_x(g, w[:, :, ::-1, ::-1]),
                conv_weight(g, x),
                g.sum(axis=(0, 2, 3)),
            ),
        ),
        (
            "kernel flipped along one axis",
            lambda g, y, x, w, b: (
                conv_x(g, w[:, :, :, ::-1]),
                conv_weight(g, x),
                g.sum(axis=(0, 2, 3)),
            ),
        ),
        (
            "kernel transposed",
            lambda g, y, x, w, b: (
                conv_x(g, w.swapaxes(2, 3)),
                conv_weight(g, x),
                g.sum(axis=(0, 2, 3)),
            ),
        ),
        (
            "weight's flipped",
            lambda g, y, x, w, b: (
                conv_x(g, w),
                conv_weight(g, x)[:, :, ::-1, ::-1],
                g.sum(axis=(0, 2, 3)),
            ),
        ),
        (
            "windows off by the padding",
            lambda g, y, x, w, b: (conv_x(g, w), conv_shifted(g, x), g.sum(axis=(0, 2, 3))),
        ),
        (
            "bias summed over the batch only",
            lambda g, y, x, w, b: (conv_x(g, w), conv_weight(g, x), g.sum(axis=0)),
        ),
        (
            "bias averaged over the places",
            lambda g, y, x, w, b: (
                conv_x(g, w),
                conv_weight(g, x),
                g.mean(axis=(2, 3)).sum(axis=0),
            ),
        ),
        (
            "padding not cut off",
            lambda g, y, x, w, b: (conv_x(padded(g), w), conv_weight(g, x), g.sum(axis=(0, 2, 3))),
        ),
        (
            "weight's of the last example",
            lambda g, y, x, w, b: (
                conv_x(g, w),
                conv_weight(g[-1:], x[-1:]),
                g.sum(axis=(0, 2, 3)),
            ),
        ),
    ],
)


def blocks(x):
    """(N, C, H/2, W/2, 2, 2)."""
    n, c, h, w = x.shape
    return x.reshape(n, c, h // 2, 2, w // 2, 2).swapaxes(3, 4)


def spread(g):
    """Each place of g to the 2 by 2 places below it."""
    return g.repeat(2, axis=2).repeat(2, axis=3)


MAX_POOL = (
    "max_pool",
    lambda x: blocks(x).max(axis=(4, 5)),
    {"x": normal("N", "C", 4, 6)},
    lambda g, y, x: spread(g) * (x == spread(y)),
    [
        ("to the whole window", lambda g, y, x: spread(g)),
        ("averaged", lambda g, y, x: spread(g) / 4),
        (
            "to the first of the window",
            lambda g, y, x: spread(g) * np.tile([[1, 0], [0, 0]], (2, 3)),
        ),
        ("tiled, not repeated", lambda g, y, x: np.tile(g, (1, 1, 2, 2)) * (x == spread(y))),
        ("mask at the positive", lambda g, y, x: spread(g) * (x > 0)),
    ],
)


def attention_weights(q, k):
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[2])
    return softmax(np.where(np.tri(q.shape[1], dtype=bool), scores, -np.inf))


def attention_backward(scores, scale=lambda q: np.sqrt(q.shape[2]), keys=None, values=None):
    """The backward with its route from the weights to the scores, and its scale, to choose."""

    def backward(g, y, q, k, v):
        a = attention_weights(q, k)
        ds = scores(g @ v.swapaxes(1, 2), a) / scale(q)
        dk = keys(ds, q) if keys else ds.swapaxes(1, 2) @ q
        return ds @ k, dk, values(a, g) if values else a.swapaxes(1, 2) @ g

    return backward


def softmax_slope(da, a):
    return a * (da - rows(da * a))


ATTENTION = (
    "causal_attention",
    lambda q, k, v: attention_weights(q, k) @ v,
    {"q": normal("N", "T", "D"), "k": normal("N", "T", "D"), "v": normal("N", "T", "E")},
    attention_backward(softmax_slope),
    [
        ("scale forgotten", attention_backward(softmax_slope, scale=lambda q: 1)),
        ("scale by D, not its root", attention_backward(softmax_slope, lambda q: q.shape[2])),
        ("softmax skipped", attention_backward(lambda da, a: da)),
        ("softmax skipped, mask kept", attention_backward(lambda da, a: da * np.tri(a.shape[1]))),
        ("softmax's diagonal only", attention_backward(lambda da, a: da * a * (1 - a))),
        ("keys not transposed", attention_backward(softmax_slope, keys=lambda ds, q: ds @ q)),
        ("values not transposed", attention_backward(softmax_slope, values=lambda a, g: a @ g)),
    ],
)


def lstm_state(z, c):
    """z: (N, 4H), gates i, f, o and candidate n side by side; c: (N, H)."""
    i, f, o, n = np.split(z, 4, axis=1)
    i, f, o, n = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(n)
    return i, f, o, n, f * c + i * n


def lstm(z, c):
    i, f, o, n, new = lstm_state(z, c)
    return o * np.tanh(new), new


def lstm_backward(inner=None, order=(0, 1, 2, 3), gates=None, memory=None):
    """The backward with dL/dc' by `inner`, the gates in `order`, and c's by `memory`."""

    def backward(g, y, z, c):
        (gh, gc), (i, f, o, n, new) = g, lstm_state(z, c)
        t = np.tanh(new)
        d = inner(gh, gc, o, t) if inner else gc + gh * o * (1 - t**2)
        parts = [d * n * i * (1 - i), d * c * f * (1 - f), gh * t * o * (1 - o), d * i * (1 - n**2)]
        if gates:
            parts = gates(parts, gh, d, i, f, o, n, t, new, c)
        return np.concatenate([parts[j] for j in order], axis=1), (memory or np.multiply)(d, f)

    return backward


LSTM = (
    "lstm_gates",
    lstm,
    {"z": normal("N", "4H"), "c": normal("N", "H")},
    lstm_backward(),
    [
        (
            "the state's own gradient forgotten",
            lstm_backward(lambda gh, gc, o, t: gh * o * (1 - t**2)),
        ),
        ("the output's route forgotten", lstm_backward(lambda gh, gc, o, t: gc)),
        ("tanh's slope forgotten", lstm_backward(lambda gh, gc, o, t: gc + gh * o)),
        ("gates in another order", lstm_backward(order=(0, 1, 3, 2))),
        (
            "new state for the old in the forget gate",
            lstm_backward(
                gates=lambda p, gh, d, i, f, o, n, t, new, c: (
                    p[0],
                    d * new * f * (1 - f),
                    p[2],
                    p[3],
                )
            ),
        ),
        (
            "sigmoid's slope on the candidate",
            lstm_backward(
                gates=lambda p, gh, d, i, f, o, n, t, new, c: (
                    p[0],
                    p[1],
                    p[2],
                    d * i * n * (1 - n),
                )
            ),
        ),
        (
            "state for its tanh in the output gate",
            lstm_backward(
                gates=lambda p, gh, d, i, f, o, n, t, new, c: (
                    p[0],
                    p[1],
                    gh * new * o * (1 - o),
                    p[3],
                )
            ),
        ),
        ("forget gate left out of the memory's", lstm_backward(memory=lambda d, f: d)),
    ],
)


LAYERS = [LAYER_NORM, BATCH_NORM, CONV, MAX_POOL, ATTENTION, LSTM]
