"""A whole engine.  Passing this stands for the whole track.

Five small graphs tell every wrong order of the backward pass from the right one:

    g1   x * x                          at x = 3      dz/dx = 6
    g2   b = a + a, c = b + b           at a = 3              4
    g3   y = 3x, 2y + 5y                at x = 3             21
    g4   y = 3x, 2y * y + x             at x = 2             73
    g5   y * (2y), y = 3x               at x = 2             72

Write Value with +, * and backward().  backward() sets .grad of everything that the Value depends
on, from dz/dz = 1 at itself.
"""


class Value:
    """A number with a gradient."""

    def __init__(self, data, parents=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self.parents = parents
        self.slopes = slopes

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        # BEGIN SOLUTION
        return Value(self.data + other.data, (self, other), (1.0, 1.0))
        # END SOLUTION

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        # BEGIN SOLUTION
        return Value(self.data * other.data, (self, other), (other.data, self.data))
        # END SOLUTION

    __radd__ = __add__
    __rmul__ = __mul__

    def backward(self):
        """Set .grad of all Values that this one depends on."""
        # BEGIN SOLUTION
        order, seen = [], set()

        def visit(node):
            if id(node) not in seen:
                seen.add(id(node))
                for parent in node.parents:
                    visit(parent)
                order.append(node)

        visit(self)
        self.grad = 1.0
        for node in reversed(order):
            for parent, slope in zip(node.parents, node.slopes):
                parent.grad += slope * node.grad
        # END SOLUTION
