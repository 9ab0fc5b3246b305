"""The third blind set: networks of linear layers, norms, residual paths."""

import numpy as np

from minidl.gradcheck.draws import mask, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def affine(x, W, b):
    return x.reshape(len(x), -1) @ W + b


AFFINE = (
    "affine_of_flattened",
    affine,
    {"x": normal("N", 3, 4), "W": normal(12, "M"), "b": normal("M")},
    lambda g, y, x, W, b: (
        (g @ W.T).reshape(x.shape),
        x.reshape(len(x), -1).T @ g,
        g.sum(axis=0),
    ),
    [
        (
            "x's gradient left flat",
            lambda g, y, x, W, b: (g @ W.T, x.reshape(len(x), -1).T @ g, g.sum(axis=0)),
        ),
        (
            "bias summed over the features",
            lambda g, y, x, W, b: (
                (g @ W.T).reshape(x.shape),
                x.reshape(len(x), -1).T @ g,
                g.sum(axis=1),
            ),
        ),
        (
            "weights and bias divided by the batch",
            lambda g, y, x, W, b: (
                (g @ W.T).reshape(x.shape),
                x.reshape(len(x), -1).T @ g / len(x),
                g.mean(axis=0),
            ),
        ),
        (
            "bias given as a row",
            lambda g, y, x, W, b: (
                (g @ W.T).reshape(x.shape),
                x.reshape(len(x), -1).T @ g,
                g.sum(axis=0, keepdims=True),
            ),
        ),
        (
            "flattened with the batch last",
            lambda g, y, x, W, b: (
                (g @ W.T).reshape(x.shape),
                x.reshape(-1, len(x)) @ g,
                g.sum(axis=0),
            ),
        ),
        (
            "W not transposed",
            lambda g, y, x, W, b: (
                (g @ W).reshape(x.shape),
                x.reshape(len(x), -1).T @ g,
                g.sum(axis=0),
            ),
        ),
    ],
)


def two_layers(x, W1, b1, W2, b2):
    return np.maximum(x @ W1 + b1, 0) @ W2 + b2


def two_layers_backward(mistake=None):
    def backward(g, y, x, W1, b1, W2, b2):
        a = x @ W1 + b1
        h = np.maximum(a, 0)
        dW2, db2, dh = h.T @ g, g.sum(axis=0), g @ W2.T
        da = dh * (a > 0)
        dx, dW1, db1 = da @ W1.T, x.T @ da, da.sum(axis=0)
        if mistake == "no mask":
            dx, dW1, db1 = dh @ W1.T, x.T @ dh, dh.sum(axis=0)
        if mistake == "mask of the gradient":
            da = dh * (dh > 0)
            dx, dW1, db1 = da @ W1.T, x.T @ da, da.sum(axis=0)
        if mistake == "before the relu":
            dW2 = a.T @ g
        if mistake == "bias without mask":
            db1 = dh.sum(axis=0)
        if mistake == "factor":
            db1 = 4 * db1
        if mistake == "double":
            dW2 = 2 * dW2
        if mistake == "x without mask":
            dx = dh @ W1.T
        if mistake == "swapped biases":
            db1 = h.sum(axis=0)
        return dx, dW1, db1, dW2, db2

    return backward


TWO_LAYERS = (
    "two_layer_network",
    two_layers,
    {
        "x": normal("N", "D"),
        "W1": normal("D", "H"),
        "b1": normal("H"),
        "W2": normal("H", "K"),
        "b2": normal("K"),
    },
    two_layers_backward(),
    [
        ("relu forgotten on the way back", two_layers_backward("no mask")),
        ("relu's mask from the gradient", two_layers_backward("mask of the gradient")),
        ("second weights from before the relu", two_layers_backward("before the relu")),
        ("first bias before the mask", two_layers_backward("bias without mask")),
        ("first bias four times", two_layers_backward("factor")),
        ("second weights twice", two_layers_backward("double")),
        ("x before the mask", two_layers_backward("x without mask")),
        ("first bias from the values", two_layers_backward("swapped biases")),
    ],
)


EPS = 1e-5


def moments(x):
    """Mean and variance of each channel, over batch, height and width."""
    mean = x.mean(axis=(0, 2, 3), keepdims=True)
    return mean, x.var(axis=(0, 2, 3), keepdims=True)


def spatial_batch_norm(x, gamma, beta):
    mean, var = moments(x)
    return gamma[:, None, None] * (x - mean) / np.sqrt(var + EPS) + beta[:, None, None]


