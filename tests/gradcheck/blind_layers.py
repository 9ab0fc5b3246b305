"""Wrong backwards of layers, written without having seen the checker's rules.

See `blind`, which joins them with those of functions on arrays and of the losses.
"""

import numpy as np

from minidl.gradcheck.draws import mask, normal

from .blind_arrays import sigmoid

MATMUL = (
    "matmul",
    lambda x, w: x @ w,
    dict(x=normal("N", "D"), w=normal("D", "K")),
    lambda g, y, x, w: (g @ w.T, x.T @ g),
    [
        ("w not transposed", lambda g, y, x, w: (g @ w, x.T @ g)),
        ("gradient of w transposed", lambda g, y, x, w: (g @ w.T, g.T @ x)),
        ("results swapped", lambda g, y, x, w: (x.T @ g, g @ w.T)),
        ("mean over the batch", lambda g, y, x, w: (g @ w.T, x.T @ g / len(x))),
        ("y for g", lambda g, y, x, w: (g @ w.T, x.T @ y)),
        ("float32", lambda g, y, x, w: ((g @ w.T).astype(np.float32), x.T @ g)),
    ],
)


def linear_of_b(f):
    return lambda g, y, x, w, b: (g @ w, g.T @ x, f(g, x))


LINEAR = (
    "linear",
    lambda x, w, b: x @ w.T + b,
    dict(x=normal("N", "D"), w=normal("K", "D"), b=normal("K")),
    linear_of_b(lambda g, x: g.sum(axis=0)),
    [
        ("bias not summed", linear_of_b(lambda g, x: g)),
        ("bias averaged", linear_of_b(lambda g, x: g.mean(axis=0))),
        ("bias summed over the wrong axis", linear_of_b(lambda g, x: g.sum(axis=1))),
        ("bias ones", linear_of_b(lambda g, x: np.ones(g.shape[1]))),
        (
            "everything averaged",
            lambda g, y, x, w, b: (g @ w / len(x), g.T @ x / len(x), g.mean(axis=0)),
        ),
        ("|w|", lambda g, y, x, w, b: (g @ np.abs(w), g.T @ x, g.sum(axis=0))),
    ],
)

BATCHED = (
    "einsum_bij_jk",
    lambda a, w: np.einsum("bij,jk->bik", a, w),
    dict(a=normal("B", "I", "J"), w=normal("J", "K")),
    lambda g, y, a, w: (np.einsum("bik,jk->bij", g, w), np.einsum("bij,bik->jk", a, g)),
    [
        ("batch not summed", lambda g, y, a, w: (g @ w.T, np.einsum("bij,bik->bjk", a, g))),
        ("batch averaged", lambda g, y, a, w: (g @ w.T, np.einsum("bij,bik->jk", a, g) / len(a))),
        ("only the first of the batch", lambda g, y, a, w: (g @ w.T, a[0].T @ g[0])),
        ("sums multiplied", lambda g, y, a, w: (g @ w.T, a.sum(axis=0).T @ g.sum(axis=0))),
        ("all axes turned", lambda g, y, a, w: ((w @ g.T).T, a.T @ g)),
    ],
)

QUADRATIC = (
    "quadratic_form",
    lambda x, a: np.einsum("ni,ij,nj->n", x, a, x),
    dict(x=normal("N", "D"), a=normal("D", "D")),
    lambda g, y, x, a: (g[:, None] * (x @ (a + a.T)), (g[:, None] * x).T @ x),
    [
        ("as if symmetric", lambda g, y, x, a: (2 * g[:, None] * (x @ a), (g[:, None] * x).T @ x)),
        ("only one factor", lambda g, y, x, a: (g[:, None] * (x @ a.T), (g[:, None] * x).T @ x)),
        (
            "a with the 2",
            lambda g, y, x, a: (g[:, None] * (x @ (a + a.T)), 2 * (g[:, None] * x).T @ x),
        ),
        ("half", lambda g, y, x, a: (0.5 * g[:, None] * (x @ (a + a.T)), (g[:, None] * x).T @ x)),
        ("g forgotten for a", lambda g, y, x, a: (g[:, None] * (x @ (a + a.T)), x.T @ x)),
    ],
)

