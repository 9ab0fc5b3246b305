"""A training step of small networks: forward, loss, backward, update."""

from typing import Any

import numpy as np

from .harness import Library, Work, Workload


def training_step(library: Library, model: Any, optimiser: Any, batch: tuple) -> Work:
    """Forward, cross-entropy, backward and update, on one batch again and again."""
    x, classes = map(library.tensor, batch)

    def step():
        loss = library.functional.cross_entropy(model(x), classes)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        return loss.detach()

    return step, [*model.parameters()]


def batch(rng: np.random.Generator, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    """Random inputs and their random classes."""
    return rng.standard_normal(shape, np.float32), rng.integers(0, 10, shape[0])


def mlp_small(library: Library, rng: np.random.Generator) -> Work:
    """64-64-10, SGD, batch 32."""
    nn = library.nn
    model = library.initialise(nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10)), rng)
    optimiser = library.optim.SGD(model.parameters(), lr=1e-3)
    return training_step(library, model, optimiser, batch(rng, 32, 64))


def mlp_large(library: Library, rng: np.random.Generator) -> Work:
    """784-512-512-10, Adam, batch 128."""
    nn = library.nn
    layers = nn.Linear(784, 512), nn.ReLU(), nn.Linear(512, 512), nn.ReLU(), nn.Linear(512, 10)
    model = library.initialise(nn.Sequential(*layers), rng)
    optimiser = library.optim.Adam(model.parameters(), lr=1e-4)
    return training_step(library, model, optimiser, batch(rng, 128, 784))


def cnn(library: Library, rng: np.random.Generator) -> Work:
    """Two 3x3 convolutions with batch norm, ReLU and pooling, two linear layers; 64 of 28x28."""
    nn = library.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    optimiser = library.optim.Adam(library.initialise(model, rng).parameters(), lr=1e-4)
    return training_step(library, model, optimiser, batch(rng, 64, 1, 28, 28))


workloads = [
    Workload("MLP 64-64-10, SGD, batch 32", 0.6, mlp_small),
    Workload("MLP 784-512-512-10, Adam, batch 128", 1.0, mlp_large),
    Workload("CNN 28x28, Adam, batch 64", 1.3, cnn),
]
