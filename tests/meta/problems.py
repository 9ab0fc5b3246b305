"""Small problems in float64 whose answers are known, shared by the tests of the chapter."""

import numpy as np

import minidl
from minidl import nn
from minidl.meta import Tasks, squared_error, stacked
from minidl.oracles.quadratic_tasks import random_quadratic_tasks


def leaf(array, device="cpu"):
    return minidl.tensor(array, requires_grad=True, device=device)


def numpy(t):
    """The values of a tensor, wherever it is, as a NumPy array."""
    return minidl.tensor(t, device="cpu").numpy()


def quadratic_loss(theta, curvature, optimum):
    """1/2 (w - a)' A (w - a) of each task.  theta["w"]: (T, D).  Returns (T,)."""
    d = theta["w"] - optimum
    return 0.5 * (d * (curvature @ d[:, :, None])[:, :, 0]).sum(axis=1)


def quadratic(seed, count=6, dimension=3, shared=False, device="cpu"):
    """The oracle; the same tasks for minidl; and a point phi at which to stand."""
    rng = np.random.default_rng(seed)
    oracle = random_quadratic_tasks(count, dimension, rng, shared)
    on_device = lambda *arrays: tuple(minidl.tensor(a, device=device) for a in arrays)
    tasks = Tasks(on_device(oracle.A, oracle.a), on_device(oracle.B, oracle.b))
    return oracle, tasks, rng.normal(size=dimension)


def regression(seed, count=3, shots=4, queries=5, width=5):
    """A small tanh network, its loss on sinusoid-like tasks, and the tasks: all smooth."""
    rng = np.random.default_rng(seed)
    net = nn.Sequential(
        nn.Linear(2, width, rng=rng), nn.Tanh(),
        nn.Linear(width, width, rng=rng), nn.Tanh(), nn.Linear(width, 1, rng=rng),
    ).double()  # fmt: skip

    def examples(n):
        x = rng.normal(size=(count, n, 2))
        y = np.sin(3 * x[..., :1]) + rng.normal(size=(count, 1, 1))
        return minidl.tensor(x), minidl.tensor(y)

    return net, stacked(net, squared_error), Tasks(examples(shots), examples(queries))