def spatial_batch_norm_backward(mistake=None):
    """By the staged computation of the notes: through the variance, then the mean."""

    def backward(g, y, x, gamma, beta):
        N, C, H, W = x.shape
        m = N * H * W
        axes = (0, 2, 3)
        mean, var = moments(x)
        std = np.sqrt(var + EPS)
        xhat = (x - mean) / std
        dbeta, dgamma = g.sum(axis=axes), (g * xhat).sum(axis=axes)
        if mistake == "raw":
            dgamma = (g * x).sum(axis=axes)
        if mistake == "over the batch":
            dbeta, dgamma = g.sum(axis=0), (g * xhat).sum(axis=0)
        dxhat = g if mistake == "gamma" else g * gamma[:, None, None]
        if mistake == "batch count":
            m = N
        if mistake == "by example":
            axes, m = (2, 3), H * W
        dvar = (dxhat * (x - mean) * -0.5 * std**-3).sum(axis=axes, keepdims=True)
        if mistake == "half":
            dvar = 2 * dvar
        if mistake == "variance":
            dvar = 0
        dmean = (-dxhat / std).sum(axis=axes, keepdims=True)
        if mistake == "mean":
            dmean = 0
        dx = dxhat / std + dvar * 2 * (x - mean) / m + dmean / m
        if mistake == "straight":
            dx = dxhat * std
        return dx, dgamma, dbeta

    return backward


SPATIAL_BATCH_NORM = (
    "spatial_batch_norm",
    spatial_batch_norm,
    {"x": normal("N", "C", 2, 3), "gamma": normal("C"), "beta": normal("C")},
    spatial_batch_norm_backward(),
    [
        (
            "divided by the batch only, not by its pixels",
            spatial_batch_norm_backward("batch count"),
        ),
        ("path through the variance forgotten", spatial_batch_norm_backward("variance")),
        ("path through the mean forgotten", spatial_batch_norm_backward("mean")),
        ("the root's half forgotten", spatial_batch_norm_backward("half")),
        ("gamma forgotten for x", spatial_batch_norm_backward("gamma")),
        ("x for xhat in gamma's gradient", spatial_batch_norm_backward("raw")),
        (
            "gamma and beta summed over the batch only",
            spatial_batch_norm_backward("over the batch"),
        ),
        ("statistics of each example", spatial_batch_norm_backward("by example")),
        ("times the deviation, statistics constant", spatial_batch_norm_backward("straight")),
    ],
)


def root_mean_square(x):
    return np.sqrt((x**2).mean(axis=-1, keepdims=True) + EPS)


def rms_norm_backward(mistake=None):
    def backward(g, y, x, w):
        r = root_mean_square(x)
        n = x / r
        dw = (g * n).sum(axis=0)
        d = g * w
        inner = (d * n).mean(axis=-1, keepdims=True)
        if mistake == "sum":
            inner = (d * n).sum(axis=-1, keepdims=True)
        if mistake == "constant":
            inner = 0
        if mistake == "weight inside":
            inner = (g * n).mean(axis=-1, keepdims=True)
        if mistake == "as layer norm":
            d = d - d.mean(axis=-1, keepdims=True)
        if mistake == "raw":
            dw = (g * x).sum(axis=0)
        if mistake == "unsummed":
            dw = g * n
        dx = (d - n * inner) / r
        if mistake == "mean square":
            dx = (d - n * inner) / r**2
        return dx, dw

    return backward


RMS_NORM = (
    "rms_norm",
    lambda x, w: w * x / root_mean_square(x),
    {"x": normal("N", "D"), "w": normal("D")},
    rms_norm_backward(),
    [
        ("sum for the mean in the correction", rms_norm_backward("sum")),
        ("root taken for a constant", rms_norm_backward("constant")),
        ("weight forgotten in the correction", rms_norm_backward("weight inside")),
        ("mean subtracted as in a layer norm", rms_norm_backward("as layer norm")),
        ("raw x in the weight's gradient", rms_norm_backward("raw")),
        ("weight's gradient not summed", rms_norm_backward("unsummed")),
        ("mean square for its root", rms_norm_backward("mean square")),
    ],
)


def in_groups(x):
    """x: (N, 2C, T) as (N, 2, C T)."""
    return x.reshape(len(x), 2, -1)


def group_norm(x, w):
    a = in_groups(x)
    n = (a - a.mean(axis=-1, keepdims=True)) / np.sqrt(a.var(axis=-1, keepdims=True) + EPS)
    return n.reshape(x.shape) * w[:, None]


