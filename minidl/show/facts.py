"""What is known of a recorded graph: names, values, gradients, what is kept, what was broadcast."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from .. import backend, errors
from ..accumulate import Scattered
from ..graph import Leaf, Node, Tensor
from ..recording import Observer, enable_grad
from ..reverse import grad
from ..trees import leaves

Place = tuple[Node, int]  # a node, and the number of one of its outputs


class Facts:
    """All that can be found out about the graph that ends in `roots`.

    nodes: all nodes, in the order in which they were made; shapes: of places.
    names: of places, and of arrays that are not in the graph (by id), as the user calls them.
    values, gradients: the arrays at places, as far as anything still holds them.
    constants: for each node, those of its arguments that are not in the graph.
    broadcast: (node, number of the edge) where a gradient has to be summed.
    note: why something is missing.
    """

    def __init__(self, roots: Sequence[Tensor], names: Mapping[Any, str]) -> None:
        self.roots, self.names, self.note = roots, dict(names), ""
        self.nodes = sorted(_reached(roots), key=lambda node: node.order)
        self.shapes: dict[Place, tuple] = {root.edge[:2]: root.shape for root in roots}
        for node in self.nodes:
            self.shapes.update(
                (one[:2], one[2]) for edge in node.edges for one, _ in _pairs(edge, edge)
            )
        self.values: dict[Place, Any] = {root.edge[:2]: root.data for root in roots}
        self.gradients: dict[Place, Any] = {}
        self.constants: dict[Node, dict[str, Any]] = {}
        self.broadcast: set[tuple[Node, int]] = set()

    def remember(self, recorder: Recorder) -> None:
        """Take over what a recorder saw when the nodes were made."""
        for node in self.nodes:
            if node in recorder.arguments:
                arguments, y = recorder.arguments[node], recorder.outputs[node]
                for k, part in enumerate(y if isinstance(y, tuple) else (y,)):
                    self.values[node, k] = part
                self._note_constants(node, dict(zip(node.plan.op.names, arguments)))

    def look_around(self, tensors: Sequence[Tensor]) -> None:
        """Find values in these tensors, leaves and what nodes saved; compute others again."""
        for x in tensors:
            if x.edge is not None:
                self.values.setdefault(x.edge[:2], x.data)
        for node in self.nodes:
            if isinstance(node, Leaf):
                if node.tensor() is not None:
                    self.values[node, 0] = node.tensor().data
                continue
            saved = dict(zip(node.plan.saves, node.saved or ()))
            for name, edge in _named_edges(node):
                for one, value in _pairs(edge, saved.get(name)):
                    self.values.setdefault(one[:2], value)
            y = saved.get("y")
            for k, part in enumerate(y if isinstance(y, tuple) else (y,)):
                if part is not None:
                    self.values.setdefault((node, k), part)
        for node in self.nodes:
            if node not in self.constants and not isinstance(node, Leaf):
                known = self._arguments(node)
                self._note_constants(node, known)
                self._compute_again(node, known)

    def differentiate(self) -> None:
        """Run a backward pass of the sum of the roots, which leaves no trace but here."""
        tensors = [node.tensor() for node in self.nodes if isinstance(node, Leaf)]
        alive = [x for x in tensors if x is not None]
        for x in alive:
            if x.grad is not None:
                self.gradients[x.edge[:2]] = x.grad.data
        if any(node.saved is None for node in self.nodes):
            self.note = (
                "backward has freed what is inside: draw before it, or use retain_graph=True"
            )
            return
        hooks = [(node, node.hooks) for node in self.nodes]
        for node in self.nodes:
            node.hooks = ()
        try:
            ones = [Tensor(backend.xp(y.data).ones(y.shape, y.dtype)) for y in self.roots]
            with _Watch(self):
                found = grad(self.roots, alive, ones, retain_graph=True, allow_unused=True)
            for x, g in zip(alive, found):
                if g is not None:
                    self.gradients[x.edge[:2]] = g.data
        except RuntimeError as error:
            self.note = str(error)
        finally:
            for node, own in hooks:
                node.hooks = own

    def kept(self, node: Node) -> str:
        """Which arrays a node keeps for its rules."""
        if node.saved is None:
            return "freed"
        own = (*node.plan.op.names, "y", "aux")
        names = [
            name
            for name, value in zip(node.plan.saves, node.saved)
            if name in own and any(backend.is_array(part) for part in leaves(value))
        ]
        return f"keeps {', '.join(names)}" if names else "keeps nothing"

    def unknown(self, node: Node) -> list[str]:
        """The inputs of a node that are not in the graph, and that nothing keeps."""
        op = node.plan.op
        known = {name for name, _ in _named_edges(node)} | self.constants[node].keys()
        inputs = {*getattr(op, "rules", ()), *getattr(op, "joint_inputs", ())}
        return [name for name in op.names if name in inputs and name not in known]

    def _arguments(self, node: Node) -> dict[str, Any]:
        """The arguments of a node's operation, as far as they are known."""
        saved = dict(zip(node.plan.saves, node.saved or ()))
        known = {name: saved[name] for name in node.plan.op.names if name in saved}
        for name, edge in _named_edges(node):
            if isinstance(edge, list):
                parts = known.get(name) or [None] * len(edge)
                known[name] = [
                    part if one is None else self.values.get(one[:2])
                    for one, part in zip(edge, parts)
                ]
            elif edge[:2] in self.values:
                known[name] = self.values[edge[:2]]
        return known

    def _note_constants(self, node: Node, arguments: dict[str, Any]) -> None:
        inputs = {name: edge for name, edge in _named_edges(node)}
        found = {}
        for name, value in arguments.items():
            if isinstance(inputs.get(name), list):
                pairs = zip(inputs[name], value)
                found.update((f"{name}[{i}]", v) for i, (e, v) in enumerate(pairs) if e is None)
            elif name not in inputs:
                found[name] = value
        self.constants[node] = {name: value for name, value in found.items() if value is not None}

    def _compute_again(self, node: Node, known: dict[str, Any]) -> None:
        """The output of a node, if it is not known but every argument is."""
        op = node.plan.op
        if (node, 0) in self.values or not hasattr(op, "forward"):
            return
        if any(name not in known for name in op.names) or any(
            value is None for value in leaves([known[name] for name, _ in _named_edges(node)])
        ):
            return
        y = op.forward(*(known[name] for name in op.names))
        y = y[0] if op.aux else y
        for k, part in enumerate(y if isinstance(y, tuple) else (y,)):
            self.values[node, k] = np.asarray(part) if np.isscalar(part) else part


