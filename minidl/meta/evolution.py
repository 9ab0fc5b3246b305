"""An outer loop without derivatives: evolution strategies.

    grad E F(phi + sigma e) = E [F(phi + sigma e) - F(phi - sigma e)] e / (2 sigma),   e ~ N(0, I)

F is the loss after adaptation, and may be anything: an inner loop that is no gradient descent, a
loss that has no derivative.  The price is variance.  For a quadratic F each pair of draws gives
e e' grad F, so that n pairs in d dimensions point along the gradient with a cosine of about
sqrt(n / (n + d + 1)): as many pairs as parameters for .7.  Each pair may have a task of its own.

Salimans et al. 2017 (arXiv:1703.03864), with antithetic draws; as MAML's outer loop, Song et al.
2020 (arXiv:1910.01215), algorithm 2.

Rows of the notes: learned-optimizer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..graph import Tensor
from ..ops.products import tensordot
from ..random import normal
from ..recording import no_grad
from .adaptation import Parameters


@no_grad()
def evolution_gradient(
    objective: Callable[[Parameters], Tensor],
    phi: Mapping[str, Tensor],
    pairs: int,
    sigma: float,
    rng: Any = None,
) -> Parameters:
    """An estimate of the gradient of E objective(phi + sigma e), from `pairs` pairs of values.

    objective: parameters (P, ...) -> (P,), a value for each of P copies of the parameters.  It is
        called twice, and must be the same function.
    """
    e = {n: normal(0, 1, (pairs, *p.shape), p.dtype, p.device, rng) for n, p in phi.items()}
    ahead = objective({name: p + sigma * e[name] for name, p in phi.items()})
    behind = objective({name: p - sigma * e[name] for name, p in phi.items()})
    slope = (ahead - behind) / (2 * sigma)  # (P,)
    return {name: tensordot(slope, e[name], 1) / pairs for name in e}
