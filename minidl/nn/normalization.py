"""Layers that normalise: mean 0 and variance 1 over some axes, then a learned scale and shift.

Over which axes, the formulas and their derivatives: `ops/norm.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor
from ..recording import mode
from . import functional as F
from . import init
from .module import Module
from .parameter import empty_parameter


class Normalization(Module):
    """What all share: a weight that starts as 1 and a bias that starts as 0, or None for them."""

    def _make(self, shape: Any, weight: bool, bias: bool, device: Any, dtype: Any) -> None:
        self.weight = empty_parameter(shape, dtype, device) if weight else None
        self.bias = empty_parameter(shape, dtype, device) if bias else None
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the weight to 1 and the bias to 0 again."""
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def extra_repr(self) -> str:
        """The settings."""
        return ", ".join(f"{name}={getattr(self, name)}" for name in self.shown)


# ------------------------------------------------------------------------- across the batch


_images = {2: "(N, C)", 3: "(N, C, L)", 4: "(N, C, H, W)", 5: "(N, C, D, H, W)"}  # by axes


class BatchNorm(Normalization):
    """Each channel normalised over the batch; in use, by the statistics of past batches.

    weight, bias: (num_features,), if affine (and bias).
    running_mean, running_var: (num_features,), and num_batches_tracked: buffers, if
    track_running_stats.  In training the first two move to the batch's statistics by the share
    `momentum`; with momentum=None they are the mean over all batches.  Without them the batch's
    statistics serve in use too.  Ioffe & Szegedy 2015 (arXiv:1502.03167).
    """

    axes: tuple[int, int]  # an input has so many axes, at least and at most
    shown = ("num_features", "eps", "momentum", "affine", "track_running_stats")

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        self._make((num_features,), affine, affine and bias, device, dtype)
        mean = var = count = None
        if track_running_stats:
            mean, var = (empty_parameter((num_features,), dtype, device).detach() for _ in "mv")
            count = Tensor(np.array(0))
        self.register_buffer("running_mean", mean)
        self.register_buffer("running_var", var)
        self.register_buffer("num_batches_tracked", count)
        self.reset_running_stats()

    def reset_running_stats(self) -> None:
        """Set the running mean to 0, the running variance to 1."""
        if self.track_running_stats:
            init.zeros_(self.running_mean)
            init.ones_(self.running_var)
            init.zeros_(self.num_batches_tracked)

    def forward(self, input: Tensor) -> Tensor:
        """input: (N, num_features, ...)."""
        self._check(input)
        own = self.training or not self.track_running_stats
        statistics = self.running_mean, self.running_var
        return F.batch_norm(
            input, *statistics, self.weight, self.bias, own, self._share(), self.eps
        )

    def _share(self) -> float:
        """By how much the running statistics move now."""
        if not (self.training and self.track_running_stats) or mode.replaying:
            return 0.0
        self.num_batches_tracked.data = self.num_batches_tracked.data + 1
        return 1 / int(self.num_batches_tracked) if self.momentum is None else self.momentum

    def _check(self, input: Tensor) -> None:
        least, most = self.axes
        if not least <= input.ndim <= most:
            shapes = " or ".join(_images[n] for n in range(least, most + 1))
            raise ValueError(f"{type(self).__name__} takes {shapes}, not input {input.shape}")


class BatchNorm1d(BatchNorm):
    """Batch norm of (N, C) or (N, C, L)."""

    axes = (2, 3)


class BatchNorm2d(BatchNorm):
    """Batch norm of images (N, C, H, W)."""

    axes = (4, 4)


class BatchNorm3d(BatchNorm):
    """Batch norm of (N, C, D, H, W)."""

    axes = (5, 5)


# ----------------------------------------------------------------------- within each example


class InstanceNorm(BatchNorm):
    """Each channel of each example normalised over its elements, in training and in use.

    The arguments are those of batch norm; affine and track_running_stats are off unless given.
    With running statistics these serve in use.  Ulyanov et al. 2016 (arXiv:1607.08022).
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = False,
        track_running_stats: bool = False,
        device: str | None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        how = momentum, affine, track_running_stats, device, dtype
        super().__init__(num_features, eps, *how, bias=bias)

    def forward(self, input: Tensor) -> Tensor:
        """input: (N, num_features, ...), or without N."""
        self._check(input)
        batched = input.ndim == self.axes[1]
        x = input if batched else input.reshape(1, *input.shape)
        own = self.training or not self.track_running_stats
        statistics = self.running_mean, self.running_var
        y = F.instance_norm(x, *statistics, self.weight, self.bias, own, self._share(), self.eps)
        return y if batched else y.reshape(*input.shape)

    def _share(self) -> float:
        return self.momentum or 0.0  # as PyTorch, which counts no batches here


class InstanceNorm1d(InstanceNorm):
    """Instance norm of (N, C, L) or (C, L)."""

    axes = (2, 3)


class InstanceNorm2d(InstanceNorm):
    """Instance norm of images (N, C, H, W) or (C, H, W)."""

    axes = (3, 4)


class InstanceNorm3d(InstanceNorm):
    """Instance norm of (N, C, D, H, W) or (C, D, H, W)."""

    axes = (4, 5)


class GroupNorm(Normalization):
    """Each of num_groups groups of channels of each example normalised over its elements.

    weight, bias: (num_channels,), if affine (and bias).  One group is layer norm over an image, as
    many groups as channels are instance norm.  Wu & He 2018 (arXiv:1803.08494).
    """

    shown = ("num_groups", "num_channels", "eps", "affine")

    def __init__(
        self,
        num_groups: int,
        num_channels: int,
        eps: float = 1e-5,
        affine: bool = True,
        device: str | None = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        if num_channels % num_groups:
            raise ValueError(f"GroupNorm: {num_channels} channels do not make {num_groups} groups")
        self.num_groups, self.num_channels = num_groups, num_channels
        self.eps, self.affine = eps, affine
        self._make((num_channels,), affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """input: (N, num_channels, ...)."""
        return F.group_norm(input, self.num_groups, self.weight, self.bias, self.eps)


class LayerNorm(Normalization):
    """Each example normalised over its last axes, which have the lengths normalized_shape.

    weight, bias: normalized_shape, if elementwise_affine (and bias).
    Ba, Kiros & Hinton 2016 (arXiv:1607.06450).
    """

    shown = ("normalized_shape", "eps", "elementwise_affine")

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float = 1e-5,
        elementwise_affine: bool = True,
        bias: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        shape = (normalized_shape,) if isinstance(normalized_shape, int) else normalized_shape
        self.normalized_shape, self.eps = tuple(shape), eps
        self.elementwise_affine = elementwise_affine
        affine = elementwise_affine
        self._make(self.normalized_shape, affine, affine and bias, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """input: (..., *normalized_shape)."""
        return F.layer_norm(input, self.normalized_shape, self.weight, self.bias, self.eps)


class RMSNorm(LayerNorm):
    """x / sqrt(E x^2 + eps) over the last axes, times weight: layer norm without mean and bias.

    eps: the distance from 1 to the next number of the input's dtype, unless given.
    Zhang & Sennrich 2019 (arXiv:1910.07467).
    """

    def __init__(
        self,
        normalized_shape: int | tuple[int, ...],
        eps: float | None = None,
        elementwise_affine: bool = True,
        device: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(normalized_shape, eps, elementwise_affine, False, device, dtype)

    def forward(self, input: Tensor) -> Tensor:
        """input: (..., *normalized_shape)."""
        return F.rms_norm(input, self.normalized_shape, self.weight, self.eps)
