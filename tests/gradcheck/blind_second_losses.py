"""The second blind set: losses, of a batch to one number unless a name says otherwise."""

import numpy as np

from minidl.gradcheck.draws import between, integers, normal

from .blind_second_arrays import rows, softmax


def picked(z, labels):
    """1 at each row's label, else 0."""
    return np.eye(z.shape[1])[labels]


def cross_entropy(z, labels):
    return -np.log(softmax(z)[np.arange(len(z)), labels]).mean()


CROSS_ENTROPY = (
    "cross_entropy",
    cross_entropy,
    {"z": normal("N", "K"), "labels": integers("K", "N")},
    lambda g, y, z, labels: g * (softmax(z) - picked(z, labels)) / len(z),
    [
        ("mean forgotten", lambda g, y, z, labels: g * (softmax(z) - picked(z, labels))),
        (
            "over all elements",
            lambda g, y, z, labels: g * (softmax(z) - picked(z, labels)) / z.size,
        ),
        ("g ignored", lambda g, y, z, labels: (softmax(z) - picked(z, labels)) / len(z)),
        ("sign", lambda g, y, z, labels: g * (picked(z, labels) - softmax(z)) / len(z)),
        (
            "logits for probabilities",
            lambda g, y, z, labels: g * (z - picked(z, labels)) / len(z),
        ),
        (
            "only the label's entry",
            lambda g, y, z, labels: g * (softmax(z) - 1) * picked(z, labels) / len(z),
        ),
        (
            "labels' columns of every row lowered",
            lambda g, y, z, labels: g * (softmax(z) - picked(z, labels).any(axis=0)) / len(z),
        ),
        (
            "softmax over the batch",
            lambda g, y, z, labels: g * (softmax(z.T).T - picked(z, labels)) / len(z),
        ),
    ],
)


BCE = (
    "bce",
    lambda q, t: -(t * np.log(q) + (1 - t) * np.log(1 - q)).sum(axis=1).mean(),
    {
        "q": between(0.1, 0.9, "N", "D"),
        "t": lambda rng, sizes: rng.integers(0, 2, sizes.shape(("N", "D"))),
    },
    lambda g, y, q, t: g * (q - t) / (q * (1 - q)) / len(q),
    [
        ("as if of logits", lambda g, y, q, t: g * (q - t) / len(q)),
        ("second term's inner sign", lambda g, y, q, t: -g * (t / q + (1 - t) / (1 - q)) / len(q)),
        ("first term only", lambda g, y, q, t: -g * t / q / len(q)),
        ("over all elements", lambda g, y, q, t: g * (q - t) / (q * (1 - q)) / q.size),
        ("1 - q forgotten", lambda g, y, q, t: g * (q - t) / q / len(q)),
    ],
)

MSE = (
    "mse",
    lambda p, t: ((p - t) ** 2).mean(),
    {"p": normal("N", "D"), "t": normal("N", "D")},
    lambda g, y, p, t: (g * 2 * (p - t) / p.size, g * 2 * (t - p) / p.size),
    [
        ("2 forgotten", lambda g, y, p, t: (g * (p - t) / p.size, g * (t - p) / p.size)),
        (
            "over the batch only",
            lambda g, y, p, t: (g * 2 * (p - t) / len(p), g * 2 * (t - p) / len(p)),
        ),
        ("target's sign", lambda g, y, p, t: (g * 2 * (p - t) / p.size, g * 2 * (p - t) / p.size)),
        (
            "absolute difference",
            lambda g, y, p, t: (g * 2 * np.abs(p - t) / p.size, -g * 2 * np.abs(p - t) / p.size),
        ),
        (
            "difference squared",
            lambda g, y, p, t: (g * 2 * (p - t) ** 2 / p.size, -g * 2 * (p - t) ** 2 / p.size),
        ),
        (
            "loss times difference",
            lambda g, y, p, t: (g * y * (p - t) / p.size, g * y * (t - p) / p.size),
        ),
    ],
)


def hinge_margins(s, labels):
    """max(0, s_j - s_label + 1), and 0 at the label."""
    correct = s[np.arange(len(s)), labels][:, None]
    margins = np.maximum(0, s - correct + 1)
    margins[np.arange(len(s)), labels] = 0
    return margins


def hinge_right(g, y, s, labels):
    active = (hinge_margins(s, labels) > 0).astype(float)
    active[np.arange(len(s)), labels] = -active.sum(axis=1)
    return g * active / len(s)


def hinge_label_once(g, y, s, labels):
    active = (hinge_margins(s, labels) > 0).astype(float)
    active[np.arange(len(s)), labels] = -1
    return g * active / len(s)


def hinge_label_forgotten(g, y, s, labels):
    return g * (hinge_margins(s, labels) > 0) / len(s)


def hinge_margin_size(g, y, s, labels):
    active = hinge_margins(s, labels)
    active[np.arange(len(s)), labels] = -active.sum(axis=1)
    return g * active / len(s)


def hinge_label_counted(g, y, s, labels):
    active = (s - s[np.arange(len(s)), labels][:, None] + 1 > 0).astype(float)
    active[np.arange(len(s)), labels] = -active.sum(axis=1)
    return g * active / len(s)


