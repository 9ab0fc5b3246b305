"""debug(): every operation and every backward pass checked, and the user's line named in errors.

    with minidl.debug():
        loss = model(x).sum()
        loss.backward()

A wrong rule, a NaN, a value that was overwritten: an error is raised where it arises, not three
layers further on.  It costs several times the time of the pass, and nothing outside the block.
"""

from __future__ import annotations

import linecache
import os
import sys
import weakref
import zlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from . import backend, errors
from .accumulate import Scattered
from .complaints import called, explanations
from .differences import random
from .graph import Node, Tensor
from .recording import Observer, no_grad

_HERE = os.path.dirname(__file__) + os.sep


class debug(Observer):
    """Inside this `with` block, RuntimeError is raised where

    - an operation makes a NaN out of numbers that were none (softmax over all -inf does),
    - an index lies outside its axis (a GPU would wrap around without a word: IndexError),
    - a rule gives a gradient that is not finite, or float64 for float32,
    - a rule is not linear in the incoming gradient, or writes into what it was given,
    - an array that a rule needs was written to, by whatever means, since it was saved;

    and what a backward pass raises says which line of your program made the operation.
    """

    def __init__(self) -> None:
        self.births: weakref.WeakKeyDictionary[Node, _Birth] = weakref.WeakKeyDictionary()

    def made(self, node: Node, arguments: Sequence, y: Any) -> None:
        """Check what an operation computed; note where it was called, and what it saved."""
        if node.name in ("getitem", "index_put", "take_along_axis"):
            problem = explanations[node.name](*arguments)
            if problem:
                raise IndexError(f"debug: {called.get(node.name, node.name)}: {problem}")
        for part in y if isinstance(y, tuple) else (y,):
            at = first(np.isnan, part)
            if at is not None and not any(
                first(np.isnan, a) is not None for a in arrays(arguments)
            ):
                raise errors.made_nan(node.name, at, values_at(node.plan.op.names, arguments, at))
        self.births[node] = _Birth(user_line(), [*map(fingerprint, arrays(node.saved))])

    def pulled(self, node: Node, g: Any, results: Sequence) -> None:
        """Check what the rules of a node gave."""
        g = each_array(g, lambda part: part)
        birth = self.births.get(node)
        if birth and birth.fingerprints != [*map(fingerprint, arrays(node.saved))]:
            raise errors.written_to(node.name)
        if any(first(np.isfinite, part, False) is not None for part in arrays(g)):
            raise errors.not_finite_arrived(node.name)
        for name, x_dtype, result in self.by_input(node, results):
            at = first(np.isfinite, result, False)
            if at is not None:
                seen = values_at(node.plan.saves, node.saved, at)
                raise errors.not_finite(node.name, name, result[at], at, seen)
            dtypes = {x_dtype, *(part.dtype for part in arrays(g))}
            if result.dtype not in dtypes:
                raise errors.wrong_rule_dtype(node.name, name, result.dtype, x_dtype)
        self.check_linear(node, g, [result is not None for result in results])

    def failed(self, node: Node, error: Exception) -> None:
        """Say in `error` which line made the node."""
        birth = self.births.get(node)
        if birth and birth.line:
            error.add_note(f"{node.name} was recorded here:\n{birth.line}")

    def by_input(self, node: Node, results: Sequence) -> Iterator[tuple[str, Any, Any]]:
        """(name, dtype of the input, gradient as an array) for each input with a gradient."""
        for i, edge, result in zip(node.plan.inputs, node.edges, results):
            name = node.plan.op.names[i]
            if isinstance(edge, list):
                for k, (one, part) in enumerate(zip(edge, result or ())):
                    if one is not None and part is not None:
                        yield f"{name}[{k}]", one[3], dense(part)
            elif result is not None:
                yield name, edge[3], dense(result)

    def check_linear(self, node: Node, g: Any, needed: list[bool]) -> None:
        """L(2 g + r) must be 2 L(g) + L(r), for a random r; and nothing given be written to."""
        rng = np.random.default_rng(0)
        library = backend.xp(next(arrays(g)))
        saved = each_array(node.saved, backend.read_only)

        def pull(make: Callable[[Any], Any]) -> list:
            given = each_array(g, lambda part: backend.read_only(make(part)))
            try:
                with no_grad():
                    results = node.plan.gradients(given, saved, needed)
            except ValueError as error:
                if "read-only" in str(error):
                    raise errors.rule_writes(node.name) from None
                raise
            return [dense(part) for *_, part in self.by_input(node, results)]

        noise = {
            id(part): library.asarray(random(rng, part.shape), dtype=part.dtype)
            for part in arrays(g)
        }
        parts = zip(
            pull(lambda part: part),
            pull(lambda part: noise[id(part)]),
            pull(lambda part: 2 * part + noise[id(part)]),
        )
        for of_g, of_noise, together in parts:
            size = 2 * abs(of_g).max(initial=0) + abs(of_noise).max(initial=0)
            error = abs(together - (2 * of_g + of_noise)).max(initial=0)
            if error > float(np.finfo(of_g.dtype).eps) ** 0.5 * size:
                raise errors.not_linear(node.name)


