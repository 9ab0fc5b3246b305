"""Tensor, op, Node, backward: reverse-mode differentiation of any order, in one sitting.

A computation is recorded as it runs.  Each operation on tensors that require a gradient leaves a
`Node`, which knows the operation, where its inputs came from (its edges), and the few arrays that
its rules will need.  `backward` visits the nodes from the last made to the first and asks each for
its vector-Jacobian product: given g = dL/dy, what is dL/dx for each input x?

    @op
    def multiply(a, b):
        return a * b

    multiply.vjp(a=lambda g, b: g * b,
                 b=lambda g, a: g * a)

The names of a rule's parameters say what it needs, and only that is kept: `g` first, then inputs
and constants by their names, `y` for the output, `a_shape` for the shape of input a.  One rule text
serves twice.  Given arrays it computes: that is a first-order pass, which makes no Tensor and no
Node.  Given Tensors (create_graph=True) it is itself recorded, so its result can be differentiated
again.  A rule can read nothing but inputs, output and constants, never a number that the forward
put aside; that is what keeps second derivatives right.

The operations are in `ops/`; this file knows none of them.
"""

from __future__ import annotations

import functools
import inspect
import itertools
import threading
import weakref
from collections.abc import Callable, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import numpy as np

from . import backend, errors
from .value import Value

clock = itertools.count(1)  # stamps nodes and changes; later is larger, so it sorts a graph
observers: list[Any] = []  # told of every node made and every rule run: debug(), trace()


# ------------------------------------------------------------------- whether to record, by thread


class _Mode(threading.local):
    record = True


mode = _Mode()


class set_grad_enabled:
    """Record operations, or do not, in a `with` block or a decorated function, in this thread."""

    def __init__(self, record: bool) -> None:
        self.record, self.before = record, []

    def __enter__(self) -> None:
        self.before.append(mode.record)
        mode.record = self.record

    def __exit__(self, *_: Any) -> None:
        mode.record = self.before.pop()

    def __call__(self, function: Callable) -> Callable:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with set_grad_enabled(self.record):
                return function(*args, **kwargs)

        return wrapped


def no_grad() -> set_grad_enabled:
    """`with no_grad():` what is computed here requires no gradient.  Also a decorator."""
    return set_grad_enabled(False)


def enable_grad() -> set_grad_enabled:
    """`with enable_grad():` operations are recorded here, even inside `no_grad`."""
    return set_grad_enabled(True)


# ------------------------------------------------------------------------------------ the value


