"""An `autograd.Function` as a forward and a backward on arrays, for `diagnose` to judge."""

from __future__ import annotations

import collections
from typing import Any

import numpy as np

from ..function import Context, Function
from ..graph import Tensor
from ..recording import no_grad
from .trials import same_arrays


class OnArrays:
    """`forward(*inputs)` and `backward(g, y, *inputs)` of a Function, with what lies between them.

    Each forward leaves a context, and backward takes that of the same inputs, as in a graph.  So a
    Function that keeps a value on its class, where the next call replaces it, is found out.
    """

    def __init__(self, function: type[Function]) -> None:
        self.function = function
        self.calls: collections.deque[_Call] = collections.deque(maxlen=2)

    def forward(self, *inputs: Any) -> Any:
        """The outputs that have a derivative: an array, or a tuple of them."""
        with no_grad():
            self.function.apply(*map(_tensor, inputs))  # refuses what cannot be saved
        call = _Call(self.function, inputs)
        self.calls.append(call)
        arrays = tuple(np.array(call.outputs[k].data) for k in call.differentiable)
        return arrays if call.several else arrays[0]

    def backward(self, g: Any, y: Any, *inputs: Any) -> Any:
        """What the Function's backward returns for each input: arrays, None for None."""
        call = next((c for c in reversed(self.calls) if c.is_of(inputs)), None)
        return (call or _Call(self.function, inputs)).pull(g, inputs)


class _Call:
    """One run of a Function's forward, and what it left for backward."""

    def __init__(self, function: type[Function], inputs: tuple) -> None:
        self.function, self.inputs = function, [*map(np.copy, inputs)]
        self.tensors = [_tensor(x) for x in inputs]
        self.context = Context(tuple(_is_float(x) for x in inputs))
        with no_grad():
            result = function.forward(self.context, *self.tensors)
        self.several = isinstance(result, tuple)
        self.outputs = result if self.several else (result,)
        constant = self.context._constant
        self.differentiable = [
            k for k, y in enumerate(self.outputs)
            if y.dtype.kind == "f" and not any(y is c for c in constant)
        ]  # fmt: skip

    def is_of(self, inputs: tuple) -> bool:
        return all(same_arrays(a, np.asarray(b)) for a, b in zip(self.inputs, inputs))

    def pull(self, g: Any, inputs: tuple) -> Any:
        """dL/dx for each input x; an input that backward writes to is changed in `inputs` too."""
        gs = [Tensor(np.zeros(y.shape)) for y in self.outputs]
        for k, incoming in zip(self.differentiable, g if self.several else [g]):
            gs[k] = Tensor(incoming)
        with no_grad():
            returned = self.function.backward(self.context, *gs)
        for x, tensor in zip(inputs, self.tensors):
            if isinstance(x, np.ndarray):
                x[...] = tensor.data
        if isinstance(returned, tuple | list):
            return tuple(map(_array, returned))
        return _array(returned)


def _is_float(x: Any) -> bool:
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def _tensor(x: Any) -> Any:
    """Arrays as Tensors; settings, such as a slope or an axis, as they are."""
    return Tensor(x.copy()) if isinstance(x, np.ndarray) else x


def _array(gradient: Any) -> Any:
    return gradient.data if isinstance(gradient, Tensor) else gradient
