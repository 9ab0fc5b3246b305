"""Schedules: the learning rate as a function of time.

A schedule is one formula, `rate(base, t)`: base is a group's learning rate before the schedule
took hold of it, t counts calls of `step()` (from 0; what a call stands for, an epoch or a batch,
is the caller's choice).  Because it depends on nothing else, a schedule can be drawn before it
is used, and resumed from t alone.  It also means that `step()` overwrites a rate that was
changed by hand, and that of two schedules on one optimiser the last wins (PyTorch's multiply):
put them one after the other with SequentialLR, or write their product as a LambdaLR.

    optimizer = SGD(model.parameters(), lr=0.1)
    schedule = CosineAnnealingLR(optimizer, T_max=50)
    for epoch in range(50):
        ...                     # optimizer.step() for each batch
        schedule.step()

Names and numbers are PyTorch's.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Sequence
from typing import Any

from .plateau import ReduceLROnPlateau

__all__ = [
    "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "ExponentialLR", "LRScheduler",
    "LambdaLR", "LinearLR", "MultiStepLR", "OneCycleLR", "ReduceLROnPlateau", "SequentialLR",
    "StepLR", "warmup",
]  # fmt: skip


class LRScheduler:
    """Base of the schedules.  A subclass gives `rate`.

    optimizer: whatever has `param_groups`, each with an "lr".
    last_epoch: the t that was reached before, if a run is resumed; the groups then hold the base
        rate as "initial_lr".
    """

    def __init__(self, optimizer: Any, last_epoch: int = -1) -> None:
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", group["lr"])
            elif "initial_lr" not in group:
                raise ValueError(
                    f"{type(self).__name__}: to resume at {last_epoch}, group {i} needs "
                    "'initial_lr', the rate it began with (an optimiser's state_dict holds it)"
                )
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch: float = last_epoch
        self.step()

    def rate(self, base: float, t: float) -> float:
        """The learning rate at time t of a group whose base rate is `base`."""
        raise NotImplementedError

    def step(self, epoch: float | None = None) -> None:
        """Go to the next t (or to `epoch`), and set the learning rates."""
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        self._apply()

    def _apply(self) -> None:
        for group, base in zip(self.optimizer.param_groups, self.base_lrs):
            group["lr"] = self.rate(base, self.last_epoch)

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What is needed to resume: the time and the base rates."""
        return {"last_epoch": self.last_epoch, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go to the time that `state_dict` returned, and set the learning rates."""
        self.last_epoch, self.base_lrs = state_dict["last_epoch"], list(state_dict["base_lrs"])
        self._apply()


# ------------------------------------------------------------------------------ steps and powers


class LambdaLR(LRScheduler):
    """base f(t), with f given: one function, or one for each group."""

    def __init__(
        self,
        optimizer: Any,
        lr_lambda: Callable[[int], float] | Sequence[Callable],
        last_epoch: int = -1,
    ) -> None:
        count = len(optimizer.param_groups)
        self.lr_lambdas = [lr_lambda] * count if callable(lr_lambda) else list(lr_lambda)
        if len(self.lr_lambdas) != count:
            raise ValueError(f"LambdaLR: {len(self.lr_lambdas)} functions for {count} groups")
        super().__init__(optimizer, last_epoch)

    def _apply(self) -> None:
        for group, base, f in zip(self.optimizer.param_groups, self.base_lrs, self.lr_lambdas):
            group["lr"] = base * f(self.last_epoch)


class StepLR(LRScheduler):
    """base gamma^floor(t / step_size)."""

    def __init__(
        self, optimizer: Any, step_size: int, gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        return base * self.gamma ** (t // self.step_size)


class MultiStepLR(LRScheduler):
    """base gamma^n, where n of the milestones have been reached."""

    def __init__(
        self, optimizer: Any, milestones: Sequence[int], gamma: float = 0.1, last_epoch: int = -1
    ) -> None:
        self.milestones, self.gamma = sorted(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        return base * self.gamma ** bisect.bisect_right(self.milestones, t)


class ExponentialLR(LRScheduler):
    """base gamma^t."""

    def __init__(self, optimizer: Any, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        return base * self.gamma**t


class LinearLR(LRScheduler):
    """From start_factor base in a straight line to end_factor base at t = total_iters, then
    level."""

    def __init__(
        self,
        optimizer: Any,
        start_factor: float = 1 / 3,
        end_factor: float = 1.0,
        total_iters: int = 5,
        last_epoch: int = -1,
    ) -> None:
        if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
            raise ValueError(
                f"LinearLR: start_factor={start_factor} must be in (0, 1], "
                f"end_factor={end_factor} in [0, 1]"
            )
        self.start_factor, self.end_factor = start_factor, end_factor
        self.total_iters = total_iters
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        share = min(t / self.total_iters, 1) if self.total_iters else 1
        return base * (self.start_factor + (self.end_factor - self.start_factor) * share)


# -------------------------------------------------------------------------------------- cosines


def cosine(start: float, end: float, share: float) -> float:
    """From start (share = 0) to end (share = 1) along half a wave of the cosine."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


class CosineAnnealingLR(LRScheduler):
    """eta_min + (base - eta_min) (1 + cos(pi t / T_max)) / 2.

    Beyond T_max the rate rises again, with period 2 T_max.  Source: Loshchilov & Hutter 2017
    (arXiv:1608.03983), eq. 5, without restarts.
    """

    def __init__(
        self, optimizer: Any, T_max: int, eta_min: float = 0.0, last_epoch: int = -1
    ) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        return cosine(base, self.eta_min, t / self.T_max)


class CosineAnnealingWarmRestarts(LRScheduler):
    """Falling cosines from base to eta_min, the first T_0 long, each T_mult times its predecessor.

    t may be a fraction: `step(epoch + batch / batches)`.  Source: Loshchilov & Hutter 2017
    (arXiv:1608.03983), eq. 5.
    """

    def __init__(
        self,
        optimizer: Any,
        T_0: int,
        T_mult: int = 1,
        eta_min: float = 0.0,
        last_epoch: int = -1,
    ) -> None:
        if T_0 < 1 or T_mult < 1:
            raise ValueError(f"CosineAnnealingWarmRestarts: T_0={T_0}, T_mult={T_mult}: at least 1")
        self.T_0, self.T_mult, self.eta_min = T_0, T_mult, eta_min
        super().__init__(optimizer, last_epoch)

    def rate(self, base: float, t: float) -> float:
        period = self.T_0
        while t >= period:
            t, period = t - period, period * self.T_mult
        return cosine(base, self.eta_min, t / period)


class OneCycleLR(LRScheduler):
    """Up to max_lr and down to nearly nothing, in `total_steps` batches; momentum the other way.

    From max_lr / div_factor up to max_lr at a share pct_start of the steps, then down to
    max_lr / div_factor / final_div_factor; with three_phase down to the first rate in as many steps
    as it went up, and to the last in what remains.  Each phase is a cosine, or ("linear") a line.
    cycle_momentum: from max_momentum down to base_momentum and back (in Adam: betas[0]).

    total_steps, or epochs and steps_per_epoch, must be given; a step beyond them raises ValueError.
    Source: Smith & Topin 2018 (arXiv:1708.07120), with three phases; two, as fast.ai has it.
    """

    def __init__(
        self,
        optimizer: Any,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float = 0.85,
        max_momentum: float = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
        last_epoch: int = -1,
    ) -> None:
        if total_steps is None:
            if epochs is None or steps_per_epoch is None:
                raise ValueError("OneCycleLR: give total_steps, or epochs and steps_per_epoch")
            total_steps = epochs * steps_per_epoch
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"OneCycleLR: anneal_strategy={anneal_strategy!r}: 'cos' or 'linear'")
        self.total_steps, self.anneal = total_steps, cosine if anneal_strategy == "cos" else line
        self.cycle_momentum = cycle_momentum

        groups = optimizer.param_groups
        tops = list(max_lr) if isinstance(max_lr, list | tuple) else [max_lr] * len(groups)
        if len(tops) != len(groups):
            raise ValueError(f"OneCycleLR: {len(tops)} values of max_lr for {len(groups)} groups")
        if cycle_momentum and not all("betas" in g or g.get("momentum") for g in groups):
            raise ValueError("OneCycleLR: the optimiser has no momentum: cycle_momentum=False")
        if last_epoch == -1:
            for group, top in zip(groups, tops):
                group["initial_lr"] = top / div_factor

        # phases: (last t, rate at its end as a multiple of the initial rate, momentum at its end)
        top, low, last = div_factor, 1 / final_div_factor, total_steps - 1
        up = pct_start * total_steps - 1
        self.phases = [(up, top, base_momentum)]
        if three_phase:
            self.phases.append((2 * up, 1.0, max_momentum))
        self.phases.append((last, low, max_momentum))
        self.max_momentum = max_momentum
        super().__init__(optimizer, last_epoch)

    def _at(self, t: float) -> tuple[float, float]:
        """The rate at time t, as a multiple of the initial rate, and the momentum."""
        start, factor, momentum = 0.0, 1.0, self.max_momentum
        for end, next_factor, next_momentum in self.phases:
            if t <= end:
                break
            start, factor, momentum = end, next_factor, next_momentum
        share = (t - start) / (end - start)
        return self.anneal(factor, next_factor, share), self.anneal(momentum, next_momentum, share)

    def rate(self, base: float, t: float) -> float:
        return base * self._at(t)[0]

    def _apply(self) -> None:
        if self.last_epoch >= self.total_steps:
            raise ValueError(
                f"OneCycleLR: step {self.last_epoch + 1} of a cycle of {self.total_steps} steps"
            )
        super()._apply()
        if self.cycle_momentum:
            momentum = self._at(self.last_epoch)[1]
            for group in self.optimizer.param_groups:
                if "betas" in group:
                    group["betas"] = (momentum, *group["betas"][1:])
                else:
                    group["momentum"] = momentum