class Tensor(Value):
    """An array, and where it came from.  Make one with `minidl.tensor`.

    `data` is the NumPy or CuPy array, `grad` the gradient that `backward` left: a Tensor, or None.
    `edge` leads into the graph if a gradient is required: (node, number of the output that this is,
    shape, dtype).
    """

    __slots__ = ("_data", "edge", "grad", "__weakref__")

    def __init__(self, data: Any, edge: tuple | None = None) -> None:
        self._data = data
        self.edge = edge
        self.grad = None

    @property
    def data(self) -> Any:
        """The array itself.  Assigning another one is a change that backward notices."""
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        value = value._data if isinstance(value, Tensor) else value
        if not backend.is_array(value):  # 0-d arithmetic gives NumPy scalars
            value = backend.array(value, device=backend.device_of(self._data))
        value = backend.checked_dtype(value)
        if self.edge is not None and (value.shape, value.dtype) != (self.shape, self.dtype):
            raise ValueError(
                f"data of shape {value.shape}, {value.dtype} cannot stand in for shape {self.shape}, "
                f"{self.dtype}, of which a gradient is required: make a new tensor"
            )
        mark_changed(self._data)
        self._data = value

    @property
    def node(self) -> Node | None:
        """The node that made this tensor; of a leaf, the node that collects its gradient."""
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
            raise RuntimeError(
                f"a result (of {self.node.name}) cannot stop to require a gradient: detach() it"
            )
        if wanted and self.dtype.kind != "f":
            raise TypeError(
                f"only float tensors can have a gradient, and this one is {self.dtype}: "
                "make it with dtype='float32', or use .astype('float32') first"
            )
        self.edge = (Leaf(self), 0, self.shape, self.dtype) if wanted else None

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Set `requires_grad`; returns this tensor."""
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same data, in the same memory, outside the graph."""
        return Tensor(self._data)

    def backward(
        self,
        gradient: Any = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Sequence[Tensor] | None = None,
    ) -> None:
        """Add dL/dx to `x.grad` for every leaf x, where L is this tensor; see `backward`."""
        gradients = None if gradient is None else [gradient]
        backward([self], gradients, retain_graph, create_graph, inputs)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Callable[[], None]:
        """Call `hook(g)` in every pass with the whole gradient of this tensor; unless it returns
        None, what it returns takes the place of g.  Returns a function that removes the hook."""
        if self.edge is None:
            raise RuntimeError("register_hook: this tensor requires no gradient")
        node, entry = self.edge[0], (self.edge[1], hook)
        node.hooks = (*node.hooks, entry)

        def remove() -> None:
            node.hooks = tuple(other for other in node.hooks if other is not entry)

        return remove

    def retain_grad(self) -> None:
        """Have `backward` leave the gradient in `grad` although this is not a leaf."""
        this = weakref.ref(self)
        if not self.is_leaf:
            self.register_hook(
                lambda g: add_to_grad(this(), g._data.copy() if g.edge is None else g)
            )

    def __deepcopy__(self, memo: dict) -> Tensor:
        if not self.is_leaf:
            raise RuntimeError(
                f"a result (of {self.node.name}) cannot be copied with its graph: detach() it"
            )
        copy = type(self).__new__(type(self))
        Tensor.__init__(copy, self._data.copy())
        copy.requires_grad = self.requires_grad
        copy.grad = None if self.grad is None else Tensor(self.grad._data.copy())
        return copy

    def __reduce_ex__(self, protocol: int) -> tuple:
        if not self.is_leaf:
            raise RuntimeError(
                f"a result (of {self.node.name}) cannot be pickled with its graph: detach() it"
            )
        return _unpickled, (type(self), self._data, self.requires_grad)


def _unpickled(kind: type, data: Any, requires_grad: bool) -> Tensor:
    made = kind.__new__(kind)
    Tensor.__init__(made, data)
    return made.requires_grad_(requires_grad)


def tensor(
    data: Any, requires_grad: bool = False, dtype: Any = None, device: str | None = None
) -> Tensor:
    """A new tensor with a copy of `data`: numbers, nested lists, an array or a tensor.

    Arrays keep their dtype; Python floats become float32 (see `set_default_dtype`), ints int64.
    Raises TypeError for complex data, and if an integer tensor is to require a gradient.
    """
    made = Tensor(backend.array(data._data if isinstance(data, Tensor) else data, dtype, device))
    made.requires_grad = requires_grad
    return made


# --------------------------------------------------------------------------- changes in place

_changes: dict[
    int, tuple[weakref.ref, int]
] = {}  # memory that was written to -> when, by the clock


def _owner(array: Any) -> Any:
    """The array whose memory this is, if `array` is a view of another."""
    while isinstance(array.base, type(array)):
        array = array.base
    return array


def mark_changed(array: Any) -> None:
    """Note that `array` was, or is about to be, written to: whoever saved it must not use it now."""
    owner = _owner(array)
    key = id(owner)
    known = _changes.get(key)
    reference = known[0] if known else weakref.ref(owner, lambda _: _changes.pop(key, None))
    _changes[key] = (reference, next(clock))


def _refuse_if_changed(node: Node) -> None:
    for value in itertools.chain.from_iterable(v if type(v) is list else (v,) for v in node.saved):
        if backend.is_array(value) and _changes.get(id(_owner(value)), (0, 0))[1] > node.order:
            raise RuntimeError(
                f"{node.name}: a value of shape {value.shape} that its gradient needs was changed in "
                "place after it was used (by an optimiser step, copy_, or .data = ...): call backward "
                "before the change, or compute from a copy"
            )


