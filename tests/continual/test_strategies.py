"""Strategies, side by side: equal where they should be, and each keeping what it says."""

import numpy as np
import pytest

from minidl import no_grad
from minidl.continual import strategies
from minidl.continual.learner import MultiHead, mlp
from minidl.nn import ReLU, Sequential

from .digits import permuted_digits


def learned(kind, tasks, seed=0, **options):
    """The strategy after 12 steps of each of so many tasks, and its parameters."""
    body = Sequential(mlp(64, 20, rng=seed), ReLU())
    strategy = kind(MultiHead(body, [mlp(20, 10, rng=seed)]), np.random.default_rng(1), **options)
    rng = np.random.default_rng(2)
    for t, (train, _) in enumerate(permuted_digits()[:tasks]):
        strategy.begin(t, train, steps=12)
        for _ in range(12):
            strategy.step(rng.integers(0, 1200, 32))
        strategy.end()
    return strategy, [p.numpy() for p in strategy.net.state_dict().values()]


def same(ours, theirs):
    return all(np.array_equal(a, b) for a, b in zip(ours, theirs))


ALL = (
    strategies.EWC, strategies.LwF, strategies.Rehearsal, strategies.GenerativeReplay,
    strategies.Projection,
)  # fmt: skip


@pytest.mark.parametrize("kind", ALL)
def test_the_first_task_is_learned_alike_and_the_second_is_not(kind):
    naive = [learned(strategies.Naive, tasks)[1] for tasks in (1, 2)]
    first, second = (learned(kind, tasks)[1] for tasks in (1, 2))
    for ours, theirs in zip(first, naive[0]):  # a projection on nothing still rounds
        assert ours == pytest.approx(theirs, rel=1e-4, abs=1e-6)
    assert not same(second, naive[1])


def test_without_strength_ewc_is_naive():
    _, naive = learned(strategies.Naive, 2)
    _, held = learned(strategies.EWC, 2, strength=0.0)
    assert same(held, naive)


def test_more_strength_holds_the_weights_closer():
    _, start = learned(strategies.Naive, 1)
    moved = []
    for strength in (0.0, 100.0, 10_000.0):
        _, end = learned(strategies.EWC, 2, strength=strength)
        moved.append(sum(((a - b) ** 2).sum() for a, b in zip(start, end)))
    assert moved[0] > moved[1] > moved[2]


@pytest.mark.parametrize("share, count", [(0.05, 60), (1.0, 1200)])
def test_rehearsal_keeps_its_share_of_each_task(share, count):
    strategy, _ = learned(strategies.Rehearsal, 2, share=share)
    assert [len(y) for _, y in strategy.memory] == [count, count]


def test_projection_on_all_that_was_seen_keeps_the_outputs():
    """To float32's rounding, where naive training moves them by more than .5."""
    x = permuted_digits()[0][0][0][:15]
    changes = {}
    for kind, options in ((strategies.Naive, {}), (strategies.Projection, {"threshold": 1.0})):
        body = Sequential(mlp(64, 40, rng=0), ReLU())
        strategy = kind(
            MultiHead(body, [mlp(40, 10, rng=0)]), np.random.default_rng(0), lr=0.02, **options
        )
        with no_grad():
            before = strategy.net(x).numpy()
        strategy.begin(0, (x, permuted_digits()[0][0][1][:15]), steps=1)
        strategy.end()
        strategy.begin(1, permuted_digits()[1][0], steps=40)
        for k in range(40):
            strategy.step(np.arange(30 * k, 30 * k + 30))
        with no_grad():
            changes[kind] = np.abs(strategy.net(x).numpy() - before).max()
    assert changes[strategies.Projection] < 1e-4 < 0.5 < changes[strategies.Naive]
