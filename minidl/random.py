"""Random tensors, from one generator a device: `minidl.seed(n)` starts them all anew.

Names and arguments are those of numpy.random.Generator.  `rng` is a generator of your own, or a
seed for one; without it the device's generator is used.
"""

from __future__ import annotations

from typing import Any

from . import backend
from .graph import Tensor

Shape = int | tuple[int, ...]


def normal(
    loc: float = 0.0,
    scale: float = 1.0,
    size: Shape = (),
    dtype: Any = None,
    device: str | None = None,
    rng: Any = None,
) -> Tensor:
    """Gaussian numbers with mean `loc` and standard deviation `scale`."""
    z = backend.generator(device, rng).standard_normal(size)
    return _as(z * scale + loc, dtype, device)


def uniform(
    low: float = 0.0,
    high: float = 1.0,
    size: Shape = (),
    dtype: Any = None,
    device: str | None = None,
    rng: Any = None,
) -> Tensor:
    """Numbers spread evenly over [low, high)."""
    u = backend.generator(device, rng).random(size)
    return _as(u * (high - low) + low, dtype, device)


def integers(
    low: int,
    high: int | None = None,
    size: Shape = (),
    dtype: Any = "int64",
    device: str | None = None,
    rng: Any = None,
) -> Tensor:
    """Whole numbers from low to high - 1, each as likely; with one bound, from 0."""
    low, high = (0, low) if high is None else (low, high)
    return _as(backend.generator(device, rng).integers(low, high, size), dtype, device)


def permutation(n: int, device: str | None = None, rng: Any = None) -> Tensor:
    """0 to n - 1 in random order."""
    return _as(backend.generator(device, rng).random(n).argsort(), "int64", device)


def bernoulli(
    p: float,
    size: Shape = (),
    dtype: Any = None,
    device: str | None = None,
    rng: Any = None,
) -> Tensor:
    """1 with probability p, else 0."""
    return _as(backend.generator(device, rng).random(size) < p, dtype, device)


def _as(values: Any, dtype: Any, device: str | None) -> Tensor:
    dtype = dtype or backend.get_default_dtype()
    return Tensor(backend.namespace(device).asarray(values, dtype=dtype))
