"""What a Tensor is to Python and to NumPy: an array with a shape, a number, something to print.

`graph.Tensor` inherits this; nothing here knows of gradients but that they must not be lost: where
a conversion would cut the graph without a word, it raises instead.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from . import backend, errors

# What stands for NumPy's function when it is called on a Tensor; `ops` adds every operation.
numpy_functions: dict[Callable, Callable] = {
    np.shape: lambda a: a.shape,
    np.ndim: lambda a: a.ndim,
    np.size: lambda a, axis=None: a.size if axis is None else a.shape[axis],
}


# What PyTorch calls it -> what to write here, where mathematics is spelled as in NumPy.
_spelling = {
    "view": "x.reshape(...)",
    "unsqueeze": "minidl.expand_dims(x, axis)",
    "permute": "x.transpose(...)",
    "t": "x.T",
    "abs": "abs(x)",
    "norm": "minidl.linalg.norm(x)",
    "float": "x.astype('float32')",
    "double": "x.astype('float64')",
    "long": "x.astype('int64')",
    "type": "x.astype(...)",
    "clone": "x.copy()",
    "clamp": "x.clip(a_min, a_max)",
    "numel": "x.size",
    "dim": "x.ndim",
    "expand": "minidl.broadcast_to(x, shape)",
    "masked_fill": "minidl.where(mask, value, x)",
    "gather": "minidl.take_along_axis(x, indices, axis)",
    "matmul": "x @ y",
    "mm": "x @ y",
    "pow": "x**p",
    "grad_fn": "x.node",
    "zero_": "x.grad = None to forget a gradient, or x.copy_(0.0)",
    "fill_": "x.copy_(value)",
    "normal_": "nn.init.normal_(x)",
    "uniform_": "nn.init.uniform_(x)",
    "sub_": "x -= y, under no_grad()",
    "add_": "x += y, under no_grad()",
    "mul_": "x *= y, under no_grad()",
}


class Value:
    """The array side of a Tensor, whose array is `self._data`."""

    __slots__ = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """The length of each axis."""
        return self._data.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """The number of elements (a number, as NumPy has it; the lengths are `shape`)."""
        return self._data.size

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the elements."""
        return self._data.dtype

    @property
    def device(self) -> str:
        """Where the array is: 'cpu' or 'cuda:0'."""
        return backend.device_of(self._data)

    def __getattr__(self, name: str) -> Any:
        raise errors.MissingAttribute(lambda: self._missing(name), name=name, obj=self)

    def _missing(self, name: str) -> str:
        """What to say of what there is not: PyTorch's names are answered with the right one."""
        if name in _spelling:
            hint = f"write {_spelling[name]}"
        elif getattr(np, bare := name.removesuffix("_"), None) in numpy_functions:
            hint = f"it is a function, minidl.{name}(x)"
            if name != bare:
                hint = f"nothing is changed in place: write x = minidl.{bare}(x, ...)"
        else:
            near = difflib.get_close_matches(name, dir(type(self)), 1)
            hint = f"did you mean {near[0]!r}?" if near else "dir(x) lists what there is"
        return f"a Tensor has no {name!r}: {hint}"

    # ----- to Python

    def item(self) -> float | int | bool:
        """The one element, as a Python number.  Raises ValueError if there are more."""
        if self.size != 1:
            raise ValueError(f"item() needs one element, this tensor has shape {self.shape}")
        return self._data.item()

    def tolist(self) -> Any:
        """The elements as nested Python lists."""
        return self._data.tolist()

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(f"an index must be one integer, not {self.dtype} of shape {self.shape}")
        return int(self._data)

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ValueError(
                f"the truth of a tensor of shape {self.shape} is ambiguous: use .any() or .all()"
            )
        return bool(self._data)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("a tensor without axes has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Any]:
        if self.ndim == 0:
            raise TypeError("a tensor without axes cannot be iterated over")
        return (self[i] for i in range(len(self)))

    __hash__ = object.__hash__  # == compares elements, so identity must say which tensor is which

    # ----- copies: new leaves, for a graph belongs to one tensor

    def __deepcopy__(self, memo: dict) -> Value:
        copy = self.__reduce_ex__(2)[0](type(self), self._data.copy(), self.requires_grad)
        copy.grad = None if self.grad is None else self.grad.detach().__deepcopy__(memo)
        return copy

    def __reduce_ex__(self, protocol: Any) -> tuple:
        if not self.is_leaf:
            raise errors.not_a_leaf(self.node.name, "be copied or pickled")
        return _leaf, (type(self), self._data, self.requires_grad)

    # ----- to NumPy

    def numpy(self) -> np.ndarray:
        """The NumPy array, sharing memory.

        Raises RuntimeError if a gradient is required (use `.detach().numpy()`), or on a GPU.
        """
        if self.requires_grad:
            raise RuntimeError(
                "this tensor requires a gradient, which NumPy would lose: use .detach().numpy()"
            )
        if not isinstance(self._data, np.ndarray):
            raise RuntimeError(f"this tensor is on {self.device}: use .cpu().numpy()")
        return self._data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc: Callable, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if "out" in kwargs:
            raise TypeError(
                f"np.{ufunc.__name__}(out=...) would write past the graph: assign the result"
            )
        if method != "__call__":
            raise TypeError(
                f"np.{ufunc.__name__}.{method} does not work on a Tensor: "
                "use the function itself (np.sum, np.cumsum, ...)"
            )
        return self._instead_of(ufunc, inputs, kwargs)

    def __array_function__(self, function: Callable, types: Any, args: Any, kwargs: Any) -> Any:
        return self._instead_of(function, args, kwargs)

    @staticmethod
    def _instead_of(function: Callable, args: Any, kwargs: Any) -> Any:
        operation = numpy_functions.get(function)
        if operation is None:
            raise TypeError(
                f"np.{function.__name__} has no differentiable counterpart in minidl: "
                "call it on x.detach().numpy() if no gradient is to pass"
            )
        return operation(*args, **kwargs)

    # ----- to the eye

    def __repr__(self) -> str:
        values = self._data if isinstance(self._data, np.ndarray) else self._data.get()
        text = np.array2string(values, separator=", ", prefix="tensor(", threshold=200, precision=4)
        notes = []
        if self.size == 0 or self.size > 200:
            notes.append(f"shape={self.shape}")
        if self.dtype not in (backend.get_default_dtype(), np.int64, np.bool_):
            notes.append(f"dtype={self.dtype}")
        if self.device != "cpu":
            notes.append(f"device='{self.device}'")
        if not self.is_leaf:
            notes.append(f"grad_fn=<{self.node.name}>")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join([text, *notes])})"

    def __format__(self, specification: str) -> str:
        return format(self.item(), specification) if specification else repr(self)


def _leaf(kind: type, data: Any, requires_grad: bool) -> Any:
    """A tensor of a subclass, as its own pickle or copy makes it, without calling its __init__."""
    made = kind.__new__(kind)
    made._data, made.edge, made.grad = data, None, None
    return made.requires_grad_(requires_grad)
