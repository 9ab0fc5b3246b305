"""backward and grad: the reverse pass over a recorded graph, of any order.

The pass visits nodes from the last made to the first, which is a topological order: when it comes
to a node, every gradient that belongs to its output has arrived.  It adds them up, asks the rules
of the node for the gradients of its inputs, and sends these on along the edges.

A rule's one text serves twice.  Given arrays it computes: that is a first-order pass, and makes no
Tensor and no Node.  Given Tensors (create_graph=True) it is itself recorded, so that its result can
be differentiated again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Any

from . import backend, errors
from .accumulate import Sums, released
from .graph import Node, Tensor, edge_to, op
from .recording import changes, mark_changed, observers, set_grad_enabled


def backward(
    tensors: Tensor | Iterable[Tensor],
    gradients: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Add dL/dx to `x.grad` for every leaf x that `tensors` depend on, or for `inputs` alone.

    gradients: dL/dy for each y of `tensors`; a y with one element may do without: it is L itself.
    create_graph: record the pass, so that the gradients can be differentiated again.
    retain_graph: keep what the pass uses, for another pass; as `create_graph` unless given.
    Raises RuntimeError where nothing requires a gradient, on a second pass over what was not
    retained, and if a value that the pass needs was changed in place.
    """
    targets = None
    if inputs is not None:
        targets = {_place(x): x for x in _tensors(inputs, "backward: the inputs")}
    roots = _tensors(tensors, "backward: the tensors")
    arrived = sweep(roots, gradients, targets, retain_graph, create_graph)
    for place, box in arrived.items():
        x = place.tensor() if targets is None else targets[place]
        if x is not None:
            add_to_grad(x, box)


