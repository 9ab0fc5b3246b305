"""The third blind set: losses that compare samples, and losses with masks and advantages."""

import numpy as np

from minidl.gradcheck.draws import integers, normal


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def one_hot(labels, K):
    return np.eye(K)[labels]


def triplet_margin(a, p, n):
    return ((a - p) ** 2).sum(axis=1) - ((a - n) ** 2).sum(axis=1) + 4


def triplet_wrong(parts, active=lambda m: m > 0, count=len):
    """The three gradients by `parts(a, p, n)`, where the margin is violated."""

    def backward(g, y, a, p, n):
        on = active(triplet_margin(a, p, n))[:, None]
        return tuple(g * 2 * on * part / count(a) for part in parts(a, p, n))

    return backward


TRIPLET = (
    "triplet_loss",
    lambda a, p, n: np.maximum(triplet_margin(a, p, n), 0).mean(),
    {"a": normal("N", "D"), "p": normal("N", "D"), "n": normal("N", "D")},
    triplet_wrong(lambda a, p, n: (n - p, p - a, a - n)),
    [
        (
            "anchor's distance to the negative forgotten",
            triplet_wrong(lambda a, p, n: (a - p, p - a, a - n)),
        ),
        (
            "sign of the negative",
            triplet_wrong(lambda a, p, n: (n - p, p - a, n - a)),
        ),
        (
            "all triplets, also those with no loss",
            triplet_wrong(lambda a, p, n: (n - p, p - a, a - n), active=np.ones_like),
        ),
        (
            "not averaged",
            triplet_wrong(lambda a, p, n: (n - p, p - a, a - n), count=lambda a: 1),
        ),
        (
            "the squares' 2 forgotten",
            triplet_wrong(lambda a, p, n: ((n - p) / 2, (p - a) / 2, (a - n) / 2)),
        ),
        (
            "margin forgotten in the condition",
            triplet_wrong(lambda a, p, n: (n - p, p - a, a - n), active=lambda m: m > 4),
        ),
        (
            "averaged over the violated only",
            lambda g, y, a, p, n: tuple(
                d * len(a) / max((triplet_margin(a, p, n) > 0).sum(), 1)
                for d in TRIPLET[3](g, y, a, p, n)
            ),
        ),
    ],
)


TAU = 0.5


def info_nce(u, v):
    return -np.log(np.diag(softmax(u @ v.T / TAU))).mean()


def info_nce_backward(mistake=None):
    def backward(g, y, u, v):
        p = softmax(u @ v.T / TAU)
        ds = (p - np.eye(len(u))) / len(u)
        if mistake == "diagonal":
            ds = p / len(u)
        if mistake == "sum":
            ds = ds * len(u)
        if mistake == "columns":
            ds = (softmax(v @ u.T / TAU).T - np.eye(len(u))) / len(u)
        tau = 1 if mistake == "tau" else TAU
        du, dv = g * ds @ v / tau, g * ds.T @ u / tau
        if mistake == "untransposed":
            dv = g * ds @ u / tau
        if mistake == "detached":
            dv = np.zeros_like(v)
        if mistake == "own":
            du = g * ds @ u / tau
        return du, dv

    return backward


INFO_NCE = (
    "info_nce",
    info_nce,
    {"u": normal("N", "D"), "v": normal("N", "D")},
    info_nce_backward(),
    [
        ("temperature forgotten", info_nce_backward("tau")),
        ("the positive pair not subtracted", info_nce_backward("diagonal")),
        ("not averaged", info_nce_backward("sum")),
        ("softmax over the columns", info_nce_backward("columns")),
        ("square scores not transposed", info_nce_backward("untransposed")),
        ("keys taken for constants", info_nce_backward("detached")),
        ("queries multiplied by themselves", info_nce_backward("own")),
    ],
)


def some(*dims):
    """Booleans, the first of each row always True."""

    def sample(rng, sizes):
        keep = rng.random(sizes.shape(dims)) < 0.6
        keep[:, 0] = True
        return keep

    return sample


