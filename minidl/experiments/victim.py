"""The classifier that attacks and defences share: a small convolutional network on Fashion-MNIST.

Two convolutions and two linear layers with ReLU between, no normalisation and no dropout, the
`small` network of Wong and Kolter 2018 (arXiv:1711.00851, section 4): what is to be certified later
is made of these layers alone.  It takes images as they are, in [0, 1], so that a budget of epsilon
means grey values, not grey values over a standard deviation.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import data as sets
from .. import nn
from ..graph import Tensor
from ..nn import functional as F
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

    def loss() -> Tensor:
        rows = run.rng.integers(0, len(x), batch_size)
        seen, labels = run.tensor(x[rows]), run.tensor(y[rows])
        if attack is not None:
            seen = attack(model, seen, labels)
        return F.cross_entropy(model(seen), labels)

    minimise(run, label, model.train(), loss, steps, lr)
    return model.eval()
