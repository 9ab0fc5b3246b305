"""The third blind set: activations, and scales with broadcasting."""

import math

import numpy as np

from minidl.gradcheck.draws import between, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def gelu_tanh(x):
    return np.tanh(SLOPE * (x + 0.044715 * x**3))


def gelu_wrong(slope):
    """The product rule, with `slope(t, x)` for the derivative of the tanh."""
    return lambda g, y, x: g * (0.5 * (1 + gelu_tanh(x)) + 0.5 * x * slope(gelu_tanh(x), x))


SLOPE = math.sqrt(2 / math.pi)
GELU = (
    "gelu_by_tanh",
    lambda x: 0.5 * x * (1 + gelu_tanh(x)),
    {"x": normal("N", "D")},
    gelu_wrong(lambda t, x: (1 - t**2) * SLOPE * (1 + 3 * 0.044715 * x**2)),
    [
        (
            "the tanh's own change forgotten",
            lambda g, y, x: g * 0.5 * (1 + gelu_tanh(x)),
        ),
        (
            "the cube's 3 forgotten",
            gelu_wrong(lambda t, x: (1 - t**2) * SLOPE * (1 + 0.044715 * x**2)),
        ),
        ("the inside of the tanh taken for x", gelu_wrong(lambda t, x: 1 - t**2)),
        (
            "1 - t for 1 - t squared",
            gelu_wrong(lambda t, x: (1 - t) * SLOPE * (1 + 3 * 0.044715 * x**2)),
        ),
        (
            "sqrt(2 / pi) forgotten in the slope",
            gelu_wrong(lambda t, x: (1 - t**2) * (1 + 3 * 0.044715 * x**2)),
        ),
        (
            "the half kept for the first term only",
            gelu_wrong(lambda t, x: 2 * (1 - t**2) * SLOPE * (1 + 3 * 0.044715 * x**2)),
        ),
    ],
)


SOFTPLUS = (
    "softplus",
    lambda x, beta: np.log(1 + np.exp(beta * x)) / beta,
    {"x": normal("N", "D"), "beta": 2.5},
    lambda g, y, x, beta: g * sigmoid(beta * x),
    [
        ("beta left in front", lambda g, y, x, beta: g * beta * sigmoid(beta * x)),
        ("divided by beta", lambda g, y, x, beta: g * sigmoid(beta * x) / beta),
        ("beta forgotten inside", lambda g, y, x, beta: g * sigmoid(x)),
        ("sigmoid of the output", lambda g, y, x, beta: g * sigmoid(beta * y)),
        ("the other tail of the sigmoid", lambda g, y, x, beta: g * sigmoid(-beta * x)),
        ("derivative of the log only", lambda g, y, x, beta: g / (1 + np.exp(beta * x))),
    ],
)


def per_channel(a):
    return a[:, None]


PRELU = (
    "prelu",
    lambda x, a: np.where(x > 0, x, per_channel(a) * x),
    {"x": normal("N", "C", "T"), "a": between(0.1, 0.5, "C")},
    lambda g, y, x, a: (
        g * np.where(x > 0, 1, per_channel(a)),
        (g * np.minimum(x, 0)).sum(axis=(0, 2)),
    ),
    [
        (
            "slope's gradient not summed at all",
            lambda g, y, x, a: (
                g * np.where(x > 0, 1, per_channel(a)),
                g * np.minimum(x, 0),
            ),
        ),
        (
            "slope's gradient summed to one number",
            lambda g, y, x, a: (
                g * np.where(x > 0, 1, per_channel(a)),
                (g * np.minimum(x, 0)).sum(),
            ),
        ),
        (
            "slope's gradient from the positive side",
            lambda g, y, x, a: (
                g * np.where(x > 0, 1, per_channel(a)),
                (g * np.maximum(x, 0)).sum(axis=(0, 2)),
            ),
        ),
        (
            "x forgotten in the slope's gradient",
            lambda g, y, x, a: (
                g * np.where(x > 0, 1, per_channel(a)),
                (g * (x <= 0)).sum(axis=(0, 2)),
            ),
        ),
        (
            "as of a relu for x",
            lambda g, y, x, a: (g * (x > 0), (g * np.minimum(x, 0)).sum(axis=(0, 2))),
        ),
        (
            "slope's gradient averaged over the batch",
            lambda g, y, x, a: (
                g * np.where(x > 0, 1, per_channel(a)),
                (g * np.minimum(x, 0)).mean(axis=0).sum(axis=1),
            ),
        ),
    ],
)


def relu_in_place(g, y, x):
    g[x <= 0] = 0
    return g


def relu_shift_in_place(g, y, x):
    x -= 1
    return g * (x > 0)


SHIFTED_RELU = (
    "shifted_relu",
    lambda x: np.maximum(x - 1, 0),
    {"x": lambda rng, sizes: rng.standard_normal(sizes.shape(("N", "D"))) + 1},
    lambda g, y, x: g * (x > 1),
    [
        ("mask of the plain relu", lambda g, y, x: g * (x > 0)),
        ("subtracts in place from x", relu_shift_in_place),
        ("mask of g", lambda g, y, x: g * (g > 1)),
        ("passes everything", lambda g, y, x: g),
        ("subtracts the shift again", lambda g, y, x: (g - 1) * (x > 1)),
        ("mask only", lambda g, y, x: (x > 1).astype(float)),
        ("zeroes g in place, for the wrong threshold", relu_in_place),
    ],
)


def halves(x):
    half = x.shape[-1] // 2
    return x[..., :half], x[..., half:]


