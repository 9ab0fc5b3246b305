"""Learning without forgetting: let the outputs of the old tasks, on the new data, stay as they are.

    Y_o = f_o(X_n), recorded once, before anything of the new task is learned
    L   = lambda_o L_old(Y_o, f_o(x)) + L_new(y, f_n(x)) + R

L_old is the cross-entropy of softened probabilities p^{1/T} / sum p^{1/T} with T = 2, which are
softmax(z/T) of the logits z (Hinton, Vinyals and Dean 2015, arXiv:1503.02531).  Per example its
gradient is

    d L_old / dz = (softmax(z/T) - softmax(z_o/T)) / T.

No data of the old tasks are kept; how much the new inputs say of the old tasks decides how well it
does.  R is the weight decay of the optimiser.  First the new head is trained alone (warm-up), so
that its random start does not shake the body.

The notes' scan has RANDINT for RANDINIT and "weight decoy"; that L_old is softened they leave out.

Li and Hoiem 2016 (arXiv:1606.09282), eq. 2, 3 and figure 3.

Rows of the notes: lwf.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .. import nn
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..recording import no_grad
from .learner import MultiHead


def distillation(logits: Tensor, recorded: Tensor, temperature: float = 2.0) -> Tensor:
    """-sum_c q_c log p_c of the softened laws q (recorded) and p, in nats.

    logits, recorded: (N, C).  Returns (N,), at least the entropy of q, and that where p = q.
    Hinton, Vinyals and Dean 2015 (arXiv:1503.02531), section 2; Li and Hoiem 2016, eq. 2 and 3.
    """
    q = F.softmax(recorded / temperature, dim=1)
    return -(q * F.log_softmax(logits / temperature, dim=1)).sum(axis=1)


@no_grad()
def record(net: MultiHead, x: Tensor, tasks: Sequence[int]) -> list[Tensor]:
    """Y_o: the logits of these old tasks on all of the new task's inputs.  x: (N, ...).

    Call it before training; the arrays do not change when the network does.
    """
    training = net.training
    net.eval()
    recorded = [net(x, task) for task in tasks]
    net.train(training)
    return recorded


def loss(
    net: MultiHead,
    x: Tensor,
    y: Tensor,
    task: int,
    recorded: Sequence[Tensor],
    weight: float = 1.0,
    temperature: float = 2.0,
) -> Tensor:
    """L_new + lambda_o sum of L_old over the old tasks, both averaged over the batch.

    x: (N, ...), y: (N,).  recorded: for each old task, in order, its logits on x before: (N, C).
    weight: lambda_o, how much the old outputs should stay.
    """
    h = net.body(x)
    old = sum(
        distillation(net.head(t)(h), before, temperature).mean()
        for t, before in enumerate(recorded)
    )
    return F.cross_entropy(net.head(task)(h), y) + weight * old


def _network(rng: np.random.Generator) -> MultiHead:
    body = nn.Sequential(nn.Linear(3, 3, rng=rng), nn.Tanh())
    return MultiHead(body, [nn.Linear(3, 2, rng=rng), nn.Linear(3, 2, rng=rng)])


checked(distillation, logits=normal(4, 3), recorded=normal(4, 3), temperature=2.0)
checked(
    loss,
    net=_network,
    x=normal(4, 3),
    y=lambda rng: rng.integers(0, 2, 4),
    task=1,
    recorded=[normal(4, 2)],
)
