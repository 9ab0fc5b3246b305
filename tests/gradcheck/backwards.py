"""Functions on arrays, each with its right backward and with wrong ones, and how those are known.

The codes stand beside the wrong backward that they name.
"""

import dataclasses

import numpy as np

from minidl.gradcheck.draws import between, integers, normal, one_hot, probabilities


@dataclasses.dataclass
class Case:
    """wrong: (expected code, wrong backward)."""

    name: str
    forward: object
    samples: dict
    right: object
    wrong: list


CASES: list[Case] = []


def case(name, forward, samples, right, *wrong):
    CASES.append(Case(name, forward, samples, right, list(wrong)))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


case(
    "tanh", np.tanh, {"x": normal("N", "D")},
    lambda g, y, x: g * (1 - y * y),
    ("sign", lambda g, y, x: g * (y * y - 1)),
    ("mixed-up", lambda g, y, x: g * (1 - x * x)),
    ("local-missing", lambda g, y, x: g),
    ("ignores-upstream", lambda g, y, x: y),
    ("ignores-upstream", lambda g, y, x: 1 - y * y),
    ("missing-factor", lambda g, y, x: g * (1 - y)),
    ("constant-factor", lambda g, y, x: 2 * g * (1 - y * y)),
    ("upstream-squared", lambda g, y, x: g * g * (1 - y * y)),
    ("upstream-absolute", lambda g, y, x: np.abs(g) * (1 - y * y)),
    ("upstream-normalised", lambda g, y, x: np.sign(g) * (1 - y * y)),
    ("size-factor", lambda g, y, x: g * (1 - y * y) / len(x)),
    ("root-size-factor", lambda g, y, x: g * (1 - y * y) / np.sqrt(x.shape[1])),
    ("size-factor", lambda g, y, x: g * (1 - y * y) / x.size),
    ("none", lambda g, y, x: None),
    ("transposed", lambda g, y, x: (g * (1 - y * y)).T),
    ("reshaped", lambda g, y, x: (g * (1 - y * y)).ravel()),
    ("dtype", lambda g, y, x: (g * (1 - y * y)).astype(np.float32)),
    ("extra-term", lambda g, y, x: g * (1 - y * y) + 0.01 * x),
    ("zeros", lambda g, y, x: np.zeros_like(x)),
    ("edge", lambda g, y, x: np.concatenate([(g * (1 - y * y))[:-1], np.zeros((1, x.shape[1]))])),
    ("function-of-it", lambda g, y, x: np.clip(g * (1 - y * y), -1, 1)),
)  # fmt: skip

case(
    "relu", lambda x: np.maximum(x, 0), {"x": normal("N", "D")},
    lambda g, y, x: g * (x > 0),
    ("sign-part", lambda g, y, x: g * np.where(x > 0, 1, 0.01)),
    ("wrong-formula", lambda g, y, x: g * x),
    ("wrong-formula", lambda g, y, x: g * np.maximum(x, 0)),
    ("local-missing", lambda g, y, x: g),
    ("sign-part", lambda g, y, x: g * np.sign(x)),
)  # fmt: skip

case(
    "multiply, broadcast", lambda a, b: a * b, {"a": normal("N", "D"), "b": normal(1, "D")},
    lambda g, y, a, b: (g * b, (g * a).sum(axis=0, keepdims=True)),
    ("missing-unbroadcast", lambda g, y, a, b: (g * b, g * a)),
    ("squeezed-dimension", lambda g, y, a, b: (g * b, (g * a).sum(axis=0))),
    ("size-factor", lambda g, y, a, b: (g * b, (g * a).mean(axis=0, keepdims=True))),
    ("wrong-formula", lambda g, y, a, b: (g * a, (g * b).sum(axis=0, keepdims=True))),
    ("count", lambda g, y, a, b: g * b),
    ("none", lambda g, y, a, b: (g * b, None)),
)  # fmt: skip

case(
    "subtract", lambda a, b: a - b, {"a": normal("N", "D"), "b": normal("N", "D")},
    lambda g, y, a, b: (g, -g),
    ("sign", lambda g, y, a, b: (g, g)),
    ("sign", lambda g, y, a, b: (-g, g)),
)  # fmt: skip

