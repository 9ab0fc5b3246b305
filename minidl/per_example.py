"""per_example_grad: the gradient of each example's loss, where backward gives that of their sum.

For noise scales, influence, Fisher information and private learning.  One pass per example is the
definition, and slow.  But wherever a parameter enters the graph, what arrives from above has a row
for each example, and only the parameter's own rule sums over the rows; run on one row at a time,
that rule gives what each example contributes (for a linear layer Goodfellow 2015, arXiv:1510.01799,
section 3; this works for any rule).  One backward pass then does for all examples.

Whether rows and examples do belong together is not assumed but tested: for random numbers c_n, the
gradient of sum_n c_n loss_n must be sum_n c_n G_n.  Were any G_n another than the gradient of
loss_n, that would hold with probability zero.  In the same way the gradient of that sum with
respect to the input of example n must be c_n times what it is for c = 1, or examples interact.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend
from .accumulate import Scattered, fitted
from .graph import Node, Tensor
from .ops.shape import reshape, stack, swapaxes
from .recording import Observer, mode, no_grad
from .reverse import grad, on_tensors
from .transforms import Argnums, Run, checked_argnums, rows_of, zeros
from .trees import leaves


def per_example_grad(f: Callable, argnums: Argnums = 0, has_aux: bool = False) -> Callable:
    """The function that computes the gradient of every example's loss on its own.

    f: returns the losses (N,) of N examples (a loss function's reduction="none").
    argnums: the arguments to differentiate, as in `grad`; for each array x in them the result has
        one of shape (N, *x.shape).  All other arrays among the positional arguments are the batch:
        they have the N examples along their first axis.
    It costs two backward passes, or, for a model that transforms its parameters before it uses
    them, one for each example.  Inside `no_grad()` nothing is recorded.
    Raises ValueError where the losses are not (N,), and where the loss of one example depends on
    the others, as with batch normalisation in training: there is no gradient of one example then.
    """

    def gradients(*args: Any, **kwargs: Any) -> Any:
        numbers = checked_argnums(argnums, len(args), f)
        batch = [i for i, a in enumerate(args) if i not in numbers and getattr(a, "ndim", 0)]
        watched = [i for i in batch if args[i].dtype.kind == "f"]
        random_state = backend.random_state()
        run = Run(f, args, kwargs, [*numbers, *watched], has_aux)
        xs, inputs = run.xs[: len(run.xs) - len(watched)], run.xs[len(run.xs) - len(watched) :]
        losses = _checked_losses(run.ys, {i: args[i].shape for i in batch})
        found = _by_contributions(losses, xs, inputs, run.recorded)
        if found is None:
            if not watched:
                half = (len(losses) + 1) // 2
                part = [a[:half] if i in batch else a for i, a in enumerate(args)]
                _check_independence(f, part, kwargs, losses, random_state)
            found = rows_of(losses, xs, run.recorded)
        found = run.of_arguments([*found, *inputs])[: len(numbers)]
        found = found[0] if isinstance(argnums, int) else found
        return (found, run.aux) if has_aux else found

    return gradients


def _checked_losses(ys: Sequence[Tensor], shapes: dict[int, tuple]) -> Tensor:
    """The losses, of which there is one for each example of a batch of these shapes."""
    if len(ys) != 1 or ys[0].ndim != 1:
        raise ValueError(
            "per_example_grad: the function must return one loss for each example, of shape (N,), "
            f"and returned shape {' and '.join(str(y.shape) for y in ys)}: "
            'compute the loss with reduction="none", and add up its other axes'
        )
    for i, shape in shapes.items():
        if shape[0] != len(ys[0]):
            raise ValueError(
                f"per_example_grad: there are {len(ys[0])} losses, and argument {i}, of shape "
                f"{shape}, has {shape[0]} examples along its first axis; what is no batch of "
                "examples must be passed by keyword"
            )
    return ys[0]


def _check_independence(
    f: Callable, part: list, kwargs: dict, losses: Tensor, random_state: dict
) -> None:
    """Raise ValueError unless some of the examples, by themselves, have the losses they had."""
    now, mode.replaying = backend.random_state(), True
    backend.set_random_state(random_state)
    try:
        with no_grad():
            alone = leaves(f(*part, **kwargs))[0].data
    finally:
        mode.replaying = False
        backend.set_random_state(now)
    if not np.allclose(alone, losses.data[: len(alone)], _tolerance(losses), 0, equal_nan=True):
        raise _dependent(", or on random numbers")


def _dependent(also: str = "") -> ValueError:
    return ValueError(
        f"per_example_grad: the loss of an example depends on the other examples{also}: some layer "
        "mixes the batch; batch normalisation in training does (call model.eval(), or use group or "
        "layer normalisation)"
    )


# -------------------------------------------------------------------------- one pass for all


def _by_contributions(
    losses: Tensor, xs: Sequence[Tensor], inputs: Sequence[Tensor], recorded: bool
) -> list | None:
    """The gradient (N, *x.shape) of each loss with respect to each x; None if it takes more.

    Raises ValueError if a loss depends on other rows of `inputs` than its own.
    """
    if not losses.requires_grad or not len(losses):
        return None
    ones = Tensor(backend.xp(losses.data).ones(losses.shape, losses.dtype))
    c = backend.generator(losses.device).standard_normal(losses.shape).astype(losses.dtype)
    with _Contributions(xs, len(losses)) as seen:
        plain = grad(losses, [*xs, *inputs], ones, True, recorded, allow_unused=True)
    weighted = grad(losses, [*xs, *inputs], Tensor(c), True, allow_unused=True)

    for x, g, g_c in zip(inputs, plain[len(xs) :], weighted[len(xs) :]):
        if g is not None:
            own = g.data * c.reshape(-1, *[1] * (x.ndim - 1))
            if _largest(own - g_c.data) > _tolerance(x) * _largest(own):
                raise _dependent()
    if seen.failed:
        return None
    found = []
    for x, each, g_c in zip(xs, seen.totals, weighted):
        each = zeros((len(losses), *x.shape), x) if each is None else each
        found.append(each if isinstance(each, Tensor) else Tensor(each))
        rows = found[-1].data.reshape(len(c), -1)
        size = (c @ c) ** 0.5 * _largest(rows)
        error = c @ rows - (0.0 if g_c is None else g_c.data.ravel())
        if _largest(error) > _tolerance(x) * size:
            return None
    return found


def _largest(values: Any) -> Any:
    """The largest absolute value of an array, made without a copy of it; 0 of an empty one."""
    return max(values.max(), -values.min()) if values.size else 0.0


def _tolerance(x: Tensor) -> float:
    """The relative error of a sum that is due to rounding, generously."""
    return 1000 * float(np.finfo(x.dtype).eps)


class _Contributions(Observer):
    """Sees each rule run; where an x enters the graph, computes what each example contributes."""

    def __init__(self, xs: Sequence[Tensor], count: int) -> None:
        self.xs, self.count = xs, count
        self.numbers = {x.node: k for k, x in enumerate(xs)}
        self.totals: list[Any] = [None] * len(xs)  # for each x, what is known of (N, *x.shape)
        self.failed = False  # whether the rules of a node cannot be run on single examples

    def pulled(self, node: Node, g: Any, results: Sequence) -> None:
        """The rules of `node` were given g, and gave `results`."""
        entering = {}  # name of a parameter of the operation -> which x it is
        for i, edge in zip(node.plan.inputs, node.edges):
            if isinstance(edge, list):  # of several inputs, which have one rule together
                self.failed |= any(one is not None and one[0] in self.numbers for one in edge)
            elif edge[0] in self.numbers:
                entering[node.plan.op.names[i]] = self.numbers[edge[0]]
        if isinstance(g, Tensor) and node.plan.op.joint and entering:
            self.failed = True  # to be recorded it would have to be taken apart
        if self.failed or not entering:
            return
        saved = on_tensors(node) if isinstance(g, Tensor) else node.saved
        if node.name == "linear" and "x" not in entering:
            each = self.linear(g, dict(zip(node.plan.saves, saved)).get("x"))
        else:
            each = self.one_by_one(node, g, saved, entering)
        for name, k in entering.items():
            if self.failed:
                return
            self.totals[k] = each[name] if self.totals[k] is None else self.totals[k] + each[name]

    def linear(self, g: Any, x: Any) -> dict:
        """The rules of `linear` for all examples in one product: g_n' x_n, and the sum of g_n."""
        if g.ndim == 1 or len(g) % self.count:
            self.failed = True
            return {}
        g = reshape(g, (self.count, -1, g.shape[-1]))
        if x is not None:
            x = swapaxes(g, 1, 2) @ reshape(x, (self.count, -1, x.shape[-1]))
        return {"weight": x, "bias": g.sum(axis=1)}

    def one_by_one(self, node: Node, g: Any, saved: Sequence, entering: dict) -> dict:
        """What the rules of a node give for the rows of one example after the other."""
        plan = node.plan
        names = [plan.op.names[i] for i in plan.inputs]
        needed = [name in entering for name in names]
        columns: dict[str, list] = {name: [] for name in entering}
        for n in range(self.count):
            values = [
                v if name in entering else self.rows(v, n) for name, v in zip(plan.saves, saved)
            ]
            results = dict(zip(names, plan.gradients(self.rows(g, n), values, needed)))
            for name, k in entering.items():
                r, x = results[name], self.xs[k]
                if isinstance(r, Scattered):
                    r = Scattered.add_up([r.values], [r.index], r.shape)
                try:
                    columns[name].append(fitted(r, x.shape, x.dtype, node))
                except RuntimeError:  # it cannot be a gradient of x
                    self.failed = True
                    return {}
        return {name: stack(column) for name, column in columns.items()}

    def rows(self, value: Any, n: int) -> Any:
        """The rows of example n, of an array whose rows can be shared out evenly."""
        if isinstance(value, tuple | list):
            return type(value)(self.rows(v, n) for v in value)
        if not getattr(value, "ndim", 0) or not len(value) or len(value) % self.count:
            return value
        k = len(value) // self.count
        return value[n * k : (n + 1) * k]
