"""Choices and questions."""

from collections.abc import Callable

import numpy as np

import minidl

from .elementwise import binary, unary
from .row import Draw, Row, case, either_sign, generator, normal, on_grid, values


def question(function: Callable, *inputs: np.ndarray) -> Row:
    """An operation that answers in booleans and has no derivative."""
    cases = [case(*inputs), case(*(x[1] for x in inputs))]
    return Row(function, getattr(np, function.__name__), cases)


def choice(function: Callable) -> Row:
    """An operation that takes one of two values, which never tie."""
    return binary(function, on_grid(0.0), on_grid(0.2), analytic=False, number=0.1)


def step(function: Callable, draw: Draw) -> Row:
    """An operation that is constant between its jumps."""
    return unary(function, draw, analytic=False)


def clip_cases():
    """Bounds on one side or both; no value within a step of a bound."""
    x = lambda *shape: on_grid(0.2)(generator("clip", shape), shape)
    return [
        case(x(3, 4), -0.5, 0.5),
        case(x(3, 4), None, 0.5),
        case(x(3, 4), a_min=-0.5, a_max=None),
        case(x(), -0.5, 0.5),
        case(x(0, 2), 0.0, 1.0),
        case(x(2, 3), np.array([-1.0, 0.0, 0.5]), 1.0),
    ]


def where_cases():
    """A condition that broadcasts with both choices; a number as a choice."""
    rng = generator("where")
    mask = lambda *shape: rng.random(shape) < 0.5
    x = lambda shape: normal(rng, shape)
    return [
        case(mask(2, 3), x((2, 3)), x((2, 3))),
        case(mask(3), x((2, 1)), x((2, 3))),
        case(mask(4, 1, 3), x((3,)), x(())),
        case(mask(), x((2,)), x((2,))),
        case(mask(3), x((3,)), 1.5),
        case(mask(3), 0.0, x((2, 3))),
        case(mask(0, 3), x((0, 3)), x((3,))),
    ]


EDGES = np.array([[1.0, -np.inf, np.nan], [0.0, np.inf, -2.0]])
LEFT, RIGHT = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 1.0]]), np.array([[1.0, 1.0, 0.0], [0, 1, 2]])
BITS = LEFT > 0.5, RIGHT > 0.5

ROWS = [
    choice(minidl.maximum),
    choice(minidl.minimum),
    choice(minidl.fmax),
    choice(minidl.fmin),
    *(
        Row(function, getattr(np, function.__name__), [values(EDGES, RIGHT), values(LEFT, EDGES)])
        for function in (minidl.maximum, minidl.minimum, minidl.fmax, minidl.fmin)
    ),
    Row(minidl.clip, np.clip, clip_cases()),
    Row(minidl.where, np.where, where_cases(), linear=True),
    step(minidl.sign, either_sign(0.3, 2)),
    step(minidl.floor, on_grid(0.2)),
    step(minidl.ceil, on_grid(0.2)),
    step(minidl.round, on_grid(0.2)),
    Row(minidl.round, np.round, [case(np.array([1.234, -5.678]), d) for d in (0, 1, -1)]),
    *(
        question(function, LEFT, RIGHT)
        for function in (
            *(minidl.equal, minidl.not_equal, minidl.less, minidl.less_equal),
            *(minidl.greater, minidl.greater_equal),
        )
    ),
    question(minidl.logical_not, BITS[0]),
    question(minidl.logical_and, *BITS),
    question(minidl.logical_or, *BITS),
    question(minidl.logical_xor, *BITS),
    *(question(function, EDGES) for function in (minidl.isnan, minidl.isinf, minidl.isfinite)),
]
