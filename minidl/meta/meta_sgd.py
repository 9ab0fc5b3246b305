"""Meta-SGD: the learning rates of the inner loop are learned with the initialisation.

    min over phi and alpha of  E_t L_B(phi - alpha * grad L_A(phi))

alpha has the shape of phi: a step then has its own direction, not only its length.  For one step
the derivative by a rate is

    dL_B / dalpha_j = -[grad L_B(theta_1)]_j [grad L_A(phi)]_j,

so a rate grows while the gradients of support and query agree.  The notes name learned optimisers
without a formula; the smallest of them is this one.

Li, Zhou, Chen and Li 2017 (arXiv:1707.09835), algorithm 1.  The derivative by one common rate:
Baydin et al. 2018 (arXiv:1703.04782), equation 5.

Rows of the notes: learned-optimizer.
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import nn
from ..creation import ones_like
from ..graph import Tensor
from ..recording import no_grad
from ..transforms import grad
from .adaptation import Loss, Tasks, copies, step


def learned_rates(phi: Mapping[str, Tensor], lr: float) -> dict[str, nn.Parameter]:
    """A rate for each number in phi, all `lr` to begin with.

    Give them to `adapt` or `meta_loss` in the place of its learning rate, and with the parameters
    in phi to the outer optimiser.
    """
    return {name: nn.Parameter(lr * ones_like(p.detach())) for name, p in phi.items()}


@no_grad()
def hypergradient(loss: Loss, phi: Mapping[str, Tensor], tasks: Tasks, lr: float) -> Tensor:
    """dL_B / dlr of one step with one common rate: -grad L_B(theta_1) . grad L_A(phi).

    Returns one value a task, (T,), outside any graph.
    """
    at = copies(phi, tasks.count)
    g_A = grad(lambda theta: loss(theta, *tasks.support).sum())(at)
    theta = step(loss, at, tasks.support, lr)
    g_B = grad(lambda theta: loss(theta, *tasks.query).sum())(theta)
    products = [g_A[name] * g_B[name] for name in at]
    return -sum(p.sum(axis=tuple(range(1, p.ndim))) for p in products)
