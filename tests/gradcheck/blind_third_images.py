"""The third blind set: convolutions, pools, upsampling."""

import numpy as np

from minidl.gradcheck.draws import normal


def strided_conv1d(x, w, b):
    """x: (N, C, 9), w: (F, C, 3), stride 2."""
    y = np.zeros((len(x), len(w), 4))
    for t in range(4):
        y[:, :, t] = np.tensordot(x[:, :, 2 * t : 2 * t + 3], w, ([1, 2], [1, 2])) + b
    return y


def strided_conv1d_backward(mistake=None):
    stride = 1 if mistake == "stride" else 2

    def backward(g, y, x, w, b):
        dx, dw = np.zeros_like(x), np.zeros_like(w)
        for t in range(g.shape[2]):
            at = slice(stride * t, stride * t + 3)
            kernel = w[..., ::-1] if mistake == "flipped" else w
            back = np.tensordot(g[:, :, t], kernel, (1, 0))
            if mistake == "overwritten":
                dx[:, :, at] = back
            else:
                dx[:, :, at] += back
            here = np.tensordot(g[:, :, t], x[:, :, at], (0, 0))
            dw = here if mistake == "last" else dw + here
        db = g.sum(axis=0 if mistake == "bias" else (0, 2))
        if mistake == "bias averaged":
            db = g.mean(axis=2).sum(axis=0)
        return dx, dw / len(x) if mistake == "mean" else dw, db

    return backward


STRIDED_CONV = (
    "conv1d_with_stride",
    strided_conv1d,
    {"x": normal("N", "C", 9), "w": normal("F", "C", 3), "b": normal("F")},
    strided_conv1d_backward(),
    [
        ("stride forgotten on the way back", strided_conv1d_backward("stride")),
        ("overlapping windows overwrite", strided_conv1d_backward("overwritten")),
        ("kernel flipped", strided_conv1d_backward("flipped")),
        ("kernel's gradient of the last window", strided_conv1d_backward("last")),
        ("bias not summed over the positions", strided_conv1d_backward("bias")),
        ("bias averaged over the positions", strided_conv1d_backward("bias averaged")),
        ("kernel's gradient averaged over the batch", strided_conv1d_backward("mean")),
    ],
)


def depthwise(x, w):
    """x: (N, C, 4, 5) padded by one, w: (C, 3, 3)."""
    p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    return sum(
        w[:, i, j, None, None] * p[:, :, i : i + 4, j : j + 5] for i in range(3) for j in range(3)
    )


def depthwise_backward(mistake=None):
    def backward(g, y, x, w):
        p = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
        dp, dw = np.zeros_like(p), np.zeros_like(w)
        for i in range(3):
            for j in range(3):
                k = w[:, 2 - i, 2 - j] if mistake == "flipped" else w[:, i, j]
                dp[:, :, i : i + 4, j : j + 5] += k[:, None, None] * g
                product = g * p[:, :, i : i + 4, j : j + 5]
                dw[:, i, j] = product.sum(axis=(0, 2, 3))
                if mistake == "all channels":
                    dw[:, i, j] = product.sum()
                if mistake == "first example":
                    dw[:, i, j] = product[0].sum(axis=(1, 2))
        if mistake == "uncropped":
            return dp, dw
        if mistake == "end cropped":
            return dp[:, :, :-2, :-2], dw
        if mistake == "kernel turned":
            dw = dw.transpose(0, 2, 1)
        return dp[:, :, 1:-1, 1:-1], dw

    return backward


DEPTHWISE = (
    "depthwise_conv2d",
    depthwise,
    {"x": normal("N", "C", 4, 5), "w": normal("C", 3, 3)},
    depthwise_backward(),
    [
        ("padding not removed", depthwise_backward("uncropped")),
        ("padding removed at the end only", depthwise_backward("end cropped")),
        ("kernel flipped", depthwise_backward("flipped")),
        ("kernel's gradient summed over all channels", depthwise_backward("all channels")),
        ("kernel's gradient of the first example", depthwise_backward("first example")),
        ("kernel's gradient with height and width swapped", depthwise_backward("kernel turned")),
    ],
)