EPS = 1e-2


def normalised(x, axis):
    std = np.sqrt(x.var(axis=axis, keepdims=True) + EPS)
    return (x - x.mean(axis=axis, keepdims=True)) / std, std


def norm_forward(axis):
    return lambda x, weight, bias: normalised(x, axis)[0] * weight + bias


def norm_backward(axis, of_x, of_weight=lambda g, x, h: (g * h).sum(axis=0), scaled=True):
    """A backward from the gradient of the normalised `h`, and the reduction along `axis`."""

    def backward(g, y, x, weight, bias):
        h, std = normalised(x, axis)
        gx = of_x(g * weight if scaled else g, h, std, lambda a: a.mean(axis=axis, keepdims=True))
        return gx, of_weight(g, x, h), g.sum(axis=0)

    return backward


def through_all(g, h, std, mean):
    return (g - mean(g) - h * mean(g * h)) / std


def through_no_statistics(g, h, std, mean):
    return g / std


def through_mean(g, h, std, mean):
    return (g - mean(g)) / std


def through_variance(g, h, std, mean):
    return (g - h * mean(g * h)) / std


def norm_wrongs(axis):
    return [
        ("statistics as constants", norm_backward(axis, through_no_statistics)),
        ("variance as a constant", norm_backward(axis, through_mean)),
        ("mean as a constant", norm_backward(axis, through_variance)),
        ("weight forgotten", norm_backward(axis, through_all, scaled=False)),
        ("weight from x", norm_backward(axis, through_all, lambda g, x, h: (g * x).sum(axis=0))),
    ]


BATCH_NORM = (
    "batch_norm",
    norm_forward(0),
    dict(x=normal("2N", "D"), weight=normal("D"), bias=normal("D")),
    norm_backward(0, through_all),
    norm_wrongs(0)
    + [
        ("weight not summed", norm_backward(0, through_all, lambda g, x, h: g * h)),
        (
            "not divided by std",
            norm_backward(0, lambda g, h, s, mean: s * through_all(g, h, s, mean)),
        ),
    ],
)

LAYER_NORM = (
    "layer_norm",
    norm_forward(1),
    dict(x=normal("N", "2D"), weight=normal("2D"), bias=normal("2D")),
    norm_backward(1, through_all),
    norm_wrongs(1)
    + [
        ("sums for means", norm_backward(1, lambda g, h, s, mean: through_all(
            g, h, s, lambda a: a.sum(axis=1, keepdims=True)
        ))),
        ("means over the batch", norm_backward(1, lambda g, h, s, mean: through_all(
            g, h, s, lambda a: a.mean(axis=0)
        ))),
        ("weight averaged", norm_backward(1, through_all, lambda g, x, h: (g * h).mean(axis=0))),
    ],
)  # fmt: skip


def conv1d(x, w, b):
    """x: (N, C, L), w: (F, C, K) -> (N, F, L - K + 1)."""
    size = w.shape[2]
    steps = range(x.shape[2] - size + 1)
    y = [np.tensordot(x[:, :, t : t + size], w, ([1, 2], [1, 2])) for t in steps]
    return np.stack(y, axis=2) + b[:, None]


def conv_backward(kernel=lambda w: w, late=0, fewer=0, assigned=False, of_b=None, average=False):
    def backward(g, y, x, w, b):
        gx, gw, size = np.zeros_like(x), np.zeros_like(w), w.shape[2]
        for t in range(g.shape[2] - fewer):
            window = gx[:, :, t + late : t + late + size]
            part = np.tensordot(g[:, :, t], kernel(w), (1, 0))[:, :, : window.shape[2]]
            window[...] = part if assigned else window + part
            gw += np.tensordot(g[:, :, t], x[:, :, t : t + size], (0, 0))
        gb = of_b(g) if of_b else g.sum(axis=(0, 2))
        return gx, gw / len(x) if average else gw, gb

    return backward


