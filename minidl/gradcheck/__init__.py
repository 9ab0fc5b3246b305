"""Is this gradient right, and if not, why?

`gradcheck` and `gradgradcheck` compare the gradients of Tensors with finite differences.
`diagnose` takes a forward and a backward on plain arrays, or an `autograd.Function`, and names the
mistake.
"""

import importlib
from typing import Any

from .tensors import GradcheckError, gradcheck, gradgradcheck

__all__ = [
    "Diagnosis",
    "Finding",
    "GradcheckError",
    "Misconception",
    "WrongForward",
    "diagnose",
    "gradcheck",
    "gradgradcheck",
]

# `import minidl` needs the check; what explains a mistake is imported when there is one to explain.
_IMPORTED_WHEN_NAMED = {
    "Diagnosis": "diagnosis",
    "Finding": "student",
    "Misconception": "diagnosis",
    "WrongForward": "trials",
    "diagnose": "diagnosis",
}


def __getattr__(name: str) -> Any:
    """The names above, at their first use."""
    if name not in _IMPORTED_WHEN_NAMED:
        raise AttributeError(f"minidl.gradcheck has no {name!r}: dir(minidl.gradcheck) lists all")
    return getattr(importlib.import_module(f".{_IMPORTED_WHEN_NAMED[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
