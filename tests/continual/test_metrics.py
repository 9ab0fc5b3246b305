"""The measures of an accuracy matrix, on matrices whose measures can be said beforehand."""

import numpy as np
import pytest

from minidl.continual import metrics


def test_a_matrix_done_by_hand():
    R = np.array([[0.9, 0.3, 0.2], [0.7, 0.8, 0.4], [0.8, 0.5, 0.6]])
    found = metrics.summarise(R, np.array([0.1, 0.1, 0.15]))
    assert found.average_accuracy == pytest.approx((0.8 + 0.5 + 0.6) / 3)
    assert found.backward_transfer == pytest.approx(((0.8 - 0.9) + (0.5 - 0.8)) / 2)
    assert found.forward_transfer == pytest.approx(((0.3 - 0.1) + (0.4 - 0.15)) / 2)
    assert found.forgetting == pytest.approx(((0.9 - 0.8) + (0.8 - 0.5)) / 2)


def test_forgetting_counts_from_the_best_that_a_task_ever_was():
    """Task 0 gains .1 through task 1, and loses .3 through task 2."""
    R = np.array([[0.8, 0.1, 0.1], [0.9, 0.9, 0.1], [0.6, 0.9, 0.9]])
    assert metrics.forgetting(R) == pytest.approx(0.15)
    assert metrics.backward_transfer(R) == pytest.approx(-0.1)


def test_who_forgets_nothing():
    R = np.where(np.tri(4) > 0, 0.9, 0.1)
    found = metrics.summarise(R, np.full(4, 0.1))
    assert found == pytest.approx((0.9, 0, 0, 0))


def test_a_single_task_has_an_accuracy_and_no_transfer():
    found = metrics.summarise(np.array([[0.7]]), np.array([0.1]))
    assert found.average_accuracy == 0.7 and np.isnan(found[1:]).all()
