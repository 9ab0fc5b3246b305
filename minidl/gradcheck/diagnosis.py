"""Why is this gradient wrong?  `diagnose` compares it with the measured one and names the mistake.

    def relu(x):
        return np.maximum(x, 0)

    def relu_backward(g, y, x):
        return g * x

    print(diagnose(relu, relu_backward, x=normal("N", "D")))

It looks in this order: does it run and return arrays at all; does it behave (no memory, nothing
written to); is it one of the mistakes that the exercise names; have the gradients the right shapes;
are they linear in g; is there a formula that gives what was returned; and where is it wrong.  An
explanation is given only if it reproduces every entry of three draws of different sizes, and says
what leads to such numbers, not what somebody did.  Without one the numbers are shown.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

from ..function import Function
from . import behaviour, shapes
from .algebra import algebra, factors_and_terms, swapped_factors
from .along import along
from .arguments import arguments
from .draws import DRAWS
from .functions import OnArrays
from .paths import further_paths, simple_paths
from .place import place
from .report import as_html, as_text
from .routes import routes
from .student import Finding, Gradients, Student, Wrong
from .sums import sums
from .trials import Trial, close, measure
from .view import View, Views, views_of
from .windows import windows


@dataclasses.dataclass(frozen=True)
class Misconception:
    """A wrong backward that has a name.

    code: for counting.  text: what leads to it, as the end of "this is what you get if ...".
    backward: gives the same wrong gradients; None for an input of which it says nothing.
    """

    code: str
    text: str
    backward: Callable


@dataclasses.dataclass(frozen=True, repr=False)
class Diagnosis:
    """True if the gradients are right; printed, or shown in a notebook, what is wrong."""

    title: str
    findings: list[Finding]
    trials: list[Trial]
    gradients: list[Gradients]

    def __bool__(self) -> bool:
        return not self.findings

    @property
    def code(self) -> str:
        """The code of the first finding; '' if there is none."""
        return self.findings[0].code if self.findings else ""

    def view(self, finding: Finding) -> View | None:
        """The numbers that a finding is about; None if they cannot be shown."""
        if not finding.names or finding.trial not in self.trials[: len(self.gradients)]:
            return None
        name = finding.names[0]
        view = View(finding.trial, name, self.gradients[finding.trial.number][name])
        return view if view.claimed.shape == view.x.shape else None

    def __str__(self) -> str:
        return as_text(self)

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return as_html(self)


def diagnose(
    forward: Callable | type[Function],
    backward: Callable | None = None,
    *,
    misconceptions: Sequence[Misconception] = (),
    seed: int = 0,
    title: str | None = None,
    **samples: Any,
) -> Diagnosis:
    """Check `backward(g, y, *inputs)`, on arrays, and say what is wrong with it.

    forward: takes the inputs, returns y: an array of float64, or a tuple of them.  Or a subclass of
        `autograd.Function`, which has its backward(ctx, *gs) with it.
    backward: is given g = dL/dy, y and the inputs, and returns dL/dx of each float input x, in a
        tuple if there are several (None may stand for the others).
    misconceptions: wrong backwards to recognise by name.
    samples: what to try it on, by the inputs' names and in their order: `normal("N", "D")` and the
        like of `gradcheck.draws`, any function of (rng, sizes), or a constant.
    seed: of the inputs and of the incoming gradients.

    Raises WrongForward if the forward function cannot be used.
    """
    if isinstance(forward, type) and issubclass(forward, Function):
        title = title or f"{forward.__name__}.backward"
        pair = OnArrays(forward)
        forward, backward = pair.forward, pair.backward
    if backward is None:
        raise TypeError("diagnose: a backward is missing: diagnose(forward, backward, x=...)")
    trials = [measure(forward, samples, draw, seed) for draw in range(DRAWS)]
    return diagnose_on(trials, forward, backward, misconceptions, title)


def diagnose_on(
    trials: list[Trial],
    forward: Callable,
    backward: Callable,
    misconceptions: Sequence[Misconception] = (),
    title: str | None = None,
) -> Diagnosis:
    """`diagnose` on draws of `forward` that were measured before."""
    title = title or getattr(backward, "__name__", type(backward).__name__)
    student = Student(forward, backward)
    gradients: list[Gradients] = []
    try:
        odd = behaviour.repeats(student, trials[0]) or behaviour.keeps_inputs(student, trials[0])
        if odd is None:
            gradients += [student.gradients(trial) for trial in trials]
            odd = behaviour.is_fresh(student, trials)
        findings = [odd] if odd else _judge(student, trials, gradients, misconceptions)
    except Wrong as wrong:
        findings = [wrong.finding]
    return Diagnosis(title, findings, trials, gradients)


def _judge(
    student: Student,
    trials: list[Trial],
    gradients: list[Gradients],
    misconceptions: Sequence[Misconception],
) -> list[Finding]:
    """What is wrong with the numbers; at most one finding an input."""
    all_views = views_of(trials, gradients)
    wrong = {views[0].name for views in all_views if not all(v.is_right for v in views)}
    if not wrong:
        found = [
            shapes.wrong_type(student, v, []) or behaviour.linearity(student, v, [])
            for v in all_views
        ]
        found.append(None if any(found) else behaviour.follows_inputs(student, trials[0]))
        return [finding for finding in found if finding]
    named = next((m for m in misconceptions if _is(m, student, trials, gradients)), None)
    if named:
        text = f"this is what you get if {named.text}"
        bad = next(v for views in all_views for v in views if not v.is_right)
        return [
            Finding(named.code, text, bad.trial, tuple(sorted(wrong, key=trials[0].names.index)))
        ]
    findings = []
    for views in all_views:
        if views[0].name in wrong:
            others = [other for other in all_views if other is not views]
            found = shapes.wrong_shape(views, others) or shapes.not_finite(views)
            findings.append(found or _explain(student, views, others))
    return _together(findings)


# what leads to it, where no formula of the numbers was found
WIDER = (
    *(simple_paths, routes, windows, factors_and_terms, arguments),
    *(swapped_factors, further_paths, along, sums),
)


def _explain(student: Student, views: Views, others: list[Views]) -> Finding:
    """The first explanation that gives a reason; else the first that says anything."""
    general = None
    for explanation in (behaviour.linearity, algebra, place, *WIDER, shapes.wrong_type):
        found = explanation(student, views, others)
        if found and found.specific:
            return found
        general = general or found
    return general or _unexplained(views)


def _unexplained(views: Views) -> Finding:
    """How much is wrong, without a reason."""
    worst = max(views, key=lambda v: v.wrong.mean())
    count = f"{worst.wrong.sum()} of {worst.wrong.size} entries"
    text = f"it is wrong in {count}, and no pattern was found in how"
    return Finding("unexplained", text, worst.trial, (worst.name,), specific=False)


def _is(
    named: Misconception, student: Student, trials: list[Trial], gradients: list[Gradients]
) -> bool:
    """Whether a misconception returns what the student's code returns, in all draws."""
    is_wrong = False
    for trial, claimed in zip(trials, gradients):
        try:
            expected = Student(student.forward, named.backward).gradients(trial)
        except Wrong:
            return False
        for name, gradient in expected.items():
            steady = trial.steady[name] if gradient.shape == trial.steady[name].shape else True
            if not close(claimed[name], gradient, steady):
                return False
            is_wrong |= not View(trial, name, gradient).is_right
    return is_wrong


def _together(findings: list[Finding]) -> list[Finding]:
    """Findings of several inputs that say the same, as one."""
    merged: dict[tuple[str, str], Finding] = {}
    for finding in findings:
        key = finding.code, finding.text
        before = merged.get(key)
        names = (*before.names, *finding.names) if before else finding.names
        merged[key] = dataclasses.replace(before or finding, names=names)
    return [*merged.values()]
