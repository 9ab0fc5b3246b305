"""Autoencoders, from PCA to the variational autoencoder.

To read, in this order:

    autoencoder      linear ones (which are PCA), deep, tied and sparse ones
    denoising        rebuild what was there before the noise; what that knows of the score
    divergences      Kullback-Leibler and Jensen-Shannon, between laws
    adversarial      a discriminator brings the codes to a prior
    matching         MMD, sliced Wasserstein, sliced Cramer, between samples
    wasserstein      a distance, or a critic, brings the codes to a prior
    elbo             the evidence lower bound where it can be enumerated, and EM
    vae              the variational autoencoder
    linear_vae       the one of which everything is known
    estimators       two gradients of an expectation; the importance-weighted bound
    disentanglement  the beta-VAE metric, total correlation
"""

from . import (
    adversarial,
    autoencoder,
    denoising,
    disentanglement,
    divergences,
    elbo,
    estimators,
    linear_vae,
    matching,
    vae,
    wasserstein,
)

__all__ = [
    "adversarial",
    "autoencoder",
    "denoising",
    "disentanglement",
    "divergences",
    "elbo",
    "estimators",
    "linear_vae",
    "matching",
    "vae",
    "wasserstein",
]
