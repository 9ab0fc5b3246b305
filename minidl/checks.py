"""The list of what is checked against finite differences, made where each loss is defined.

    def gaussian_kl(mu, logvar):
        ...

    checked(gaussian_kl, mu=normal(4, 3), logvar=normal(4, 3))

The line under the function says what it is tried on: for each parameter a sample, which is drawn
when the check runs.  Float samples become tensors of which gradients are checked, a module's
parameters are checked with it, and everything else is passed on.  The tests, `minidl check` and the
docs read the one list.
"""

from __future__ import annotations

import importlib
import inspect
import math
import pkgutil
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .differences import Report
from .gradcheck import gradcheck, gradgradcheck
from .graph import tensor
from .trees import map_leaves

Draw = Callable[[np.random.Generator], Any]


@dataclass(frozen=True)
class Check:
    """A function, and samples of its arguments.

    samples: for each parameter that is given a value, the value or a function that draws it.
    order: 1, or 2 if the gradient is checked as well.
    case: what tells it from other checks of the same function.
    """

    function: Callable
    samples: dict[str, Any]
    order: int
    case: str = ""

    @property
    def name(self) -> str:
        """Where the function stands: 'autoencoders.vae.gaussian_kl'."""
        return f"{self.function.__module__.removeprefix('minidl.')}.{self.function.__qualname__}"


CHECKS: list[Check] = []


def checked(function: Callable, *, order: int = 2, case: str = "", **samples: Any) -> None:
    """Put `function` on the list, with what to call it on.

    order: 1 where a second derivative means nothing (a permutation is held, a step is taken).
    case: a word for it, where the function is on the list more than once.
    samples: by parameter; `normal(4, 3)` and its like below, any function of a random generator, or
        a constant.  The values must keep clear of kinks, where there is no slope to compare with.
    Raises TypeError if the samples do not fit the function's parameters.
    """
    inspect.signature(function).bind(**samples)
    CHECKS.append(Check(function, samples, order, case))


# ---------------------------------------------------------------------------------- the samples


def normal(*shape: int) -> Draw:
    """Standard normal numbers."""
    return lambda rng: rng.standard_normal(shape)


def between(low: float, high: float, *shape: int) -> Draw:
    """Uniform numbers in [low, high]."""
    return lambda rng: rng.uniform(low, high, shape)


def probabilities(*shape: int) -> Draw:
    """Positive numbers that sum to 1 along the last axis, none of them tiny."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        weights = rng.uniform(0.5, 1.5, shape)
        return weights / weights.sum(axis=-1, keepdims=True)

    return draw


def either_sign(*shape: int) -> Draw:
    """Numbers with an absolute value from 1/10 to 2."""
    return lambda rng: rng.choice([-1.0, 1.0], shape) * rng.uniform(0.1, 2.0, shape)


def distinct(*shape: int) -> Draw:
    """Numbers between -2 and 2 in random order, any two of them far apart, none near 0."""

    def draw(rng: np.random.Generator) -> np.ndarray:
        return rng.permutation(np.linspace(-2.0, 2.0, 2 * math.prod(shape))[::2]).reshape(shape)

    return draw


def classes(number: int, *shape: int) -> Draw:
    """Random classes, from 0 to `number` - 1."""
    return lambda rng: rng.integers(0, number, shape)


def invertible(n: int) -> Draw:
    """A matrix far from a singular one."""
    return lambda rng: rng.standard_normal((n, n)) + 3 * n * np.eye(n)


# --------------------------------------------------------------------------------- running them


@dataclass(frozen=True)
class Outcome:
    """What one check found, of one order."""

    check: Check
    order: int
    inputs: list[str]  # what the gradient was taken with respect to
    report: Report
    seconds: float

    @property
    def error(self) -> float:
        """The largest difference from a measured slope, relative to the largest slope of all."""
        scale = max((comparison.scale for comparison in self.report.comparisons), default=0.0)
        error = max((comparison.error for comparison in self.report.comparisons), default=0.0)
        return error / scale if scale else error


def run(check: Check) -> Iterator[Outcome]:
    """The outcomes of a check: of the gradient, then of the gradient's gradient."""
    seed = zlib.crc32(check.name.encode())  # a check's numbers stay when other checks change
    inputs: list[str] = []
    for order in range(1, check.order + 1):
        rng, start = np.random.default_rng(seed), time.perf_counter()
        values = {name: _draw(sample, rng) for name, sample in check.samples.items()}
        parameters = {
            f"{name}.{path}": parameter
            for name, value in values.items()
            if hasattr(value, "named_parameters")
            for path, parameter in value.named_parameters()
        }
        compare = gradcheck if order == 1 else gradgradcheck
        report = compare(
            _positional(check), tuple(values.values()), parameters=parameters, raise_exception=False
        )
        inputs = inputs or [comparison.name for comparison in report.comparisons]
        yield Outcome(check, order, inputs, report, time.perf_counter() - start)


def _draw(sample: Any, rng: np.random.Generator) -> Any:
    """A value: float64 arrays as tensors that require a gradient, modules in float64."""

    def ready(value: Any) -> Any:
        if hasattr(value, "named_parameters"):
            return value.double()
        if isinstance(value, np.ndarray):
            return tensor(value, requires_grad=value.dtype.kind == "f")
        return value

    drawn = map_leaves(sample, lambda part: part(rng) if callable(part) else part)
    return map_leaves(drawn, ready)


def _positional(check: Check) -> Callable:
    """The function, taking its samples in their order, with a signature that names them."""

    def call(*values: Any) -> Any:
        return check.function(**dict(zip(check.samples, values)))

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    call.__signature__ = inspect.Signature([inspect.Parameter(n, kind) for n in check.samples])
    call.__name__ = check.function.__name__
    return call


def report(checks: Iterable[Check], say: Callable[[str], None] = print) -> bool:
    """Run the checks, and print a line for each order and what is wrong; whether nothing is."""
    package, right = None, True
    say(f"{'what':<44} {'with respect to':<30} order   error    time")
    for check in sorted(checks, key=lambda check: check.name):
        chapter, _, name = check.name.partition(".")
        if chapter != package:
            package = chapter
            say(f"{chapter}")
        name += f" ({check.case})" if check.case else ""
        for outcome in run(check):
            right &= bool(outcome.report)
            first = outcome.order == 1
            inputs = ", ".join(outcome.inputs) if first else ""
            inputs = inputs if len(inputs) <= 30 else f"{inputs[:29]}…"
            error = f"{outcome.error:.0e}" if outcome.report else "WRONG"
            say(
                f"  {name if first else '':<42} {inputs:<30} {outcome.order:>5} {error:>7} "
                f"{outcome.seconds:>5.2f} s"
            )
            if not outcome.report:
                say(f"\n{outcome.report}\n")
    return right


def load() -> list[Check]:
    """Import all of minidl, so that the list is whole, and return it."""
    package = importlib.import_module(__package__)
    for module in pkgutil.walk_packages(package.__path__, f"{__package__}."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    return CHECKS
