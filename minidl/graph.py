"""Tensor, Node, op: how a computation is recorded as it runs.  (`reverse.py` differentiates it.)

Each operation on tensors that require a gradient leaves a `Node`, which knows the operation, where
its inputs came from (its edges), and the few arrays that its rules will need.  A rule is a
vector-Jacobian product: given g = dL/dy, the gradient of the output, it returns dL/dx for an input.

    @op
    def multiply(a, b):
        return a * b

    multiply.vjp(a=lambda g, b: g * b,
                 b=lambda g, a: g * a)

The names of a rule's parameters say what it needs, and only that is kept: `g` first, then inputs
and constants by their names, `y` for the output, `a_shape` for the shape of input a.  A rule can
read nothing else, no number that the forward put aside: that is what keeps its own derivative, the
second, right.

The operations are in `ops/`; this file knows none of them.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend, complaints, errors
from .handles import RemovableHandle
from .recording import clock, mark_changed, mode, observers
from .rules import Op, Plan
from .value import Value

# ------------------------------------------------------------------------------------ the value


class Tensor(Value):
    """An array, and where it came from.  Make one with `minidl.tensor`.

    `data` is the NumPy or CuPy array; `grad` the gradient that `backward` left, a Tensor or None.
    A tensor that requires a gradient has an `edge` into the graph: (node, number of the output that
    it is, shape, dtype).
    """

    __slots__ = ("_data", "edge", "_grad", "__weakref__")

    def __init__(self, data: Any, edge: tuple | None = None) -> None:
        self._data = data if data.__class__ is np.ndarray else backend.only_array(data)
        self.edge = edge
        self._grad = None

    @property
    def data(self) -> Any:
        """The array itself.  Assigning another one is a change that backward notices."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        value = value._data if isinstance(value, Tensor) else value
        if not backend.is_array(value):  # arithmetic on arrays without axes gives NumPy's scalars
            value = backend.array(value, device=self.device)
        value = backend.checked_dtype(value)
        if self.edge is not None and (value.shape, value.dtype) != (self.shape, self.dtype):
            raise errors.wrong_data(value, self)
        mark_changed(self._data)
        self._data = value

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward` left.  What is assigned must be a tensor of this shape."""
        return self._grad

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if value is not None and not (isinstance(value, Tensor) and value.shape == self.shape):
            raise errors.wrong_grad(value, self.shape)
        self._grad = value

    @property
    def node(self) -> Node | None:
        """The node that made this tensor; of a leaf, the node where its gradient arrives."""
        return self.edge and self.edge[0]

    @property
    def is_leaf(self) -> bool:
        """Whether it was made by the user, not by a recorded operation."""
        return self.edge is None or self.edge[0].plan is None

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to, or through, this tensor."""
        return self.edge is not None

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        if wanted == self.requires_grad:
            return
        if not self.is_leaf:
            raise errors.not_a_leaf(self.node.name, "stop requiring a gradient")
        if wanted and self.dtype.kind != "f":
            raise errors.integer_gradient(self.dtype)
        self.edge = (Leaf(self), 0, self.shape, self.dtype) if wanted else None

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`; returns this tensor."""
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same data, in the same memory, outside the graph."""
        return Tensor(self._data)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
        """Call `hook(g)` in every pass with the whole gradient of this tensor; unless it returns
        None, what it returns takes the place of g: a tensor like g.  It must not write into g.
        `remove()` of what this returns takes the hook away."""
        if self.edge is None:
            raise errors.requires_no_gradient("register_hook: this tensor")
        node, entry = self.edge[0], (self.edge[1], hook)
        node.hooks = (*node.hooks, entry)

        def remove() -> None:
            node.hooks = tuple(other for other in node.hooks if other is not entry)

        return RemovableHandle(remove)

    def retain_grad(self) -> None:
        """Have `backward` leave the gradient in `grad` although this is not a leaf."""
        this = weakref.ref(self)

        def keep(g: Tensor) -> None:
            if this() is not None:
                known = this().grad
                g = g if g.edge else tensor(g)
                this().grad = g if known is None else known + g

        if not self.is_leaf:
            self.register_hook(keep)


def tensor(
    data: Any, requires_grad: bool = False, dtype: Any = None, device: str | None = None
) -> Tensor:
    """A new tensor with a copy of `data`: numbers, nested lists, an array or a tensor.

    Arrays keep their dtype; Python floats become float32 (see `set_default_dtype`), ints int64.
    Raises TypeError for complex data, and if a tensor of integers is to require a gradient.
    """
    if isinstance(data, list | tuple) and any(getattr(x, "edge", None) for x in data):
        raise errors.copies_are_outside()
    made = Tensor(backend.array(data._data if isinstance(data, Tensor) else data, dtype, device))
    made.requires_grad = requires_grad
    return made


# ------------------------------------------------------------------------------------ the graph


class Node:
    """One recorded operation."""

    __slots__ = ("plan", "edges", "saved", "outputs", "order", "hooks", "__weakref__")

    def __init__(self, plan: Plan | None, edges: list, saved: tuple | None, outputs: int) -> None:
        self.plan = plan  # the operation, and which rules to run
        self.edges = edges  # where its inputs came from; for a list of inputs, a list of edges
        self.saved = saved  # what the rules will need; None once a pass has used it up
        self.outputs = outputs  # how many are in its tuple; 0 if it returned one array
        self.order = next(clock)
        self.hooks = ()

    @property
    def name(self) -> str:
        """The name of the operation."""
        return self.plan.name

    def __repr__(self) -> str:
        return f"<{self.name}>"


