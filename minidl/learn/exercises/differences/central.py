"""Measure a slope.

    f'(x) = (f(x + h) - f(x - h)) / 2h  +  O(h^2)

The forward difference (f(x + h) - f(x)) / h is wrong by O(h): for the same h it has half the
digits.  Everything else in this course rests on this one line.
"""


def slope(f, x, h):
    """The central difference of f at the number x, with step h."""
    raise NotImplementedError
