"""The network: what it is told matters, and at first it guesses 0."""

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.generative.denoisers import StepMLP, step_features
from minidl.generative.diffusion import Diffusion
from minidl.generative.schedules import cosine

X, T = np.random.default_rng(0).normal(size=(4, 1, 3, 2)), np.array([1, 2, 50, 100])


def network(**options):
    return StepMLP(6, 16, 2, rng=0, **options).double()


def test_at_first_the_guess_is_0():
    assert np.all(network()(tensor(X), tensor(T)).detach().numpy() == 0)


@pytest.mark.parametrize("options", [{}, {"waves": 3}, {"classes": 5}])
def test_step_class_and_picture_all_matter(options):
    model = network(**options)
    nn.init.normal_(model.last.weight, generator=np.random.default_rng(1))
    y = [tensor(np.array([0, 1, 2, 4]))] if "classes" in options else []
    out = model(tensor(X), tensor(T), *y)
    assert out.shape == X.shape
    away = lambda *other: np.abs((model(*other) - out).detach().numpy()).max(axis=(1, 2, 3))
    differs = lambda *other: np.all(away(*other) > 0)
    assert differs(tensor(X), tensor(T + 1), *y)
    assert differs(tensor(X + 1), tensor(T), *y)
    if y:
        assert differs(tensor(X), tensor(T), tensor(np.array([1, 2, 3, 0])))


def test_near_steps_look_alike():
    """All frequencies are at most 1, so that neighbours differ by less than one radian in each."""
    features = step_features(tensor(np.arange(1, 1001)), 32, tensor(np.zeros(1))).numpy()
    assert features.shape == (1000, 32)
    assert (features**2).sum(axis=1) == pytest.approx(np.full(1000, 16))
    apart = np.linalg.norm(features[1:] - features[:-1], axis=1)
    assert apart.max() < np.linalg.norm(features[0] - features[500])


def test_what_is_given_reaches_the_network():
    seen = []
    model = Diffusion(lambda x, t, *what: seen.append(what) or x, cosine(10), "v")
    label = tensor(np.array([7]))
    told = model.given(label)
    told(tensor(np.zeros((1, 2))), 3)
    assert seen == [(label,)] and told.schedule is model.schedule and told.target == "v"
