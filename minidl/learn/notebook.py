"""`check`: the checker of the exercises for a notebook, where the functions stand in cells.

from minidl.learn import check

check(swish, swish_backward)            # any pair; the docstring of swish tells the shapes
check("relu", relu, relu_backward)      # what an exercise asks for
check("relu")                           # the exercise's file, as `minidl learn check` does
"""

from __future__ import annotations

import dataclasses
import difflib
import html
import re
import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

from ..function import Function
from ..gradcheck import Diagnosis, diagnose
from ..gradcheck.files import completed, is_function, without_context
from ..gradcheck.report import GREEN, GREY, RED, badge
from ..gradcheck.trials import CodeError
from .course import Course
from .exercise import Exercise
from .exercises import exercises
from .judge import Outcome, Result, run

WORDS = {"pass": ("ok", GREEN), "missing": ("not written yet", GREY)}


@dataclasses.dataclass(frozen=True, repr=False)
class Report:
    """What came out of an exercise: true if it is passed; printed, or shown in a notebook."""

    result: Result

    def __bool__(self) -> bool:
        return self.result.status == "pass"

    def __str__(self) -> str:
        parts = [f"{self.result.exercise.name}: {self._summary()}"]
        for outcome in self.result.outcomes:
            parts.append(f"  {_word(outcome)[0]:<15} {outcome.check}")
            if _text(outcome):
                parts.append(textwrap.indent(_text(outcome), "    "))
        if not self:
            parts.append(f"in the notes: {self.result.exercise.page}")
        return "\n".join(parts)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        exercise = self.result.exercise
        parts = [f"<b>{html.escape(exercise.name)}</b>: {self._summary()}"]
        for outcome in self.result.outcomes:
            check = f"<code>{html.escape(outcome.check)}</code>"
            parts.append(f'<div style="margin-top: .4em">{badge(*_word(outcome))} {check}</div>')
            if _text(outcome):
                text = html.escape(_text(outcome))
                parts.append(f'<pre style="margin: .3em 0 0 1.5em">{text}</pre>')
        if not self:
            page = re.sub("`(.*?)`", r"<code>\1</code>", html.escape(exercise.page))
            parts.append(f"<small>in the notes: {page}</small>")
        return f"<div>{''.join(parts)}</div>"

    def _summary(self) -> str:
        passed = sum(outcome.status == "pass" for outcome in self.result.outcomes)
        score, most = self.result.score, self.result.exercise.points
        return f"{passed} of {len(self.result.outcomes)} checks pass, {score:g} of {most} points"


def _word(outcome: Outcome) -> tuple[str, str]:
    return WORDS.get(outcome.status, ("wrong", RED))


def _text(outcome: Outcome) -> str:
    """What is wrong, without the name of the function, which stands above it."""
    if outcome.status in WORDS:
        return ""
    text = outcome.text.removeprefix(f"{outcome.check}: wrong\n")
    return textwrap.dedent(text.removeprefix(f"{outcome.check}: "))


def check(
    what: str | Callable | type[Function], *own: Callable, seed: int = 0, **more: Any
) -> Report | Diagnosis:
    """Check a pair of functions, an `autograd.Function`, or what you wrote for an exercise.

    what: a forward function, followed by its backward(g, y, *inputs); a subclass of
        `autograd.Function`; or an exercise's name, followed by the functions and classes that it
        asks for.  With the name alone its file in the course is checked, and the progress noted.
    more: the shapes of a forward's inputs, such as `x=normal("N", "D")`, where the docstring does
        not tell them; or, in an exercise, functions that have another name than it asks for, such
        as `relu_backward=mine`.
    seed: of the draws.

    Raises ValueError or TypeError, with what would be right, if nothing can be checked.
    """
    if isinstance(what, str):
        if what not in exercises():
            near = difflib.get_close_matches(what, exercises(), 1)
            raise ValueError(
                f"check: no exercise is called {what!r}"
                + (f"; did you mean {near[0]!r}?" if near else "; minidl learn list shows all")
            )
        exercise = exercises()[what]
        if not own and not more:
            return Report(Course.here().check(exercise, seed))
        return Report(judge_here(exercise, {f.__name__: f for f in own} | more, seed))
    if len(own) != (not is_function(what)):
        raise TypeError(
            "check: wants check(forward, backward), check(MyFunction) for an autograd.Function, "
            'or an exercise, check("relu", relu, relu_backward)'
        )
    told = without_context(what) if is_function(what) else what
    otherwise = "as {}=normal('N', 'D') of minidl.gradcheck.draws; a letter stands for a length"
    return diagnose(what, *own, seed=seed, **completed(told, more, otherwise))


def judge_here(exercise: Exercise, given: dict[str, Any], seed: int) -> Result:
    """An exercise's checks on functions and classes of this process, by name."""
    cells = Cells(given)
    outcomes = [run(check, cells, seed) for check in exercise.checks]
    unknown = given.keys() - cells.asked
    if unknown:
        raise ValueError(
            f"check: {exercise.name} has no use for {', '.join(sorted(unknown))}; it asks for "
            f"{', '.join(sorted(cells.asked))}"
        )
    return Result(exercise, outcomes, seed)


class Cells:
    """What stands in a notebook's cells, in the place of the sandbox that a file runs in.

    Nothing limits the time: a notebook has a button for that.
    """

    def __init__(self, given: dict[str, Any]) -> None:
        self.given = given
        self.asked: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        """As of a module; what is not there yet is not written yet."""
        if name.startswith("__"):
            raise AttributeError(name)
        self.asked.add(name)
        if name not in self.given:
            raise NotImplementedError(f"{name} was not given")
        return self.given[name]

    def function(self, name: str) -> Callable:
        def call(*arguments: Any) -> Any:
            return _called(lambda: getattr(self, name)(*arguments))

        self.asked.add(name)
        call.__name__ = name
        return call

    def drive(self, driver: Callable, seed: int) -> Any:
        return _called(lambda: driver(self, seed))


def _called(call: Callable[[], Any]) -> Any:
    """What a call returns; CodeError if it raises."""
    try:
        with np.errstate(all="ignore"):
            return call()
    except NotImplementedError as error:
        raise CodeError("not-written", f"NotImplementedError: {error}") from error
    except Exception as error:
        raise CodeError.of(error) from error
