"""What can be asked of a generator that has no likelihood: how many pictures it knows, and whether
it knows more than it was shown.

Birthday paradox.  Among s draws from a law that is even on n pictures two are alike with chance

    1 - (1 - 1/n) (1 - 2/n) ... (1 - (s - 1)/n),     1/2 at about s = 1.177 n^1/2.

So if s draws contain a near-duplicate every other time, the generator knows some s^2 / (2 log 2)
pictures, or fewer that matter (Arora and Zhang 2017, arXiv:1706.08224).

Interpolation.  Walk from one noise to another in equal steps.  A generator that has learned a few
pictures by heart stands still and then jumps.  Smoothness is no proof of the contrary, and the
notes' criterion a rule of thumb; here it is made a number, the largest step over the median one.

Rows of the notes: birthday-paradox, latent-interpolation.
"""

from __future__ import annotations

import math

import numpy as np

from .. import nn
from ..graph import Tensor, tensor
from ..recording import no_grad

# ------------------------------------------------------------------------------ birthday paradox


def collision_chance(n: int, s: int) -> float:
    """The chance that two of s draws from an even law on n points are the same."""
    return float(1 - np.prod(1 - np.arange(s) / n))


def near_pairs(samples: np.ndarray, tolerance: float) -> np.ndarray:
    """Which samples count as the same: at most `tolerance` apart.  samples: (N, ...) -> (N, N)."""
    x = samples.reshape(len(samples), -1).astype(np.float64)
    squares = (x**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * x @ x.T
    return (distances <= tolerance**2 + 1e-12) & ~np.eye(len(x), dtype=bool)


def birthday_size(same: np.ndarray, rng: np.random.Generator, trials: int = 400) -> int | None:
    """How many draws have two alike in half of all trials.

    same: (N, N), from `near_pairs`, of many more samples than the answer.  In each trial the
    samples are put into random order; what counts is how many come up to the first that is like one
    before it.  Returns the median, or None where most trials find no two alike.
    """
    first = []
    for _ in range(trials):
        order = rng.permutation(len(same))
        seen_before = np.tril(same[np.ix_(order, order)], -1).any(axis=1)
        first.append(seen_before.argmax() + 1 if seen_before.any() else math.inf)
    median = float(np.median(first))
    return None if math.isinf(median) else int(median)


def support_size(s: float) -> float:
    """n = s^2 / (2 log 2), of how many pictures s draws have two alike with chance 1/2."""
    return s**2 / (2 * math.log(2))


# --------------------------------------------------------------------------------- interpolation


def walk(generator: nn.Module, start: Tensor, end: Tensor, steps: int) -> Tensor:
    """What the generator makes on the way from one noise to another.

    start, end: (K,) normal noise.  Returns (steps, ...).  The way lies on a sphere: halfway along
    the straight line noise is shorter than a draw from N(0, I) ever is, and the generator has not
    seen such.
    """
    t = np.linspace(0, 1, steps)[:, None]
    a, b = (z.detach().to("cpu").numpy().astype(np.float64) for z in (start, end))
    cosine = a @ b / (np.linalg.norm(a) * np.linalg.norm(b))
    angle = max(math.acos(min(max(cosine, -1), 1)), 1e-6)
    z = (np.sin((1 - t) * angle) * a + np.sin(t * angle) * b) / math.sin(angle)
    with no_grad():
        return generator(tensor(z.astype(start.dtype), device=start.device))


def largest_jump(path: np.ndarray) -> float:
    """The largest step of a path over its median step; infinite for one that mostly stands still.

    path: (steps, ...).  About 1 for an even walk.
    """
    lengths = np.linalg.norm(np.diff(path.reshape(len(path), -1), axis=0), axis=1)
    median = np.median(lengths)
    return float(lengths.max() / median) if median > 0 else math.inf