CONV = (
    "conv1d",
    conv1d,
    dict(x=normal("N", "C", "3L"), w=normal("F", "C", 3), b=normal("F")),
    conv_backward(),
    [
        ("kernel flipped", conv_backward(lambda w: w[:, :, ::-1])),
        ("one position too late", conv_backward(late=1)),
        ("last position left out", conv_backward(fewer=1)),
        ("windows overwrite", conv_backward(assigned=True)),
        ("bias not summed over positions", conv_backward(of_b=lambda g: g.sum(axis=0))),
        ("bias averaged over positions", conv_backward(of_b=lambda g: g.sum(axis=0).mean(axis=1))),
        ("weight averaged", conv_backward(average=True)),
    ],
)


def pairs(x):
    return x.reshape(*x.shape[:-1], -1, 2)


def pooled(share):
    """Each output's gradient times `share(pair)`."""
    return lambda g, y, x: (g[..., None] * share(pairs(x))).reshape(x.shape)


def largest(pair):
    return pair == pair.max(axis=-1, keepdims=True)


MAX_POOL = (
    "max_pool",
    lambda x: pairs(x).max(axis=-1),
    dict(x=normal("N", "2L")),
    pooled(largest),
    [
        ("to both", pooled(lambda pair: np.ones_like(pair))),
        ("half to both", pooled(lambda pair: np.full_like(pair, 0.5))),
        ("to the smaller", pooled(lambda pair: ~largest(pair))),
        ("to the first", pooled(lambda pair: np.ones_like(pair) * [1, 0])),
        ("the largest value", pooled(lambda pair: pair * largest(pair))),
        ("output's shape", lambda g, y, x: g * 1),
    ],
)


def window_sums(x):
    return x[:, :-2] + x[:, 1:-1] + x[:, 2:]


def averaged(places, factor=1 / 3, assigned=False):
    def backward(g, y, x):
        gx, length = np.zeros_like(x), g.shape[1]
        for k in places:
            gx[:, k : k + length] = factor * g + (0 if assigned else gx[:, k : k + length])
        return gx

    return backward


def average_by_count(g, y, x):
    """Divides by the number of windows in which an entry stands, less at the borders."""
    counts = averaged(range(3), 1)(np.ones_like(g), y, x)
    return averaged(range(3), 1)(g, y, x) / counts


AVERAGE_POOL = (
    "average_pool",
    lambda x: window_sums(x) / 3,
    dict(x=normal("N", "3L")),
    averaged(range(3)),
    [
        ("1/3 forgotten", averaged(range(3), 1)),
        ("window of two", averaged(range(2))),
        ("only the middle", averaged([1])),
        ("windows overwrite", averaged(range(3), assigned=True)),
        ("divided by the count", average_by_count),
    ],
)

RNG = np.random.default_rng(0)

DROPOUT = (
    "dropout",
    lambda x, keep, p: x * keep / (1 - p),
    dict(x=normal("N", "2D"), keep=mask(0.7, "N", "2D"), p=0.3),
    lambda g, y, x, keep, p: g * keep / (1 - p),
    [
        ("not scaled", lambda g, y, x, keep, p: g * keep),
        ("divided by p", lambda g, y, x, keep, p: g * keep / p),
        ("multiplied by 1 - p", lambda g, y, x, keep, p: g * keep * (1 - p)),
        ("mask forgotten", lambda g, y, x, keep, p: g / (1 - p)),
        ("the dropped ones", lambda g, y, x, keep, p: g * ~keep / (1 - p)),
        ("another mask", lambda g, y, x, keep, p: g * (RNG.random(x.shape) > p) / (1 - p)),
    ],
)


def weights_of(q, k):
    scores = q @ k.T / np.sqrt(q.shape[1])
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def of_scores(gp, p):
    return p * (gp - (gp * p).sum(axis=1, keepdims=True))


def attention_backward(softmax=of_scores, of_q=1, of_k=1, gv=lambda p, g: p.T @ g, swapped=False):
    """of_q, of_k: powers of the scale 1/sqrt(d)."""

    def backward(g, y, q, k, v):
        p, scale = weights_of(q, k), 1 / np.sqrt(q.shape[1])
        gs = softmax(g @ v.T, p)
        gq, gk = scale**of_q * gs @ k, scale**of_k * gs.T @ q
        return (gk, gq, gv(p, g)) if swapped else (gq, gk, gv(p, g))

    return backward


