"""Which parameters matter to a task: the Fisher information of a classifier.

    F = E_x E_{y ~ p(y|x)} s s',    s = d/dtheta log p(y|x),    of which EWC keeps the diagonal

It is the Hessian of KL(p_theta || p_theta_A) at theta = theta_A: how fast the outputs, as a law,
move away when the parameters do.  Two things are easily got wrong.

Where y comes from.  In F it is drawn from the model's own law.  `exact` sums over all classes,
`sampled` draws one for each example, which is right on average and costs one pass.  `empirical`
takes the labels of the data: that is another matrix, which agrees with F only where the model has
the law of the labels.  (The notes' E_x (d log p(x))^2 leaves it open; `minidl notes fisher-diag`.)

What is squared.  It is the gradient of one example.  The gradient of a batch's mean loss, squared,
is about as many times too small as the batch has examples, as the signs of the scores cancel.

Kirkpatrick et al. 2017 (arXiv:1612.00796); Kunstner, Balles and Hennig 2019 (arXiv:1905.12558) on
the empirical form; van de Ven 2025 (arXiv:2502.11756) compares all of them in EWC.

Rows of the notes: fisher-diag.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..creation import full
from ..graph import Tensor
from ..nn import functional as F
from ..ops.reduce import cumsum
from ..ops.shape import concatenate
from ..per_example import per_example_grad
from ..recording import no_grad

Values = dict[str, Tensor]  # by a parameter's name, of its shape
ROWS = 50  # examples whose gradients are in memory at once


def log_likelihood(net: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """log p(y_n | x_n) in nats.  x: (N, ...), y: (N,) classes.  Returns (N,)."""
    return -F.cross_entropy(net(x), y, reduction="none")


@no_grad()
def exact(net: nn.Module, x: Tensor) -> Values:
    """F_i = 1/N sum_n sum_y p(y|x_n) (d_i log p(y|x_n))^2: the diagonal, over all classes.

    net: gives logits (N, C), each example's own (no batch norm in training).  x: (N, ...).
    """
    p = F.softmax(net(x), dim=1)
    parts = [
        mean_square(net, x, full((len(x),), y, dtype=np.int64, device=x.device), p[:, y])
        for y in range(p.shape[1])
    ]
    return {name: sum(part[name] for part in parts) for name in parts[0]}


@no_grad()
def sampled(net: nn.Module, x: Tensor, noise: Tensor) -> Values:
    """The diagonal with one class drawn for each example: right on average.

    noise: (N,), uniform on [0, 1].
    """
    return mean_square(net, x, draw_classes(F.softmax(net(x), dim=1), noise))


@no_grad()
def empirical(net: nn.Module, x: Tensor, y: Tensor) -> Values:
    """1/N sum_n (d_i log p(y_n|x_n))^2 with the labels of the data: (N,).  Not the Fisher."""
    return mean_square(net, x, y)


def draw_classes(p: Tensor, noise: Tensor) -> Tensor:
    """The class in whose share of [0, 1] the noise falls.  p: (N, C), noise: (N,).  -> (N,)."""
    return (cumsum(p[:, :-1], axis=1) < noise[:, None]).sum(axis=1)


def mean_square(net: nn.Module, x: Tensor, y: Tensor, weight: Tensor | None = None) -> Values:
    """1/N sum_n w_n (d_i log p(y_n|x_n))^2, of the shapes of the parameters.

    x: (N, ...), y: (N,) classes.  weight: w, (N,), or 1 each.
    """
    total: Values = {}
    for start in range(0, len(x), ROWS):
        part = slice(start, start + ROWS)
        for name, s in per_example_grad(log_likelihood)(net, x[part], y[part]).items():
            square = (s * s).reshape(len(s), -1)
            square = square.sum(axis=0) if weight is None else weight[part] @ square
            total[name] = total.get(name, 0.0) + square.reshape(s.shape[1:])
    return {name: value / len(x) for name, value in total.items()}


@no_grad()
def matrix(net: nn.Module, x: Tensor) -> Tensor:
    """All of F, for small networks: (P, P), parameters in their order, each raveled."""
    p = F.softmax(net(x), dim=1)
    total: Any = 0.0
    for y in range(p.shape[1]):
        labels = full((len(x),), y, dtype=np.int64, device=x.device)
        s = per_example_grad(log_likelihood)(net, x, labels)
        s = concatenate([part.reshape(len(x), -1) for part in s.values()], axis=1)
        total = total + s.T @ (p[:, y : y + 1] * s)
    return total / len(x)


def _classifier(rng: np.random.Generator) -> nn.Module:
    return nn.Sequential(nn.Linear(4, 3, rng=rng), nn.Tanh(), nn.Linear(3, 3, rng=rng))


checked(log_likelihood, net=_classifier, x=normal(5, 4), y=lambda rng: rng.integers(0, 3, 5))
