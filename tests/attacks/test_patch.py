"""Patches: where they lie, the best one of a linear model, and that they work where they move."""

import numpy as np
import pytest
from scipy.optimize import minimize

from minidl import nn, tensor
from minidl.attacks.patch import Transforms, apply_patch, patch_success, train_patch

from .digits import fit, held_out

STILL = Transforms(angle=0.0, scale=(1.0, 1.0), location=(0.0, 0.0))


def test_a_patch_that_is_not_turned_covers_its_square():
    x, patch = np.zeros((2, 1, 6, 6)) + 0.3, np.arange(4.0).reshape(1, 2, 2)
    zero, one = tensor(np.zeros(2)), tensor(np.ones(2))
    location = tensor(np.array([[0.0, 0.0], [-2.0, 1.0]]))
    shown = apply_patch(tensor(patch), tensor(x), location, zero, one).numpy()
    expected = x.copy()
    expected[0, 0, 2:4, 2:4] = expected[1, 0, 0:2, 3:5] = patch[0]
    np.testing.assert_allclose(shown, expected, atol=1e-12)


def test_twice_the_scale_is_four_times_the_area():
    x, patch = tensor(np.zeros((1, 1, 20, 20))), tensor(np.ones((1, 4, 4)))
    place = lambda angle, scale: [tensor(np.array(v)) for v in ([[0.0, 0.0]], [angle], [scale])]
    for angle in (0.0, 0.4):
        small, large = (apply_patch(patch, x, *place(angle, s)).sum().item() for s in (1.0, 2.0))
        # an edge of one pixel is mixed: it counts with half of its area
        assert small == pytest.approx(16, rel=0.1) or small == pytest.approx(16 + 4 + 1, rel=0.1)
        assert large == pytest.approx(4 * small, rel=0.35)


def test_placements_are_drawn_where_they_should_be():
    rng = np.random.default_rng(0)
    like = np.zeros(1, np.float32)
    where = Transforms(30.0, (0.5, 1.5)).draw(2000, (28, 28), 8, like, rng)
    location, angle, scale = (t.numpy() for t in where)
    assert np.abs(angle).max() <= np.pi / 6 and np.abs(angle).max() > 0.9 * np.pi / 6
    assert scale.min() >= 0.5 and scale.max() <= 1.5 and scale.std() > 0.2
    # the whole square is on the image, and all of the image is used
    edge = np.abs(location).max(axis=1) + 4 * scale
    assert edge.max() <= 14 + 1e-5 and edge.max() > 13.5
    fixed = Transforms(0.0, (1.0, 1.0), (3.0, -2.0)).draw(5, (28, 28), 8, like, rng)
    np.testing.assert_array_equal(fixed.location.numpy(), [[3.0, -2.0]] * 5)


def test_the_best_patch_of_a_linear_model():
    """E log P is concave in the patch then: its maximum in the box, by L-BFGS-B."""
    rng = np.random.default_rng(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2, rng=0)).double()
    x = rng.uniform(size=(5, 1, 6, 6))
    weight, bias = (p.detach().numpy() for p in model[1].parameters())
    w = (weight[1] - weight[0]).reshape(6, 6)
    inside = np.zeros((6, 6), bool)
    inside[2:4, 2:4] = True
    rest = (x[:, 0] * w * ~inside).sum(axis=(1, 2)) + bias[1] - bias[0]
    minus = lambda p: np.log1p(np.exp(-(rest + w[inside] @ p))).mean()
    best = -minimize(minus, np.full(4, 0.5), bounds=[(0, 1)] * 4).fun
    patch = train_patch(model, x, 1, 2, STILL, steps=150, batch_size=16, lr=0.1, rng=0).numpy()
    assert patch.min() >= 0 and patch.max() <= 1
    assert -minus(patch.ravel()) == pytest.approx(best, abs=1e-6)


def test_a_patch_trained_everywhere_beats_a_fixed_one_that_is_moved():
    (x, y), (x_test, y_test) = held_out()
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(1024, 10, rng=1)
    )
    fit(model, x, y, steps=150)
    target, everywhere = 3, Transforms(20.0, (0.9, 1.1))
    images = x_test[y_test != target]
    success = {}
    for name, how in (("everywhere", everywhere), ("fixed", STILL)):
        patch = train_patch(model, x, target, 4, how, steps=100, rng=0)
        success[name] = patch_success(model, patch, images, target, everywhere, rng=1)
    grey = patch_success(model, patch * 0 + 0.5, images, target, everywhere, rng=1)
    assert success["everywhere"] > success["fixed"] and success["everywhere"] > 2 * grey
