"""From a function to its derivatives: grad, vjp, jvp, jacobian, hessian, hvp, as in JAX.

    minidl.grad(lambda x: x**3)(2.0)                    # 12
    minidl.grad(minidl.grad(lambda x: x**3))(2.0)       # 12 again: 6x

A transform takes a function and gives another; because what it gives is again a function of
Tensors, transforms nest.  The arguments that are differentiated may be numbers, arrays, Tensors,
tuples, lists and dicts of these, and Modules, which stand for their parameters: a gradient has the
structure of its argument, that of a Module is a dict from parameter names to gradients.

How it is done: `f` runs on stand-ins for its arguments, fresh places in the graph, and one reverse
pass goes back to these.  A result can be differentiated in its turn if anything that it was made
from requires a gradient, be it an argument or a tensor that `f` uses without being given it; if
nothing does, or inside `no_grad()`, the pass records nothing and costs what a `backward` costs.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from . import backend, reverse
from .graph import Leaf, Tensor, tensor
from .ops.shape import reshape, stack
from .recording import enable_grad, mode
from .reverse import alias
from .trees import leaves, map_leaves, map_tensors

Argnums = int | Sequence[int]

# ------------------------------------------------------------------------------- the transforms


def grad(f: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that computes the gradient of `f`, a function whose value is one number.

    argnums: which argument to differentiate; for several a tuple, and the gradient is one too.
    has_aux: `f` returns (value, aux), and the gradient comes as (gradient, aux).
    The gradient is 0 for what `f` does not depend on.  Raises ValueError if `f` returns more than
    one number, TypeError for an argument that is not made of floats.
    """

    @functools.wraps(f, updated=())
    def gradient(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums, has_aux)
        found = run.gradient_of_number("grad")
        return (found, run.aux) if has_aux else found

    return gradient