def group_norm_backward(mistake=None):
    def backward(g, y, x, w):
        a = in_groups(x)
        if mistake == "layer":
            a = x.reshape(len(x), 1, -1)
        if mistake == "instance":
            a = x
        std = np.sqrt(a.var(axis=-1, keepdims=True) + EPS)
        n = (a - a.mean(axis=-1, keepdims=True)) / std
        d = (g * w[:, None]).reshape(a.shape)
        if mistake == "weight":
            d = g.reshape(a.shape)
        count = x.shape[-1] if mistake == "count" else a.shape[-1]
        sums = d.sum(axis=-1, keepdims=True), (d * n).sum(axis=-1, keepdims=True)
        dx = ((d - sums[0] / count - n * sums[1] / count) / std).reshape(x.shape)
        summed = 0 if mistake == "positions" else (0, 2)
        return dx, (g * n.reshape(x.shape)).sum(axis=summed)

    return backward


GROUP_NORM = (
    "group_norm",
    group_norm,
    {"x": normal("N", "2C", "T"), "w": normal("2C")},
    group_norm_backward(),
    [
        ("statistics of the whole example", group_norm_backward("layer")),
        ("statistics of each channel", group_norm_backward("instance")),
        ("weight forgotten for x", group_norm_backward("weight")),
        ("the group's channels not counted", group_norm_backward("count")),
        ("weight not summed over the positions", group_norm_backward("positions")),
    ],
)


def residual_in_place(g, y, x, f, keep, p):
    g *= keep
    return g, g / (1 - p)


RESIDUAL_DROPOUT = (
    "residual_with_dropout",
    lambda x, f, keep, p: x + f * keep / (1 - p),
    {"x": normal("N", "D"), "f": normal("N", "D"), "keep": mask(0.6, "N", "D"), "p": 0.4},
    lambda g, y, x, f, keep, p: (g.copy(), g * keep / (1 - p)),
    [
        ("g masked in place before both paths", residual_in_place),
        ("1 - p forgotten", lambda g, y, x, f, keep, p: (g, g * keep)),
        ("mask forgotten", lambda g, y, x, f, keep, p: (g, g / (1 - p))),
        ("p for 1 - p", lambda g, y, x, f, keep, p: (g, g * keep / p)),
        ("the dropped ones", lambda g, y, x, f, keep, p: (g, g * ~keep / (1 - p))),
        ("no gradient along the skip", lambda g, y, x, f, keep, p: (0 * g, g * keep / (1 - p))),
        (
            "the skip gets the branch's gradient too",
            lambda g, y, x, f, keep, p: (g + g * keep / (1 - p), g * keep / (1 - p)),
        ),
    ],
)


def highway(x, W, V):
    t = sigmoid(x @ W)
    return t * np.tanh(x @ V) + (1 - t) * x


def highway_backward(mistake=None):
    def backward(g, y, x, W, V):
        t, h = sigmoid(x @ W), np.tanh(x @ V)
        dt = g * h if mistake == "gate" else g * (h - x)
        da = dt if mistake == "sigmoid" else dt * t * (1 - t)
        db = g * t if mistake == "tanh" else g * t * (1 - h**2)
        if mistake == "carry sign":
            return da @ W.T + db @ V.T - g * (1 - t), x.T @ da, x.T @ db
        dx = da @ W.T + db @ V.T
        if mistake != "carry":
            dx = dx + g * (1 - t)
        if mistake == "only carry":
            dx = g * (1 - t)
        if mistake == "untransposed":
            dx = da @ W + db @ V + g * (1 - t)
        return dx, x.T @ da, x.T @ db

    return backward


HIGHWAY = (
    "highway_layer",
    highway,
    {"x": normal("N", "D"), "W": normal("D", "D"), "V": normal("D", "D")},
    highway_backward(),
    [
        ("the carried x forgotten", highway_backward("carry")),
        ("only the carried x", highway_backward("only carry")),
        ("the gate's second use forgotten", highway_backward("gate")),
        ("the sigmoid's slope forgotten", highway_backward("sigmoid")),
        ("the tanh's slope forgotten", highway_backward("tanh")),
        ("square weights not transposed", highway_backward("untransposed")),
        ("the carried x subtracted", highway_backward("carry sign")),
    ],
)


LAYERS = [
    AFFINE,
    TWO_LAYERS,
    SPATIAL_BATCH_NORM,
    RMS_NORM,
    GROUP_NORM,
    RESIDUAL_DROPOUT,
    HIGHWAY,
]
