"""What is checked in the exercises on layers."""

import numpy as np

from minidl.gradcheck.draws import mask, normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "linear, normalisation, dropout, convolution, pooling"


def conv1d(x, w):
    windows = np.lib.stride_tricks.sliding_window_view(x, w.shape[2], axis=2)
    return np.einsum("ncts,kcs->nkt", windows, w)


def conv1d_gradients(g, x, w):
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for s in range(w.shape[2]):
        dx[:, :, s : s + g.shape[2]] += np.einsum("kc,nkt->nct", w[:, :, s], g)
        dw[:, :, s] = np.einsum("nkt,nct->kc", g, x[:, :, s : s + g.shape[2]])
    return dx, dw


def max_pool(x):
    return x.reshape(len(x), -1, 2).max(axis=2)


def per_pair(g, x, choose):
    pairs = x.reshape(len(x), -1, 2)
    return (g[:, :, None] * choose(pairs)).reshape(x.shape)


def norm(x, w, b, eps, axes):
    """Standardise over `axes`; w and b have the shape that broadcasts to x."""
    mean, var = x.mean(axis=axes, keepdims=True), x.var(axis=axes, keepdims=True)
    return w * (x - mean) / np.sqrt(var + eps) + b


def norm_dx(g, x, w, eps, axes, of_mean=True, of_var=True, keep=True):
    """The gradient of x, all of it or without a part; and the standardised x."""
    mean = lambda a: a.mean(axis=axes, keepdims=True)
    scale = 1 / np.sqrt(x.var(axis=axes, keepdims=True) + eps)
    xhat = (x - mean(x)) * scale
    h = g * w
    return scale * (h - mean(h) * of_mean - xhat * mean(h * xhat) * of_var), xhat


def layer(x, w, b, eps):
    return norm(x, w, b, eps, 1)


def layer_gradients(g, x, w, eps, **parts):
    dx, xhat = norm_dx(g, x, w, eps, 1, **parts)
    return dx, (g * xhat).sum(axis=0), g.sum(axis=0)


def batch(x, w, b, eps):
    return norm(x, w[:, None, None], b[:, None, None], eps, (0, 2, 3))


def batch_gradients(g, x, w, eps, axes=(0, 2, 3), **parts):
    dx, _ = norm_dx(g, x, w[:, None, None], eps, axes, **parts)
    xhat = norm_dx(g, x, w[:, None, None], eps, (0, 2, 3))[1]
    return dx, (g * xhat).sum(axis=(0, 2, 3)), g.sum(axis=(0, 2, 3))


LAYER = {"x": normal("N", "D"), "w": normal("D"), "b": normal("D"), "eps": 1e-3}
IMAGES = {"x": normal("N", 2, "H", 2), "w": normal(2), "b": normal(2), "eps": 1e-3}

