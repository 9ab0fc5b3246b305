"""What is checked in the exercises on activations."""

import numpy as np

from minidl.gradcheck.draws import integers, normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "activations, softmax, cross-entropy"


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def cross_entropy(x, t):
    shifted = x - x.max(axis=1, keepdims=True)
    log_sum = np.log(np.exp(shifted).sum(axis=1))
    return np.mean(log_sum - shifted[np.arange(len(x)), t])


def one_hot(x, t):
    return np.eye(x.shape[1])[t]


def gelu(x):
    return x / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def gelu_parts(x):
    """tanh u, and du/dx."""
    c, a = np.sqrt(2 / np.pi), 0.044715
    return np.tanh(c * (x + a * x**3)), c * (1 + 3 * a * x**2)


def large(*dims):
    """Numbers up to some thousands, of either sign."""
    return lambda rng, sizes: 1500.0 * rng.standard_normal(sizes.shape(dims))


EXERCISES = [
    Exercise(
        "relu", "ReLU and its gradient", points=2, page="row `relu`",
        hints=(
            "Each output depends on one input alone. What is the slope of max(x, 0) left and right "
            "of 0?",
            "dL/dx = g * (1 where x > 0, 0 elsewhere). A comparison gives an array of booleans, "
            "which multiplies like 0 and 1.",
            "relu: np.maximum of two things. relu_backward: the incoming gradient times a mask "
            "made from x.",
        ),
        checks=(
            Value("relu", relu, {"x": normal("N", "D")}, (
                wrong("absolute", "the absolute value is taken", np.abs),
                wrong("minimum", "the minimum is taken", lambda x: np.minimum(x, 0)),
            )),
            Gradient("relu_backward", relu, {"x": normal("N", "D")}, (
                wrong("value-for-slope", "the slope is taken to be x where it is 1",
                      lambda g, y, x: g * y),
                wrong("passes-everything", "nothing is stopped where x < 0", lambda g, y, x: g),
                wrong("sign-for-step", "sign(x), which is -1 for negative x, stands for the slope",
                      lambda g, y, x: g * np.sign(x)),
            ), weight=3),
        ),
    ),
    Exercise(
        "sigmoid", "the logistic function", points=2, page="row `sigmoid-logistic`",
        hints=(
            "The gradient can be written with y alone, which backward is given.",
            "np.where computes both of its branches: an overflow in the branch that is not taken "
            "still warns. Which exponential never overflows?",
            "With s = e^-|x|: the value is 1 / (1 + s) for x >= 0, and s / (1 + s) for x < 0.",
        ),
        checks=(
            Value("sigmoid", sigmoid, {"x": large("N")}, (
                wrong("of-minus-x", "the sign of x is lost: that is sigmoid(-x)",
                      lambda x: sigmoid(-x)),
            )),
            Value("sigmoid", sigmoid, {"x": normal("N")}, (
                wrong("tanh", "tanh is computed, which goes from -1 to 1", np.tanh),
            )),
            Gradient("sigmoid_backward", sigmoid, {"x": normal("N")}, (
                wrong("input-for-output", "x (1 - x) is taken: y stands in the formula",
                      lambda g, y, x: g * x * (1 - x)),
                wrong("of-the-output", "the sigmoid is applied a second time, to y",
                      lambda g, y, x: g * sigmoid(y) * (1 - sigmoid(y))),
                wrong("as-tanh", "1 - y^2 is the slope of tanh", lambda g, y, x: g * (1 - y**2)),
            ), weight=2),
        ),
    ),
    Exercise(
        "gelu", "GELU: a product rule and a chain rule", points=3, page="row `phi-variants`",
        hints=(
            "Let t = tanh(u). Then y = x/2 (1 + t), and both factors depend on x.",
            "Product rule: (1 + t)/2 + x/2 dt/dx. Chain rule: dt/dx = (1 - t^2) du/dx.",
            "du/dx = c (1 + 3 a x^2): mind the inner derivative of the cube.",
        ),
        checks=(
            Gradient("gelu_backward", gelu, {"x": normal("N")}, (
                wrong("product-rule", "the term in which the tanh is differentiated is left out",
                      lambda g, y, x: g * (1 + gelu_parts(x)[0]) / 2),
                wrong("chain-rule", "du/dx is left out", lambda g, y, x: g * (
                    (1 + gelu_parts(x)[0]) / 2 + x / 2 * (1 - gelu_parts(x)[0] ** 2))),
                wrong("inner-three", "the 3 of the cube's derivative is lost", lambda g, y, x: g * (
                    (1 + gelu_parts(x)[0]) / 2 + x / 2 * (1 - gelu_parts(x)[0] ** 2)
                    * np.sqrt(2 / np.pi) * (1 + 0.044715 * x**2))),
            )),
        ),
    ),
    Exercise(
        "softmax", "softmax and its gradient", points=3, page="row `softmax`",
        hints=(
            "How does y_i change if x_j grows, for i = j and for i not j?",
            "Sum over the outputs: g_j y_j - y_j sum_i g_i y_i. The sum is one number a row.",
            "Keep the row sums as a column (keepdims), so that they broadcast over the row.",
        ),
        checks=(
            Value("softmax", softmax, {"x": large("N", "K")}),
            Value("softmax", softmax, {"x": normal("N", "K")}, (
                wrong("over-columns", "the columns sum to 1, not the rows",
                      lambda x: np.exp(x) / np.exp(x).sum(axis=0)),
                wrong("over-all", "all entries together sum to 1, not each row",
                      lambda x: np.exp(x) / np.exp(x).sum()),
                wrong("not-divided", "the exponentials are not divided by their sum", np.exp),
            )),
            Gradient("softmax_backward", softmax, {"x": normal("N", "K")}, (
                wrong("diagonal-only", "only the diagonal of the Jacobian is used, y_j (1 - y_j)",
                      lambda g, y, x: g * y * (1 - y)),
                wrong("wrong-axis", "the sum of g y runs over the columns, not along each row",
                      lambda g, y, x: y * (g - (g * y).sum(axis=0))),
                wrong("sum-of-g", "the sum is of g alone, without y",
                      lambda g, y, x: y * (g - g.sum(axis=1, keepdims=True))),
                wrong("own-only", "the sum is left out", lambda g, y, x: y * g),
            ), weight=3),
        ),
    ),
    Exercise(
        "cross_entropy", "softmax and cross-entropy in one", points=4, page="row `cross-entropy`",
        fast=True,
        hints=(
            "-log softmax(x)_t = log sum_k e^x_k - x_t. Shift the row by its maximum before e^.",
            "Choose one entry a row with two index arrays: rows 0, 1, ..., N-1, and columns t.",
            "The gradient is softmax(x), minus 1 at the entries t, times g, divided by N.",
        ),
        checks=(
            Value("cross_entropy", cross_entropy, {"x": large("N", "K"), "t": integers("K", "N")}),
            Value("cross_entropy", cross_entropy, {"x": normal("N", "K"), "t": integers("K", "N")}, (
                wrong("sum-for-mean", "the losses are summed, not averaged",
                      lambda x, t: len(x) * cross_entropy(x, t)),
                wrong("sign", "the minus is lost", lambda x, t: -cross_entropy(x, t)),
            )),
            Gradient("cross_entropy_backward", cross_entropy,
                     {"x": normal("N", "K"), "t": integers("K", "N")}, (
                wrong("sum-for-mean", "the 1/N of the mean is forgotten",
                      lambda g, y, x, t: g * (softmax(x) - one_hot(x, t))),
                wrong("target-minus-prediction", "the sign is wrong: target minus prediction",
                      lambda g, y, x, t: g * (one_hot(x, t) - softmax(x)) / len(x)),
                wrong("target-missing", "the 1 is not subtracted at the right class",
                      lambda g, y, x, t: g * softmax(x) / len(x)),
                wrong("upstream-missing", "g is left out",
                      lambda g, y, x, t: (softmax(x) - one_hot(x, t)) / len(x)),
            ), weight=3),
        ),
    ),
]  # fmt: skip
