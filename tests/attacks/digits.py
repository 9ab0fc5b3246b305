"""A small network that reads handwritten digits, and digits that it has not seen."""

import functools

import numpy as np

from minidl import nn, optim, tensor
from minidl.data import digits
from minidl.nn import functional as F


@functools.cache
def held_out():
    """(train images, labels), (test images, labels), the images (N, 1, 8, 8) in float32."""
    x, y = digits()
    order = np.random.default_rng(0).permutation(len(x))
    train, test = order[400:], order[:400]
    return (x[train], y[train]), (x[test], y[test])


def fit(model, x, y, steps=300, seed=0):
    """Trained with Adam, in eval mode."""
    rng = np.random.default_rng(seed)
    optimiser = optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = rng.integers(0, len(x), 100)
        optimiser.zero_grad()
        F.cross_entropy(model(tensor(x[rows])), tensor(y[rows])).backward()
        optimiser.step()
    return model.eval()


def mlp(seed=0):
    return nn.Sequential(
        nn.Flatten(), nn.Linear(64, 64, rng=seed), nn.ReLU(), nn.Linear(64, 10, rng=seed + 1)
    )


@functools.cache
def reader(seed=0):
    """An MLP that was trained on the digits."""
    return fit(mlp(seed), *held_out()[0], seed=seed)
