"""The CS7150 notes do not say where y comes from, and call the average the diagonal's entry.

Printed: F_i = E_x (delta_theta_i log p_theta(x))^2 with "E_x = diagonal entry of the Fisher
information matrix"; delta is a partial derivative, and F_i is the entry.  With E_x over the data
and their labels this is the empirical form, which is another number wherever the model's law is not
that of the labels; for the Fisher information y is drawn from the model.

The truth is the curvature of KL(p_theta || p_theta_A) at theta_A along one parameter, by second
differences of the divergence, for a model of three classes that has not learned its labels.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...continual import ewc, fisher
from ...graph import Tensor, tensor
from ...recording import no_grad
from . import Line


def corrected(net: nn.Module, x: Tensor) -> fisher.Values:
    """E_x E_{y ~ p(y|x)} (d_i log p(y|x))^2."""
    return fisher.exact(net, x)


def as_printed(net: nn.Module, x: Tensor, y: Tensor) -> fisher.Values:
    """E_{x, y ~ data} (d_i log p(y|x))^2."""
    return fisher.empirical(net, x, y)


@no_grad()
def experiment() -> list[Line]:
    """The entries of two parameters."""
    rng = np.random.default_rng(0)
    net = nn.Linear(2, 3, rng=rng).double()
    x, y = tensor(rng.normal(size=(50, 2))), tensor(rng.integers(0, 3, 50))
    before, h = net(x), 1e-3

    def curvature(p: Tensor) -> float:
        values, own = [], p.data.copy()
        for step in (-h, 0.0, h):
            p.data = own.copy()
            p.data.flat[0] += step
            values.append(ewc.divergence(net(x), before).mean().item())
        p.data = own
        return (values[0] - 2 * values[1] + values[2]) / h**2

    printed, right = as_printed(net, x, y), corrected(net, x)
    return [
        Line(f"curvature along {name}", printed[name].data.flat[0], right[name].data.flat[0],
             curvature(p), 1e-6)
        for name, p in net.named_parameters()
    ]  # fmt: skip
