"""The third blind set: recurrent cells, recurrence over time, attention."""

import numpy as np

from minidl.gradcheck.draws import normal


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def rnn(x, h, Wx, Wh, b):
    """x: (N, T, D), h: (N, H): the states after every step, (N, T, H)."""
    states = []
    for t in range(x.shape[1]):
        h = np.tanh(x[:, t] @ Wx + h @ Wh + b)
        states.append(h)
    return np.stack(states, axis=1)


def rnn_backward(mistake=None):
    def backward(g, y, x, h, Wx, Wh, b):
        dx, dWx, dWh, db = (np.zeros_like(a) for a in (x, Wx, Wh, b))
        dh = np.zeros_like(h)
        steps = range(x.shape[1])
        for t in steps if mistake == "forwards" else reversed(steps):
            before = y[:, t - 1] if t else h
            if mistake == "first state":
                before = y[:, t - 1]
            dtotal = g[:, t] if mistake == "no carry" else g[:, t] + dh
            da = dtotal * (1 - y[:, t] ** 2)
            if mistake == "slope":
                da = dtotal
            if mistake == "slope of the state before":
                da = dtotal * (1 - before**2)
            dh = da @ (Wh if mistake == "untransposed" else Wh.T)
            dx[:, t] = da @ Wx.T
            if mistake == "last step":
                dWx, dWh, db = x[:, t].T @ da, before.T @ da, da.sum(axis=0)
            else:
                dWx += x[:, t].T @ da
                dWh += (y[:, t] if mistake == "new state" else before).T @ da
                db += da.sum(axis=0)
        return dx, np.zeros_like(h) if mistake == "start" else dh, dWx, dWh, db

    return backward


RNN = (
    "rnn_over_time",
    rnn,
    {
        "x": normal("N", "T", "D"),
        "h": normal("N", "H"),
        "Wx": normal("D", "H"),
        "Wh": normal("H", "H"),
        "b": normal("H"),
    },
    rnn_backward(),
    [
        ("nothing carried back in time", rnn_backward("no carry")),
        ("Wh not transposed", rnn_backward("untransposed")),
        ("weights of one step only", rnn_backward("last step")),
        ("state after the step for Wh", rnn_backward("new state")),
        ("tanh's slope forgotten", rnn_backward("slope")),
        ("tanh's slope at the state before", rnn_backward("slope of the state before")),
        ("starting state gets nothing", rnn_backward("start")),
        ("forwards in time", rnn_backward("forwards")),
        ("last state for the state before the first", rnn_backward("first state")),
    ],
)


def gru_gates(x, h, W, U):
    H = h.shape[1]
    Wz, Wr, Wn = W[:, :H], W[:, H : 2 * H], W[:, 2 * H :]
    Uz, Ur, Un = U[:, :H], U[:, H : 2 * H], U[:, 2 * H :]
    z, r = sigmoid(x @ Wz + h @ Uz), sigmoid(x @ Wr + h @ Ur)
    return z, r, np.tanh(x @ Wn + (r * h) @ Un), (Uz, Ur, Un)


def gru(x, h, W, U):
    z, _, n, _ = gru_gates(x, h, W, U)
    return (1 - z) * n + z * h


def gru_backward(mistake=None):
    def backward(g, y, x, h, W, U):
        z, r, n, (Uz, Ur, Un) = gru_gates(x, h, W, U)
        dz = g * (h - n)
        if mistake == "update sign":
            dz = g * (n - h)
        if mistake == "update":
            dz = g * h
        dan = g * (1 - z) * (1 - n**2)
        if mistake == "gate swapped":
            dan = g * z * (1 - n**2)
        daz = dz if mistake == "sigmoid" else dz * z * (1 - z)
        drh = dan @ Un.T
        dar = drh * h * r * (1 - r)
        if mistake == "reset":
            dar = np.zeros_like(dar)
        dh = g * z + daz @ Uz.T + dar @ Ur.T + drh * r
        if mistake == "state through the candidate":
            dh = dh - drh * r
        if mistake == "state directly":
            dh = dh - g * z
        if mistake == "unreset":
            dh = dh - drh * r + drh
        d = np.concatenate([daz, dar, dan], axis=1)
        dU = np.concatenate([h.T @ daz, h.T @ dar, (r * h).T @ dan], axis=1)
        if mistake == "plain state":
            dU = h.T @ d
        return d @ W.T, dh, x.T @ d, dU

    return backward


