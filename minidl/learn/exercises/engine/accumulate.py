"""A number that knows where it came from.

The smallest engine: a Value holds a number, the Values it was computed from, and for each of them
the slope of the result.

    z = x + y       dz/dx = 1, dz/dy = 1
    z = x * y       dz/dx = y, dz/dy = x

If x goes into several results, or twice into one (x * x), its gradient is the SUM of what comes
back from each.
"""


class Value:
    """A number with a gradient."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents  # the Values that it was computed from
        self.slopes = slopes  # d(this)/d(parent), a number for each of them

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        raise NotImplementedError

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        raise NotImplementedError

    __radd__ = __add__
    __rmul__ = __mul__


def push(value):
    """Give each parent its share of value.grad: parent.grad grows by slope * value.grad."""
    raise NotImplementedError
