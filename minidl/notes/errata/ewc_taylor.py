"""The refsheet loses the left factor and the half of EWC's quadratic form.

Printed: L_B(theta) + lambda E[H d D], with D = theta - theta_A.  H D is a vector, not a number, and
doubles when D does, where a divergence grows fourfold.  With D' put back in front it is still twice
the second-order term of the Taylor expansion two lines above it, 1/2 D' H D.

The truth is the divergence itself, E_x KL(p_theta(.|x) || p_theta_A(.|x)), of a small classifier;
the tolerance is for what is of third order in D.
"""

from __future__ import annotations

import numpy as np

from ... import nn
from ...continual import ewc, fisher
from ...continual.learner import mlp
from ...graph import Tensor, tensor
from ...recording import no_grad
from . import Line


def corrected(delta: Tensor, H: Tensor) -> float:
    """1/2 D' H D."""
    return ewc.quadratic_form(delta, H).item()


def as_printed(delta: Tensor, H: Tensor) -> Tensor:
    """H D, a vector."""
    return H @ delta


@no_grad()
def experiment() -> list[Line]:
    """A step D from a solution, and twice that step."""
    rng = np.random.default_rng(0)
    net = mlp(3, 4, 3, activation=nn.Tanh, rng=rng).double()
    x = tensor(rng.normal(size=(20, 3)))
    before, H = net(x), fisher.matrix(net, x)
    delta = tensor(0.01 * rng.normal(size=len(H)))

    at_anchor = [p.data for p in net.parameters()]

    def divergence(delta: Tensor) -> float:
        start = 0
        for p, anchor in zip(net.parameters(), at_anchor):
            p.data = anchor + delta.data[start : start + p.size].reshape(p.shape)
            start += p.size
        return ewc.divergence(net(x), before).mean().item()

    truth, twice = divergence(delta), divergence(2 * delta)
    completed = (delta @ as_printed(delta, H)).item()
    growth = [
        np.linalg.norm(as_printed(2 * delta, H).data) / np.linalg.norm(as_printed(delta, H).data),
        corrected(2 * delta, H) / corrected(delta, H),
    ]
    return [
        Line("the divergence, with D' put back", completed, corrected(delta, H), truth, truth / 20),
        Line("its growth when D is doubled", *growth, twice / truth, 0.1),
    ]
