"""How good the diagnosing checker is: `python -m tests.gradcheck.measure`, two minutes.

Every wrong backward of BLIND must be found on twenty seeds, and no right one flagged.  Then what is
said of each is printed, and which part of them is explained: has a finding that is specific, and
is not listed in MISLEADING, by one who read all texts.

`python -m tests.gradcheck.measure second` does the same with the second set, BLIND_SECOND, and
`third` with BLIND_THIRD.
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
from .blind_third import BLIND_THIRD

SEEDS = 20

# Specific findings that are true of the numbers, and yet do not lead to what is wrong.
MISLEADING = {
    "max_of_rows: to every entry": "speaks of a sum, where a choice was forgotten",
}

MISLEADING_SECOND = {
    "softmax: second term without y": "speaks of a mean and a variance; a softmax has neither",
    "normalise: norm not divided by": "speaks of x for y, though the code has y where it belongs",
    "normalise: square of the norm": "speaks of y for x, though the code has neither there",
    "kl_of_gaussians: logvar taken for log sigma": "true, but of 2 (1 + exp(logvar)) nobody thinks",
    "kl_of_gaussians: logvar taken for the variance": "gives back the formula as it was written",
    "cosine_similarity: cosine forgotten": "exchanges numerator and norms, which nobody did",
    "layer_norm: centred x for xhat": "speaks of the root, where x was not divided by it",
}

MISLEADING_THIRD = {
    "gelu_by_tanh: sqrt(2 / pi) forgotten in the slope": "gives the factor as 1.25331",
    "softmax_of_columns_with_temperature: temperature forgotten": "gives T as 3",
    "product_of_rows: divided by the product": "speaks of squares, which nobody wrote",
    "variance_of_columns: size of the other axis": "speaks of forgotten paths, not of the size",
    "exponential_average: 1 - rate forgotten": "gives the factor as 10",
    "exponential_average: rate for 1 - rate": "gives the factor as 9",
    "log_determinant: the trace's gradient": "speaks of the largest entry, not of the diagonal",
    "add_to_rows: only the last of equal indices": "speaks of a sum, where entries were left out",
    "spatial_batch_norm: statistics of each example": "speaks of one axis, which is not the point",
    "residual_with_dropout: p for 1 - p": "gives the factor (1 - p)/p as 1.5",
    "residual_with_dropout: the skip gets the branch's gradient too": "gives a bare factor",
    "conv1d_with_stride: kernel's gradient of the last window": "speaks of y, which is being made",
    "depthwise_conv2d: kernel flipped": "speaks of the Jacobian's side, not of the kernel",
    "average_pool2d: to the first of the window": "speaks of a sum, where a choice was made",
    "average_pool2d: divided by the number of windows": "gives the factor 4/6 as 0.666667",
    "max_pool1d_with_overlap: to the whole window": "speaks of a sum, where a choice was forgotten",
    "attention_with_padding: multiplied by the scale": "takes D for a sum or mean of D entries",
    "cross_entropy_with_label_smoothing: smoothing not divided by the classes": "of a variance",
    "cross_entropy_with_label_smoothing: the uniform part forgotten": "speaks of a variance",
    "entropy_of_softmax: entropy not added": "gives back the formula in other letters",
    "info_nce: temperature forgotten": "gives the temperature as 1/2",
    "policy_gradient: mean advantage subtracted": "knows only that each row has a factor",
}

SETS = {
    "first": (BLIND, MISLEADING),
    "second": (BLIND_SECOND, MISLEADING_SECOND),
    "third": (BLIND_THIRD, MISLEADING_THIRD),
}


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
