"""Explanations are the same on every device."""

import numpy as np
import pytest

from minidl import nn, no_grad, tensor
from minidl.interpret import attribution as a
from minidl.interpret import examples, hidden, lime

RNG = np.random.default_rng(0)
X, X0 = RNG.normal(size=(2, 6)), np.zeros((2, 6))
NOISE, DRAWS = RNG.normal(size=(3, 2, 6)), RNG.normal(size=(20, 6))
PARTS, MASKS = np.array([0, 0, 1, 1, 2, 2]), RNG.integers(0, 2, (20, 3)).astype(float)
LABELS = np.arange(20) % 3


def network():
    return nn.Sequential(nn.Linear(6, 5, rng=0), nn.Tanh(), nn.Linear(5, 3, rng=1))


EXPLANATIONS = {
    "saliency": lambda score, on: a.saliency(score, on(X)),
    "SmoothGrad": lambda score, on: a.smooth_gradient(score, on(X), on(NOISE)),
    "integrated": lambda score, on: a.integrated_gradients(score, on(X), on(X0), 5),
    "Shapley": lambda score, on: a.shapley(score, on(X[0]), on(X0[0]), PARTS),
    "LIME, parts": lambda score, on: (
        lime.explain_parts(score, on(X[0]), PARTS, on(X0[0]), on(MASKS)).weights
    ),
    "LIME, table": lambda score, on: (
        lime.explain_table(score, on(X[0]), on(np.ones(6)), on(DRAWS)).weights
    ),
    "maximise": lambda score, on: hidden.maximise(score, on(X), hidden.into_ball(2.0), 5),
    "maximise in a box": lambda score, on: hidden.maximise(score, on(X), hidden.into_box(), 5),
}


@pytest.mark.parametrize("name", EXPLANATIONS)
def test_an_explanation_is_the_same_everywhere(name, device):
    def on_device(device):
        net = network().double().to(device=device)
        on = lambda array: tensor(array, device=device)
        score = lambda x: a.class_score(net, x, on(np.ones(len(x), int)))
        with no_grad():
            return EXPLANATIONS[name](score, on).to("cpu").numpy()

    assert on_device(device) == pytest.approx(on_device("cpu"), rel=1e-9, abs=1e-12)


def test_influence_is_the_same_everywhere(device):
    def on_device(device):
        net = nn.Linear(6, 3, rng=0).double().to(device=device)
        on = lambda array: tensor(array, device=device)
        train, test = (on(DRAWS), on(LABELS)), (on(X), on(LABELS[:2]))
        return examples.influence(net, train, test, 0.1, damping=0.1).to("cpu").numpy()

    assert on_device(device) == pytest.approx(on_device("cpu"), rel=1e-9, abs=1e-12)
