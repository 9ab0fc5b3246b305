"""MAML: an initialisation from which a few steps of gradient descent solve a new task.

    min over phi of  E_t L_{t,B}(U^k_{t,A}(phi))

U^k is k steps of gradient descent on the support set A (`adaptation`); the outcome is judged on
the query set B.  With theta_0 = phi, ..., theta_k = U^k(phi) and H_i the Hessian of L_A at theta_i,
the chain rule goes back through every step,

    d/dphi L_B(U^k(phi)) = DU' g,    g = grad L_B(theta_k),
    DU = (I - lr H_{k-1}) ... (I - lr H_0),    so    DU' = (I - lr H_0) ... (I - lr H_{k-1}).

The notes print DU g without the transpose.  For one step that is the same, as a Hessian is
symmetric; for two it is not, as a product of symmetric matrices is not (`minidl notes
maml-jacobian`).

`first_order=True` leaves DU out.  What remains is the gradient at the adapted parameters, E_t grad
L_B(theta_k), and not, as the notes say, the average gradient of the tasks at phi, which would be
joint training (`minidl notes fomaml`).

Finn, Abbeel and Levine 2017 (arXiv:1703.03400), algorithm 1; first order: their section 5.2, and
Nichol, Achiam and Schulman 2018 (arXiv:1803.02999), section 3.

Rows of the notes: meta-objective, maml, maml-jacobian, fomaml.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..checks import checked, normal
from ..graph import Tensor
from ..optim import Optimizer
from ..recording import no_grad
from ..transforms import grad, hvp
from .adaptation import Examples, Loss, Parameters, Tasks, adapt, copies, trajectory


def meta_loss(
    loss: Loss, phi: Mapping[str, Tensor], tasks: Tasks, steps: int, lr: Any, **how: Any
) -> Tensor:
    """E_t L_B(U^k_A(phi)), the loss after adaptation, averaged over the tasks: one number.

    loss: (theta, x, y) -> (T,).  phi: tensors (...) by name.  steps, lr, how: see `adapt`.
    """
    return loss(adapt(loss, phi, tasks.support, steps, lr, **how), *tasks.query).mean()


def joint_loss(loss: Loss, phi: Mapping[str, Tensor], tasks: Tasks) -> Tensor:
    """E_t L_B(phi), without adaptation: what joint training minimises, the baseline of them all."""
    return loss(copies(phi, tasks.count), *tasks.query).mean()


@no_grad()
def pull_back(
    loss: Loss, phi: Mapping[str, Tensor], support: Examples, steps: int, lr: float, g: Parameters
) -> Parameters:
    """DU' g for each task, by the formula: a Hessian-vector product for each step, last step first.

        v_k = g,    v_i = v_{i+1} - lr H_i v_{i+1},    DU' g = v_0

    It keeps the k + 1 points of the trajectory and no graph of them, as checkpointed steps do.

    g: tensors (T, ...).  Returns tensors (T, ...), outside any graph.
    """
    *visited, _ = trajectory(loss, phi, support, steps, lr)
    v = g
    for theta in reversed(visited):
        Hv = hvp(lambda theta: loss(theta, *support).sum(), theta, v)
        v = {name: v[name] - lr * Hv[name] for name in v}
    return v


@no_grad()
def meta_gradient(
    loss: Loss, phi: Mapping[str, Tensor], tasks: Tasks, steps: int, lr: float
) -> Parameters:
    """The gradient of `meta_loss`, E_t DU' grad L_B(theta_k), by `pull_back`."""
    adapted = adapt(loss, phi, tasks.support, steps, lr)
    g = grad(lambda theta: loss(theta, *tasks.query).sum())(adapted)
    v = pull_back(loss, phi, tasks.support, steps, lr, g)
    return {name: part.mean(axis=0) for name, part in v.items()}


def train_step(optimiser: Optimizer, objective: Tensor) -> float:
    """One step down an objective, made by `meta_loss` or `joint_loss`; returns its value."""
    optimiser.zero_grad()
    objective.backward()
    optimiser.step()
    return objective.item()


# ------------------------------------------------------------------- for the finite differences


def quartic_loss(theta: Parameters, x: Tensor, y: Tensor) -> Tensor:
    """E r^2 + r^4 / 10 with r = x'w - y: a loss whose Hessian differs from place to place.

    theta["w"]: (T, D).  x: (T, N, D), y: (T, N).  Returns (T,).
    """
    r = (x @ theta["w"][:, :, None])[:, :, 0] - y
    return (r**2 + 0.1 * r**4).mean(axis=1)


def regression_tasks(rng: np.random.Generator) -> Tasks:
    """Two tasks in three dimensions: four examples to learn from, and four to be judged on."""
    support, query = ((rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4))) for _ in range(2))
    return Tasks(support, query)


_linear = {"phi": {"w": normal(3)}, "tasks": regression_tasks, "loss": lambda rng: quartic_loss}
for _steps in (1, 2, 5):
    checked(meta_loss, case=f"k = {_steps}", **_linear, steps=_steps, lr=lambda rng: np.array(0.05))
checked(joint_loss, **_linear)
