"""What is checked in the exercises on finite differences."""

import numpy as np

from minidl.gradcheck.draws import between
from minidl.learn.exercise import Exercise, Program, Value, wrong

TITLE = "finite differences: the measure of all gradients"


def drive_slope(module, seed):
    """Slopes of two functions at several points, with a coarse step that shows the formula."""
    x = np.random.default_rng(seed).uniform(0.5, 2.0, 4)
    return {
        "of x^3": np.array([module.slope(lambda t: t**3, t, 0.1) for t in x]),
        "of exp": np.array([module.slope(np.exp, t, 0.1) for t in x]),
    }


def slopes_by(rule):
    def expected(seed):
        x = np.random.default_rng(seed).uniform(0.5, 2.0, 4)
        return {"of x^3": rule(lambda t: t**3, x, 0.1), "of exp": rule(np.exp, x, 0.1)}

    return expected


def drive_gradient(module, seed):
    """The gradient of sum(w x^3) for arrays of three shapes, and whether x was kept."""
    rng, found = np.random.default_rng(seed), {}
    for shape in ((4,), (2, 3), ()):
        x, w = rng.standard_normal(shape), rng.standard_normal(shape)
        before = x.copy()
        f = lambda z, w=w: float(np.sum(w * z**3))
        found[f"gradient, x of shape {shape}"] = module.numeric_gradient(f, x, 1e-5)
        found[f"x of shape {shape} afterwards"] = x - before
    return found


def gradients_by(rule, kept=True):
    def expected(seed):
        rng, found = np.random.default_rng(seed), {}
        for shape in ((4,), (2, 3), ()):
            x, w = rng.standard_normal(shape), rng.standard_normal(shape)
            found[f"gradient, x of shape {shape}"] = rule(x, w)
            if kept:
                found[f"x of shape {shape} afterwards"] = 0 * x
        return found

    return expected


def drive_product(module, seed):
    """The disagreement for a right backward, and for one that is wrong by a factor 1.5."""
    x = np.random.default_rng(seed).standard_normal((3, 4))
    right, wrong = lambda g, x: 3 * g * x**2, lambda g, x: 4.5 * g * x**2
    call = lambda b: module.disagreement(lambda x: x**3, b, x, np.random.default_rng(seed), 1e-5)
    return {"for a right backward": round(float(call(right)), 6), "for a wrong one": call(wrong)}


def products_by(rule):
    def expected(seed):
        x, rng = np.random.default_rng(seed).standard_normal((3, 4)), np.random.default_rng(seed)
        g, u = rng.standard_normal((3, 4)), rng.standard_normal((3, 4))
        return {"for a wrong one": abs(rule(1.5 * g * x**2, u))}

    return expected


EXERCISES = [
    Exercise(
        "central", "the central difference", points=1, page="finite differences",
        hints=(
            "How far are the two points from each other?",
            "The rise from x - h to x + h, divided by the distance between them.",
            "The distance is 2h. Mind the brackets: a / 2 * h is a h / 2.",
        ),
        checks=(
            Program("slope", drive_slope, slopes_by(lambda f, x, h: (f(x + h) - f(x - h)) / (2 * h)), (
                ("forward-difference", "only one side is used: that is the forward difference",
                 slopes_by(lambda f, x, h: (f(x + h) - f(x)) / h)),
                ("backward-difference", "only the left side is used",
                 slopes_by(lambda f, x, h: (f(x) - f(x - h)) / h)),
                ("missing-2", "it is divided by h, and the points are 2h apart",
                 slopes_by(lambda f, x, h: (f(x + h) - f(x - h)) / h)),
                ("brackets", "`/ 2 * h` is computed from left to right, as (... / 2) * h",
                 slopes_by(lambda f, x, h: (f(x + h) - f(x - h)) / 2 * h)),
            )),
        ),
    ),
    Exercise(
        "gradient", "the gradient of any function, measured", points=2, page="finite differences",
        hints=(
            "np.ndindex(x.shape) goes through all indices, of whatever shape, () included.",
            "For each index make two copies of x, or a step that is zero but for that entry.",
            "Do not write to x: x[index] += h changes the array of whoever called you, and x -= h "
            "does not bring back the same bits.",
        ),
        checks=(
            Program("numeric_gradient", drive_gradient, gradients_by(lambda x, w: 3 * w * x**2), (
                ("all-at-once", "all entries are moved at once: that is the sum of the slopes",
                 gradients_by(lambda x, w: np.full(x.shape, np.sum(3 * w * x**2)), kept=False)),
                ("missing-2", "it is divided by h, and the points are 2h apart",
                 gradients_by(lambda x, w: 6 * w * x**2, kept=False)),
            ), rtol=1e-5),
        ),
    ),
    Exercise(
        "step", "the best step", points=2, page="finite differences",
        hints=(
            "Differentiate A h^2 + B / h by h. Where is it zero?",
            "With A = f3 / 6 and B = eps f: 2 A h = B / h^2.",
            "h^3 = B / 2A. In float64, where |f| and |f'''| are about 1, that is near 1e-5.",
        ),
        checks=(
            Value("error", lambda h, eps, f, f3: f3 * h**2 / 6 + eps * f / h,
                  {"h": between(1e-6, 1e-3), "eps": 2.2e-16, "f": between(0.5, 2), "f3": between(0.5, 2)}, (
                wrong("truncation-only", "rounding is left out",
                      lambda h, eps, f, f3: f3 * h**2 / 6),
                wrong("first-order", "the truncation of the forward difference is taken, O(h)",
                      lambda h, eps, f, f3: f3 * h / 2 + eps * f / h),
            )),
            Value("best_step", lambda eps, f, f3: (3 * eps * f / f3) ** (1 / 3),
                  {"eps": 2.2e-16, "f": between(0.5, 2), "f3": between(0.5, 2)}, (
                wrong("square-root", "the root is the square root, which is best for the forward "
                      "difference", lambda eps, f, f3: (3 * eps * f / f3) ** 0.5),
                wrong("factor-3", "the 3 of the derivative is lost",
                      lambda eps, f, f3: (eps * f / f3) ** (1 / 3)),
            )),
        ),
    ),
    Exercise(
        "product", "a whole backward checked along one direction", points=3,
        page="finite differences", fast=True,
        hints=(
            "The order of the draws is part of the task: g first, in the shape of y.",
            "Left: one call of backward, times u, summed. Right: g times a central difference of f "
            "along u, summed.",
            "Return the absolute difference of the two numbers.",
        ),
        checks=(
            Program("disagreement", drive_product,
                    lambda seed: {"for a right backward": 0.0,
                                  **products_by(lambda d, u: np.sum(d * u))(seed)}, (
                ("not-along-u", "the gradient is summed without the direction u",
                 lambda seed: {"for a wrong one": _without_u(seed)}),
                ("signed", "the sign is kept: a disagreement of -1 would pass as small",
                 lambda seed: {"for a wrong one": _signed(seed)}),
            ), rtol=1e-5),
        ),
    ),
]  # fmt: skip


def _draws(seed):
    x, rng = np.random.default_rng(seed).standard_normal((3, 4)), np.random.default_rng(seed)
    return x, rng.standard_normal((3, 4)), rng.standard_normal((3, 4))


def _without_u(seed):
    x, g, u = _draws(seed)
    return abs(np.sum(4.5 * g * x**2) - np.sum(3 * g * x**2 * u))


def _signed(seed):
    x, g, u = _draws(seed)
    return -abs(np.sum(1.5 * g * x**2 * u))
