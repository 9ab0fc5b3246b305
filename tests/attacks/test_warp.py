"""Turned, scaled, shifted: against moves of whole pixels and an independent sampler."""

import math

import numpy as np
import pytest
from scipy.ndimage import affine_transform

from minidl import tensor
from minidl.attacks.warp import warp

IMAGES = np.random.default_rng(0).uniform(size=(2, 3, 6, 7))


def warped(images=IMAGES, angle=0.0, scale=1.0, shift=(0.0, 0.0)):
    n = len(images)
    return warp(
        tensor(images), tensor(np.full(n, angle)), tensor(np.full(n, scale)),
        tensor(np.array([shift] * n, float)),
    ).numpy()  # fmt: skip


def test_no_transformation_changes_nothing():
    np.testing.assert_allclose(warped(), IMAGES, atol=1e-12)


def test_shifts_by_whole_pixels():
    expected = np.zeros_like(IMAGES)
    expected[:, :, 2:, :-1] = IMAGES[:, :, :-2, 1:]
    np.testing.assert_allclose(warped(shift=(2, -1)), expected, atol=1e-12)


def test_a_quarter_turn_is_counterclockwise():
    square = IMAGES[:, :, :, :6]
    np.testing.assert_allclose(
        warped(square, math.pi / 2), np.rot90(square, axes=(2, 3)), atol=1e-12
    )


def test_scipy_finds_the_same_between_the_pixels():
    angle, scale, shift = 0.3, 1.2, np.array([0.4, -0.7])
    c, s = math.cos(angle) / scale, math.sin(angle) / scale
    matrix = np.array([[c, s], [-s, c]])  # of (down, right)
    centre = np.array([2.5, 3.0])
    found = warped(angle=angle, scale=scale, shift=shift)
    for image, out in zip(IMAGES.reshape(-1, 6, 7), found.reshape(-1, 6, 7)):
        expected = affine_transform(
            image, matrix, centre - matrix @ (centre + shift), order=1, mode="grid-constant"
        )
        assert out == pytest.approx(expected, abs=1e-12)


def test_each_image_goes_its_own_way():
    both = warp(
        tensor(IMAGES), tensor(np.array([0.1, 0.5])), tensor(np.array([1.0, 0.8])),
        tensor(np.array([[0.0, 1.0], [2.0, 0.3]])),
    ).numpy()  # fmt: skip
    for k, (angle, scale, shift) in enumerate([(0.1, 1.0, (0, 1)), (0.5, 0.8, (2, 0.3))]):
        assert both[k] == pytest.approx(warped(IMAGES[k : k + 1], angle, scale, shift)[0])