ATTENTION = (
    "attention",
    lambda q, k, v: weights_of(q, k) @ v,
    dict(q=normal("N", "D"), k=normal("M", "D"), v=normal("M", "E")),
    attention_backward(),
    [
        ("scale forgotten", attention_backward(of_q=0, of_k=0)),
        ("scale forgotten for k", attention_backward(of_k=0)),
        ("scale twice", attention_backward(of_q=2, of_k=2)),
        ("softmax skipped", attention_backward(lambda gp, p: gp)),
        ("softmax as elementwise", attention_backward(lambda gp, p: gp * p * (1 - p))),
        (
            "sum of the softmax over queries",
            attention_backward(lambda gp, p: p * (gp - (gp * p).sum(axis=0))),
        ),
        ("weights not transposed", attention_backward(gv=lambda p, g: p @ g)),
        ("results swapped", attention_backward(swapped=True)),
    ],
)


def cell(f, i, u, c):
    return sigmoid(f) * c + sigmoid(i) * np.tanh(u)


def cell_backward(g, y, f, i, u, c, slope_f=None, slope_u=None, of_i=None, of_c=None):
    sf, si, tu = sigmoid(f), sigmoid(i), np.tanh(u)
    gf = g * c * (sf * (1 - sf) if slope_f is None else slope_f(f, sf))
    gi = g * (tu if of_i is None else of_i(u, c)) * si * (1 - si)
    gu = g * si * (1 - tu**2 if slope_u is None else slope_u(u, tu))
    return gf, gi, gu, g * (sf if of_c is None else of_c(f, si))


def cell_with(**mistake):
    return lambda g, y, f, i, u, c: cell_backward(g, y, f, i, u, c, **mistake)


CELL = (
    "lstm_cell_state",
    cell,
    dict(f=normal("N", "H"), i=normal("N", "H"), u=normal("N", "H"), c=normal("N", "H")),
    cell_with(),
    [
        ("slope of the gate forgotten", cell_with(slope_f=lambda f, sf: 1)),
        ("gate for its slope", cell_with(slope_f=lambda f, sf: sf)),
        ("slope of tanh forgotten", cell_with(slope_u=lambda u, tu: 1)),
        ("1 - u² for 1 - tanh²", cell_with(slope_u=lambda u, tu: 1 - u**2)),
        ("u for tanh u", cell_with(of_i=lambda u, c: u)),
        ("c for tanh u", cell_with(of_i=lambda u, c: c)),
        ("input gate for forget gate", cell_with(of_c=lambda f, si: si)),
        ("f for its sigmoid", cell_with(of_c=lambda f, si: f)),
    ],
)

RECURRENT = (
    "recurrent_step",
    lambda x, h, w, u: np.tanh(x @ w + h @ u),
    dict(x=normal("N", "D"), h=normal("N", "H"), w=normal("D", "H"), u=normal("H", "H")),
    lambda g, y, x, h, w, u: ((a := g * (1 - y * y)) @ w.T, a @ u.T, x.T @ a, h.T @ a),
    [
        ("tanh forgotten", lambda g, y, x, h, w, u: (g @ w.T, g @ u.T, x.T @ g, h.T @ g)),
        (
            "tanh forgotten for u",
            lambda g, y, x, h, w, u: ((a := g * (1 - y * y)) @ w.T, a @ u.T, x.T @ a, h.T @ g),
        ),
        (
            "u not transposed",
            lambda g, y, x, h, w, u: ((a := g * (1 - y * y)) @ w.T, a @ u, x.T @ a, h.T @ a),
        ),
        (
            "new state for old",
            lambda g, y, x, h, w, u: ((a := g * (1 - y * y)) @ w.T, a @ u.T, x.T @ a, y.T @ a),
        ),
        (
            "gradient of u transposed",
            lambda g, y, x, h, w, u: ((a := g * (1 - y * y)) @ w.T, a @ u.T, x.T @ a, a.T @ h),
        ),
    ],
)

LAYERS = [
    MATMUL, LINEAR, BATCHED, QUADRATIC, BATCH_NORM, LAYER_NORM, CONV, MAX_POOL, AVERAGE_POOL,
    DROPOUT, ATTENTION, CELL, RECURRENT,
]  # fmt: skip