class Recorder(Observer):
    """Keeps the arguments and outputs of all nodes that are made."""

    def __init__(self) -> None:
        self.arguments: dict[Node, Sequence] = {}
        self.outputs: dict[Node, Any] = {}

    def made(self, node: Node, arguments: Sequence, y: Any) -> None:
        """Keep them."""
        self.arguments[node], self.outputs[node] = [*arguments], y


class _Watch(Observer):
    """Sees the gradients of a pass, and where they have another shape than the input."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts

    def pulled(self, node: Node, g: Any, results: Sequence) -> None:
        """Note what arrives at a node and what its rules give."""
        for k, part in enumerate(g if isinstance(g, list) else [g]):
            if part is not None:
                self.facts.gradients[node, k] = part
        for i, (edge, result) in enumerate(zip(node.edges, results)):
            for one, part in _pairs(edge, result):
                if not isinstance(part, Scattered) and part.shape != one[2]:
                    self.facts.broadcast.add((node, i))


def known_names(around: Mapping[str, Any]) -> tuple[dict[Any, str], list[Tensor]]:
    """What tensors, arrays and parameters of models are called among these variables."""
    names: dict[Any, str] = {}
    tensors: list[Tensor] = []
    for name, value in around.items():
        if name.startswith("_") or isinstance(value, type):
            continue
        if isinstance(value, Tensor):
            tensors.append(value)
            names.setdefault(id(value.data), name)
            if value.edge is not None:
                names.setdefault(value.edge[:2], name)
        elif backend.is_array(value):
            names.setdefault(id(value), name)
        elif hasattr(value, "named_parameters"):
            names.update(parameter_names(value, f"{name}."))
    return names, tensors


def parameter_names(module: Any, prefix: str = "") -> dict[Any, str]:
    """The names of a Module's parameters and buffers, by place or array."""
    names: dict[Any, str] = {}
    for path, p in [*module.named_parameters(), *module.named_buffers()]:
        names[id(p.data)] = prefix + path
        if p.edge is not None:
            names[p.edge[:2]] = prefix + path
    return names


def argument_names(function: Callable, inputs: Sequence) -> dict[Any, str]:
    """What a function calls its inputs."""
    function = getattr(function, "forward", function)
    try:
        parameters = [*inspect.signature(function).parameters]
    except (TypeError, ValueError):  # a callable that does not tell
        parameters = []
    names = {}
    for name, x in zip(parameters, inputs):
        if isinstance(x, Tensor):
            names[id(x.data)] = name
            if x.edge is not None:
                names[x.edge[:2]] = name
    return names


def called(function: Callable, inputs: Sequence) -> tuple[list[Tensor], Recorder]:
    """The outputs of a function that require a gradient, and what was recorded on the way."""
    with enable_grad(), Recorder() as recorder:
        outputs = leaves(function(*inputs))
    roots = [y for y in outputs if isinstance(y, Tensor) and y.requires_grad]
    if not roots:
        raise errors.requires_no_gradient("draw: what the function returned")
    return roots, recorder


def _reached(roots: Sequence[Tensor]) -> set[Node]:
    """The nodes that roots depend on."""
    seen: set[Node] = set()
    waiting = [root.edge[0] for root in roots]
    while waiting:
        node = waiting.pop()
        if node not in seen:
            seen.add(node)
            for edge in node.edges:
                waiting += [one[0] for one, _ in _pairs(edge, edge)]
    return seen


def _named_edges(node: Node) -> Iterator[tuple[str, Any]]:
    """(parameter of the operation, edge or list of edges)."""
    if not isinstance(node, Leaf):
        for i, edge in zip(node.plan.inputs, node.edges):
            yield node.plan.op.names[i], edge


def _pairs(edge: Any, value: Any) -> list[tuple[tuple, Any]]:
    """An edge, or each of a list of edges, with its part of `value`, where neither is None."""
    if not isinstance(edge, list):
        edge, value = [edge], [value]
    parts = value if isinstance(value, list | tuple) else [None] * len(edge)
    return [(e, v) for e, v in zip(edge, parts) if e is not None and v is not None]
