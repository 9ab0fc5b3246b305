"""A small classifier of handwritten digits, trained in a second, and digits it has not seen."""

import numpy as np

from minidl import data, nn, optim, tensor
from minidl.defences.adversarial_training import train_step

unattacked = lambda model, x, y: x


def trained(seed, attack=unattacked, clean=0.0, steps=300):
    """The network in eval mode, 100 test images (100, 64) in [0, 1] and their labels."""
    rng = np.random.default_rng(seed)
    images, labels = data.digits()
    order = rng.permutation(len(images))
    x, y = images.reshape(len(images), -1)[order], labels[order]
    net = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU(), nn.Linear(64, 10, rng=rng))
    optimiser = optim.Adam(net.parameters(), lr=3e-3)
    for _ in range(steps):
        rows = rng.integers(0, 1400, 64)
        train_step(net, optimiser, tensor(x[rows]), tensor(y[rows]), attack, clean)
    return net.eval(), x[1400:1500], y[1400:1500]


def accuracy(model, x, y, times=1):
    """The share of right answers, of a random model the mean of so many."""
    said = lambda: model(tensor(x)).detach().numpy().argmax(axis=1)
    return np.mean([(said() == y).mean() for _ in range(times)])