# ------------------------------------------------------------------------------------ the graph


class Node:
    """One recorded operation."""

    __slots__ = ("plan", "edges", "saved", "outputs", "order", "hooks", "__weakref__")

    def __init__(
        self, plan: Plan | None, edges: Sequence, saved: Sequence | None, outputs: int
    ) -> None:
        self.plan = plan  # which rules to run, and on what
        self.edges = edges  # for each rule the input's edge, or a list of edges and None
        self.saved = saved  # arrays and constants; None once a pass has used them up
        self.outputs = outputs
        self.order = next(clock)
        self.hooks = ()

    @property
    def name(self) -> str:
        """The name of the operation."""
        return self.plan.op.name


class Leaf(Node):
    """Where the gradient of a user's tensor arrives.  It holds that tensor weakly: no cycle."""

    __slots__ = ("tensor",)
    name = "leaf"

    def __init__(self, tensor: Tensor) -> None:
        super().__init__(None, (), (), 1)
        self.tensor = weakref.ref(tensor)


# -------------------------------------------------------------------------------- the operation

operations: dict[str, Callable] = {}  # every operation by name


class Op:
    """What is known of one operation: its forward on arrays, and the rules that differentiate it."""

    def __init__(
        self, forward: Callable, list_of: str | None, aux: bool, constant_outputs: Sequence[int]
    ) -> None:
        self.forward, self.name = forward, forward.__name__.strip("_")
        signature = inspect.signature(forward).parameters.values()
        self.defaults = {p.name: p.default for p in signature}
        self.names = tuple(self.defaults)
        self.list_of, self.list_at = list_of, self.names.index(list_of) if list_of else None
        self.aux, self.constant_outputs = aux, frozenset(constant_outputs)
        self.rules: dict[str, Callable] = {}  # input name -> rule
        self.joint: Callable | None = None  # or one rule for the inputs named in joint_inputs
        self.joint_inputs: tuple[str, ...] = ()
        self.definition: Callable | None = None
        self.plans: dict[int, Plan] = {}

    def vjp(self, **rules: Callable) -> None:
        """Give the rule of each differentiable input: `vjp(a=lambda g, b: g * b, ...)`."""
        for name, rule in rules.items():
            needed = [*inspect.signature(rule).parameters]
            known = {*self.names, "y", *(f"{n}_shape" for n in self.names)}
            if name not in self.names or needed[0] != "g" or not known.issuperset(needed[1:]):
                raise TypeError(
                    f"{self.name}.vjp({name}=...): a rule takes g, then names out of {sorted(known)}"
                )
            self.rules[name] = rule

    def composite(self, definition: Callable) -> Callable:
        """Give the definition of a fused operation in plain operations."""
        self.definition = definition
        return definition

    def backward(self, *inputs: str) -> Callable[[Callable], Callable]:
        """Give the one rule of a fused operation, on arrays, which returns a gradient for each of
        `inputs`; it may name `aux`, and `needs` to learn which of them are wanted."""
        if self.definition is None:
            raise TypeError(
                f"{self.name}: a fused operation needs its composite, for second derivatives"
            )

        def register(rule: Callable) -> Callable:
            self.joint, self.joint_inputs = rule, inputs
            self.joint_parameters = (*inspect.signature(rule).parameters,)
            return rule

        return register

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> list:
        """The arguments of a call, one for each parameter, in order."""
        bound = list(args)
        for name in self.names[len(args) :]:
            value = kwargs.pop(name) if name in kwargs else self.defaults[name]
            if value is inspect.Parameter.empty:
                raise TypeError(f"{self.name}() needs {name!r}: it takes {', '.join(self.names)}")
            bound.append(value)
        if kwargs:
            raise errors.unexpected_keyword(self.name, next(iter(kwargs)), self.names)
        if len(bound) > len(self.names):
            raise TypeError(
                f"{self.name}() takes {', '.join(self.names)}, not {len(bound)} arguments"
            )
        return bound

    def differentiable(self, number: int, y: Any) -> bool:
        """Whether output `number`, the array y, can have a gradient."""
        return number not in self.constant_outputs and y.dtype.kind == "f"

    def plan(self, mask: int) -> Plan:
        """What to keep and which rules to run when the inputs in `mask` need a gradient."""
        if mask not in self.plans:
            self.plans[mask] = Plan(self, [i for i in range(len(self.names)) if mask >> i & 1])
        return self.plans[mask]


