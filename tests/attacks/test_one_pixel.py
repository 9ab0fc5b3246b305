"""One pixel: against the best one of all, tried one by one, and against random ones."""

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.attacks.objectives import Goal
from minidl.attacks.one_pixel import offspring, one_pixel, random_pixel, with_pixel

from .digits import held_out, reader
from .linear import logits


def changed_pixels(x, found):
    return np.any(found != x, axis=1).reshape(len(x), -1).sum(axis=1)


def test_the_best_pixel_of_a_linear_model():
    """By trying every place and both ends of every colour: a linear loss is largest at an end."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(2 * 5 * 6, 2, rng=0)).double()
    model[1].bias.data = np.array([9.0, 0.0])  # nobody reaches the goal: the search goes on
    x, y = rng.uniform(size=(4, 2, 5, 6)), np.zeros(4, int)
    weight = model[1].weight.detach().numpy()
    w = (weight[1] - weight[0]).reshape(2, 5, 6)
    best = np.maximum(w * (0 - x), w * (1 - x)).sum(axis=1).max(axis=(1, 2))
    result = one_pixel(model, x, Goal(y), population=60, generations=60, rng=0)
    found = ((result.adversarial.numpy() - x) * w).sum(axis=(1, 2, 3))
    assert (found <= best + 1e-9).all() and found == pytest.approx(best, rel=0.02)
    assert (changed_pixels(x, result.adversarial.numpy()) == 1).all()


def test_it_is_at_least_as_good_as_random_pixels_for_the_same_queries():
    _, (x, y) = held_out()
    x, y = x[:120], y[:120]
    right = logits(reader(), x).argmax(axis=1) == y
    x, y = x[right], y[right]
    found = one_pixel(reader(), x, Goal(y), population=20, generations=15, rng=0)
    tried = random_pixel(reader(), x, Goal(y), tries=20 * 16, rng=0)
    assert (changed_pixels(x, found.adversarial.numpy()) <= 1).all()
    assert found.success.sum() >= tried.success.sum() > 0
    assert found.adversarial.numpy().min() >= 0 and found.adversarial.numpy().max() <= 1
    # asked: the population once and its children, until the goal is reached, and the outcome
    assert found.queries.max() == 20 * 16 + 1 and found.queries.min() >= 20 + 1
    assert np.array_equal(found.queries[~found.success] == 321, np.ones((~found.success).sum()))


def test_parents_are_three_and_different():
    """Parents at 0, 1, 4, 16, ... : any a + (b - c) / 2 of them tells which they were."""
    parents = np.tile((4.0 ** np.arange(6) / 4**7)[None, :, None], (200, 1, 1))
    child = offspring(parents, 0.5, np.random.default_rng(0))[:, :, 0]
    sums = {}
    for a in range(6):
        for b in range(6):
            for c in range(6):
                value = np.clip(
                    parents[0, a, 0] + 0.5 * (parents[0, b, 0] - parents[0, c, 0]), 0, 1
                )
                sums.setdefault(round(float(value) * 4**9), set()).add(len({a, b, c}))
    assert all(3 in sums[round(float(value) * 4**9)] for value in child.ravel())
    with pytest.raises(ValueError, match="population of 2 is too small"):
        offspring(parents[:, :2], 0.5, np.random.default_rng(0))


def test_the_pixel_is_where_the_candidate_says():
    x = np.zeros((2, 3, 4, 5))
    candidate = np.array([[0.0, 0.99, 0.1, 0.2, 0.3], [1.0, 0.0, 0.5, 0.5, 0.5]])
    found = with_pixel(x, candidate, (0.0, 2.0))
    assert found[0, :, 0, 4] == pytest.approx([0.2, 0.4, 0.6])
    assert found[1, :, 3, 0] == pytest.approx([1.0, 1.0, 1.0])
    assert np.count_nonzero(found) == 6 and not x.any()


def test_what_is_wrong_already_costs_one_generation():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, rng=0))
    x = np.full((1, 1, 2, 2), 0.5, np.float32)
    y = 1 - model(tensor(x)).detach().numpy().argmax(axis=1)
    result = one_pixel(model, x, Goal(y), population=5, generations=10, rng=0)
    assert result.success.all() and result.queries.tolist() == [5 + 1]
