"""Run a row in minidl or in PyTorch, through one small adapter each, and lay out what came of it.

A run puts random numbers into the parameters, calls the row, pulls random incoming gradients back,
and returns everything by name, as NumPy arrays: "out0", "d in0", "d weight", "after running_mean".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from minidl.trees import leaves, map_leaves

from .table import Constant, Draw, Row


def each(inputs: tuple, leaf: Callable, constant: Callable) -> tuple:
    """The inputs with `leaf` applied to what is differentiated, and `constant` to other arrays."""

    def one(x: Any) -> Any:
        if isinstance(x, Constant):
            return constant(x.array)
        if not isinstance(x, np.ndarray):
            return x
        return leaf(x) if x.dtype.kind == "f" else constant(x)

    return map_leaves(inputs, one)


def state_for(row: Row, shapes: dict[str, tuple[tuple[int, ...], Any]]) -> dict[str, np.ndarray]:
    """Random values for parameters and buffers; variances and counts have to be positive."""
    d = Draw(f"state of {row.name}")
    state = {}
    for name, (shape, dtype) in shapes.items():
        if np.dtype(dtype).kind != "f":
            state[name] = np.full(shape, 3, dtype)
        elif name.endswith("var"):
            state[name] = d.positive(*shape)
        else:
            state[name] = 0.5 * d.real(*shape)
    return state


def modes(row: Row) -> tuple[str, ...]:
    """The modes in which a row runs, if they differ; else one of them."""
    if not row.is_module:
        return ("function",)
    return ("eval", "train") if row.modal or row.moving or row.noisy else ("eval",)


def compared(row: Row) -> tuple[str, ...]:
    """The modes in which PyTorch computes the same: those without randomness."""
    if row.ours:
        return ()
    return tuple(mode for mode in modes(row) if not row.noisy or mode == "eval")


def run(row: Row, library: Any, training: bool) -> dict[str, np.ndarray]:
    """One run of a row; `library` is one of the adapters, `Minidl` or the script's `Torch`."""
    made = row.make(library.nn)
    result = {}
    if isinstance(made, library.nn.Module):
        made = library.float64(made)
        made.train(training)
        state = state_for(row, library.shapes(made))
        library.load(made, state)
    inputs = each(row.inputs(Draw(row.name)), library.leaf, library.constant)
    outputs = [y for y in leaves(made(*inputs)) if library.is_tensor(y)]
    for i, y in enumerate(outputs):
        result[f"out{i}"] = library.array(y)
    incoming = Draw(f"gradients of {row.name}")
    pulled = [(y, np.asarray(incoming.real(*y.shape))) for y in outputs if y.requires_grad]
    parameters = dict(made.named_parameters()) if isinstance(made, library.nn.Module) else {}
    xs = {f"in{i}": x for i, x in enumerate(leaves(inputs)) if library.is_tensor(x)}
    xs = {name: x for name, x in (xs | parameters).items() if x.requires_grad}
    if pulled and xs:
        gs = library.grad([y for y, _ in pulled], list(xs.values()), [g for _, g in pulled])
        for name, g in zip(xs, gs):
            if g is not None:
                result[f"d {name}"] = library.array(g)
    if isinstance(made, library.nn.Module):
        for name, buffer in made.named_buffers():
            result[f"after {name}"] = library.array(buffer)
    return result
