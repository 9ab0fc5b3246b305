"""SAM: descend on the worst loss in a small ball around the parameters, to find flat minima.

    min_w max_{|e| <= rho} L(w + e)

To first order the inner maximum is at e = rho g / |g| with g = grad L(w), and each step is

    w <- w - lr grad L(w + e),

two gradients a step.  Foret et al. 2021 (arXiv:2010.01412), equations 2 and 3: they drop the
derivative of e by w.  To first order SAM descends on L + rho |g|.  (The notes describe it as "find
the largest eigenvalue, add to the loss": a penalty on the largest eigenvalue of the Hessian is
another method.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..graph import Tensor
from ..ops.elementwise import absolute
from ..recording import mark_changed
from .optimizer import Optimizer, evaluate, root


class SAM:
    """Sharpness-aware minimisation around any optimiser.

        SAM(model.parameters(), SGD, rho=0.05, lr=0.1, momentum=0.9)

    base_optimizer: the class that makes the step; it gets the other options.
    rho: the radius of the ball, in the 2-norm over all parameters together.
    adaptive: e = rho w^2 g / | |w| g |, a ball that scales with each weight, so that rescaling a
        ReLU network's layers changes nothing (ASAM, Kwon et al. 2021, arXiv:2102.11600, eq. 9; its
        rho is about ten times larger).

    `step(closure)` needs a closure that forgets the gradients, computes the loss, calls backward
    and returns the loss: it is called twice.  The second call sees the same batch, so let batch
    norm update its running statistics in the first only.
    """

    def __init__(
        self,
        params: Iterable[Any],
        base_optimizer: type[Optimizer],
        rho: float = 0.05,
        adaptive: bool = False,
        **options: Any,
    ) -> None:
        if rho < 0:
            raise ValueError(f"SAM: rho={rho} is a radius, it must not be negative")
        self.base_optimizer = base_optimizer(params, **options)
        self.rho, self.adaptive = rho, adaptive
        self._before: list[tuple[Tensor, Any]] = []

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """The groups of the base optimiser (a schedule changes their "lr")."""
        return self.base_optimizer.param_groups

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients."""
        self.base_optimizer.zero_grad(set_to_none)

    def step(self, closure: Callable[[], Any]) -> Any:
        """Climb to w + e, take the gradient there, come back and step.  Returns the loss at w."""
        loss = evaluate(closure)
        self.first_step()
        evaluate(closure)
        self.second_step()
        return loss

    def first_step(self) -> None:
        """w <- w + e, with the gradients at w."""
        if self._before:
            raise RuntimeError("SAM: first_step() twice: call second_step() in between")
        params = [p for group in self.param_groups for p in group["params"] if p.grad is not None]
        self._before = [(p, p.data.copy()) for p in params]
        moved = self.perturb([p.data for p in params], [p.grad.data for p in params])
        for p, value in zip(params, moved):
            mark_changed(p.data)
            p.data[...] = value

    def second_step(self) -> None:
        """Back to w, and the base optimiser's step with the gradients from w + e."""
        if not self._before:
            raise RuntimeError("SAM: second_step() without first_step()")
        for p, value in self._before:
            mark_changed(p.data)
            p.data[...] = value
        self._before = []
        self.base_optimizer.step()

    # ----- pure

    def perturb(self, params: Sequence[Any], grads: Sequence[Any]) -> list[Any]:
        """w + e, as a function of arrays or (differentiable) Tensors; nothing is changed."""
        if self.adaptive:
            scaled = [absolute(p) * g for p, g in zip(params, grads)]
            climbs = [absolute(p) * h for p, h in zip(params, scaled)]
        else:
            scaled = climbs = grads
        scale = self.rho / (root(sum((h * h).sum() for h in scaled)) + 1e-12)
        return [p + scale * c for p, c in zip(params, climbs)]

    def init(self, params: Sequence[Any]) -> list[dict[str, Any]]:
        """The states from which `update` starts."""
        return self.base_optimizer.init(params)

    def update(
        self, params: Sequence[Any], grads: Sequence[Any], states: Sequence[dict], **options: Any
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """The base optimiser's pure step; `grads` are those at `perturb(params, ...)`."""
        return self.base_optimizer.update(params, grads, states, **options)

    # ----- saving

    def state_dict(self) -> dict[str, Any]:
        """The base optimiser's."""
        return self.base_optimizer.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned."""
        self.base_optimizer.load_state_dict(state_dict)
