"""Denoising: the best linear denoiser in closed form; residual = sigma^2 score."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.autoencoders.autoencoder import descend, mlp
from minidl.autoencoders.denoising import denoising_loss, linear_denoiser, score
from minidl.oracles.gaussians import Mixture

from .exactly import minimise

MIXTURE = Mixture(np.array([0.4, 0.6]), np.array([[-1.5], [1.0]]), np.array([0.1, 0.3]))


def test_the_best_linear_denoiser():
    """A design in place of random noise makes the loss the expectation: +-sqrt(D) e_i for each x
    has mean 0 and covariance I, and is uncorrelated with x, exactly."""
    rng = np.random.default_rng(0)
    d, sigma = 4, 0.7
    x = rng.standard_normal((50, d)) @ rng.standard_normal((d, d))
    x -= x.mean(axis=0)
    design = np.sqrt(d) * np.concatenate([np.eye(d), -np.eye(d)])
    inputs, noise = tensor(np.repeat(x, 2 * d, axis=0)), tensor(np.tile(design, (50, 1)))
    model = nn.Linear(d, d, bias=False, rng=rng).double()
    minimise(model, lambda: denoising_loss(model, inputs, noise, sigma))
    best = linear_denoiser(np.cov(x.T, bias=True), sigma)
    assert model.weight.data == pytest.approx(best, abs=1e-6)
    loss = lambda map: denoising_loss(lambda y: y @ map.T, inputs, noise, sigma).item()
    assert loss(best) < loss(np.eye(d)) == pytest.approx(d * sigma**2)


def test_the_residual_of_the_best_denoiser_is_sigma_squared_times_the_score():
    """The posterior mean and the score of the noisy law, each in closed form by its own formula."""
    y, sigma = np.random.default_rng(1).normal(size=(20, 1)), 0.5
    denoiser = lambda y: tensor(MIXTURE.denoised(y.numpy(), sigma))
    expected = MIXTURE.with_noise(sigma).score(y)
    assert score(denoiser, tensor(y), sigma).numpy() == pytest.approx(expected, abs=1e-12)


def error_of_a_learned_score(seed):
    """Root mean square, in the middle 95% of the noisy law, after 400 steps."""
    rng = np.random.default_rng(seed)
    model, sigma, steps = mlp(1, 64, 64, 1, rng=rng), 0.5, 400
    optimiser = optim.Adam(model.parameters(), lr=3e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    batch = lambda array: tensor(array.astype(np.float32))
    for _ in range(steps):
        x = batch(MIXTURE.sample(512, rng))
        descend(optimiser, denoising_loss(model, x, batch(rng.standard_normal(x.shape)), sigma))
        schedule.step()
    noisy = MIXTURE.with_noise(sigma)
    y = np.sort(noisy.sample(4000, rng), axis=0)[100:-100]
    error = score(model, batch(y), sigma).detach().numpy() - noisy.score(y)
    return np.sqrt((error**2).mean())


def test_a_learned_denoiser_knows_the_score():
    """.033 to .041 for five seeds, where the score itself is about 1."""
    assert error_of_a_learned_score(seed=0) < 0.1
