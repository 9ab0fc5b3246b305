"""The third blind set: products, inverses, distances, splitting and joining."""

import numpy as np

from minidl.gradcheck.draws import integers, normal


def well_conditioned(*dims):
    """Matrices near 4 times the identity."""

    def sample(rng, sizes):
        shape = sizes.shape(dims)
        return rng.standard_normal(shape) + 4 * np.eye(shape[-1])

    return sample


INVERSE = (
    "inverse",
    lambda A: np.linalg.inv(A),
    {"A": well_conditioned("D", "D")},
    lambda g, y, A: -y.T @ g @ y.T,
    [
        ("minus forgotten", lambda g, y, A: y.T @ g @ y.T),
        ("not transposed", lambda g, y, A: -y @ g @ y),
        ("as of a number, elementwise", lambda g, y, A: -g * y**2),
        ("A for its inverse", lambda g, y, A: -A.T @ g @ A.T),
        ("the second factor not transposed", lambda g, y, A: -y.T @ g @ y),
        ("only one factor", lambda g, y, A: -y.T @ g),
    ],
)


LOG_DETERMINANT = (
    "log_determinant",
    lambda A: np.linalg.slogdet(A)[1],
    {"A": well_conditioned("D", "D")},
    lambda g, y, A: g * np.linalg.inv(A).T,
    [
        ("not transposed", lambda g, y, A: g * np.linalg.inv(A)),
        (
            "as of the determinant, without the log",
            lambda g, y, A: g * np.linalg.det(A) * np.linalg.inv(A).T,
        ),
        ("divided by the log", lambda g, y, A: g * np.linalg.inv(A).T / y),
        ("one over each entry", lambda g, y, A: g / A),
        ("the trace's gradient", lambda g, y, A: g * np.eye(len(A))),
    ],
)


QUADRATIC = (
    "quadratic_form_of_rows",
    lambda x, A: ((x @ A) * x).sum(axis=1),
    {"x": normal("N", "D"), "A": normal("D", "D")},
    lambda g, y, x, A: (g[:, None] * (x @ A + x @ A.T), (g[:, None] * x).T @ x),
    [
        (
            "twice A x, as if A were symmetric",
            lambda g, y, x, A: (2 * g[:, None] * (x @ A.T), (g[:, None] * x).T @ x),
        ),
        (
            "only one of the two x",
            lambda g, y, x, A: (g[:, None] * (x @ A.T), (g[:, None] * x).T @ x),
        ),
        (
            "A's gradient without g",
            lambda g, y, x, A: (g[:, None] * (x @ A + x @ A.T), x.T @ x),
        ),
        (
            "A's gradient averaged over the rows",
            lambda g, y, x, A: (
                g[:, None] * (x @ A + x @ A.T),
                (g[:, None] * x).T @ x / len(x),
            ),
        ),
        (
            "A's gradient the square of x, diagonal only",
            lambda g, y, x, A: (
                g[:, None] * (x @ A + x @ A.T),
                np.diag((g[:, None] * x**2).sum(axis=0)),
            ),
        ),
    ],
)


def turned(a):
    return a.swapaxes(-1, -2)


SHARED_MATMUL = (
    "matmul_with_a_shared_matrix",
    lambda a, w: a @ w,
    {"a": normal("B", "N", "K"), "w": normal("K", "M")},
    lambda g, y, a, w: (g @ w.T, (turned(a) @ g).sum(axis=0)),
    [
        ("w's gradient keeps the batch", lambda g, y, a, w: (g @ w.T, turned(a) @ g)),
        (
            "w's gradient averaged over the batch",
            lambda g, y, a, w: (g @ w.T, (turned(a) @ g).mean(axis=0)),
        ),
        ("w's gradient of the last of the batch", lambda g, y, a, w: (g @ w.T, a[-1].T @ g[-1])),
        (".T on three axes", lambda g, y, a, w: (g @ w.T, (a.T @ g).sum(axis=0))),
        ("w not transposed", lambda g, y, a, w: (g @ w, (turned(a) @ g).sum(axis=0))),
        (
            "w's gradient transposed",
            lambda g, y, a, w: (g @ w.T, (turned(g) @ a).sum(axis=0)),
        ),
    ],
)


def bilinear_right(g, y, x, W, z):
    dx = np.einsum("nk,kij,nj->ni", g, W, z)
    dW = np.einsum("nk,ni,nj->kij", g, x, z)
    dz = np.einsum("nk,kij,ni->nj", g, W, x)
    return dx, dW, dz