def grad(
    outputs: Tensor | Iterable[Tensor],
    inputs: Tensor | Iterable[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """sum_k g_k . dy_k/dx for each x of `inputs`, with y of `outputs` and g of `grad_outputs`.

    No `.grad` is touched.  An input that no output depends on raises RuntimeError, or gives None if
    `allow_unused`.  The other arguments and errors are those of `backward`.
    """
    places = [_place(x) for x in _tensors(inputs, "grad: the inputs")]
    targets = dict.fromkeys(places)
    roots = _tensors(outputs, "grad: the outputs")
    arrived = sweep(roots, grad_outputs, targets, retain_graph, create_graph)
    for i, place in enumerate(places):
        if place not in arrived and not allow_unused:
            raise errors.unused_input(i)
    return tuple(_as_tensor(arrived.get(place)) for place in places)


def add_to_grad(x: Tensor, box: list) -> None:
    """x.grad += g, which is in a box of its own; x.grad shares its memory with nothing."""
    (g,) = box
    if isinstance(g, Tensor):  # of a recorded pass
        x.grad = g if x.grad is None else x.grad + g
    elif x.grad is None:
        del g
        x.grad = Tensor(released(box))
    elif x.grad.requires_grad:
        x.grad = x.grad + Tensor(g)
    else:
        mark_changed(x.grad._data)
        x.grad._data += g


def sweep(
    outputs: Sequence[Tensor],
    gradients: Any,
    targets: dict | None,
    retain_graph: bool | None,
    create_graph: bool,
    since: int = 0,
) -> dict[Any, list]:
    """One reverse pass: {place: [gradient]} for `targets`, or for all leaves.

    since: a time.  The pass ends at nodes made before it: what arrives there is not passed on.
    """
    retain_graph = create_graph if retain_graph is None else retain_graph
    seeds = _seeds(outputs, gradients, create_graph)
    wanted, all_lead_on = _on_the_way([edge[0] for edge, _ in seeds], targets)
    sums, arrived = Sums(create_graph), {}

    def arrive(place: Any, g: Any) -> None:
        if g is not None and (targets is None or place in targets):
            arrived[place] = [g]

    sums.add(seeds, None)
    del seeds
    latest_first = sorted(wanted, key=attrgetter("order"), reverse=True)
    if since:
        latest_first = [node for node in latest_first if node.order > since]
    try:
        with set_grad_enabled(create_graph):
            for node in latest_first:
                plan, saved = node.plan, node.saved
                g = sums.take(node)
                if node.outputs:  # a tuple, perhaps of one
                    g = [g, *(sums.take((node, k)) for k in range(1, node.outputs))]
                if node.hooks:
                    g = _through_hooks(g, node, create_graph)
                if plan is None or targets is not None:
                    for k, g_k in enumerate(g if node.outputs else [g]):
                        arrive((node, k) if k else node, g_k)
                    if plan is None or not (
                        all_lead_on or any(_leads_on(edge, wanted) for edge in node.edges)
                    ):
                        continue
                if g is None or (node.outputs and all(g_k is None for g_k in g)):
                    continue
                if saved is None:
                    raise errors.already_freed(node.name)
                if changes.latest > node.order:
                    changes.refuse(saved, node.order, node.name)
                if all_lead_on and plan.simple:
                    results = plan.pull(g, on_tensors(node) if create_graph else saved)
                else:
                    results = _pull(node, g, wanted, create_graph)
                for observer in observers:
                    observer.pulled(node, g, results)
                pairs = zip(node.edges, results)
                sums.add(_each_of_lists(pairs, wanted) if plan.has_list else pairs, node)
                if plan.frees and not retain_graph:
                    node.saved = None
    except Exception as error:
        for observer in observers:
            observer.failed(node, error)
        raise
    for place in targets if since else ():
        arrive(place, sums.take(place))
    return arrived


def _pull(node: Node, g: Any, wanted: set, create_graph: bool) -> Sequence:
    """The gradients of a node's inputs, given the gradient g of its output (a list, if several)."""
    needed = [_leads_on(edge, wanted) for edge in node.edges]
    if not create_graph:
        return node.plan.gradients(g, node.saved, needed)
    if node.plan.rules:
        return node.plan.by_rules(g, on_tensors(node), needed)
    return _pull_through_definition(node, g, needed)


@op
def alias(x):
    """x itself, at a new place in the graph."""
    return x


alias.vjp(x=lambda g: g)


def _pull_through_definition(node: Node, g: Any, needed: list[bool]) -> list:
    """The gradients of a fused operation, recorded: trace its definition and differentiate that.

    The definition runs on fresh aliases of the inputs, and the inner pass stops at them.  Otherwise
    an input that is used twice, or that depends on another input, would be counted twice.
    """
    this = node.plan.op
    inputs = dict(zip(this.names, on_tensors(node)))
    names = [this.names[i] for i in node.plan.inputs]
    aliases = {name: alias(inputs[name]) for name, is_needed in zip(names, needed) if is_needed}
    y = this.definition(*(inputs | aliases).values())
    pairs = zip(y if isinstance(y, tuple) else [y], g if isinstance(g, list) else [g])
    ys, gs = zip(*((y_k, g_k) for y_k, g_k in pairs if g_k is not None))
    found = grad(ys, [*aliases.values()], gs, create_graph=True, allow_unused=True)
    by_name = dict(zip(aliases, found))
    return [by_name.get(name) for name in names]


def on_tensors(node: Node) -> list:
    """What a node saved, each float array as a Tensor at its place in the graph."""
    values = []
    for name, edge, value in zip(node.plan.saves, node.plan.edge_numbers, node.saved):
        if name == "y" and value.__class__ is tuple:
            values.append(tuple(_wrapped(y, edge_to(node, k, y)) for k, y in enumerate(value)))
        elif name == "y":
            values.append(_wrapped(value, edge_to(node, 0, value)))
        elif name in ("aux", "rest"):  # never at a place in the graph
            values.append(value)
        else:
            values.append(_wrapped(value, None if edge is None else node.edges[edge]))
    return values


def _wrapped(value: Any, edge: Any) -> Any:
    """A float array as a Tensor with this edge; in a list, each with its own."""
    if value.__class__ is list:
        return [*map(_wrapped, value, edge or [None] * len(value))]
    is_float = backend.is_array(value) and value.dtype.kind == "f"
    return Tensor(value, edge) if is_float else value


def _seeds(outputs: Sequence[Tensor], gradients: Any, create_graph: bool) -> list[tuple]:
    """The pairs (edge, gradient) that a pass begins with."""
    if gradients is None:
        gradients = [None] * len(outputs)
    elif not isinstance(gradients, list | tuple):
        gradients = [gradients]
    if len(gradients) != len(outputs):
        raise ValueError(f"{len(outputs)} outputs need as many gradients, not {len(gradients)}")
    seeds = []
    for y, g in zip(outputs, gradients):
        if y.edge is None:
            raise errors.requires_no_gradient("backward: this tensor")
        if g is None and y.size != 1:
            raise errors.not_a_number(y.shape)
        library = backend.xp(y._data)
        if g is None:
            g = library.ones(y.shape, y.dtype)
        elif not (create_graph and isinstance(g, Tensor)):
            g = library.asarray(g._data if isinstance(g, Tensor) else g, dtype=y.dtype)
        if g.shape != y.shape:
            raise errors.wrong_gradient_shape(g.shape, y.shape)
        seeds.append((y.edge, Tensor(g) if create_graph and not isinstance(g, Tensor) else g))
    return seeds


def _on_the_way(roots: Sequence[Node], targets: dict | None) -> tuple[set[Node], bool]:
    """The nodes that a pass visits: all that `roots` depend on, or those that lead to a target; and
    whether all of their edges lead to such nodes, so that every rule is needed."""
    ends = {t[0] if isinstance(t, tuple) else t for t in targets or ()}
    earliest = min((end.order for end in ends), default=0)
    seen, reached, passed = set(), [*roots], False
    for node in reached:  # which grows
        if node.order < earliest:
            passed = True  # all targets: nothing from here on leads to one
        elif node not in seen:
            seen.add(node)
            for edge in node.edges:
                if edge.__class__ is tuple:
                    reached.append(edge[0])
                else:
                    reached.extend(e[0] for e in edge if e is not None)
    if targets is None:
        return seen, True
    wanted: set[Node] = set()
    for node in sorted(seen, key=attrgetter("order")):
        if node in ends or any(_leads_on(edge, wanted) for edge in node.edges):
            wanted.add(node)
    return wanted, len(wanted) == len(seen) and not passed


def _each_of_lists(pairs: Iterable[tuple], wanted: set) -> Iterator[tuple]:
    """(edge, gradient) for each element of a list of inputs, and for each other input."""
    for edge, g in pairs:
        if edge.__class__ is tuple or g is None:
            yield edge, g
        else:
            yield from (pair for pair in zip(edge, g) if pair[0] and pair[0][0] in wanted)


def _leads_on(edge: Any, wanted: set) -> bool:
    """Whether an edge, or one of a list of edges, leads to a node in `wanted`."""
    if edge.__class__ is tuple:
        return edge[0] in wanted
    return any(e is not None and e[0] in wanted for e in edge)


def _through_hooks(g: Any, node: Node, create_graph: bool) -> Any:
    """What the hooks of a node make of the gradient of its output, or the list for its outputs."""
    parts = g if node.outputs else [g]
    for number, hook in node.hooks:
        known = parts[number]
        if known is not None:
            # Others may read the same array, so that a hook must not write into it.
            known = known if create_graph else Tensor(backend.read_only(backend.as_array(known)))
            replaced = hook(known)
            if replaced is not None:
                if not isinstance(replaced, Tensor) or replaced.shape != known.shape:
                    raise errors.wrong_hook(node.name, replaced, known.shape)
                if replaced.dtype != known.dtype:
                    replaced = replaced.astype(known.dtype)
                parts[number] = replaced if create_graph else replaced._data
    return parts if node.outputs else parts[0]


def _place(x: Tensor) -> Any:
    """Where the gradient of x arrives: at its node, or (node, number) for a later output."""
    if x.edge is None:
        raise errors.requires_no_gradient("grad: an input")
    node, number, *_ = x.edge
    return (node, number) if number else node


def _as_tensor(box: list | None) -> Tensor | None:
    """The gradient in a box, as a Tensor whose memory nobody else has."""
    if box is None or isinstance(box[0], Tensor):
        return box and box[0]
    return Tensor(released(box))


def _tensors(given: Any, what: str) -> list[Tensor]:
    """One tensor, or those that a list or `model.parameters()` gives, as a list."""
    if isinstance(given, Tensor) or not hasattr(given, "__iter__") or backend.is_array(given):
        given = [given]
    given = [*given]
    for x in given:
        if not isinstance(x, Tensor):
            raise errors.not_a_tensor(what, x)
    return given


def _backward(
    self: Tensor,
    gradient: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Add dL/dx to `x.grad` for every leaf x, where L is this tensor: see `autograd.backward`."""
    given = None if gradient is None else [gradient]
    backward([self], given, retain_graph, create_graph, inputs)


Tensor.backward = _backward