def hinge_no_margin(g, y, s, labels):
    active = (s > s[np.arange(len(s)), labels][:, None]).astype(float)
    active[np.arange(len(s)), labels] = -active.sum(axis=1)
    return g * active / len(s)


HINGE = (
    "multiclass_hinge",
    lambda s, labels: hinge_margins(s, labels).sum() / len(s),
    {"s": normal("N", "K"), "labels": integers("K", "N")},
    hinge_right,
    [
        ("label's entry counted once", hinge_label_once),
        ("label's entry forgotten", hinge_label_forgotten),
        ("margins, not whether positive", hinge_margin_size),
        ("label counted among the classes", hinge_label_counted),
        ("margin of 1 forgotten in the mask", hinge_no_margin),
    ],
)

HUBER = (
    "huber",
    lambda r, delta: np.where(np.abs(r) <= delta, r**2 / 2, delta * (np.abs(r) - delta / 2)).sum(),
    {"r": normal("N", "D"), "delta": 0.6},
    lambda g, y, r, delta: g * np.clip(r, -delta, delta),
    [
        (
            "delta forgotten outside",
            lambda g, y, r, delta: g * np.where(np.abs(r) <= delta, r, np.sign(r)),
        ),
        (
            "sign forgotten outside",
            lambda g, y, r, delta: g * np.where(np.abs(r) <= delta, r, delta),
        ),
        (
            "kink at 1, not at delta",
            lambda g, y, r, delta: g * np.where(np.abs(r) <= 1, r, delta * np.sign(r)),
        ),
        ("zero outside", lambda g, y, r, delta: g * r * (np.abs(r) <= delta)),
        (
            "absolute value forgotten in the test",
            lambda g, y, r, delta: g * np.where(r <= delta, r, delta),
        ),
        (
            "squared part doubled",
            lambda g, y, r, delta: g * np.where(np.abs(r) <= delta, 2 * r, delta * np.sign(r)),
        ),
    ],
)

KL = (
    "kl_of_gaussians",
    lambda mu, logvar: -0.5 * (1 + logvar - mu**2 - np.exp(logvar)).sum(axis=1).mean(),
    {"mu": normal("N", "D"), "logvar": normal("N", "D")},
    lambda g, y, mu, lv: (g * mu / len(mu), g * 0.5 * (np.exp(lv) - 1) / len(mu)),
    [
        (
            "half kept on mu",
            lambda g, y, mu, lv: (g * 0.5 * mu / len(mu), g * 0.5 * (np.exp(lv) - 1) / len(mu)),
        ),
        (
            "logvar taken for log sigma",
            lambda g, y, mu, lv: (g * mu / len(mu), g * (np.exp(2 * lv) - 1) / len(mu)),
        ),
        (
            "logvar taken for the variance",
            lambda g, y, mu, lv: (g * mu / len(mu), g * 0.5 * (1 - 1 / lv) / len(mu)),
        ),
        (
            "the 1 forgotten",
            lambda g, y, mu, lv: (g * mu / len(mu), g * 0.5 * np.exp(lv) / len(mu)),
        ),
        (
            "sign of logvar's",
            lambda g, y, mu, lv: (g * mu / len(mu), g * 0.5 * (1 - np.exp(lv)) / len(mu)),
        ),
        (
            "mean forgotten on mu",
            lambda g, y, mu, lv: (g * mu, g * 0.5 * (np.exp(lv) - 1) / len(mu)),
        ),
    ],
)


def norms(a):
    return np.sqrt(rows(a**2))


def cosine_grad(g, c, a, b):
    """c's slope with respect to a."""
    return g * (b / (norms(a) * norms(b)) - c * a / rows(a**2))


COSINE = (
    "cosine_similarity",
    lambda a, b: (rows(a * b) / (norms(a) * norms(b)))[:, 0],
    {"a": normal("N", "D"), "b": normal("N", "D")},
    lambda g, y, a, b: (
        cosine_grad(g[:, None], y[:, None], a, b),
        cosine_grad(g[:, None], y[:, None], b, a),
    ),
    [
        (
            "norms taken for constants",
            lambda g, y, a, b: (
                g[:, None] * b / (norms(a) * norms(b)),
                g[:, None] * a / (norms(a) * norms(b)),
            ),
        ),
        (
            "one of the two forgotten",
            lambda g, y, a, b: (
                cosine_grad(g[:, None], y[:, None], a, b),
                g[:, None] * a / (norms(a) * norms(b)),
            ),
        ),
        (
            "norm for its square",
            lambda g, y, a, b: (
                g[:, None] * (b / (norms(a) * norms(b)) - y[:, None] * a / norms(a)),
                g[:, None] * (a / (norms(a) * norms(b)) - y[:, None] * b / norms(b)),
            ),
        ),
        (
            "cosine forgotten",
            lambda g, y, a, b: (cosine_grad(g[:, None], 1, a, b), cosine_grad(g[:, None], 1, b, a)),
        ),
        (
            "exchanged",
            lambda g, y, a, b: (
                cosine_grad(g[:, None], y[:, None], b, a),
                cosine_grad(g[:, None], y[:, None], a, b),
            ),
        ),
    ],
)

LOSSES = [CROSS_ENTROPY, BCE, MSE, HINGE, HUBER, KL, COSINE]
