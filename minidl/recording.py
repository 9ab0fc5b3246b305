"""Whether operations are recorded, by thread; and what was written to since, by the clock."""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from . import backend, errors

clock = itertools.count(1)  # stamps nodes and changes; later is larger, so it sorts a graph
observers: list[Observer] = []  # those in force


class Observer:
    """What is told of every node made and of every rule run while its `with` block lasts.

    `debug()`, `explain()` and the pictures of the graph are observers.  They see what is recorded,
    in all threads; a graph that is only computed, under `no_grad`, has no nodes.
    """

    def __enter__(self) -> Any:
        observers.append(self)
        return self

    def __exit__(self, *_: Any) -> None:
        observers.remove(self)

    def made(self, node: Any, arguments: Sequence, y: Any) -> None:
        """An operation computed y (a tuple, if it has several outputs) of raw arguments."""

    def pulled(self, node: Any, g: Any, results: Sequence) -> None:
        """The rules of `node` were given g (a list, if it has several outputs): their results."""

    def failed(self, node: Any, error: Exception) -> None:
        """A pass that had come to `node` ends with this error."""


# --------------------------------------------------------------------------------- grad mode


class _Mode(threading.local):
    record = True
    replaying = False  # a checkpoint is running its function again: state was updated already
    rebinds = False  # x[i] = v makes x the tensor with v in it, instead of being refused


mode = _Mode()


class set_grad_enabled:
    """Record operations, or do not, in a `with` block or a decorated function, in this thread.

    A generator function is so while it runs, not while the caller does.  Called as a statement,
    without `with`, it changes nothing.
    """

    def __init__(self, record: bool) -> None:
        self.record, self.before = record, []

    def __enter__(self) -> None:
        self.before.append(mode.record)
        mode.record = self.record

    def __exit__(self, *_: Any) -> None:
        mode.record = self.before.pop()

    def __call__(self, function: Callable) -> Callable:
        if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise errors.not_for_coroutines(function.__name__)
        if inspect.isgeneratorfunction(function):
            return self._around_each_step(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(self.record):
                return function(*args, **kwargs)

        return wrapped

    def _around_each_step(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Iterator:
            steps = function(*args, **kwargs)
            try:
                while True:
                    with set_grad_enabled(self.record):
                        try:
                            value = next(steps)
                        except StopIteration as end:
                            return end.value
                    yield value
            finally:
                with set_grad_enabled(self.record):
                    steps.close()

        return wrapped


def no_grad(function: Callable | None = None) -> Any:
    """`with no_grad():` what is computed here requires no gradient.  Also a decorator."""
    return set_grad_enabled(False) if function is None else set_grad_enabled(False)(function)


def enable_grad(function: Callable | None = None) -> Any:
    """`with enable_grad():` operations are recorded here, even inside `no_grad`."""
    return set_grad_enabled(True) if function is None else set_grad_enabled(True)(function)


def is_grad_enabled() -> bool:
    """Whether operations are recorded now, in this thread."""
    return mode.record


# --------------------------------------------------------------------------- changes in place


class Changes:
    """When memory that a graph may have saved was last written to.

    A saved array must hold what it held when it was saved.  Whoever writes into an array says so
    here, and a backward pass compares the times; recording pays nothing for it.
    """

    def __init__(self) -> None:
        self.latest = 0  # the time of the last change of all
        self.times: dict[int, tuple[weakref.ref, int]] = {}  # id of an array -> its last change

    def mark(self, array: Any) -> None:
        """Note that `array` is being written to: a graph that saved any of its memory is stale."""
        memory = _owner(array)
        key, self.latest = id(memory), next(clock)
        known = self.times.get(key)
        alive = known[0] if known else weakref.ref(memory, lambda _: self.times.pop(key, None))
        self.times[key] = (alive, self.latest)

    def refuse(self, saved: Iterable[Any], since: int, name: str) -> None:
        """Raise RuntimeError if an array that operation `name` saved was changed after `since`."""
        for value in saved:
            if isinstance(value, list | tuple):
                self.refuse(value, since, name)
            elif backend.is_array(value):
                if self.times.get(id(_owner(value)), (None, 0))[1] > since:
                    raise errors.changed_in_place(name, value.shape)


def _owner(array: Any) -> Any:
    """The array whose memory this is, if `array` is a view of another."""
    while isinstance(array.base, type(array)):
        array = array.base
    return array


changes = Changes()
mark_changed = changes.mark
