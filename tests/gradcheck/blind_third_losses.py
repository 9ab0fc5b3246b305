"""The third blind set: losses of classification, regression and sampling."""

import numpy as np

from minidl.gradcheck.draws import between, integers, normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def coins(*dims):
    """Zeros and ones."""
    return lambda rng, sizes: rng.integers(0, 2, sizes.shape(dims))


def one_hot(labels, K):
    return np.eye(K)[labels]


BCE = (
    "bce_with_logits",
    lambda z, t: (np.maximum(z, 0) - z * t + np.log(1 + np.exp(-abs(z)))).mean(),
    {"z": normal("N", "D"), "t": coins("N", "D")},
    lambda g, y, z, t: g * (sigmoid(z) - t) / z.size,
    [
        (
            "the sigmoid's slope once more",
            lambda g, y, z, t: g * (sigmoid(z) - t) * sigmoid(z) * (1 - sigmoid(z)) / z.size,
        ),
        ("not divided", lambda g, y, z, t: g * (sigmoid(z) - t)),
        ("divided by the batch only", lambda g, y, z, t: g * (sigmoid(z) - t) / len(z)),
        ("target minus probability", lambda g, y, z, t: g * (t - sigmoid(z)) / z.size),
        ("logit for probability", lambda g, y, z, t: g * (z - t) / z.size),
        (
            "as of probabilities, divided by p (1 - p)",
            lambda g, y, z, t: g * (sigmoid(z) - t) / (sigmoid(z) * (1 - sigmoid(z))) / z.size,
        ),
    ],
)


SMOOTHING = 0.1


def smoothed(labels, K):
    return (1 - SMOOTHING) * one_hot(labels, K) + SMOOTHING / K


def smooth_wrong(target):
    return lambda g, y, z, labels: g * (softmax(z) - target(labels, z.shape[1])) / len(z)


SMOOTH_CE = (
    "cross_entropy_with_label_smoothing",
    lambda z, labels: -(smoothed(labels, z.shape[1]) * np.log(softmax(z))).sum() / len(z),
    {"z": normal("N", "K"), "labels": integers("K", "N")},
    smooth_wrong(smoothed),
    [
        ("smoothing forgotten", smooth_wrong(one_hot)),
        (
            "smoothing not divided by the classes",
            smooth_wrong(lambda i, K: (1 - SMOOTHING) * one_hot(i, K) + SMOOTHING),
        ),
        ("the uniform part forgotten", smooth_wrong(lambda i, K: (1 - SMOOTHING) * one_hot(i, K))),
        (
            "uniform part on the other classes only",
            smooth_wrong(
                lambda i, K: (
                    (1 - SMOOTHING) * one_hot(i, K) + SMOOTHING / (K - 1) * (1 - one_hot(i, K))
                )
            ),
        ),
        (
            "divided by the classes too",
            lambda g, y, z, labels: g * (softmax(z) - smoothed(labels, z.shape[1])) / z.size,
        ),
        ("target left out", lambda g, y, z, labels: g * softmax(z) / len(z)),
    ],
)


def focal(z, t):
    """Binary focal loss with gamma = 2."""
    pt = sigmoid(np.where(t, z, -z))
    return -((1 - pt) ** 2 * np.log(pt)).sum()


def focal_wrong(slope):
    """`slope(p)`: the derivative by the logit of the true class, p being its probability."""
    return lambda g, y, z, t: g * np.where(t, 1, -1) * slope(sigmoid(np.where(t, z, -z)))


FOCAL = (
    "focal_loss",
    focal,
    {"z": normal("N", "D"), "t": coins("N", "D")},
    focal_wrong(lambda p: (1 - p) ** 2 * (2 * p * np.log(p) - (1 - p))),
    [
        ("modulating factor taken for a constant", focal_wrong(lambda p: -((1 - p) ** 3))),
        (
            "only the factor's change",
            focal_wrong(lambda p: (1 - p) ** 2 * 2 * p * np.log(p)),
        ),
        (
            "gamma forgotten in front",
            focal_wrong(lambda p: (1 - p) ** 2 * (p * np.log(p) - (1 - p))),
        ),
        (
            "sign of the factor's change",
            focal_wrong(lambda p: (1 - p) ** 2 * (-2 * p * np.log(p) - (1 - p))),
        ),
        ("as of a cross-entropy", focal_wrong(lambda p: p - 1)),
        (
            "sigmoid's slope forgotten",
            focal_wrong(lambda p: 2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p),
        ),
        (
            "negatives with the sign of positives",
            lambda g, y, z, t: abs(FOCAL[3](g, y, z, t)) * -np.sign(g),
        ),
    ],
)


def gaussian_nll(mean, log_var, t):
    return (0.5 * (log_var + (t - mean) ** 2 / np.exp(log_var))).mean()


