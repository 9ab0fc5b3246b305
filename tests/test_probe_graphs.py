"""Five small graphs that tell a right engine from every usual wrong one.

Each wrong engine here is one that somebody wrote.  On most graphs most of them are right: breadth
first passes four of the five.  The five numbers together name the engine.
"""

import pytest

import minidl

# the gradient of x in: x * x | (a + a) + (a + a) | a diamond | 2 y y + x | y (2 y), with y = 3 x
CORRECT = (6, 4, 21, 73, 72)


def probes(value):
    """Roots and leaves of the five graphs; `value` makes a leaf of a number."""
    x = value(3.0)
    yield x * x, x
    a = value(1.0)
    b = a + a
    yield b + b, a
    x = value(1.0)
    y = x * 3.0
    yield y * 2.0 + y * 5.0, x
    x = value(2.0)
    y = x * 3.0
    yield (y * 2.0) * y + x, x
    x = value(2.0)
    y = x * 3.0
    yield y * (y * 2.0), x


def test_minidl():
    found = []
    for root, x in probes(lambda v: minidl.tensor(v, requires_grad=True)):
        root.backward()
        found.append(x.grad.item())
    assert tuple(found) == CORRECT


def test_minidl_differentiably():
    found = []
    for root, x in probes(lambda v: minidl.tensor(v, requires_grad=True)):
        (gradient,) = minidl.autograd.grad(root, x, create_graph=True)
        found.append(gradient.item())
    assert tuple(found) == CORRECT


# ------------------------------------------------------------------------------- wrong engines


class Scalar:
    """A number that remembers its parents and the derivative by each."""

    def __init__(self, data, parents=(), slopes=()):
        self.data, self.parents, self.slopes, self.grad = data, list(parents), list(slopes), 0.0

    def __add__(self, other):
        return Scalar(self.data + other.data, [self, other], [1.0, 1.0])

    def __mul__(self, other):
        if isinstance(other, float):
            return Scalar(self.data * other, [self], [other])
        return Scalar(self.data * other.data, [self, other], [other.data, self.data])

    def push(self):
        """Give each parent its share of this node's gradient."""
        for parent, slope in zip(self.parents, self.slopes):
            parent.grad += slope * self.grad


def topological(root):
    """Every node after all that it was computed from."""
    order, seen = [], set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent in node.parents:
                visit(parent)
            order.append(node)

    visit(root)
    return order


def correct(root):
    root.grad = 1.0
    for node in reversed(topological(root)):
        node.push()


def overwrites(root):
    """= where += belongs."""
    root.grad = 1.0
    for node in reversed(topological(root)):
        for parent, slope in zip(node.parents, node.slopes):
            parent.grad = slope * node.grad


def recurses(root):
    """Hands on what has arrived so far, again and again."""

    def visit(node):
        node.push()
        for parent in node.parents:
            visit(parent)

    root.grad = 1.0
    visit(root)


def depth_first(root):
    """Each node once, at the first visit: before all of its gradient has arrived."""
    seen = set()

    def visit(node):
        if node not in seen:
            seen.add(node)
            node.push()
            for parent in node.parents:
                visit(parent)

    root.grad = 1.0
    visit(root)


def breadth_first(root):
    """By distance from the root: wrong where a node is near and far."""
    root.grad = 1.0
    queue, seen = [root], {root}
    for node in queue:
        node.push()
        for parent in node.parents:
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)


def forwards(root):
    """In the order of computation."""
    root.grad = 1.0
    for node in topological(root):
        node.push()


def unseeded(root):
    """Without dL/dL = 1."""
    for node in reversed(topological(root)):
        node.push()


def parents_in_a_set(root):
    """x * x has one parent then, and x gets one share."""
    root.grad = 1.0
    for node in reversed(topological(root)):
        for parent, slope in dict(zip(node.parents, node.slopes)).items():
            parent.grad += slope * node.grad


def twice(root):
    """A second pass over gradients that were not cleared."""
    correct(root)
    correct(root)


def cleared_after_use(root):
    """Hands each share on at once, and forgets a node's parents when it has been through."""

    def visit(node, g):
        node.grad += g
        parents, node.parents = node.parents, []
        for parent, slope in zip(parents, node.slopes):
            visit(parent, slope * g)

    visit(root, 1.0)


def assigns_and_recurses(root):
    """Hands each share on at once, and keeps the last."""

    def visit(node, g):
        node.grad = g
        for parent, slope in zip(node.parents, node.slopes):
            visit(parent, slope * g)

    visit(root, 1.0)


ENGINES = {
    correct: CORRECT,
    overwrites: (3, 1, 6, 36, 36),
    recurses: (6, 8, 27, 145, 108),
    depth_first: (6, 4, 6, 73, 36),
    breadth_first: (6, 4, 21, 73, 36),
    forwards: (6, 0, 0, 1, 0),
    unseeded: (0, 0, 0, 0, 0),
    parents_in_a_set: (3, 1, 21, 73, 72),
    twice: (12, 12, 84, 326, 252),
    cleared_after_use: (6, 2, 6, 37, 36),
    assigns_and_recurses: (3, 1, 15, 1, 36),
}


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.__name__)
def test_each_engine_has_its_numbers(engine):
    found = []
    for root, x in probes(Scalar):
        engine(root)
        found.append(x.grad)
    assert tuple(found) == ENGINES[engine]


def test_the_numbers_name_the_engine():
    assert len(set(ENGINES.values())) == len(ENGINES)
