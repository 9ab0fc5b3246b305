"""Rehearsal: mix the old tasks into the data of the new one.

    L(theta) = share_new L(new batch) + (1 - share_new) L(replayed batch)

What is replayed are examples that were kept, a coreset, or samples of a model of the old data.

Which examples to keep: `reservoir`, a uniform sample of a stream of unknown length (Vitter 1985,
algorithm R); `k_center`, greedily the point farthest from those chosen so far, which covers all
points within at most twice the least possible radius (Gonzalez 1985, Theoretical Computer Science
38:293); `herding`, points whose running mean follows the mean of all (Welling 2009; iCaRL, Rebuffi
et al. 2017, arXiv:1611.07725, algorithm 4).

Generative replay keeps no examples: a generator makes the inputs, and the network as it was before
the new task labels them (Shin et al. 2017, arXiv:1705.08690, section 3).  Any generator does whose
`sample(n, rng)` gives inputs; `GaussianMixture` here is one that needs no training.

Rows of the notes: rehearsal-coreset, generative-replay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from .. import nn
from ..checks import between, checked
from ..graph import Tensor, tensor
from ..nn import functional as F
from ..ops.reduce import argmax
from ..recording import no_grad
from .learner import mlp

Examples = tuple[Tensor, Tensor]  # x: (N, ...), y: (N,)


def loss(net: nn.Module, new: Examples, old: Examples, share_new: float | Tensor = 0.5) -> Tensor:
    """The mean cross-entropies of a new and a replayed batch, weighed: one number.

    new, old: x (N, ...) and y (N,) each, of any two sizes.
    share_new: 1/t in the t-th task gives every task so far the same weight, as joint training does.
    """
    new_loss = F.cross_entropy(net(new[0]), new[1])
    return share_new * new_loss + (1 - share_new) * F.cross_entropy(net(old[0]), old[1])


# ----------------------------------------------------------------------------- which ones to keep


def reservoir(stream: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """The places in a stream of examples that are kept, when `size` fit: (min(size, stream),).

    The i-th example (from 0) takes a random place among i + 1, and is dropped if that is beyond
    the memory; so at any time each example so far is kept with the same probability.
    """
    kept = np.arange(min(size, stream))
    for i in range(size, stream):
        place = rng.integers(0, i + 1)
        if place < size:
            kept[place] = i
    return kept


def k_center(x: np.ndarray, size: int, first: int = 0) -> np.ndarray:
    """The rows of x chosen one by one, each the farthest from those before.  x: (N, D) -> (size,).

    first: the row to begin with.
    """
    chosen, nearest = [first], np.linalg.norm(x - x[first], axis=1)
    while len(chosen) < size:
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, np.linalg.norm(x - x[chosen[-1]], axis=1))
    return np.array(chosen)


def herding(x: np.ndarray, size: int) -> np.ndarray:
    """The rows of x chosen one by one so that their mean is nearest the mean of all: (size,)."""
    chosen: list[int] = []
    mean, total = x.mean(axis=0), np.zeros(x.shape[1])
    for k in range(1, size + 1):
        distance = np.linalg.norm(mean - (total + x) / k, axis=1)
        distance[chosen] = np.inf
        chosen.append(int(distance.argmin()))
        total += x[chosen[-1]]
    return np.array(chosen)


def radius(x: np.ndarray, chosen: np.ndarray) -> float:
    """How far the worst covered row of x is from the nearest chosen one."""
    squares = (x**2).sum(axis=1)[:, None] + (x[chosen] ** 2).sum(axis=1) - 2 * x @ x[chosen].T
    return float(np.sqrt(np.maximum(squares, 0).min(axis=1).max()))


# ------------------------------------------------------------------------ a model of the old data


class Generator(Protocol):
    """What generative replay needs of a generator."""

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n inputs: (n, ...)."""


class GaussianMixture:
    """One Gaussian for each group of the data, cut down to its main directions.

    x = mean_k + V_k (s_k * e) + r_k e',  e ~ N(0, I_rank), e' ~ N(0, I)

    V_k, s_k are the leading principal directions of group k and the deviations along them, r_k the
    deviation in all directions that is left: probabilistic PCA (Tipping and Bishop 1999).
    """

    def __init__(self, x: np.ndarray, groups: np.ndarray, rank: int) -> None:
        """x: (N, D).  groups: (N,) which group each row belongs to, such as its class."""
        self.shares: list[float] = []
        self.parts: list[tuple] = []
        for k in np.unique(groups):
            own = x[groups == k].astype(np.float64)
            mean = own.mean(axis=0)
            _, s, V = np.linalg.svd(own - mean, full_matrices=False)
            variances = s**2 / len(own)
            rest = variances[rank:].sum() / max(x.shape[1] - rank, 1)
            along = np.sqrt(np.maximum(variances[:rank] - rest, 0))
            self.shares.append(len(own) / len(x))
            self.parts.append((mean, V[:rank], along, np.sqrt(rest)))

    def sample(self, n: int, rng: np.random.Generator) -> np.ndarray:
        """n rows, each from a group drawn by its share: (n, D) float64."""
        group = rng.choice(len(self.parts), size=n, p=self.shares)
        rows = rng.standard_normal((n, len(self.parts[0][0])))
        for k, (mean, V, along, rest) in enumerate(self.parts):
            own = group == k
            e = rng.standard_normal((own.sum(), len(along)))
            rows[own] = mean + (along * e) @ V + rest * rows[own]
        return rows


@no_grad()
def replay(
    generator: Generator, solver: Callable[[Tensor], Tensor], n: int, like: Tensor,
    rng: np.random.Generator,
) -> Examples:  # fmt: skip
    """n examples of the old tasks: inputs from the generator, classes from the old solver.

    solver: the network before the new task, in eval mode.  like: of the wanted dtype and device.
    """
    x = tensor(generator.sample(n, rng), dtype=like.dtype, device=like.device)
    return x, argmax(solver(x), axis=1)


def _examples(rng: np.random.Generator) -> Examples:
    return rng.normal(size=(4, 3)), rng.integers(0, 2, 4)


checked(
    loss,
    net=lambda rng: mlp(3, 2, 2, activation=nn.Tanh, rng=rng),
    new=_examples,
    old=_examples,
    share_new=between(0.3, 0.7),
)
