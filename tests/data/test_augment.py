"""Augmentations change what they say and nothing else."""

import numpy as np
import pytest

from minidl.data import random_flip, random_shift

X = np.random.default_rng(0).random((200, 2, 6, 5), dtype=np.float32)


def test_flip_mirrors_whole_images_or_leaves_them():
    out = random_flip(X, np.random.default_rng(1))
    mirrored = (out == X[..., ::-1]).all(axis=(1, 2, 3))
    same = (out == X).all(axis=(1, 2, 3))
    assert (mirrored ^ same).all()
    # Binomial(200, 1/2): outside 65..135 with probability 7e-7; the seed is fixed
    assert 65 <= mirrored.sum() <= 135


@pytest.mark.parametrize("p, expected", [(0.0, X), (1.0, X[..., ::-1])])
def test_flip_with_certainty(p, expected):
    np.testing.assert_array_equal(random_flip(X, np.random.default_rng(1), p), expected)


def test_shift_moves_each_image_by_one_of_the_possible_amounts():
    out = random_shift(X, 2, np.random.default_rng(1))
    assert out.shape == X.shape and out.dtype == X.dtype
    moves = set()
    for image, moved in zip(X, out):
        padded = np.pad(image, ((0, 0), (2, 2), (2, 2)))
        matches = [
            (down, right)
            for down in range(5)
            for right in range(5)
            if np.array_equal(padded[:, down : down + 6, right : right + 5], moved)
        ]
        assert len(matches) == 1
        moves.update(matches)
    # 25 moves, 200 draws: all but a few appear (P(one is missing) = 25 * 0.96^200 = 0.7 %)
    assert len(moves) >= 24


def test_the_original_is_not_changed_and_the_seed_decides():
    before = X.copy()
    for change in (lambda rng: random_flip(X, rng), lambda rng: random_shift(X, 1, rng)):
        first, again = (change(np.random.default_rng(4)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
        assert not np.shares_memory(first, X)
    np.testing.assert_array_equal(X, before)
