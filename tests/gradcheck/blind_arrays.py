"""Wrong backwards of functions on arrays, written without having seen the checker's rules.

See `blind`, which joins them with those of the layers and of the losses.
"""

import numpy as np

from minidl.gradcheck.draws import between, integers, mask, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def relu_in_place(g, y, x):
    g[x <= 0] = 0
    return g


RELU = (
    "relu",
    lambda x: np.maximum(x, 0),
    dict(x=normal("N", "D")),
    lambda g, y, x: g * (x > 0),
    [
        ("g forgotten", lambda g, y, x: (x > 0) * 1.0),
        ("times the value", lambda g, y, x: g * np.maximum(x, 0)),
        ("mask from g", lambda g, y, x: g * (g > 0)),
        ("leaks below zero", lambda g, y, x: np.where(x > 0, g, 0.01 * g)),
        ("writes into g", relu_in_place),
        ("threshold at one", lambda g, y, x: g * (x > 1)),
    ],
)

LEAKY = (
    "leaky_relu",
    lambda x, slope: np.where(x > 0, x, slope * x),
    dict(x=normal("N", "D"), slope=0.2),
    lambda g, y, x, slope: g * np.where(x > 0, 1, slope),
    [
        ("no slope below zero", lambda g, y, x, slope: g * (x > 0)),
        ("slope on the wrong side", lambda g, y, x, slope: g * np.where(x > 0, slope, 1)),
        ("slope added everywhere", lambda g, y, x, slope: g * ((x > 0) + slope)),
        ("slope times x", lambda g, y, x, slope: g * np.where(x > 0, 1, slope * x)),
        ("slope without g", lambda g, y, x, slope: np.where(x > 0, g, slope)),
    ],
)

TANH = (
    "tanh",
    np.tanh,
    dict(x=normal("N", "D")),
    lambda g, y, x: g * (1 - y * y),
    [
        ("square forgotten", lambda g, y, x: g * (1 - y)),
        ("plus for minus", lambda g, y, x: g * (1 + y * y)),
        ("x for y", lambda g, y, x: g * (1 - x * x)),
        ("tanh twice", lambda g, y, x: g * (1 - np.tanh(y) ** 2)),
        ("sign", lambda g, y, x: g * (y * y - 1)),
        ("g only on the first term", lambda g, y, x: g - y * y),
    ],
)


class SigmoidCache:
    """Computes 1 - y at the first call, and again only when the shape is another."""

    kept = None

    def __call__(self, g, y, x):
        if self.kept is None or self.kept.shape != y.shape:
            self.kept = 1 - y
        return g * y * self.kept


SIGMOID = (
    "sigmoid",
    sigmoid,
    dict(x=normal("N", "D")),
    lambda g, y, x: g * y * (1 - y),
    [
        ("plus for minus", lambda g, y, x: g * y * (1 + y)),
        ("x for y", lambda g, y, x: g * x * (1 - x)),
        ("sigmoid of y", lambda g, y, x: g * sigmoid(y) * (1 - sigmoid(y))),
        ("derivative of tanh", lambda g, y, x: g * (1 - y * y)),
        ("only 1 - y", lambda g, y, x: g * (1 - y)),
        ("old cache", SigmoidCache()),
    ],
)

SILU = (
    "silu",
    lambda x: x * sigmoid(x),
    dict(x=normal("N", "D")),
    lambda g, y, x: g * (sigmoid(x) + y * (1 - sigmoid(x))),
    [
        ("only the first term", lambda g, y, x: g * sigmoid(x)),
        ("only the second term", lambda g, y, x: g * y * (1 - sigmoid(x))),
        ("plus for minus", lambda g, y, x: g * sigmoid(x) * (1 + x * (1 + sigmoid(x)))),
        ("minus between the terms", lambda g, y, x: g * (sigmoid(x) - y * (1 - sigmoid(x)))),
        ("g on one term", lambda g, y, x: g * sigmoid(x) + y * (1 - sigmoid(x))),
    ],
)

