"""Is a value right?  The student's function beside a reference, on three draws."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from ..gradcheck.constants import number
from ..gradcheck.draws import DRAWS, inputs_of_draw
from ..gradcheck.trials import describe, same_arrays
from .exercise import Value

Draw = tuple[np.ndarray, np.ndarray, dict[str, Any]]  # claimed, expected, inputs


def judge_values(check: Value, function: Callable, seed: int) -> tuple[str, str]:
    """Code and text of what is wrong; ('', '') if nothing is."""
    draws: list[list[Draw]] = []  # for each draw, one entry an output
    for draw in range(DRAWS):
        inputs, sizes = inputs_of_draw(check.samples, draw, seed)
        given, own = copy.deepcopy([*inputs.values()]), copy.deepcopy([*inputs.values()])
        where = ", ".join(f"{name} = {length}" for name, length in sizes.items())
        at = f"  draw {draw + 1}, seed {seed}: {where}\n  given: {describe(inputs)}"
        claimed, expected = function(*given), check.reference(*own)
        for name, x, after in zip(inputs, inputs.values(), given):
            if isinstance(x, np.ndarray) and not same_arrays(x, after):
                return "changes-input", f"{check.name}: it writes to {name}; work on a copy\n{at}"
        wrong = _structure(claimed, expected)
        if wrong:
            return wrong[0], f"{check.name}: {wrong[1]}\n{at}"
        pairs = zip(_several(claimed), _several(expected))
        draws.append([(np.asarray(a, np.float64), np.asarray(b, np.float64), inputs)
                      for a, b in pairs])  # fmt: skip
    wrong_draws = [
        i for i, pairs in enumerate(draws) if not all(_close(a, b, check.rtol) for a, b, _ in pairs)
    ]
    if not wrong_draws:
        return "", ""
    first = wrong_draws[0]
    inputs, sizes = inputs_of_draw(check.samples, first, seed)
    where = ", ".join(f"{name} = {length}" for name, length in sizes.items())
    numbers = f"{_worst(draws[first])}\n  draw {first + 1}, seed {seed}: {where}"
    for code, text in _reasons(check, draws):
        return code, f"{check.name}: {text}\n{numbers}"
    return "unexplained", f"{check.name}: it gives other values\n{numbers}"


def _several(value: Any) -> list:
    return [*value] if isinstance(value, tuple | list) else [value]


def _structure(claimed: Any, expected: Any) -> tuple[str, str] | None:
    """What is wrong with the form of the result: None, too few values, another shape or type."""
    if claimed is None:
        return "none", "it returned None: is there a `return`?"
    found, wanted = _several(claimed), _several(expected)
    if len(found) != len(wanted):
        many = f"{len(wanted)} value{'s'[: len(wanted) > 1]}"
        return "count", f"it returned {len(found)}, and {many} should come back"
    for i, (a, b) in enumerate(zip(found, wanted)):
        which = "it" if len(wanted) == 1 else f"value {i + 1}"
        if a is None:
            return "none", f"{which} is None"
        try:
            array = np.asarray(a, np.float64)
        except (TypeError, ValueError):
            return "type", f"{which} is {type(a).__name__}, not an array of numbers"
        if array.shape != np.shape(b):
            text = f"{which} has shape {array.shape}, and should have {np.shape(b)}"
            if array.shape == np.shape(b)[::-1]:
                text += "; its transpose would fit"
            return "wrong-shape", text
        if not np.isfinite(array).all() and np.isfinite(b).all():
            text = "does something overflow, or is something divided by 0?"
            return "not-finite", f"{which} has entries that are NaN or infinite: {text}"
    return None


def _reasons(check: Value, draws: list[list[Draw]]) -> Iterator[tuple[str, str]]:
    """What gives exactly these values in all draws."""
    for named in check.misconceptions:
        with np.errstate(all="ignore"):
            values = [_several(named.backward(*copy.deepcopy([*pairs[0][2].values()])))
                      for pairs in draws]  # fmt: skip
        if all(
            np.shape(v) == a.shape and _close(a, np.asarray(v, np.float64), check.rtol)
            for pairs, row in zip(draws, values) for (a, _, _), v in zip(pairs, row)
        ):  # fmt: skip
            yield named.code, f"this is what you get if {named.text}"
    ratios = []
    for pairs in draws:
        for a, b, _ in pairs:
            if np.abs(b).max(initial=0) > 0:
                c = float(np.sum(a * b) / np.sum(b * b))
                ratios.append(c if _close(a, c * b, check.rtol) else np.nan)
    if ratios and np.allclose(ratios, ratios[0], rtol=1e-6):
        yield "constant-factor", f"it is {number(round(ratios[0], 9))} times the right value"


def _close(a: np.ndarray, b: np.ndarray, rtol: float) -> bool:
    return bool(np.all(np.abs(a - b) <= rtol * np.abs(b).max(initial=0) + 1e-12))


def _worst(pairs: list[Draw]) -> str:
    """The entries that differ most."""
    rows = [("entry", "yours", "expected")]
    for i, (a, b, _) in enumerate(pairs):
        order = np.argsort(-np.abs(a - b), axis=None, kind="stable")[:4]
        for index in (np.unravel_index(flat, a.shape) for flat in order):
            if a[index] != b[index]:
                place = str([int(n) for n in index]) if index else "the value"
                place = place if len(pairs) == 1 else f"value {i + 1} {place}"
                rows.append((place, f"{a[index]:.6g}", f"{b[index]:.6g}"))
    widths = [max(map(len, column)) for column in zip(*rows)]
    lines = ["  ".join(cell.rjust(w) for cell, w in zip(row, widths)) for row in rows]
    return "\n".join(f"    {line}" for line in lines)
