"""A second copy of a model whose weights are the average of those seen in training."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np

from ...graph import Tensor
from ..module import Module

Average = Callable[[Any, Any, int], Any]


def get_swa_avg_fn() -> Average:
    """The mean of all models seen: a + (p - a) / (n + 1).

    Izmailov et al. 2018 (arXiv:1803.05407), eq. (1): stochastic weight averaging.
    """
    return lambda average, value, seen: average + (value - average) / (seen + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average: decay a + (1 - decay) p.

    Polyak & Juditsky 1992 for the idea; Tarvainen & Valpola 2017 (arXiv:1703.01780), eq. 2.
    Raises ValueError for a decay outside [0, 1].
    """
    if not 0.0 <= decay <= 1.0:
        raise ValueError(f"the decay must be from 0 to 1, not {decay}")
    return lambda average, value, seen: decay * average + (1.0 - decay) * value


class AveragedModel(Module):
    """A copy of `model` that `update_parameters` moves to the average of the models it is shown.

    avg_fn: (average, value, number averaged so far) -> average, on arrays; the mean unless given.
    use_buffers: average the buffers as well (running statistics), otherwise copy them.
    module: the averaged model; n_averaged: how often it was updated.
    """

    def __init__(
        self,
        model: Module,
        device: str | None = None,
        avg_fn: Average | None = None,
        use_buffers: bool = False,
    ) -> None:
        self.module = copy.deepcopy(model)
        self.module.requires_grad_(False)
        if device is not None:
            self.module.to(device=device)
        self.avg_fn = get_swa_avg_fn() if avg_fn is None else avg_fn
        self.use_buffers = use_buffers
        self.register_buffer("n_averaged", Tensor(np.array(0)))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The averaged model's output."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the weights that `model` has now into the average; the first time, copy them."""
        seen = int(self.n_averaged)
        parameters = zip(self.module.parameters(), model.parameters(), strict=True)
        buffers = zip(self.module.buffers(), model.buffers(), strict=True)
        for average, value in parameters:
            average.data = self._next(average, value, seen)
        for average, value in buffers:
            averaged = self.use_buffers and average.dtype.kind == "f"
            average.data = self._next(average, value, seen) if averaged else value.data.copy()
        self.n_averaged.data = self.n_averaged.data + 1

    def _next(self, average: Tensor, value: Tensor, seen: int) -> Any:
        if seen == 0:
            return value.data.copy()
        return self.avg_fn(average.data, value.data, seen).astype(average.dtype)
