"""An exercise: what the student writes, how it is checked, and what it may go wrong by.

The text and the empty functions stand in a stub, a Python file of its own; here is what the course
knows of it.  Three kinds of checks, all on raw arrays:

    Gradient   NAME_backward(g, y, *inputs) against finite differences of a given forward
    Value      NAME(*inputs) against a reference
    Program    our function drives the student's classes and reports numbers, against expected ones
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ..gradcheck import Misconception


@dataclasses.dataclass(frozen=True, eq=False)
class Gradient:
    """The student's backward `name` of `forward`; samples and misconceptions as for `diagnose`."""

    name: str
    forward: Callable
    samples: dict[str, Any]
    misconceptions: tuple[Misconception, ...] = ()
    weight: int = 1


@dataclasses.dataclass(frozen=True, eq=False)
class Value:
    """The student's function `name` must give what `reference` gives.

    misconceptions: their `backward` takes the inputs, and returns the wrong value.
    """

    name: str
    reference: Callable
    samples: dict[str, Any]
    misconceptions: tuple[Misconception, ...] = ()
    weight: int = 1
    rtol: float = 1e-7


@dataclasses.dataclass(frozen=True, eq=False)
class Program:
    """`driver(module, seed)` must return what `expected(seed)` returns: a dict of arrays by name.

    The driver runs beside the student's code and its source is sent there: it may use nothing but
    its arguments and `np`.  wrong: (code, "this is what you get if ...", function of the seed that
    returns the dict of a known mistake, or a part of it).
    """

    name: str
    driver: Callable
    expected: Callable
    wrong: tuple[tuple[str, str, Callable], ...] = ()
    weight: int = 1
    rtol: float = 1e-7


Check = Gradient | Value | Program


@dataclasses.dataclass(frozen=True)
class Exercise:
    """name: of the stub's file.  page: the place in the notes.  hints: three, each saying more.

    points: what all its checks together are worth; a check has its `weight`'s share.
    fast: passing this one stands for the whole track.
    """

    name: str
    title: str
    points: int
    page: str
    hints: tuple[str, str, str]
    checks: tuple[Check, ...]
    fast: bool = False
    track: str = ""


def wrong(code: str, text: str, backward: Callable) -> Misconception:
    """A mistake by name: `text` is the end of "this is what you get if ..."."""
    return Misconception(code, text, backward)
