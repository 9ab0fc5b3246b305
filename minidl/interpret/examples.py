"""Explanation by examples: which training examples does a prediction look like, or come from?

`nearest` finds those with the most similar features.  `prototypes` finds a few that stand for all:
k medoids, the examples with the least total distance of every example to its nearest one.

`influence` asks what a prediction would be without an example.  At the minimum theta of the mean
loss, leaving out example z changes theta by H^-1 grad L(z) / n to first order, with H the Hessian
of the mean loss, and so the loss of a test example by

    L_test(without z) - L_test = 1/n grad L_test' H^-1 grad L(z).

Above 0: z helped.  It takes a minimum and an invertible H: a convex model, such as the last layer
of a network on the features below it, with weight decay; elsewhere damping makes H invertible, and
the formula a guess.

Koh and Liang 2017 (arXiv:1703.04730), eq. 1-2; Kaufman and Rousseeuw 1987 for medoids.

Rows of the notes: attribution-taxonomy.
"""

from __future__ import annotations

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..ops.linalg import solve
from ..ops.shape import concatenate
from ..per_example import per_example_grad
from ..recording import no_grad
from ..transforms import hessian

Examples = tuple[Tensor, Tensor]  # x: (N, ...), y: (N,) classes


def nearest(features: np.ndarray, query: np.ndarray, k: int) -> np.ndarray:
    """The k rows of `features` nearest to each query, nearest first.

    features: (N, H), query: (Q, H).  Returns (Q, k).
    """
    return np.argsort(_squared_distances(query, features), axis=1, kind="stable")[:, :k]


def prototypes(features: np.ndarray, k: int, rounds: int = 20) -> np.ndarray:
    """k rows that stand for all: greedily chosen, then exchanged as long as that helps: (k,)."""
    D = np.sqrt(_squared_distances(features, features))
    chosen: list[int] = []
    for _ in range(k):
        reached = D[:, chosen].min(axis=1, initial=np.inf)
        chosen.append(int(np.minimum(D, reached[:, None]).sum(axis=0).argmin()))
    for _ in range(rounds):
        before = list(chosen)
        for place in range(k):
            others = chosen[:place] + chosen[place + 1 :]
            reached = D[:, others].min(axis=1, initial=np.inf)
            chosen[place] = int(np.minimum(D, reached[:, None]).sum(axis=0).argmin())
        if chosen == before:
            break
    return np.array(chosen)


def losses(net: nn.Module, x: Tensor, y: Tensor, decay: float = 0.0) -> Tensor:
    """Cross-entropy of each example + decay/2 |theta|^2: (N,)."""
    squares = sum((p**2).sum() for p in net.parameters())
    return F.cross_entropy(net(x), y, reduction="none") + 0.5 * decay * squares


@no_grad()
def influence(
    net: nn.Module, train: Examples, test: Examples, decay: float = 0.0, damping: float = 0.0
) -> Tensor:
    """By how much each test loss would rise, were each training example left out: (test, train).

    net: at the minimum of the mean of `losses(net, *train, decay)`; small, as its Hessian (P, P) is
        made.  damping: added to the Hessian's diagonal.
    """
    hessians = hessian(lambda net: losses(net, *train, decay).mean())(net)
    sizes = {name: p.size for name, p in net.named_parameters()}
    H = concatenate(
        [
            concatenate([hessians[a][b].reshape(n, m) for b, m in sizes.items()], axis=1)
            for a, n in sizes.items()
        ],
        axis=0,
    )
    H.data[np.arange(len(H)), np.arange(len(H))] += damping
    of_train, of_test = _gradients(net, train, decay), _gradients(net, test, 0.0)
    return of_test @ solve(H, of_train.T) / len(train[1])


def _gradients(net: nn.Module, examples: Examples, decay: float) -> Tensor:
    """The gradient of each example's loss, raveled: (N, P)."""
    one_by_one = per_example_grad(lambda net, x, y: losses(net, x, y, decay))
    parts = one_by_one(net, *examples).values()
    return concatenate([g.reshape(len(g), -1) for g in parts], axis=1)


def _squared_distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, H) and (M, H) give (N, M)."""
    squares = (a**2).sum(axis=1)[:, None] + (b**2).sum(axis=1) - 2 * a @ b.T
    return np.maximum(squares, 0)


checked(losses, net=lambda rng: nn.Linear(3, 3, rng=rng), x=normal(4, 3),
        y=lambda rng: rng.integers(0, 3, 4), decay=0.1)  # fmt: skip
