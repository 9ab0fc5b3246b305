"""Time one text in two libraries, in turn.

`minidl.nn`, `optim` and `nn.functional` have PyTorch's names, so that a workload is written once
and built twice, from the same random numbers.  Both must compute the same value to be timed.

Each library has a process of its own (`sides.py`), with its threads and its memory as they would be
for somebody who uses that library alone.

A machine that others use slows down and recovers; so the two are timed in turn, a few hundredths of
a second each, and the ratio is the median over rounds of the ratios within a round.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

import minidl

if TYPE_CHECKING:
    from .sides import Side

Step = Callable[[], Any]  # one step of a workload; returns the loss, a scalar tensor
Clock = Callable[[], float]  # time.perf_counter, or time.process_time on a busy machine
Work = tuple[Step, list[Any]]  # with the tensors in whose .grad it leaves gradients


class Library:
    """minidl or PyTorch, with the little that a workload must ask for by another name."""

    def __init__(self, module: ModuleType, dtype: str = "float32", device: str = "cpu") -> None:
        self.module, self.name, self.dtype, self.device = module, module.__name__, dtype, device
        self.nn, self.optim, self.functional = module.nn, module.optim, module.nn.functional
        self.tanh = module.tanh

    def tensor(self, array: np.ndarray, requires_grad: bool = False) -> Any:
        """A tensor with a copy of `array`; floats have the library's dtype."""
        array = array.astype(self.dtype if array.dtype.kind == "f" else array.dtype)
        if self.name == "minidl":
            return minidl.tensor(array, requires_grad=requires_grad, device=self.device)
        return self.module.from_numpy(array).to(self.device).requires_grad_(requires_grad)

    def initialise(self, model: Any, rng: np.random.Generator) -> Any:
        """`model` with weights drawn from `rng`, normal of variance 1 / fan-in; vectors are set
        to 0 (biases) or 1 (scales)."""
        model.to(device=self.device, dtype=getattr(self.module, self.dtype, self.dtype))
        for name, parameter in model.named_parameters():
            shape = tuple(parameter.shape)
            if len(shape) == 1:
                values = np.full(shape, float(name.endswith("weight")), np.float32)
            else:
                values = rng.standard_normal(shape, np.float32) / math.sqrt(math.prod(shape[1:]))
            parameter.data = self.tensor(values).data
        return model


@dataclasses.dataclass(frozen=True)
class Workload:
    """One thing to time: `build(library, rng)` is a step, and what that differentiates by."""

    name: str
    target: float  # the ratio minidl / PyTorch to reach
    build: Callable[[Library, np.random.Generator], Work]


@dataclasses.dataclass(frozen=True)
class Timing:
    """Milliseconds a step, in one library and the other, round by round."""

    ours: np.ndarray
    theirs: np.ndarray

    @property
    def ratio(self) -> float:
        """The median of minidl's time over PyTorch's."""
        return float(np.median(self.ours / self.theirs))

    @property
    def quartiles(self) -> tuple[float, float]:
        """The quartiles of that ratio over the rounds."""
        low, high = np.quantile(self.ours / self.theirs, [0.25, 0.75])
        return float(low), float(high)


def compare(
    workload: Workload, sides: Sequence[Side], rounds: int, slice_s: float, cpu_time: bool = False
) -> Timing:
    """Time the workload on one or two sides, in turn; without the other, its times are NaN."""
    check_agreement(workload.name, *(side.ask("build", workload.name) for side in sides))
    repeats = [side.ask("repeats", slice_s, cpu_time) for side in sides]
    times = np.full((2, rounds), np.nan)
    for i in range(rounds):
        for number in range(len(sides))[:: 1 if i % 2 else -1]:
            times[number, i] = 1e3 * sides[number].ask("seconds", repeats[number], cpu_time)
    return Timing(*times)


def check_agreement(name: str, ours: float, theirs: float | None = None) -> None:
    """Raise if the two losses differ by more than float32 allows: then it is not one workload."""
    if theirs is not None and not np.isclose(ours, theirs, rtol=1e-3, atol=1e-5):
        raise AssertionError(f"{name}: minidl computes {ours}, the other library {theirs}")


def no_wait(loss: Any) -> None:
    """On the CPU all is done when a step returns."""


def seconds(step: Step, repeats: int, clock: Clock, wait: Callable[[Any], Any] = no_wait) -> float:
    """Seconds a step.  wait(loss) returns when the last one is done: a GPU is still computing when
    Python has all behind it, until a number is read."""
    start = clock()
    for _ in range(repeats):
        loss = step()
    wait(loss)
    return (clock() - start) / repeats


def repeats_in(
    step: Step, slice_s: float, clock: Clock, wait: Callable[[Any], Any] = no_wait
) -> int:
    """How many steps fill a slice of time; also the warm-up."""
    seconds(step, 2, clock, wait)
    return max(1, round(slice_s / seconds(step, 1, clock, wait)))
