"""What an operation costs besides its arithmetic: many operations on next to nothing."""

import numpy as np

from .harness import Library, Work, Workload


def chain(library: Library, rng: np.random.Generator) -> Work:
    """50 operations on 4x4 arrays, forward and backward."""
    draw = lambda: rng.uniform(0.5, 1, size=(4, 4)).astype(np.float32)
    x, a, b = (library.tensor(draw(), requires_grad=True) for _ in range(3))

    def step():
        x.grad = a.grad = b.grad = None
        y = x
        for _ in range(10):
            y = (library.tanh(y * a + b) - b) * a
        loss = y.sum()
        loss.backward()
        return loss.detach()

    return step, [x, a, b]


workloads = [Workload("chain of 50 operations, 4x4", 0.8, chain)]
