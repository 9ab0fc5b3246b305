"""Bounds on gradients, so that no step becomes too long."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from ...graph import Tensor


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """The norm of the elements of all tensors together: (sum |x|^p)^(1/p), p = norm_type.

    Raises RuntimeError under error_if_nonfinite if it is infinite or NaN.
    """
    tensors = [tensors] if isinstance(tensors, Tensor) else list(tensors)
    if not tensors:
        return Tensor(np.zeros((), np.float32))
    norms = np.stack([np.linalg.norm(t.data.ravel(), norm_type) for t in tensors])
    total = Tensor(np.asarray(np.linalg.norm(norms, norm_type)))
    if error_if_nonfinite and not np.isfinite(total.item()):
        raise RuntimeError(
            f"the gradients' norm is {total.item()}: clipping would make all of them NaN or 0"
        )
    return total


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
) -> Tensor:
    """Shrink all gradients by the factor min(1, max_norm / (norm + 1e-6)); return the norm before.

    Their direction stays.  Pascanu, Mikolov & Bengio 2013 (arXiv:1211.5063), algorithm 1.
    """
    gradients = _gradients(parameters)
    total = get_total_norm(gradients, norm_type, error_if_nonfinite)
    factor = min(1.0, max_norm / (total.item() + 1e-6))
    for g in gradients:
        g.data *= factor
    return total


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Hold every element of the gradients within [-clip_value, clip_value]."""
    for g in _gradients(parameters):
        g.data = np.clip(g.data, -clip_value, clip_value)


def _gradients(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    """The gradients that are there."""
    parameters = [parameters] if isinstance(parameters, Tensor) else parameters
    return [p.grad for p in parameters if p.grad is not None]
