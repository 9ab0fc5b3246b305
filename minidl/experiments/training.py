"""The training loop that short experiments share."""

from __future__ import annotations

from collections.abc import Callable

from .. import nn, optim
from ..graph import Tensor
from .run import Run


def minimise(
    run: Run,
    label: str,
    model: nn.Module,
    loss: Callable[[int], Tensor],
    steps: int,
    lr: float = 3e-3,
) -> list[float]:
    """Move `model` to the run's device and train it with Adam; returns the loss of every step.

    loss: takes the number of the step, draws its batch and its noise, and returns one number.
    The learning rate falls from `lr` to 0 along half a cosine.
    """
    model.to(device=run.device)
    optimiser = optim.Adam(model.parameters(), lr=lr)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    log: dict[str, list[float]] = {"losses": []}
    parts = dict(model=model, optimiser=optimiser, schedule=schedule)
    with run.loop(label, steps, log, **parts) as loop:
        for number in loop:
            value = loss(number)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            log["losses"].append(value.item())
            loop.show(loss=value.item())
    return log["losses"]