def bilinear_swapped(g, y, x, W, z):
    dx, dW, dz = bilinear_right(g, y, x, W, z)
    return dz, dW, dx


def bilinear_mean(g, y, x, W, z):
    dx, dW, dz = bilinear_right(g, y, x, W, z)
    return dx, dW / len(x), dz


def bilinear_outer(g, y, x, W, z):
    dx, _, dz = bilinear_right(g, y, x, W, z)
    dW = np.zeros_like(W)
    for n in range(len(x)):
        dW += np.outer(x[n], z[n])
    return dx, dW, dz


def bilinear_last(g, y, x, W, z):
    dx, dW, dz = bilinear_right(g, y, x, W, z)
    for k in range(len(W)):
        dz = g[:, [k]] * (x @ W[k])
    return dx, dW, dz


def bilinear_sum(g, y, x, W, z):
    _, dW, dz = bilinear_right(g, y, x, W, z)
    return (z @ W.sum(axis=0).T) * g.sum(axis=1, keepdims=True), dW, dz


BILINEAR = (
    "bilinear",
    lambda x, W, z: np.einsum("ni,kij,nj->nk", x, W, z),
    {"x": normal("N", "I"), "W": normal("K", "I", "J"), "z": normal("N", "J")},
    bilinear_right,
    [
        ("the two inputs' gradients swapped", bilinear_swapped),
        ("W's gradient averaged over the batch", bilinear_mean),
        ("W's gradient without g", bilinear_outer),
        ("z's gradient of the last output only", bilinear_last),
        ("sums over the outputs multiplied", bilinear_sum),
    ],
)


def distances_backward(of_x=2.0, of_c=-2.0, difference=None):
    def backward(g, y, x, c):
        d = x[:, None] - c[None] if difference is None else difference(x, c)
        return of_x * (g[..., None] * d).sum(axis=1), of_c * (g[..., None] * d).sum(axis=0)

    return backward


DISTANCES = (
    "squared_distances_to_centres",
    lambda x, c: ((x[:, None] - c[None]) ** 2).sum(axis=-1),
    {"x": normal("N", "D"), "c": normal("K", "D")},
    distances_backward(),
    [
        ("the sign of the centres", distances_backward(of_c=2.0)),
        ("the 2 forgotten", distances_backward(1.0, -1.0)),
        (
            "the cross term forgotten",
            lambda g, y, x, c: (
                2 * g.sum(axis=1, keepdims=True) * x,
                2 * g.sum(axis=0)[:, None] * c,
            ),
        ),
        ("only the cross term", lambda g, y, x, c: (-2 * g @ c, -2 * g.T @ x)),
        ("absolute differences", distances_backward(difference=lambda x, c: abs(x[:, None] - c))),
        (
            "g forgotten for the centres",
            lambda g, y, x, c: (
                distances_backward()(g, y, x, c)[0],
                -2 * (x[:, None] - c).sum(axis=0),
            ),
        ),
        (
            "centres take no gradient",
            lambda g, y, x, c: (distances_backward()(g, y, x, c)[0], np.zeros_like(c)),
        ),
    ],
)


def lengths(v):
    return np.sqrt((v**2).sum(axis=1, keepdims=True))


def weight_norm_wrong(of_v, of_s=None):
    def backward(g, y, v, s):
        r = lengths(v)
        ds = (g * v / r).sum(axis=1, keepdims=True) if of_s is None else of_s(g, y, v, s, r)
        return of_v(g, y, v, s, r), ds

    return backward


def along(g, v):
    return (g * v).sum(axis=1, keepdims=True)


def weight_norm_v(g, y, v, s, r):
    return s / r * (g - v * along(g, v) / r**2)


WEIGHT_NORM = (
    "weight_normalisation",
    lambda v, s: s * v / lengths(v),
    {"v": normal("K", "D"), "s": normal("K", 1)},
    weight_norm_wrong(weight_norm_v),
    [
        ("length taken for a constant", weight_norm_wrong(lambda g, y, v, s, r: g * s / r)),
        (
            "scale forgotten for v",
            weight_norm_wrong(lambda g, y, v, s, r: (g - v * along(g, v) / r**2) / r),
        ),
        (
            "length for its square",
            weight_norm_wrong(lambda g, y, v, s, r: s / r * (g - v * along(g, v) / r)),
        ),
        (
            "v not divided for the scale",
            weight_norm_wrong(weight_norm_v, lambda g, y, v, s, r: along(g, v)),
        ),
        (
            "the product not summed",
            weight_norm_wrong(lambda g, y, v, s, r: s / r * (g - v * g * v / r**2)),
        ),
        (
            "y for the scale",
            weight_norm_wrong(weight_norm_v, lambda g, y, v, s, r: along(g, y)),
        ),
    ],
)


