"""Every differentiable operation, its rule beneath it, by family; and Tensor's operators.

The table at the end says which operation stands for which operator or method of Tensor.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..graph import Tensor, operations
from ..recording import mark_changed, mode
from ..value import numpy_functions
from . import (
    choices,
    conv,
    elementwise,
    explanations,  # noqa: F401
    indexing,
    linalg,
    products,
    reduce,
    shape,
    sorting,
    special,  # noqa: F401
    trigonometry,
)

# ------------------------------------------------------------- operators and methods of Tensor


def _reflected(operation):
    return lambda self, other: operation(other, self)


def _of_truths(operation):
    """An operator that is bitwise in NumPy, and so the logical one of bools alone."""

    def of_bools(*operands: Any) -> Tensor:
        for x in operands:
            if not isinstance(x, bool) and getattr(x, "dtype", None) != np.bool_:
                kind = getattr(x, "dtype", type(x).__name__)
                raise TypeError(
                    f"&, |, ^ and ~ are for bools, and an operand is {kind}: compare first, or "
                    f"write minidl.{operation.__name__}(...); and put comparisons in brackets, "
                    "(x > 0) & (x < 1)"
                )
        return operation(*operands)

    return of_bools


_operators = {
    "add": elementwise.add,
    "sub": elementwise.subtract,
    "mul": elementwise.multiply,
    "truediv": elementwise.divide,
    "floordiv": elementwise.floor_divide,
    "mod": elementwise.remainder,
    "pow": elementwise.power,
    "matmul": products.matmul,
}
for _name, _operation in _operators.items():
    setattr(Tensor, f"__{_name}__", _operation)
    setattr(Tensor, f"__r{_name}__", _reflected(_operation))

_plain_methods = {
    "__neg__": elementwise.negative,
    "__abs__": elementwise.absolute,
    "__eq__": choices.equal,
    "__ne__": choices.not_equal,
    "__lt__": choices.less,
    "__le__": choices.less_equal,
    "__gt__": choices.greater,
    "__ge__": choices.greater_equal,
    "__pos__": shape.copy,
    "__and__": _of_truths(choices.logical_and),
    "__or__": _of_truths(choices.logical_or),
    "__xor__": _of_truths(choices.logical_xor),
    "__invert__": _of_truths(choices.logical_not),
}
for _name, _operation in _plain_methods.items():
    setattr(Tensor, _name, _operation)
for _name in ("and", "or", "xor"):
    setattr(Tensor, f"__r{_name}__", _plain_methods[f"__{_name}__"])
    numpy_functions[getattr(np, f"bitwise_{_name}")] = _plain_methods[f"__{_name}__"]

for _operation in (
    *(reduce.sum, reduce.mean, reduce.var, reduce.std, reduce.prod, reduce.max, reduce.min),
    *(reduce.argmax, reduce.argmin, reduce.all, reduce.any, reduce.cumsum, reduce.cumprod),
    *(reduce.logsumexp, sorting.sort, sorting.argsort, sorting.topk, indexing.take),
    *(indexing.repeat, shape.ravel, shape.swapaxes, shape.squeeze, shape.astype, shape.copy),
    *(shape.diagonal, products.trace, products.dot, choices.clip, choices.round),
    *(elementwise.exp, elementwise.log, elementwise.sqrt, trigonometry.tanh),
):
    setattr(Tensor, _operation.__name__, _operation)


def _getitem(self: Tensor, index: Any) -> Tensor:
    return indexing.getitem(self, indexing.plain_index(index))


def _setitem(self: Tensor, index: Any, value: Any) -> None:
    """x[index] = value, for a tensor that no gradient is required of."""
    if mode.rebinds:
        changed = indexing.index_put(self, index, value)
        self._data, self.edge = changed._data, changed.edge
        return
    if self.requires_grad and mode.record:
        raise RuntimeError(
            "x[index] = value would overwrite a tensor that the graph uses: "
            "write x = minidl.index_put(x, index, value), which returns a new one"
        )
    if isinstance(value, Tensor) and value.requires_grad and mode.record:
        raise RuntimeError(
            "x[index] = value would lose the gradient of value: "
            "write x = minidl.index_put(x, index, value)"
        )
    mark_changed(self._data)
    self._data[indexing.plain_index(index)] = value._data if isinstance(value, Tensor) else value


def _reshape(self: Tensor, *lengths: Any) -> Tensor:
    """The elements in another shape: reshape(2, 3) or reshape((2, 3)); one length may be -1."""
    return shape.reshape(self, lengths[0] if len(lengths) == 1 else lengths)


def _transpose(self: Tensor, *axes: Any) -> Tensor:
    """The axes in another order; reversed if none is given."""
    if len(axes) == 2 and self.ndim == 2 and all(isinstance(a, int) for a in axes):
        raise TypeError(
            f"x.transpose{axes} means a permutation in NumPy and a swap in PyTorch: "
            f"use x.swapaxes{axes} for a swap, x.transpose({axes}) for a permutation"
        )
    if len(axes) == 1 and not isinstance(axes[0], int):
        axes = axes[0]
    return shape.transpose(self, axes or None)


def _in_place(operation):
    """`w -= step` under no_grad writes into a leaf; elsewhere it makes a new tensor."""

    def update(self: Tensor, other: Any) -> Tensor:
        if mode.record or not self.requires_grad:
            return operation(self, other)
        return self.copy_(operation(self, other))

    return update


for _name in ("add", "sub", "mul", "truediv"):
    setattr(Tensor, f"__i{_name}__", _in_place(_operators[_name]))


def _copy_(self: Tensor, source: Any) -> Tensor:
    """Write the values of `source` into this tensor's memory, and return it.

    A change in place: a later backward that needs the old values raises.
    """
    if self.requires_grad and mode.record:
        raise RuntimeError("copy_ into a tensor that requires a gradient: do it under no_grad()")
    mark_changed(self._data)
    self._data[...] = source._data if isinstance(source, Tensor) else source
    return self


def _to(self: Tensor, *where: Any, device: Any = None, dtype: Any = None) -> Tensor:
    """This tensor on a device ('cpu', 'cuda', 'cuda:1') or in a dtype, or both; differentiable."""
    for one in where:
        if isinstance(one, str) and one.partition(":")[0] in ("cpu", "cuda"):
            device = one
        else:
            dtype = one
    result = self
    if device is not None and device not in (self.device, self.device.partition(":")[0]):
        result = shape.transfer(result, device, self.device)
    return result if dtype is None or result.dtype == dtype else shape.astype(result, dtype)


def _cuda(self: Tensor, number: int = 0) -> Tensor:
    """This tensor on a GPU."""
    return self.to(f"cuda:{number}")


def _cpu(self: Tensor) -> Tensor:
    """This tensor in the computer's own memory."""
    return self.to("cpu")


