"""ANIL, almost no inner loop: adapt the last layer alone, and learn the others in the outer loop.

    theta_{i+1} = theta_i - lr grad_head L_A(theta_i)

MAML's inner loop hardly changes the representation that the layers before the last compute; they
were learned so that the last layer needs few steps.  ANIL takes that for granted and saves the rest
of the inner loop.  It is not the reason why MAML works, as the notes have it, but what shows the
reason: features that are reused.  `cka` measures how alike two representations are.

Raghu, Raghu, Bengio and Vinyals 2020 (arXiv:1909.09157), sections 3 and 4.

Rows of the notes: anil.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor
from ..ops.elementwise import sqrt
from ..ops.trigonometry import tanh
from .adaptation import Loss, Parameters, Tasks
from .maml import meta_loss, regression_tasks


def head(net: nn.Module) -> list[str]:
    """The names of the parameters of the last layer that has any."""
    names = [name for name, _ in net.named_parameters()]
    layer = names[-1].rpartition(".")[0]
    return [name for name in names if name.rpartition(".")[0] == layer]


def anil_loss(
    loss: Loss, phi: Mapping[str, Tensor], tasks: Tasks, steps: int, lr: Any, moving: list[str]
) -> Tensor:
    """E_t L_B after k steps of the parameters named `moving` alone; of all, it is `meta_loss`."""
    return meta_loss(loss, phi, tasks, steps, lr, moving=moving)


def cka(x: Tensor, y: Tensor) -> Tensor:
    """The linear centred kernel alignment of two representations of the same N examples.

    |X'Y|^2 / (|X'X| |Y'Y|), Frobenius norms, columns centred: from 0 to 1, and 1 if the one is a
    rotation and scaling of the other.

    x: (N, P), y: (N, Q).  Kornblith et al. 2019 (arXiv:1905.00414), equations 3 and 4.
    """
    x, y = x - x.mean(axis=0), y - y.mean(axis=0)
    frobenius = lambda m: (m**2).sum()
    return frobenius(x.T @ y) / sqrt(frobenius(x.T @ x) * frobenius(y.T @ y))


# ------------------------------------------------------------------- for the finite differences


def two_layer_loss(theta: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """The squared error of head' tanh(body x).  x: (T, N, 3), y: (T, N).  Returns (T,)."""
    features = tanh(x @ theta["body"].swapaxes(1, 2))  # (T, N, H)
    return (((features @ theta["head"][:, :, None])[:, :, 0] - y) ** 2).mean(axis=1)


checked(
    anil_loss,
    loss=lambda rng: two_layer_loss,
    phi={"body": normal(2, 3), "head": normal(2)},
    tasks=regression_tasks,
    steps=2,
    lr=0.1,
    moving=["head"],
)
checked(cka, x=normal(5, 3), y=normal(5, 2))
