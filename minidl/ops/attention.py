"""Scaled dot-product attention: an average of values, weighted by how well keys answer queries."""

from __future__ import annotations

import numpy as np

from ..complaints import explanations
from ..graph import op
from .choices import where
from .elementwise import exp
from .shape import swapaxes


@op(aux=True)
def attention(query, key, value, bias=None, allowed=None, kept=None, scale=1.0):
    """Y = P V, where P is the softmax along its last axis of S = scale Q K' + bias.

    query: (..., L, E), key: (..., S, E), value: (..., S, Ev).  Returns (..., L, Ev).
    bias: added to the scores, broadcast to (..., L, S).  allowed: bools of that shape, False where
    a query must not look; one that may look nowhere gets 0.  kept: factors for P (dropout).

    Backward.  With P the softmax, D the factors `kept` and G = dL/dY,

        dL/dV = (P * D)' G,        dL/dP = (G V') * D,
        dL/dS = P * (dL/dP - sum_j P_j dL/dP_j),
        dL/dQ = scale dL/dS K,     dL/dK = scale (dL/dS)' Q,     dL/dbias = dL/dS.

    P is kept for it.  Vaswani et al. 2017 (arXiv:1706.03762), eq. 1.  The notes print
    softmax(Q K' V) without the scale; unscaled scores grow with sqrt(E), and one key takes all.
    """
    p = np.matmul(query * scale, np.swapaxes(key, -1, -2))
    if bias is not None:
        p = p + bias
    if allowed is not None:
        np.copyto(p, -np.inf, where=~allowed)
    top = p.max(axis=-1, keepdims=True)
    p -= np.where(np.isfinite(top), top, 0)
    np.exp(p, out=p)
    total = p.sum(axis=-1, keepdims=True)
    p /= np.where(total == 0, 1, total)
    return np.matmul(p if kept is None else p * kept, value), p


@attention.composite
def _(query, key, value, bias, allowed, kept, scale):
    s = (query * scale) @ swapaxes(key, -1, -2)
    s = s if bias is None else s + bias
    # No score is -inf below: what is not allowed is masked before and after the exponential.
    open_ = (s > -np.inf) if allowed is None else (s > -np.inf) & allowed
    s = where(open_, s, 0.0)
    top = where(open_, s, -np.inf).max(axis=-1, keepdims=True).detach()
    e = where(open_, exp(s - where(top > -np.inf, top, 0.0)), 0.0)
    total = e.sum(axis=-1, keepdims=True)
    p = e / where(total == 0, 1.0, total)
    return (p if kept is None else p * kept) @ value


@attention.backward("query", "key", "value", "bias")
def _(g, query, key, value, bias, kept, scale, aux, needs):
    p = aux
    g_value = np.matmul(np.swapaxes(p if kept is None else p * kept, -1, -2), g)
    if not any((needs[0], needs[1], needs[3])):
        return None, None, g_value, None
    s = np.matmul(g, np.swapaxes(value, -1, -2))
    if kept is not None:
        s *= kept
    s -= np.einsum("...j,...j->...", s, p)[..., None]
    s *= p
    g_query = np.matmul(s, key) * scale if needs[0] else None
    g_key = np.matmul(np.swapaxes(s, -1, -2), query) * scale if needs[1] else None
    return g_query, g_key, g_value, s if bias is not None else None


def _explain(query, key, value, *_):
    """What is wrong with the shapes of `attention`."""
    if min(query.ndim, key.ndim, value.ndim) < 2:
        return f"query {query.shape}, key {key.shape}, value {value.shape} need (..., length, size)"
    if query.shape[-1] != key.shape[-1]:
        return f"query {query.shape} and key {key.shape} must have last axes of one length"
    if key.shape[-2] != value.shape[-2]:
        return f"key {key.shape} and value {value.shape}: there must be one value for each key"
    return None


explanations["attention"] = _explain
