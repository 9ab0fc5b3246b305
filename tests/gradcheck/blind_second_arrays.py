"""The second blind set: activations, arithmetic with broadcasting, reductions, matrices, rows."""

import numpy as np

from minidl.gradcheck.draws import between, integers, mask, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def rows(a):
    """The sums over the last axis."""
    return a.sum(axis=-1, keepdims=True)


SILU = (
    "silu",
    lambda x: x * sigmoid(x),
    {"x": normal("N", "D")},
    lambda g, y, x: g * sigmoid(x) * (1 + x * (1 - sigmoid(x))),
    [
        ("only the gate's slope", lambda g, y, x: g * x * sigmoid(x) * (1 - sigmoid(x))),
        ("gate taken for a constant", lambda g, y, x: g * sigmoid(x)),
        ("y in place of the gate", lambda g, y, x: g * y * (1 + x * (1 - y))),
        ("y (1 - y), as of a sigmoid", lambda g, y, x: g * y * (1 - y)),
        ("bracket misplaced", lambda g, y, x: g * (sigmoid(x) + x * 1 - sigmoid(x))),
    ],
)


ELU = (
    "elu",
    lambda x, alpha: np.where(x > 0, x, alpha * (np.exp(x) - 1)),
    {"x": normal("N", "D"), "alpha": 0.7},
    lambda g, y, x, alpha: g * np.where(x > 0, 1, alpha * np.exp(x)),
    [
        ("alpha forgotten", lambda g, y, x, alpha: g * np.where(x > 0, 1, np.exp(x))),
        ("y for y + alpha", lambda g, y, x, alpha: g * np.where(x > 0, 1, y)),
        ("y + 1 for y + alpha", lambda g, y, x, alpha: g * np.where(x > 0, 1, y + 1)),
        ("zero below zero", lambda g, y, x, alpha: g * (x > 0)),
        ("branches by the sign of g", lambda g, y, x, alpha: g * np.where(g > 0, 1, y + alpha)),
    ],
)

DIVIDE = (
    "divide_columns",
    lambda a, b: a / b,
    {"a": normal("N", "D"), "b": between(0.5, 2, "N", 1)},
    lambda g, y, a, b: (g / b, rows(-g * a / b**2)),
    [
        ("b's sum forgotten", lambda g, y, a, b: (g / b, -g * a / b**2)),
        ("b's sign", lambda g, y, a, b: (g / b, rows(g * a / b**2))),
        ("b's square forgotten", lambda g, y, a, b: (g / b, rows(-g * a / b))),
        ("a forgotten", lambda g, y, a, b: (g / b, rows(-g / b**2))),
        ("b's axis dropped", lambda g, y, a, b: (g / b, (-g * a / b**2).sum(axis=-1))),
        ("mean for sum", lambda g, y, a, b: (g / b, (-g * a / b**2).mean(-1, keepdims=True))),
    ],
)


STD = (
    "standard_deviation",
    lambda x: x.std(axis=0, ddof=1),
    {"x": normal("N", "D")},
    lambda g, y, x: g * (x - x.mean(axis=0)) / (y * (len(x) - 1)),
    [
        ("N for N - 1", lambda g, y, x: g * (x - x.mean(axis=0)) / (y * len(x))),
        ("the variance's", lambda g, y, x: g * 2 * (x - x.mean(axis=0)) / (len(x) - 1)),
        (
            "root's half forgotten",
            lambda g, y, x: 2 * g * (x - x.mean(axis=0)) / (y * (len(x) - 1)),
        ),
        ("not centred", lambda g, y, x: g * x / (y * (len(x) - 1))),
        ("centred by the whole mean", lambda g, y, x: g * (x - x.mean()) / (y * (len(x) - 1))),
    ],
)


LINEAR = (
    "linear",
    lambda x, weight, bias: x @ weight.T + bias,
    {"x": normal("N", "T", "D"), "weight": normal("K", "D"), "bias": normal("K")},
    lambda g, y, x, w, b: (g @ w, np.einsum("ntk,ntd->kd", g, x), g.sum(axis=(0, 1))),
    [
        (
            "weight's transposed",
            lambda g, y, x, w, b: (g @ w, np.einsum("ntk,ntd->dk", g, x), g.sum(axis=(0, 1))),
        ),
        (
            "last time step only",
            lambda g, y, x, w, b: (g @ w, g[:, -1].T @ x[:, -1], g.sum(axis=(0, 1))),
        ),
        (
            "bias summed over the batch only",
            lambda g, y, x, w, b: (g @ w, np.einsum("ntk,ntd->kd", g, x), g.sum(axis=0)),
        ),
        (
            "weight averaged over the batch",
            lambda g, y, x, w, b: (
                g @ w,
                np.einsum("ntk,ntd->kd", g, x) / len(x),
                g.sum(axis=(0, 1)),
            ),
        ),
        (
            "weight's not summed over the batch",
            lambda g, y, x, w, b: (g @ w, g.swapaxes(1, 2) @ x, g.sum(axis=(0, 1))),
        ),
        (
            "bias of the first example",
            lambda g, y, x, w, b: (g @ w, np.einsum("ntk,ntd->kd", g, x), g[0].sum(axis=0)),
        ),
    ],
)