def gaussian_nll_wrong(of_mean=None, of_log_var=None, count=lambda mean: mean.size):
    """The gradients as functions of the residual r = mean - t and of the variance v."""

    def backward(g, y, mean, log_var, t):
        r, v = mean - t, np.exp(log_var)
        dmean = r / v if of_mean is None else of_mean(r, v)
        dlog_var = 0.5 * (1 - r**2 / v) if of_log_var is None else of_log_var(r, v)
        return g * dmean / count(mean), g * dlog_var / count(mean)

    return backward


GAUSSIAN_NLL = (
    "gaussian_negative_log_likelihood",
    gaussian_nll,
    {
        "mean": normal("N", "D"),
        "log_var": normal("N", "D"),
        "t": lambda rng, sizes: rng.integers(-2, 3, sizes.shape(("N", "D"))),
    },
    gaussian_nll_wrong(),
    [
        ("sign of the mean", gaussian_nll_wrong(of_mean=lambda r, v: -r / v)),
        ("half left at the mean", gaussian_nll_wrong(of_mean=lambda r, v: 0.5 * r / v)),
        ("variance forgotten at the mean", gaussian_nll_wrong(of_mean=lambda r, v: r)),
        ("deviation for the variance", gaussian_nll_wrong(of_mean=lambda r, v: r / np.sqrt(v))),
        ("the log's own 1 forgotten", gaussian_nll_wrong(of_log_var=lambda r, v: -0.5 * r**2 / v)),
        (
            "by the variance, not its log",
            gaussian_nll_wrong(of_log_var=lambda r, v: 0.5 * (1 / v - r**2 / v**2)),
        ),
        (
            "sign inside the log variance",
            gaussian_nll_wrong(of_log_var=lambda r, v: 0.5 * (1 + r**2 / v)),
        ),
        ("divided by the batch only", gaussian_nll_wrong(count=len)),
    ],
)


def dice_parts(p, t):
    return 2 * (p * t).sum() + 1, p.sum() + t.sum() + 1


def dice_wrong(slope):
    return lambda g, y, p, t: g * slope(*dice_parts(p, t), p, t)


DICE = (
    "dice_loss",
    lambda p, t: 1 - dice_parts(p, t)[0] / dice_parts(p, t)[1],
    {"p": between(0.1, 0.9, "N", "D"), "t": coins("N", "D")},
    dice_wrong(lambda a, b, p, t: -(2 * t * b - a) / b**2),
    [
        ("denominator taken for a constant", dice_wrong(lambda a, b, p, t: -2 * t / b)),
        ("numerator taken for a constant", dice_wrong(lambda a, b, p, t: a / b**2 + 0 * p)),
        ("minus forgotten", dice_wrong(lambda a, b, p, t: (2 * t * b - a) / b**2)),
        ("quotient rule with plus", dice_wrong(lambda a, b, p, t: -(2 * t * b + a) / b**2)),
        ("denominator not squared", dice_wrong(lambda a, b, p, t: -(2 * t * b - a) / b)),
        ("the overlap's 2 forgotten", dice_wrong(lambda a, b, p, t: -(t * b - a) / b**2)),
    ],
)


LOG_COSH = (
    "log_cosh",
    lambda x, t: np.log(np.cosh(x - t)).mean(axis=1),
    {"x": normal("N", "D"), "t": normal("N", "D")},
    lambda g, y, x, t: (
        g[:, None] * np.tanh(x - t) / x.shape[1],
        -g[:, None] * np.tanh(x - t) / x.shape[1],
    ),
    [
        (
            "divided by the batch",
            lambda g, y, x, t: (
                g[:, None] * np.tanh(x - t) / len(x),
                -g[:, None] * np.tanh(x - t) / len(x),
            ),
        ),
        (
            "one over cosh",
            lambda g, y, x, t: (
                g[:, None] / np.cosh(x - t) / x.shape[1],
                -g[:, None] / np.cosh(x - t) / x.shape[1],
            ),
        ),
        (
            "sign, as of the absolute error",
            lambda g, y, x, t: (
                g[:, None] * np.sign(x - t) / x.shape[1],
                -g[:, None] * np.sign(x - t) / x.shape[1],
            ),
        ),
        (
            "minus forgotten for the target",
            lambda g, y, x, t: (g[:, None] * np.tanh(x - t) / x.shape[1],) * 2,
        ),
        (
            "g averaged too",
            lambda g, y, x, t: (
                g.mean() * np.tanh(x - t) / x.shape[1],
                -g.mean() * np.tanh(x - t) / x.shape[1],
            ),
        ),
        (
            "sinh, not divided by cosh",
            lambda g, y, x, t: (
                g[:, None] * np.sinh(x - t) / x.shape[1],
                -g[:, None] * np.sinh(x - t) / x.shape[1],
            ),
        ),
    ],
)


REG = 0.3