POWER = (
    "power",
    lambda x, n: x**n,
    dict(x=normal("N", "D"), n=3),
    lambda g, y, x, n: g * n * x ** (n - 1),
    [
        ("exponent not lowered", lambda g, y, x, n: g * n * x**n),
        ("factor n forgotten", lambda g, y, x, n: g * x ** (n - 1)),
        ("factor n - 1", lambda g, y, x, n: g * (n - 1) * x ** (n - 1)),
        ("power of the product", lambda g, y, x, n: g * (n * x) ** (n - 1)),
        ("by logarithms", lambda g, y, x, n: g * n * np.exp((n - 1) * np.log(x))),
        ("g squared", lambda g, y, x, n: g * g * n * x ** (n - 1)),
    ],
)


def per_column(f):
    return lambda g, y, a, b: (g / b, f(g, y, a, b))


DIVIDE = (
    "divide_by_row",
    lambda a, b: a / b,
    dict(a=normal("N", "D"), b=between(0.5, 2, "D")),
    per_column(lambda g, y, a, b: -(g * a).sum(axis=0) / b**2),
    [
        ("sign of b", per_column(lambda g, y, a, b: (g * a).sum(axis=0) / b**2)),
        ("b not squared", per_column(lambda g, y, a, b: -(g * a).sum(axis=0) / b)),
        ("a forgotten", per_column(lambda g, y, a, b: -g.sum(axis=0) / b**2)),
        ("not summed", per_column(lambda g, y, a, b: -g * a / b**2)),
        ("keepdims", per_column(lambda g, y, a, b: -(g * a / b**2).sum(axis=0, keepdims=True))),
        (
            "sum of g times sum of a",
            per_column(lambda g, y, a, b: -g.sum(axis=0) * a.sum(axis=0) / b**2),
        ),
        ("times b", lambda g, y, a, b: (g * b, -(g * a).sum(axis=0) / b**2)),
        ("one result", lambda g, y, a, b: g / b),
    ],
)

MULTIPLY = (
    "multiply_by_column",
    lambda a, b: a * b,
    dict(a=normal("N", "D"), b=normal("N", 1)),
    lambda g, y, a, b: (g * b, (g * a).sum(axis=1, keepdims=True)),
    [
        ("keepdims forgotten", lambda g, y, a, b: (g * b, (g * a).sum(axis=1))),
        ("mean for sum", lambda g, y, a, b: (g * b, (g * a).mean(axis=1, keepdims=True))),
        ("wrong axis", lambda g, y, a, b: (g * b, (g * a).sum(axis=0, keepdims=True))),
        ("swapped", lambda g, y, a, b: ((g * a), (g * b).sum(axis=1, keepdims=True))),
        ("summed over everything", lambda g, y, a, b: (g * b, np.full(b.shape, (g * a).sum()))),
        ("None for b", lambda g, y, a, b: (g * b, None)),
    ],
)

MEAN = (
    "mean_of_columns",
    lambda x: x.mean(axis=0),
    dict(x=normal("N", "D")),
    lambda g, y, x: np.ones_like(x) * g / x.shape[0],
    [
        ("1/N forgotten", lambda g, y, x: np.ones_like(x) * g),
        ("1/D", lambda g, y, x: np.ones_like(x) * g / x.shape[1]),
        ("1/(ND)", lambda g, y, x: np.ones_like(x) * g / x.size),
        ("1/(N-1)", lambda g, y, x: np.ones_like(x) * g / (x.shape[0] - 1)),
        ("not spread", lambda g, y, x: g / x.shape[0]),
        ("mean of g", lambda g, y, x: np.ones_like(x) * g.mean() / x.shape[0]),
    ],
)


def variance(factor, about):
    return lambda g, y, x: g[:, None] * factor(x.shape[1]) * (x - about(x))


