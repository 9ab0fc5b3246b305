"""Wrong backwards of softmax and losses, written without having seen the checker's rules.

See `blind`, which joins them with those of functions on arrays and of layers.
"""

import numpy as np

from minidl.gradcheck.draws import integers, normal, probabilities

from .blind_arrays import sigmoid


def softmax(x, axis=1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def row_sum(x):
    return x.sum(axis=1, keepdims=True)


SOFTMAX = (
    "softmax",
    softmax,
    dict(x=normal("N", "K")),
    lambda g, y, x: y * (g - row_sum(g * y)),
    [
        ("only the diagonal", lambda g, y, x: g * y * (1 - y)),
        ("mean for sum", lambda g, y, x: y * (g - (g * y).mean(axis=1, keepdims=True))),
        ("sum of g", lambda g, y, x: y * (g - row_sum(g))),
        ("plus for minus", lambda g, y, x: y * (g + row_sum(g * y))),
        ("wrong axis", lambda g, y, x: y * (g - (g * y).sum(axis=0))),
        ("keepdims forgotten", lambda g, y, x: y * (g - (g * y).sum(axis=1))),
        ("outer y forgotten", lambda g, y, x: g - row_sum(g * y)),
    ],
)

LOG_SOFTMAX = (
    "log_softmax",
    lambda x: x - np.log(row_sum(np.exp(x))),
    dict(x=normal("N", "K")),
    lambda g, y, x: g - np.exp(y) * row_sum(g),
    [
        ("probabilities forgotten", lambda g, y, x: g - row_sum(g)),
        ("logarithms for probabilities", lambda g, y, x: g - y * row_sum(g)),
        ("g not summed", lambda g, y, x: g * (1 - np.exp(y))),
        ("g forgotten in the sum", lambda g, y, x: g - np.exp(y)),
        ("sum of the products", lambda g, y, x: g - np.exp(y) * row_sum(g * np.exp(y))),
        ("not normalised", lambda g, y, x: g - np.exp(x) * row_sum(g)),
    ],
)


def cross_entropy(logits, labels):
    log_p = logits - np.log(row_sum(np.exp(logits)))
    return -log_p[np.arange(len(labels)), labels].mean()


def of_labels(f):
    """A backward from the softmax and the one-hot labels, both (N, K)."""
    return lambda g, y, logits, labels: f(g, softmax(logits), np.eye(logits.shape[1])[labels])


def cross_entropy_in_place(g, y, logits, labels):
    logits[...] = softmax(logits)
    logits[np.arange(len(labels)), labels] -= 1
    return g * logits / len(labels)


CROSS_ENTROPY = (
    "cross_entropy",
    cross_entropy,
    dict(logits=normal("N", "K"), labels=integers("K", "N")),
    of_labels(lambda g, p, t: g * (p - t) / len(p)),
    [
        ("1/N forgotten", of_labels(lambda g, p, t: g * (p - t))),
        ("1/(NK)", of_labels(lambda g, p, t: g * (p - t) / p.size)),
        ("sign", of_labels(lambda g, p, t: g * (t - p) / len(p))),
        ("one-hot forgotten", of_labels(lambda g, p, t: g * p / len(p))),
        ("only the label's entry", of_labels(lambda g, p, t: g * (p - t) * t / len(p))),
        ("gradient of the probabilities", of_labels(lambda g, p, t: -g * t / p / len(p))),
        ("g forgotten", of_labels(lambda g, p, t: (p - t) / len(p))),
        (
            "softmax over the batch",
            lambda g, y, logits, labels: (
                g * (softmax(logits, 0) - np.eye(logits.shape[1])[labels]) / len(labels)
            ),
        ),
        ("writes into the logits", cross_entropy_in_place),
    ],
)


def mse_with(f):
    """Both gradients from that of the prediction."""
    return lambda g, y, x, t: (f(g, x, t), -f(g, x, t))


MSE = (
    "mean_squared_error",
    lambda x, t: ((x - t) ** 2).mean(),
    dict(x=normal("N", "D"), t=normal("N", "D")),
    mse_with(lambda g, x, t: g * 2 * (x - t) / x.size),
    [
        ("2 forgotten", mse_with(lambda g, x, t: g * (x - t) / x.size)),
        ("1/N for 1/(ND)", mse_with(lambda g, x, t: g * 2 * (x - t) / len(x))),
        ("mean forgotten", mse_with(lambda g, x, t: g * 2 * (x - t))),
        ("residual swapped", mse_with(lambda g, x, t: g * 2 * (t - x) / x.size)),
        ("same sign for both", lambda g, y, x, t: (2 * g * (x - t) / x.size,) * 2),
        ("derivative of the absolute value", mse_with(lambda g, x, t: g * np.sign(x - t) / x.size)),
        ("only x", mse_with(lambda g, x, t: g * 2 * x / x.size)),
    ],
)


def bce(logits, t):
    return (np.log1p(np.exp(logits)) - t * logits).mean()


def bce_with(f):
    return lambda g, y, logits, t: (
        g * f(sigmoid(logits), t, logits) / t.size,
        -g * logits / t.size,
    )


BCE = (
    "binary_cross_entropy",
    bce,
    dict(logits=normal("N", "D"), t=normal("N", "D")),
    bce_with(lambda p, t, logits: p - t),
    [
        ("sign", bce_with(lambda p, t, logits: t - p)),
        ("slope of the sigmoid once more", bce_with(lambda p, t, logits: (p - t) * p * (1 - p))),
        ("divided by the slope", bce_with(lambda p, t, logits: (p - t) / (p * (1 - p)))),
        ("logits for probabilities", bce_with(lambda p, t, logits: logits - t)),
        ("target forgotten", bce_with(lambda p, t, logits: p)),
        (
            "mean only of the first",
            lambda g, y, logits, t: (g * (sigmoid(logits) - t) / t.size, -g * logits),
        ),
    ],
)


def huber(x, delta):
    inside = np.abs(x) <= delta
    return np.where(inside, 0.5 * x**2, delta * (np.abs(x) - 0.5 * delta)).sum()


HUBER = (
    "huber",
    huber,
    dict(x=normal("N", "2D"), delta=0.7),
    lambda g, y, x, delta: g * np.clip(x, -delta, delta),
    [
        ("quadratic everywhere", lambda g, y, x, delta: g * x),
        ("absolute everywhere", lambda g, y, x, delta: g * delta * np.sign(x)),
        ("delta forgotten outside", lambda g, y, x, delta: g * np.where(
            np.abs(x) <= delta, x, np.sign(x)
        )),
        ("sign forgotten outside", lambda g, y, x, delta: g * np.where(
            np.abs(x) <= delta, x, delta
        )),
        ("branches swapped", lambda g, y, x, delta: g * np.where(
            np.abs(x) <= delta, delta * np.sign(x), x
        )),
        ("1/2 forgotten inside", lambda g, y, x, delta: g * np.where(
            np.abs(x) <= delta, 2 * x, delta * np.sign(x)
        )),
    ],
)  # fmt: skip


def margins(x, labels):
    m = x - x[np.arange(len(x)), labels][:, None] + 1
    m[np.arange(len(x)), labels] = 0
    return m


def hinge_backward(average=True, true_class=lambda active: active.sum(axis=1), squared=False):
    def backward(g, y, x, labels):
        m = margins(x, labels)
        grad = np.maximum(m, 0) if squared else 1.0 * (m > 0)
        grad[np.arange(len(x)), labels] -= true_class(grad)
        return g * grad / (len(x) if average else 1)

    return backward


HINGE = (
    "multiclass_hinge",
    lambda x, labels: np.maximum(margins(x, labels), 0).sum() / len(x),
    dict(x=normal("N", "2K"), labels=integers("2K", "N")),
    hinge_backward(),
    [
        ("1/N forgotten", hinge_backward(average=False)),
        ("true class forgotten", hinge_backward(true_class=lambda active: 0)),
        ("true class counted once", hinge_backward(true_class=lambda active: 1)),
        ("true class with the other sign", hinge_backward(
            true_class=lambda active: -active.sum(axis=1)
        )),
        ("margins for indicators", hinge_backward(squared=True)),
    ],
)  # fmt: skip

KL_GAUSSIAN = (
    "kl_of_gaussians",
    lambda mu, logvar: 0.5 * (mu**2 + np.exp(logvar) - 1 - logvar).sum(axis=1),
    dict(mu=normal("N", "Z"), logvar=normal("N", "Z")),
    lambda g, y, mu, logvar: (g[:, None] * mu, g[:, None] * 0.5 * (np.exp(logvar) - 1)),
    [
        ("1/2 forgotten", lambda g, y, mu, logvar: (
            g[:, None] * mu, g[:, None] * (np.exp(logvar) - 1)
        )),
        ("1/2 kept for mu", lambda g, y, mu, logvar: (
            g[:, None] * mu / 2, g[:, None] * 0.5 * (np.exp(logvar) - 1)
        )),
        ("term of -logvar forgotten", lambda g, y, mu, logvar: (
            g[:, None] * mu, g[:, None] * 0.5 * np.exp(logvar)
        )),
        ("standard deviation for variance", lambda g, y, mu, logvar: (
            g[:, None] * mu, g[:, None] * 0.5 * (np.exp(0.5 * logvar) - 1)
        )),
        ("with respect to the variance", lambda g, y, mu, logvar: (
            g[:, None] * mu, g[:, None] * 0.5 * (1 - np.exp(-logvar))
        )),
        ("sign of the log-variance", lambda g, y, mu, logvar: (
            g[:, None] * mu, g[:, None] * 0.5 * (1 - np.exp(logvar))
        )),
    ],
)  # fmt: skip

KL = (
    "kl_of_probabilities",
    lambda p, q: (p * np.log(p / q)).sum(),
    dict(p=probabilities("N", "K"), q=probabilities("N", "K")),
    lambda g, y, p, q: (g * (np.log(p / q) + 1), -g * p / q),
    [
        ("+ 1 forgotten", lambda g, y, p, q: (g * np.log(p / q), -g * p / q)),
        ("p forgotten for q", lambda g, y, p, q: (g * (np.log(p / q) + 1), -g / q)),
        ("sign of q", lambda g, y, p, q: (g * (np.log(p / q) + 1), g * p / q)),
        ("logarithm the other way round", lambda g, y, p, q: (
            g * (np.log(q / p) + 1), -g * p / q
        )),
        ("1/(p/q) of the logarithm", lambda g, y, p, q: (
            g * (np.log(p / q) + q), -g * p / q
        )),
    ],
)  # fmt: skip


def cosine_backward(second=1, length=1, swapped=False):
    """second: factor of the term through the norms.  length: power of |a| and |b| below."""

    def backward(g, y, a, b):
        na, nb = (np.linalg.norm(x, axis=1)[:, None] for x in (a, b))
        g, y = g[:, None], y[:, None]
        ga = g * (b / (na * nb) ** length - second * y * a / na**2)
        gb = g * (a / (na * nb) ** length - second * y * b / nb**2)
        return (gb, ga) if swapped else (ga, gb)

    return backward


COSINE = (
    "cosine_similarity",
    lambda a, b: (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1),
    dict(a=normal("N", "D"), b=normal("N", "D")),
    cosine_backward(),
    [
        ("norms as constants", cosine_backward(second=0)),
        ("plus for minus", cosine_backward(second=-1)),
        ("norms forgotten in the first term", cosine_backward(length=0)),
        ("results swapped", cosine_backward(swapped=True)),
    ],
)

LOSSES = [
    SOFTMAX, LOG_SOFTMAX, CROSS_ENTROPY, MSE, BCE, HUBER, HINGE, KL_GAUSSIAN, KL, COSINE,
]  # fmt: skip
