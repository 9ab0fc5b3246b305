"""Activation functions.  Each reference is the formula in its plainest form, or SciPy's."""

from collections.abc import Callable

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import scipy.special
import scipy.stats

from minidl.ops import activations, softmax

from .elementwise import SHAPES
from .row import Draw, Row, case, distinct, generator, normal, on_grid

sigmoid = scipy.special.expit


def wide(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """-3.6, -2.6, ..., 3.4: away from all whole and half numbers, where the kinks are."""
    return np.array(2 * on_grid(0.2)(rng, shape))


def activation(function: Callable, reference: Callable, *constants: float, **options) -> Row:
    """An elementwise function with constants; values on both sides of every kink."""
    rng = generator(function.__name__, constants)
    cases = [case(wide(rng, shape), *constants) for shape in SHAPES]
    shapes = hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3)
    drawn = shapes.map(lambda shape: case(wide(generator(shape), shape), *constants))
    return Row(function, reference, cases, drawn, **options)


def along(function: Callable, reference: Callable, draw: Draw = normal, *given) -> Row:
    """A function along an axis, the last unless it is given."""
    rng = generator(function.__name__)
    calls = [((4,), 0), ((2, 3), -1), ((2, 3), 0), ((2, 3, 2), 1), ((0, 3), 1), ((2, 1), 1)]
    cases = [case(draw(rng, shape), *given, axis=axis) for shape, axis in calls]

    @st.composite
    def drawn(choose):
        shape = choose(hnp.array_shapes(max_dims=4, max_side=3))
        axis = choose(st.integers(-len(shape), len(shape) - 1))
        return case(draw(generator(shape), shape), *given, axis=axis)

    return Row(function, reference, [*cases, case(draw(rng, (2, 4)), *given)], drawn())


def largest(x, k, axis=-1):
    """Whether an entry is at least the k-th largest of its line."""
    return x >= np.take(np.sort(x, axis=axis), [-k], axis)


def prelu_cases():
    """One weight, a weight for each channel, and a weight for each entry."""
    rng = generator("prelu")
    x = lambda *shape: wide(rng, shape)
    return [
        case(x(2, 3), normal(rng, ())), case(x(4, 3, 2), normal(rng, (3, 1))),
        case(x(2, 3), normal(rng, (2, 3))), case(x(3), normal(rng, (1,))), case(x(2, 3), 0.25),
    ]  # fmt: skip


ROWS = [
    activation(activations.relu, lambda x: x * (x > 0)),
    activation(activations.leaky_relu, lambda x, slope: np.maximum(x, slope * x), 0.1),
    Row(activations.prelu, lambda x, w: np.maximum(x, 0) + w * np.minimum(x, 0), prelu_cases()),
    activation(activations.threshold, lambda x, t, v: np.where(x <= t, v, x), 0.5, -7.0),
    activation(activations.hardtanh, np.clip, -1.0, 2.0),
    activation(activations.elu, lambda x, a: np.where(x > 0, x, a * (np.exp(x) - 1)), 0.7),
    activation(activations.celu, lambda x, a: np.where(x > 0, x, a * (np.exp(x / a) - 1)), 0.7),
    activation(activations.softplus, lambda x, b, t: np.log(1 + np.exp(b * x)) / b, 2.0, 20.0),
    activation(activations.softplus, lambda x, b, t: x, 20.0, -100.0),
    activation(activations.gelu_erf, lambda x: x * scipy.stats.norm.cdf(x)),
    activation(
        activations.gelu_tanh,
        lambda x: x / 2 * (1 + np.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3))),
        analytic=True,
    ),
    activation(activations.ndtr, scipy.stats.norm.cdf, analytic=True),
    activation(activations.silu, lambda x: x / (1 + np.exp(-x))),
    activation(activations.mish, lambda x: x * np.tanh(np.log(1 + np.exp(x)))),
    activation(activations.hardswish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    activation(activations.sigmoid, lambda x: 1 / (1 + np.exp(-x))),
    activation(activations.logsigmoid, lambda x: -np.log(1 + np.exp(-x))),
    activation(activations.hardsigmoid, lambda x: np.clip(x / 6 + 0.5, 0, 1)),
    activation(activations.softsign, lambda x: x / (1 + np.abs(x))),
    activation(activations.tanhshrink, lambda x: x - np.tanh(x), analytic=True),
    activation(activations.hardshrink, lambda x, w: x * ((x > w) | (x < -w)), 0.5),
    activation(activations.softshrink, lambda x, w: np.sign(x) * np.maximum(np.abs(x) - w, 0), 0.5),
    along(softmax.softmax, lambda x, axis=-1: scipy.special.softmax(x, axis)),
    along(softmax.log_softmax, lambda x, axis=-1: scipy.special.log_softmax(x, axis)),
    along(softmax.winners, largest, distinct, 1),
]
