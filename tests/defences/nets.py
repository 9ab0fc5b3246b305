"""Random networks, and points of a box, for the tests of bounds."""

import numpy as np

from minidl import Tensor, nn, no_grad, tensor
from minidl.defences.intervals import Box


def random_net(rng, inputs=4, outputs=3, hidden=None):
    """A network of one to three hidden layers of two to six ReLUs, weights of variance 1."""
    widths = [inputs, *(rng.integers(2, 7, hidden or rng.integers(1, 4))), outputs]
    parts = []
    for before, after in zip(widths[:-1], widths[1:]):
        parts += [nn.Linear(int(before), int(after), rng=rng).double(), nn.ReLU()]
    net = nn.Sequential(*parts[:-1])
    for parameter in net.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return net


def convolutional_net(rng):
    """Two convolutions with batch norm, for images 1x4x4; in use, with running statistics."""
    net = nn.Sequential(
        nn.Conv2d(1, 3, 3, padding=1, rng=rng), nn.BatchNorm2d(3), nn.ReLU(), nn.AvgPool2d(2),
        nn.Sequential(nn.Conv2d(3, 4, 2, stride=2, rng=rng), nn.ReLU()), nn.Flatten(),
        nn.Dropout(0.5), nn.Linear(4, 3, rng=rng),
    ).double()  # fmt: skip
    norm = net[1]
    norm.running_mean.data, norm.running_var.data = rng.normal(size=3), rng.uniform(0.5, 2, 3)
    norm.weight.data = rng.normal(size=3)
    return net.eval()


def random_box(rng, *shape, radius=0.5):
    """A box around a normal point, with sides of their own."""
    x, sides = rng.standard_normal(shape), rng.uniform(0, radius, shape)
    return Box(tensor(x - sides), tensor(x + sides))


def points(rng, box, number):
    """Points of each box, half of them corners: (number, N, ...)."""
    lower, upper = box.lower.numpy(), box.upper.numpy()
    share = rng.uniform(size=(number, *lower.shape))
    share[::2] = share[::2].round()
    return lower + share * (upper - lower)


def outputs(net, x):
    """net(x) for points (number, N, ...), as an array (number, N, K)."""
    with no_grad():
        z = net(Tensor(x.reshape(-1, *x.shape[2:]))).numpy()
    return z.reshape(*x.shape[:2], -1)


def gap(box):
    """upper - lower, as an array."""
    return (box.upper - box.lower).numpy()


def rings(number, rng):
    """Points on two circles around 0, radius .5 and 1.5, and on which: (number, 2), (number,)."""
    y = np.arange(number) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, number), np.where(y == 0, 0.5, 1.5)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return tensor(x.astype(np.float32)), tensor(y)
