"""What is checked in the exercises in which the checker itself is written."""

import numpy as np

from minidl.learn.exercise import Exercise, Program

TITLE = "write the gradient checker"


def drive_error(module, seed):
    """Errors of four pairs of gradients."""
    n = np.random.default_rng(seed).standard_normal((3, 4))
    tiny = n.copy()
    tiny[0, 0] = 1e-12
    off = tiny.copy()
    off[0, 0] = 3e-12
    return {
        "of n beside itself": module.relative_error(n, n),
        "of 1.01 n": round(float(module.relative_error(1.01 * n, n)), 9),
        "of a wrong entry of 1e-12": round(float(module.relative_error(off, tiny)), 6),
        "of zeros, where all is zero": module.relative_error(0 * n, 0 * n),
        "of 0.5, where all is zero": module.relative_error(0 * n + 0.5, 0 * n),
    }


ERRORS = {
    "of n beside itself": 0.0, "of 1.01 n": 0.01, "of a wrong entry of 1e-12": 0.0,
    "of zeros, where all is zero": 0.0, "of 0.5, where all is zero": 0.5,
}  # fmt: skip


def drive_checker(module, seed):
    """What the checker says of right and of wrong backwards."""
    softmax = lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True)
    matrix = np.random.default_rng(7).standard_normal((5, 4))
    right = lambda g, x: softmax(x) * (g - (g * softmax(x)).sum(axis=-1, keepdims=True))
    edge = lambda g, x: np.concatenate([(3 * g * x**2)[:-1], 0 * x[-1:]])
    cases = {
        "x^3, right": (lambda x: x**3, lambda g, x: 3 * g * x**2),
        "x^3, factor 2": (lambda x: x**3, lambda g, x: 6 * g * x**2),
        "x^3, sign": (lambda x: x**3, lambda g, x: -3 * g * x**2),
        "x^3, without g": (lambda x: x**3, lambda g, x: 3 * x**2),
        "x^3, last row missing": (lambda x: x**3, edge),
        "x^3, 1% too large": (lambda x: x**3, lambda g, x: 3.03 * g * x**2),
        "softmax, right": (softmax, right),
        "softmax, zeros": (softmax, lambda g, x: 0 * x),
        "softmax, diagonal": (softmax, lambda g, x: g * softmax(x) * (1 - softmax(x))),
        "matrix, right": (lambda x: x @ matrix.T, lambda g, x: g @ matrix),
        "matrix, transposed": (lambda x: x @ matrix.T, lambda g, x: (g @ matrix).T),
        "a number, right": (lambda x: np.sum(x**2), lambda g, x: 2 * g * x),
    }
    found = {}
    for name, (f, backward) in cases.items():
        rng = np.random.default_rng([seed, len(found)])
        x = rng.standard_normal((3, 4))
        found[name] = int(bool(module.is_right(f, backward, x, rng)))
    return found


VERDICTS = {
    "x^3, right": 1, "x^3, factor 2": 0, "x^3, sign": 0, "x^3, without g": 0,
    "x^3, last row missing": 0, "x^3, 1% too large": 0, "softmax, right": 1, "softmax, zeros": 0,
    "softmax, diagonal": 0, "matrix, right": 1, "matrix, transposed": 0, "a number, right": 1,
}  # fmt: skip

EXERCISES = [
    Exercise(
        "relative_error", "when are two gradients equal?", points=1, page="finite differences",
        hints=(
            "One number for the whole array, not one an entry.",
            "The largest absolute difference over the largest absolute n.",
            "If the largest n is 0, do not divide.",
        ),
        checks=(
            Program("relative_error", drive_error, lambda seed: ERRORS, (
                ("entry-by-entry", "each entry is divided by itself: tiny entries look wrong",
                 lambda seed: {"of a wrong entry of 1e-12": 2.0}),
                ("absolute", "nothing is divided: gradients of 1e-3 would always look right",
                 lambda seed: {"of 1.01 n": _largest(seed)}),
            )),
        ),
    ),
    Exercise(
        "check_gradient", "write the gradient checker", points=5, page="finite differences", fast=True,
        hints=(
            "All three parts are exercises of the first track: a random g, slopes entry by entry, a "
            "relative error.",
            "What is differentiated is the number sum(g * f(x)), once for each entry of x.",
            "Compare shapes before values: a (4, 3) and a (3, 4) may broadcast, or raise.",
        ),
        checks=(
            Program("is_right", drive_checker, lambda seed: VERDICTS, (
                ("always-true", "it never says no",
                 lambda seed: {name: 1 for name in VERDICTS}),
                ("upstream-ones", "g is made of ones: then a backward that ignores g passes",
                 lambda seed: {"x^3, without g": 1}),
                ("always-false", "it never says yes: is the tolerance met by a central difference?",
                 lambda seed: {name: 0 for name in VERDICTS}),
                ("too-lenient", "an error of 1% passes", lambda seed: {"x^3, 1% too large": 1}),
            )),
        ),
    ),
]  # fmt: skip


def _largest(seed):
    """What |a - n| is for a = 1.01 n, as the driver rounds it."""
    n = np.random.default_rng(seed).standard_normal((3, 4))
    return round(float(np.max(np.abs(1.01 * n - n))), 9)
