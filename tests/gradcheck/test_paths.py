"""The forward function as a graph: it gives the true gradient, and its steps are named."""

import numpy as np
import pytest

from minidl.gradcheck import diagnose
from minidl.gradcheck.draws import normal
from minidl.gradcheck.tracing import trace
from minidl.gradcheck.trials import close, measure

from .blind import BLIND
from .blind_second import BLIND_SECOND


def softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def scores(x, w):
    z = x @ w
    z[:, 0] = 0
    return softmax(z) @ w.T


def states(x, w):
    h = np.zeros_like(x[0])
    every = []
    for row in x:
        h = np.tanh(row + h @ w)
        every.append(h)
    return np.stack(every)


def row_by_row(x, w):
    filled = np.zeros((len(x), w.shape[1]))
    for i in range(len(x)):
        filled[i] += x[i] @ w
    return filled


def filled_in_a_loop(x, w):
    y = np.empty((len(x) + 1, w.shape[1]))
    y[0], y[1:] = w[0], row_by_row(x, w)
    every = np.zeros_like(y)
    for t in range(len(y)):
        every[t] = np.tanh(y[t])
    return every


def test_arrays_that_are_filled_can_be_traced():
    samples = dict(x=normal("N", "D"), w=normal("D", "K"))
    assert trace(filled_in_a_loop, measure(filled_in_a_loop, samples, 0, 0)) is not None


@pytest.mark.parametrize("blind, least", [(BLIND, 40), (BLIND_SECOND, 24)])
def test_forward_functions_can_be_traced(blind, least):
    with np.errstate(all="ignore"):
        traced = [trace(f, measure(f, samples, 0, 0)) is not None for _, f, samples, *_ in blind]
    assert sum(traced) == least


def test_a_trace_gives_the_true_gradient_and_is_not_spoiled_by_a_change():
    samples = dict(x=normal("N", "D"), w=normal("D", "K"))
    trial = measure(scores, samples, 1, 0)
    traced = trace(scores, trial)
    steps = {step.node.name: step for step in traced.steps}
    nothing = {steps["exp"].site: lambda step, g, traced: [np.zeros_like(g)]}
    without = traced.pull(nothing)
    assert not without["x"].any() and without["w"].any()
    for name in ("x", "w"):
        assert close(traced.pull({})[name], trial.slopes(name))


def test_a_step_is_named_as_it_is_written():
    traced = trace(scores, measure(scores, dict(x=normal("N", "D"), w=normal("D", "K")), 0, 0))
    exp, divided = (next(s for s in traced.steps if s.node.name == n) for n in ("exp", "divide"))
    assert str(exp) == "`np.exp(x)` in `softmax(z)`" and exp.operand("x", None) == "`x`"
    assert str(divided) == "`e / e.sum(axis=1, keepdims=True)` in `softmax(z)`"
    assert divided.value == "`softmax(z)`" and divided.operand("a", None) == "`e`"


def test_a_function_that_minidl_lacks_is_not_traced():
    f = lambda x: np.fft.irfft(np.fft.rfft(x), n=x.size)
    assert trace(f, measure(f, dict(x=normal("N")), 0, 0)) is None


def backward_of_states(g, y, x, w, *, carried=True, slope=True):
    gx, gw, gh = np.zeros_like(x), np.zeros_like(w), np.zeros_like(x[0])
    for t in reversed(range(len(x))):
        gx[t] = (g[t] + gh * carried) * (1 - y[t] ** 2 if slope else 1)
        gw += y[t - 1].T @ gx[t] if t else 0
        gh = gx[t] @ w.T
    return gx, gw


@pytest.mark.parametrize(
    "mistake, code, piece",
    [
        (dict(carried=False), "path-missing", "`h` is taken for a constant in `h @ w`"),
        (dict(slope=False), "derivative-missing", "`np.tanh(row + h @ w)` is left out"),
    ],
)
def test_a_mistake_in_a_loop_is_one_mistake(mistake, code, piece):
    samples = dict(x=normal("T", "N", "D"), w=normal("D", "D"))
    assert diagnose(states, backward_of_states, **samples)
    found = diagnose(states, lambda *a: backward_of_states(*a, **mistake), **samples)
    last = found.findings[-1]
    assert last.code == code and piece in last.text and "w" in last.names
