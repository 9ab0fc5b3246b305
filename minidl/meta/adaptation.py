"""The inner loop: U^k, k steps of gradient descent on the few examples of a task.

    theta_0 = phi,    theta_{i+1} = theta_i - lr grad L_A(theta_i),    U^k_A(phi) = theta_k

A is the support set of the task, the examples to learn from; B, the query set, are the examples on
which the outcome is judged.  Here the step is an ordinary expression, so that U^k is a function of
phi that can be differentiated, through all its steps: `maml` needs that.

Many tasks are adapted at once.  Parameters then have a leading axis of T tasks, each task its own
copy, and a loss returns one value a task.  The tasks do not see each other, so the gradient of the
sum of their losses holds the gradient of each, and nothing needs dividing by T: an inner step made
of the mean would be T times too short.

The notes print U(phi) = phi - eps grad L_B(phi), an inner step on the query set, which is what the
outcome is to be judged on: see `minidl notes maml`.

Rows of the notes: meta-objective, maml.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, NamedTuple

from ..checkpointing import checkpoint
from ..graph import Tensor
from ..ops.shape import broadcast_to
from ..optim import Optimizer
from ..transforms import grad

Parameters = dict[str, Tensor]
Examples = tuple[Tensor, Tensor]  # x: (T, N, ...), y: (T, N, ...)
Loss = Callable[[Parameters, Tensor, Tensor], Tensor]  # (theta, x, y) -> (T,)


class Tasks(NamedTuple):
    """T tasks: one of them, its support and its query, is an episode (Vinyals et al. 2016).

    The notes call a passage over all test sets an episode; it is one task that is meant.
    """

    support: Examples
    query: Examples

    @property
    def count(self) -> int:
        """T."""
        return len(self.support[0])


def copies(phi: Mapping[str, Tensor], count: int) -> Parameters:
    """theta_0 = phi for each of `count` tasks: (...) becomes (T, ...)."""
    return {name: broadcast_to(p, (count, *p.shape)) for name, p in phi.items()}


def step(
    loss: Loss,
    theta: Parameters,
    support: Examples,
    lr: float | Tensor | Mapping[str, Any],
    first_order: bool = False,
    moving: Collection[str] | None = None,
) -> Parameters:
    """theta - lr grad L_A(theta), for each task.

    loss: (theta, x, y) -> (T,), one value a task.
    theta: tensors (T, ...), a copy of the parameters for each task.
    lr: a number, or one value or tensor for each name, which may be learned (`learned_rates`).
    first_order: take the gradient for a constant; derivatives pass through theta - ... alone.
    moving: the names of the parameters that change (`anil`); all of them unless given.
    """
    at = {name: p.detach() for name, p in theta.items()} if first_order else theta
    names = theta if moving is None else moving

    def total(moved: Parameters) -> Tensor:
        return loss(at | moved, *support).sum()

    g = grad(total)({name: at[name] for name in names})
    rates = lr if isinstance(lr, Mapping) else dict.fromkeys(names, lr)
    return theta | {name: theta[name] - rates[name] * g[name] for name in names}


def trajectory(
    loss: Loss,
    phi: Mapping[str, Tensor],
    support: Examples,
    steps: int,
    lr: Any,
    checkpointed: bool = False,
    **how: Any,
) -> Iterator[Parameters]:
    """theta_0, theta_1, ..., theta_k, for each task.  The arguments are those of `adapt`."""
    forward = lambda theta: step(loss, theta, support, lr, **how)
    theta = copies(phi, len(support[0]))
    yield theta
    for _ in range(steps):
        theta = checkpoint(forward, theta) if checkpointed else forward(theta)
        yield theta


def adapt(
    loss: Loss, phi: Mapping[str, Tensor], support: Examples, steps: int, lr: Any, **how: Any
) -> Parameters:
    """theta_k = U^k_A(phi), for each task: tensors (T, ...).

    phi: the parameters from which every task starts, tensors (...).
    support: x: (T, N, ...), y: (T, N, ...).
    lr, how: the learning rate and the options of `step`; and `checkpointed`, whether to compute the
        steps again in the backward pass instead of keeping what they did (memory then does not
        grow by the graph of a step, only by its result).
    """
    *_, theta = trajectory(loss, phi, support, steps, lr, **how)
    return theta


def adapt_with(
    optimiser: Optimizer, loss: Loss, phi: Mapping[str, Tensor], support: Examples, steps: int
) -> Parameters:
    """theta_k after k steps of an optimiser that starts afresh for each task: tensors (T, ...).

    optimiser: any of `optim`, made for the parameters of phi in their order, and left as it is.  A
        step is its pure `update`, so that a meta-gradient can go through Adam as well.
    """
    theta = copies(phi, len(support[0]))
    states = optimiser.init([*theta.values()])
    for _ in range(steps):
        g = grad(lambda here: loss(here, *support).sum())(theta)
        moved, states = optimiser.update([*theta.values()], [*g.values()], states)
        theta = dict(zip(theta, moved))
    return theta
