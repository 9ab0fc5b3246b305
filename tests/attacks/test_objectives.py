"""The losses that attacks climb, and the goals that they aim at."""

import numpy as np
import pytest

from minidl import tensor
from minidl.attacks.objectives import Goal, cross_entropy, margin, of_class, perturbed_loss

from .linear import linear_model, logits

Z = np.array([[1.0, 3.0, -2.0], [-1.0, -4.0, -5.0], [-3.0, -1.0, -2.0]])
Y = np.array([0, 0, 2])


def test_the_margin_is_positive_just_where_the_model_says_another_class():
    """Rows two and three have no logit above 0, among which a masked 0 would be the largest."""
    np.testing.assert_array_equal(margin(tensor(Z), Y).numpy(), [2.0, -3.0, 1.0])
    z = np.random.default_rng(0).normal(size=(200, 4)) - 3
    y = np.random.default_rng(1).integers(0, 4, 200)
    np.testing.assert_array_equal(margin(tensor(z), y).numpy() > 0, z.argmax(axis=1) != y)


def test_cross_entropy_is_minus_the_log_of_the_softmax():
    p = np.exp(Z) / np.exp(Z).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(cross_entropy(tensor(Z), Y).numpy(), -np.log(p[np.arange(3), Y]))


def test_goals():
    assert Goal(Y).reached(Z).tolist() == [True, False, True]
    assert Goal(Y, targeted=True).reached(Z).tolist() == [False, True, False]
    assert (Goal(Y).sign, Goal(Y, targeted=True).sign) == (1, -1)
    part = Goal(Y, targeted=True).of([2])
    assert part.labels.tolist() == [2] and part.targeted


def test_the_loss_of_what_is_perturbed():
    model, _, _ = linear_model(classes=3)
    x, delta = np.random.default_rng(0).normal(size=(2, 3, 6))
    found = perturbed_loss(model, tensor(x), tensor(delta), Y).detach().numpy()
    np.testing.assert_allclose(found, cross_entropy(tensor(logits(model, x + delta)), Y).numpy())


def test_labels_may_be_a_tensor():
    np.testing.assert_array_equal(of_class(tensor(Z), tensor(Y)), of_class(Z, Y))
    assert margin(tensor(Z), tensor(Y)).numpy() == pytest.approx(margin(tensor(Z), Y).numpy())
