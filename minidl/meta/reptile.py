"""Reptile: move the initialisation towards where the tasks' optimisers went.

    phi <- phi + epsilon E_t (U^k_t(phi) - phi)

U^k is k steps of any optimiser on all examples of the task; there is no query set, and no second
derivative.  With one step of gradient descent, U - phi = -lr grad L_t(phi), and Reptile is joint
training with the rate epsilon lr.  With more it is not: expanded in lr, the expected move contains
the inner product of the gradients of two batches of one task, as that of MAML does.

Nichol, Achiam and Schulman 2018 (arXiv:1803.02999), algorithm 1 and section 5.

Rows of the notes: reptile.
"""

from __future__ import annotations

from collections.abc import Mapping

from ..graph import Tensor
from ..optim import Optimizer
from .adaptation import Parameters


def reptile_gradient(phi: Mapping[str, Tensor], adapted: Parameters) -> Parameters:
    """phi - E_t theta_t: the direction that Reptile descends, in the place of a gradient.

    phi: tensors (...).  adapted: tensors (T, ...).  Returns tensors (...), outside any graph.
    """
    return {name: p.detach() - adapted[name].detach().mean(axis=0) for name, p in phi.items()}


def train_step(optimiser: Optimizer, phi: Mapping[str, Tensor], adapted: Parameters) -> None:
    """One step of the outer optimiser.  With `SGD(lr=epsilon)` it is phi + epsilon E (theta - phi).

    optimiser: of the parameters in phi.  adapted: U^k(phi) of each task, tensors (T, ...).
    """
    for name, direction in reptile_gradient(phi, adapted).items():
        phi[name].grad = direction
    optimiser.step()
