"""The classifier that attacks and defences share: a small convolutional network on Fashion-MNIST.

Two convolutions and two linear layers with ReLU between, no normalisation and no dropout, the
`small` network of Wong and Kolter 2018 (arXiv:1711.00851, section 4): what is to be certified later
is made of these layers alone.  It takes images as they are, in [0, 1], so that a budget of epsilon
means grey values, not grey values over a standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import data as sets
from .. import nn
from ..data import FASHION_CLASSES
from ..graph import Tensor
from ..nn import functional as F
from ..recording import no_grad
from . import figures
from .run import Run
from .training import minimise

Examples = tuple[np.ndarray, np.ndarray]  # images (N, 1, 28, 28) in [0, 1], labels (N,)
Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]  # (model, x, y) -> x'


def images() -> tuple[Examples, Examples]:
    """The 2,000 training and the 500 test images that ship."""
    return sets.fashion_mini("train"), sets.fashion_mini("test")


def network(rng: np.random.Generator) -> nn.Module:
    """Convolutions of 4x4, stride 2, to 16 and 32 channels; linear layers to 100 and to 10."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=4, stride=2, padding=1, rng=rng),  # (N, 16, 14, 14)
        nn.ReLU(),
        nn.Conv2d(16, 32, kernel_size=4, stride=2, padding=1, rng=rng),  # (N, 32, 7, 7)
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(32 * 7 * 7, 100, rng=rng),
        nn.ReLU(),
        nn.Linear(100, 10, rng=rng),
    )


def train(
    run: Run, label: str, model: nn.Module, examples: Examples, steps: int = 480,
    batch_size: int = 50, lr: float = 2e-3, attack: Attack | None = None,
) -> nn.Module:  # fmt: skip
    """Minimise the cross-entropy; returns the model, in eval mode.

    attack: what is done to each batch before the step: with one, this is adversarial training.
    """
    x, y = examples

    def loss(_: int) -> Tensor:
        rows = run.rng.integers(0, len(x), batch_size)
        seen, labels = run.tensor(x[rows]), run.tensor(y[rows])
        if attack is not None:
            seen = attack(model, seen, labels)
        return F.cross_entropy(model(seen), labels)

    minimise(run, label, model.train(), loss, steps, lr)
    return model.eval()


def predicted(model: nn.Module, images: Tensor) -> np.ndarray:
    """The model's classes: (N,)."""
    with no_grad():
        return model(images).argmax(axis=1).to("cpu").numpy()


def answers(model: nn.Module, rows: dict[str, Tensor], labels: np.ndarray, title: str) -> Any:
    """A figure of images with what the model says under each, red where that is not the label.

    rows: {name: images (N, 1, H, W)}.  labels: (N,), of every row.
    """
    across = len(labels)
    figure, axes = figures.new_figure(
        0.85 * across + 0.1 + 0.065 * max(map(len, rows)), 1.02 * len(rows) + 0.3, len(rows), across
    )
    for line, (name, images) in zip(axes, rows.items()):
        pictures = images.to("cpu").numpy()[:, 0]
        for panel, picture, said, label in zip(line, pictures, predicted(model, images), labels):
            panel.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
            wrong = said != label
            colour, edge, width = ("C3", "C3", 1.5) if wrong else ("black", "0.8", 0.5)
            panel.set(xticks=[], yticks=[])
            panel.spines[:].set(color=edge, linewidth=width)
            panel.set_xlabel(FASHION_CLASSES[said], fontsize=7, labelpad=2, color=colour)
        line[0].set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
    figure.suptitle(title, fontsize=10)
    return figure
