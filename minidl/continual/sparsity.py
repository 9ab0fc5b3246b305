"""Sparse activations: few units answer each input, and other units each task.

k winners take all: of a layer's activations the k largest stay, the others become 0.  (The notes:
set what is not among the top k to 0.)  Weights of units that stay silent get no gradient, so tasks
that use different units do not disturb each other.

Heterogeneous dropout makes them use different ones.  With a_i, how often unit i was active in the
tasks so far, it is kept, while the next task is learned, with probability

    exp(-alpha a_i / max_j a_j),

so that what old tasks rely on is seldom touched, and winners are found among the others.

Is a sparse activation low-rank, as the notes have it?  By numerical rank yes, since units that no
input wins drop out; by the rank that holds 99 % of the energy no, since the winners are more even:
`numerical_rank` and `energy_rank` measure both.  Gradient projection goes by the second.

k-WTA: Ahmad and Scheinkman 2019 (arXiv:1903.11257), eq. 1.  Heterogeneous dropout: Abbasi,
Nooralinejad, Braverman, Pirsiavash and Kolouri 2022 (arXiv:2203.06514), section 3.

Rows of the notes: kwta, heterogeneous-dropout.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor, tensor
from ..nn import functional as F
from ..ops.choices import maximum, minimum
from ..ops.elementwise import exp
from ..recording import no_grad


def winners(h: Tensor, k: int) -> Tensor:
    """The k largest of the positive parts of h, 0 for the others.  h: (N, H), and the result.

    The gradient passes to the winners.  At equal activations the first unit wins, so that there
    are never more than k.
    """
    return F.kwta(F.relu(h), k)


def keep_probability(activity: Tensor, alpha: float) -> Tensor:
    """exp(-alpha a_i / max a): 1 for a unit that was never active.  activity: (H,), and the result.

    All are kept where nothing has been active yet.
    """
    most = activity.max()
    return exp(-alpha * activity / maximum(most, 1e-12))


def thinned(h: Tensor, keep: Tensor, noise: Tensor) -> Tensor:
    """h with each unit set to 0 unless its noise is below its probability.

    h: (N, H).  keep: (H,).  noise: uniform on [0, 1], (N, H), or (H,) to drop units for the batch.
    Nothing is scaled up: k winners are taken afterwards, whoever they are.
    """
    return h * (noise < keep).astype(h.dtype)


class SparseLayer(nn.Module):
    """A linear layer of which k winners answer; in training, units with much use drop out.

    activity: (H,), the sum over the tasks so far of the share of examples for which each unit was
        active; `remember` adds a task to it.
    """

    def __init__(
        self, n_in: int, n_out: int, k: int, alpha: float = 0.0, *, rng: Any = None
    ) -> None:
        """alpha: how strongly use counts; 0 drops nothing."""
        self.rng = np.random.default_rng(rng)
        self.linear = nn.Linear(n_in, n_out, rng=self.rng)
        self.k, self.alpha = k, alpha
        self.register_buffer("activity", self.linear.bias.detach() * 0)

    def forward(self, x: Tensor) -> Tensor:
        """x: (N, n_in).  Returns (N, n_out), of which at most k in each row are not 0."""
        h = F.relu(self.linear(x))
        if self.training and self.alpha:
            noise = tensor(self.rng.random(h.shape), dtype=h.dtype, device=h.device)
            h = thinned(h, keep_probability(self.activity, self.alpha), noise)
        return F.kwta(h, self.k)

    def remember(self, activity: Tensor) -> None:
        """Count a task's `active_share` as use."""
        self.activity = self.activity + activity


# -------------------------------------------------------------------------------- what it does


@no_grad()
def active_share(h: Tensor) -> Tensor:
    """For each unit, the share of examples for which it is not 0.  h: (N, H).  Returns (H,)."""
    return (h != 0).astype(h.dtype).mean(axis=0)


@no_grad()
def overlap(a: Tensor, b: Tensor) -> float:
    """sum_i min(a_i, b_i) / sum_i max(a_i, b_i): how far two tasks use the same units, 0 to 1.

    a, b: (H,) their `active_share`.  For shares of 0 and 1, the Jaccard index of the two sets.
    """
    return (minimum(a, b).sum() / maximum(a, b).sum()).item()


def numerical_rank(h: np.ndarray) -> int:
    """The number of singular values above rounding.  h: (N, H)."""
    return int(np.linalg.matrix_rank(h.astype(np.float64), rtol=1e-7))


def energy_rank(h: np.ndarray, share: float = 0.99) -> int:
    """The least k such that k singular directions hold this share of |h|^2.  h: (N, H)."""
    energy = np.linalg.svd(h.astype(np.float64), compute_uv=False) ** 2
    return int((energy.cumsum() < share * energy.sum()).sum()) + 1


checked(winners, h=normal(3, 6), k=2)
