"""Few-shot tasks of characters: the sampler, the invented characters, those of others."""

import numpy as np
import pytest

from minidl.meta import characters, episodes, strokes


def numbered(count=12, drawn=6):
    """Characters whose images say which they are: pixel 0 the character, pixel 1 the drawing."""
    images = np.zeros((count, drawn, 28, 28), np.float32)
    images[..., 0, 0] = np.arange(count)[:, None]
    images[..., 0, 1] = np.arange(drawn)
    return images


def test_support_and_query_share_characters_and_numbers_but_no_drawing():
    tasks = episodes(numbered(), 50, 4, 2, 3, np.random.default_rng(0))
    for t in range(50):
        seen = []
        for (x, y), n in [(tasks.support, 2), (tasks.query, 3)]:
            assert x.shape == (50, 4 * n, 784) and y.shape == (50, 4 * n)
            which, drawing = x.data[t, :, 0], x.data[t, :, 1]
            assert np.array_equal(y.data[t], np.repeat(np.arange(4), n))
            of_number = which.reshape(4, n)
            assert np.all(of_number == of_number[:, :1])  # one character for each number
            assert len(set(of_number[:, 0])) == 4  # and a different one
            seen.append(({*zip(which, drawing)}, [*of_number[:, 0]]))
        assert seen[0][1] == seen[1][1]
        assert not seen[0][0] & seen[1][0]
        assert len(seen[0][0]) == 8 and len(seen[1][0]) == 12


def test_characters_and_their_numbers_vary_from_task_to_task():
    """Each of 12 characters is number 0 in about a twelfth of 6,000 tasks: chi2_11, 1 in 10^6."""
    tasks = episodes(numbered(), 6000, 4, 1, 1, np.random.default_rng(0))
    counts = np.bincount(tasks.support[0].data[:, 0, 0].astype(int), minlength=12)
    assert np.sum((counts - 500) ** 2 / 500) < 50.2


def test_too_few_characters_or_drawings_are_refused():
    for ways, shots, queries in [(13, 1, 1), (4, 4, 3)]:
        with pytest.raises(ValueError, match="12 characters with 6 drawings"):
            episodes(numbered(), 2, ways, shots, queries, np.random.default_rng(0))


def test_turned_characters_are_new_characters():
    turned = characters.turned(numbered())
    assert turned.shape == (48, 6, 28, 28)
    assert np.array_equal(turned[12:24, :, 27, 0], numbered()[:, :, 0, 0])


def test_halved_pages_keep_the_ink():
    halved = characters.halved(numbered())
    assert halved.shape == (12, 6, 14, 14)
    assert np.allclose(4 * halved.sum(axis=(2, 3)), numbered().sum(axis=(2, 3)))


def test_invented_characters_are_told_apart_by_shape_and_drawn_differently_each_time():
    images = characters.invented(40, 10, np.random.default_rng(0))
    assert images.shape == (40, 10, 28, 28) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1
    # the nearest drawing is of the right character more often than one in five, but not always
    tasks = episodes(images, 200, 5, 1, 5, np.random.default_rng(1))
    (shown, _), (asked, right) = ([part.data for part in half] for half in tasks)
    squares = ((asked[:, :, None] - shown[:, None]) ** 2).sum(axis=3)
    assert 0.5 < np.mean(squares.argmin(axis=2) == right) < 0.95


def test_a_stroke_is_inked_where_it_runs():
    straight = np.array([[[0.1, 0.5], [0.4, 0.5], [0.6, 0.5], [0.9, 0.5]]])  # from left to right
    pages = strokes.drawings(straight, 200, np.random.default_rng(0))
    assert pages[:, :, 8:20].max(axis=1).min() > 0.5  # no column that it crosses is left white
    rows = pages.mean(axis=(0, 2))
    assert rows[13:15].mean() > 3 * max(rows[:7].mean(), rows[21:].mean())


def test_packed_characters_are_read_and_as_many_of_each_as_all_have(tmp_path):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2, (5, 4, 28, 28), np.uint8)
    bits, y = np.packbits(images.reshape(-1, 784), axis=1), np.repeat(np.arange(5), 4)
    twice = y == 2  # a character that stands in the file twice
    path = tmp_path / "letters.npz"
    np.savez(path, x=np.concatenate([bits, bits[twice]]), y=np.append(y, y[twice]))
    found = characters.packed(path)
    assert np.array_equal(found, images) and found.dtype == np.float32


def test_omniglot_is_what_the_data_package_finds_character_by_character(monkeypatch):
    x = np.arange(3 * 20 * 784, dtype=np.float32).reshape(60, 1, 28, 28)
    monkeypatch.setattr(characters.data, "omniglot", lambda split: (x, np.repeat(np.arange(3), 20)))
    found = characters.omniglot("train")
    assert found.shape == (3, 20, 28, 28)
    assert np.array_equal(found[1, 0], x[20, 0])
