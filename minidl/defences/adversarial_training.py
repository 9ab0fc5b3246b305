"""Adversarial training: learn from the inputs that an attack makes of the training inputs.

    min over theta  E max_{|delta| <= epsilon} L(f(x + delta; theta), y)      Madry et al. 2018

(arXiv:1706.06083.)  For each batch an attack looks for the inner maximum, and the parameters take a
step along the gradient there, with the perturbed inputs held fixed: Danskin's theorem (`danskin`),
as far as the attack finds the maximum.  PGD comes near it.  FGSM, one step, does where the loss is
nearly linear in the ball, and mixing in the clean loss keeps the training stable:

    c L(x, y) + (1 - c) L(x + epsilon sign(grad_x L), y)

(Goodfellow et al. 2015, arXiv:1412.6572, section 6, c = 1/2.)  A network can learn to bend the loss
so that one step finds nothing ("label leaking", Kurakin et al. 2017, arXiv:1611.01236;
"catastrophic overfitting", Wong et al. 2020, arXiv:2001.03994): what it resists is to be measured
with PGD, never with FGSM alone.

Rows of the notes: adversarial-training, fgsm-mix.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..attacks import Goal, Threat, fgsm, pgd
from ..checks import checked, normal
from ..graph import Tensor
from ..nn import functional as F
from ..optim import Optimizer

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]  # (model, x, y) -> perturbed x, no graph


def mixed_loss(
    model: nn.Module, x: Tensor, perturbed: Tensor, y: Tensor, clean: float = 0.5
) -> Tensor:
    """clean CE(model(x), y) + (1 - clean) CE(model(perturbed), y), the mean over the examples.

    x, perturbed: (N, ...); the second is what an attack made of the first, and is a constant.
    clean: 0 for training on attacked inputs alone, 1 for plain training.
    """
    fit, resistance = 0.0, 0.0
    if clean > 0:
        fit = clean * F.cross_entropy(model(x), y)
    if clean < 1:
        resistance = (1 - clean) * F.cross_entropy(model(perturbed), y)
    return fit + resistance


def train_step(
    model: nn.Module, optimiser: Optimizer, x: Tensor, y: Tensor, attack: Attack,
    clean: float = 0.0,
) -> Tensor:  # fmt: skip
    """Attack the batch, then one step on it; returns the loss.

    The attack meets the model in eval mode, and leaves it as it was; the step is made in the mode
    that the model is in.
    """
    loss = mixed_loss(model, x, attack(model, x, y), y, clean)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
    return loss


def pgd_attack(threat: Threat, steps: int, rng: np.random.Generator, **how: Any) -> Attack:
    """PGD from a random start as an attack to train on; `how` goes to `attacks.pgd`."""
    return lambda model, x, y: (
        pgd(model, x, Goal(y.data), threat, steps, rng=rng, **how).adversarial
    )


def fgsm_attack(threat: Threat) -> Attack:
    """FGSM as an attack to train on."""
    return lambda model, x, y: fgsm(model, x, Goal(y.data), threat).adversarial


checked(
    mixed_loss,
    model=lambda rng: nn.Sequential(nn.Linear(3, 5, rng=rng), nn.Tanh(), nn.Linear(5, 4, rng=rng)),
    x=normal(4, 3), perturbed=normal(4, 3), y=lambda rng: rng.integers(0, 4, 4), clean=0.3,
)  # fmt: skip
