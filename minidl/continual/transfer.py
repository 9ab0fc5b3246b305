"""Transfer and interference: what a step for one task does to another.

A step theta - eta g_A down the loss of A changes the loss of B by

    L_B(theta - eta g_A) - L_B(theta) = -eta g_A . g_B + O(eta^2),

so to first order B gains where the gradients point the same way (cosine above 0: transfer), and
loses where they oppose each other (below 0: interference).

Riemer et al. 2019 (arXiv:1810.11910), section 2.

Rows of the notes: transfer-interference.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .. import nn
from ..checks import checked
from ..graph import Tensor
from ..nn import functional as F
from ..ops.elementwise import sqrt
from ..transforms import grad
from .learner import mlp

Examples = tuple[Tensor, Tensor]  # x: (N, ...), y: (N,)


def inner_product(net: nn.Module, a: Examples, b: Examples) -> Tensor:
    """g_A . g_B, the gradients of the mean cross-entropies of two tasks: one number."""
    return _dot(_gradient(net, a), _gradient(net, b))


def cosine(net: nn.Module, a: Examples, b: Examples) -> Tensor:
    """g_A . g_B / |g_A| |g_B|, from -1 (interference) to 1 (transfer)."""
    g_a, g_b = _gradient(net, a), _gradient(net, b)
    return _dot(g_a, g_b) / sqrt(_dot(g_a, g_a) * _dot(g_b, g_b))


def predicted_change(net: nn.Module, a: Examples, b: Examples, lr: float) -> Tensor:
    """-lr g_A . g_B: by how much a step of this length for A changes the loss of B."""
    return -lr * inner_product(net, a, b)


def _gradient(net: nn.Module, task: Examples) -> dict[str, Tensor]:
    loss: Callable = lambda net: F.cross_entropy(net(task[0]), task[1])
    return grad(loss)(net)


def _dot(g: dict[str, Tensor], h: dict[str, Tensor]) -> Tensor:
    return sum((g[name] * h[name]).sum() for name in g)


def _examples(rng: np.random.Generator) -> Examples:
    return rng.normal(size=(3, 2)), rng.integers(0, 2, 3)


def _net(rng: np.random.Generator) -> nn.Module:
    return mlp(2, 2, 2, activation=nn.Tanh, rng=rng)


checked(inner_product, net=_net, a=_examples, b=_examples, order=1)  # of second order already
checked(cosine, net=_net, a=_examples, b=_examples, order=1)
