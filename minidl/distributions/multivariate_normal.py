"""The normal distribution of vectors."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from ..ops.elementwise import log
from ..ops.linalg import cholesky, inv
from ..ops.reduce import sum
from ..ops.shape import broadcast_to, diagonal, expand_dims, squeeze, swapaxes
from .distribution import Constraint, Distribution, as_tensors


class MultivariateNormal(Distribution):
    """p(x) = e^(-(x-m)' S^-1 (x-m) / 2) / sqrt((2 pi)^D det S), m = loc: (..., D).

    Give one of: covariance_matrix S, precision_matrix S^-1, or scale_tril L, lower triangular with
    a positive diagonal and S = L L'; each (..., D, D).  The first two go through their Cholesky
    factor: with z = L^-1 (x - m),

        log p(x) = -|z|^2 / 2 - sum_i log L_ii - D/2 log(2 pi),     samples are m + L n.

    Raises ValueError for a matrix that is not symmetric, LinAlgError for one not positive definite.
    """

    has_rsample = True

    def __init__(
        self,
        loc: Any,
        covariance_matrix: Any = None,
        precision_matrix: Any = None,
        scale_tril: Any = None,
        validate_args: bool = True,
    ) -> None:
        given = {
            "covariance_matrix": covariance_matrix,
            "precision_matrix": precision_matrix,
            "scale_tril": scale_tril,
        }
        given = {name: value for name, value in given.items() if value is not None}
        if len(given) != 1:
            raise ValueError(
                "MultivariateNormal: give one of covariance_matrix, precision_matrix, scale_tril"
            )
        ((name, matrix),) = given.items()
        loc, matrix = as_tensors(loc, matrix)
        self.validate_args, self._like = validate_args, loc
        if loc.ndim < 1 or matrix.ndim < 2 or matrix.shape[-2:] != (loc.shape[-1],) * 2:
            raise ValueError(
                f"MultivariateNormal: loc (..., D) and {name} (..., D, D) are of shapes "
                f"{loc.shape} and {matrix.shape}"
            )
        self._check(name, matrix, lower_triangular if name == "scale_tril" else symmetric)

        if name == "covariance_matrix":
            matrix = cholesky(matrix)
        elif name == "precision_matrix":
            matrix = cholesky(inv(matrix))
        self.batch_shape = np.broadcast_shapes(loc.shape[:-1], matrix.shape[:-2])
        self.event_shape = loc.shape[-1:]
        self.scale_tril = matrix
        self.loc = broadcast_to(loc, self.batch_shape + self.event_shape)

    @property
    def mean(self) -> Tensor:
        return self.loc

    @property
    def variance(self) -> Tensor:
        return broadcast_to(sum(self.scale_tril**2, -1), self.batch_shape + self.event_shape)

    @property
    def covariance_matrix(self) -> Tensor:
        """S = L L'."""
        s = self.scale_tril @ swapaxes(self.scale_tril, -1, -2)
        return broadcast_to(s, self.batch_shape + self.event_shape * 2)

    @property
    def precision_matrix(self) -> Tensor:
        """S^-1."""
        return inv(self.covariance_matrix)

    def log_prob(self, value: Any) -> Tensor:
        # rows times L^-T: one small product for each example
        z = expand_dims(self._value(value) - self.loc, -2) @ swapaxes(inv(self.scale_tril), -1, -2)
        return -0.5 * sum(z * z, (-2, -1)) - self._half_log_det() - 0.5 * self._d * _LOG_2PI

    def rsample(self, sample_shape: Any = (), rng: Any = None) -> Tensor:
        noise = self._generator(rng).standard_normal(self._shape(sample_shape))
        steps = expand_dims(self._constant(noise), -2) @ swapaxes(self.scale_tril, -1, -2)
        return self.loc + squeeze(steps, -2)

    def entropy(self) -> Tensor:
        return broadcast_to(self._half_log_det() + 0.5 * self._d * (1 + _LOG_2PI), self.batch_shape)

    @property
    def _d(self) -> int:
        return self.event_shape[0]

    def _half_log_det(self) -> Tensor:
        """log sqrt(det S) = sum_i log L_ii."""
        return sum(log(diagonal(self.scale_tril, 0, -2, -1)), -1)


_LOG_2PI = math.log(2 * math.pi)

symmetric = Constraint("symmetric", lambda x: abs(x - x.swapaxes(-1, -2)) <= 1e-5 * abs(x).max())
lower_triangular = Constraint(
    "lower triangular with a positive diagonal",
    lambda x: (x == np.tril(x)) & ((x > 0) | ~backend.xp(x).eye(x.shape[-1], dtype=bool)),
)