class Plan:
    """One operation with the gradient of certain of its inputs needed."""

    def __init__(self, op: Op, inputs: list[int]) -> None:
        self.op, self.inputs = op, inputs
        names = [op.names[i] for i in inputs]
        missing = [n for n in names if n not in (op.joint_inputs or op.rules)]
        if missing:
            raise TypeError(
                f"{op.name} has no derivative with respect to {missing[0]!r}: pass {missing[0]}.detach() "
                "if it is a constant here"
            )
        available = [*op.names, "y", "aux", *(f"{n}_shape" for n in op.names)]
        if op.joint:  # the definition, should it be traced, wants all inputs
            wanted = [
                *op.names,
                *(p for p in inspect.signature(op.joint).parameters if p in ("y", "aux")),
            ]
        else:
            wanted = [p for n in names for p in [*inspect.signature(op.rules[n]).parameters][1:]]
        self.saves = list(dict.fromkeys(wanted))
        self.keep = _picker([available.index(n) for n in self.saves])
        self.extras = any(n in available[len(op.names) + 1 :] for n in self.saves)
        self.rules = []
        if not op.joint:
            for n in names:
                needed = [*inspect.signature(op.rules[n]).parameters][1:]
                self.rules.append((op.rules[n], _picker([self.saves.index(p) for p in needed])))


def _picker(positions: list[int]) -> Callable[[Sequence], tuple]:
    """A function from a sequence to the tuple of its elements at `positions`."""
    if len(positions) > 1:
        return itemgetter(*positions)
    if positions:
        (i,) = positions
        return lambda values: (values[i],)
    return lambda values: ()


def op(
    forward: Callable | None = None,
    *,
    list_of: str | None = None,
    aux: bool = False,
    constant_outputs: Sequence[int] = (),
) -> Any:
    """Make an operation on Tensors of a function on arrays; give its rules with `.vjp(...)`.

    list_of: the parameter that is a list of inputs.  aux: the forward returns (y, aux), where aux is
    for the fused backward alone.  constant_outputs: float outputs without derivative (statistics).
    Called without any Tensor, the operation computes on arrays and returns an array.
    """
    if forward is None:
        return functools.partial(op, list_of=list_of, aux=aux, constant_outputs=constant_outputs)
    this = Op(forward, list_of, aux, constant_outputs)
    names, list_at, arity, plans = this.names, this.list_at, len(this.names), this.plans
    bits = [1 << i for i in range(arity)]

    @functools.wraps(forward)
    def apply(*args: Any, **kwargs: Any) -> Any:
        if kwargs or len(args) != arity:
            args = this.bind(args, kwargs)
        values, mask, tensors, strange = [], 0, False, False
        for bit, value in zip(bits, args):
            if isinstance(value, Tensor):
                tensors = True
                if value.edge is not None:
                    mask |= bit
                value = value._data
            elif value.__class__ not in _plain:
                strange = True
            values.append(value)
        if list_at is not None:
            elements = values[list_at] = list(values[list_at])
            for i, value in enumerate(elements):
                if isinstance(value, Tensor):
                    tensors, elements[i] = True, value._data
                    if value.edge is not None:
                        mask |= bits[list_at]
        if tensors and strange:
            values = [_weak(v, list_at is None and n in this.rules) for n, v in zip(names, values)]
        try:
            y = forward(*values)
        except (ValueError, TypeError, IndexError, np.linalg.LinAlgError) as error:
            raise errors.explain(this.name, names, values, error) from None
        if aux:
            y, extra = y
        if not tensors:
            return y
        several = y.__class__ is tuple
        if not several and y.__class__ is not np.ndarray and not backend.is_array(y):
            y = np.asarray(y)  # NumPy's scalars are not arrays, a Tensor's data always is
        if not mask or not mode.record or not (several or y.dtype.kind == "f"):
            return tuple(map(Tensor, y)) if several else Tensor(y)

        plan = plans.get(mask) or this.plan(mask)
        edges = (
            [args[i].edge for i in plan.inputs] if list_at is None else _edges(args, plan.inputs)
        )
        values.append(y)
        if plan.extras:
            values.append(extra if aux else None)
            values.extend(map(_shape, values[:arity]))
        node = Node(plan, edges, plan.keep(values), len(y) if several else 1)
        for observer in observers:
            observer.made(node)
        if several:
            return tuple(
                Tensor(v, (node, k, v.shape, v.dtype) if this.differentiable(k, v) else None)
                for k, v in enumerate(y)
            )
        return Tensor(y, (node, 0, y.shape, y.dtype))

    apply.op, apply.vjp, apply.composite, apply.backward = (
        this,
        this.vjp,
        this.composite,
        this.backward,
    )
    operations[this.name] = apply
    return apply