def line(start: float, end: float, share: float) -> float:
    """From start (share = 0) to end (share = 1) in a straight line."""
    return start + (end - start) * share


# ----------------------------------------------------------------------- one after the other


class SequentialLR(LRScheduler):
    """One schedule after the other: the next takes over at each milestone, its own t from 0."""

    def __init__(
        self,
        optimizer: Any,
        schedulers: Sequence[LRScheduler],
        milestones: Sequence[int],
        last_epoch: int = -1,
    ) -> None:
        if len(schedulers) != len(milestones) + 1:
            raise ValueError(
                f"SequentialLR: {len(schedulers)} schedules need {len(schedulers) - 1} milestones "
                f"between them, not {len(milestones)}"
            )
        if any(s.optimizer is not optimizer for s in schedulers):
            raise ValueError("SequentialLR: all schedules must be for this optimiser")
        self.schedulers, self.milestones = list(schedulers), list(milestones)
        super().__init__(optimizer, last_epoch)

    def _apply(self) -> None:
        i = bisect.bisect_right(self.milestones, self.last_epoch)
        self.schedulers[i].step(self.last_epoch - (self.milestones[i - 1] if i else 0))


def warmup(optimizer: Any, steps: int, then: LRScheduler) -> SequentialLR:
    """base/steps, 2 base/steps, ..., base in `steps` steps, after that the schedule `then`.

    Early gradients are large and Adam's averages are of few of them: small first steps keep a deep
    network from being thrown far off (Goyal et al. 2017, arXiv:1706.02677, section 2.2).
    """
    rise = LinearLR(optimizer, start_factor=1 / steps, total_iters=steps - 1)
    return SequentialLR(optimizer, [rise, then], [steps])