def index_add(base, x, rows):
    y = base.copy()
    np.add.at(y, rows, x)
    return y


def last_only(g, y, base, x, rows):
    dx = np.zeros_like(x)
    for r in range(len(g)):
        uses = np.flatnonzero(rows == r)
        if len(uses):
            dx[uses[-1]] = g[r]
    return g.copy(), dx


def base_masked(g, y, base, x, rows):
    untouched = g.copy()
    untouched[rows] = 0
    return untouched, g[rows]


INDEX_ADD = (
    "add_to_rows",
    index_add,
    {"base": normal("V", "D"), "x": normal(8, "D"), "rows": integers("V", 8)},
    lambda g, y, base, x, rows: (g.copy(), g[rows]),
    [
        ("only the last of equal indices", last_only),
        ("rows that were added to lose their base", base_masked),
        (
            "divided by the uses",
            lambda g, y, base, x, rows: (
                g.copy(),
                g[rows] / np.bincount(rows, minlength=len(g))[rows][:, None],
            ),
        ),
        ("output read for g", lambda g, y, base, x, rows: (g.copy(), y[rows])),
        ("order of the sorted indices", lambda g, y, base, x, rows: (g.copy(), g[np.sort(rows)])),
        ("base passed nothing", lambda g, y, base, x, rows: (np.zeros_like(g), g[rows])),
    ],
)


def split_at(where):
    def backward(g, y, a, b):
        at = where(a, b)
        return g[:, :at], g[:, at:]

    return backward


JOIN = (
    "concatenate_columns",
    lambda a, b: np.concatenate([a, b], axis=1),
    {"a": normal("N", "D"), "b": normal("N", "D")},
    split_at(lambda a, b: a.shape[1]),
    [
        (
            "the parts swapped",
            lambda g, y, a, b: split_at(lambda a, b: a.shape[1])(g, y, a, b)[::-1],
        ),
        ("both get the first part", lambda g, y, a, b: (g[:, : a.shape[1]], g[:, : b.shape[1]])),
        ("every second column", lambda g, y, a, b: (g[:, ::2], g[:, 1::2])),
        ("split by the number of rows", split_at(lambda a, b: len(a))),
        (
            "second part counted from a place too early",
            lambda g, y, a, b: (
                g[:, : a.shape[1]],
                g[:, a.shape[1] - 1 : -1],
            ),
        ),
    ],
)


def heads(x):
    N, T, D = x.shape
    return x.reshape(N, T, 3, D // 3).transpose(0, 2, 1, 3)


SPLIT_HEADS = (
    "split_heads",
    heads,
    {"x": normal("N", "T", "3D")},
    lambda g, y, x: g.transpose(0, 2, 1, 3).reshape(x.shape),
    [
        ("reshaped without turning back", lambda g, y, x: g.reshape(x.shape)),
        ("the last two axes turned", lambda g, y, x: g.transpose(0, 1, 3, 2).reshape(x.shape)),
        ("all the axes turned", lambda g, y, x: g.T.reshape(x.shape)),
        ("turned, heads after features", lambda g, y, x: g.transpose(0, 2, 3, 1).reshape(x.shape)),
        ("turned but not reshaped", lambda g, y, x: g.transpose(0, 2, 1, 3)),
    ],
)


ROTATE = (
    "move_axes_round",
    lambda x: x.transpose(1, 2, 0),
    {"x": normal("A", "B", "C")},
    lambda g, y, x: g.transpose(2, 0, 1),
    [
        ("the same turn again", lambda g, y, x: g.transpose(1, 2, 0)),
        ("reshaped to the shape of x", lambda g, y, x: g.reshape(x.shape)),
        ("reversed", lambda g, y, x: g.T),
        ("first two swapped, then reshaped", lambda g, y, x: g.swapaxes(0, 1).reshape(x.shape)),
    ],
)


MATRICES = [
    INVERSE,
    LOG_DETERMINANT,
    QUADRATIC,
    SHARED_MATMUL,
    BILINEAR,
    DISTANCES,
    WEIGHT_NORM,
    INDEX_ADD,
    JOIN,
    SPLIT_HEADS,
    ROTATE,
]
