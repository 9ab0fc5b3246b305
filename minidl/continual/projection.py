"""Gradient projection memory: move only where the old tasks do not notice.

A linear layer computes W x.  If W moves by D with D x = 0 for every input x that the layer had in
the old tasks, its outputs there stay as they are, and so do the inputs of the next layer, and in
the end what the network says.  So, with an orthonormal basis U of what the layer's inputs span,

    D <- D - D U U'.

U is found by singular value decomposition: the first k directions, where k is the least with

    |U_k U_k' R|^2 >= epsilon |R|^2,    R the inputs, one an example,

and after a further task as many directions of what U does not reach, R - U U' R, as that needs.
Rows of R are the layer's inputs with a 1 at the end, so that the bias is one more column of W and
protected with it; of a convolution, every patch.

What is projected here is the step that the optimiser made, not the gradient it was given: for SGD
this is the same, while Adam divides each entry of a projected gradient by another number and weight
decay adds what was never projected, and both then leave the subspace.

epsilon = 1 forgets nothing; the network then learns only in directions the old tasks left free, and
nothing learned later can help them ("no backward transfer").  epsilon < 1 leaves more room.

Saha, Garg and Roy 2021 (arXiv:2103.09762), eq. 4-9; the notes have no formula.

Rows of the notes: gradient-projection.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import backend, nn
from ..graph import Tensor
from ..nn import functional as F
from ..optim import Optimizer
from ..recording import no_grad
from .learner import descend


def least_directions(R: Any, U: Any, threshold: float) -> Any:
    """The basis U, continued by what it lacks of the inputs R: (D, k') with k' >= k.

    R: (M, D) inputs, one a row.  U: (D, k) orthonormal columns, k = 0 at first.
    threshold: epsilon, the share of |R|^2 that must be reached.
    Raises ValueError for a threshold outside (0, 1].
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is a share of the energy, in (0, 1], not {threshold}")
    rest = R - (R @ U) @ U.T
    _, s, directions = np.linalg.svd(rest, full_matrices=False)
    present = int((s > s[0] * max(R.shape) * np.finfo(R.dtype).eps).sum())
    if threshold < 1:
        # the least k with |U U' R|^2 + s_1^2 + ... + s_k^2 >= epsilon |R|^2
        total = (R**2).sum()
        reached = total - (rest**2).sum() + np.concatenate([0 * s[:1], (s**2).cumsum()])
        present = min(present, int((reached < threshold * total).sum()))
    return np.concatenate([U, directions[:present].T], axis=1)


def without(step: Any, U: Any) -> Any:
    """D - D U U'.  step: (F, D), U: (D, k)."""
    return step - (step @ U) @ U.T


class Memory:
    """For each layer of a network, the directions in which its inputs lay in the tasks so far."""

    def __init__(self, net: nn.Module) -> None:
        """net: of linear layers and convolutions, and what has no parameters.

        Raises TypeError for other layers with parameters, which the projection would not protect.
        """
        self.net = net
        self.layers: dict[str, nn.Module] = {}
        for name, layer in net.named_modules():
            plain = isinstance(layer, nn.Linear) or _is_plain_convolution(layer)
            if plain:
                self.layers[name] = layer
            elif any(True for _ in layer.parameters(recurse=False)):
                raise TypeError(
                    f"Memory: layer {name!r} is a {type(layer).__name__}; only linear layers and "
                    "convolutions of one group, padded with zeros by a number, can be protected"
                )
        self.bases = {
            name: backend.zeros((_matrix(layer).shape[1], 0), layer.weight.dtype, layer.weight.data)
            for name, layer in self.layers.items()
        }

    def remember(self, x: Tensor, threshold: float, *more: Any) -> None:
        """Protect what the network says of inputs like these from now on.

        x: (N, ...).  threshold: epsilon.  more: what else the network is called with (the task).
        """
        for name, R in layer_inputs(self.net, self.layers, x, *more).items():
            self.bases[name] = least_directions(R, self.bases[name], threshold)

    def before(self) -> dict[str, Any]:
        """Copies of the weights, biases as their last column: name -> (F, D)."""
        return {name: _matrix(layer).copy() for name, layer in self.layers.items()}

    def constrain(self, before: dict[str, Any]) -> None:
        """Take out of what changed since `before` all that the old tasks would notice."""
        for name, layer in self.layers.items():
            W = before[name] + without(_matrix(layer) - before[name], self.bases[name])
            size = W.shape[1] - (layer.bias is not None)
            layer.weight.data = W[:, :size].reshape(layer.weight.shape)
            if layer.bias is not None:
                layer.bias.data = W[:, size]

    def free_share(self) -> dict[str, float]:
        """For each layer, the share of directions in which it can still learn."""
        return {name: 1 - U.shape[1] / U.shape[0] for name, U in self.bases.items()}


@no_grad()
def layer_inputs(
    net: nn.Module, layers: dict[str, nn.Module], x: Tensor, *more: Any
) -> dict[str, Any]:
    """What goes into each layer when `net` sees x: arrays (M, D), with a 1 where there is a bias.

    M is the number of examples, for a convolution times that of places.
    """
    found: dict[str, Any] = {}

    def note(name: str, layer: nn.Module, input: Tensor) -> None:
        if isinstance(layer, nn.Conv2d):
            patches = F.unfold(
                input, layer.kernel_size, layer.dilation, layer.padding, layer.stride
            )
            input = patches.swapaxes(1, 2)
        R = input.data.reshape(-1, input.shape[-1])
        if layer.bias is not None:
            R = np.concatenate([R, np.ones_like(R[:, :1])], axis=1)
        found[name] = R

    handles = [
        layer.register_forward_pre_hook(lambda layer, args, name=name: note(name, layer, args[0]))
        for name, layer in layers.items()
    ]
    training = net.training
    net.eval()
    net(x, *more)
    net.train(training)
    for handle in handles:
        handle.remove()
    return found


def train_step(memory: Memory, optimiser: Optimizer, loss: Tensor) -> float:
    """One step of any optimiser down the loss, as far as the old tasks allow; returns the loss."""
    before = memory.before()
    value = descend(optimiser, loss)
    memory.constrain(before)
    return value


def _is_plain_convolution(layer: nn.Module) -> bool:
    if not isinstance(layer, nn.Conv2d) or isinstance(layer.padding, str):
        return False
    return layer.groups == 1 and layer.padding_mode == "zeros"


def _matrix(layer: nn.Module) -> Any:
    """[W b], the parameters of a layer as one matrix (F, D) that acts on (x, 1)."""
    W = layer.weight.data.reshape(len(layer.weight), -1)
    if layer.bias is None:
        return W
    return np.concatenate([W, layer.bias.data[:, None]], axis=1)
