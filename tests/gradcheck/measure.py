"""How good the diagnosing checker is: `python -m tests.gradcheck.measure`, two minutes.

Every wrong backward of BLIND must be found on twenty seeds, and no right one flagged.  Then what is
said of each is printed, and which part of them is explained: has a finding that is specific, and
is not listed in MISLEADING, by one who read all texts.

`python -m tests.gradcheck.measure second` does the same with the second set, BLIND_SECOND.
"""

import sys
from collections.abc import Callable, Iterator

import numpy as np

from minidl.gradcheck.diagnosis import Diagnosis, diagnose_on
from minidl.gradcheck.student import Student, Wrong
from minidl.gradcheck.trials import Trial, measure
from minidl.gradcheck.view import views_of

from .blind import BLIND
from .blind_second import BLIND_SECOND

SEEDS = 20

# Specific findings that are true of the numbers, and yet do not lead to what is wrong.
MISLEADING = {
    "mean_of_columns: 1/D": "lists the factor N/D as three numbers",
    "conv1d: bias averaged over positions": "lists the factor 1/L as three numbers",
    "max_of_rows: to every entry": "speaks of a sum, where a choice was forgotten",
    "multiclass_hinge: true class forgotten": "speaks of a positive part, not of the label's entry",
    "multiclass_hinge: true class with the other sign": "speaks of an absolute value",
}

MISLEADING_SECOND = {
    "softmax: second term without y": "speaks of a mean and a variance; a softmax has neither",
    "normalise: norm not divided by": "speaks of x for y, though the code has y where it belongs",
    "normalise: square of the norm": "speaks of y for x, though the code has neither there",
    "dropout: divided by p": "gives the factor (1 - p)/p as 2.33333",
    "bce: first term only": "calls the t that belongs there a factor too many",
    "mse: loss times difference": "lists the factor y/2 as three numbers",
    "multiclass_hinge: label's entry forgotten": "speaks of a positive part, not of the label",
    "kl_of_gaussians: logvar taken for log sigma": "true, but of 2 (1 + exp(logvar)) nobody thinks",
    "kl_of_gaussians: logvar taken for the variance": "gives back the formula as it was written",
    "conv2d: bias averaged over the places": "gives the factor 1/(5 4) as 0.05",
}

SETS = {"first": (BLIND, MISLEADING), "second": (BLIND_SECOND, MISLEADING_SECOND)}


def trials_of(forward: Callable, samples: dict, seed: int) -> list[Trial]:
    return [measure(forward, samples, draw, seed) for draw in range(3)]


def is_detected(trials: list[Trial], forward: Callable, backward: Callable) -> bool:
    """Whether `diagnose` flags it; without an explanation if the numbers are wrong."""
    student = Student(forward, backward)
    try:
        gradients = [student.gradients(trial) for trial in trials]
    except Wrong:
        return True
    if not all(view.is_right for views in views_of(trials, gradients) for view in views):
        return True
    return not diagnose_on(trials, forward, backward)


def failures(blind: list[tuple], seeds: range) -> Iterator[str]:
    """The wrong backwards that are not found, and the right ones that are flagged."""
    for name, forward, samples, right, wrongs in blind:
        for seed in seeds:
            trials = trials_of(forward, samples, seed)
            if not diagnose_on(trials, forward, right):
                yield f"{name}: the right one is flagged, seed {seed}"
            for what, wrong in wrongs:
                if not is_detected(trials, forward, wrong):
                    yield f"{name}: {what} is not found, seed {seed}"


def diagnoses(blind: list[tuple]) -> Iterator[tuple[str, Diagnosis]]:
    """What is said of each wrong backward, on seed 0."""
    for name, forward, samples, _, wrongs in blind:
        trials = trials_of(forward, samples, seed=0)
        for what, wrong in wrongs:
            yield f"{name}: {what}", diagnose_on(trials, forward, wrong)


def main(which: str = "first") -> int:
    blind, misleading = SETS[which]
    count = specific = right = 0
    for name, found in diagnoses(blind):
        first = found.findings[0] if found.findings else None
        is_specific = first is not None and first.specific
        is_right = is_specific and name not in misleading
        count, specific, right = count + 1, specific + is_specific, right + is_right
        mark = "right" if is_right else "misleading" if is_specific else "no reason"
        print(f"{name}  [{found.code}]  {mark}")
        for finding in found.findings:
            print(f"    {', '.join(finding.names)}: {' '.join(finding.text.split())}")
    print(f"\n{len(blind)} functions, {count} wrong backwards")
    print(f"a specific finding: {specific / count:.1%}; right and specific: {right / count:.1%}")
    failed = [*failures(blind, range(SEEDS))]
    print(*failed, sep="\n")
    print(f"{len(failed)} not found or wrongly flagged on {SEEDS} seeds")
    return bool(failed)


if __name__ == "__main__":
    np.seterr(all="ignore")
    sys.exit(main(*sys.argv[1:]))