Tensor.__getitem__, Tensor.__setitem__ = _getitem, _setitem
Tensor.reshape, Tensor.transpose, Tensor.copy_ = _reshape, _transpose, _copy_
Tensor.to, Tensor.cuda, Tensor.cpu = _to, _cuda, _cpu
Tensor.flatten = shape.ravel
Tensor.T = property(shape.transpose, doc="The axes in reverse order.")
Tensor.mT = property(lambda x: shape.swapaxes(x, -1, -2), doc="The matrices transposed.")

# ----------------------------------------- what NumPy's functions mean when called on a Tensor

_composed = (
    *(indexing.pad, indexing.take, indexing.repeat, products.einsum, products.tensordot),
    *(products.dot, products.inner, products.outer, products.kron, products.trace),
    *(shape.ravel, shape.moveaxis, shape.tile, shape.meshgrid, shape.array_split, shape.diag),
    *(sorting.sort, sorting.unique, sorting.quantile, sorting.median, reduce.nansum),
    *(conv.convolve, conv.correlate),
)
for _operation in (*operations.values(), *_composed):
    if callable(getattr(np, _operation.__name__, None)):
        numpy_functions[getattr(np, _operation.__name__)] = _operation
numpy_functions[np.lib.stride_tricks.sliding_window_view] = indexing.sliding_window_view
for _name in linalg.__all__:
    numpy_functions[getattr(np.linalg, _name)] = getattr(linalg, _name)


def _put_along_axis(*_: Any, **__: Any) -> None:
    raise TypeError(
        "np.put_along_axis writes into its argument: write "
        "x = minidl.put_along_axis(x, indices, values, axis), which returns a new tensor"
    )


numpy_functions[np.put_along_axis] = _put_along_axis