def quarters(x):
    N, C, H, W = x.shape
    return x.reshape(N, C, H // 2, 2, W // 2, 2)


def spread(g):
    return g.repeat(2, axis=2).repeat(2, axis=3)


def first_of_window(g):
    dx = np.zeros((*g.shape[:2], 2 * g.shape[2], 2 * g.shape[3]))
    dx[:, :, ::2, ::2] = g
    return dx


AVERAGE_POOL = (
    "average_pool2d",
    lambda x: quarters(x).mean(axis=(3, 5)),
    {"x": normal("N", "C", 4, 6)},
    lambda g, y, x: spread(g) / 4,
    [
        ("not divided by the window", lambda g, y, x: spread(g)),
        ("divided by its side", lambda g, y, x: spread(g) / 2),
        ("tiled, not repeated", lambda g, y, x: np.tile(g, (1, 1, 2, 2)) / 4),
        ("to the first of the window", lambda g, y, x: first_of_window(g)),
        ("as of a maximum", lambda g, y, x: spread(g) * (x >= spread(y)) / 4),
        ("divided by the number of windows", lambda g, y, x: spread(g) / 6),
    ],
)


UPSAMPLE = (
    "upsample_nearest",
    lambda x: spread(x),
    {"x": normal("N", "C", 3, 2)},
    lambda g, y, x: quarters(g).sum(axis=(3, 5)),
    [
        ("mean of the four", lambda g, y, x: quarters(g).mean(axis=(3, 5))),
        ("one of the four", lambda g, y, x: g[:, :, ::2, ::2]),
        ("the corner of g", lambda g, y, x: g[:, :, :3, :2]),
        ("largest of the four", lambda g, y, x: quarters(g).max(axis=(3, 5))),
        (
            "blocks cut in the other order",
            lambda g, y, x: g.reshape(*g.shape[:2], 2, 3, 2, 2).sum(axis=(2, 4)),
        ),
        ("summed along the height only", lambda g, y, x: quarters(g).sum(axis=3)[..., 0]),
    ],
)


def overlapping_pool(x):
    """x: (N, 9), windows of 3 with stride 2."""
    return np.stack([x[:, t : t + 3].max(axis=1) for t in range(0, 7, 2)], axis=1)


def overlapping_pool_backward(put):
    def backward(g, y, x):
        dx = np.zeros_like(x)
        for n in range(len(x)):
            for t in range(4):
                put(dx[n], x[n], 2 * t, g[n, t])
        return dx

    return backward


def put_at_max(dx, x, start, g):
    dx[start + x[start : start + 3].argmax()] += g


def put_assign(dx, x, start, g):
    dx[start + x[start : start + 3].argmax()] = g


def put_without_start(dx, x, start, g):
    dx[x[start : start + 3].argmax()] += g


def put_everywhere(dx, x, start, g):
    dx[start : start + 3] += g


def put_unstrided(dx, x, start, g):
    put_at_max(dx, x, start // 2, g)


def put_value(dx, x, start, g):
    dx[start + x[start : start + 3].argmax()] += g * x[start : start + 3].max()


OVERLAPPING_POOL = (
    "max_pool1d_with_overlap",
    overlapping_pool,
    {"x": normal("N", 9)},
    overlapping_pool_backward(put_at_max),
    [
        ("a second window's share overwrites", overlapping_pool_backward(put_assign)),
        ("the window's start forgotten", overlapping_pool_backward(put_without_start)),
        ("to the whole window", overlapping_pool_backward(put_everywhere)),
        ("stride forgotten", overlapping_pool_backward(put_unstrided)),
        ("times the maximum", overlapping_pool_backward(put_value)),
    ],
)


IMAGES = [
    STRIDED_CONV,
    DEPTHWISE,
    AVERAGE_POOL,
    UPSAMPLE,
    OVERLAPPING_POOL,
]
