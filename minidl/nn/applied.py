"""A function of `functional` as a module: what layers without parameters are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .module import Module


class Applied(Module):
    """function(*inputs, **settings), where the settings are attributes of the names given."""

    function: Callable
    settings: tuple[str, ...] = ()

    def forward(self, *inputs: Any) -> Any:
        """The function of the inputs, which are those of the function and as there."""
        return self.function(*inputs, **{name: getattr(self, name) for name in self.settings})

    def extra_repr(self) -> str:
        """The settings that were made, but for weights."""
        names = [name for name in self.settings if name not in (*self._buffers, "training")]
        values = {name: getattr(self, name) for name in names}
        return ", ".join(f"{name}={v!r}" for name, v in values.items() if v is not None)
