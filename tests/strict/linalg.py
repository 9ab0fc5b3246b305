"""CuPy's linalg: it looks at a routine's error code only under cupyx.errstate(linalg="raise").

Otherwise a singular or an indefinite matrix gives numbers without meaning; here they are NaN.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

_state = threading.local()


@contextlib.contextmanager
def errstate(*, divide=None, over=None, under=None, invalid=None, linalg=None) -> Iterator[None]:
    """cupyx.errstate: of NumPy's settings it knows none."""
    if (divide, over, under, invalid) != (None,) * 4 or linalg not in (None, "ignore", "raise"):
        raise NotImplementedError("cupyx.errstate supports linalg='ignore' and 'raise' only")
    before = getattr(_state, "linalg", "ignore")
    _state.linalg = before if linalg is None else linalg
    try:
        yield
    finally:
        _state.linalg = before


def checked(compute: Callable[..., Any]) -> Callable[..., Any]:
    """`compute(matrices, ...)`, with NaN in the place of an error in the numbers."""

    def checked(a: np.ndarray, *args: Any, **kwargs: Any) -> Any:
        try:
            return compute(a, *args, **kwargs)
        except np.linalg.LinAlgError:
            if getattr(_state, "linalg", "ignore") == "raise" or a.ndim < 2:
                raise
            # With identity matrices nothing fails but for the shapes, of which CuPy complains too.
            identity = np.broadcast_to(np.eye(*a.shape[-2:], dtype=a.dtype), a.shape)
            result = compute(identity, *args, **kwargs)
            parts = result if isinstance(result, tuple) else (result,)
            parts = tuple(np.full_like(part, np.nan) for part in parts)
            return parts if isinstance(result, tuple) else parts[0]

    return checked
