"""What drives a unit most, where that is known; and how far it belongs to one class."""

import numpy as np
import pytest

from minidl import tensor
from minidl.interpret import hidden

W = np.random.default_rng(0).normal(size=8)


def unit(x):
    return x @ tensor(W)


def test_in_a_ball_a_linear_unit_wants_its_weights():
    start = tensor(np.random.default_rng(1).normal(size=(3, 8)))
    found = hidden.maximise(unit, start, hidden.into_ball(2.0)).numpy()
    assert found == pytest.approx(np.tile(2 * W / np.linalg.norm(W), (3, 1)), abs=1e-2)
    assert (np.linalg.norm(found, axis=1) <= 2 + 1e-12).all()


def test_in_a_box_it_wants_a_corner():
    start = tensor(np.random.default_rng(1).uniform(size=(3, 8)))
    found = hidden.maximise(unit, start, hidden.into_box()).numpy()
    assert found == pytest.approx(np.tile(W > 0, (3, 1)).astype(float), abs=1e-6)


def test_the_best_of_the_inputs_visited_is_returned():
    """Steps much too long leave the top of a hill at once; the start was better."""
    hill = lambda x: -(x**2).sum(axis=1)
    start = tensor(np.array([[0.1, 0.0], [0.0, -0.2]]))
    found = hidden.maximise(hill, start, hidden.into_ball(100.0), steps=3, lr=50.0)
    assert (hill(found).numpy() >= hill(start).numpy()).all()


def test_what_lies_inside_is_not_projected():
    x = np.array([[0.3, 0.4], [3.0, 4.0]])
    assert hidden.into_ball(1.0)(tensor(x)).numpy() == pytest.approx(
        np.array([[0.3, 0.4], [0.6, 0.8]])
    )


def test_the_strongest_examples():
    activations = np.array([[0.1, 5.0], [0.9, 0.0], [0.5, 7.0]])
    assert hidden.strongest(activations, 2).tolist() == [[1, 2], [2, 0]]


def test_selectivity():
    """A unit of one class 1, of all classes 0; means 3, 1 and 1 give (3 - 1) / (3 + 1)."""
    labels = np.array([0, 0, 1, 1, 2, 2])
    units = np.array([[2, 2, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1], [3, 3, 0, 2, 1, 1], [0] * 6]).T
    assert hidden.selectivity(units.astype(float), labels) == pytest.approx([1, 0, 0.5, 0])
