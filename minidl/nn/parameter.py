"""Parameter: a tensor that is learned."""

from __future__ import annotations

from typing import Any

from .. import backend
from ..graph import Tensor, tensor


class Parameter(Tensor):
    """A tensor that a module learns: `parameters()` lists it, an optimiser changes it.

    Parameter(data, requires_grad=True) copies `data`: an array, a tensor or numbers.
    """

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True) -> None:
        super().__init__(tensor(data).data)
        self.requires_grad = requires_grad

    def __repr__(self) -> str:
        return f"Parameter({super().__repr__()})"


def empty_parameter(
    shape: tuple[int, ...], dtype: Any = None, device: str | None = None
) -> Parameter:
    """A parameter for an initialiser to fill; of the default dtype unless one is given."""
    dtype = backend.get_default_dtype() if dtype is None else dtype
    return Parameter(backend.namespace(device).zeros(shape, dtype))