EXERCISES = [
    Exercise(
        "linear", "a linear layer", points=2, page="row `minibatch-layout`",
        hints=(
            "It is the product of x with the transpose of w. Which gradients follow from the "
            "exercise on matrix products?",
            "dL/dw has the shape of w, (K, D): g comes first, transposed.",
            "b is added to every row: its gradient is the sum of g over the rows.",
        ),
        checks=(
            Gradient("linear_backward", lambda x, w, b: x @ w.T + b,
                     {"x": normal("N", "D"), "w": normal("K", "D"), "b": normal("K")}, (
                wrong("weight-transposed", "the gradient of w is x^T g, (D, K) and not (K, D)",
                      lambda g, y, x, w, b: (g @ w, x.T @ g, g.sum(axis=0))),
                wrong("bias-not-summed", "the gradient of b is not summed over the rows",
                      lambda g, y, x, w, b: (g @ w, g.T @ x, g)),
                wrong("batch-mean", "the gradients of w and b are divided by N: the loss does that, "
                      "if it is a mean", lambda g, y, x, w, b: (g @ w, g.T @ x / len(x), g.mean(axis=0))),
            )),
        ),
    ),
    Exercise(
        "dropout", "dropout", points=2, page="row `heterogeneous-dropout`",
        hints=(
            "For a given mask, y is x times a constant array.",
            "The same array multiplies g.",
            "The constant is m / (1 - p): kept entries are enlarged, so that the mean stays.",
        ),
        checks=(
            Value("dropout", lambda x, m, p: x * m / (1 - p),
                  {"x": normal("N", "D"), "m": mask(0.7, "N", "D"), "p": 0.3}, (
                wrong("not-scaled", "the division by 1 - p is missing", lambda x, m, p: x * m),
                wrong("scaled-by-p", "it is divided by p", lambda x, m, p: x * m / p),
                wrong("mask-inverted", "what should be kept is dropped",
                      lambda x, m, p: x * ~m / (1 - p)),
            )),
            Gradient("dropout_backward", lambda x, m, p: x * m / (1 - p),
                     {"x": normal("N", "D"), "m": mask(0.7, "N", "D"), "p": 0.3}, (
                wrong("not-scaled", "the division by 1 - p is missing", lambda g, y, x, m, p: g * m),
                wrong("passes-everything", "dropped entries get a gradient",
                      lambda g, y, x, m, p: g / (1 - p)),
                wrong("mask-forgotten", "g is passed on as it is", lambda g, y, x, m, p: g),
            )),
        ),
    ),
    Exercise(
        "max_pool", "max pooling", points=2, page="row `conv-equivariance`",
        hints=(
            "Reshape x so that each pair has an axis of its own.",
            "Compare the pairs with their maximum: True at the winner.",
            "g gets a third axis of length 1, is multiplied by the mask, and reshaped back.",
        ),
        checks=(
            Gradient("max_pool_backward", max_pool, {"x": normal("N", "2T")}, (
                wrong("to-both", "both entries of a pair get the gradient",
                      lambda g, y, x: np.repeat(g, 2, axis=1)),
                wrong("as-average", "the gradient is shared, as for average pooling",
                      lambda g, y, x: np.repeat(g, 2, axis=1) / 2),
                wrong("to-the-first", "always the first entry of a pair gets it",
                      lambda g, y, x: per_pair(g, x, lambda p: np.array([1.0, 0.0]))),
                wrong("to-the-smaller", "the smaller entry gets it",
                      lambda g, y, x: per_pair(g, x, lambda p: p == p.min(axis=2, keepdims=True))),
            )),
        ),
    ),
    Exercise(
        "layer_norm", "layer normalisation", points=4, page="row `transformer-block`",
        hints=(
            "Compute xhat and the scale first. The gradients of w and b are sums over the rows.",
            "In the formula all means run along a row: one number a row, kept as a column.",
            "dL/dw = sum_n g xhat, dL/db = sum_n g, and h = g w goes into the formula for x.",
        ),
        checks=(
            Gradient("layer_norm_backward", layer, LAYER, (
                wrong("statistics-constant", "mean and variance are treated as constants",
                      lambda g, y, x, w, b, eps: layer_gradients(g, x, w, eps, of_mean=False, of_var=False)),
                wrong("variance-constant", "the variance is treated as a constant",
                      lambda g, y, x, w, b, eps: layer_gradients(g, x, w, eps, of_var=False)),
                wrong("mean-constant", "the mean is treated as a constant",
                      lambda g, y, x, w, b, eps: layer_gradients(g, x, w, eps, of_mean=False)),
                wrong("weight-forgotten", "w is left out of the gradient of x",
                      lambda g, y, x, w, b, eps: (layer_gradients(g, x, 1.0, eps)[0],
                                                  *layer_gradients(g, x, w, eps)[1:])),
            )),
        ),
    ),
    Exercise(
        "convolution", "a convolution in one dimension", points=5, page="rows `cross-correlation`, `conv-true-1d`",
        hints=(
            "For one tap s: y += w[:, :, s] times x, shifted by s. A sum over channels is a product "
            "of matrices.",
            "Backward, tap by tap: what y got from x[s : s + length], that slice gets back through "
            "w[:, :, s]^T; and w[:, :, s] gets g times the slice, summed over examples and places.",
            "Slices overlap: add to dx (+=), or later taps erase earlier ones.",
        ),
        checks=(
            Value("conv1d", conv1d, {"x": normal("N", "C", 7), "w": normal("K", "C", 3)}, (
                wrong("flipped", "the kernel is turned round: a true convolution",
                      lambda x, w: conv1d(x, w[:, :, ::-1])),
                wrong("channels-not-mixed", "only the first channel is used",
                      lambda x, w: conv1d(x[:, :1], w[:, :1])),
            )),
            Gradient("conv1d_backward", conv1d, {"x": normal("N", "C", 7), "w": normal("K", "C", 3)}, (
                wrong("kernel-not-flipped", "the gradient of x runs over the kernel the same way as "
                      "the forward pass", lambda g, y, x, w: (
                          conv1d_gradients(g, x, w[:, :, ::-1])[0], conv1d_gradients(g, x, w)[1])),
                wrong("last-tap-wins", "overlapping slices of dx are assigned (=), not added (+=)",
                      lambda g, y, x, w: (assigned(g, x, w), conv1d_gradients(g, x, w)[1])),
                wrong("weight-flipped", "the gradient of w is back to front",
                      lambda g, y, x, w: (conv1d_gradients(g, x, w)[0],
                                          conv1d_gradients(g, x, w)[1][:, :, ::-1])),
            ), weight=2),
        ),
    ),
    Exercise(
        "batch_norm", "batch normalisation of images", points=5, page="row `batchnorm`", fast=True,
        hints=(
            "Everything as in layer normalisation, but the means run over examples and places.",
            "axis=(0, 2, 3) with keepdims=True gives (1, C, 1, 1). w needs two more axes to "
            "multiply an image.",
            "dL/dx = scale (h - mean(h) - xhat mean(h xhat)) with h = g w.",
        ),
        checks=(
            Gradient("batch_norm_backward", batch, IMAGES, (
                wrong("statistics-constant", "mean and variance are treated as constants (that is "
                      "evaluation mode)", lambda g, y, x, w, b, eps: batch_gradients(
                          g, x, w, eps, of_mean=False, of_var=False)),
                wrong("variance-constant", "the variance is treated as a constant",
                      lambda g, y, x, w, b, eps: batch_gradients(g, x, w, eps, of_var=False)),
                wrong("mean-constant", "the mean is treated as a constant",
                      lambda g, y, x, w, b, eps: batch_gradients(g, x, w, eps, of_mean=False)),
                wrong("over-examples-only", "the means run over the examples, not over the places",
                      lambda g, y, x, w, b, eps: batch_gradients(g, x, w, eps, axes=(0,))),
            )),
        ),
    ),
]  # fmt: skip


def assigned(g, x, w):
    """dx, with = where += belongs."""
    dx = np.zeros_like(x)
    for s in range(w.shape[2]):
        dx[:, :, s : s + g.shape[2]] = np.einsum("kc,nkt->nct", w[:, :, s], g)
    return dx
