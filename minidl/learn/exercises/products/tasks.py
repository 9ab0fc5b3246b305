"""What is checked in the exercises on products and views."""

import numpy as np

from minidl.gradcheck.draws import normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "matrix products, einsum, views"


def split_heads(x, heads):
    n, t, d = x.shape
    return x.reshape(n, t, heads, d // heads).transpose(0, 2, 1, 3)


EXERCISES = [
    Exercise(
        "matmul", "the gradient of a matrix product", points=2, page="row `mse-jacobian-grad`",
        hints=(
            "Write down the shapes of g, a and b, and which products of two of them have the shape "
            "of a.",
            "dL/da is (N, D): g is (N, K), and b is (D, K) the wrong way round.",
            "Each gradient is g times the other factor, transposed, from the side where it stood.",
        ),
        checks=(
            Gradient("matmul_backward", lambda a, b: a @ b,
                     {"a": normal("N", "D"), "b": normal("D", "K")}, (
                wrong("transposed-weights", "the gradient of b is (a^T g)^T, its transpose",
                      lambda g, y, a, b: (g @ b.T, g.T @ a)),
                wrong("mean-over-rows", "the gradient of b is divided by the N rows",
                      lambda g, y, a, b: (g @ b.T, a.T @ g / len(a))),
                wrong("order-swapped", "the two gradients are returned in the wrong order",
                      lambda g, y, a, b: (a.T @ g, g @ b.T)),
            )),
        ),
    ),
    Exercise(
        "batched", "many products, one matrix shared", points=2, page="row `minibatch-layout`",
        hints=(
            "What would dL/dw be if the batch had one element?",
            "Sum that over the batch. a^T g of each element: transpose the last two axes.",
            "In einsum: which two letters of a and g stay, and which two are summed?",
        ),
        checks=(
            Gradient("batched_backward", lambda a, w: a @ w,
                     {"a": normal("B", "N", "D"), "w": normal("D", "K")}, (
                wrong("batch-not-summed", "the gradient of w is not summed over the batch",
                      lambda g, y, a, w: (g @ w.T, a.transpose(0, 2, 1) @ g)),
                wrong("batch-mean", "the gradient of w is averaged over the batch",
                      lambda g, y, a, w: (g @ w.T, (a.transpose(0, 2, 1) @ g).mean(axis=0))),
                wrong("last-only", "only the last element of the batch is kept",
                      lambda g, y, a, w: (g @ w.T, a[-1].T @ g[-1])),
            )),
        ),
    ),
    Exercise(
        "heads", "views have gradients too", points=3, page="row `attention`",
        hints=(
            "reshape splits the last axis in two; transpose exchanges two axes.",
            "Backwards: exchange the axes again (this exchange is its own inverse), then merge the "
            "last two into one.",
            "The order matters: a reshape straight from (N, H, T, D) to (N, T, H D) mixes the heads "
            "of different times.",
        ),
        checks=(
            Value("split_heads", split_heads, {"x": normal("N", "T", "2D"), "heads": 2}, (
                wrong("reshape-alone", "it is reshaped to (N, H, T, D) at once, which mixes times and "
                      "heads", lambda x, heads: x.reshape(len(x), heads, x.shape[1], -1)),
                wrong("d-before-h", "the last axis is split as (D, H), not as (H, D)",
                      lambda x, heads: x.reshape(*x.shape[:2], -1, heads).transpose(0, 3, 1, 2)),
            )),
            Gradient("split_heads_backward", split_heads, {"x": normal("N", "T", "2D"), "heads": 2}, (
                wrong("reshape-alone", "it is reshaped at once, without undoing the exchange of axes",
                      lambda g, y, x, heads: g.reshape(x.shape)),
                wrong("not-merged", "the heads are not merged again",
                      lambda g, y, x, heads: g.transpose(0, 2, 1, 3)),
            )),
        ),
    ),
    Exercise(
        "bilinear", "a form in three arguments", points=3, page="row `quadratic-taylor`", fast=True,
        hints=(
            "For one example y = x^T w z. What is its gradient by x alone, by z alone, by w alone?",
            "w z, w^T x, and the outer product x z^T; each times g_n, and that of w summed over n.",
            "einsum of g and the two others: the letters of the one that is left out are the result.",
        ),
        checks=(
            Gradient("bilinear_backward", lambda x, w, z: np.einsum("ni,ij,nj->n", x, w, z),
                     {"x": normal("N", "D"), "w": normal("D", "K"), "z": normal("N", "K")}, (
                wrong("no-upstream-weights", "the gradient of w leaves g out",
                      lambda g, y, x, w, z: (g[:, None] * (z @ w.T), x.T @ z, g[:, None] * (x @ w))),
                wrong("weights-transposed", "the gradient of w is z x^T, the transpose",
                      lambda g, y, x, w, z: (g[:, None] * (z @ w.T), (z * g[:, None]).T @ x,
                                             g[:, None] * (x @ w))),
                wrong("rows-not-summed", "the gradient of w is not summed over the examples",
                      lambda g, y, x, w, z: (g[:, None] * (z @ w.T),
                                             np.einsum("n,ni,nj->nij", g, x, z),
                                             g[:, None] * (x @ w))),
            )),
        ),
    ),
]  # fmt: skip
