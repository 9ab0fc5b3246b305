"""A network as a function of its parameters, with a copy of them for each task.

An inner loop has parameters that are results, not leaves, and that differ from task to task.
`stacked` computes all tasks at once, for networks of linear layers: weights (T, out, in) turn
inputs (T, N, in) into outputs (T, N, out).  `one_by_one` takes any Module, and one task after the
other.
"""

from __future__ import annotations

from collections.abc import Callable

from .. import nn
from ..graph import Tensor
from ..nn import functional as F
from ..ops.shape import stack
from ..transforms import functional_call
from .adaptation import Loss, Parameters


def forward(net: nn.Sequential, theta: Parameters, x: Tensor) -> Tensor:
    """What `net` computes with the parameters `theta`, a copy of them for each task.

    net: linear layers, and layers without parameters that act on each example alone.
    theta: tensors (T, ...) by their names in `net`.  x: (T, N, in).  Returns (T, N, out).
    """
    for name, layer in net.named_children():
        if isinstance(layer, nn.Linear):
            # y_tni = sum_j x_tnj W_tij + b_ti
            weight, bias = theta[f"{name}.weight"], theta[f"{name}.bias"]
            x = x @ weight.swapaxes(-1, -2) + bias[:, None]
        else:
            x = layer(x)
    return x


def stacked(net: nn.Sequential, criterion: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """The loss of `net` on T tasks at once: (theta, x, y) -> (T,).

    criterion: `squared_error`, `cross_entropy`, or another function of prediction and y.
    Raises TypeError for a layer that cannot be computed with stacked parameters.
    """
    for name, layer in net.named_children():
        if not isinstance(layer, nn.Linear) and any(True for _ in layer.parameters()):
            raise TypeError(
                f"stacked: layer {name!r} is a {type(layer).__name__}, whose parameters take no "
                "task axis: use one_by_one(net, criterion)"
            )
    return lambda theta, x, y: criterion(forward(net, theta, x), y)


def one_by_one(net: nn.Module, criterion: Callable[[Tensor, Tensor], Tensor]) -> Loss:
    """The loss of any Module on T tasks, one after the other: (theta, x, y) -> (T,).

    Every call begins with copies of the module's buffers: what batch norm learns of one task's
    inputs leaks neither into the next task nor from the query into the support.
    """

    def loss(theta: Parameters, x: Tensor, y: Tensor) -> Tensor:
        outputs = []
        for t in range(len(x)):
            mine = {name: p[t] for name, p in theta.items()}
            fresh = {name: buffer.copy() for name, buffer in net.named_buffers()}
            outputs.append(functional_call(net, mine | fresh, x[t]))
        return criterion(stack(outputs), y)

    return loss


def squared_error(prediction: Tensor, y: Tensor) -> Tensor:
    """The mean squared error of each task.  prediction, y: (T, N, D).  Returns (T,)."""
    return ((prediction - y) ** 2).mean(axis=(1, 2))


def cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """The mean cross-entropy of each task in nats.  logits: (T, N, C), y: (T, N).  Returns (T,)."""
    flat = F.cross_entropy(logits.reshape(-1, logits.shape[-1]), y.reshape(-1), reduction="none")
    return flat.reshape(y.shape).mean(axis=1)
