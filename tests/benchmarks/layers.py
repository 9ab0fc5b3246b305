"""Single layers of image networks, forward and backward.

What goes in, and the gradient that comes back, is made by another layer of the same library: it is
in memory as that library keeps images.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Library, Work, Workload


def layer(
    library: Library, rng: np.random.Generator, make: Callable, n: int, c: int, size: int
) -> Work:
    """`make(nn)` on n images of c channels; the value is an element of y and one of dL/dx."""
    images = library.tensor(rng.standard_normal((n, c, size, size), np.float32))
    before = library.initialise(library.nn.Conv2d(c, c, 1), rng)
    this = library.initialise(make(library.nn), rng)
    x = before(images).detach().requires_grad_()
    g = library.tanh(this(x).detach()) + 0.5

    leaves = [x, *this.parameters()]

    def step() -> Any:
        for leaf in leaves:
            leaf.grad = None
        y = this(x)
        y.backward(g)
        return y.detach()[0, 0, 1, 1] + x.grad[0, 0, 1, 1]

    return step, leaves


def workload(name: str, target: float, make: Callable, n: int, c: int, size: int) -> Workload:
    """One layer."""

    def build(library: Library, rng: np.random.Generator) -> Work:
        return layer(library, rng, make, n, c, size)

    return Workload(f"{name}, {n} x {c} x {size} x {size}", target, build)


def convolution(n: int, c: int, f: int, size: int) -> Workload:
    """A 3x3 convolution from c channels to f."""
    return workload(f"conv 3x3 to {f}", 1.1, lambda nn: nn.Conv2d(c, f, 3, padding=1), n, c, size)


workloads = [
    convolution(64, 1, 32, 28),
    convolution(64, 32, 64, 28),
    convolution(32, 64, 64, 32),
    convolution(64, 64, 128, 14),
    workload("batch norm", 1.1, lambda nn: nn.BatchNorm2d(32), 64, 32, 28),
    workload("max pool 2x2", 1.0, lambda nn: nn.MaxPool2d(2), 64, 32, 28),
]