case(
    "divide", lambda a, b: a / b, {"a": normal("N", "D"), "b": between(0.5, 2, "N", "D")},
    lambda g, y, a, b: (g / b, -g * y / b),
    ("sign", lambda g, y, a, b: (g / b, g * a / b**2)),
    ("wrong-formula", lambda g, y, a, b: (g / b, -g * a / b)),
    ("swapped", lambda g, y, a, b: (-g * y / b, g / b)),
)  # fmt: skip

case(
    "matmul", lambda a, b: a @ b, {"a": normal("N", "D"), "b": normal("D", "K")},
    lambda g, y, a, b: (g @ b.T, a.T @ g),
    ("raised", lambda g, y, a, b: (g @ b, a.T @ g)),
    ("transposed", lambda g, y, a, b: (g @ b.T, g.T @ a)),
    ("size-factor", lambda g, y, a, b: (g @ b.T, a.T @ g / len(a))),
    ("count", lambda g, y, a, b: a.T @ g),
)  # fmt: skip

case(
    "sum over rows", lambda x: x.sum(axis=0), {"x": normal("N", "D")},
    lambda g, y, x: np.broadcast_to(g, x.shape),
    ("wrong-shape", lambda g, y, x: g.sum()),
    ("not-broadcast", lambda g, y, x: g),
    ("size-factor", lambda g, y, x: np.broadcast_to(g / len(x), x.shape)),
)  # fmt: skip

case(
    "mean", lambda x: x.mean(), {"x": normal("N", "D")},
    lambda g, y, x: np.full(x.shape, g / x.size),
    ("size-factor", lambda g, y, x: np.full(x.shape, g)),
    ("size-factor", lambda g, y, x: np.full(x.shape, g / len(x))),
    ("not-broadcast", lambda g, y, x: g / x.size),
)  # fmt: skip

case(
    "variance", lambda x: x.var(axis=0, ddof=1), {"x": normal("N", "D")},
    lambda g, y, x: 2 * g * (x - x.mean(axis=0)) / (len(x) - 1),
    ("size-factor", lambda g, y, x: 2 * g * (x - x.mean(axis=0)) / len(x)),
    ("wrong-formula", lambda g, y, x: 2 * g * x / (len(x) - 1)),
    ("constant-factor", lambda g, y, x: g * (x - x.mean(axis=0)) / (len(x) - 1)),
)  # fmt: skip

case(
    "softmax", softmax, {"x": normal("N", "K")},
    lambda g, y, x: y * (g - (g * y).sum(axis=-1, keepdims=True)),
    ("diagonal-only", lambda g, y, x: g * y * (1 - y)),
    ("mixed-up", lambda g, y, x: x * (g - (g * x).sum(axis=-1, keepdims=True))),
    ("wrong-formula", lambda g, y, x: g * y),
    ("sign", lambda g, y, x: y * ((g * y).sum(axis=-1, keepdims=True) - g)),
)  # fmt: skip

case(
    "cross-entropy", lambda x, t: -(t * np.log(softmax(x))).sum() / len(x),
    {"x": normal("N", "K"), "t": one_hot("N", "K")},
    lambda g, y, x, t: (
        g * (softmax(x) - t) / len(x), -g * np.log(softmax(x)) / len(x)
    ),
    ("size-factor", lambda g, y, x, t: (g * (softmax(x) - t), -g * np.log(softmax(x)) / len(x))),
    ("sign", lambda g, y, x, t: (g * (t - softmax(x)) / len(x), -g * np.log(softmax(x)) / len(x))),
)  # fmt: skip

case(
    "take", lambda x, i: x[i], {"x": normal("N", "D"), "i": integers("N", "K")},
    lambda g, y, x, i: np.stack([g[i == n].sum(axis=0) for n in range(len(x))]),
    ("duplicates", lambda g, y, x, i: _scatter(g, x, i)),
)  # fmt: skip


