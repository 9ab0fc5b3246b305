"""Autoencoders of digits with codes in the plane, trained for a few seconds, and judged."""

import functools

import numpy as np

from minidl import data, no_grad, optim, tensor
from minidl.autoencoders.autoencoder import deep_autoencoder, descend, reconstruction_loss
from minidl.autoencoders.matching import inverse_multiquadratic, mmd

IMAGES = data.digits()[0].reshape(-1, 64)
KERNEL = inverse_multiquadratic(4.0)


def train(seed, step, steps=600, batch=128):
    """An autoencoder 64-128-2, after `steps` calls of step(model, optimiser, x, prior, rng)."""
    rng = np.random.default_rng(seed)
    model = deep_autoencoder(64, 128, 2, rng=rng)
    optimiser = optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(steps):
        x = tensor(IMAGES[rng.integers(0, len(IMAGES), batch)])
        step(model, optimiser, x, normal(rng, batch), rng)
    return model


def normal(rng, n):
    """n draws from the prior."""
    return tensor(rng.standard_normal((n, 2)).astype(np.float32))


@functools.cache
def plain(seed):
    """What the judge says of an autoencoder trained for reconstruction alone."""
    step = lambda model, optimiser, x, prior, rng: descend(optimiser, reconstruction_loss(model, x))
    return judge(train(seed, step), seed)


def judge(model, seed):
    """The reconstruction error, and MMD^2 of 500 codes to as many draws from the prior."""
    rng = np.random.default_rng(seed)
    with no_grad():
        codes = model.encoder(tensor(IMAGES[rng.permutation(len(IMAGES))[:500]]))
        error = reconstruction_loss(model, tensor(IMAGES)).item()
        return error, mmd(codes, normal(rng, 500), KERNEL).item()


@functools.cache
def null_quantile(share=0.95, repeats=100, seed=1):
    """The MMD^2 that two samples of 500 from the prior itself exceed with probability .05: .002."""
    rng = np.random.default_rng(seed)
    return np.quantile(
        [mmd(normal(rng, 500), normal(rng, 500), KERNEL).item() for _ in range(repeats)], share
    )
