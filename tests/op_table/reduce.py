"""Reductions: many elements to one, along axes."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import scipy.special

import minidl

from .row import Case, Draw, Row, case, distinct, generator, normal, values

# shape, axis, keepdims
CALLS = [
    ((), None, False), ((3,), None, False), ((3,), 0, True), ((2, 3), -1, False),
    ((2, 3), 0, False), ((2, 3), None, True), ((2, 3, 2), (0, 2), False),
    ((2, 3, 2), (-1, 0), True), ((2, 3, 2), 1, False), ((2, 3), (1,), False),
    ((3, 0), 0, False), ((2, 3), (), False),
]  # fmt: skip


def reduction(
    function: Callable, draw: Draw, calls=CALLS, analytic=False, reference=None, **constants
) -> Row:
    """A reduction of values that `draw(rng, shape)` gives; by default NumPy has it too."""
    rng = generator(function.__name__)
    cases = [
        case(draw(rng, shape), axis=axis, keepdims=keepdims, **constants)
        for shape, axis, keepdims in calls
    ]
    several = any(isinstance(axis, tuple) for _, axis, _ in calls)

    @st.composite
    def drawn(choose) -> Case:
        shape = choose(hnp.array_shapes(min_dims=1, max_dims=4, min_side=2, max_side=3))
        one = st.integers(-len(shape), len(shape) - 1)
        more = hnp.valid_tuple_axes(len(shape), min_size=1) if several else one
        axis, keepdims = choose(st.none() | one | more), choose(st.booleans())
        x = draw(generator(shape), shape)
        return case(x, axis=axis, keepdims=keepdims, **constants)

    reference = reference or getattr(np, function.__name__)
    return Row(
        function, reference, cases, drawn(), analytic, linear=function in (minidl.sum, minidl.mean)
    )


FULL = [call for call in CALLS if 0 not in call[0]]  # none without elements
SEVERAL = [call for call in FULL if call[0] and call[1] != ()]  # with a spread: more than one each
ONE_AXIS = [call for call in FULL if not isinstance(call[1], tuple)]


def logsumexp_cases() -> list[Case]:
    """Beside the usual: large values, and an element that is -inf."""
    x = normal(generator("logsumexp"), (2, 3))
    return [case(1000 + x, axis=1), case(np.where(x > x.max() - 1e-9, -np.inf, x), axis=0)]


def euclidean(x, axis=None, keepdims=False):
    """The root of the sum of squares, summed in one go."""
    return np.sum(np.abs(x) ** 2.0, axis=axis, keepdims=keepdims) ** 0.5


def truth(function: Callable) -> Row:
    """all or any."""
    x = np.array([[True, True, False], [True, True, True], [False, False, False]])
    calls = [case(x, axis=a, keepdims=k) for a in (None, 0, -1, (0, 1)) for k in (False, True)]
    return Row(function, getattr(np, function.__name__), calls)


def running(function: Callable, draw: Draw) -> Row:
    """A running total along an axis, or over all elements."""
    rng = generator(function.__name__)
    calls = [((4,), 0), ((2, 3), 1), ((2, 3), 0), ((2, 3, 2), -2), ((2, 3), None), ((1, 2), 0)]
    cases = [
        case(draw(rng, shape), axis=axis)
        for shape, axis in [*calls, ((5,), -1), ((0,), 0), ((0, 2), None)]
    ]
    linear = function is minidl.cumsum
    return Row(function, getattr(np, function.__name__), cases, analytic=True, linear=linear)


def zeros_among(rng, shape):
    """Normal numbers, of which a third or so are exactly 0."""
    return np.array(normal(rng, shape) * (rng.random(shape) < 0.7))


HOLES = np.array([[1.0, np.nan, 3.0], [np.nan, 5.0, 6.0]])

ROWS = [
    reduction(minidl.sum, normal, analytic=True),
    reduction(minidl.mean, normal, FULL, analytic=True),
    reduction(minidl.var, normal, SEVERAL),
    reduction(minidl.var, normal, SEVERAL[1:], ddof=1),
    reduction(minidl.std, normal, SEVERAL),
    reduction(minidl.std, normal, SEVERAL[1:], ddof=1),
    reduction(minidl.max, distinct, FULL),
    reduction(minidl.min, distinct, FULL),
    reduction(minidl.logsumexp, normal, FULL, reference=scipy.special.logsumexp),
    reduction(minidl.norm2, normal, FULL, reference=euclidean),
    reduction(minidl.prod, normal, analytic=True),
    reduction(minidl.prod, zeros_among, FULL, analytic=True),
    reduction(minidl.nansum, normal),
    Row(minidl.nansum, np.nansum, [values(HOLES, axis) for axis in (None, 0, 1)]),
    running(minidl.cumsum, normal),
    running(minidl.cumprod, normal),
    running(minidl.cumprod, zeros_among),
    reduction(minidl.argmax, distinct, ONE_AXIS),
    reduction(minidl.argmin, distinct, ONE_AXIS),
    truth(minidl.all),
    truth(minidl.any),
    truth(minidl.count_nonzero),
]
