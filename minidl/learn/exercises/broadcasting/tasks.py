"""What is checked in the exercises on broadcasting, reductions and indexing."""

import numpy as np

from minidl.gradcheck.draws import integers, normal
from minidl.learn.exercise import Exercise, Gradient, Program, wrong

TITLE = "broadcasting, reductions, indexing"
SHAPES = ((3, 4), (4,), (1, 4), (3, 1), (1, 1), ())


def drive_unbroadcast(module, seed):
    """unbroadcast of one g for several shapes."""
    g = np.random.default_rng(seed).standard_normal((3, 4))
    shapes = ((3, 4), (4,), (1, 4), (3, 1), (1, 1), ())
    return {f"to {shape}": module.unbroadcast(g.copy(), shape) for shape in shapes}


def unbroadcast_by(reduce):
    """What each shape gets if the stretched axes are reduced by `reduce`."""

    def expected(seed):
        g = np.random.default_rng(seed).standard_normal((3, 4))
        axes = {(3, 4): (), (4,): (0,), (1, 4): (0,), (3, 1): (1,), (1, 1): (0, 1), (): (0, 1)}
        return {f"to {shape}": reduce(g, axes[shape]).reshape(shape) for shape in SHAPES}

    return expected


def first_row(g, axes):
    """The first copy alone."""
    return g[tuple(slice(1) if axis in axes else slice(None) for axis in range(g.ndim))]


def standardise(x, w, eps):
    return w * (x - x.mean(axis=0)) / np.sqrt(x.var(axis=0) + eps)


def standardise_wrong(g, y, x, w, eps, of_mean=True, of_variance=True):
    """The gradient without the part through the mean, or through the variance."""
    scale = 1 / np.sqrt(x.var(axis=0) + eps)
    normal_x, gn = (x - x.mean(axis=0)) * scale, g * w
    dx = gn - gn.mean(axis=0) * of_mean - normal_x * (gn * normal_x).mean(axis=0) * of_variance
    return scale * dx, (g * normal_x).sum(axis=0)


def assigned(g, x, i):
    dx = np.zeros_like(x)
    dx[i] = g
    return dx


