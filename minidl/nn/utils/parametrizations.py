"""Weights kept to a form: of a learned length, or of spectral norm 1."""

from __future__ import annotations

from typing import Any

from ... import backend
from ...graph import Tensor
from ...ops.distance import normalize
from ...ops.linalg import norm
from ...recording import mode, no_grad
from ..module import Module
from .parametrize import register_parametrization


class _WeightNorm(Module):
    """w = g v / ||v||, the norm over all axes but `dim` (over all, if dim is None)."""

    def __init__(self, dim: int | None) -> None:
        self.dim = dim

    def forward(self, g: Tensor, v: Tensor) -> Tensor:
        return v * (g / self._length(v))

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return self._length(weight), weight

    def _length(self, v: Tensor) -> Tensor:
        axes = tuple(a for a in range(v.ndim) if self.dim is None or a != self.dim % v.ndim)
        return norm(v, axis=axes, keepdims=self.dim is not None)


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length and direction of a weight apart: w = g v / ||v||.

    g: `parametrizations.weight.original0`, one length for each index of axis `dim`;
    v: `original1`, of the shape of the weight.
    Salimans & Kingma 2016 (arXiv:1602.07868), eq. 2.
    """
    return register_parametrization(module, name, _WeightNorm(dim))


class _SpectralNorm(Module):
    """w / sigma, with sigma = u' W v the largest singular value of w as a matrix W."""

    def __init__(
        self, weight: Tensor, n_power_iterations: int, dim: int, eps: float, rng: Any
    ) -> None:
        self.n_power_iterations, self.dim, self.eps = n_power_iterations, dim, eps
        rows, columns = self._matrix(weight.detach()).shape
        rng = backend.generator(weight.device, rng)
        for name, length in (("_u", rows), ("_v", columns)):
            start = Tensor(rng.standard_normal(length).astype(weight.dtype))
            self.register_buffer(name, normalize(start, axis=0, eps=eps))
        self._iterate(self._matrix(weight.detach()), 15)

    def forward(self, weight: Tensor) -> Tensor:
        matrix = self._matrix(weight)
        if self.training and not mode.replaying:
            self._iterate(matrix.detach(), self.n_power_iterations)
        return weight / (self._u * (matrix @ self._v)).sum()

    def right_inverse(self, weight: Tensor) -> Tensor:
        return weight

    def _matrix(self, weight: Tensor) -> Tensor:
        """The weight with axis `dim` first and all others as one."""
        order = [self.dim, *(a for a in range(weight.ndim) if a != self.dim)]
        return weight.transpose(tuple(order)).reshape(weight.shape[self.dim], -1)

    def _iterate(self, matrix: Tensor, steps: int) -> None:
        # u <- W v / ||W v||,  v <- W' u / ||W' u||
        with no_grad():
            for _ in range(steps):
                self._u = normalize(matrix @ self._v, axis=0, eps=self.eps)
                self._v = normalize(matrix.T @ self._u, axis=0, eps=self.eps)


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
    *,
    rng: Any = None,
) -> Module:
    """Divide a weight by its largest singular value: the layer's Lipschitz constant becomes 1.

    The singular vectors u, v are estimated by power iteration: 15 steps at first, then
    n_power_iterations in every forward of training.  Gradients take them as constants, which is
    exact to first order where they have converged (the value is stationary in u and v), and not to
    second.  Axis `dim` of the weight gives the rows of the matrix: 0, or for transposed
    convolutions 1, unless given.  Miyato et al. 2018 (arXiv:1802.05957), algorithm 1.
    """
    weight = getattr(module, name)
    if dim is None:
        dim = 1 if "ConvTranspose" in type(module).__name__ else 0
    form = _SpectralNorm(weight, n_power_iterations, dim % weight.ndim, eps, rng)
    return register_parametrization(module, name, form)
