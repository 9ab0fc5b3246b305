"""Layers without parameters that only give their input another shape."""

from __future__ import annotations

import math

from ..graph import Tensor
from .module import Module


class Flatten(Module):
    """Axes start_dim to end_dim, both included, become one: (N, C, H, W) -> (N, C H W)."""

    def __init__(self, start_dim: int = 1, end_dim: int = -1) -> None:
        self.start_dim, self.end_dim = start_dim, end_dim

    def forward(self, input: Tensor) -> Tensor:
        """input: any shape.  A tensor without axes becomes (1,)."""
        shape = input.shape or (1,)
        start, end = self.start_dim % len(shape), self.end_dim % len(shape)
        if start > end:
            raise ValueError(f"Flatten: axis {start} comes after axis {end} of shape {shape}")
        return input.reshape(*shape[:start], math.prod(shape[start : end + 1]), *shape[end + 1 :])

    def extra_repr(self) -> str:
        """The first and the last axis."""
        return f"start_dim={self.start_dim}, end_dim={self.end_dim}"


class Unflatten(Module):
    """Axis `dim` becomes several: Unflatten(1, (3, 4)) takes (N, 12) to (N, 3, 4)."""

    def __init__(self, dim: int, unflattened_size: tuple[int, ...]) -> None:
        self.dim, self.unflattened_size = dim, tuple(unflattened_size)

    def forward(self, input: Tensor) -> Tensor:
        """input: (..., length, ...).  One of the new lengths may be -1."""
        dim = self.dim % input.ndim
        return input.reshape(*input.shape[:dim], *self.unflattened_size, *input.shape[dim + 1 :])

    def extra_repr(self) -> str:
        """The axis and its new lengths."""
        return f"dim={self.dim}, unflattened_size={self.unflattened_size}"
