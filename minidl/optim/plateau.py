"""The one schedule that looks at the run: it lowers the rate when progress stops."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any


class ReduceLROnPlateau:
    """Multiply the rate by `factor` when a metric has not improved for more than `patience` steps.

        schedule.step(validation_loss)

    mode: "min" or "max", whichever is better.  threshold: an improvement counts from there on, as a
    share of the best value (threshold_mode "rel") or as a difference ("abs").  cooldown: steps to
    wait after a reduction before counting again.  min_lr: a number, or one for each group.
    eps: a smaller change of the rate is not made.

    PyTorch takes the share of the best value itself, not of its size, so that with a negative
    metric standing still counts as an improvement there.
    """

    def __init__(
        self,
        optimizer: Any,
        mode: str = "min",
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        threshold_mode: str = "rel",
        cooldown: int = 0,
        min_lr: float | Sequence[float] = 0.0,
        eps: float = 1e-8,
    ) -> None:
        if factor >= 1:
            raise ValueError(f"ReduceLROnPlateau: factor={factor} would not reduce: below 1")
        if mode not in ("min", "max") or threshold_mode not in ("rel", "abs"):
            raise ValueError(
                f"ReduceLROnPlateau: mode={mode!r} ('min' or 'max'), "
                f"threshold_mode={threshold_mode!r} ('rel' or 'abs')"
            )
        self.optimizer, self.mode, self.factor, self.patience = optimizer, mode, factor, patience
        self.threshold, self.threshold_mode = threshold, threshold_mode
        self.cooldown, self.eps = cooldown, eps
        count = len(optimizer.param_groups)
        self.min_lrs = list(min_lr) if isinstance(min_lr, list | tuple) else [min_lr] * count
        self.best = math.inf if mode == "min" else -math.inf
        self.num_bad_epochs = self.cooldown_counter = self.last_epoch = 0

    def step(self, metrics: float) -> None:
        """Take note of the metric, and reduce the rate if it has long not improved."""
        metrics = float(metrics)
        self.last_epoch += 1
        if self._is_better(metrics):
            self.best, self.num_bad_epochs = metrics, 0
        else:
            self.num_bad_epochs += 1
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.num_bad_epochs = 0
        if self.num_bad_epochs > self.patience:
            for group, least in zip(self.optimizer.param_groups, self.min_lrs):
                reduced = max(group["lr"] * self.factor, least)
                if group["lr"] - reduced > self.eps:
                    group["lr"] = reduced
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0

    def _is_better(self, metrics: float) -> bool:
        sign = 1 if self.mode == "min" else -1
        if math.isinf(self.best):
            return sign * metrics < sign * self.best
        margin = self.threshold * (abs(self.best) if self.threshold_mode == "rel" else 1)
        return sign * metrics < sign * self.best - margin

    def get_last_lr(self) -> list[float]:
        """The learning rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """What the schedule remembers."""
        names = ("best", "num_bad_epochs", "cooldown_counter", "last_epoch")
        return {name: getattr(self, name) for name in names}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        for name in self.state_dict():
            setattr(self, name, state_dict[name])
