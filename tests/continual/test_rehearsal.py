"""Coresets cover, generators reproduce moments, and what is replayed is remembered."""

import copy
import functools

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from minidl import tensor
from minidl.continual import rehearsal
from minidl.continual.learner import accuracy, mlp
from minidl.nn import functional as F

from .digits import learn, permuted_digits


def test_every_example_of_a_stream_is_kept_with_the_same_probability():
    """10 of 40, 4,000 times: the standard error is .0068, and five of them are allowed.

    The chance that one of 40 examples is further off is below 3e-5.
    """
    rng = np.random.default_rng(0)
    kept = np.bincount(
        np.concatenate([rehearsal.reservoir(40, 10, rng) for _ in range(4000)]), minlength=40
    )
    assert kept / 4000 == pytest.approx(0.25, abs=0.034)


def test_a_short_stream_is_kept_whole():
    assert sorted(rehearsal.reservoir(5, 10, np.random.default_rng(0))) == [0, 1, 2, 3, 4]


def best_radius(x, size):
    """The least radius of any choice of `size` points, by trying all pairs."""
    distances = cdist(x, x)
    choices = ([i, j] for i in range(len(x)) for j in range(i))
    assert size == 2
    return min(distances[:, choice].min(axis=1).max() for choice in choices)


@pytest.mark.parametrize("seed", range(5))
def test_greedy_centres_cover_within_twice_the_best_radius(seed):
    x = np.random.default_rng(seed).normal(size=(25, 2))
    chosen = rehearsal.k_center(x, 2)
    assert rehearsal.radius(x, chosen) <= 2 * best_radius(x, 2) + 1e-12
    assert rehearsal.radius(x, chosen) == pytest.approx(cdist(x, x[chosen]).min(axis=1).max())


@pytest.mark.parametrize("seed", range(5))
def test_centres_cover_digits_better_than_a_random_choice_does(seed):
    """60 of 1,200."""
    x, rng = permuted_digits()[0][0][0].numpy(), np.random.default_rng(seed)
    first, *others = rng.permutation(len(x))[:60]
    centres = rehearsal.radius(x, rehearsal.k_center(x, 60, int(first)))
    assert centres < rehearsal.radius(x, np.array([first, *others]))


def test_each_centre_is_the_farthest_from_those_before():
    x = np.array([[0.0], [1.0], [10.0], [4.0], [9.0]])
    assert rehearsal.k_center(x, 5).tolist() == [0, 2, 3, 1, 4]


def test_herded_examples_have_the_mean_of_all():
    """Their mean is nearer the mean of all than that of any of 200 random choices."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 6))
    off = lambda rows: np.linalg.norm(x[rows].mean(axis=0) - x.mean(axis=0))
    herded = rehearsal.herding(x, 20)
    assert len(set(herded)) == 20
    assert off(herded) < min(off(rng.permutation(300)[:20]) for _ in range(200))


def test_a_mixture_has_the_moments_of_its_data():
    """At full rank, sampled 40,000 times: mean and covariance to five standard errors."""
    rng = np.random.default_rng(0)
    groups = np.repeat([0, 1], [300, 100])
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)) + 3.0 * groups[:, None]
    drawn = rehearsal.GaussianMixture(x, groups, rank=3).sample(40_000, rng)
    error = 5 * x.std(axis=0) / 200
    assert (np.abs(drawn.mean(axis=0) - x.mean(axis=0)) < error).all()
    covariance = np.cov(x.T, ddof=0)
    scale = np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    assert (np.abs(np.cov(drawn.T) - covariance) / scale).max() < 5 * np.sqrt(2 / 40_000)


def test_at_a_lower_rank_the_rest_is_spread_evenly():
    """Variances 9, 4, .5 and .3 with rank 2: 9, 4, .4 and .4."""
    rng = np.random.default_rng(0)
    x = np.linalg.qr(rng.normal(size=(200, 5)) - 0.0)[0]
    x = np.linalg.qr(np.column_stack([np.ones(200), x]))[0][:, 1:5]  # columns of mean 0
    x = x * np.sqrt(200 * np.array([9, 4, 0.5, 0.3]))
    drawn = rehearsal.GaussianMixture(x, np.zeros(200), rank=2).sample(20_000, rng)
    assert drawn.var(axis=0) == pytest.approx([9, 4, 0.4, 0.4], rel=5 * np.sqrt(2 / 20_000))


def test_replayed_inputs_carry_the_classes_of_the_old_solver():
    class Corners:
        def sample(self, n, rng):
            return np.eye(3)[rng.integers(0, 3, n)]

    rng, like = np.random.default_rng(0), tensor([0.0])
    x, y = rehearsal.replay(Corners(), lambda x: x * 5, 20, like, rng)
    assert x.dtype == like.dtype and (x.numpy().argmax(axis=1) == y.numpy()).all()


def test_old_and_new_are_weighed():
    net, rng = mlp(3, 4, 2, rng=0).double(), np.random.default_rng(0)
    new, old = [(tensor(rng.normal(size=(n, 3))), tensor(rng.integers(0, 2, n))) for n in (4, 9)]
    apart = [F.cross_entropy(net(x), y).item() for x, y in (new, old)]
    for share in (1.0, 0.5, 0.25):
        expected = share * apart[0] + (1 - share) * apart[1]
        assert rehearsal.loss(net, new, old, share).item() == pytest.approx(expected)


@functools.cache
def after_task_b(seed, method):
    """Accuracies on A and B of a network that learned A, then permuted B, in one of these ways."""
    ((x_A, y_A), test_A), ((x_B, y_B), test_B) = permuted_digits(seed)
    rng = np.random.default_rng(seed)
    net = mlp(64, 100, 10, rng=rng)
    learn(net, lambda r: F.cross_entropy(net(x_A[r]), y_A[r]), 1200, 400, rng)
    solver = copy.deepcopy(net)
    kept = rehearsal.reservoir(1200, 60, rng)  # 5 %
    generator = rehearsal.GaussianMixture(x_A.numpy(), y_A.numpy(), rank=20)

    def old(count):
        if method == "generative":
            return rehearsal.replay(generator, solver, count, x_A, rng)
        rows = rng.choice(kept, count) if method == "coreset" else rng.integers(0, 1200, count)
        return x_A[rows], y_A[rows]

    def loss(rows):
        if method == "naive":
            return F.cross_entropy(net(x_B[rows]), y_B[rows])
        return rehearsal.loss(net, (x_B[rows], y_B[rows]), old(len(rows)))

    before = accuracy(net, *test_A)
    learn(net, loss, 1200, 400, rng)
    return before, accuracy(net, *test_A), accuracy(net, *test_B)


@pytest.mark.parametrize("seed", range(3))
def test_a_coreset_of_five_percent_keeps_task_a(seed):
    """At least .8 of what joint training has; and naive training does not get there.

    Over the three seeds .39 to .59 (naive), .86 to .92 (coreset) and .96 to .97 (joint).
    """
    naive, coreset, joint = (after_task_b(seed, m)[1] for m in ("naive", "coreset", "joint"))
    assert coreset >= 0.8 * joint > naive


@pytest.mark.parametrize("seed", range(3))
def test_generative_replay_forgets_less_than_half_of_what_naive_training_does(seed):
    """Over the three seeds .00 to .02 against .37 to .57."""
    forgotten = {}
    for method in ("naive", "generative"):
        before, after, b = after_task_b(seed, method)
        forgotten[method] = before - after
        assert b > 0.9
    assert forgotten["generative"] < 0.5 * forgotten["naive"]
