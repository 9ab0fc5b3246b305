"""The affine map of a layer, y = x W' + b, and its bilinear sibling."""

from __future__ import annotations

import math

import numpy as np

from .. import complaints
from ..graph import op
from .products import einsum


@op
def linear(x, weight, bias=None):
    """y = x weight' + bias.

    x: (..., in), weight: (out, in), bias: (out,) or None.  Returns (..., out).
    Raises TypeError where dtypes differ: one float64 array would make the whole network float64.
    """
    if x.dtype != weight.dtype:
        raise complaints.complete(
            TypeError(
                f"the input is {x.dtype}, the weight {weight.dtype}: cast the input with "
                f"x.astype('{weight.dtype}'), or the layer with layer.to('{x.dtype}')"
            )
        )
    y = np.matmul(_flat(x), weight.T)  # one product, where matmul would do one for each x[i]
    if bias is not None:
        y += bias
    return _like(y, x)


def _flat(x):
    """(..., k) as (M, k)."""
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _like(y, x):
    """(M, k) as (..., k), where x is (..., n)."""
    return y if x.ndim == 2 else y.reshape(*x.shape[:-1], y.shape[-1])


# y_ni = sum_j x_nj W_ij + b_i, so
#   dL/dx_nj = sum_i g_ni W_ij      dL/dW_ij = sum_n g_ni x_nj      dL/db_i = sum_n g_ni
# (the engine sums g over the axes that b was broadcast along)
linear.vjp(
    x=lambda g, weight: _like(_flat(g) @ weight, g),
    weight=lambda g, x: _flat(g).swapaxes(0, 1) @ _flat(x),
    bias=lambda g: g,
)


def bilinear(x1, x2, weight, bias=None):
    """y_o = x1' W_o x2 + b_o.

    x1: (..., in1), x2: (..., in2), weight: (out, in1, in2), bias: (out,) or None.
    Returns (..., out).  Raises ValueError where shapes do not fit.
    """
    if x1.shape != (*x2.shape[:-1], weight.shape[1]) or x2.shape[-1] != weight.shape[2]:
        raise ValueError(
            f"bilinear: x1 {x1.shape} and x2 {x2.shape} do not fit weight {weight.shape}, "
            "which is (out, in1, in2)"
        )
    y = einsum("...i,oij,...j->...o", x1, weight, x2)
    return y if bias is None else y + bias


def _explain(x, weight, bias=None):
    """What is wrong with the shapes of `linear`."""
    if weight.ndim != 2 or x.ndim == 0 or x.shape[-1] != weight.shape[1]:
        return (
            f"x {x.shape} needs a last axis of length {weight.shape[-1]}, "
            f"for weight {weight.shape} is (out, in)"
        )
    if bias is not None and bias.shape != (weight.shape[0],):
        return f"bias {bias.shape} must be ({weight.shape[0]},), as weight is {weight.shape}"
    return None


complaints.explanations["linear"] = _explain
