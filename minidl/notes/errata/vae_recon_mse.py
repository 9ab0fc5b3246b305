"""The notes call a VAE's reconstruction term "(MSE)"; averaged over pixels it silences the code.

Printed: mean over the D pixels of (x - x_hat)^2, plus the KL.  That is 2/D of the -ELBO with unit
noise and the KL weighed by beta = D/2.  A direction of the data is coded only if its variance is
above beta, so that with many pixels no code is left: the posterior collapses to the prior.
With the squared error halved and summed, the loss is -ELBO.  The truth is the rate that theory
demands at noise 1 (`oracles.gaussians.reverse_water_filling`).
"""

from __future__ import annotations

import numpy as np

from ... import optim
from ...autoencoders.autoencoder import descend
from ...autoencoders.linear_vae import LinearVAE, linear_elbo
from ...autoencoders.vae import LOG_2PI
from ...graph import Tensor, tensor
from ...oracles import gaussians
from . import Line


def as_printed(vae: LinearVAE, x: Tensor) -> Tensor:
    """E_q mean_d (x - x_hat)^2 + KL.  x: (N, D)."""
    pieces, d = linear_elbo(vae, x), x.shape[1]
    squares = -2 * pieces.log_likelihood - d * LOG_2PI  # log p(x|z) = -(D log 2 pi + squares) / 2
    return (squares / d + pieces.kl).mean()


def corrected(vae: LinearVAE, x: Tensor) -> Tensor:
    """-ELBO = E_q sum_d (x - x_hat)^2 / 2 + D/2 log 2 pi + KL."""
    return -linear_elbo(vae, x).value().mean()


def experiment() -> list[Line]:
    """Data of 64 pixels with three directions of variance 16, 9 and 4; noise 1, held."""
    rng, variances = np.random.default_rng(0), np.array([16.0, 9.0, 4.0])
    axes, _ = np.linalg.qr(rng.standard_normal((64, 3)))
    codes = rng.standard_normal((16, 3))
    codes = np.linalg.qr(codes - codes.mean(axis=0))[0]  # uncorrelated, exactly
    x = tensor(codes * np.sqrt(16 * variances) @ axes.T)

    def information(loss):
        """The KL, in nats an example, of the linear VAE that makes the loss least."""
        vae = LinearVAE(64, 3, rng=0).double()
        optimiser = optim.Adam([vae.W, vae.V, vae.m, vae.logvar], lr=0.05)  # log s^2 stays 0
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, 400)
        for _ in range(400):
            descend(optimiser, loss(vae, x))
            schedule.step()
        return linear_elbo(vae, x).kl.mean().item()

    rate, _ = gaussians.reverse_water_filling(variances, 1.0)
    return [Line("nats in the code", information(as_printed), information(corrected), rate, 0.02)]