def row_mean(x):
    return x.mean(axis=1, keepdims=True)


VARIANCE = (
    "variance_of_rows",
    lambda x: x.var(axis=1),
    dict(x=normal("N", "D")),
    variance(lambda d: 2 / d, row_mean),
    [
        ("mean not subtracted", variance(lambda d: 2 / d, lambda x: 0)),
        ("2 forgotten", variance(lambda d: 1 / d, row_mean)),
        ("1/(D-1)", variance(lambda d: 2 / (d - 1), row_mean)),
        ("1/D forgotten", variance(lambda d: 2, row_mean)),
        ("mean of everything", variance(lambda d: 2 / d, lambda x: x.mean())),
        ("mean of columns", variance(lambda d: 2 / d, lambda x: x.mean(axis=0))),
        ("sign", variance(lambda d: -2 / d, row_mean)),
    ],
)

NORM = (
    "norm_of_rows",
    lambda x: np.sqrt((x * x).sum(axis=1)),
    dict(x=normal("N", "D")),
    lambda g, y, x: g[:, None] * x / y[:, None],
    [
        ("not divided", lambda g, y, x: g[:, None] * x),
        ("times the norm", lambda g, y, x: g[:, None] * x * y[:, None]),
        ("divided by its square", lambda g, y, x: g[:, None] * x / y[:, None] ** 2),
        ("half of 1/2 · 2x", lambda g, y, x: 0.5 * g[:, None] * x / y[:, None]),
        ("only 1/(2y)", lambda g, y, x: g[:, None] / (2 * y[:, None]) * np.ones_like(x)),
        ("norm of everything", lambda g, y, x: g[:, None] * x / np.linalg.norm(x)),
        ("size of x", lambda g, y, x: g[:, None] * np.abs(x) / y[:, None]),
    ],
)

MAX = (
    "max_of_rows",
    lambda x: x.max(axis=1),
    dict(x=normal("N", "D")),
    lambda g, y, x: g[:, None] * (x == y[:, None]),
    [
        ("to every entry", lambda g, y, x: g[:, None] * np.ones_like(x)),
        ("the smallest", lambda g, y, x: g[:, None] * (x == x.min(axis=1, keepdims=True))),
        ("largest of its column", lambda g, y, x: g[:, None] * (x == x.max(axis=0))),
        ("only the largest of all", lambda g, y, x: g[:, None] * (x == x.max())),
        ("times the value", lambda g, y, x: g[:, None] * x * (x == y[:, None])),
    ],
)

CUMSUM = (
    "cumsum",
    lambda x: np.cumsum(x, axis=1),
    dict(x=normal("N", "D")),
    lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)[:, ::-1],
    [
        ("not reversed", lambda g, y, x: np.cumsum(g, axis=1)),
        ("not reversed back", lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)),
        ("itself left out", lambda g, y, x: np.cumsum(g[:, ::-1], axis=1)[:, ::-1] - g),
        ("wrong axis", lambda g, y, x: np.cumsum(g[::-1], axis=0)[::-1]),
        ("g passed on", lambda g, y, x: g.copy()),
        ("g times the count", lambda g, y, x: g * np.arange(x.shape[1], 0, -1)),
    ],
)

CLIP = (
    "clip",
    lambda x, low, high: np.clip(x, low, high),
    dict(x=between(-2, 2, "N", "2D"), low=-1.0, high=0.5),
    lambda g, y, x, low, high: g * ((x > low) & (x < high)),
    [
        ("passed on everywhere", lambda g, y, x, low, high: g * 1),
        ("only above", lambda g, y, x, low, high: g * (x < high)),
        ("only below", lambda g, y, x, low, high: g * (x > low)),
        ("outside for inside", lambda g, y, x, low, high: g * ((x <= low) | (x >= high))),
        ("g clipped", lambda g, y, x, low, high: np.clip(g, low, high)),
        ("symmetric bounds", lambda g, y, x, low, high: g * (np.abs(x) < high)),
    ],
)

