"""Gradient checkpointing: keep the inputs of a piece of the graph, and compute the rest again.

A backward pass needs what the forward computed, so memory grows with depth.  A checkpoint keeps
nothing from inside its function; when the pass arrives, the function runs a second time.  With n
layers in sqrt(n) checkpoints, memory falls from n to sqrt(n) for the price of one more forward
(Chen et al. 2016, arXiv:1604.06174, section 4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import backend, errors
from .graph import Node, Tensor, edge_to
from .recording import clock, enable_grad, mode, observers
from .reverse import sweep
from .rules import OwnPlan
from .trees import leaves, map_leaves, map_tensors


def checkpoint(function: Callable, *inputs: Any) -> Any:
    """function(*inputs), which backward computes again instead of keeping what is inside.

    function: of Tensors, in nested lists or dicts if need be, and of anything else; it may use
        parameters, or any tensors, that it is not given.  Checkpoints nest.
    The second run draws the same random numbers from minidl's generators, and leaves running
    statistics alone.  Gradients are right to any order (create_graph), and then hold in memory what
    the second run computed.
    Raises RuntimeError in the backward pass if the second run gave other values than the first.
    """
    tensors = [x for x in leaves(inputs) if isinstance(x, Tensor)]
    for device in {x.device for x in tensors} | {"cpu"}:
        backend.generator(device)  # so that it has a state to be kept
    state, start = backend.random_state(), next(clock)
    result = function(*inputs)
    ys = leaves(result)
    if not mode.record or not any(isinstance(y, Tensor) and y.requires_grad for y in ys):
        return result

    # The first run was recorded only to learn what the function uses; its graph is dropped here.
    edges = [*_entries(ys, start)]
    arguments = map_tensors(inputs, lambda x: Tensor(x.data, x.edge))
    used = [x.data for x in tensors] + [*_values_of(edges)]
    call = _Call(function, arguments, edges, state, [_fingerprint(y) for y in ys])
    constant = [k for k, y in enumerate(ys) if not getattr(y, "requires_grad", False)]
    plan = OwnPlan("checkpoint", _pull, constant)
    node = Node(plan, [edges], (used, (), call), 0 if isinstance(result, Tensor) else len(ys))
    for observer in observers:
        observer.made(node, inputs, tuple(getattr(y, "data", y) for y in ys))
    numbers = iter(range(len(ys)))

    def place(y: Any) -> Any:
        k = next(numbers)
        return Tensor(y.data, edge_to(node, k, y.data)) if isinstance(y, Tensor) else y

    return map_leaves(result, place)


class _Call:
    """One call of a checkpoint: all that it takes to run it again."""

    def __init__(
        self, function: Callable, arguments: tuple, edges: list, state: dict, fingerprints: list
    ) -> None:
        self.function, self.arguments, self.edges = function, arguments, edges
        self.state, self.fingerprints = state, fingerprints

    def again(self) -> list:
        """The outputs, recorded this time to be kept."""
        now, before = backend.random_state(), mode.replaying
        backend.set_random_state(self.state)
        mode.replaying = True
        try:
            with enable_grad():
                ys = leaves(self.function(*self.arguments))
        finally:
            mode.replaying = before
            backend.set_random_state(now)
        if not np.allclose(self.fingerprints, [*map(_fingerprint, ys)], 1e-5, 0, equal_nan=True):
            raise errors.not_the_same_again(getattr(self.function, "__name__", "the function"))
        return ys


def _pull(g: Any, used: list, ys: tuple, call: _Call) -> list:
    """The rule of a checkpoint: run the function again, and go back through what was recorded.

    The pass ends at whatever is older than the second run: the inputs, and what the function uses
    besides.  Further back goes the pass that called this rule.
    """
    recorded, start = mode.record, next(clock)
    gs = g if isinstance(g, list) else [g]
    outputs, gradients = zip(*((y, g) for y, g in zip(call.again(), gs) if g is not None))
    places = [(node, number) if number else node for node, number, *_ in call.edges]
    targets = dict.fromkeys(places)
    arrived = sweep(outputs, gradients, targets, recorded, recorded, since=start)
    return [arrived.get(place, [None])[0] for place in places]


def _entries(ys: list, start: int) -> Iterator[tuple]:
    """The edges by which the graph of `ys`, made since `start`, is joined to what was there."""
    seen: set = set()
    waiting = [y.edge for y in ys if isinstance(y, Tensor)]
    while waiting:
        edge = waiting.pop()
        if isinstance(edge, list):
            waiting += edge
        elif edge is not None and edge[:2] not in seen:
            seen.add(edge[:2])
            if edge[0].order < start:
                yield edge
            else:
                waiting += edge[0].edges


def _values_of(edges: list) -> Iterator[Any]:
    """The arrays of the leaves that edges lead to: a change of one is a change of an input."""
    for node, *_ in edges:
        x = getattr(node, "tensor", lambda: None)()
        if x is not None:
            yield x.data


def _fingerprint(y: Any) -> float:
    """A number that tells whether an output is the same again, up to rounding."""
    return float(abs(y.data).sum()) if isinstance(y, Tensor) else 0.0