class _Birth:
    """Where a node was made, and the fingerprints of what it saved."""

    __slots__ = ("line", "fingerprints")

    def __init__(self, line: str, fingerprints: list) -> None:
        self.line, self.fingerprints = line, fingerprints


def user_line() -> str:
    """The innermost line outside minidl that is being executed, as in a traceback."""
    frame = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    if frame is None:
        return ""
    file, number = frame.f_code.co_filename, frame.f_lineno
    text = linecache.getline(file, number).strip()
    return f'  File "{file}", line {number}, in {frame.f_code.co_name}\n    {text}'


# ------------------------------------------------------------------------------------ arrays


def arrays(values: Any) -> Iterator[Any]:
    """The float arrays in nested tuples and lists, those of Tensors too."""
    if isinstance(values, tuple | list):
        for value in values:
            yield from arrays(value)
    elif isinstance(values, Tensor):
        yield from arrays(values.data)
    elif backend.is_array(values) and values.dtype.kind == "f":
        yield values


def each_array(values: Any, function: Callable[[Any], Any]) -> Any:
    """Nested tuples and lists with `function` applied to the arrays in them, Tensors as arrays."""
    if isinstance(values, tuple | list):
        return type(values)(each_array(value, function) for value in values)
    value = values.data if isinstance(values, Tensor) else values
    value = np.asarray(value) if isinstance(value, np.generic) else value
    return function(value) if backend.is_array(value) else value


def dense(result: Any) -> Any:
    """A gradient as an array."""
    if isinstance(result, Scattered):
        result = Scattered.add_up([result.values], [result.index], result.shape)
    result = result.data if isinstance(result, Tensor) else result
    return np.asarray(result) if isinstance(result, np.generic) else result


def fingerprint(array: Any) -> int:
    """A number that changes if any bit of an array does."""
    array = array if isinstance(array, np.ndarray) else array.get()
    return zlib.crc32(array.tobytes())


def first(test: Callable, array: Any, value: bool = True) -> tuple | None:
    """The first index at which test(array) is `value`; None if there is none."""
    if not getattr(array, "size", 0) or array.dtype.kind != "f":
        return None
    hits = test(array) == value
    if not hits.any():
        return None
    return tuple(int(i) for i in np.unravel_index(int(hits.argmax()), array.shape))


def values_at(names: Sequence[str], values: Sequence, at: tuple) -> dict[str, float]:
    """Those of the named arrays that broadcast with index `at`, as numbers there."""
    found = {}
    for name, value in zip(names, values):
        if isinstance(value, float | int):
            found[name] = float(value)
        elif backend.is_array(value) and value.ndim <= len(at):
            place = tuple(
                i if n > 1 else 0 for i, n in zip(at[len(at) - value.ndim :], value.shape)
            )
            if all(i < n for i, n in zip(place, value.shape)):
                found[name] = value[place].item()
    return found