LOGSUMEXP = (
    "logsumexp",
    lambda x: np.log(np.exp(x).sum(axis=-1)),
    {"x": normal("N", "D")},
    lambda g, y, x: g[:, None] * softmax(x),
    [
        ("not normalised", lambda g, y, x: g[:, None] * np.exp(x)),
        ("divided by y", lambda g, y, x: g[:, None] * np.exp(x) / y[:, None]),
        ("normalised over all", lambda g, y, x: g[:, None] * np.exp(x) / np.exp(x).sum()),
        ("normalised over the batch", lambda g, y, x: g[:, None] * np.exp(x) / np.exp(x).sum(0)),
        ("one over the sum", lambda g, y, x: g[:, None] * np.ones_like(x) * np.exp(-y)[:, None]),
    ],
)

SOFTMAX = (
    "softmax",
    softmax,
    {"x": normal("N", "D")},
    lambda g, y, x: y * (g - rows(g * y)),
    [
        ("diagonal only", lambda g, y, x: g * y * (1 - y)),
        ("sum forgotten", lambda g, y, x: y * (g - g * y)),
        ("sum of g without y", lambda g, y, x: y * (g - rows(g))),
        ("sum over the batch", lambda g, y, x: y * (g - (g * y).sum(axis=0))),
        ("second term without y", lambda g, y, x: g * y - rows(g * y)),
        ("plus", lambda g, y, x: y * (g + rows(g * y))),
    ],
)


NORMALISE = (
    "normalise",
    lambda x: x / np.sqrt(rows(x**2)),
    {"x": normal("N", "D")},
    lambda g, y, x: (g - y * rows(g * y)) / np.sqrt(rows(x**2)),
    [
        ("norm taken for a constant", lambda g, y, x: g / np.sqrt(rows(x**2))),
        ("x for y once", lambda g, y, x: (g - x * rows(g * y)) / np.sqrt(rows(x**2))),
        ("norm not divided by", lambda g, y, x: g - y * rows(g * y)),
        ("square of the norm", lambda g, y, x: (g - y * rows(g * y)) / rows(x**2)),
        ("elementwise projection", lambda g, y, x: (g - y * g * y) / np.sqrt(rows(x**2))),
    ],
)

CUMSUM = (
    "cumsum",
    lambda x: np.cumsum(x, axis=1),
    {"x": normal("N", "T")},
    lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)[:, ::-1],
    [
        ("not reversed", lambda g, y, x: np.cumsum(g, axis=1)),
        ("not reversed back", lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)),
        ("along the batch", lambda g, y, x: np.cumsum(g[::-1], axis=0)[::-1]),
        ("itself left out", lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)[:, ::-1] - g),
        ("handed on", lambda g, y, x: g),
        ("total to all", lambda g, y, x: g.sum(axis=1, keepdims=True) + 0 * x),
    ],
)


def embedding_right(g, y, table, index):
    grad = np.zeros_like(table)
    np.add.at(grad, index, g)
    return grad


def embedding_overwritten(g, y, table, index):
    grad = np.zeros_like(table)
    grad[index] = g
    return grad


def embedding_buffered(g, y, table, index):
    grad = np.zeros_like(table)
    grad[index] += g
    return grad


def embedding_averaged(g, y, table, index):
    count = np.bincount(index.ravel(), minlength=len(table))
    return embedding_right(g, y, table, index) / np.maximum(count, 1)[:, None]


def embedding_in_table(g, y, table, index):
    grad = table.copy()
    np.add.at(grad, index, g)
    return grad


EMBEDDING = (
    "embedding",
    lambda table, index: table[index],
    {"table": normal("V", "D"), "index": integers("V", "N", "T")},
    embedding_right,
    [
        ("repeated rows overwritten", embedding_overwritten),
        ("repeated rows counted once by +=", embedding_buffered),
        ("averaged by how often", embedding_averaged),
        ("starts from the table, not zeros", embedding_in_table),
        ("gathered, not scattered", lambda g, y, table, index: g),
    ],
)

DROPOUT = (
    "dropout",
    lambda x, keep, p: x * keep / (1 - p),
    {"x": normal("N", "D"), "keep": mask(0.7, "N", "D"), "p": 0.3},
    lambda g, y, x, keep, p: g * keep / (1 - p),
    [
        ("scale forgotten", lambda g, y, x, keep, p: g * keep),
        ("divided by p", lambda g, y, x, keep, p: g * keep / p),
        ("multiplied by 1 - p", lambda g, y, x, keep, p: g * keep * (1 - p)),
        ("mask forgotten", lambda g, y, x, keep, p: g / (1 - p)),
        ("mask inverted", lambda g, y, x, keep, p: g * ~keep / (1 - p)),
        (
            "a fresh mask",
            lambda g, y, x, keep, p: g * (np.random.default_rng(5).random(g.shape) > p) / (1 - p),
        ),
    ],
)

ARRAYS = [SILU, ELU, DIVIDE, STD, LINEAR, LOGSUMEXP, SOFTMAX]
ARRAYS += [NORMALISE, CUMSUM, EMBEDDING, DROPOUT]
