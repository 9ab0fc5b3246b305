"""The data sets that ship are what they say."""

import numpy as np
import pytest

from minidl import data


def test_fashion_mini_is_balanced_images_and_labels():
    for split, per_class in (("train", 200), ("test", 50)):
        x, y = data.fashion_mini(split)
        assert x.shape == (10 * per_class, 1, 28, 28) and x.dtype == np.float32
        assert y.dtype == np.int64
        assert (x.min(), x.max()) == (0, 1)
        np.testing.assert_array_equal(np.bincount(y), [per_class] * 10)
    assert len(data.FASHION_CLASSES) == 10


def test_no_test_image_of_fashion_mini_is_a_training_image():
    splits = [data.fashion_mini(split)[0] for split in ("train", "test")]
    train, test = ({image.tobytes() for image in images} for images in splits)
    assert len(train) == 2000 and len(test) == 500 and not train & test


def test_digits():
    x, y = data.digits()
    assert x.shape == (1797, 1, 8, 8) and x.dtype == np.float32 and y.dtype == np.int64
    assert (x.min(), x.max()) == (0, 1)
    # nearest class mean is a known, crude classifier of these digits: right nine times in ten
    means = np.stack([x[y == k].mean(axis=0).ravel() for k in range(10)])
    distance = ((x.reshape(-1, 1, 64) - means) ** 2).sum(axis=2)
    assert (distance.argmin(axis=1) == y).mean() > 0.85


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError, match="'train' or 'test', not 'valid'"):
        data.fashion_mini("valid")


def test_auto_mpg_is_392_cars_in_the_units_of_the_source():
    x, y = data.auto_mpg()
    assert x.shape == (392, 9) == (len(y), len(data.AUTO_MPG_COLUMNS)) and x.dtype == np.float32
    np.testing.assert_array_equal(x[0], [8, 307, 130, 3504, 12, 1970, 1, 0, 0])  # a Chevelle
    assert y[0] == 18 and x[:, 5].max() == 1982
    np.testing.assert_array_equal(x[:, 6:].sum(axis=0), [245, 68, 79])  # as UCI counts them
    # least squares explains .82 of the variance (James et al., Introduction to Statistical
    # Learning, on the same cars)
    design = np.c_[x, np.ones(392)].astype(float)
    residual = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    assert round(1 - residual.var() / y.var(), 2) == 0.82


def test_wordsim353_is_pairs_and_judgements():
    pairs, similarity = data.wordsim353()
    assert len(pairs) == len(similarity) == 353
    assert similarity[pairs.index(("tiger", "tiger"))] == 10
    assert similarity[pairs.index(("king", "cabbage"))] == np.float32(0.23)
    assert 0 <= similarity.min() and similarity.max() == 10


def test_pride_and_prejudice_is_the_whole_novel():
    text = data.pride_and_prejudice()
    assert len(text) == 684_768 and len(set(text)) == 75
    assert text.startswith("PRIDE AND PREJUDICE\n\nBy Jane Austen")
    assert "It is a truth universally acknowledged" in text
    assert text.rstrip().endswith("had been the means of uniting them.")
