"""What is checked in the exercises on sequences."""

import numpy as np

from minidl.gradcheck.draws import normal
from minidl.learn.exercise import Exercise, Gradient, Value, wrong

TITLE = "attention and the LSTM cell"


def softmax(s):
    e = np.exp(s - s.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def attention(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[1])) @ v


def causal(q, k, v, scale=None, mask=None):
    scores = q @ k.T / (np.sqrt(q.shape[1]) if scale is None else scale)
    keep = np.tri(len(q), dtype=bool) if mask is None else mask
    return softmax(np.where(keep, scores, -np.inf)) @ v


def masked_after(q, k, v):
    return softmax(q @ k.T / np.sqrt(q.shape[1])) * np.tri(len(q)) @ v


def attention_gradients(g, q, k, v, center=True, scale_q=1.0):
    scale = 1 / np.sqrt(q.shape[1])
    a = softmax(q @ k.T * scale)
    da = g @ v.T
    ds = a * (da - center * (da * a).sum(axis=1, keepdims=True)) * scale * scale_q
    return ds @ k, ds.T @ q, a.T @ g


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def lstm(zi, zf, zo, zu, c0):
    c = sigmoid(zf) * c0 + sigmoid(zi) * np.tanh(zu)
    return sigmoid(zo) * np.tanh(c), c


def lstm_gradients(g, y, zi, zf, zo, zu, c0, of_cell=1.0, of_state=1.0, tanh=True):
    i, f, o, u, t = sigmoid(zi), sigmoid(zf), sigmoid(zo), np.tanh(zu), np.tanh(y[1])
    dc = of_cell * g[1] + of_state * g[0] * o * (1 - t**2 if tanh else 1)
    return (dc * u * i * (1 - i), dc * c0 * f * (1 - f), g[0] * t * o * (1 - o),
            dc * i * (1 - u**2), dc * f)  # fmt: skip


EXERCISES = [
    Exercise(
        "attention", "attention with a causal mask", points=3, page="rows `attention`, `gpt-decoder`",
        hints=(
            "np.tri(T) is 1 on and below the diagonal: row i may look at columns j <= i.",
            "Put -inf above the diagonal of the scores; e^-inf is 0, and the rows still sum to 1.",
            "Scores, divided by the root of D, masked, softmax along each row, times v.",
        ),
        checks=(
            Value("attention", causal, {"q": normal("T", "D"), "k": normal("T", "D"), "v": normal("T", "E")}, (
                wrong("mask-after", "the mask multiplies the weights after the softmax: rows no longer "
                      "sum to 1", masked_after),
                wrong("not-scaled", "the scores are not divided by sqrt(D)",
                      lambda q, k, v: causal(q, k, v, scale=1.0)),
                wrong("divided-by-d", "the scores are divided by D, not by its root",
                      lambda q, k, v: causal(q, k, v, scale=q.shape[1])),
                wrong("looks-ahead", "the mask is missing: every place sees all others", attention),
            )),
        ),
    ),
    Exercise(
        "lstm", "an LSTM cell, backward", points=4, page="row `lstm`",
        hints=(
            "Begin with the gradient of c: it gets gc directly, and a share through h = o tanh(c).",
            "Each gate's gradient is dc times what the gate multiplied, times the slope of the "
            "sigmoid; o is multiplied by tanh(c), and gets its gradient from h alone.",
            "dc0 = dc f; du = dc i, times 1 - u^2; di = dc u, times i (1 - i); df = dc c0 f (1 - f).",
        ),
        checks=(
            Gradient("lstm_backward", lstm, {n: normal("N", "H") for n in ("zi", "zf", "zo", "zu", "c0")}, (
                wrong("cell-forgotten", "what arrives at c from the next step is left out",
                      lambda *a: lstm_gradients(*a, of_cell=0.0)),
                wrong("state-forgotten", "what h sends back to c is left out",
                      lambda *a: lstm_gradients(*a, of_state=0.0)),
                wrong("tanh-forgotten", "the slope of tanh(c) is left out",
                      lambda *a: lstm_gradients(*a, tanh=False)),
            )),
        ),
    ),
    Exercise(
        "attention_backward", "attention, backward", points=5, page="row `attention`", fast=True,
        hints=(
            "Compute A again first; then go backward: Y = A V is a matrix product.",
            "The softmax's gradient needs the sum of dA A along each row, kept as a column.",
            "The division by sqrt(D) belongs to dQ and dK alike; put it into dS once.",
        ),
        checks=(
            Gradient("attention_backward", attention,
                     {"q": normal("T", "D"), "k": normal("S", "D"), "v": normal("S", "E")}, (
                wrong("scale-forgotten", "the 1/sqrt(D) is left out on the way back",
                      lambda g, y, q, k, v: attention_gradients(g, q, k, v, scale_q=np.sqrt(q.shape[1]))),
                wrong("softmax-diagonal", "the softmax is differentiated as if each weight depended on "
                      "its own score alone", lambda g, y, q, k, v: attention_gradients(
                          g, q, k, v, center=False)),
            )),
        ),
    ),
]  # fmt: skip
