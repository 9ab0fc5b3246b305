"""A denoising autoencoder that learned the score of a law whose score is known.

    minidl run denoising-score

Points lie near a ring of five Gaussians.  A network learns to remove noise from them; its residual
over sigma^2 is compared with the exact gradient of the noisy law's log density.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..autoencoders.autoencoder import mlp
from ..autoencoders.denoising import denoising_loss, score
from ..graph import Tensor
from ..oracles.gaussians import Mixture
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run
from .training import minimise

BATCH = 512


@experiment(
    "denoising-score",
    "what a denoiser knows: its residual against the exact score of a mixture",
    steps=Option(3000, "training steps for each noise", minimum=1),
)
def denoising_score(run: Run, steps: int) -> dict[str, Any]:
    """Train a denoiser for each of two noises; compare residuals with scores; draw both fields."""
    angles = 2 * np.pi * np.arange(5) / 5
    centres = 2 * np.stack([np.sin(angles), np.cos(angles)], axis=1)
    law = Mixture(np.full(5, 0.2), centres, np.full(5, 0.04))
    results, fields = {}, {}
    for sigma in (0.3, 0.8):
        denoiser = learn_to_denoise(run, law, sigma, steps)
        noisy = law.with_noise(sigma)
        y = noisy.sample(5000, run.rng)
        exact = noisy.score(y)
        with no_grad():
            learned = score(denoiser, run.tensor(y), sigma).to("cpu").numpy()
            residual = learned * sigma**2
        rms = lambda v: float(np.sqrt((v**2).sum(axis=1).mean()))
        best = ((law.denoised(y, sigma) - y) ** 2).sum(axis=1).mean()
        results[f"{sigma}"] = {
            "score": rms(exact), "error": rms(learned - exact),
            "error_as_printed": rms(residual - exact), "step": float(np.sqrt(best)),
        }  # fmt: skip
        fields[sigma] = (denoiser, noisy)
    run.table(
        ["noise", "size of the score", "error of residual / sigma^2", "of the residual itself"],
        [[name, f"{r['score']:.2f}", f"{r['error']:.2f}", f"{r['error_as_printed']:.2f}"]
         for name, r in results.items()],
    )  # fmt: skip
    draw(run, fields)
    return results


def learn_to_denoise(run: Run, law: Mixture, sigma: float, steps: int) -> nn.Module:
    """A network that takes x + sigma noise to x, in the mean."""
    denoiser = mlp(2, 128, 128, 2, rng=run.rng)

    def loss(_: int) -> Tensor:
        x = run.tensor(law.sample(BATCH, run.rng))
        return denoising_loss(denoiser, x, run.normal(BATCH, 2), sigma)

    minimise(run, f"noise {sigma}", denoiser, loss, steps)
    return denoiser


def draw(run: Run, fields: dict[float, tuple]) -> None:
    """The density of the noisy points; the exact score, and the learned one, as arrows."""
    figure, axes = figures.new_figure(9, 9, 2, 2)
    line = np.linspace(-3.2, 3.2, 17)
    grid = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    fine = np.linspace(-3.4, 3.4, 120)
    pixels = np.stack(np.meshgrid(fine, fine), axis=2).reshape(-1, 2)
    for panels, (sigma, (denoiser, noisy)) in zip(axes, fields.items()):
        density = np.exp(noisy.log_density(pixels)).reshape(120, 120)
        with no_grad():
            learned = score(denoiser, run.tensor(grid), sigma).to("cpu").numpy()
        longest = 2.5 / sigma  # two and a half standard deviations of the noise away from the data
        pairs = (("exact", noisy.score(grid)), ("learned", learned))
        for panel, (name, arrows) in zip(panels, pairs):
            panel.imshow(density, extent=(-3.4, 3.4, -3.4, 3.4), origin="lower", cmap="Blues")
            shown = arrows / np.maximum(1, np.linalg.norm(arrows, axis=1, keepdims=True) / longest)
            panel.quiver(*grid.T, *shown.T, color="C3", scale=14 * longest, width=0.004)
            panel.set(xticks=[], yticks=[], title=f"{name} score, noise {sigma}")
    figure.suptitle("Blue: density of noisy points.  Arrows: score (long ones cut)")
    run.save_figure("score", figure)
