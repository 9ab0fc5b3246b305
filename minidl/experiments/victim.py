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
from .. import nn, optim
from ..graph import Tensor
from ..nn import functional as F
from .run import Run

Examples = tuple[np.ndarray, np.ndarray]  # images (N, 1, 28, 28) in [0, 1], labels (N,)
Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]  # (model, x, y) -> x'


def images() -> tuple[Examples, Examples]:
    """The 2,000 training and the 500 test images that ship."""
    return sets.fashion_mini("train"), sets.fashion_mini("test")


def network(rng: np.random.Generator) -> nn.Module:
    """Convolutions of 4x4 with stride 2 to 16 and to 32 channels, linear layers to 100 and to 10."""
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
    run: Run, name: str, model: nn.Module, examples: Examples, epochs: int = 12,
    batch_size: int = 50, lr: float = 2e-3, attack: Attack | None = None,
) -> nn.Module:  # fmt: skip
    """Minimise the cross-entropy with Adam, its rate falling to 0; returns the model, in eval mode.

    attack: what is done to each batch before the step: the images of adversarial training.
    """
    x, y = examples
    model.to(device=run.device).train()
    optimiser = optim.Adam(model.parameters(), lr=lr)
    batches = len(x) // batch_size
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, epochs * batches)
    with run.progress(epochs * batches, name) as bar:
        for _ in range(epochs):
            for rows in np.array_split(run.rng.permutation(len(x)), batches):
                seen, labels = run.tensor(x[rows]), run.tensor(y[rows])
                if attack is not None:
                    seen = attack(model, seen, labels)
                loss = F.cross_entropy(model(seen), labels)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                schedule.step()
                bar.step(loss=loss.item())
    return model.eval()
