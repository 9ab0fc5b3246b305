"""Tensors that are not computed from others: zeros, ones, ranges, the identity.

NumPy's names and arguments; floats are the default dtype (float32) unless `dtype` says otherwise.
"""

from __future__ import annotations

from typing import Any

from . import backend
from .graph import Tensor

Shape = int | tuple[int, ...]


def _made(name: str, *args: Any, dtype: Any, device: str | None, requires_grad: bool) -> Tensor:
    """What the array library's function of that name makes, as a tensor."""
    if isinstance(dtype, int):
        raise TypeError(f"{name}: the shape is one argument: {name}({(args[0], dtype)})")
    array = getattr(backend.namespace(device), name)(*args, dtype=dtype)
    return Tensor(backend.checked_dtype(array)).requires_grad_(requires_grad)


def _float_unless_int(dtype: Any, *numbers: Any) -> Any:
    """The dtype of a range: as given, int64 for whole numbers, else the default."""
    if dtype is not None:
        return dtype
    return "int64" if all(isinstance(n, int) for n in numbers) else backend.get_default_dtype()


def zeros(
    shape: Shape, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Zeros of a shape."""
    dtype = dtype or backend.get_default_dtype()
    return _made("zeros", shape, dtype=dtype, device=device, requires_grad=requires_grad)


def ones(
    shape: Shape, dtype: Any = None, device: str | None = None, requires_grad: bool = False
) -> Tensor:
    """Ones of a shape."""
    dtype = dtype or backend.get_default_dtype()
    return _made("ones", shape, dtype=dtype, device=device, requires_grad=requires_grad)


def full(
    shape: Shape,
    fill_value: float,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """A shape filled with one value: int64 for an int, the default dtype for a float."""
    dtype = _float_unless_int(dtype, fill_value)
    return _made("full", shape, fill_value, dtype=dtype, device=device, requires_grad=requires_grad)


def eye(
    n: int,
    m: int | None = None,
    dtype: Any = None,
    device: str | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """The identity matrix with n rows (and m columns)."""
    dtype = dtype or backend.get_default_dtype()
    return _made("eye", n, m, dtype=dtype, device=device, requires_grad=requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: Any = None,
    device: str | None = None,
) -> Tensor:
    """start, start + step, ... before stop; with one argument, 0, 1, ... before it."""
    start, stop = (0, start) if stop is None else (start, stop)
    dtype = _float_unless_int(dtype, start, stop, step)
    return _made("arange", start, stop, step, dtype=dtype, device=device, requires_grad=False)


def linspace(
    start: float, stop: float, num: int = 50, dtype: Any = None, device: str | None = None
) -> Tensor:
    """`num` numbers at equal distances from start to stop, both included."""
    library = backend.namespace(device)
    return Tensor(library.linspace(start, stop, num).astype(dtype or backend.get_default_dtype()))


def zeros_like(x: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Zeros of the shape, dtype and device of x."""
    return zeros(x.shape, dtype or x.dtype, x.device, requires_grad)


def ones_like(x: Tensor, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Ones of the shape, dtype and device of x."""
    return ones(x.shape, dtype or x.dtype, x.device, requires_grad)


def full_like(
    x: Tensor, fill_value: float, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """One value in the shape, dtype and device of x."""
    return full(x.shape, fill_value, dtype or x.dtype, x.device, requires_grad)
