"""Recurrent layers over a whole sequence: forward in time, and the gradient back through time.

Each takes what the inputs contribute to every step, `gates` (T, N, ...) = x W_ih' + b, which one
matrix product gives for all steps; the state before the first step; and the weights of the state.
What depends on the step before has to be done step by step, here in one loop forward and one loop
back.  Write d(.) for the derivative of the loss with respect to (.).  The loop back carries dh, the
gradient of the state, from each step to the one before, and collects da, that of the sums a before
the nonlinearities.  The weights' gradient then is one product for all steps,

    dW = sum over t of  da_t' h_(t-1)

Werbos 1990, "Backpropagation through time: what it does and how to do it".
"""

from __future__ import annotations

import numpy as np

from ..graph import op
from .activations import logistic, relu, sigmoid
from .shape import split, stack
from .trigonometry import tanh


def _before(first, ys):
    """The states before each step: the first, and all outputs but the last."""
    return np.concatenate([first[None], ys[:-1]])


def _over_steps(da, h):
    """sum over t of da_t' h_t, for da (T, N, A) and h (T, N, H): (A, H)."""
    return da.reshape(-1, da.shape[-1]).T @ h.reshape(-1, h.shape[-1])


# ----------------------------------------------------------------------------- the plain network


@op(aux=True)
def rnn(gates, h, weight, nonlinearity="tanh"):
    """h_t = f(gates_t + h_(t-1) weight'), f = tanh or relu.

    gates: (T, N, H), h: (N, H), weight: (H, H).  Returns all states (T, N, H).
    Back: da_t = dh_t f'(a_t), which the state tells (1 - h^2, or h > 0); dh_(t-1) += da_t weight.
    Elman 1990, "Finding structure in time".
    """
    ys = np.empty_like(gates)
    for t in range(len(gates)):
        np.matmul(h, weight.T, out=ys[t])
        ys[t] += gates[t]
        h = np.tanh(ys[t], out=ys[t]) if nonlinearity == "tanh" else np.maximum(ys[t], 0, out=ys[t])
    return ys, None


@rnn.composite
def _(gates, h, weight, nonlinearity):
    f, ys = {"tanh": tanh, "relu": relu}[nonlinearity], []
    for t in range(len(gates)):
        h = f(gates[t] + h @ weight.T)
        ys.append(h)
    return stack(ys)


@rnn.backward("gates", "h", "weight")
def _(g, y, h, weight, nonlinearity):
    da = 1.0 - y * y if nonlinearity == "tanh" else (y > 0).astype(y.dtype)
    dh = np.zeros_like(h)
    for t in reversed(range(len(y))):
        da[t] *= dh + g[t]
        dh = da[t] @ weight
    return da, dh, _over_steps(da, _before(h, y))


# ------------------------------------------------------------------------- long short-term memory


@op(aux=True)
def lstm(gates, h, c, weight, projection=None):
    """Long short-term memory: a cell c that is kept, written to and read through gates.

        a       = gates_t + h_(t-1) weight'          its quarters are  a_i  a_f  a_g  a_o
        i, f, o = sigmoid(a_i), sigmoid(a_f), sigmoid(a_o)                 g = tanh(a_g)
        c_t     = f c_(t-1) + i g                    keep some, write some
        h_t     = o tanh(c_t)                        read some; with a projection, times projection'

    gates: (T, N, 4 H), h: (N, P), c: (N, H), weight: (4 H, P), projection: (P, H) or None (P = H).
    Returns all states h (T, N, P), and the last cell c (N, H).

    Back, from dh_t (what arrives at step t, plus what step t + 1 sends) and dc_t:

        do = dh tanh(c)                      dc += dh o (1 - tanh(c)^2)
        di = dc g      df = dc c_(t-1)       dg = dc i            dc_(t-1) = dc f
        da_i = di i (1 - i),  likewise f and o;   da_g = dg (1 - g^2);   dh_(t-1) = da weight

    dc passes from step to step through one product with f, which is near 1 where a cell is kept:
    that is why gradients last.  Hochreiter & Schmidhuber 1997; the forget gate: Gers et al. 2000;
    the projection: Sak et al. 2014 (arXiv:1402.1128).
    """
    steps, n, hidden = len(gates), len(h), c.shape[-1]
    # sigmoid(a) = tanh(a / 2) / 2 + 1/2: so one tanh does for all quarters
    half, rest = np.full_like(gates, 0.5, shape=(2, 4, hidden))
    half[2], rest[2] = 1.0, 0.0
    half, rest = half.ravel(), rest.ravel()

    act = np.empty_like(gates, shape=(steps, n, 4, hidden))  # i, f, g, o of every step
    cells = np.empty_like(gates, shape=(steps + 1, n, hidden))
    tanh_c, read = np.empty_like(gates, shape=(2, steps, n, hidden))  # read = o tanh(c)
    ys = read if projection is None else np.empty_like(gates, shape=(steps, n, len(projection)))
    cells[0] = c
    for t in range(steps):
        a = act[t].reshape(n, 4 * hidden)
        np.matmul(h, weight.T, out=a)
        a += gates[t]
        a *= half
        np.tanh(a, out=a)
        a *= half
        a += rest
        i, f, g, o = (act[t][:, k] for k in range(4))
        np.multiply(f, cells[t], out=cells[t + 1])
        cells[t + 1] += i * g
        np.tanh(cells[t + 1], out=tanh_c[t])
        np.multiply(o, tanh_c[t], out=read[t])
        if projection is not None:
            np.matmul(read[t], projection.T, out=ys[t])
        h = ys[t]
    return (ys, cells[-1].copy()), (act, cells, tanh_c, read)