GRU = (
    "gru_cell",
    gru,
    {"x": normal("N", "D"), "h": normal("N", "H"), "W": normal("D", "3H"), "U": normal("H", "3H")},
    gru_backward(),
    [
        ("sign of the update gate", gru_backward("update sign")),
        ("candidate forgotten in the update gate", gru_backward("update")),
        ("z for 1 - z in the candidate", gru_backward("gate swapped")),
        ("sigmoid's slope forgotten for the update gate", gru_backward("sigmoid")),
        ("reset gate gets nothing", gru_backward("reset")),
        ("path of h through the candidate forgotten", gru_backward("state through the candidate")),
        ("direct path of h forgotten", gru_backward("state directly")),
        ("reset gate forgotten on the path to h", gru_backward("unreset")),
        ("h for r h in the candidate's weights", gru_backward("plain state")),
    ],
)


def lstm_gates(x, h, Wx, Wh, b):
    a = x @ Wx + h @ Wh + b
    i, f, o, n = np.split(a, 4, axis=1)
    return sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(n)


def lstm_step(x, h, c, Wx, Wh, b):
    i, f, o, n = lstm_gates(x, h, Wx, Wh, b)
    c = f * c + i * n
    return o * np.tanh(c), c


def lstm_step_backward(mistake=None):
    def backward(g, y, x, h, c, Wx, Wh, b):
        dnext_h, dnext_c = g
        next_h, next_c = y
        i, f, o, n = lstm_gates(x, h, Wx, Wh, b)
        t = np.tanh(next_c)
        dc = dnext_c + dnext_h * o * (1 - t**2)
        if mistake == "cell's own":
            dc = dnext_h * o * (1 - t**2)
        if mistake == "tanh of the cell":
            dc = dnext_c + dnext_h * o * (1 - next_c**2)
        if mistake == "output gate":
            dc = dnext_c + dnext_h * (1 - t**2)
        do = dnext_h * (next_c if mistake == "cell for tanh" else t)
        df = dc * (next_c if mistake == "new cell" else c)
        da = np.hstack(
            [
                dc * n * i * (1 - i),
                df * f * (1 - f),
                do * o * (1 - o),
                dc * i * ((1 - n) if mistake == "candidate" else (1 - n**2)),
            ]
        )
        dx, dh = da @ Wx.T, da @ Wh.T
        dWx, dWh, db = x.T @ da, h.T @ da, da.sum(axis=0)
        if mistake == "next state":
            dWh = next_h.T @ da
        if mistake == "bias":
            db = da.mean(axis=0)
        return dx, dh, dc * (i if mistake == "input gate" else f), dWx, dWh, db

    return backward


LSTM = (
    "lstm_step",
    lstm_step,
    {
        "x": normal("N", "D"),
        "h": normal("N", "H"),
        "c": normal("N", "H"),
        "Wx": normal("D", "4H"),
        "Wh": normal("H", "4H"),
        "b": normal("4H"),
    },
    lstm_step_backward(),
    [
        ("the cell's own gradient forgotten", lstm_step_backward("cell's own")),
        ("tanh left out of its slope", lstm_step_backward("tanh of the cell")),
        ("output gate forgotten on the way to the cell", lstm_step_backward("output gate")),
        ("cell for its tanh in the output gate", lstm_step_backward("cell for tanh")),
        ("new cell in the forget gate", lstm_step_backward("new cell")),
        ("n for its square in the candidate's slope", lstm_step_backward("candidate")),
        ("next state in Wh's gradient", lstm_step_backward("next state")),
        ("bias averaged over the batch", lstm_step_backward("bias")),
        ("old cell through the input gate", lstm_step_backward("input gate")),
    ],
)


def some_kept(rng, sizes):
    """(N, 1, S) booleans; the first key is always kept."""
    keep = rng.random(sizes.shape(("N", 1, "S"))) < 0.6
    keep[..., 0] = True
    return keep


def attend(q, k, keep):
    scores = q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])
    return softmax(np.where(keep, scores, -1e9))


