"""A tensor in a notebook: its values, and beside them its gradient, as heat-mapped tables."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from ..graph import Tensor
from .heat import host, largest, number, strength

MOST = 10  # rows and columns shown of an array


def table(x: Tensor) -> str:
    """HTML with the values of `x`, and its gradient if it has one, at most 10 by 10 of each."""
    parts = [_titled(_heading(x), x.data)]
    if x.grad is not None:
        parts.append(_titled("gradient", x.grad.data))
    elif x.requires_grad and x.is_leaf:
        parts.append(_titled("no gradient yet", None))
    return f'<div style="display:flex;gap:2em;align-items:flex-start">{"".join(parts)}</div>'


Tensor._repr_html_ = table


def _heading(x: Tensor) -> str:
    """Shape, dtype, device, and where it comes from."""
    notes = [str(x.shape), str(x.dtype)]
    if x.device != "cpu":
        notes.append(x.device)
    if not x.is_leaf:
        notes.append(f"made by {x.node.name}")
    return f"{type(x).__name__.lower()} {' '.join(notes)}"


def _titled(title: str, array: Any) -> str:
    """A table under its title."""
    small = "font:12px monospace;opacity:.75;margin-bottom:4px"
    body = "" if array is None else _table(host(array))
    return f'<div><div style="{small}">{html.escape(title)}</div>{body}</div>'


def _table(array: np.ndarray) -> str:
    """The last two axes as rows and columns; of further axes the first entry, which it says."""
    note, hidden = "", array.ndim - 2
    if array.size == 0:
        return "empty"
    if hidden > 0:
        note = f'<div style="font:11px monospace">at [{", ".join(["0"] * hidden)}, :, :]</div>'
        array = array[(0,) * hidden]
    top = largest(array)
    rows = array.reshape(1, -1) if array.ndim < 2 else array
    lines = []
    for i in shown(rows.shape[0]):
        cells = [None if i is None or j is None else rows[i, j] for j in shown(rows.shape[1])]
        lines.append(f"<tr>{''.join(_cell(value, top) for value in cells)}</tr>")
    return f'{note}<table style="border-collapse:collapse">{"".join(lines)}</table>'


def _cell(value: Any, top: float) -> str:
    style = "padding:1px 5px;text-align:right;font:12px monospace;border:none"
    if value is None:
        return f'<td style="{style}">&hellip;</td>'
    if value.dtype.kind == "f":
        (r, g, b), share = strength(float(value), top)
        style += f";background:rgba({r},{g},{b},{0.6 * share:.2f})"
    return f'<td style="{style}">{number(value)}</td>'


def shown(length: int, most: int = MOST) -> list[int | None]:
    """Which of `length` entries to show: all, or the first and the last, with None between."""
    if length <= most:
        return [*range(length)]
    tail = (most - 1) // 2
    return [*range(most - 1 - tail), None, *range(length - tail, length)]