def _scatter(g, x, i):
    gradient = np.zeros_like(x)
    gradient[i] += g
    return gradient


case(
    "clip", lambda x, low, high: np.clip(x, low, high),
    {"x": normal("N", "D"), "low": -0.5, "high": 0.5},
    lambda g, y, x, low, high: g * ((x > low) & (x < high)),
    ("bounds", lambda g, y, x, low, high: g * (x < high)),
    ("bounds", lambda g, y, x, low, high: g * (x > low)),
    ("local-missing", lambda g, y, x, low, high: g),
)  # fmt: skip

case(
    "log", np.log, {"x": between(0.5, 2, "N")},
    lambda g, y, x: g / x,
    ("wrong-formula", lambda g, y, x: g * x),
    ("wrong-formula", lambda g, y, x: g * y),
    ("missing-factor", lambda g, y, x: g / x**2),
)  # fmt: skip

case(
    "linear layer", lambda x, w, b: x @ w.T + b,
    {"x": normal("N", "D"), "w": normal("K", "D"), "b": normal("K")},
    lambda g, y, x, w, b: (g @ w, g.T @ x, g.sum(axis=0)),
    ("transposed", lambda g, y, x, w, b: (g @ w, x.T @ g, g.sum(axis=0))),
    ("missing-unbroadcast", lambda g, y, x, w, b: (g @ w, g.T @ x, g)),
    ("size-factor", lambda g, y, x, w, b: (g @ w, g.T @ x, g.mean(axis=0))),
    ("kept-dimension", lambda g, y, x, w, b: (g @ w, g.T @ x, g.sum(axis=0, keepdims=True))),
    ("extra-term", lambda g, y, x, w, b: (g @ w, g.T @ x + 0.1 * w, g.sum(axis=0))),
)  # fmt: skip

case(
    "maximum", np.maximum, {"a": normal("N", "D"), "b": normal("N", "D")},
    lambda g, y, a, b: (g * (a > b), g * (b > a)),
    ("swapped", lambda g, y, a, b: (g * (b > a), g * (a > b))),
    ("local-missing", lambda g, y, a, b: (g, g * (b > a))),
)  # fmt: skip

case(
    "squared error", lambda x, t: np.mean((x - t) ** 2), {"x": normal("N"), "t": normal("N")},
    lambda g, y, x, t: (2 * g * (x - t) / len(x), -2 * g * (x - t) / len(x)),
    ("constant-factor", lambda g, y, x, t: (g * (x - t) / len(x), -2 * g * (x - t) / len(x))),
    ("sign", lambda g, y, x, t: (2 * g * (x - t) / len(x), 2 * g * (x - t) / len(x))),
    ("size-factor", lambda g, y, x, t: (2 * g * (x - t), -2 * g * (x - t) / len(x))),
)  # fmt: skip

case(
    "entropy", lambda p: -(p * np.log(p)).sum(axis=1), {"p": probabilities("N", "K")},
    lambda g, y, p: -g[:, None] * (np.log(p) + 1),
    ("sign", lambda g, y, p: g[:, None] * (np.log(p) + 1)),
    ("path-missing", lambda g, y, p: -g[:, None] * np.log(p)),
)  # fmt: skip

case(
    "flip and difference", lambda x: np.diff(x), {"x": normal("N")},
    lambda g, y, x: np.concatenate([[0], g]) - np.concatenate([g, [0]]),
    ("sign", lambda g, y, x: np.concatenate([g, [0]]) - np.concatenate([[0], g])),
    ("edge", lambda g, y, x: np.concatenate([[0], g[:-1] - g[1:], g[-1:]])),
)  # fmt: skip

case(
    "sum and product", lambda a, b: (a + b, a * b), {"a": normal("N"), "b": normal("N")},
    lambda g, y, a, b: (g[0] + g[1] * b, g[0] + g[1] * a),
    ("swapped", lambda g, y, a, b: (g[0] + g[1] * a, g[0] + g[1] * b)),
    ("sign", lambda g, y, a, b: (-g[0] - g[1] * b, g[0] + g[1] * a)),
)  # fmt: skip
