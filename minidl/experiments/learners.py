"""What the experiments of meta-learning share: ways to train an initialisation, and its test."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import nn, optim
from ..graph import Tensor, tensor
from ..meta import (
    Tasks,
    adapt,
    evolution_gradient,
    head,
    joint_loss,
    learned_rates,
    meta_loss,
    reptile,
    stacked,
    step,
    train_step,
    trajectory,
)
from ..meta.adaptation import Examples, Parameters
from ..ops.shape import concatenate
from ..recording import no_grad

Criterion = Callable[[Tensor, Tensor], Tensor]  # (prediction, y) -> (T,)


class Settings(NamedTuple):
    """The steps and their size within a task, and Adam's rate outside."""

    lr: float
    steps: int
    meta_lr: float


class Learner(NamedTuple):
    """A network, how a batch of tasks trains it, and how it adapts to new ones.

    train: takes tasks, makes a step of the outer loop, returns the loss that it saw.
    lr, how: of the inner step, when the network is tested.
    parts: what training changes beside the network.
    """

    net: nn.Sequential
    criterion: Criterion
    train: Callable[[Tasks], float]
    lr: Any
    how: dict[str, Any]
    parts: dict[str, Any]

    def path(self, support: Examples, steps: int) -> list[Parameters]:
        """The parameters after 0, 1, ..., steps steps of gradient descent."""
        loss, phi = stacked(self.net, self.criterion), dict(self.net.named_parameters())
        with no_grad():
            return [*trajectory(loss, phi, support, steps, self.lr, **self.how)]


def train_all(
    run: Any,
    methods: dict[str, Callable[[nn.Sequential], Learner]],
    network: Callable[[], nn.Sequential],
    sample: Callable[[np.random.Generator], Tasks],
    iterations: int,
    shares: Mapping[str, float] | None = None,
) -> tuple[dict[str, Learner], dict[str, list[float]]]:
    """Train every method from the same start on the same tasks; the learners, and their losses.

    shares: of the iterations, for a method that does not get all of them.
    """
    start, seed = network().state_dict(), run.rng.integers(2**31)
    learners, curves = {}, {}
    for name, method in methods.items():
        net = network().to(run.device)
        net.load_state_dict(start)
        learners[name], log = method(net), {"curve": []}
        rng = np.random.default_rng(seed)
        steps = math.ceil(iterations * (shares or {}).get(name, 1))
        with run.loop(name, steps, log, net=net, tasks=rng, **learners[name].parts) as loop:
            for _ in loop:
                log["curve"].append(learners[name].train(sample(rng)))
                loop.show(loss=log["curve"][-1])
        curves[name] = log["curve"]
    return learners, curves


def average(curve: list[float], parts: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """A noisy curve as means of up to `parts` stretches: their middles, and the means."""
    width = max(1, len(curve) // parts)
    means = np.reshape(curve[: len(curve) // width * width], (-1, width)).mean(axis=1)
    return (np.arange(len(means)) + 0.5) * width, means


def to_numpy(x: Tensor) -> np.ndarray:
    """The values of a tensor, on whatever device it is."""
    return tensor(x, device="cpu").numpy()


# ----------------------------------------------------------------------------------- the methods


def maml(
    net: nn.Sequential,
    criterion: Criterion,
    settings: Settings,
    learn_rates: bool = False,
    **how: Any,
) -> Learner:
    """Down `meta_loss`.  how: first_order, moving and the other options of the inner step."""
    loss, phi = stacked(net, criterion), dict(net.named_parameters())
    lr: Any = learned_rates(phi, settings.lr) if learn_rates else settings.lr
    optimiser = optim.Adam([*phi.values(), *(lr.values() if learn_rates else ())], settings.meta_lr)

    def train(tasks: Tasks) -> float:
        return train_step(optimiser, meta_loss(loss, phi, tasks, settings.steps, lr, **how))

    parts = {"optimiser": optimiser} | ({"lr": lr} if learn_rates else {})
    return Learner(net, criterion, train, lr, how, parts)


def anil(net: nn.Sequential, criterion: Criterion, settings: Settings) -> Learner:
    """Only the last layer adapts."""
    return maml(net, criterion, settings, moving=head(net))


def reptile_with_adam(net: nn.Sequential, criterion: Criterion, settings: Settings) -> Learner:
    """Towards where five steps end; it needs no query set, and so learns from all examples."""
    loss, phi = stacked(net, criterion), dict(net.named_parameters())
    optimiser = optim.Adam(phi.values(), settings.meta_lr)

    def train(tasks: Tasks) -> float:
        examples = tuple(concatenate([*pair], axis=1) for pair in zip(*tasks))
        with no_grad():
            adapted = adapt(loss, phi, examples, 5, settings.lr)
            value = loss(adapted, *examples).mean().item()
        reptile.train_step(optimiser, phi, adapted)
        return value

    return Learner(net, criterion, train, settings.lr, {}, {"optimiser": optimiser})


def evolution(net: nn.Sequential, criterion: Criterion, settings: Settings) -> Learner:
    """MAML's objective without its derivative: to each task, a pair of draws of its own."""
    loss, phi = stacked(net, criterion), dict(net.named_parameters())
    optimiser = optim.Adam(phi.values(), settings.meta_lr)

    def train(tasks: Tasks) -> float:
        seen = []

        def after_adaptation(theta: Parameters) -> Tensor:
            for _ in range(settings.steps):
                theta = step(loss, theta, tasks.support, settings.lr)
            seen.append(loss(theta, *tasks.query))
            return seen[-1]

        gradient = evolution_gradient(after_adaptation, phi, tasks.count, sigma=0.05)
        for name, p in phi.items():
            p.grad = gradient[name]
        optimiser.step()
        return np.mean([value.mean().item() for value in seen])

    return Learner(net, criterion, train, settings.lr, {}, {"optimiser": optimiser})


def joint(net: nn.Sequential, criterion: Criterion, settings: Settings) -> Learner:
    """One network for all tasks; when it is tested it takes the same steps as the others."""
    loss, phi = stacked(net, criterion), dict(net.named_parameters())
    optimiser = optim.Adam(phi.values(), settings.meta_lr)

    def train(tasks: Tasks) -> float:
        return train_step(optimiser, joint_loss(loss, phi, tasks))

    return Learner(net, criterion, train, settings.lr, {}, {"optimiser": optimiser})