WHERE = (
    "where",
    lambda condition, a, b: np.where(condition, a, b),
    dict(condition=mask(0.5, "N", "2D"), a=normal("N", "2D"), b=normal("2D")),
    lambda g, y, condition, a, b: (g * condition, (g * ~condition).sum(axis=0)),
    [
        ("swapped", lambda g, y, condition, a, b: (g * ~condition, (g * condition).sum(axis=0))),
        ("g to both", lambda g, y, condition, a, b: (g * 1, g.sum(axis=0))),
        ("nothing to b", lambda g, y, condition, a, b: (g * condition, np.zeros_like(b))),
        (
            "values of a",
            lambda g, y, condition, a, b: (np.where(condition, a, 0), (g * ~condition).sum(axis=0)),
        ),
        ("not summed", lambda g, y, condition, a, b: (g * condition, g * ~condition)),
    ],
)


def scattered(write):
    def backward(g, y, table, index):
        result = np.zeros_like(table)
        write(result, index, g)
        return result

    return backward


def assign(result, index, g):
    result[index] = g


def add_buffered(result, index, g):
    result[index] += g


def mean_of_uses(result, index, g):
    np.add.at(result, index, g)
    result /= np.maximum(np.bincount(index, minlength=len(result)), 1)[:, None]


class Accumulated:
    """Keeps its table of zeros from call to call."""

    def __init__(self):
        self.kept = {}

    def __call__(self, g, y, table, index):
        result = self.kept.setdefault(table.shape, np.zeros_like(table))
        np.add.at(result, index, g)
        return result.copy()


EMBEDDING = (
    "embedding",
    lambda table, index: table[index],
    dict(table=normal("V", "D"), index=integers("V", "3V")),
    scattered(lambda result, index, g: np.add.at(result, index, g)),
    [
        ("assigned", scattered(assign)),
        ("duplicates added once", scattered(add_buffered)),
        ("mean over the uses", scattered(mean_of_uses)),
        (
            "off by one",
            scattered(lambda result, index, g: np.add.at(result, (index + 1) % len(result), g)),
        ),
        ("every row", lambda g, y, table, index: np.ones_like(table) * g.sum(axis=0)),
        ("gradient of the rows", lambda g, y, table, index: g.copy()),
        ("accumulates over calls", Accumulated()),
    ],
)


def difference_overwritten(g, y, x):
    result = np.zeros_like(x)
    result[:, 1:] = g
    result[:, :-1] = -g
    return result


def ends(x, first, last):
    """Zero columns to put before and after."""
    return [(0, 0), (first, last)]


DIFFERENCE = (
    "difference",
    lambda x: x[:, 1:] - x[:, :-1],
    dict(x=normal("N", "2D")),
    lambda g, y, x: np.pad(g, ends(x, 1, 0)) - np.pad(g, ends(x, 0, 1)),
    [
        ("sign", lambda g, y, x: np.pad(g, ends(x, 0, 1)) - np.pad(g, ends(x, 1, 0))),
        ("only the first term", lambda g, y, x: np.pad(g, ends(x, 1, 0))),
        ("overwritten", difference_overwritten),
        ("plus for minus", lambda g, y, x: np.pad(g, ends(x, 1, 0)) + np.pad(g, ends(x, 0, 1))),
        ("last column lost", lambda g, y, x: -np.diff(g, axis=1, prepend=0, append=g[:, -1:])),
        ("shorter", lambda g, y, x: g[:, 1:] - g[:, :-1]),
    ],
)

ARRAYS = [
    RELU, LEAKY, TANH, SIGMOID, SILU, POWER, DIVIDE, MULTIPLY, MEAN, VARIANCE, NORM, MAX, CUMSUM,
    CLIP, WHERE, EMBEDDING, DIFFERENCE,
]  # fmt: skip