class Leaf(Node):
    """Where the gradient of a user's tensor arrives.  It holds that tensor weakly: no cycle."""

    __slots__ = ("tensor",)
    name = "leaf"

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(None, [], (), 0)
        self.tensor = weakref.ref(tensor)


# -------------------------------------------------------------------------------- the operation

operations: dict[str, Callable] = {}  # every operation, by name


def op(
    forward: Callable | None = None,
    *,
    list_of: str | None = None,
    aux: bool = False,
    constant_outputs: Sequence[int] = (),
) -> Any:
    """Make a function on arrays an operation on Tensors; give its rules with `.vjp(...)`.

    list_of: the parameter that is a list of inputs.
    aux: the forward returns (y, aux), where aux is for the fused backward alone.
    constant_outputs: numbers of float outputs that have no derivative (statistics).
    Called without any Tensor, the operation computes on arrays and returns an array.
    """
    if forward is None:
        return functools.partial(op, list_of=list_of, aux=aux, constant_outputs=constant_outputs)
    this = Op(forward, list_of, aux, constant_outputs)
    names, arity, plans = this.names, len(this.names), this.plans
    bits = [1 << i for i in range(arity)]
    as_it_is = arity if list_of is None else -1  # so many arguments need no binding

    @functools.wraps(forward)
    def call(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != as_it_is:
            args = this.bind(args, kwargs)
        values, edges, mask, tensors, strange = [], [], 0, False, False
        for bit, value in zip(bits, args):
            if isinstance(value, Tensor):
                tensors = True
                edge, value = value.edge, value._data
                if edge is not None:
                    mask |= bit
                    edges.append(edge)
            elif value.__class__ not in _plain:
                strange = True
            values.append(value)
        if strange:
            mask, tensors, edges = _unwrap(this, args, values, mask, tensors, edges)
        try:
            y = forward(*values)
        except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
            raise complaints.explain(this.name, names, values, error) from None
        if aux:
            y, extra = y
        if not tensors:
            return y
        several = y.__class__ is tuple
        if several:
            y = tuple(map(backend.as_array, y))
        elif y.__class__ is not np.ndarray:
            y = backend.as_array(y)  # a Tensor's data always is an array
        if not mask or not mode.record or not (several or y.dtype.kind == "f"):
            return tuple(map(Tensor, y)) if several else Tensor(y)

        plan = plans.get(mask) or this.plan(mask)
        for i in plan.copies:
            values[i] = _copied(values[i])
        values.append(y)
        if plan.saves_more:
            values.append(extra if aux else None)
            values += map(_shape, values[:arity]) if plan.saves_shapes else ()
        node = Node(plan, edges, plan.pick(values), len(y) if several else 0)
        for observer in observers:
            observer.made(node, values[:arity], y)
        if not several:
            return Tensor(y, (node, 0, y.shape, y.dtype))
        return tuple(Tensor(y_k, edge_to(node, k, y_k)) for k, y_k in enumerate(y))

    call.op, call.vjp, call.composite, call.backward = this, this.vjp, this.composite, this.backward
    operations[this.name] = call
    return call


_plain = {np.ndarray, float, int, bool, type(None), str}


def _unwrap(
    this: Op, args: Sequence, values: list, mask: int, tensors: bool, edges: list
) -> tuple[int, bool, list]:
    """Make arguments that are neither Tensors nor plain what they stand for, in `values`.

    A list of inputs gives a list of arrays, and a list of edges.  NumPy's scalars weigh no more
    than Python's, so that x * np.sqrt(2) leaves x in float32; elsewhere a list stands for what
    `tensor` makes of it.
    """
    for i, (name, value) in enumerate(zip(this.names, values)):
        if name == this.list_of:
            of_list = [getattr(v, "edge", None) for v in value]
            if any(of_list):
                edges.insert((mask & (1 << i) - 1).bit_count(), of_list)
                mask |= 1 << i
            tensors = tensors or any(isinstance(v, Tensor) for v in value)
            values[i] = [v._data if isinstance(v, Tensor) else v for v in value]
        elif tensors and isinstance(value, np.generic):
            values[i] = value.item()
        elif tensors and isinstance(value, list) and name in this.rules:
            values[i] = backend.array(value)
    return mask, tensors, edges


def _copied(index: Any) -> Any:
    """An index with copies of its arrays."""
    if isinstance(index, tuple | list):
        return type(index)(map(_copied, index))
    return index.copy() if backend.is_array(index) else index


def edge_to(node: Node, number: int, y: Any) -> tuple | None:
    """The edge to output `number` of a node, the array y; None if y cannot have a gradient."""
    return (node, number, y.shape, y.dtype) if node.plan.op.differentiable(number, y) else None


def _shape(value: Any) -> Any:
    """The shape of an argument, or the shapes of a list of them."""
    return [*map(_shape, value)] if isinstance(value, list) else getattr(value, "shape", ())
