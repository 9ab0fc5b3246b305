"""The judge of samples, on real digits and on four ways of making bad ones."""

import functools

import numpy as np
import pytest

from minidl import data
from minidl.experiments.sample_quality import Judge, table

IMAGES, LABELS = data.digits()
ORDER = np.random.default_rng(0).permutation(len(IMAGES))
TRAIN, HELD_OUT = ((IMAGES[rows], LABELS[rows]) for rows in (ORDER[:1000], ORDER[1000:]))


@functools.cache
def judge():
    return Judge(TRAIN, HELD_OUT, np.random.default_rng(0), steps=250)


def test_it_knows_digits():
    """Right on .957 to .966 of the held-out digits for five seeds."""
    assert judge().accuracy > 0.9


def test_noise_is_worse_than_blends_and_blends_are_worse_than_real_pictures():
    x = HELD_OUT[0]
    noise = judge().quality(np.random.default_rng(1).uniform(size=x.shape))
    blends, real = judge().quality((x + x[::-1]) / 2), judge().floor()
    assert noise.frechet > 3 * blends.frechet and blends.frechet > 2 * real.frechet
    assert noise.inception < blends.inception < real.inception
    assert noise.nearest > blends.nearest > real.nearest == 1


def test_copies_of_training_pictures_are_recognised():
    rng = np.random.default_rng(2)
    almost = TRAIN[0] + 0.01 * rng.standard_normal(TRAIN[0].shape)
    copies = judge().quality(almost[:500])
    assert copies.copies == 1 and copies.nearest < 0.1
    assert judge().floor().copies == pytest.approx(0.01, abs=0.005)


def test_a_generator_of_one_class_is_out_of_balance():
    zeros = HELD_OUT[0][HELD_OUT[1] == 0]
    found = judge().quality(np.tile(zeros, (6, 1, 1, 1)))
    assert found.classes[0] > 0.9 and found.imbalance > 0.8
    assert found.inception < 2 and found.frechet > 10 * judge().floor().frechet


def test_accuracy_is_of_the_classes_asked_for():
    found = judge().quality(*HELD_OUT)
    assert found.accuracy == judge().accuracy
    assert judge().quality(HELD_OUT[0], 9 - HELD_OUT[1]).accuracy < 0.1
    head, rows = table({"real": found, "floor": judge().floor()})
    assert all(len(row) == len(head) for row in rows)


def test_too_few_samples_or_another_shape_are_refused():
    with pytest.raises(ValueError, match="at least 398 pictures of shape"):
        judge().quality(HELD_OUT[0][:100])
    with pytest.raises(ValueError, match=r"\(1, 8, 8\)"):
        judge().quality(np.zeros((500, 64)))
