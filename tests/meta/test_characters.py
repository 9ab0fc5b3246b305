"""Few-shot tasks of characters: the sampler, the invented alphabets, Omniglot where it is."""

import io
import os
import zipfile

import numpy as np
import pytest

from minidl.data import DataNotFoundError
from minidl.meta import characters, episodes, invented, omniglot, strokes
from minidl.meta.omniglot import ARCHIVES, PACKED, SIZES


def numbered(count=12, drawn=6):
    """Characters whose images say which they are: pixel 0 the character, pixel 1 the drawing."""
    images = np.zeros((count, drawn, 28, 28), np.float32)
    images[..., 0, 0] = np.arange(count)[:, None]
    images[..., 0, 1] = np.arange(drawn)
    return characters.Characters(images, np.array(["a"] * count))


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
    turned = numbered().turned()
    assert turned.images.shape == (48, 6, 28, 28) and len(turned.alphabet) == 48
    assert np.array_equal(turned.images[12:24, :, 27, 0], numbered().images[:, :, 0, 0])


def test_halved_pages_keep_the_ink():
    halved = numbered().halved()
    assert halved.images.shape == (12, 6, 14, 14)
    assert np.allclose(4 * halved.images.sum(axis=(2, 3)), numbered().images.sum(axis=(2, 3)))


def test_invented_characters_are_told_apart_by_shape_and_drawn_differently_each_time():
    found = invented(40, 10, np.random.default_rng(0))
    images = found.images
    assert images.shape == (40, 10, 28, 28) and images.dtype == np.float32
    assert images.min() >= 0 and images.max() <= 1
    assert len(set(found.alphabet)) == 2
    # the nearest drawing is of the right character more often than one in five, but not always
    tasks = episodes(found, 200, 5, 1, 5, np.random.default_rng(1))
    (shown, _), (asked, right) = ([part.data for part in half] for half in tasks)
    squares = ((asked[:, :, None] - shown[:, None]) ** 2).sum(axis=3)
    assert 0.5 < np.mean(squares.argmin(axis=2) == right) < 0.95


def test_a_stroke_is_inked_where_it_runs():
    straight = np.array([[[0.1, 0.5], [0.4, 0.5], [0.6, 0.5], [0.9, 0.5]]])  # from left to right
    pages = strokes.drawings(straight, 200, np.random.default_rng(0))
    assert pages[:, :, 8:20].max(axis=1).min() > 0.5  # no column that it crosses is left white
    rows = pages.mean(axis=(0, 2))
    assert rows[13:15].mean() > 3 * max(rows[:7].mean(), rows[21:].mean())


def test_omniglot_packed_is_read_with_its_alphabets(tmp_path):
    total = sum(SIZES.values())
    rng = np.random.default_rng(0)
    images = rng.integers(0, 2, (total, 20, 28, 28), np.uint8)
    y = np.repeat(np.arange(total), 20)
    twice = (46 <= y) & (y < 70)  # Greek stands in both sets
    bits = np.packbits(images.reshape(-1, 784), axis=1)
    np.savez(tmp_path / PACKED, x=np.concatenate([bits, bits[twice]]), y=np.append(y, y[twice]))
    found = omniglot(tmp_path)
    assert np.array_equal(found.images, images)
    assert found.images.dtype == np.float32
    assert [*dict.fromkeys(found.alphabet)] == [*SIZES]
    assert np.sum(found.alphabet == "Sanskrit") == 42


def test_omniglots_archives_are_read_and_scaled_down(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    pytest.importorskip("matplotlib")
    from PIL import Image  # matplotlib comes with it

    drawn = np.zeros((105, 105), bool)
    drawn[1:5, 1:5] = True  # with the margin of 3, a pixel of 28 x 28
    file = io.BytesIO()
    Image.fromarray(~drawn).save(file, "png")
    for archive, alphabets in zip(ARCHIVES, [["Greek", "Early_Aramaic"], ["Greek", "Tagalog"]]):
        with zipfile.ZipFile(tmp_path / archive, "w") as target:
            for alphabet in alphabets:
                for name in ["character01/0001_01.png", "character01/0001_02.png"]:
                    folder = archive.removesuffix(".zip")
                    target.writestr(f"{folder}/{alphabet}/{name}", file.getvalue())
    found = omniglot(tmp_path)
    assert sorted(found.alphabet) == ["Early Aramaic", "Greek", "Tagalog"]
    assert found.images.shape == (3, 2, 28, 28)
    expected = np.zeros((28, 28), np.float32)
    expected[1, 1] = 1
    assert np.array_equal(found.images[0, 0], expected)


def test_where_omniglot_is_not_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.delenv("MINIDL_DATA", raising=False)
    with pytest.raises(DataNotFoundError, match="brendenlake/omniglot"):
        omniglot(tmp_path)


@pytest.mark.skipif("MINIDL_DATA" not in os.environ, reason="MINIDL_DATA names no folder")
def test_omniglot_itself():
    try:
        found = omniglot()
    except DataNotFoundError:
        pytest.skip("Omniglot is not there")
    assert found.images.shape == (242, 20, 28, 28)
    assert 0.05 < found.images.mean() < 0.25
    assert len(np.unique(found.images.reshape(-1, 784), axis=0)) > 4800
