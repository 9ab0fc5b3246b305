"""All parameters as one vector, and back."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ...graph import Tensor
from ...ops.shape import concatenate


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """One vector (P,) with the elements of every parameter, in order; differentiable."""
    return concatenate([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Write the elements of a vector (P,) into the parameters: `parameters_to_vector` undone.

    Raises ValueError where the numbers of elements differ, having changed nothing.
    """
    parameters = list(parameters)
    count = sum(p.size for p in parameters)
    if vec.shape != (count,):
        raise ValueError(f"vector_to_parameters: {vec.shape} for parameters of {count} elements")
    start = 0
    for p in parameters:
        end = start + math.prod(p.shape)
        p.data = vec.data[start:end].reshape(p.shape).astype(p.dtype)
        start = end
