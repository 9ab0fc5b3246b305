"""One draw of a check: the inputs, and the true gradient, measured.

The whole Jacobian J[i, j] = dy_i / dx_j is measured, not only the slopes g J: a wrong backward
often computes something else of J, such as its diagonal, and can be recognised by that.
"""

from __future__ import annotations

import copy
import dataclasses
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..differences import EPS
from .draws import Sizes, incoming, inputs_of_draw

PACKAGE = Path(__file__).parents[1]
RTOL, ATOL = 1e-5, 1e-8
UNSTEADY = 1e-6  # a slope that changes by more than this share with its step lies near a kink


class WrongForward(ValueError):
    """The forward function cannot be used to judge a backward function."""


class CodeError(Exception):
    """The student's code did not return: why, and where.

    code: 'raised', or what stopped it.  file, line, source: '' and 0 if unknown.
    """

    def __init__(
        self, code: str, text: str, file: str = "", line: int = 0, source: str = ""
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.code, self.text, self.file, self.line, self.source = code, text, file, line, source

    @classmethod
    def of(cls, error: Exception) -> CodeError:
        """`error`, with the last line that was reached outside NumPy and minidl, if any was."""
        if isinstance(error, CodeError):
            return error
        frames = traceback.extract_tb(error.__traceback__)
        others = ("site-packages", "<", str(PACKAGE))
        own = [f for f in frames if not any(part in f.filename for part in others)]
        text = f"{type(error).__name__}: {error}"
        if not own:  # a call with too many arguments, say
            return cls("raised", text)
        last = own[-1]
        return cls("raised", text, last.filename, last.lineno or 0, (last.line or "").strip())

    def where(self) -> str:
        """`file:line: source` on a line of its own, '' if it is unknown."""
        return f"\n{self.file}:{self.line}: {self.source}" if self.line else ""


@dataclasses.dataclass
class Trial:
    """One draw.

    inputs, sizes: by name.  names: of the float inputs, whose gradients are checked.
    ys, gs: outputs and incoming gradients.  jacobians: by name, (size of all ys, size of input).
    steady: by name, False where the input lies so near a kink that it has no slope.
    redrawn: other inputs of the same shapes.
    """

    number: int
    seed: int
    inputs: dict[str, Any]
    sizes: Sizes
    names: list[str]
    several: bool
    ys: list[np.ndarray]
    gs: list[np.ndarray]
    jacobians: dict[str, np.ndarray]
    steady: dict[str, np.ndarray]
    redrawn: dict[str, Any]

    def slopes(self, name: str, gs: Sequence[np.ndarray] | None = None) -> np.ndarray:
        """The true gradient of an input: sum_i g_i J[i, j]."""
        g = np.concatenate([g.ravel() for g in (self.gs if gs is None else gs)])
        return (g @ self.jacobians[name]).reshape(self.inputs[name].shape)

    def arguments(self, gs: list, ys: list) -> tuple[Any, Any]:
        """g and y as backward gets them: arrays, or tuples if there are several outputs."""
        return (tuple(gs), tuple(ys)) if self.several else (gs[0], ys[0])

    def __str__(self) -> str:
        sizes = ", ".join(f"{name} = {length}" for name, length in self.sizes.items())
        return f"draw {self.number + 1}, seed {self.seed}" + (f": {sizes}" if sizes else "")


def measure(forward: Callable, samples: Mapping[str, Any], draw: int, seed: int) -> Trial:
    """Draw inputs and measure the Jacobian of `forward` for each that is an array of float64.

    Raises WrongForward if it raises, returns what is no float64 array, changes its inputs, or
    gives another value the second time.
    """
    inputs, sizes = inputs_of_draw(samples, draw, seed)
    names = [n for n, x in inputs.items() if isinstance(x, np.ndarray) and x.dtype == np.float64]
    if not names:
        raise WrongForward("no input is an array of floats, so there is no gradient to check")

    def run(**moved: np.ndarray) -> Any:
        arguments = copy.deepcopy({**inputs, **moved})
        try:
            result = forward(*arguments.values())
        except Exception as error:
            at = CodeError.of(error)
            raise WrongForward(
                f"the forward function raised {at.text}{at.where()}\ninputs: {describe(inputs)}"
            ) from error
        changed = [n for n in names if not same_arrays(arguments[n], {**inputs, **moved}[n])]
        if changed:
            raise WrongForward(f"the forward function changed its input {changed[0]} in place")
        return result

    result = run()
    several = isinstance(result, tuple)
    ys = [np.asarray(y) for y in (result if several else [result])]
    for y in ys:
        if y.dtype != np.float64:
            raise WrongForward(f"the forward function returned {y.dtype}, given float64")
    flat = lambda result: np.concatenate(
        [np.ravel(y) for y in (result if several else [result])]
    ).astype(np.float64)
    if not np.array_equal(flat(result), flat(run()), equal_nan=True):
        raise WrongForward(
            "the forward function gives another value the second time: randomness, such as a "
            "mask, must be an input"
        )
    jacobians, steady = {}, {}
    for name in names:
        function = lambda x, name=name: flat(run(**{name: x}))
        jacobians[name], steady[name] = jacobian(function, inputs[name])
    gs = incoming([y.shape for y in ys], draw, seed)
    redrawn = inputs_of_draw(samples, draw, seed + 1)[0]
    return Trial(draw, seed, inputs, sizes, names, several, ys, gs, jacobians, steady, redrawn)


def jacobian(function: Callable, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """J by central differences, and for each entry of x whether the slopes do not depend on h."""
    y = function(x)
    columns, steady = np.empty((y.size, x.size)), np.empty(x.size, bool)
    for j, index in enumerate(np.ndindex(x.shape)):
        h = EPS * max(1.0, abs(float(x[index])))
        up, down, half_up, half_down = (
            function(moved(x, index, t * h)) for t in (1, -1, 0.5, -0.5)
        )
        slope, half = (up - down) / (2 * h), (half_up - half_down) / h
        # also at the kink itself, where both slopes are the mean of its two sides, the bend shows
        bend, half_bend = (up - 2 * y + down) / h, (half_up - 2 * y + half_down) / (h / 2)
        doubt = np.abs(slope - half) + np.abs(bend - 2 * half_bend)
        columns[:, j] = slope
        steady[j] = doubt.max(initial=0) <= UNSTEADY * max(1.0, np.abs(slope).max(initial=0))
    return columns, steady.reshape(x.shape)


def moved(x: np.ndarray, index: tuple[int, ...], step: float) -> np.ndarray:
    """A copy of x, one entry moved."""
    x = x.copy()
    x[index] += step
    return x


def same_arrays(a: Any, b: Any) -> bool:
    """Whether two arrays are equal bit for bit, NaN equal to NaN."""
    return a.shape == b.shape and a.dtype == b.dtype and np.array_equal(a, b, equal_nan=True)


def close(a: np.ndarray, b: np.ndarray, where: np.ndarray | bool = True) -> bool:
    """max|a - b| <= RTOL max|b| + ATOL, over the entries `where`; of arrays of one shape."""
    if a.shape != b.shape:
        return False
    error = np.abs(a - b)[np.broadcast_to(where, a.shape)]
    return bool(np.all(error <= RTOL * np.abs(b).max(initial=0) + ATOL))


def describe(inputs: Mapping[str, Any]) -> str:
    """Names and shapes of inputs: `x (3, 5), eps 1e-05`."""
    show = lambda x: f"{x.shape}" if isinstance(x, np.ndarray) else f"{x}"
    return ", ".join(f"{name} {show(x)}" for name, x in inputs.items())
