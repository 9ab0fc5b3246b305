"""The ways of learning side by side: what each does when a task begins, at a step, and at its end.

A strategy has a network and is told of the tasks in their order,

    begin(t, (x, y), steps)    step(rows), step(rows), ...    end()

where it keeps, at the end, what will be needed of the task: nothing (`Naive`), the weights and
their importance (`EWC`), some examples or all of them (`Rehearsal`), samples of a generator
(`GenerativeReplay`), directions of the layers' inputs (`Projection`); `LwF` keeps, when a task
begins, what the network says of its inputs.  All descend the same cross-entropy with Adam, afresh
for each task, its learning rate falling along half a cosine.

Rows of the notes: rehearsal-coreset, generative-replay, ewc-penalty, lwf, gradient-projection.
"""

from __future__ import annotations

import numpy as np

from .. import optim
from ..graph import Tensor, tensor
from ..nn import functional as F
from . import ewc, fisher, learner, lwf, projection, rehearsal
from .learner import MultiHead

Examples = tuple[Tensor, Tensor]  # x: (N, ...), y: (N,)


class Naive:
    """Descend the loss of the task at hand: what the others are compared with."""

    def __init__(self, net: MultiHead, rng: np.random.Generator, lr: float = 2e-3) -> None:
        self.net, self.rng, self.lr, self.t = net, rng, lr, 0

    def begin(self, t: int, train: Examples, steps: int) -> None:
        """Task number t comes, and so many steps of it."""
        self.t, (self.x, self.y) = t, train
        self.optimiser = optim.Adam(self.net.parameters(), lr=self.lr)
        self.schedule = optim.lr_scheduler.CosineAnnealingLR(self.optimiser, steps)

    def step(self, rows: np.ndarray) -> None:
        """One step on these rows of the task."""
        self.descend(self.loss(rows))
        self.schedule.step()

    def loss(self, rows: np.ndarray) -> Tensor:
        """What is descended."""
        return F.cross_entropy(self.net(self.x[rows], self.t), self.y[rows])

    def descend(self, loss: Tensor) -> None:
        """The step itself."""
        learner.descend(self.optimiser, loss)

    def end(self) -> None:
        """The task is over."""


class EWC(Naive):
    """Hold what mattered: one anchor for all tasks so far, with a sampled Fisher of some images."""

    anchor: ewc.Anchor | None = None

    def __init__(
        self, net: MultiHead, rng: np.random.Generator, lr: float = 2e-3,
        strength: float = 100.0, images: int = 400,
    ) -> None:  # fmt: skip
        super().__init__(net, rng, lr)
        self.strength, self.images = strength, images

    def loss(self, rows: np.ndarray) -> Tensor:
        anchors = [] if self.anchor is None else [self.anchor]
        net = self.net.of_task(self.t)
        return ewc.loss(net, self.x[rows], self.y[rows], anchors, self.strength)

    def end(self) -> None:
        rows = self.rng.permutation(len(self.x))[: self.images]
        noise = tensor(self.rng.random(len(rows)), dtype=self.x.dtype, device=self.x.device)
        net = self.net.of_task(self.t)
        latest = ewc.anchor(net, fisher.sampled(net, self.x[rows], noise))
        self.anchor = latest if self.anchor is None else ewc.online(self.anchor, latest)


class LwF(Naive):
    """Hold what the old heads say of the new inputs."""

    def begin(self, t: int, train: Examples, steps: int) -> None:
        super().begin(t, train, steps)
        old = min(t, len(self.net.heads))  # of one head for all tasks, one set of outputs
        self.recorded = lwf.record(self.net, self.x, range(old))

    def loss(self, rows: np.ndarray) -> Tensor:
        recorded = [logits[rows] for logits in self.recorded]
        return lwf.loss(self.net, self.x[rows], self.y[rows], self.t, recorded)


class Rehearsal(Naive):
    """Replay a share of each old task's examples, every task with the same weight."""

    def __init__(
        self, net: MultiHead, rng: np.random.Generator, lr: float = 2e-3, share: float = 0.05
    ) -> None:
        """share: 1 keeps all of them, which is joint training."""
        super().__init__(net, rng, lr)
        self.share, self.memory = share, []

    def loss(self, rows: np.ndarray) -> Tensor:
        total, count = super().loss(rows), len(rows) // max(self.t, 1)  # as many old as new
        for t, (x, y) in enumerate(self.memory):
            old = self.rng.integers(0, len(y), count)
            total = total + F.cross_entropy(self.net(x[old], t), y[old])
        return total / (self.t + 1)

    def end(self) -> None:
        kept = rehearsal.reservoir(len(self.y), round(self.share * len(self.y)), self.rng)
        self.memory.append((self.x[kept], self.y[kept]))


class GenerativeReplay(Rehearsal):
    """Replay samples of a Gaussian mixture, a class a component, labelled by the old network."""

    def __init__(
        self, net: MultiHead, rng: np.random.Generator, lr: float = 2e-3, rank: int = 30
    ) -> None:
        super().__init__(net, rng, lr)
        self.rank = rank

    def end(self) -> None:
        images, labels = self.x.to("cpu").numpy(), self.y.to("cpu").numpy()
        generator = rehearsal.GaussianMixture(images, labels, self.rank)
        solver = self.net.of_task(self.t)
        self.memory.append(rehearsal.replay(generator, solver, len(images), self.x, self.rng))


class Projection(Naive):
    """Take out of each step what the old tasks would notice."""

    def __init__(
        self, net: MultiHead, rng: np.random.Generator, lr: float = 2e-3,
        threshold: float = 0.97, images: int = 300,
    ) -> None:  # fmt: skip
        super().__init__(net, rng, lr)
        self.threshold, self.images = threshold, images
        self.memory = projection.Memory(net)

    def descend(self, loss: Tensor) -> None:
        projection.train_step(self.memory, self.optimiser, loss)

    def end(self) -> None:
        rows = self.rng.permutation(len(self.x))[: self.images]
        self.memory.remember(self.x[rows], self.threshold, self.t)
