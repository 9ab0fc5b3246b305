"""Why two players who follow their gradients may circle for ever: min over x, max over y of x y.

    simultaneous     x' = x - eta f_x(x, y),     y' = y + eta f_y(x, y)
    alternating      x' = x - eta f_x(x, y),     y' = y + eta f_y(x', y)
    extragradient    the simultaneous step, but with the gradients at the point it would lead to

For f = x y the only saddle point is 0.  The gradient there is at right angles to the way home:

    simultaneous     |(x, y)| grows by (1 + eta^2)^1/2 in every step
    alternating      x^2 + y^2 - eta x y stays as it is: an ellipse
    extragradient    |(x, y)| shrinks by (1 - eta^2 + eta^4)^1/2 in every step

Mescheder, Geiger and Nowozin 2018 (arXiv:1801.04406); Korpelevich 1976 for the
extragradient.  The notes name the "saddle point problem" of GANs; the numbers are this example's.

Rows of the notes: gda-saddle.
"""

from __future__ import annotations

from collections.abc import Callable

from ..autograd import grad
from ..graph import Tensor

Function = Callable[[Tensor, Tensor], Tensor]
Point = tuple[Tensor, Tensor]


def bilinear(x: Tensor, y: Tensor) -> Tensor:
    """f(x, y) = x . y"""
    return (x * y).sum()


def slopes(f: Function, x: Tensor, y: Tensor) -> Point:
    """f_x and f_y at (x, y)."""
    x, y = x.detach().requires_grad_(), y.detach().requires_grad_()
    return grad(f(x, y), (x, y))


def simultaneous(f: Function, x: Tensor, y: Tensor, eta: float) -> Point:
    """Both players step at once; x descends f, y ascends it."""
    down, up = slopes(f, x, y)
    return x - eta * down, y + eta * up


def alternating(f: Function, x: Tensor, y: Tensor, eta: float) -> Point:
    """x steps, and y answers: a GAN's two steps."""
    x = x - eta * slopes(f, x, y)[0]
    return x, y + eta * slopes(f, x, y)[1]


def extragradient(f: Function, x: Tensor, y: Tensor, eta: float) -> Point:
    """Both step by the slopes at the point to which their simultaneous steps would lead."""
    down, up = slopes(f, *simultaneous(f, x, y, eta))
    return x - eta * down, y + eta * up
