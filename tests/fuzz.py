"""Random programs of operations from the operation table, their gradients and Hessians checked.

    python -m tests.fuzz --programs 5000              # seeds 0, 1, 2, ...
    python -m tests.fuzz --programs 1 --seed 1234     # one of them again

A program starts from inputs of random shapes.  Each step takes a call from the table and puts, in
the place of its arrays, results of earlier steps: scaled and shifted into the range where the table
has that array (log gets positive numbers), and if need be with their elements picked so that the
shape fits.  Its value is a random weighting of all results that no later step uses.

Checked against central differences, along random directions: the gradient, and the Hessian times a
vector.  Where the measured slope depends on the step there is a kink, and nothing to compare.
"""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

import minidl
from minidl.differences import EPS, random, slope, unsteadiness
from minidl.ops.indexing import getitem
from minidl.ops.shape import reshape
from tests.op_table import (
    ROWS,
    activations,
    choices,
    elementwise,
    linalg,
    reduce,
    shape,
    sorting,
    special,
    trigonometry,
)
from tests.op_table.row import Case, Row
from tests.test_op_table import definition, inputs_of, outputs, replaced

LONGEST = 12  # steps
LARGEST = 40  # elements of an array that a step takes whole
RTOL, ATOL = 1e-5, 1e-8
FREE = {  # operations of arrays of any shape; others are given the shapes of the table
    row.name
    for family in (elementwise, choices, trigonometry, special, reduce, shape, sorting, activations)
    for row in family.ROWS
    if "shape" not in inspect.signature(row.function).parameters
}
FRAGILE = {row.name for row in linalg.ROWS}  # spectra must stay separated
CALLS = [
    (row, case)
    for row in ROWS
    for case in row.cases
    if (found := inputs_of(row, case)) and all(x.size for x in found)
]


@dataclasses.dataclass(repr=False)
class Use:
    """One array that a step is given: scale * source + shift, of picked elements, in a shape."""

    source: int
    pick: np.ndarray | None
    shape: tuple[int, ...] | None
    scale: float
    shift: Any

    def __call__(self, values: list) -> Any:
        x = values[self.source]
        if self.pick is not None:
            x = reshape(getitem(reshape(x, (-1,)), self.pick), self.shape)
        return x * self.scale + self.shift

    def __repr__(self) -> str:
        picked = "" if self.pick is None else f" picked to {self.shape}"
        shift = "own value" if isinstance(self.shift, np.ndarray) else f"{self.shift:.3g}"
        return f"{self.scale:.3g} * v{self.source}{picked} + {shift}"


@dataclasses.dataclass
class Step:
    """A call from the table, with other arrays."""

    row: Row
    case: Case
    uses: list[Use]

    def __call__(self, values: list) -> list:
        """Its outputs that have a derivative, given the values so far."""
        following = iter(self.uses)
        args, kwargs = replaced(self.row, self.case, lambda _: next(following)(values))
        constant = getattr(definition(self.row), "constant_outputs", ())
        return [
            y
            for k, y in enumerate(outputs(self.row, args, kwargs))
            if y.dtype.kind == "f" and y.size and k not in constant
        ]

    def __str__(self) -> str:
        following = iter(self.uses)
        args, kwargs = replaced(self.row, self.case, lambda _: next(following))
        written = [*map(repr, args), *(f"{name}={value!r}" for name, value in kwargs.items())]
        return " ".join(f"{self.row.name}({', '.join(written)})".split())


class Program:
    """Steps from inputs to one number, drawn with the random numbers of a seed."""

    def __init__(self, seed: int) -> None:
        self.seed, rng = seed, np.random.default_rng(seed)
        shapes = [tuple(rng.integers(1, 4, rng.integers(0, 4))) for _ in range(rng.integers(1, 4))]
        self.inputs = [np.array(rng.standard_normal(shape)) for shape in shapes]
        self.steps: list[Step] = []
        values = [*self.inputs]
        length = int(rng.integers(1, LONGEST + 1))
        while len(self.steps) < length:
            row = ROWS_BY_NAME[NAMES[rng.integers(len(NAMES))]]
            row, case = row[rng.integers(len(row))]
            step = Step(row, case, [_use(rng, x, values, row) for x in inputs_of(row, case)])
            new = _tried(step, values)
            if new:
                self.steps.append(step)
                values += [np.asarray(y) for y in new]
        used = {use.source for step in self.steps for use in step.uses}
        self.ends = [k for k in range(len(values)) if k not in used]
        self.weights = [random(rng, values[k].shape) for k in self.ends]
        self.directions = [[random(rng, x.shape) for x in self.inputs] for _ in range(2)]

    def __call__(self, *inputs: Any, steps: int | None = None) -> Any:
        """The number; or with `steps`, the sum of what the last of so many steps gives."""
        values = [*inputs]
        for step in self.steps[:steps]:
            new = step(values)
            values += new
        if steps is not None:
            return sum((y * y).sum() for y in new)
        return sum((values[k] * w).sum() for k, w in zip(self.ends, self.weights))

    def __str__(self) -> str:
        lines = [f"v{i} = input {x.shape}" for i, x in enumerate(self.inputs)]
        values = [*self.inputs]
        for step in self.steps:
            new = step(values)
            results = ", ".join(f"v{len(values) + k}" for k in range(len(new)))
            shapes = ", ".join(str(np.shape(y)) for y in new)
            lines.append(f"{results} = {step}  {shapes}")
            values += [np.asarray(y) for y in new]
        return "\n".join(lines)

    @property
    def title(self) -> str:
        """How to run it again."""
        return f"python -m tests.fuzz --programs 1 --seed {self.seed}"


