"""Plant a bug, run a test, see whether the test notices.

The bugs that other projects had are re-created in the tests as mutants: functions with the bug in
place of ours.  A suite that lets one live would have let ours make the same mistake.
"""

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any


@contextlib.contextmanager
def planted(original: Callable, mutant: Callable) -> Iterator[None]:
    """The mutant in place of the original, under every name that it has in minidl and in tests.

    original: a function, or a method given as Class.method.
    Raises LookupError if the original is found nowhere.
    """
    places = [(holder, name) for holder in _holders() for name in _names(holder, original)]
    if not places:
        raise LookupError(f"{original} has no name in minidl or tests")
    for holder, name in places:
        setattr(holder, name, mutant)
    try:
        yield
    finally:
        for holder, name in places:
            setattr(holder, name, original)


def kills(test: Callable, *arguments: Any) -> bool:
    """Whether the test fails."""
    try:
        test(*arguments)
    except AssertionError:
        return True
    return False


def _holders() -> list[Any]:
    """The modules of minidl and of the tests, and the classes that they define."""
    modules = [
        module for name, module in list(sys.modules.items())
        if name.partition(".")[0] in ("minidl", "tests") and module is not None
    ]  # fmt: skip
    classes = {
        value for module in modules for value in vars(module).values()
        if isinstance(value, type) and value.__module__ == module.__name__
    }  # fmt: skip
    return [*modules, *classes]


def _names(holder: Any, original: Callable) -> list[str]:
    return [name for name, value in vars(holder).items() if value is original]