_plain = {np.ndarray, float, int, bool, type(None), tuple, str}


def _weak(value: Any, is_input: bool) -> Any:
    """NumPy's scalars weigh no more than Python's, so that x * np.sqrt(2) leaves x in float32; a
    list is what `tensor` would make of it."""
    if isinstance(value, np.generic):
        return value.item()
    return backend.array(value) if is_input and type(value) is list else value


def _shape(value: Any) -> Any:
    """The shape of an argument, or the shapes of a list of them."""
    if isinstance(value, list):
        return [getattr(v, "shape", ()) for v in value]
    return getattr(value, "shape", ())


def _edges(args: Sequence, inputs: list[int]) -> list:
    """The edges of arguments some of which are lists of inputs."""
    return [
        [getattr(e, "edge", None) for e in args[i]]
        if not isinstance(args[i], Tensor)
        else args[i].edge
        for i in inputs
    ]


@op
def alias(x):
    """x itself, as a new place in the graph."""
    return x


alias.vjp(x=lambda g: g)


# --------------------------------------------------------------------------------- backward


class Scattered:
    """The gradient of an indexed read: `values` at `index`, zero elsewhere.

    The pass collects these, and adds all that belong to one tensor into one array, so that reading
    x[t] for every t costs O(T) and not O(T^2).
    """

    __slots__ = ("values", "index", "shape", "dtype")
    total: Callable  # (list of values, list of indices, shape) -> their sum: an operation of ops/

    def __init__(self, values: Any, index: Any, shape: tuple[int, ...]) -> None:
        self.values, self.index, self.shape, self.dtype = values, index, shape, values.dtype


