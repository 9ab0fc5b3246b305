"""The circle and the hyperbola."""

import numpy as np

import minidl

from .elementwise import binary, unary
from .row import Row, between, case, either_sign, generator, normal


def sinc_of_order(x, order):
    """The first derivatives of sin(pi x) / (pi x), away from 0."""
    t = np.pi * x
    if order == 1:
        return (t * np.cos(t) - np.sin(t)) / (np.pi * x**2)
    return (2 * np.sin(t) - 2 * t * np.cos(t) - t**2 * np.sin(t)) / (np.pi * x**3)


inside = between(-0.9, 0.9)
x = either_sign(0.3, 3)(generator("sinc"), (2, 3))

ROWS = [
    unary(minidl.sin, normal),
    unary(minidl.cos, normal),
    unary(minidl.tan, between(-1.2, 1.2)),
    unary(minidl.arcsin, inside),
    unary(minidl.arccos, inside),
    unary(minidl.arctan, normal),
    binary(minidl.arctan2, normal, either_sign(0.3, 2), analytic=False),
    unary(minidl.sinc, normal, analytic=False),
    Row(minidl.sinc, np.sinc, [case(np.array([0.0, 1.0, -2.0, 0.5, -0.5, 1e-9, 7.25]))]),
    Row(minidl.sinc, sinc_of_order, [case(x, 1), case(x, 2)], rounding=1e-12),
    unary(minidl.sinh, normal),
    unary(minidl.cosh, normal),
    unary(minidl.tanh, normal),
    unary(minidl.arcsinh, normal),
    unary(minidl.arccosh, between(1.2, 3)),
    unary(minidl.arctanh, inside),
]
