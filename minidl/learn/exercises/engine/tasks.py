"""What is checked in the exercises on a scalar engine."""

from minidl.learn.exercise import Exercise, Program

TITLE = "a scalar engine, and why topological order"


def drive_push(module, seed):
    """Values and gradients after single pushes."""
    Value = module.Value
    x, y = Value(3.0), Value(5.0)
    product = x * y
    product.grad = 2.0
    module.push(product)
    once = x.grad
    total = x + y
    total.grad = 10.0
    module.push(total)
    a = Value(4.0)
    square = a * a
    square.grad = 1.0
    module.push(square)
    return {
        "x * y": product.data, "x + y": total.data, "3 + x": (3 + x).data,
        "x.grad after x * y": once, "y.grad after both": y.grad, "x.grad after both": x.grad,
        "a.grad after a * a": a.grad,
    }  # fmt: skip


PUSHED = {
    "x * y": 15.0, "x + y": 8.0, "3 + x": 6.0, "x.grad after x * y": 10.0,
    "y.grad after both": 16.0, "x.grad after both": 20.0, "a.grad after a * a": 8.0,
}  # fmt: skip


def drive_order(module, seed):
    """For three graphs: is every Value there, once, and after its parents?"""

    class Node:
        def __init__(self, *parents):
            self.parents = parents

    found = {}
    for name in ("chain", "diamond", "shared", "deep first"):
        x = Node()
        if name == "chain":
            top = Node(Node(x))
        elif name == "diamond":
            y = Node(x)
            top = Node(Node(y), Node(y))
        elif name == "shared":
            y = Node(x)
            top = Node(y, Node(y, x))
        else:
            y = Node(Node(Node(x)))
            top = Node(x, y)
        order = [id(node) for node in module.topological(top)]
        place = {node: i for i, node in enumerate(order)}
        todo, edges, right = [top], 0, 0
        visited = set()
        while todo:
            node = todo.pop()
            if id(node) in visited:
                continue
            visited.add(id(node))
            for parent in node.parents:
                edges += 1
                right += place.get(id(parent), 99) < place.get(id(node), -1)
                todo.append(parent)
        found[f"{name}: Values listed"] = len(order)
        found[f"{name}: listed twice"] = len(order) - len(place)
        found[f"{name}: children before a parent"] = edges - right
    return found


ORDERED = {
    "chain: Values listed": 3, "diamond: Values listed": 5, "shared: Values listed": 4,
    "deep first: Values listed": 5,
    **{f"{name}: {what}": 0 for name in ("chain", "diamond", "shared", "deep first")
       for what in ("listed twice", "children before a parent")},
}  # fmt: skip


def drive_engine(module, seed):
    """x.grad of the five probe graphs."""
    Value = module.Value
    x = Value(3.0)
    (x * x).backward()
    a = Value(3.0)
    b = a + a
    c = b + b
    c.backward()
    x3 = Value(3.0)
    y = 3 * x3
    (2 * y + 5 * y).backward()
    x4 = Value(2.0)
    y = 3 * x4
    (2 * y * y + x4).backward()
    x5 = Value(2.0)
    y = 3 * x5
    (y * (2 * y)).backward()
    return {"g1": x.grad, "g2": a.grad, "g3": x3.grad, "g4": x4.grad, "g5": x5.grad}


def probes(*grads):
    """x.grad of the five graphs, as an engine gives them."""
    return lambda seed: {f"g{i}": grad for i, grad in enumerate(grads, 1)}


EXERCISES = [
    Exercise(
        "accumulate", "a number that knows where it came from", points=2, page="row `bptt-gradient`",
        hints=(
            "A result keeps two things: who its parents are, and its slope by each of them.",
            "For a product the slope by one factor is the number in the other factor.",
            "In push the parent's gradient grows: += and not =. In x * x the same Value is parent "
            "twice, and both shares count.",
        ),
        checks=(
            Program("push", drive_push, lambda seed: PUSHED, (
                ("overwrites", "a gradient is overwritten (=) where it should grow (+=)", lambda seed: {
                    "x.grad after both": 10.0, "a.grad after a * a": 4.0}),
                ("own-slope", "each factor's slope is its own number, not the other's",
                 lambda seed: {"x.grad after x * y": 6.0}),
                ("upstream-missing", "the slope is passed on without value.grad",
                 lambda seed: {"x.grad after x * y": 5.0, "a.grad after a * a": 8.0}),
            )),
        ),
    ),
    Exercise(
        "topological", "in which order?", points=3, page="row `bptt-gradient`",
        hints=(
            "A recursive function that visits a node's parents before it appends the node.",
            "Remember what was visited, or a diamond lists its bottom twice. id(node) tells nodes "
            "apart, even if they hold equal numbers.",
            "visit(node): if it is new, mark it, visit each parent, and only then append it.",
        ),
        checks=(
            Program("topological", drive_order, lambda seed: ORDERED, (
                ("listed-twice", "nodes are not remembered as visited: a diamond lists them again",
                 lambda seed: {"diamond: Values listed": 7, "diamond: listed twice": 2}),
                ("children-first", "a node is put on the list before its parents",
                 lambda seed: {"chain: listed twice": 0, "chain: children before a parent": 2}),
            )),
        ),
    ),
    Exercise(
        "engine", "a whole engine", points=5, page="row `bptt-gradient`", fast=True,
        hints=(
            "Two parts: an order in which every Value comes after its parents, and a loop through "
            "it from the end.",
            "backward first sets self.grad to 1, or nothing ever arrives anywhere.",
            "In the loop each Value adds slope * its own gradient to each parent's. No Value is "
            "visited twice, and none before all its children.",
        ),
        checks=(
            Program("Value.backward", drive_engine, probes(6, 4, 21, 73, 72), (
                ("overwrites", "a gradient is overwritten (=) where it should grow (+=)",
                 probes(3, 1, 6, 36, 36)),
                ("no-order", "each Value passes its gradient on at once, by recursion, and again "
                 "whenever more arrives", probes(6, 8, 27, 145, 108)),
                ("pre-order", "a Value is put on the list before its parents (depth first, each "
                 "visited once)", probes(6, 4, 6, 73, 36)),
                ("breadth-first", "the graph is gone through level by level: a Value that is near by "
                 "one way and far by another is passed on too early", probes(6, 4, 21, 73, 36)),
                ("forward-order", "the list is gone through from its beginning, not from its end",
                 probes(6, 0, 0, 1, 0)),
                ("no-seed", "the gradient of the result by itself, 1, is not set",
                 probes(0, 0, 0, 0, 0)),
                ("parents-in-a-set", "the parents are kept in a set, which holds x only once in x * x",
                 probes(3, 1, 21, 73, 72)),
                ("assigns-and-recurses", "each Value assigns its parents' gradients and recurses",
                 probes(3, 1, 15, 1, 36)),
                ("cleared", "a Value forgets its parents after the first time it was passed on",
                 probes(6, 2, 6, 37, 36)),
            )),
        ),
    ),
]  # fmt: skip