@lstm.composite
def _(gates, h, c, weight, projection):
    ys = []
    for t in range(len(gates)):
        i, f, g, o = split(gates[t] + h @ weight.T, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        if projection is not None:
            h = h @ projection.T
        ys.append(h)
    return stack(ys), c


@lstm.backward("gates", "h", "c", "weight", "projection")
def _(g, y, h, weight, projection, aux):
    (gy, dc), (ys, _), (act, cells, tanh_c, read) = g, y, aux
    steps, n, _, hidden = act.shape
    i, f, g, o = (act[:, :, k] for k in range(4))
    # What does not wait for a later step, for all steps at once: da = into * (dc, dc, dc, dh), and
    # dc += onto_c * dh
    into = 1.0 - act
    into *= act
    into[:, :, 2] = 1.0 - g * g
    for k, factor in enumerate((g, cells[:-1], i, tanh_c)):
        into[:, :, k] *= factor
    onto_c = o * (1.0 - tanh_c * tanh_c)

    da, dys = into.reshape(steps, n, 4 * hidden), np.empty_like(ys)
    dh, dc = np.zeros_like(h), np.zeros_like(cells[0]) if dc is None else dc
    for t in reversed(range(steps)):
        dys[t] = dh if gy is None else dh + gy[t]
        dread = dys[t] if projection is None else dys[t] @ projection
        dc = dc + dread * onto_c[t]
        into[t][:, :3] *= dc[:, None]
        into[t][:, 3] *= dread
        dc = dc * f[t]
        dh = da[t] @ weight
    dprojection = None if projection is None else _over_steps(dys, read)
    return da, dh, dc, _over_steps(da, _before(h, ys)), dprojection


# --------------------------------------------------------------------------- gated recurrent unit


@op(aux=True)
def gru(gates, h, weight, bias=None):
    """Gated recurrent unit: the new state is a mean, weighted by z, of the old one and a candidate.

        s    = h_(t-1) weight' + bias                    its thirds are  s_r  s_z  s_n
        r, z = sigmoid(gates_r + s_r), sigmoid(gates_z + s_z)
        n    = tanh(gates_n + r s_n)                     the candidate; r forgets
        h_t  = (1 - z) n + z h_(t-1)

    gates: (T, N, 3 H), h: (N, H), weight: (3 H, H), bias: (3 H,) or None.
    Returns all states (T, N, H).

    Back, with da_r, da_z, da_n the gradients of the arguments of the three nonlinearities:

        da_n = dh (1 - z) (1 - n^2)        da_z = dh (h_(t-1) - n) z (1 - z)
        da_r = da_n s_n r (1 - r)          ds   = (da_r, da_z, da_n r)
        dh_(t-1) = dh z + ds weight

    Cho et al. 2014 (arXiv:1406.1078), eq. 5-8, with r inside as PyTorch has it, and z for 1 - z.
    """
    steps, hidden = len(gates), h.shape[-1]
    act = np.empty_like(gates)  # r, z, n of every step
    ys = np.empty_like(gates, shape=(steps, *h.shape))
    inner = np.empty_like(ys)  # s_n
    for t in range(steps):
        s = h @ weight.T
        if bias is not None:
            s += bias
        inner[t] = s[:, 2 * hidden :]
        doors, n = act[t][:, : 2 * hidden], act[t][:, 2 * hidden :]
        np.add(gates[t][:, : 2 * hidden], s[:, : 2 * hidden], out=doors)
        doors[...] = logistic(doors)
        np.multiply(doors[:, :hidden], inner[t], out=n)
        n += gates[t][:, 2 * hidden :]
        np.tanh(n, out=n)
        ys[t] = n + doors[:, hidden:] * (h - n)
        h = ys[t]
    return ys, (act, inner)


@gru.composite
def _(gates, h, weight, bias):
    ys = []
    for t in range(len(gates)):
        s = h @ weight.T if bias is None else h @ weight.T + bias
        (g_r, g_z, g_n), (s_r, s_z, s_n) = split(gates[t], 3, axis=1), split(s, 3, axis=1)
        r, z = sigmoid(g_r + s_r), sigmoid(g_z + s_z)
        n = tanh(g_n + r * s_n)
        h = (1.0 - z) * n + z * h
        ys.append(h)
    return stack(ys)


@gru.backward("gates", "h", "weight", "bias")
def _(g, y, h, weight, bias, aux):
    act, inner = aux
    hidden = h.shape[-1]
    before = _before(h, y)
    r, z, n = (act[..., k * hidden : (k + 1) * hidden] for k in range(3))
    da, ds = np.empty_like(act), np.empty_like(act)
    slope_r, slope_z, slope_n = inner * r * (1.0 - r), (before - n) * z * (1.0 - z), 1.0 - n * n
    dh = np.zeros_like(h)
    for t in reversed(range(len(y))):
        dh = dh + g[t]
        da_n = dh * (1.0 - z[t]) * slope_n[t]
        da[t][:, :hidden] = da_n * slope_r[t]
        da[t][:, hidden : 2 * hidden] = dh * slope_z[t]
        da[t][:, 2 * hidden :] = da_n
        ds[t] = da[t]
        ds[t][:, 2 * hidden :] *= r[t]
        dh = dh * z[t] + ds[t] @ weight
    dbias = None if bias is None else ds.sum(axis=(0, 1))
    return da, dh, _over_steps(ds, before), dbias
