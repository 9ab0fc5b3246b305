"""The beta-VAE metric on codes whose score is known; total correlation against its oracle."""

import numpy as np
import pytest
from scipy.linalg import hadamard

from minidl import no_grad, oracles, tensor
from minidl.autoencoders.disentanglement import (
    betavae_score,
    gaussian_total_correlation,
    mean_differences,
)

sample = lambda n, rng: rng.standard_normal((n, 4))
CHANCE, N = 1 / 4, 1000
FAR = 4 * np.sqrt(CHANCE * (1 - CHANCE) / N)  # four standard errors of an accuracy at chance


def score(represent, pairs=5, seed=0):
    return betavae_score(represent, sample, np.random.default_rng(seed), pairs=pairs, n=N)


def test_the_shared_factor_does_not_differ():
    differences, shared = mean_differences(lambda f: f, sample, 3, 50, np.random.default_rng(0))
    assert differences.shape == (50, 4)
    rows = np.arange(50)
    assert (differences[rows, shared] == 0).all()
    assert (np.delete(differences.reshape(-1), rows * 4 + shared) > 0).all()
    by_hand = np.random.default_rng(0)
    one, other = sample(150, by_hand), sample(150, by_hand)
    k = (shared + 1) % 4  # a factor that is not shared: the mean over its three pairs
    expected = np.abs(one - other).reshape(50, 3, 4).mean(axis=1)
    assert differences[rows, k] == pytest.approx(expected[rows, k])


@pytest.mark.parametrize("pairs", [5, 32])
def test_one_unit_for_each_factor_scores_one(pairs):
    assert score(lambda f: f, pairs) == 1.0
    assert score(lambda f: np.exp(f[:, ::-1]), pairs) > 0.99  # another order and scale


def test_codes_that_say_nothing_of_the_factor_score_chance():
    """A constant; and a Hadamard rotation, in which every unit has the same share of each factor,
    so that the law of |z1 - z2| is the same whichever is shared."""
    rotation = hadamard(4) / 2
    assert abs(score(lambda f: np.zeros((len(f), 4))) - CHANCE) < FAR
    assert abs(score(lambda f: f @ rotation) - CHANCE) < FAR


def test_the_metric_is_not_proof_against_rotations():
    """A random rotation of perfect codes: .48 to .95 with 5 pairs and .90 to 1 with 64, over twelve
    rotations; here the gain from more pairs must be seen."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).standard_normal((4, 4)))
    few, many = score(lambda f: f @ rotation), score(lambda f: f @ rotation, pairs=128)
    assert few < 0.8 and many > few + 0.2


def test_it_can_be_measured_without_recording():
    with no_grad():
        assert score(lambda f: f) == 1.0


def test_total_correlation_of_the_aggregated_posterior():
    rng = np.random.default_rng(0)
    mu, logvar = rng.normal(size=(50, 3)) @ rng.normal(size=(3, 3)), rng.normal(size=(50, 3))
    covariance = np.cov(mu.T, bias=True) + np.diag(np.exp(logvar).mean(axis=0))
    found = gaussian_total_correlation(tensor(mu), tensor(logvar)).item()
    assert found == pytest.approx(oracles.gaussians.total_correlation(covariance), abs=1e-12)
    assert found > 0
    # uncorrelated units: zero, exactly
    mu = rng.normal(size=(50, 3))
    orthogonal = np.linalg.qr(mu - mu.mean(axis=0))[0]
    found = gaussian_total_correlation(tensor(orthogonal), tensor(logvar)).item()
    assert found == pytest.approx(0, abs=1e-12)