def glu_wrong(parts):
    """The gradients of both halves by `parts(g, a, s)`, where s is the gate."""

    def backward(g, y, x):
        a, b = halves(x)
        return np.concatenate(parts(g, a, sigmoid(b)), axis=-1)

    return backward


def glu_first_half_only(g, y, x):
    a, b = halves(x)
    dx = np.zeros_like(x)
    dx[..., : a.shape[-1]] = g * sigmoid(b)
    return dx


def glu_other_gate(g, y, x):
    b, a = halves(x)
    return np.concatenate([g * sigmoid(b), g * a * sigmoid(b) * (1 - sigmoid(b))], axis=-1)


GLU = (
    "gated_linear_unit",
    lambda x: halves(x)[0] * sigmoid(halves(x)[1]),
    {"x": normal("N", "2H")},
    glu_wrong(lambda g, a, s: (g * s, g * a * s * (1 - s))),
    [
        (
            "halves put together the wrong way",
            glu_wrong(lambda g, a, s: (g * a * s * (1 - s), g * s)),
        ),
        ("gate taken for a constant", glu_first_half_only),
        ("gate's slope forgotten", glu_wrong(lambda g, a, s: (g * s, g * a))),
        ("a forgotten in the gate's gradient", glu_wrong(lambda g, a, s: (g * s, g * s * (1 - s)))),
        ("gate read from the first half", glu_other_gate),
        ("gate forgotten for the values", glu_wrong(lambda g, a, s: (g, g * a * s * (1 - s)))),
    ],
)


SCALE = (
    "scale_and_shift_channels",
    lambda x, scale, shift: x * scale + shift,
    {"x": normal("N", "C", "H", "W"), "scale": normal("C", 1, 1), "shift": normal("C", 1, 1)},
    lambda g, y, x, scale, shift: (
        g * scale,
        (g * x).sum(axis=(0, 2, 3)).reshape(scale.shape),
        g.sum(axis=(0, 2, 3)).reshape(shift.shape),
    ),
    [
        (
            "summed over the batch only",
            lambda g, y, x, scale, shift: (g * scale, (g * x).sum(axis=0), g.sum(axis=0)),
        ),
        (
            "the axes of length 1 lost",
            lambda g, y, x, scale, shift: (
                g * scale,
                (g * x).sum(axis=(0, 2, 3)),
                g.sum(axis=(0, 2, 3)),
            ),
        ),
        (
            "y in place of x for the scale",
            lambda g, y, x, scale, shift: (
                g * scale,
                (g * y).sum(axis=(0, 2, 3)).reshape(scale.shape),
                g.sum(axis=(0, 2, 3)).reshape(shift.shape),
            ),
        ),
        (
            "the shift averaged",
            lambda g, y, x, scale, shift: (
                g * scale,
                (g * x).sum(axis=(0, 2, 3)).reshape(scale.shape),
                g.mean(axis=(0, 2, 3)).reshape(shift.shape),
            ),
        ),
        (
            "sums multiplied, not summed products",
            lambda g, y, x, scale, shift: (
                g * scale,
                (g.sum(axis=(0, 2, 3)) * x.sum(axis=(0, 2, 3))).reshape(scale.shape),
                g.sum(axis=(0, 2, 3)).reshape(shift.shape),
            ),
        ),
        (
            "the shift summed over the channels too",
            lambda g, y, x, scale, shift: (
                g * scale,
                (g * x).sum(axis=(0, 2, 3)).reshape(scale.shape),
                np.full(shift.shape, g.sum()),
            ),
        ),
    ],
)


LOG_SOFTMAX = (
    "log_softmax",
    lambda x: x - np.log(np.exp(x).sum(axis=-1, keepdims=True)),
    {"x": normal("N", "K")},
    lambda g, y, x: g - np.exp(y) * g.sum(axis=-1, keepdims=True),
    [
        ("g summed over the batch too", lambda g, y, x: g - np.exp(y) * g.sum()),
        ("g not summed", lambda g, y, x: g - np.exp(y) * g),
        ("the output for its exponential", lambda g, y, x: g - y * g.sum(axis=-1, keepdims=True)),
        ("the other way round", lambda g, y, x: np.exp(y) * g.sum(axis=-1, keepdims=True) - g),
        ("g averaged", lambda g, y, x: g - np.exp(y) * g.mean(axis=-1, keepdims=True)),
        ("only as if one entry of g were 1", lambda g, y, x: g - np.exp(y)),
    ],
)


SOFTMAX_COLUMNS = (
    "softmax_of_columns_with_temperature",
    lambda x, T: np.exp(x / T) / np.exp(x / T).sum(axis=0),
    {"x": normal("N", "K"), "T": 3.0},
    lambda g, y, x, T: y * (g - (g * y).sum(axis=0)) / T,
    [
        ("temperature forgotten", lambda g, y, x, T: y * (g - (g * y).sum(axis=0))),
        ("times the temperature", lambda g, y, x, T: T * y * (g - (g * y).sum(axis=0))),
        (
            "sum along the rows",
            lambda g, y, x, T: y * (g - (g * y).sum(axis=1, keepdims=True)) / T,
        ),
        ("the diagonal of the Jacobian only", lambda g, y, x, T: g * y * (1 - y) / T),
        ("mean for the weighted sum", lambda g, y, x, T: y * (g - g.mean(axis=0)) / T),
        ("outer y missing", lambda g, y, x, T: (g - (g * y).sum(axis=0)) / T),
    ],
)


ARRAYS = [
    GELU,
    SOFTPLUS,
    PRELU,
    SHIFTED_RELU,
    GLU,
    SCALE,
    LOG_SOFTMAX,
    SOFTMAX_COLUMNS,
]
