"""The sum over paths of CTC.  The reference lists them all."""

import itertools
from functools import partial

import numpy as np

from minidl.ops.ctc import path_sum

from .row import Row, case, generator, normal

x = partial(normal, generator("ctc"))


def all_paths(log_probs, targets, frames, lengths, blank, zero_infinity):
    """-log of the sum, over all paths that spell the target, of their probabilities."""
    classes, loss = log_probs.shape[2], np.zeros(len(targets))
    for n, target in enumerate(targets):
        total = 0.0
        for path in itertools.product(range(classes), repeat=frames[n]):
            merged = [k for k, _ in itertools.groupby(path) if k != blank]
            if merged == [*target[: lengths[n]]]:
                total += np.exp(sum(log_probs[t, n, k] for t, k in enumerate(path)))
        with np.errstate(divide="ignore"):
            loss[n] = -np.log(total)
    return np.where(np.isinf(loss), 0, loss) if zero_infinity else loss


def array(*values):
    return np.array(values)


TARGETS = array([1, 1, 2], [2, 1, 2], [1, 0, 0])
TWICE = array([3, 3, 2], [3, 1, 2])  # the first needs four steps

ROWS = [
    Row(
        path_sum,
        all_paths,
        [
            case(x((5, 3, 3)), TARGETS, array(5, 4, 2), array(3, 3, 1), 0, False),
            case(x((4, 2, 3)), array([0, 1], [1, 0]), array(4, 3), array(2, 0), 2, True),
            case(x((3, 2, 4)), TWICE, array(3, 3), array(3, 3), 0, True),
            case(x((1, 1, 2)), array([1]), array(1), array(1), 0, False),
        ],
        rounding=1e-12,
    ),
]