def value_and_grad(f: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that computes (value, gradient) of `f`; with aux, ((value, aux), gradient).

    The arguments and errors are those of `grad`.
    """

    @functools.wraps(f, updated=())
    def value_and_gradient(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums, has_aux)
        found = run.gradient_of_number("value_and_grad")
        return ((run.value, run.aux) if has_aux else run.value), found

    return value_and_gradient


def vjp(f: Callable, *primals: Any, has_aux: bool = False) -> tuple:
    """(f(*primals), pullback), or (f(*primals), pullback, aux).

    pullback(g), with g of the structure and shapes of the value, is a tuple of the gradients
    g . df/dx, one for each of `primals`.  It may be called any number of times.
    """
    run = Run(f, primals, {}, range(len(primals)), has_aux)

    def pullback(g: Any) -> tuple:
        gs = _matched(run.value, g, "vjp: the gradient")
        return run.of_arguments(_pull(run.ys, run.xs, gs, run.recorded, retain=True))

    return (run.value, pullback, run.aux) if has_aux else (run.value, pullback)


def jvp(f: Callable, primals: Any, tangents: Any, has_aux: bool = False) -> tuple:
    """(f(*primals), df . tangents): the value, and its derivative along a direction; then aux.

    primals: a tuple with one value for each argument of `f`, or the one argument.
    tangents: of the structure and shapes of `primals`; for a Module, a dict by parameter names.

    Two reverse passes.  J'u is linear in u, so whatever u is, the gradient of <J'u, v> with respect
    to u is J v (J. Townsend 2017, "A new trick for calculating Jacobian vector products").
    """
    primals, tangents = _as_arguments(primals, tangents)
    v = _matched(primals, tangents, "jvp: the tangent")
    run = Run(f, primals, {}, range(len(primals)), has_aux)
    u = [(zeros(y.shape, y) * 1.0).requires_grad_() for y in run.ys]
    transposed = _pull(run.ys, run.xs, u, create_graph=True)
    tangent = run.of_outputs(_pull(transposed, u, v, run.recorded))
    return (run.value, tangent, run.aux) if has_aux else (run.value, tangent)


def jacobian(f: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that computes dy/dx, of shape (*y.shape, *x.shape), for y = f(x).

    It has the structure of the value, and in the place of each output y that of the argument; one
    reverse pass for each element of y fills it row by row.  The arguments are those of `grad`.
    """

    @functools.wraps(f, updated=())
    def jacobian_of(*args: Any, **kwargs: Any) -> Any:
        run = Run(f, args, kwargs, argnums, has_aux)
        blocks = [run.of_arguments(rows_of(y, run.xs, run.recorded)) for y in run.ys]
        found = run.of_outputs(blocks)
        return (found, run.aux) if has_aux else found

    return jacobian_of


def hessian(f: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that computes d2f/dx2, of shape (*x.shape, *x.shape): the Jacobian of the
    gradient.  For several arguments, or parts of them, there is a block for each pair."""
    return jacobian(grad(f, argnums, has_aux), argnums, has_aux)


def hvp(f: Callable, primals: Any, tangents: Any) -> Any:
    """The Hessian of `f`, a function whose value is one number, times `tangents`.

    It is the gradient of <grad f, v> with v held constant: two reverse passes, and no Hessian is
    made (Pearlmutter 1994, Neural Computation 6:147).  primals and tangents are those of `jvp`; the
    result has the structure of `primals`.
    """
    several = isinstance(primals, tuple)
    primals, tangents = _as_arguments(primals, tangents)
    v = _matched(primals, tangents, "hvp: the tangent")
    run = Run(f, primals, {}, range(len(primals)), False)
    run.check_number("hvp")
    gradient = _pull(run.ys, run.xs, [None], create_graph=True)
    product = run.of_arguments(_pull(gradient, run.xs, v, run.recorded))
    return product if several else product[0]


def functional_call(
    module: Any, parameters: Mapping[str, Tensor], args: Any = (), kwargs: Mapping | None = None
) -> Any:
    """module(*args, **kwargs) with other values for its parameters, as torch.func has it.

    parameters: by their names in `named_parameters()` or `named_buffers()`; what is not named stays
    as it is.  A tensor that the module holds under several names is replaced under all.  Gradients
    flow to the values given, as MAML's adapted weights need it.
    Raises KeyError for a name that is no parameter's, ValueError where shapes differ.
    """
    own = dict(module.named_parameters(remove_duplicate=False))
    own |= module.named_buffers(remove_duplicate=False)
    for name, value in parameters.items():
        if name not in own:
            raise KeyError(f"functional_call: no parameter is called {name!r}: {', '.join(own)}")
        if value.shape != own[name].shape:
            raise ValueError(
                f"functional_call: {name} has shape {own[name].shape}, not {value.shape}"
            )
    with _standing_in([own[name] for name in parameters], [*parameters.values()]):
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))


# ------------------------------------------------------------------------ one run, and the way back


class Run:
    """`f`, run on stand-ins `xs` for the arguments `argnums`; `ys` are its outputs.

    recorded: whether the graph goes on beyond the stand-ins, so that gradients must be
        differentiable too.
    value: what `f` returned, outside the graph unless that goes on.
    """

    def __init__(
        self, f: Callable, args: tuple, kwargs: dict, argnums: Argnums, has_aux: bool
    ) -> None:
        self.one = isinstance(argnums, int)
        numbers = checked_argnums(argnums, len(args), f)
        self.arguments = [args[i] for i in numbers]
        self.xs: list[Tensor] = []
        inside: dict[Tensor, Tensor] = {}  # a Module's parameter -> its stand-in

        def stand_in(value: Any) -> Any:
            if _is_module(value):
                inside.update((p, stand_in(p)) for p in _parameters(value).values())
            elif value is not None:
                value = _stand_in(value)
                self.xs.append(value)
            return value

        inputs = [*args]
        with enable_grad():
            for i in numbers:
                inputs[i] = map_leaves(args[i], stand_in)
            with _standing_in([*inside.keys()], [*inside.values()]):
                result = f(*inputs, **kwargs)
        if has_aux and not (isinstance(result, tuple) and len(result) == 2):
            raise TypeError("with has_aux=True the function must return (value, aux)")
        self.value, self.aux = result if has_aux else (result, None)
        self.value = map_leaves(self.value, lambda y: y if isinstance(y, Tensor) else tensor(y))
        self.ys = leaves(self.value)
        self.recorded = mode.record and _goes_beyond(self.ys, self.xs)
        if not self.recorded:
            self.value, self.aux = map_tensors((self.value, self.aux), Tensor.detach)

    def gradient_of_number(self, name: str) -> Any:
        """The gradient of the value, which must be one number, for the transform `name`."""
        self.check_number(name)
        return self.of_arguments(_pull(self.ys, self.xs, [None], self.recorded))

    def check_number(self, name: str) -> None:
        """Raise ValueError unless the value is one number."""
        shapes = [y.shape for y in self.ys]
        if len(shapes) != 1 or self.ys[0].size != 1:
            raise ValueError(
                f"{name}: the function must return one number, and returned "
                f"{' and '.join(f'an array of shape {shape}' for shape in shapes)}: "
                "reduce it with .sum() or .mean(), or use jacobian"
            )

    def of_arguments(self, values: Sequence) -> Any:
        """`values`, one for each of `xs`, in the structure of the arguments."""
        following = iter(values)

        def place(value: Any) -> Any:
            if _is_module(value):
                return {name: next(following) for name in _parameters(value)}
            return None if value is None else next(following)

        found = tuple(map_leaves(argument, place) for argument in self.arguments)
        return found[0] if self.one else found

    def of_outputs(self, values: Sequence) -> Any:
        """`values`, one for each of `ys`, in the structure of what `f` returned."""
        following = iter(values)
        return map_leaves(self.value, lambda _: next(following))


def _pull(
    ys: Sequence[Tensor],
    xs: Sequence[Tensor],
    gs: Sequence,
    create_graph: bool = False,
    retain: bool = False,
) -> list[Tensor]:
    """sum_k gs[k] . dys[k]/dx for each x of `xs`, where constants are welcome: it is 0 then."""
    live = [(y, g) for y, g in zip(ys, gs) if y.requires_grad]
    found: Sequence = [None] * len(xs)
    if live:
        ys, gs = zip(*live)
        create_graph |= mode.record and any(g is not None and g.requires_grad for g in gs)
        found = reverse.grad(ys, xs, gs, retain or create_graph, create_graph, allow_unused=True)
    return [zeros(x.shape, x) if g is None else g for g, x in zip(found, xs)]


def rows_of(y: Tensor, xs: Sequence[Tensor], create_graph: bool) -> list[Tensor]:
    """dy/dx for each x of `xs`: a reverse pass for each element of y."""
    rows = []
    for i in range(y.size):
        one = zeros((y.size,), y)
        one.data[i] = 1
        rows.append(_pull([y], xs, [Tensor(one.data.reshape(y.shape))], create_graph, retain=True))
    shapes = [(*y.shape, *x.shape) for x in xs]
    if not rows:
        return [zeros(shape, x) for shape, x in zip(shapes, xs)]
    return [reshape(stack([*column]), shape) for column, shape in zip(zip(*rows), shapes)]


def _stand_in(value: Any) -> Tensor:
    """A fresh place in the graph with the value of an argument; behind it, the argument itself."""
    if not isinstance(value, Tensor):
        if not (isinstance(value, float | int | np.generic) or backend.is_array(value)):
            raise TypeError(f"cannot differentiate with respect to {value!r}: {_WANTED}")
        value = tensor(value)
    if value.dtype.kind != "f":
        raise TypeError(f"cannot differentiate with respect to {value.dtype} data: {_WANTED}")
    return alias(value) if value.requires_grad else Tensor(value.data).requires_grad_()


_WANTED = (
    "give floats (2.0 rather than 2), arrays or tensors of floats, lists or dicts of these, or a "
    "Module, and leave other arguments out of argnums"
)


@contextlib.contextmanager
def _standing_in(parameters: Sequence[Tensor], values: Sequence[Tensor]) -> Iterator[None]:
    """Have `parameters`, wherever they are held, be `values` for a while."""
    own = [(p._data, p.edge) for p in parameters]
    others = [(value._data, value.edge) for value in values]
    try:
        for p, (data, edge) in zip(parameters, others):
            p._data, p.edge = data, edge
        yield
    finally:
        for p, (data, edge) in zip(parameters, own):
            p._data, p.edge = data, edge


def _goes_beyond(ys: Sequence[Tensor], xs: Sequence[Tensor]) -> bool:
    """Whether `ys` depend on anything that requires a gradient other than the leaves in `xs`."""
    ours, seen = {x.node for x in xs}, set()
    waiting = [y.edge for y in ys]
    while waiting:
        edge = waiting.pop()
        if isinstance(edge, list):
            waiting += edge
        elif edge is not None and edge[0] not in seen:
            node = edge[0]
            if isinstance(node, Leaf) and node not in ours:
                return True
            seen.add(node)
            waiting += node.edges
    return False


# ------------------------------------------------------------------------------------ structures


def checked_argnums(argnums: Argnums, count: int, f: Callable) -> list[int]:
    """The numbers of the arguments to differentiate, counted from 0."""
    numbers = [argnums] if isinstance(argnums, int) else [*argnums]
    for i in numbers:
        if not -count <= i < count:
            name = getattr(f, "__name__", type(f).__name__)
            raise ValueError(
                f"argnums={argnums}: {name} was called with {count} arguments, and they count "
                "from 0 (keyword arguments are constants)"
            )
    return [i % count for i in numbers]


def _as_arguments(primals: Any, tangents: Any) -> tuple[tuple, tuple]:
    """Primals and tangents as tuples with one value for each argument."""
    return (primals, tangents) if isinstance(primals, tuple) else ((primals,), (tangents,))


def _matched(tree: Any, given: Any, what: str) -> list[Tensor]:
    """What `given` has in the place of each leaf of `tree`, as Tensors of the same shape."""
    if _is_module(tree):
        tree = _parameters(tree)
    if isinstance(tree, dict) and isinstance(given, dict) and tree.keys() == given.keys():
        tree, given = [*tree.values()], [given[key] for key in tree]
    if isinstance(tree, tuple | list) and isinstance(given, tuple | list):
        if len(tree) == len(given):
            return [x for pair in zip(tree, given) for x in _matched(*pair, what)]
    if isinstance(tree, tuple | list | dict) or isinstance(given, tuple | list | dict):
        raise ValueError(
            f"{what} must have the structure of {_outline(tree)}, not {_outline(given)}"
        )
    if tree is None:
        return []
    dtype = tree.dtype if isinstance(tree, Tensor) else tensor(tree).dtype
    g = given if isinstance(given, Tensor) else tensor(given, dtype=dtype)
    if g.shape != np.shape(tree):
        raise ValueError(f"{what} has shape {g.shape}, and should have {np.shape(tree)}")
    return [g]


def _outline(tree: Any) -> str:
    """The containers of a tree, with dots for what they hold."""
    if isinstance(tree, dict):
        return "{" + ", ".join(f"{key!r}: {_outline(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, tuple | list):
        inside = ", ".join(map(_outline, tree))
        return f"[{inside}]" if isinstance(tree, list) else f"({inside})"
    return "..."


def _is_module(value: Any) -> bool:
    return hasattr(value, "named_parameters")


def _parameters(module: Any) -> dict[str, Tensor]:
    """The parameters of a Module that learn, by name."""
    return {name: p for name, p in module.named_parameters() if p.requires_grad}


def zeros(shape: tuple[int, ...], like: Tensor) -> Tensor:
    return Tensor(backend.zeros(shape, like.dtype, like.data))