def attention_backward(mistake=None):
    def backward(g, y, q, k, v, keep):
        p = attend(q, k, keep)
        if mistake == "mask":
            p = attend(q, k, True)
        dv = p.swapaxes(1, 2) @ g
        if mistake == "scores":
            dv = (q @ k.swapaxes(1, 2) / np.sqrt(q.shape[-1])).swapaxes(1, 2) @ g
        dp = g @ v.swapaxes(1, 2)
        ds = p * (dp - (dp * p).sum(axis=-1, keepdims=True))
        if mistake == "diagonal":
            ds = dp * p * (1 - p)
        if mistake == "softmax":
            ds = np.where(keep, dp, 0)
        if mistake == "axis":
            ds = p * (dp - (dp * p).sum(axis=1, keepdims=True))
        scale = np.sqrt(q.shape[-1])
        if mistake == "scale":
            scale = 1
        if mistake == "key size":
            scale = np.sqrt(k.shape[1])
        if mistake == "multiplied":
            scale = 1 / scale
        dq, dk = ds @ k / scale, ds.swapaxes(1, 2) @ q / scale
        if mistake == "scale of the keys":
            dk = ds.swapaxes(1, 2) @ q
        return dq, dk, dv

    return backward


ATTENTION = (
    "attention_with_padding",
    lambda q, k, v, keep: attend(q, k, keep) @ v,
    {
        "q": normal("N", "T", "D"),
        "k": normal("N", "S", "D"),
        "v": normal("N", "S", "E"),
        "keep": some_kept,
    },
    attention_backward(),
    [
        ("scale forgotten", attention_backward("scale")),
        ("scale forgotten for the keys", attention_backward("scale of the keys")),
        ("scaled by the number of keys", attention_backward("key size")),
        ("multiplied by the scale", attention_backward("multiplied")),
        ("padding forgotten on the way back", attention_backward("mask")),
        ("scores for probabilities in v's gradient", attention_backward("scores")),
        ("softmax's diagonal only", attention_backward("diagonal")),
        ("softmax left out", attention_backward("softmax")),
        ("softmax's sum over the queries", attention_backward("axis")),
    ],
)


def self_attention(x, Wq, Wk, Wv):
    q, k, v = x @ Wq, x @ Wk, x @ Wv
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def self_attention_backward(mistake=None):
    def backward(g, y, x, Wq, Wk, Wv):
        q, k, v = x @ Wq, x @ Wk, x @ Wv
        p = softmax(q @ k.T / np.sqrt(q.shape[1]))
        dv, dp = p.T @ g, g @ v.T
        if mistake == "probabilities":
            dv = p @ g
        ds = p * (dp - (dp * p).sum(axis=1, keepdims=True)) / np.sqrt(q.shape[1])
        dq, dk = ds @ k, ds.T @ q
        if mistake == "scores":
            dk = ds @ q
        dx = dq @ Wq.T + dk @ Wk.T + dv @ Wv.T
        if mistake == "values only":
            dx = dv @ Wv.T
        if mistake == "keys":
            dx = dq @ Wq.T + dv @ Wv.T
        if mistake == "untransposed":
            dx = dq @ Wq + dk @ Wk + dv @ Wv
        if mistake == "wrong weights":
            dx = dq @ Wk.T + dk @ Wq.T + dv @ Wv.T
        if mistake == "detached":
            return dv @ Wv.T, 0 * Wq, 0 * Wk, x.T @ dv
        return dx, x.T @ dq, x.T @ dk, x.T @ dv

    return backward


SELF_ATTENTION = (
    "self_attention",
    self_attention,
    {
        "x": normal("T", "D"),
        "Wq": normal("D", "D"),
        "Wk": normal("D", "D"),
        "Wv": normal("D", "D"),
    },
    self_attention_backward(),
    [
        ("x through the values only", self_attention_backward("values only")),
        ("x not through the keys", self_attention_backward("keys")),
        ("square weights not transposed", self_attention_backward("untransposed")),
        ("weights of queries and keys swapped", self_attention_backward("wrong weights")),
        ("attention weights not transposed for v", self_attention_backward("probabilities")),
        ("scores not transposed for k", self_attention_backward("scores")),
        ("attention weights taken for constants", self_attention_backward("detached")),
    ],
)


SEQUENCES = [RNN, GRU, LSTM, ATTENTION, SELF_ATTENTION]
