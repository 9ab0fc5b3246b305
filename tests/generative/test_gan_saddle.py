"""Three ways of playing min over x, max over y of x y, against the exact orbit of each."""

import numpy as np
import pytest

from minidl import tensor
from minidl.generative.saddle import alternating, bilinear, extragradient, simultaneous

START, STEPS = (np.array([1.0, -0.3]), np.array([0.5, 0.8])), 50


def play(step, eta):
    point = tuple(map(tensor, START))
    for _ in range(STEPS):
        point = step(bilinear, *point, eta)
    return tuple(part.numpy() for part in point)


def length(x, y):
    return np.sqrt((x**2).sum() + (y**2).sum())


@pytest.mark.parametrize("eta", [0.05, 0.3])
def test_simultaneous_steps_spiral_out_by_a_known_factor(eta):
    expected = length(*START) * (1 + eta**2) ** (STEPS / 2)
    assert length(*play(simultaneous, eta)) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("eta", [0.05, 0.3])
def test_alternating_steps_stay_on_an_ellipse(eta):
    invariant = lambda x, y: (x**2 + y**2 - eta * x * y).sum()
    assert invariant(*play(alternating, eta)) == pytest.approx(invariant(*START), abs=1e-10)


@pytest.mark.parametrize("eta", [0.05, 0.3])
def test_extragradient_steps_spiral_in_by_a_known_factor(eta):
    expected = length(*START) * (1 - eta**2 + eta**4) ** (STEPS / 2)
    assert length(*play(extragradient, eta)) == pytest.approx(expected, rel=1e-10)
