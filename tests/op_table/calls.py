"""Calls of a row, taken apart: which arguments are inputs, and how to run it on Tensors."""

import inspect

import numpy as np

import minidl
from minidl import autograd
from minidl.differences import random
from minidl.graph import Tensor

from .row import Case, Row


def definition(row: Row):
    """What the engine knows of the operation; None for a function made of operations."""
    return getattr(row.function, "op", None)


def is_input(value) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def inputs_of(row: Row, case: Case) -> list[np.ndarray]:
    """The arrays to differentiate, in order."""
    found = []
    replaced(row, case, lambda x: found.append(x))
    return found


def replaced(row: Row, case: Case, function, constant=lambda x: x) -> tuple[tuple, dict]:
    """The call, with `function` applied to its inputs, the float arrays that have a rule, and
    `constant` to its other arrays."""
    this = definition(row)
    names = [*inspect.signature(row.function).parameters]
    names += [names[-1]] * len(case.args)  # for *operands
    with_rule = {*names} if this is None else {*this.rules, *this.joint_inputs}

    def change(name, value):
        has_rule = case.has_inputs and name in with_rule
        return mapped(value, lambda x: (function if has_rule and is_input(x) else constant)(x))

    args = tuple(map(change, names, case.args))
    return args, {name: change(name, value) for name, value in case.kwargs.items()}


def mapped(value, function):
    """`value` with `function` applied to the arrays in its nested lists and tuples."""
    if isinstance(value, list | tuple):
        return type(value)(mapped(v, function) for v in value)
    return function(value) if isinstance(value, np.ndarray) else value


def outputs(row: Row, args: tuple, kwargs: dict) -> tuple:
    """The call's results, always as a tuple."""
    result = row.function(*args, **kwargs)
    return result if isinstance(result, tuple) else (result,)


def run(row: Row, case: Case, prepare=lambda x: x) -> tuple[list, list]:
    """Fresh leaves, and those of the outputs that require a gradient (all, if none does)."""
    leaves = []

    def leaf(x):
        leaves.append(Tensor(prepare(x)).requires_grad_())
        return leaves[-1]

    results = outputs(row, *replaced(row, case, leaf))
    return leaves, [y for y in results if isinstance(y, Tensor) and y.requires_grad] or results


def gradients(ys, xs, gs, **options) -> list[np.ndarray]:
    found = autograd.grad(ys, xs, gs, allow_unused=True, **options)
    return [np.zeros(x.shape) if g is None else g.detach().numpy() for g, x in zip(found, xs)]


def incoming(ys, seed=0) -> list[Tensor]:
    """Random gradients for these outputs."""
    rng = np.random.default_rng(seed)
    return [Tensor(random(rng, y.shape).astype(y.dtype)) for y in ys]


def differentiable(row: Row, case: Case) -> bool:
    """Whether the call has an input to differentiate."""
    return bool(inputs_of(row, case))


def many_elements(row: Row, case: Case, many: int = 30) -> bool:
    """Whether entry by entry would take long."""
    return sum(x.size for x in inputs_of(row, case)) > many


def several_inputs(row: Row, case: Case) -> bool:
    """Whether the call has more than one."""
    return len(inputs_of(row, case)) > 1


def fused(row: Row) -> bool:
    """Whether the operation has one backward on arrays, and a definition in other operations."""
    return definition(row) is not None and definition(row).joint is not None


def assert_close(actual, expected, relative):
    """Equal to within `relative` of the largest element; a NaN or inf in the same places."""
    for a, b in zip(actual, expected, strict=True):
        size = np.max(np.abs(b[np.isfinite(b)]), initial=0)
        np.testing.assert_allclose(a, b, rtol=0, atol=relative * size)


def both_orders(row, case, device) -> list[np.ndarray]:
    """Values, gradients, and gradients of gradients, computed on a device."""
    move = lambda x: x if device == "cpu" else minidl.tensor(x, device=device).data
    host = lambda x: x.get() if hasattr(x, "get") else np.asarray(x)
    xs = []

    def leaf(x):
        xs.append(Tensor(move(x)).requires_grad_())
        return xs[-1]

    ys = outputs(row, *replaced(row, case, leaf, move))
    here = minidl.zeros(1, device=device).device
    assert all(y.device == here for y in ys if isinstance(y, Tensor))
    found = [host(y.data if isinstance(y, Tensor) else y) for y in ys]
    ys = [y for y in ys if isinstance(y, Tensor) and y.requires_grad]
    if xs and ys:
        gs = [Tensor(move(g.data)).requires_grad_() for g in incoming(ys)]
        first = autograd.grad(ys, xs, gs, create_graph=True, allow_unused=True)
        first = [g for g in first if g is not None and g.requires_grad]
        seconds = [Tensor(move(g.data)) for g in incoming(first)]
        second = autograd.grad(first, [*xs, *gs], seconds, allow_unused=True)
        found += [host(g.data) for g in [*first, *second] if g is not None]
    return found
