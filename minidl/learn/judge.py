"""Judging one file: every check of an exercise, run in a sandbox, compared here.

A check is judged as the gradient checker judges: on three draws of different sizes.  Public and
graded runs differ in the seed alone, so there is nothing to give away.
"""

from __future__ import annotations

import ast
import dataclasses
import functools
import time
from pathlib import Path
from typing import Any

import numpy as np

from ..gradcheck.diagnosis import diagnose_on
from ..gradcheck.draws import DRAWS
from ..gradcheck.trials import CodeError, Trial, measure
from .exercise import Check, Exercise, Gradient, Program, Value
from .sandbox.process import Sandbox
from .values import judge_values

CALL, SECONDS = 5.0, 20.0  # for one call, and for all checks of one exercise
FORBIDDEN = ("minidl", "torch", "jax", "tensorflow", "autograd", "cupy", "mygrad", "theano")


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What came out of one check.

    status: 'pass', 'fail', 'error' (it did not run to its end), 'timeout' or 'missing' (not
    written yet).  code: the diagnosis, '' if it passed.  text: the full report.  line: of the
    student's file, 0 if unknown.
    """

    check: str
    status: str
    weight: int
    code: str = ""
    text: str = ""
    line: int = 0
    seconds: float = 0.0


@dataclasses.dataclass(frozen=True)
class Result:
    """An exercise's outcomes, and the score that they make."""

    exercise: Exercise
    outcomes: list[Outcome]
    seed: int
    printed: str = ""

    @property
    def score(self) -> float:
        """Points: each passed check's share by weight."""
        whole = sum(outcome.weight for outcome in self.outcomes)
        passed = sum(outcome.weight for outcome in self.outcomes if outcome.status == "pass")
        return round(self.exercise.points * passed / whole, 2)

    @property
    def status(self) -> str:
        """'pass', 'missing' if nothing is written yet, or the first other check's status."""
        found = [o.status for o in self.outcomes if o.status != "pass"]
        if not found:
            return "pass"
        return "missing" if set(found) == {"missing"} else next(s for s in found if s != "missing")

    @property
    def seconds(self) -> float:
        return sum(outcome.seconds for outcome in self.outcomes)


def judge(exercise: Exercise, path: Path, seed: int = 0) -> Result:
    """Run all checks of an exercise on the file at `path`."""
    with Sandbox(path) as sandbox:
        return judge_in(sandbox, exercise, path, seed)


def judge_in(sandbox: Sandbox, exercise: Exercise, path: Path, seed: int) -> Result:
    """`judge`, in a sandbox that other files of the same student went through."""
    refused = forbidden_import(path)
    if refused:
        outcomes = [
            Outcome(check.name, "error", check.weight, *refused) for check in exercise.checks
        ]
        return Result(exercise, outcomes, seed)
    sandbox.open(path)
    try:
        sandbox.load()
    except CodeError as error:
        return Result(exercise, [failed(check, error) for check in exercise.checks], seed)
    outcomes, until = [], time.monotonic() + SECONDS
    for check in exercise.checks:
        sandbox.seconds = max(0.1, min(CALL, until - time.monotonic()))
        start = time.perf_counter()
        outcome = run(check, sandbox, seed)
        outcomes.append(dataclasses.replace(outcome, seconds=time.perf_counter() - start))
    return Result(exercise, outcomes, seed, sandbox.printed)


def run(check: Check, sandbox: Sandbox, seed: int) -> Outcome:
    """One check."""
    try:
        code, text = {Gradient: gradient, Value: value, Program: program}[type(check)](
            check, sandbox, seed
        )
    except CodeError as error:
        return failed(check, error)
    except Exception as error:  # a fault of the checker's costs one check, not the marks of a class
        text = f"{check.name}: the checker failed, which is no fault of yours: {error!r}"
        return Outcome(check.name, "error", check.weight, "checker-failed", text)
    status = {"": "pass", "not-written": "missing", "timeout": "timeout"}.get(code, "fail")
    return Outcome(check.name, status, check.weight, code, text)


def failed(check: Check, error: CodeError) -> Outcome:
    """What did not run to its end."""
    status = {"not-written": "missing", "timeout": "timeout"}.get(error.code, "error")
    text = f"{error.text}{error.where()}"
    return Outcome(check.name, status, check.weight, error.code, text, error.line)


def gradient(check: Gradient, sandbox: Sandbox, seed: int) -> tuple[str, str]:
    """Code and text of the diagnosis; ('', '') if it is right."""
    found = diagnose_on(
        trials(check, seed), check.forward, sandbox.function(check.name), check.misconceptions
    )
    return found.code, "" if found else str(found)


def value(check: Value, sandbox: Sandbox, seed: int) -> tuple[str, str]:
    return judge_values(check, sandbox.function(check.name), seed)


def program(check: Program, sandbox: Sandbox, seed: int) -> tuple[str, str]:
    found = sandbox.drive(check.driver, seed)
    if not isinstance(found, dict):
        return "type", f"{check.name}: nothing came back"
    return compare(check, found, seed)


def compare(check: Program, found: dict[str, Any], seed: int) -> tuple[str, str]:
    """What the driver reports beside what it should; a known mistake agrees in all it gives."""
    expected = check.expected(seed)
    differing = [key for key in expected if not _agree(found.get(key), expected[key], check.rtol)]
    if not differing:
        return "", ""
    table = "\n".join(
        f"    {key}: {_short(found.get(key))}, expected {_short(expected[key])}"
        for key in differing[:6]
    )
    for code, text, values in check.wrong:
        if all(_agree(found.get(key), value, check.rtol) for key, value in values(seed).items()):
            return code, f"{check.name}: this is what you get if {text}\n{table}"
    return "unexplained", f"{check.name}: these are wrong\n{table}"


@functools.lru_cache(maxsize=1024)
def trials(check: Gradient, seed: int) -> list[Trial]:
    """The measured draws of a check, which are the same for all students."""
    return [measure(check.forward, check.samples, draw, seed) for draw in range(DRAWS)]


def forbidden_import(path: Path) -> tuple[str, str, int] | None:
    """(code, text, line) if the file imports a library that has the answers."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (SyntaxError, ValueError, OSError, RecursionError, MemoryError):
        return None  # running it will say so
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            if name.split(".")[0] in FORBIDDEN:
                text = f"{path}:{node.lineno}: {name} has the answers; use NumPy alone"
                return "forbidden-import", text, node.lineno
    return None


def _agree(found: Any, expected: Any, rtol: float) -> bool:
    """Whether two numbers or arrays are equal, relative to the largest entry."""
    try:
        a, b = np.asarray(found, np.float64), np.asarray(expected, np.float64)
    except (TypeError, ValueError):
        return False
    if a.shape != b.shape:
        return False
    return bool(np.all(np.abs(a - b) <= rtol * np.abs(b).max(initial=0) + 1e-12))


def _short(value: Any) -> str:
    """A value in one line."""
    if value is None:
        return "nothing"
    array = np.asarray(value)
    if array.size <= 6:
        return np.array2string(array, precision=6, separator=", ").replace("\n", "")
    return f"an array {array.shape}, beginning {np.array2string(array.ravel()[:4], precision=4)}"
