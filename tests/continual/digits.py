"""Tasks made of the 8x8 digits, small enough to learn in a second."""

import functools

import numpy as np

from minidl import data, optim, tensor
from minidl.continual.learner import descend


@functools.cache
def digits():
    """Images (N, 64) and labels: 1,200 to train on, 597 to test."""
    images, labels = data.digits()
    order = np.random.default_rng(0).permutation(len(images))
    x, y = tensor(images.reshape(-1, 64)[order]), tensor(labels[order])
    return (x[:1200], y[:1200]), (x[1200:], y[1200:])


@functools.cache
def split_digits():
    """Digits 0-4, then 5-9 counted from 0: (training, test) of each task."""
    parts = [data.split_tasks(x.numpy(), y.numpy(), 2) for x, y in digits()]
    return [tuple((tensor(x), tensor(y)) for x, y in task) for task in zip(*parts)]


@functools.cache
def permuted_digits(seed=0):
    """The digits, then with their pixels in another order: (training, test) of each task."""
    (x, y), (x_test, y_test) = digits()
    both = data.permuted_tasks(np.concatenate([x.numpy(), x_test.numpy()]), 2, seed)
    return [((tensor(t[:1200]), y), (tensor(t[1200:]), y_test)) for t in both]


def learn(net, loss, count, steps, rng, batch=64, lr=2e-3):
    """Steps of Adam down loss(rows), rows drawn from `count` examples."""
    optimiser = optim.Adam(net.parameters(), lr=lr)
    for _ in range(steps):
        descend(optimiser, loss(rng.integers(0, count, batch)))