def _use(rng: np.random.Generator, x: np.ndarray, values: list, row: Row) -> Use:
    """Some earlier value, in the place of the array x of the table."""
    source = int(rng.integers(len(values)))
    value = values[source]
    pick = None
    if row.name not in FREE or value.size > LARGEST or rng.random() < 0.5:
        pick = rng.permutation(np.resize(np.arange(value.size), x.size))
        value = value.ravel()[pick]
    middle, reach = (value.max() + value.min()) / 2, (value.max() - value.min()) / 2
    scale = 1 / reach if reach > 1e-3 else 1.0
    if row.name in FRAGILE:
        near = 0.05 * float(scale)
        return Use(source, pick, x.shape, near, x - near * float(middle))
    low, high = _range(x)
    scale *= (high - low) / 2
    return Use(source, pick, x.shape, float(scale), float((low + high) / 2 - scale * middle))


def _range(x: np.ndarray) -> tuple[float, float]:
    """Where the numbers of an array lie; on the right of 0 if they keep clear of it."""
    if (x > 0).any() and (np.abs(x) > 0.2).all():
        x = x[x > 0]
    low, high = float(x.min()), float(x.max())
    return (low, high) if high - low > 0.2 else (low - 0.1, high + 0.1)


def _tried(step: Step, values: list) -> list | None:
    """What a step gives; None if shapes do not fit, or numbers are too large to compare slopes."""
    try:
        with np.errstate(all="ignore"):
            new = step(values)
    except (ValueError, IndexError, TypeError, np.linalg.LinAlgError):
        return None
    return new if all(np.isfinite(y).all() and np.abs(y).max() < 1e3 for y in new) else None


ROWS_BY_NAME: dict[str, list] = {}
for _row, _case in CALLS:
    ROWS_BY_NAME.setdefault(_row.name, []).append((_row, _case))
NAMES = [*ROWS_BY_NAME]


# ------------------------------------------------------------------------------------- checks


def check(program: Program) -> str | None:
    """What is wrong with the program's derivatives; None if nothing is.  "kink": nothing to see."""
    kinks = 0
    for direction in program.directions:
        for compare in (_gradient, _hessian):
            try:
                problem = compare(program, program, direction)
            except Exception as error:
                return f"{program.title}: {type(error).__name__}: {error}\n{program}"
            kinks += problem == "kink"
            if problem not in (None, "kink"):
                return f"{program.title}: {problem}\n{program}\n{_first_wrong(program)}"
    return "kink" if kinks == 4 else None


def _gradient(program: Program, f: Callable, direction: list) -> str | None:
    """The gradient's component along a direction, beside the measured slope."""
    g = minidl.grad(f, argnums=range(len(program.inputs)))(*program.inputs)
    terms = np.concatenate([(a.numpy() * u).ravel() for a, u in zip(g, direction)])
    moved = lambda t: [x + t * u for x, u in zip(program.inputs, direction)]
    start = float(f(*program.inputs))
    change = lambda u, t: float(f(*moved(t * u))) - start
    measured = slope(change, 1.0, EPS)
    error = abs(terms.sum() - measured)
    if error <= RTOL * np.linalg.norm(terms) + ATOL * max(1.0, abs(start)):
        return None
    if unsteadiness(change, 1.0, EPS) > 0.2 * error:
        return "kink"
    return f"the gradient along a direction is {terms.sum():.9g}, the slope {measured:.9g}"


def _hessian(program: Program, f: Callable, direction: list) -> str | None:
    """The Hessian times a direction, beside the measured change of the gradient."""
    numbers = range(len(program.inputs))
    flat = lambda parts: np.concatenate([part.numpy().ravel() for part in parts])
    product = flat(minidl.hvp(f, tuple(program.inputs), tuple(direction)))

    def measured(h: float) -> np.ndarray:
        ahead, behind = (
            flat(
                minidl.grad(f, argnums=numbers)(
                    *(x + t * u for x, u in zip(program.inputs, direction))
                )
            )
            for t in (h, -h)
        )
        return (ahead - behind) / (2 * h)

    numeric = measured(EPS)
    error = np.linalg.norm(product - numeric)
    g = flat(minidl.grad(f, argnums=numbers)(*program.inputs))
    if error <= RTOL * np.linalg.norm(numeric) + ATOL * max(1.0, np.linalg.norm(g)):
        return None
    if np.linalg.norm(measured(EPS / 2) - numeric) > 0.2 * error:
        return "kink"
    return (
        f"the Hessian times a vector is off by {error:.3g}, its norm {np.linalg.norm(numeric):.3g}"
    )


def _first_wrong(program: Program) -> str:
    """The first step at which the derivatives are wrong."""
    for n in range(1, len(program.steps) + 1):
        part = lambda *inputs, n=n: program(*inputs, steps=n)
        for direction in program.directions:
            for compare in (_gradient, _hessian):
                if compare(program, part, direction) not in (None, "kink"):
                    return f"wrong from step {n} on: {program.steps[n - 1].row.name}"
    return "no step is wrong by itself"


def main() -> None:
    """Check many programs, and end with status 1 if one is wrong."""
    parser = argparse.ArgumentParser(description="check the derivatives of random programs")
    parser.add_argument("--programs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0, help="of the first program")
    given = parser.parse_args()
    wrong = kinks = steps = 0
    for seed in range(given.seed, given.seed + given.programs):
        program = Program(seed)
        problem = check(program)
        steps += len(program.steps)
        kinks += problem == "kink"
        if problem not in (None, "kink"):
            wrong += 1
            print(problem, end="\n\n")
    print(f"{given.programs} programs, {steps} steps: {wrong} wrong, {kinks} at kinks")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
