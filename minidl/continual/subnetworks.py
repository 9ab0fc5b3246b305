"""Disjoint subnetworks: give each task hidden units of its own, and nothing is forgotten.

With m_t in {0, 1}^H, the units of task t, every hidden layer is masked, h <- m_t * relu(W h + b).
The gradient of task t is then 0 in every row of W of a unit that is not its own, and, as masked
units feed nothing on, in every such column of the next W.  If the masks of two tasks have no unit
in common, training one leaves every number that the other uses bitwise as it was.

That holds under conditions which the notes do not mention: the mask of the right task must be known
in use; biases must be masked as weights are; the head is each task's own, its bias with it; and no
weight decay, momentum from before, or running statistics may change a weight whose gradient is 0.
The price is capacity: each of T tasks has 1/T of the units, and 1/T^2 of the inner weights.

Compare Mallya and Lazebnik 2018 (arXiv:1711.05769) and Serra et al. 2018 (arXiv:1801.01423), which
find the masks while they train; here they are dealt out beforehand.

Rows of the notes: disjoint-subnetworks.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..nn import functional as F


def deal_out(width: int, tasks: int, rng: np.random.Generator) -> np.ndarray:
    """A random mask for each task, as even as can be, no unit in two: (tasks, width) of 0 and 1."""
    owner = rng.permutation(width) % tasks
    return (owner == np.arange(tasks)[:, None]).astype(np.float32)


class Subnetworks(nn.Module):
    """Linear layers whose hidden units are dealt out to tasks, and a head for each task.

        h <- m_t * relu(W h + b),    logits = head_t(h)

    The masks m of the hidden layers are the buffers masks0, masks1, ...: (tasks, width), 0 or 1.
    """

    def __init__(self, *widths: int, classes: int, tasks: int, rng: Any = None) -> None:
        """widths: of the inputs and of the hidden layers."""
        rng = np.random.default_rng(rng)
        self.layers = nn.ModuleList([nn.Linear(a, b, rng=rng) for a, b in pairwise(widths)])
        self.heads = nn.ModuleList([nn.Linear(widths[-1], classes, rng=rng) for _ in range(tasks)])
        for number, width in enumerate(widths[1:]):
            self.register_buffer(f"masks{number}", tensor(deal_out(width, tasks, rng)))

    def forward(self, x: Tensor, task: int) -> Tensor:
        """x: (N, D).  Returns the logits (N, C) of this task's units."""
        for number, layer in enumerate(self.layers):
            x = F.relu(layer(x)) * getattr(self, f"masks{number}")[task]
        return self.heads[task](x)


def loss(net: Subnetworks, x: Tensor, y: Tensor, task: int) -> Tensor:
    """The mean cross-entropy of one task.  x: (N, D), y: (N,)."""
    return F.cross_entropy(net(x, task), y)


checked(
    loss,
    net=lambda rng: Subnetworks(3, 4, 4, classes=2, tasks=2, rng=rng),
    x=normal(4, 3),
    y=lambda rng: rng.integers(0, 2, 4),
    task=1,
)