def svm_margins(X, W, labels):
    scores = X @ W
    rows = np.arange(len(X))
    margins = np.maximum(scores - scores[rows, labels][:, None] + 1, 0)
    margins[rows, labels] = 0
    return margins


def svm_backward(mistake=None):
    def backward(g, y, X, W, labels):
        N = len(X)
        ds = (svm_margins(X, W, labels) > 0).astype(float)
        ds[np.arange(N), labels] = -ds.sum(axis=1)
        if mistake == "true class":
            ds[np.arange(N), labels] = 0
        if mistake == "true class once":
            ds[np.arange(N), labels] = -1
        dW = X.T @ ds
        if mistake != "sum":
            dW = dW / N
        dW = dW + 2 * REG * W
        if mistake == "regularisation":
            dW = dW - 2 * REG * W
        if mistake == "regularisation's 2":
            dW = dW - REG * W
        if mistake == "regularisation averaged":
            dW = dW - 2 * REG * W + 2 * REG * W / N
        if mistake == "regularisation first":
            dW = X.T @ ds / N + 2 * REG * W / N**2
        dX = ds @ W.T / N
        if mistake == "X sum":
            dX = ds @ W.T
        return g * dX, g * dW

    return backward


SVM = (
    "svm_with_regularisation",
    lambda X, W, labels: svm_margins(X, W, labels).sum() / len(X) + REG * (W**2).sum(),
    {"X": normal("N", "D"), "W": normal("D", "K"), "labels": integers("K", "N")},
    svm_backward(),
    [
        ("true class gets nothing", svm_backward("true class")),
        ("true class counted once", svm_backward("true class once")),
        ("data term not averaged for W", svm_backward("sum")),
        ("data term not averaged for X", svm_backward("X sum")),
        ("regularisation forgotten", svm_backward("regularisation")),
        ("regularisation without its 2", svm_backward("regularisation's 2")),
        ("regularisation divided by the batch", svm_backward("regularisation averaged")),
    ],
)


REPARAMETERISE = (
    "reparameterise",
    lambda mu, log_var, eps: mu + np.exp(0.5 * log_var) * eps,
    {"mu": normal("N", "D"), "log_var": normal("N", "D"), "eps": normal("N", "D")},
    lambda g, y, mu, log_var, eps: (
        g,
        g * 0.5 * np.exp(0.5 * log_var) * eps,
        g * np.exp(0.5 * log_var),
    ),
    [
        (
            "the exponent's half forgotten in front",
            lambda g, y, mu, log_var, eps: (
                g,
                g * np.exp(0.5 * log_var) * eps,
                g * np.exp(0.5 * log_var),
            ),
        ),
        (
            "variance for the deviation",
            lambda g, y, mu, log_var, eps: (
                g,
                g * 0.5 * np.exp(log_var) * eps,
                g * np.exp(0.5 * log_var),
            ),
        ),
        (
            "noise forgotten",
            lambda g, y, mu, log_var, eps: (
                g,
                g * 0.5 * np.exp(0.5 * log_var),
                g * np.exp(0.5 * log_var),
            ),
        ),
        (
            "the sample for its noise",
            lambda g, y, mu, log_var, eps: (
                g,
                g * 0.5 * np.exp(0.5 * log_var) * y,
                g * np.exp(0.5 * log_var),
            ),
        ),
        (
            "by the deviation, not by its log",
            lambda g, y, mu, log_var, eps: (g, g * eps, g * np.exp(0.5 * log_var)),
        ),
    ],
)


def entropy_parts(z):
    p = softmax(z)
    return p, np.log(p), -(p * np.log(p)).sum(axis=1, keepdims=True)


def entropy_wrong(slope):
    return lambda g, y, z: g[:, None] * slope(*entropy_parts(z))


ENTROPY = (
    "entropy_of_softmax",
    lambda z: entropy_parts(z)[2][:, 0],
    {"z": normal("N", "K")},
    entropy_wrong(lambda p, logp, H: -p * (logp + H)),
    [
        ("by the probabilities, not the logits", entropy_wrong(lambda p, logp, H: -(logp + 1))),
        ("entropy not added", entropy_wrong(lambda p, logp, H: -p * logp)),
        ("1 for the entropy", entropy_wrong(lambda p, logp, H: -p * (logp + 1))),
        ("sign", entropy_wrong(lambda p, logp, H: p * (logp + H))),
        ("p left out", entropy_wrong(lambda p, logp, H: -(logp + H))),
        (
            "softmax's diagonal only",
            entropy_wrong(lambda p, logp, H: -(logp + 1) * p * (1 - p)),
        ),
    ],
)


LOSSES = [
    BCE,
    SMOOTH_CE,
    FOCAL,
    GAUSSIAN_NLL,
    DICE,
    LOG_COSH,
    SVM,
    REPARAMETERISE,
    ENTROPY,
]
