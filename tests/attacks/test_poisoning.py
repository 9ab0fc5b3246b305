"""Poisoned training sets: the two levels exactly, and what flips, moves and triggers do."""

import numpy as np
import pytest

from minidl import autograd, tensor
from minidl.attacks.poisoning import (
    backdoored,
    bilevel_loss,
    flipped_labels,
    moved_examples,
    ridge,
    stamped,
)
from minidl.attacks.threat import Threat

from .digits import fit, held_out, mlp
from .linear import logits

LAMBDA = 1.0


def two_digits(seed=0, n=120):
    """3 and 8, as -1 and +1: training, validation and test sets in float64, with a constant."""
    (x, y), (x_test, y_test) = held_out()
    x, y = np.concatenate([x, x_test]), np.concatenate([y, y_test])
    chosen = np.random.default_rng(seed).permutation(np.flatnonzero((y == 3) | (y == 8)))
    x = np.concatenate([x.reshape(len(x), -1), np.ones((len(x), 1))], axis=1).astype(float)
    y = np.where(y == 8, 1.0, -1.0)
    parts = np.split(chosen, [n, n + 100])
    return [(x[part], y[part]) for part in parts]


def accuracy(train, y, test):
    theta = ridge(tensor(train[0]), tensor(y), LAMBDA).numpy()
    return np.mean(np.sign(test[0] @ theta) == test[1])


def test_ridge_solves_its_normal_equations():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(20, 5)), rng.normal(size=20)
    theta = ridge(tensor(x), tensor(y), 0.7).numpy()
    assert x.T @ (x @ theta - y) + 0.7 * theta == pytest.approx(np.zeros(5), abs=1e-10)
    augmented = np.concatenate([x, np.sqrt(0.7) * np.eye(5)]), np.concatenate([y, np.zeros(5)])
    assert theta == pytest.approx(np.linalg.lstsq(*augmented)[0])


def test_the_gradient_through_the_solution_is_that_of_the_implicit_function_theorem():
    """With v = (X'X + lambda I)^-1 dL/dtheta and the residual r = y - X theta,
    dL/dX = r v' - (X v) theta'  and  dL/dy = X v."""
    rng = np.random.default_rng(1)
    x, y, x_val = rng.normal(size=(12, 4)), rng.choice([-1.0, 1.0], 12), rng.normal(size=(9, 4))
    y_val = rng.choice([-1.0, 1.0], 9)
    inputs = [tensor(x, requires_grad=True), tensor(y, requires_grad=True)]
    loss = bilevel_loss(*inputs, tensor(x_val), tensor(y_val), 0.5)
    found = [g.numpy() for g in autograd.grad(loss, inputs)]
    theta = ridge(tensor(x), tensor(y), 0.5).numpy()
    margin = y_val * (x_val @ theta)
    slope = x_val.T @ (-y_val / (1 + np.exp(margin))) / 9
    v = np.linalg.solve(x.T @ x + 0.5 * np.eye(4), slope)
    assert found[0] == pytest.approx(np.outer(y - x @ theta, v) - np.outer(x @ v, theta))
    assert found[1] == pytest.approx(x @ v)
    assert loss.item() == pytest.approx(np.log1p(np.exp(-margin)).mean())


def test_chosen_flips_do_more_harm_than_random_ones():
    """5 % of the labels.  Five divisions into train, validation and test; 20 random choices each:
    chosen flips cost .01 to .12 of accuracy, random ones .00 to .03 on average."""
    chosen, at_random = [], []
    for seed in range(5):
        train, validation, test = two_digits(seed)
        clean, rng = accuracy(train, train[1], test), np.random.default_rng(seed)
        y = flipped_labels(train, validation, 0.05, LAMBDA)
        assert (y != train[1]).sum() == 6 and set(y) == {-1.0, 1.0}
        chosen.append(clean - accuracy(train, y, test))
        for _ in range(20):
            y = train[1].copy()
            y[rng.choice(len(y), 6, replace=False)] *= -1
            at_random.append(clean - accuracy(train, y, test))
    assert np.mean(chosen) > np.mean(at_random)
    assert np.mean(chosen) > np.quantile(at_random, 0.9)


def test_one_flip_is_the_worst_to_first_order():
    """Of all single flips, by solving anew: among the worst three of 40."""
    train, validation, _ = two_digits(n=40)
    loss = lambda y: bilevel_loss(*map(tensor, (train[0], y, *validation)), LAMBDA).item()
    each = [loss(np.where(np.arange(40) == i, -train[1], train[1])) for i in range(40)]
    flipped = np.flatnonzero(flipped_labels(train, validation, 1 / 40, LAMBDA) != train[1])
    assert len(flipped) == 1 and flipped[0] in np.argsort(each)[-3:]


def test_moved_examples_do_harm_and_stay_in_their_sets():
    train, validation, _ = two_digits(n=60)
    rows, threat = np.arange(6), Threat(2, 2.0)
    moved = moved_examples(train, validation, rows, threat, LAMBDA)
    assert threat.size(moved - train[0]).max() <= 2 + 1e-9
    assert moved.min() >= 0 and moved.max() <= 1
    np.testing.assert_array_equal(moved[6:], train[0][6:])
    loss = lambda x: bilevel_loss(*map(tensor, (x, train[1], *validation)), LAMBDA).item()
    noise = np.random.default_rng(0)
    others = []
    for _ in range(20):
        x = train[0].copy()
        x[rows] = threat.random_start(x[rows], noise)
        others.append(loss(x))
    assert loss(moved) > max(others) > 0


def test_a_trigger_does_what_it_should_and_nothing_else():
    """Accuracy without the trigger as it was; with it, the target.  Chance is .1."""
    (x, y), (x_test, y_test) = held_out()
    trigger, target = np.ones((1, 2, 2), np.float32), 0
    rng = np.random.default_rng(0)
    clean = fit(mlp(), x, y)
    poisoned = fit(mlp(), *backdoored((x, y), trigger, target, 0.05, rng))
    right = [np.mean(logits(m, x_test).argmax(axis=1) == y_test) for m in (clean, poisoned)]
    assert right[1] > right[0] - 0.03
    shown = stamped(x_test[y_test != target], trigger)
    fooled = [np.mean(logits(m, shown).argmax(axis=1) == target) for m in (clean, poisoned)]
    assert fooled[0] < 0.1 and fooled[1] > 0.9


def test_stamping_and_poisoning_leave_the_originals_alone():
    x, y = np.zeros((10, 1, 4, 4)), np.arange(10)
    trigger = np.array([[[1.0, 2.0]]])
    new_x, new_y = backdoored((x, y), trigger, 3, 0.2, np.random.default_rng(0))
    assert not x.any() and np.array_equal(y, np.arange(10))
    changed = np.flatnonzero(new_x.any(axis=(1, 2, 3)))
    assert len(changed) == 2 and (new_y[changed] == 3).all()
    assert new_x[changed[0], 0, 3].tolist() == [0, 0, 1, 2]
