"""What is checked in the exercises in which a bug is to be found."""

import numpy as np

from minidl.gradcheck.draws import normal
from minidl.learn.exercise import Exercise, Gradient, Program, wrong

TITLE = "a given backward is wrong: in which line?"


def drive_line(module, seed):
    """The number that the student names."""
    return {"the wrong line": module.wrong_line()}


def line(number, *excuses):
    """The check of the line; excuses: (another line, why it is right)."""
    known = tuple(
        (f"line-{other}", why, lambda seed, other=other: {"the wrong line": other})
        for other, why in excuses
    )
    return Program("wrong_line", drive_line, lambda seed: {"the wrong line": number}, known)


def two_layers(x, w, v):
    return np.tanh(x @ w) @ v


def two_layers_gradients(g, x, w, v, slope):
    h = np.tanh(x @ w)
    da = (g @ v.T) * slope(h)
    return da @ w.T, x.T @ da, h.T @ g


def normalise(x, eps):
    return (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


def normalise_gradient(g, x, eps, n, centre=True):
    c = x - x.mean(axis=0)
    s = 1 / np.sqrt((c**2).mean(axis=0) + eps)
    dv = -0.5 * s**3 * (g * c).sum(axis=0)
    dc = g * s + 2 * c * dv / n
    return dc - dc.mean(axis=0) if centre else dc


def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def attend(q, x):
    return softmax(q @ x.T) @ x


def attend_gradients(g, q, x, keys=1, values=1):
    a, da = softmax(q @ x.T), g @ x.T
    ds = a * (da - (da * a).sum(axis=1, keepdims=True))
    return ds @ x, keys * ds.T @ q + values * a.T @ g


EXERCISES = [
    Exercise(
        "bug_linear", "find the bug: two layers", points=2, page="row `tanh`",
        hints=(
            "dL/dv is right, and it is computed from h. So the error comes after h, on the way to x "
            "and w.",
            "Both dL/dx and dL/dw use da. What is the slope of tanh, written with its value?",
            "It is 1 minus the SQUARE of the value.",
        ),
        checks=(
            line(4, (3, "line 3 is suspected: but a matrix product's gradient is g times the other "
                     "factor transposed"), (5, "line 5 is suspected: but it is right if da is")),
            Gradient("two_layers_backward", two_layers,
                     {"x": normal("N", "D"), "w": normal("D", "H"), "v": normal("H", "K")}, (
                wrong("as-given", "the line is left as it was",
                      lambda g, y, x, w, v: two_layers_gradients(g, x, w, v, lambda h: 1 - h)),
                wrong("as-sigmoid", "the slope of a sigmoid is taken, h (1 - h)",
                      lambda g, y, x, w, v: two_layers_gradients(g, x, w, v, lambda h: h * (1 - h))),
            ), weight=2),
        ),
    ),
    Exercise(
        "bug_norm", "find the bug: batch normalisation", points=3, page="row `batchnorm`",
        hints=(
            "Something that is small when N is large: look for what contains N.",
            "Which variance does the forward pass divide by, that of N or of N - 1?",
            "v is the mean of c^2: its gradient is divided by N, not by N - 1.",
        ),
        checks=(
            line(5, (4, "line 4 is suspected: but d(v + eps)^(-1/2) = -1/2 (v + eps)^(-3/2) dv"),
                 (6, "line 6 is suspected: but taking the mean away is its own gradient")),
            Gradient("normalise_backward", normalise, {"x": normal("N", "D"), "eps": 1e-3}, (
                wrong("as-given", "the line is left as it was",
                      lambda g, y, x, eps: normalise_gradient(g, x, eps, len(x) - 1)),
                wrong("mean-forgotten", "the last line no longer takes the mean away",
                      lambda g, y, x, eps: normalise_gradient(g, x, eps, len(x), centre=False)),
            ), weight=2),
        ),
    ),
    Exercise(
        "bug_attention", "find the bug: attention", points=3, page="row `attention`", fast=True,
        hints=(
            "In how many places does x stand in the forward pass?",
            "x is key, in S, and value, in Y. Two ways, two gradients, and they add up.",
            "Through the values comes a^T g: line 7 has the keys' part only.",
        ),
        checks=(
            line(7, (5, "line 5 is suspected: but dL/dq, which is made of it, is right"),
                 (4, "line 4 is suspected: but dL/dq, which is made of it, is right")),
            Gradient("attend_backward", attend, {"q": normal("T", "D"), "x": normal("S", "D")}, (
                wrong("as-given", "the line is left as it was: x counts as key alone",
                      lambda g, y, q, x: attend_gradients(g, q, x, values=0)),
                wrong("values-only", "x counts as value alone",
                      lambda g, y, q, x: attend_gradients(g, q, x, keys=0)),
            ), weight=2),
        ),
    ),
]  # fmt: skip
