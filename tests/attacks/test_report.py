"""What is reported of an attack."""

import math

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.attacks.access import Result
from minidl.attacks.gradient_steps import fgsm
from minidl.attacks.objectives import Goal
from minidl.attacks.report import accuracy_against_budget, report
from minidl.attacks.threat import Threat

from .digits import held_out, reader
from .linear import logits


def threshold():
    """Says 1 where the first number is above .5."""
    model = nn.Linear(2, 2).double()
    model.load_state_dict({"weight": np.array([[-1.0, 0], [1, 0]]), "bias": np.array([0.5, -0.5])})
    return model


def test_counted_are_those_that_were_right():
    """Four right, two of which are moved over the line; two wrong before and after; one mended."""
    x = np.array([[0.2, 0], [0.3, 0], [0.8, 0], [0.9, 0], [0.1, 0], [0.4, 0], [0.2, 0]])
    y = np.array([0, 0, 1, 1, 1, 1, 1])
    moved = x.copy()
    moved[:, 0] = [0.6, 0.4, 0.8, 0.4, 0.1, 0.7, 0.2]
    moved[3, 1] = 0.3
    wrong = np.array([1, 0, 0, 1, 1, 0, 1], bool)
    result = Result(tensor(moved), wrong, np.array([1, 2, 3, 4, 50, 60, 70]), np.arange(7), 2.5)
    found = report(threshold(), x, y, result)
    assert (found.examples, found.counted, found.seconds) == (7, 4, 2.5)
    assert found.clean_accuracy == pytest.approx(4 / 7)
    assert found.robust_accuracy == pytest.approx(3 / 7)
    assert found.success_rate == pytest.approx(2 / 4)  # 4 of 7 are wrong after it
    assert found.mean_queries == 2.5 and found.mean_gradients == 1.5
    assert found.mean_norm[2] == pytest.approx((0.4 + math.hypot(0.5, 0.3)) / 2)
    assert found.mean_norm[math.inf] == pytest.approx((0.4 + 0.5) / 2)
    assert found.median_norm[1] == pytest.approx((0.4 + 0.8) / 2)
    assert found.mean_norm[0] == 1.5
    assert len(found.row(2)) == len(found.head())


def test_of_nothing_there_is_no_mean():
    x, y = np.array([[0.2, 0.0]]), np.array([1])
    found = report(threshold(), x, y, fgsm(threshold(), x, Goal(y), Threat(2, 0.1)))
    assert found.counted == 0 and math.isnan(found.success_rate) and math.isnan(found.mean_norm[2])


def test_targeted_success_is_reaching_the_target():
    x, y = held_out()[1]
    goal = Goal((y + 1) % 10, targeted=True)
    result = fgsm(reader(), x, goal, Threat(np.inf, 0.2))
    found = report(reader(), x, y, result, goal)
    assert found.success_rate < 1 - found.robust_accuracy


def test_accuracy_against_budget_starts_at_the_clean_accuracy():
    x, y = held_out()[1]
    left = accuracy_against_budget(fgsm, reader(), x, y, np.inf, (0.0, 0.05, 0.1))
    assert left[0] == np.mean(logits(reader(), x).argmax(axis=1) == y)
    assert left[0] > left[1] > left[2]
