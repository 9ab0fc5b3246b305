"""RemovableHandle: what registering a hook returns, on a Tensor or on a Module."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class RemovableHandle:
    """`remove()` takes the hook away, as does leaving `with`; a second time it does nothing."""

    def __init__(self, remove: Callable[[], Any]) -> None:
        self._remove = remove

    def remove(self) -> None:
        """Call the hook no more."""
        self._remove()

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()
