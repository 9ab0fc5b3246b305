"""Autoencoders of digits against PCA; and a denoising one against the best linear denoiser.

    minidl run autoencoders

Codes of 8 numbers for images of 64 pixels: a linear autoencoder ends where PCA is, a deep one goes
further.  A sparse code has 64 units, of which each image may use a few.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import data as sets
from .. import nn
from ..autoencoders.autoencoder import (
    TiedAutoencoder,
    deep_autoencoder,
    linear_autoencoder,
    mlp,
    pca,
    reconstruction_loss,
    sparse_autoencoder,
    sparse_loss,
)
from ..autoencoders.denoising import denoising_loss, linear_denoiser
from ..graph import Tensor
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run
from .training import minimise

K = 8  # the length of a code
SIGMA = 0.35  # the noise; the pixels' own spread is .37
TEST = 397  # images kept aside
BATCH = 128


@experiment(
    "autoencoders",
    "deep, tied, sparse and denoising autoencoders of digits, against PCA",
    steps=Option(2000, "training steps for each model", minimum=1),
    sparsity=Option(0.4, "the price of an active code unit", above=0),
)
def autoencoders(run: Run, steps: int, sparsity: float) -> dict[str, Any]:
    """Train each model, compare errors on test images, draw what they rebuild and what they see."""
    images = run.rng.permutation(sets.digits()[0].reshape(-1, 64))
    train, test = images[TEST:], images[:TEST]
    mean = train.mean(axis=0)
    principal = pca(train, K)

    models: dict[str, nn.Module] = {
        "linear": linear_autoencoder(64, K, rng=run.rng),
        "tied": TiedAutoencoder(64, K, rng=run.rng),
        "deep": deep_autoencoder(64, 256, K, rng=run.rng),
        "sparse": sparse_autoencoder(64, 64, rng=run.rng),
    }
    rebuilt = {"PCA": principal.reconstruct(test)}
    for name, model in models.items():
        fit(run, name, model, train - mean, steps, sparsity)
        rebuilt[name] = apply(run, model, test - mean) + mean
    codes = apply(run, models["sparse"].encoder, test - mean)
    active = float((codes > 1e-3).sum(axis=1).mean())

    denoiser = mlp(64, 256, 256, 64, rng=run.rng)
    minimise(run, "denoising", denoiser, lambda _: denoising_loss(
        denoiser, run.batch(train - mean, BATCH), run.normal(BATCH, 64), SIGMA
    ), steps)  # fmt: skip
    noisy = test + SIGMA * run.rng.standard_normal(test.shape).astype(np.float32)
    best_linear = linear_denoiser(np.cov(train.T), SIGMA)
    cleaned = {
        "noisy": noisy,
        "best linear": (noisy - mean) @ best_linear.T + mean,
        "denoising": apply(run, denoiser, noisy - mean) + mean,
    }

    results = {
        "reconstruction_error": {name: error(x, test) for name, x in rebuilt.items()},
        "denoising_error": {name: error(x, test) for name, x in cleaned.items()},
        "sparse_active_units": active,
    }
    numbers = {"sparse": f"{active:.1f} of 64"}
    run.table(
        ["rebuild an image", "from", "squared error"],
        [[name, numbers.get(name, K), f"{e:.2f}"]
         for name, e in results["reconstruction_error"].items()],
    )  # fmt: skip
    run.say()
    run.table(
        ["remove noise", "squared error"],
        [[name, f"{e:.2f}"] for name, e in results["denoising_error"].items()],
    )
    features = models["sparse"].decoder.weight.detach().to("cpu").numpy().T  # (64 units, 64 pixels)
    shares = codes.mean(axis=0) * np.linalg.norm(features, axis=1)
    draw(run, test, rebuilt, cleaned, principal.components, features[np.argsort(-shares)])
    return results


def fit(run: Run, name: str, model: nn.Module, x: np.ndarray, steps: int, sparsity: float) -> None:
    """Train to rebuild x, at a price where the code is sparse."""

    def loss(_: int) -> Tensor:
        batch = run.batch(x, BATCH)
        return (
            sparse_loss(model, batch, sparsity) if name == "sparse"
            else reconstruction_loss(model, batch)
        )  # fmt: skip

    minimise(run, name, model, loss, steps)


def apply(run: Run, function: Any, x: np.ndarray) -> np.ndarray:
    """What a model makes of arrays."""
    with no_grad():
        return function(run.tensor(x)).to("cpu").numpy()


def error(x_hat: np.ndarray, x: np.ndarray) -> float:
    """|x_hat - x|^2, the mean over images."""
    return float(((x_hat - x) ** 2).sum(axis=1).mean())


def draw(
    run: Run,
    test: np.ndarray,
    rebuilt: dict[str, np.ndarray],
    cleaned: dict[str, np.ndarray],
    components: np.ndarray,
    features: np.ndarray,
) -> None:
    """Rows of images, and of what the code units stand for."""
    rows = {"test image": test, **rebuilt}
    title = f"Rebuilt from {K} numbers (sparse: from a few of 64)"
    run.save_figure("rebuilt", figures.image_rows(rows, (8, 8), 12, title))
    rows = {"clean": test, **cleaned}
    run.save_figure("denoised", figures.image_rows(rows, (8, 8), 12, f"Noise of {SIGMA} removed"))
    title = "Above: the principal components.  Below: what the busiest sparse units draw."
    pictures = np.concatenate([components, features[:24]]).reshape(-1, 8, 8)
    pictures = pictures / np.abs(pictures).max(axis=(1, 2), keepdims=True)
    captions = [""] * len(pictures)
    run.save_figure("features", figures.image_grid(pictures, captions, K, title, "RdBu_r", (-1, 1)))
