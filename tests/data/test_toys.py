"""The made data: sizes, labels, and the geometry that they are supposed to have."""

import numpy as np
import pytest

from minidl.data import (
    bars_and_stripes,
    circles,
    digits_1d,
    gaussian_ring,
    moons,
    permuted_tasks,
    spirals,
    split_tasks,
)


@pytest.mark.parametrize("make", [moons, circles, spirals, gaussian_ring, digits_1d])
def test_sizes_dtypes_and_seeds(make):
    x, y = make(101, rng=3)
    assert len(x) == len(y) == 101 and x.dtype == np.float32 and y.dtype == np.int64
    again, _ = make(101, rng=np.random.default_rng(3))
    np.testing.assert_array_equal(x, again)
    assert not np.array_equal(x, make(101, rng=4)[0])
    if make is not gaussian_ring:
        counts = np.bincount(y)
        assert counts.max() - counts.min() <= 1


def test_circles_and_spirals_have_their_radii():
    x, y = circles(400, noise=0, inner=0.3)
    np.testing.assert_allclose(np.hypot(*x.T), np.where(y == 0, 1, 0.3), rtol=1e-6)
    x, y = spirals(400, arms=3, turns=2, noise=0)
    radius, angle = np.hypot(*x.T), np.arctan2(x[:, 1], x[:, 0])
    off = angle - 2 * np.pi * (2 * radius + y / 3)
    np.testing.assert_allclose(np.cos(off), 1, atol=1e-5)


def test_moons_are_each_other_turned_around():
    x, y = moons(400, noise=0)
    upper = np.where(y[:, None] == 0, x, -x)
    np.testing.assert_allclose(np.hypot(upper[:, 0] + 0.5, upper[:, 1] + 0.25), 1, rtol=1e-5)
    assert (upper[:, 1] >= -0.25 - 1e-6).all()


def test_the_ring_has_its_modes():
    """Means of about 1,250 points lie within 6 standard errors: a false alarm in 10^8 runs."""
    x, y = gaussian_ring(10_000, modes=8, std=0.02)
    for k in range(8):
        centre = 2 * np.array([np.cos(k * np.pi / 4), np.sin(k * np.pi / 4)])
        mine = x[y == k]
        assert abs(mine.mean(0) - centre).max() < 6 * 0.02 / np.sqrt(len(mine))
        assert abs((mine - centre).std() / 0.02 - 1) < 6 / np.sqrt(4 * len(mine))


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_bars_and_stripes_are_all_of_them_once(side):
    images = bars_and_stripes(side)
    assert len({image.tobytes() for image in images}) == len(images) == 2 ** (side + 1) - 2
    for image in images:
        assert (image == image[:1]).all() or (image == image[:, :1]).all()


def test_a_linear_map_does_not_solve_digits_1d():
    """Where a signal lies differs from one to the next: least squares gets less than half right."""
    x, y = digits_1d(2000, rng=0)
    test, truth = digits_1d(500, rng=1)
    ones = lambda a: np.concatenate([a, np.ones((len(a), 1))], 1)
    weights, *_ = np.linalg.lstsq(ones(x), np.eye(10)[y], rcond=None)
    linear = ((ones(test) @ weights).argmax(1) == truth).mean()
    assert 0.15 < linear < 0.5
    assert x.shape == (2000, 40)


def test_permuted_tasks_keep_the_pixels_and_the_first_order():
    x = np.arange(24.0).reshape(2, 3, 4)
    first, second, third = permuted_tasks(x, 3, rng=0)
    np.testing.assert_array_equal(first, x)
    assert not np.array_equal(second, x) and not np.array_equal(second, third)
    np.testing.assert_array_equal(np.sort(second.reshape(2, -1)), x.reshape(2, -1))
    np.testing.assert_array_equal(second[1] - second[0], np.full((3, 4), 12.0))


def test_split_tasks_deal_the_classes_out():
    y = np.array([0, 3, 1, 2, 5, 4, 0])
    parts = split_tasks(np.arange(7), y, 3)
    assert [p[0].tolist() for p in parts] == [[0, 2, 6], [1, 3], [4, 5]]
    assert [p[1].tolist() for p in parts] == [[0, 1, 0], [1, 0], [1, 0]]
    with pytest.raises(ValueError, match="6 classes cannot be dealt out evenly to 4 tasks"):
        split_tasks(np.arange(7), y, 4)
