"""Function: an operation of your own, whose backward you write yourself, as in PyTorch.

    class Cube(autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * 3 * x**2

    y = Cube.apply(x)

Both work on Tensors.  `forward` is not recorded, `backward` is if it will be differentiated in its
turn; then what it reads must be known to the graph.  That is why only inputs and outputs can be
saved: a value from the middle of `forward` would arrive in `backward` as a constant, and the second
derivative would be a plausible wrong number.  Where that cannot be ruled out, an error is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import backend, errors
from .graph import Node, Tensor, edge_to
from .recording import mode, no_grad, observers
from .rules import OwnPlan
from .trees import leaves, map_tensors


class Context:
    """What `forward` leaves for `backward`: tensors, saved; and settings, as attributes.

    needs_input_grad: for each argument of `apply`, whether its gradient is wanted.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple = ()
        self._constant: tuple = ()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep these inputs and outputs of `forward` for `backward`, as `saved_tensors`."""
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What `save_for_backward` was given."""
        return self._saved

    def mark_non_differentiable(self, *outputs: Tensor) -> None:
        """Say that these outputs have no derivative; outputs of integers never have."""
        self._constant = outputs


class Function:
    """An operation with its own backward: subclass it, and call `apply`.

    forward(ctx, *args): computes a tensor, or a tuple of them, from tensors and other arguments.
    backward(ctx, *gs): takes dL/dy for each output y (zeros for one that is not used), and returns
        dL/dx for each argument of forward, None for one without a gradient.
    """

    def __init__(self, *_: Any) -> None:
        raise errors.call_apply(type(self).__name__)

    @staticmethod
    def forward(ctx: Context, *args: Any) -> Any:
        """The outputs; every subclass defines it."""
        raise NotImplementedError("a Function defines forward(ctx, *args)")

    @staticmethod
    def backward(ctx: Context, *gs: Tensor) -> Any:
        """The gradients of forward's arguments; every subclass defines it."""
        raise NotImplementedError("a Function defines backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *args: Any) -> Any:
        """forward(ctx, *args), as one operation of the graph."""
        edges = [a.edge if isinstance(a, Tensor) else None for a in args]
        ctx = Context(tuple(edge is not None for edge in edges))
        with no_grad():
            result = cls.forward(ctx, *args)
        ys = result if isinstance(result, tuple) else (result,)
        for y in ys:
            if not isinstance(y, Tensor):
                raise errors.not_an_output(cls.__name__, y)
        places, saved = _places(cls.__name__, ctx, args, ys)
        constant = [k for k, y in enumerate(ys) if any(y is c for c in ctx._constant)]
        ctx._saved = ctx._constant = ()

        outputs = [Tensor(y.data) for y in ys]
        if mode.record and any(ctx.needs_input_grad):
            call = _Call(cls, ctx, places, edges, [(y.shape, y.dtype) for y in ys])
            plan = OwnPlan(cls.__name__, _pull, constant)
            several = isinstance(result, tuple)
            node = Node(plan, [edges], (*saved, call), len(ys) if several else 0)
            for observer in observers:
                arguments = [a.data if isinstance(a, Tensor) else a for a in args]
                observer.made(node, arguments, tuple(y.data for y in ys))
            for k, y in enumerate(outputs):
                y.edge = edge_to(node, k, y.data)
        return tuple(outputs) if isinstance(result, tuple) else outputs[0]


def once_differentiable(backward: Callable) -> Callable:
    """Mark a Function's backward as one that cannot be differentiated: it may compute as it likes,
    on arrays for instance, and a second derivative raises RuntimeError."""
    backward.once = True
    return backward


class _Call:
    """What is known of one call of a Function beside the arrays that it saved."""

    def __init__(
        self, function: type[Function], ctx: Context, places: list, edges: list, outputs: list
    ) -> None:
        self.function, self.ctx, self.name = function, ctx, function.__name__
        self.places = places  # of each saved tensor: ("inputs" or "y", number), or None
        self.edges = edges  # of the arguments
        self.outputs = outputs  # (shape, dtype) of each

    def backward(self, gs: list[Tensor], inputs: list, ys: tuple) -> list:
        """What the user's backward returns: a gradient or None for each argument."""
        known = {"inputs": inputs, "y": ys}
        saved = [place and known[place[0]][place[1]] for place in self.places]
        self.ctx._saved = tuple(Tensor(s) if backend.is_array(s) else s for s in saved)
        try:
            results = self.function.backward(self.ctx, *gs)
        finally:
            self.ctx._saved = ()  # a tensor with its place in the graph would be a cycle
        results = [*results] if isinstance(results, tuple | list) else [results]
        if len(results) != len(self.edges):
            raise errors.wrong_gradient_count(self.name, len(results), len(self.edges))
        return results


def _pull(g: Any, inputs: list, ys: tuple, call: _Call) -> list:
    """The rule of every Function: call its backward on Tensors, and see that it is in order."""
    gs = g if isinstance(g, list) else [g]
    given = next(g for g in gs if g is not None)
    like = given.data if isinstance(given, Tensor) else given
    gs = [
        backend.zeros(shape, dtype, like) if g is None else g
        for g, (shape, dtype) in zip(gs, call.outputs)
    ]
    gs = [g if isinstance(g, Tensor) else Tensor(g) for g in gs]
    if not mode.record:
        results = call.backward(gs, inputs, ys)
    elif getattr(call.function.backward, "once", False):
        results = _once(gs, inputs, ys, call)
    else:
        results = _recorded(gs, inputs, ys, call)
    return [
        None if edge is None else _gradient(result, i, edge, call.name, like)
        for i, (result, edge) in enumerate(zip(results, call.edges))
    ]


def _gradient(result: Any, i: int, edge: tuple, name: str, like: Any) -> Any:
    """What backward returned for argument i, as the engine wants it; None stands for zeros."""
    if result is None:
        result = backend.zeros(edge[2], edge[3], like)
    elif not (isinstance(result, Tensor) or backend.is_array(result)):
        raise errors.not_a_gradient(name, i, result)
    if mode.record:
        return result if isinstance(result, Tensor) else Tensor(result)
    return result.data if isinstance(result, Tensor) else result


def _recorded(gs: list[Tensor], inputs: list, ys: tuple, call: _Call) -> list:
    """The gradients, differentiable again; raises RuntimeError if they cannot be."""
    for attribute, value in vars(call.ctx).items():
        if any(getattr(getattr(v, "dtype", None), "kind", "") == "f" for v in leaves(value)):
            what = f"ctx.{attribute} holds floats whose dependence on the inputs is not known"
            raise errors.hidden_from_the_graph(call.name, what)
    for place in call.places:
        if place and place[0] == "y" and isinstance(ys[place[1]], Tensor) and not ys[place[1]].edge:
            what = f"output {place[1]} is saved, and marked as not differentiable"
            raise errors.hidden_from_the_graph(call.name, what)
    results = call.backward(gs, inputs, ys)
    probe: list | None = None
    for i, (result, edge) in enumerate(zip(results, call.edges)):
        if edge is None or result is None or getattr(result, "edge", None) is not None:
            continue
        # It may be a constant times constants.  But it is linear in g, so it must follow g.
        if isinstance(result, Tensor) and probe is None:
            probe = call.backward([Tensor(g.data).requires_grad_() for g in gs], inputs, ys)
        if not isinstance(result, Tensor) or (probe[i].edge is None and result.data.any()):
            what = f"what backward returns for argument {i} was not computed from g by operations"
            raise errors.hidden_from_the_graph(call.name, what)
    return results


def _once(gs: list[Tensor], inputs: list, ys: tuple, call: _Call) -> list:
    """The gradients, each at a new place in the graph, from which no pass goes further back."""
    with no_grad():
        results = call.backward(*map_tensors([gs, inputs, ys], Tensor.detach))
    edges = [*(g.edge for g in gs), *call.edges]

    def refuse(*_: Any) -> None:
        raise errors.once_differentiable(call.name)

    node = Node(OwnPlan(call.name, refuse), [edges], ([], (), None), len(results))
    arrays = [r.data if isinstance(r, Tensor) else r for r in results]
    return [
        Tensor(r, (node, k, r.shape, r.dtype)) if backend.is_array(r) else r
        for k, r in enumerate(arrays)
    ]


def _places(name: str, ctx: Context, args: Sequence, ys: tuple) -> tuple[list, tuple]:
    """Where each saved tensor stands; and (inputs, outputs), None for those that are not saved."""
    places: list[tuple[str, int] | None] = []
    inputs: list = [None] * len(args)
    outputs: list = [None] * len(ys)
    for value in ctx._saved:
        at = []
        if isinstance(value, Tensor):
            at = [("inputs", i) for i, a in enumerate(args) if a is value]
            at += [("y", k) for k, y in enumerate(ys) if y is value]
        if not at and value is not None:
            raise errors.saved_intermediate(name, value)
        places.append(at[0] if at else None)
        if at:
            kind, number = at[0]
            (inputs if kind == "inputs" else outputs)[number] = value.data
    return places, (inputs, tuple(outputs))