MASKED_MSE = (
    "masked_mse",
    lambda x, t, keep: (keep * (x - t) ** 2).sum() / keep.sum(),
    {"x": normal("N", "T"), "t": normal("N", "T"), "keep": some("N", "T")},
    lambda g, y, x, t, keep: (
        g * 2 * keep * (x - t) / keep.sum(),
        g * 2 * keep * (t - x) / keep.sum(),
    ),
    [
        (
            "divided by all entries",
            lambda g, y, x, t, keep: (
                g * 2 * keep * (x - t) / keep.size,
                g * 2 * keep * (t - x) / keep.size,
            ),
        ),
        (
            "mask forgotten",
            lambda g, y, x, t, keep: (
                g * 2 * (x - t) / keep.sum(),
                g * 2 * (t - x) / keep.sum(),
            ),
        ),
        (
            "mask forgotten for the target",
            lambda g, y, x, t, keep: (
                g * 2 * keep * (x - t) / keep.sum(),
                g * 2 * (t - x) / keep.sum(),
            ),
        ),
        (
            "target with the sign of the prediction",
            lambda g, y, x, t, keep: (
                g * 2 * keep * (x - t) / keep.sum(),
                g * 2 * keep * (x - t) / keep.sum(),
            ),
        ),
        (
            "divided by each row's own count",
            lambda g, y, x, t, keep: (
                g * 2 * keep * (x - t) / keep.sum(axis=1, keepdims=True),
                g * 2 * keep * (t - x) / keep.sum(axis=1, keepdims=True),
            ),
        ),
        (
            "the 2 forgotten, divided by the batch",
            lambda g, y, x, t, keep: (g * keep * (x - t) / len(x), g * keep * (t - x) / len(x)),
        ),
    ],
)


def policy_loss(z, actions, advantages):
    return -(advantages * np.log(softmax(z))[np.arange(len(z)), actions]).mean()


def policy_wrong(slope):
    """`slope(p, one_hot, A)`: minus the gradient, not averaged."""

    def backward(g, y, z, actions, advantages):
        p = softmax(z)
        return -g * slope(p, one_hot(actions, z.shape[1]), advantages[:, None]) / len(z)

    return backward


POLICY = (
    "policy_gradient",
    policy_loss,
    {
        "z": normal("N", "K"),
        "actions": integers("K", "N"),
        "advantages": lambda rng, sizes: rng.integers(1, 5, sizes.shape(("N",))),
    },
    policy_wrong(lambda p, t, A: A * (t - p)),
    [
        ("advantages forgotten", policy_wrong(lambda p, t, A: t - p)),
        ("upwards", policy_wrong(lambda p, t, A: -A * (t - p))),
        ("advantage of the chosen action only", policy_wrong(lambda p, t, A: A * t - p)),
        ("mean advantage subtracted", policy_wrong(lambda p, t, A: (A - A.mean()) * (t - p))),
        ("as of probabilities", policy_wrong(lambda p, t, A: A * t / p)),
        (
            "not averaged",
            lambda g, y, z, actions, advantages: POLICY[3](g, y, z, actions, advantages) * len(z),
        ),
    ],
)


def temporal_loss(z, labels, keep):
    N, T, V = z.shape
    p = softmax(z).reshape(-1, V)
    return -(keep.reshape(-1) * np.log(p[np.arange(N * T), labels.reshape(-1)])).sum() / N


def temporal_wrong(how):
    """The gradient by `how(p, one_hot, keep)`, N times over."""

    def backward(g, y, z, labels, keep):
        return g * how(softmax(z), one_hot(labels, z.shape[2]), keep[..., None]) / len(z)

    return backward


TEMPORAL = (
    "cross_entropy_of_captions",
    temporal_loss,
    {"z": normal("N", "T", "V"), "labels": integers("V", "N", "T"), "keep": some("N", "T")},
    temporal_wrong(lambda p, t, keep: keep * (p - t)),
    [
        ("padding forgotten", temporal_wrong(lambda p, t, keep: p - t)),
        (
            "averaged over the steps too",
            temporal_wrong(lambda p, t, keep: keep * (p - t) / p.shape[1]),
        ),
        (
            "averaged over the words that count",
            temporal_wrong(lambda p, t, keep: keep * (p - t) * len(p) / keep.sum()),
        ),
        ("not averaged", temporal_wrong(lambda p, t, keep: keep * (p - t) * len(p))),
        ("padding only at the true word", temporal_wrong(lambda p, t, keep: p - keep * t)),
        (
            "labels of the first step throughout",
            temporal_wrong(lambda p, t, keep: keep * (p - t[:, :1])),
        ),
        (
            "labels of the next step",
            temporal_wrong(lambda p, t, k: k * (p - np.roll(t, -1, axis=1))),
        ),
    ],
)


COMPARISONS = [
    TRIPLET,
    INFO_NCE,
    MASKED_MSE,
    POLICY,
    TEMPORAL,
]
