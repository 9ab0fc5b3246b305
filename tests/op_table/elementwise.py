"""Operations on each element."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import numpy as np

import minidl

from .row import Draw, Row, between, case, either_sign, generator, normal, on_grid

SHAPES = [(), (3,), (2, 3), (4, 1, 2), (0, 3)]
PAIRS = [
    ((), ()), ((3,), ()), ((2, 3), (3,)), ((2, 1), (1, 3)), ((3, 1), (2, 3, 2)), ((0, 3), (3,)),
    ((2, 3), (2, 3)), ((1,), (4,)),
]  # fmt: skip


def unary(function: Callable, draw: Draw, analytic=True, reference=None, **given) -> Row:
    """An operation of one input, whose values `draw(rng, shape)` gives."""
    reference, rng = reference or getattr(np, function.__name__), generator(function.__name__)
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
    return Row(
        function,
        reference,
        [case(draw(rng, shape)) for shape in SHAPES],
        drawn=shapes.map(lambda shape: case(draw(generator(shape), shape))),
        analytic=analytic,
        **given,
    )


def binary(
    function: Callable,
    first: Draw,
    second: Draw,
    analytic: bool = True,
    number: float = 2.0,
    reference: Callable | None = None,
) -> Row:
    """An operation of two inputs that broadcast; either may be a Python number."""
    reference, rng = reference or getattr(np, function.__name__), generator(function.__name__)
    cases = [case(first(rng, s), second(rng, t)) for s, t in PAIRS]
    cases += [case(first(rng, shape=(3,)), number), case(number, second(rng, shape=(3,)))]
    pairs = hnp.mutually_broadcastable_shapes(num_shapes=2, min_side=0, max_side=3, max_dims=3)

    def draw(shapes):
        rng = generator(shapes.input_shapes)
        return case(*(d(rng, s) for d, s in zip((first, second), shapes.input_shapes)))

    return Row(function, reference, cases, drawn=pairs.map(draw), analytic=analytic)


def power_cases():
    """A positive base with any exponent; any base with a constant whole number; a constant base."""
    rng = generator("power")
    base = between(0.5, 2)
    return [
        *(case(base(rng, s), normal(rng, t)) for s, t in PAIRS),
        *(case(normal(rng, (3,)), n) for n in (0, 1, 2, 3, 2.0)),
        *(case(either_sign(0.5, 2)(rng, (3,)), n) for n in (-1, -2.0)),
        *(case(base(rng, (3,)), p) for p in (0.5, -1.5, 2.5)),
        case(2.0, normal(rng, (3,))),
        case(base(rng, (2, 3)), np.array([0, 1, 2])),
        case(np.array([1, 2, 3]), normal(rng, (2, 3))),
    ]


away_from_0 = either_sign(0.3, 2)
positive = between(0.3, 2)

ROWS = [
    binary(minidl.add, normal, normal),
    binary(minidl.subtract, normal, normal),
    binary(minidl.multiply, normal, normal),
    binary(minidl.divide, normal, away_from_0),
    binary(minidl.floor_divide, on_grid(0.1), on_grid(0.37), analytic=False),
    binary(minidl.remainder, on_grid(0.1), on_grid(0.37), analytic=False),
    unary(minidl.negative, normal, linear=True),
    Row(minidl.power, np.power, power_cases()),
    unary(minidl.absolute, away_from_0, analytic=False),
    unary(minidl.square, normal),
    unary(minidl.reciprocal, away_from_0),
    unary(minidl.sqrt, positive),
    unary(minidl.rsqrt, positive, reference=lambda x: x**-0.5),
    binary(minidl.hypot, away_from_0, normal, analytic=False),
    unary(minidl.exp, normal),
    unary(minidl.exp2, normal),
    unary(minidl.expm1, normal),
    unary(minidl.log, positive),
    unary(minidl.log2, positive),
    unary(minidl.log10, positive),
    unary(minidl.log1p, between(-0.7, 2)),
    binary(minidl.logaddexp, normal, normal, analytic=False),
]
