"""Autoencoders: an encoder to a short code, a decoder back, trained to return the input.

    min over E, D of  mean_i |D(E(x_i)) - x_i|^2

With linear E and D of width k this is principal component analysis: the best the pair can do is to
project onto the span of the k leading eigenvectors of the covariance (Bourlard and Kamp 1988;
Baldi and Hornik 1989).  It finds that subspace, not the axes in it: any invertible k x k matrix
between encoder and decoder, with its inverse, changes nothing.  The notes say that the data are
rebuilt as a combination "of principal coordinates and their coordinates"; the combination is of
eigenvectors, weighted by the coordinates.

A deep autoencoder follows curved data that no subspace holds.  What keeps it from learning the
identity is a narrow code, one matrix for both directions, a price on active code units, or noise
(`denoising`).

Rows of the notes: linear-ae-pca, deep-ae, ae-variants, sparse-ae.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import nn
from ..checks import between, checked, normal
from ..creation import zeros
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import absolute, log
from ..ops.reduce import norm2
from ..optim import Optimizer

# ------------------------------------------------------------------------------------ the losses


def squared_error(x_hat: Tensor, x: Tensor) -> Tensor:
    """|x_hat - x|^2, summed over the features.  x_hat, x: (N, D).  Returns (N,)."""
    return ((x_hat - x) ** 2).sum(axis=-1)


def reconstruction_loss(autoencoder: nn.Module, x: Tensor) -> Tensor:
    """mean_i |D(E(x_i)) - x_i|^2.  x: (N, D)."""
    return squared_error(autoencoder(x), x).mean()


def l1_sparsity(code: Tensor) -> Tensor:
    """sum_j |h_j|: most units rest at 0 where that is cheap.  code: (N, K).  Returns (N,)."""
    return absolute(code).sum(axis=-1)


def kl_sparsity(code: Tensor, rho: float = 0.05) -> Tensor:
    """sum_j KL(rho || rho_j), where rho_j is the mean activity of unit j over the batch.

    code: (N, K) in (0, 1), as a sigmoid gives.  Returns a number.
    Lee, Ekanadham and Ng 2008 ask for such a mean; this form is from Ng's lecture notes CS294A.
    """
    active = code.mean(axis=0)  # (K,)
    # rho log(rho / rho_j) + (1 - rho) log((1 - rho) / (1 - rho_j))
    on = rho * (np.log(rho) - log(active))
    off = (1 - rho) * (np.log1p(-rho) - log(1 - active))
    return (on + off).sum()


def sparse_loss(autoencoder: Autoencoder, x: Tensor, weight: float) -> Tensor:
    """mean_i |D h_i + c - x_i|^2 + weight sum_j |h_ij| |d_j| with the code h_i = E(x_i).

    x: (N, D).  The decoder is linear; d_j is the column of its matrix that unit j draws.
    Without |d_j| the price could be evaded: half the code, twice the decoder.  With it, it is the
    price of units whose columns have length 1, as in sparse coding.
    """
    code, lengths = autoencoder.encoder(x), norm2(autoencoder.decoder.weight, axis=0)
    price = weight * l1_sparsity(code * lengths)
    return (squared_error(autoencoder.decoder(code), x) + price).mean()


# ------------------------------------------------------------------------------------ the models


class Autoencoder(nn.Module):
    """decoder(encoder(x))."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module) -> None:
        self.encoder, self.decoder = encoder, decoder

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D).  Returns its reconstruction, (N, D)."""
        return self.decoder(self.encoder(x))


class TiedAutoencoder(nn.Module):
    """One matrix for both directions: h = s(x W' + b), x_hat = h W + c, with s the logistic.

    weight: (K, D).  Its gradient is the sum of what comes through encoder and decoder.
    """

    def __init__(self, d: int, k: int, rng: Any = None) -> None:
        self.weight = nn.Linear(d, k, rng=rng).weight
        self.bias, self.decoder_bias = nn.Parameter(zeros(k)), nn.Parameter(zeros(d))

    def encoder(self, x: Tensor) -> Tensor:
        """x: (N, D).  Returns (N, K)."""
        return F.sigmoid(F.linear(x, self.weight, self.bias))

    def decoder(self, code: Tensor) -> Tensor:
        """code: (N, K).  Returns (N, D)."""
        return F.linear(code, self.weight.T, self.decoder_bias)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, D).  Returns its reconstruction, (N, D)."""
        return self.decoder(self.encoder(x))


def mlp(*widths: int, rng: Any = None) -> nn.Sequential:
    """Linear layers from one width to the next, with a ReLU between any two."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, rng=rng), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def deep_autoencoder(*widths: int, rng: Any = None) -> Autoencoder:
    """An encoder of these widths, and a decoder of the same ones backwards."""
    return Autoencoder(mlp(*widths, rng=rng), mlp(*reversed(widths), rng=rng))


def sparse_autoencoder(d: int, k: int, rng: Any = None) -> Autoencoder:
    """A ReLU layer of k units, many of them at rest, and a linear decoder."""
    encoder = nn.Sequential(nn.Linear(d, k, rng=rng), nn.ReLU())
    return Autoencoder(encoder, nn.Linear(k, d, rng=rng))


def linear_autoencoder(d: int, k: int, rng: Any = None) -> Autoencoder:
    """One matrix each way, without biases: for centred data."""
    return Autoencoder(nn.Linear(d, k, bias=False, rng=rng), nn.Linear(k, d, bias=False, rng=rng))


# ----------------------------------------------------------------------------------- the training


def descend(optimiser: Optimizer, loss: Tensor) -> float:
    """One step of the optimiser down the loss; returns the loss before it."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


# ------------------------------------------------------------------------------- the oracle: PCA


class PCA(NamedTuple):
    """The k leading eigenvectors of the covariance, as rows of `components`: (K, D)."""

    mean: np.ndarray
    components: np.ndarray

    def encode(self, x: np.ndarray) -> np.ndarray:
        """The principal coordinates of x: (N, D), which are (N, K)."""
        return (x - self.mean) @ self.components.T

    def reconstruct(self, x: np.ndarray) -> np.ndarray:
        """x: (N, D) projected onto the plane through the mean that the components span."""
        return self.mean + self.encode(x) @ self.components


def pca(x: np.ndarray, k: int) -> PCA:
    """The principal components of x: (N, D).

    No linear autoencoder with codes of length k has a smaller mean squared error on x; what is left
    is the sum of the trailing eigenvalues.
    """
    mean = x.mean(axis=0)
    _, _, directions = np.linalg.svd(x - mean, full_matrices=False)
    return PCA(mean, directions[:k])


checked(reconstruction_loss, case="linear", x=normal(5, 4),
        autoencoder=lambda rng: linear_autoencoder(4, 2, rng))  # fmt: skip
checked(reconstruction_loss, case="deep", x=normal(5, 4),
        autoencoder=lambda rng: deep_autoencoder(4, 6, 2, rng=rng))  # fmt: skip
checked(reconstruction_loss, case="tied", x=normal(5, 4),
        autoencoder=lambda rng: TiedAutoencoder(4, 3, rng))  # fmt: skip
checked(kl_sparsity, code=between(0.1, 0.9, 5, 3))
checked(sparse_loss, autoencoder=lambda rng: sparse_autoencoder(4, 6, rng), x=normal(5, 4),
        weight=0.5)  # fmt: skip
