"""Attacks that see no gradient: with another model's, and with differences of answers."""

import numpy as np
import pytest

from minidl.attacks.access import Access
from minidl.attacks.black_box import nes_attack, nes_gradient, random_noise, transfer
from minidl.attacks.gradient_steps import fgsm, pgd
from minidl.attacks.objectives import Goal, margin
from minidl.attacks.threat import Threat

from .digits import held_out, reader
from .linear import inputs, linear_model

_, (X, Y) = held_out()
THREAT = Threat(np.inf, 0.15)


def cosine(a, b):
    a, b = a.reshape(len(a), -1), b.reshape(len(b), -1)
    return (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)


def test_the_estimate_is_right_on_average_and_its_cosine_is_known():
    """On a linear model: mean the gradient, cosine sqrt(n / (n + D)).  400 estimates from 12 pairs
    in 6 dimensions: the mean's standard error is |g| / sqrt(12 * 400) at most 1.5 % in each."""
    model, W, _ = linear_model()
    x, goal = np.repeat(inputs(1), 400, axis=0), Goal(np.zeros(400, int))
    with Access(model, 400) as access:
        g = nes_gradient(access, x, goal, 12, 0.01, np.random.default_rng(0), margin)
    true = W[1] - W[0]
    size = np.linalg.norm(true)
    assert g.mean(axis=0) == pytest.approx(true, abs=5 * 0.02 * size)
    assert cosine(g, true[None]).mean() == pytest.approx(np.sqrt(12 / (12 + 6)), abs=0.05)
    assert (access.queries == 24).all() and not access.gradients.any()


def test_of_a_network_the_cosine_is_above_a_half():
    with Access(reader(), 50) as access:
        _, _, true = access.gradient(X[:50], Goal(Y[:50]), margin)
        rng = np.random.default_rng(0)
        found = nes_gradient(access, X[:50], Goal(Y[:50]), 64, 0.01, rng, margin)
    assert np.median(cosine(found, true)) > 0.5


def test_what_fools_one_model_fools_another_more_often_than_noise_does():
    goal = Goal(Y)
    moved = transfer(pgd, reader(1), reader(0), X, goal, THREAT, steps=20, rng=0)
    noise = random_noise(reader(0), X, goal, THREAT, rng=0)
    white = pgd(reader(0), X, goal, THREAT, steps=20, rng=0)
    assert noise.success.mean() < moved.success.mean() <= white.success.mean()
    assert moved.success.mean() > 2 * noise.success.mean()
    # the victim is asked once, to see what became of it, and never for a gradient
    assert (moved.queries == 1).all() and not moved.gradients.any()


def test_from_a_model_to_itself_nothing_is_lost():
    goal = Goal(Y[:40])
    a = transfer(fgsm, reader(), reader(), X[:40], goal, THREAT)
    b = fgsm(reader(), X[:40], goal, THREAT)
    np.testing.assert_array_equal(a.adversarial.numpy(), b.adversarial.numpy())
    np.testing.assert_array_equal(a.success, b.success)


def test_noise_lies_on_the_rim():
    for norm, epsilon in ((np.inf, 0.1), (2, 0.5), (1, 1.0)):
        free = Threat(norm, epsilon, (-np.inf, np.inf))
        found = random_noise(reader(), X[:30], Goal(Y[:30]), free, rng=0).adversarial.numpy()
        assert free.size(found - X[:30]) == pytest.approx(epsilon, rel=1e-4)


def test_queries_alone_come_near_to_gradients():
    x, goal = X[:60], Goal(Y[:60])
    asked = nes_attack(reader(), x, goal, THREAT, steps=10, pairs=32, rng=0)
    white = pgd(reader(), x, goal, THREAT, steps=10, objective=margin, random_start=False)
    noise = random_noise(reader(), x, goal, THREAT, rng=0)
    assert asked.success.mean() > 2 * noise.success.mean()
    assert asked.success.mean() >= 0.7 * white.success.mean()
    assert THREAT.size(asked.adversarial.numpy() - x).max() <= 0.15 + 1e-6
    assert not asked.gradients.any()
    # one question a point, 64 for each gradient, and one for the outcome
    assert asked.queries.max() == 11 + 10 * 64 + 1
    assert (asked.queries[~asked.success] == asked.queries.max()).all()
    assert asked.queries[asked.success].mean() < asked.queries.max()