def backward(
    tensors: Sequence[Tensor],
    gradients: Sequence[Any] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """Add dL/dx to `x.grad` for every leaf x that `tensors` depend on, or for `inputs` alone.

    gradients: dL/dy for each y of `tensors`; one with a single element may do without: it is L.
    create_graph: record the pass itself, so that the gradients can be differentiated again.
    retain_graph: keep the saved arrays for another pass; as `create_graph` unless given.
    Raises RuntimeError where nothing requires a gradient, on a second pass over what was not
    retained, and if a value that the pass needs was changed in place.
    """
    targets = None if inputs is None else {_key(x) for x in inputs}
    leaves = {} if inputs is None else {_key(x): x for x in inputs}
    for key, (g, owned) in _sweep(tensors, gradients, targets, retain_graph, create_graph).items():
        x = leaves[key] if leaves else key.tensor()
        if x is not None:
            add_to_grad(x, g, owned)


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """sum_k grad_outputs_k . d outputs_k / d x for each x of `inputs`, leaving every `.grad` alone.

    An input that no output depends on raises RuntimeError, or gives None under `allow_unused`.
    The other arguments and errors are those of `backward`.
    """
    outputs, inputs = _as_list(outputs), _as_list(inputs)
    keys = [_key(x) for x in inputs]
    arrived = _sweep(outputs, grad_outputs, set(keys), retain_graph, create_graph)
    results = []
    for i, key in enumerate(keys):
        if key not in arrived and not allow_unused:
            raise RuntimeError(
                f"grad: no output depends on input {i}; allow_unused=True gives None for it instead"
            )
        g, owned = arrived.get(key, (None, True))
        if isinstance(g, Tensor) or g is None:
            results.append(g)
        elif isinstance(g, np.generic):
            results.append(Tensor(np.asarray(g)))
        else:  # equal inputs must not share one array
            results.append(Tensor(g if owned and key not in keys[:i] else g.copy()))
    return tuple(results)


def add_to_grad(x: Tensor, g: Any, owned: bool = False) -> None:
    """x.grad += g, where x.grad is always writable and shares its memory with nothing else."""
    if x.grad is not None and (isinstance(g, Tensor) or x.grad.edge is not None):
        x.grad = x.grad + g
    elif x.grad is not None:
        mark_changed(x.grad._data)
        x.grad._data += g
    elif isinstance(g, Tensor):
        x.grad = g
    else:
        x.grad = Tensor(np.asarray(g) if owned or isinstance(g, np.generic) else g.copy())


def _sweep(
    outputs: Sequence[Tensor],
    gradients: Any,
    targets: set | None,
    retain_graph: bool | None,
    create_graph: bool,
) -> dict:
    """One reverse pass.  Returns {place: (gradient, whether only we hold it)} for `targets`, or for
    all leaves.  A place is a node, or (node, number) for the later outputs of a node with several."""
    retain_graph = create_graph if retain_graph is None else retain_graph
    seeds = _seeds(outputs, gradients, create_graph)
    wanted = _on_the_way([edge[0] for edge, _ in seeds], targets)
    pending: dict = {}  # place -> the sum of what arrived there so far
    ours: set = set()  # places whose sum is an array that this pass made: it may be added to
    parts: dict = {}  # place -> the Scattered gradients that arrived there
    arrived: dict = {}

    def deliver(edge: tuple, g: Any, source: Node | None) -> None:
        node, number, shape, dtype = edge
        place = (node, number) if number else node
        if g.__class__ is Scattered:
            parts.setdefault(place, []).append(g)
            return
        if g.shape != shape or g.dtype is not dtype:
            g = _fitted(g, shape, dtype, source)
        if place not in pending:
            pending[place] = g
        elif place in ours:
            pending[place] += g
        else:
            pending[place] = pending[place] + g
            if not create_graph:
                ours.add(place)

    def collect(node: Node, number: int) -> Any:
        """The whole gradient of one output, now that no more can arrive."""
        place = (node, number) if number else node
        g = pending.pop(place, None)
        if parts and place in parts:
            total = Scattered.total(
                *zip(*((p.values, p.index) for p in parts[place])), parts[place][0].shape
            )
            g = total if g is None else g + total
            if not create_graph:
                ours.add(place)
        if g is not None and node.hooks:
            g, changed = _through_hooks(g, node, number, create_graph)
            ours.discard(place) if changed else None
        if g is not None and (place in targets if targets is not None else node.plan is None):
            arrived[place] = g, place in ours
        return g

    for edge, g in seeds:
        deliver(edge, g, None)
    with set_grad_enabled(create_graph):
        for node in sorted(wanted, key=attrgetter("order"), reverse=True):
            g = collect(node, 0)
            if node.outputs > 1:
                g = [g, *(collect(node, k) for k in range(1, node.outputs))]
            if node.plan is None or g is None or (node.outputs > 1 and all(o is None for o in g)):
                continue
            if not any(_leads_on(edge, wanted) for edge in node.edges):
                continue
            if node.saved is None:
                raise RuntimeError(
                    f"{node.name}: a backward pass already went through here and freed what this one "
                    "needs; pass retain_graph=True to the first"
                )
            if _changes:
                _refuse_if_changed(node)
            results = _pull(node, g, wanted, create_graph)
            for observer in observers:
                observer.pulled(node, g, results)
            for edge, result in zip(node.edges, results):
                if edge.__class__ is tuple:
                    if result is not None and edge[0] in wanted:
                        deliver(edge, result, node)
                        if (
                            edge[0].plan is None
                            and not create_graph
                            and _is_new(result, g, node, results)
                        ):
                            ours.add(edge[0])
                else:
                    for one_edge, one in zip(edge, result):
                        if one_edge is not None and one_edge[0] in wanted:
                            deliver(one_edge, one, node)
            if not retain_graph and node.saved:
                node.saved = None
    return arrived


def _pull(node: Node, g: Any, wanted: set, create_graph: bool) -> Sequence:
    """The gradients of a node's inputs, given the gradient g of its output (a list, if several)."""
    plan = node.plan
    if plan.op.joint is None:
        saved = _on_tensors(node) if create_graph else node.saved
        return [
            rule(g, *pick(saved)) if _leads_on(edge, wanted) else None
            for (rule, pick), edge in zip(plan.rules, node.edges)
        ]
    needs = {plan.op.names[i]: edge[0] in wanted for i, edge in zip(plan.inputs, node.edges)}
    if create_graph:
        return _pull_through_definition(node, g, needs)
    given = dict(zip(plan.saves, node.saved), g=g)
    given["needs"] = tuple(needs.get(name, False) for name in plan.op.joint_inputs)
    results = plan.op.joint(*(given[p] for p in plan.op.joint_parameters))
    by_name = dict(zip(plan.op.joint_inputs, results))
    return [by_name[name] for name in needs]


def _pull_through_definition(node: Node, g: Any, needs: dict[str, bool]) -> list:
    """A fused operation, differentiably: trace its definition, and differentiate that.

    The definition runs on fresh aliases of the inputs, and the inner pass stops at them.  Otherwise
    an input that is used twice, or that depends on another input, would be counted twice.
    """
    this = node.plan.op
    inputs = dict(zip(this.names, _on_tensors(node)))
    aliases = {name: alias(inputs[name]) for name, needed in needs.items() if needed}
    y = this.definition(*(inputs | aliases).values())
    pairs = zip(y if isinstance(y, tuple) else [y], g if isinstance(g, list) else [g])
    ys, gs = zip(*((one, g_one) for one, g_one in pairs if g_one is not None))
    found = grad(ys, [*aliases.values()], gs, create_graph=True, allow_unused=True)
    by_name = dict(zip(aliases, found))
    return [by_name.get(name) for name in needs]


def _on_tensors(node: Node) -> list:
    """What a node saved, each float array as a Tensor at its place in the graph."""
    plan = node.plan
    edges = {plan.op.names[i]: edge for i, edge in zip(plan.inputs, node.edges)}

    def wrap(value: Any, edge: tuple | None) -> Any:
        is_float = backend.is_array(value) and value.dtype.kind == "f"
        return Tensor(value, edge) if is_float else value

    def output(k: int, value: Any) -> Any:
        return wrap(
            value, (node, k, value.shape, value.dtype) if plan.op.differentiable(k, value) else None
        )

    values = []
    for name, value in zip(plan.saves, node.saved):
        if name == "y":
            several = value.__class__ is tuple
            values.append(
                tuple(output(*kv) for kv in enumerate(value)) if several else output(0, value)
            )
        elif name == plan.op.list_of:
            values.append([*map(wrap, value, edges.get(name) or [None] * len(value))])
        else:
            values.append(wrap(value, edges.get(name)))
    return values


def _seeds(outputs: Sequence[Tensor], gradients: Any, create_graph: bool) -> list[tuple]:
    """The pairs (edge, gradient) that a pass begins with."""
    gradients = [None] * len(outputs) if gradients is None else _as_list(gradients)
    if len(gradients) != len(outputs):
        raise ValueError(f"{len(outputs)} outputs were given with {len(gradients)} gradients")
    seeds = []
    for y, g in zip(outputs, gradients):
        if y.edge is None:
            raise RuntimeError(
                "backward: this tensor requires no gradient; nothing that it was computed from was made "
                "with requires_grad=True, or it was computed under no_grad(), or detached"
            )
        library = backend.xp(y._data)
        if g is None and y.size != 1:
            raise RuntimeError(
                f"backward on a tensor of shape {y.shape}: a gradient is that of one number, so call "
                f".sum() or .mean() first, or pass dL/dy of shape {y.shape}"
            )
        if g is None:
            g = library.ones(y.shape, y.dtype)
        elif not isinstance(g, Tensor) or not create_graph:
            g = library.asarray(g._data if isinstance(g, Tensor) else g, dtype=y.dtype)
        if g.shape != y.shape:
            raise ValueError(
                f"the gradient has shape {g.shape}, the tensor {y.shape}: they must be equal"
            )
        seeds.append((y.edge, Tensor(g) if create_graph and not isinstance(g, Tensor) else g))
    return seeds


def _on_the_way(roots: Sequence[Node], targets: set | None) -> set[Node]:
    """The nodes that a pass visits: all that `roots` depend on, or those that lead to a target."""
    ends = None if targets is None else {t[0] if isinstance(t, tuple) else t for t in targets}
    earliest = min((end.order for end in ends), default=0) if ends else 0
    seen, stack = set(), [*roots]
    while stack:
        node = stack.pop()
        if node in seen or node.order < earliest:
            continue
        seen.add(node)
        for edge in node.edges:
            if edge.__class__ is tuple:
                stack.append(edge[0])
            else:
                stack.extend(e[0] for e in edge if e is not None)
    if ends is None:
        return seen
    wanted: set[Node] = set()
    for node in sorted(seen, key=attrgetter("order")):
        if node in ends or any(_leads_on(edge, wanted) for edge in node.edges):
            wanted.add(node)
    return wanted


def _leads_on(edge: Any, wanted: set) -> bool:
    """Whether an edge, or one of a list of edges, leads to a node in `wanted`."""
    if edge.__class__ is tuple:
        return edge[0] in wanted
    return any(e is not None and e[0] in wanted for e in edge)


def _fitted(g: Any, shape: tuple, dtype: Any, source: Node | None) -> Any:
    """g summed over the axes along which an input was broadcast, in the input's dtype."""
    if g.shape != shape:
        new = g.ndim - len(shape)
        stretched = [i for i, n in enumerate(shape, new) if n == 1]
        if new < 0 or any(g.shape[i + new] != n != 1 for i, n in enumerate(shape)):
            raise RuntimeError(
                f"{source.name}: its rule gave shape {g.shape} for an input of shape {shape}"
            )
        g = g.sum(axis=(*range(new), *stretched), keepdims=True).reshape(shape)
    return g if g.dtype == dtype else g.astype(dtype)


def _is_new(result: Any, g: Any, node: Node, results: Sequence) -> bool:
    """Whether a rule made this array itself, so that nobody else holds it."""
    held = [*(g if isinstance(g, list) else [g]), *node.saved, *results]
    return getattr(result, "base", result) is None and sum(result is other for other in held) == 1


def _through_hooks(g: Any, node: Node, number: int, create_graph: bool) -> tuple[Any, bool]:
    """g after the hooks of output `number`, and whether one of them saw it."""
    hooks = [hook for n, hook in node.hooks if n == number]
    for hook in hooks:
        replaced = hook(
            g if create_graph else Tensor(np.asarray(g) if isinstance(g, np.generic) else g)
        )
        if replaced is not None:
            g = replaced if create_graph else replaced._data
    return g, bool(hooks)


def _key(x: Tensor) -> Any:
    """The place of a tensor in the graph: its node, or (node, number) for a later output."""
    if x.edge is None:
        raise RuntimeError("grad: an input requires no gradient; make it with requires_grad=True")
    return (x.edge[0], x.edge[1]) if x.edge[1] else x.edge[0]


def _as_list(x: Any) -> list:
    return [*x] if isinstance(x, list | tuple) else [x]
