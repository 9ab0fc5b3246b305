"""What learns one task after the other: a network with a shared body, and a head or several.

In domain-incremental learning all tasks have the same classes, and share the head (permuted
images); in task-incremental learning each task has classes of its own, and a head, and it is known
at test time which task an example is from (split classes).  van de Ven, Tuytelaars and Tolias 2022
(doi:10.1038/s42256-022-00568-3).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from .. import nn
from ..graph import Tensor
from ..ops.reduce import argmax
from ..optim import Optimizer
from ..recording import no_grad


class MultiHead(nn.Module):
    """heads[task](body(x)): one body for all tasks, and a head a task, or one for all of them.

    body: (N, ...) -> (N, H).  heads: each (N, H) -> (N, C).
    """

    def __init__(self, body: nn.Module, heads: list[nn.Module]) -> None:
        self.body, self.heads = body, nn.ModuleList(heads)

    def forward(self, x: Tensor, task: int = 0) -> Tensor:
        """x: (N, ...).  Returns the logits (N, C) of the task's head."""
        return self.head(task)(self.body(x))

    def head(self, task: int) -> nn.Module:
        """The head of a task; the only one, if there is one."""
        return self.heads[task if len(self.heads) > 1 else 0]

    def of_task(self, task: int) -> OfTask:
        """The network as it answers in one task: x -> logits, with the same parameters."""
        return OfTask(self, task)


class OfTask(nn.Module):
    """A network of several tasks, asked about one.

    The names of the parameters are the same for all tasks, and those of other heads among them,
    with gradient 0: so what is kept of one task (`ewc.Anchor`) can be held in the next.
    """

    def __init__(self, net: MultiHead, task: int) -> None:
        self.net, self.task = net, task

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, ...).  Returns (N, C)."""
        return self.net(x, self.task)


def mlp(*widths: int, activation: type[nn.Module] = nn.ReLU, rng: Any = None) -> nn.Sequential:
    """Linear layers from one width to the next, with an activation between any two."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, rng=rng), activation()]
    return nn.Sequential(*layers[:-1])


def descend(optimiser: Optimizer, loss: Tensor) -> float:
    """One step of the optimiser down the loss; returns the loss before it."""
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss.item()


@no_grad()
def accuracy(net: nn.Module, x: Tensor, y: Tensor) -> float:
    """The share of examples that `net` classifies rightly, in eval mode; its mode stays.

    x: (N, ...), y: (N,) classes.
    """
    training = net.training
    net.eval()
    right = (argmax(net(x), axis=1) == y).astype(x.dtype).mean().item()
    net.train(training)
    return right