EXERCISES = [
    Exercise(
        "unbroadcast", "undo a broadcast", points=3, page="row `minibatch-layout`",
        hints=(
            "Each entry of the small array was used several times. What does the sum rule say about "
            "the gradient of something that is used several times?",
            "Two kinds of axes were stretched: those that the small shape lacks (they stand in "
            "front), and those where it has length 1. Both are summed; the second kind stays.",
            "First sum over the first g.ndim - len(shape) axes. Then, among those that are left, sum "
            "with keepdims=True over those where the shape says 1.",
        ),
        checks=(
            Program("unbroadcast", drive_unbroadcast, unbroadcast_by(lambda g, a: g.sum(axis=a)), (
                ("mean-for-sum", "the mean is taken where the sum belongs",
                 unbroadcast_by(lambda g, a: g.mean(axis=a) if a else g)),
                ("first-copy", "only the first copy's gradient is kept", unbroadcast_by(first_row)),
            )),
        ),
    ),
    Exercise(
        "multiply", "the gradient of a product, broadcast", points=2, page="row `mse-jacobian-grad`",
        hints=(
            "If b had the shape of a, what were the two gradients?",
            "b has one row, and it multiplies N rows of a: its gradient is a sum over N, with the "
            "axis kept.",
            "dL/da has a's shape already. For dL/db, sum g * a over axis 0 and keep the dimension.",
        ),
        checks=(
            Gradient("multiply_backward", lambda a, b: a * b,
                     {"a": normal("N", "D"), "b": normal(1, "D")}, (
                wrong("not-summed", "the broadcast of b is not undone",
                      lambda g, y, a, b: (g * b, g * a)),
                wrong("mean-for-sum", "the mean over the rows is taken for their sum",
                      lambda g, y, a, b: (g * b, (g * a).mean(axis=0, keepdims=True))),
                wrong("factors-swapped", "each factor gets its own value and not the other's",
                      lambda g, y, a, b: (g * a, (g * b).sum(axis=0, keepdims=True))),
            )),
        ),
    ),
    Exercise(
        "mean", "the gradient of a mean", points=2, page="row `mse-jacobian-grad`",
        hints=(
            "By how much does y_d grow if a single x_nd grows by 1?",
            "Every entry of column d gets g_d / N: a row of D numbers, repeated N times.",
            "np.broadcast_to repeats a row; or add zeros of the right shape.",
        ),
        checks=(
            Gradient("mean_backward", lambda x: x.mean(axis=0), {"x": normal("N", "D")}, (
                wrong("sum-for-mean", "the 1/N is forgotten",
                      lambda g, y, x: np.broadcast_to(g, x.shape)),
                wrong("divided-by-all", "it is divided by the number of all entries, N D",
                      lambda g, y, x: np.broadcast_to(g / x.size, x.shape)),
                wrong("not-repeated", "the row is not repeated for every entry of the column",
                      lambda g, y, x: g / len(x)),
            )),
        ),
    ),
    Exercise(
        "maximum", "the gradient of a maximum", points=2, page="row `convex-polytope`",
        hints=(
            "If an entry that is not the largest moves a little, what happens to the maximum?",
            "Make a mask that is True at the largest entry of each row, and give g there. g has one "
            "entry a row: it needs a second axis to be multiplied by a mask (N, D).",
            "Compare x with its own row maximum, kept as a column; multiply by g as a column.",
        ),
        checks=(
            Gradient("max_backward", lambda x: x.max(axis=1), {"x": normal("N", "D")}, (
                wrong("to-everyone", "every entry of a row gets the gradient",
                      lambda g, y, x: np.broadcast_to(g[:, None], x.shape)),
                wrong("of-columns", "the largest entry of each column is taken, not of each row",
                      lambda g, y, x: g[:, None] * (x == x.max(axis=0))),
                wrong("of-all", "the largest of all entries is taken, not of each row",
                      lambda g, y, x: g[:, None] * (x == x.max())),
            )),
        ),
    ),
    Exercise(
        "take", "the gradient of indexing", points=3, page="row `skip-gram`",
        hints=(
            "A row that is looked up twice has two copies in y. What is its gradient?",
            "Begin with zeros of the shape of x, and add each g[k] to row i[k], one after the other.",
            "A loop over k would do. In one call: np.add.at, which adds repeated indices again.",
        ),
        checks=(
            Gradient("take_backward", lambda x, i: x[i],
                     {"x": normal("V", "D"), "i": integers("V", "2V")}, (
                wrong("one-of-them", "of equal indices only the last adds something (`dx[i] += g`)",
                      lambda g, y, x, i: assigned(g, x, i)),
                wrong("taken-again", "g is looked up like x, and not put back",
                      lambda g, y, x, i: g[: len(x)]),
            )),
        ),
    ),
    Exercise(
        "variance", "standardise a column", points=4, page="row `batchnorm`", fast=True,
        hints=(
            "Name the steps: m, then c = x - m, then v, then s = 1 / sqrt(v + eps), then y = w c s. "
            "Write the gradient of each, last step first.",
            "With n = c s and h = g w, the answer is s times (h minus its mean over the rows, minus "
            "n times the mean of h n over the rows).",
            "The three terms are the ways on which x acts: directly, through m, and through v. The "
            "gradient of w is a sum over the rows of g times the standardised x.",
        ),
        checks=(
            Gradient("standardise_backward", standardise,
                     {"x": normal("N", "D"), "w": normal("D"), "eps": 1e-3}, (
                wrong("mean-is-constant", "the mean is treated as a constant",
                      lambda g, y, x, w, eps: standardise_wrong(g, y, x, w, eps, of_mean=False)),
                wrong("variance-is-constant", "the variance is treated as a constant",
                      lambda g, y, x, w, eps: standardise_wrong(g, y, x, w, eps, of_variance=False)),
                wrong("both-constant", "mean and variance are treated as constants",
                      lambda g, y, x, w, eps: standardise_wrong(g, y, x, w, eps, False, False)),
                wrong("weight-not-summed", "the gradient of w is not summed over the rows",
                      lambda g, y, x, w, eps: (standardise_wrong(g, y, x, w, eps)[0],
                                               g * y / w)),
            )),
        ),
    ),
]  # fmt: skip
