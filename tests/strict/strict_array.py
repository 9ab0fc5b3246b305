"""StrictArray: the double's array, with cupy.ndarray's attributes, operators and protocols.

The methods that the table lists with a signature are added by methods.py.
Source: `core.pyx` in CuPy's `_core`.
"""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from . import indexing

# The scalars that CuPy passes to a kernel by value; a subclass of one is not accepted.
SCALAR_TYPES = {bool, int, float, complex, np.bool_} | {
    np.dtype(code).type for code in "bBhHiIlLqQefdFD"
}
UFUNC_METHODS = ("__call__", "outer", "at", "reduce", "accumulate", "reduceat")
COMPARISONS = ("greater", "greater_equal", "less", "less_equal", "equal", "not_equal")


class StrictArray(indexing.OnDevice, NDArrayOperatorsMixin):
    """An array that behaves as a cupy.ndarray does, with its data in a NumPy array.

    NumPy's mixin writes the operators in ufuncs, `x + y` as np.add(x, y), and so does CuPy.
    """

    __slots__ = ("base", "__weakref__")
    __array_priority__ = 100
    __hash__ = None  # type: ignore[assignment]
    library: Any = None  # the modules `cupy` and `cupyx.scipy.special`, which namespace.py makes
    special: Any = None

    def __init__(self, shape: Any, dtype: Any = float, order: str = "C"):
        self._host = np.empty(shape, checked(dtype), order)
        self.base = None  # of a view: the array that owns the memory

    # ------------------------------------------------------------------ what stays refused

    def __array__(self, dtype: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. "
            "Please use `.get()` to construct a NumPy array explicitly."
        )

    # -------------------------------------------------------------------------- attributes

    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    device = property(lambda self: SimpleNamespace(id=0))
    data = property(lambda self: SimpleNamespace(ptr=self._host.ctypes.data, device_id=0))
    T = property(lambda self: on_device(self._host.T, self) if self.ndim > 1 else self)
    mT = property(lambda self: on_device(self._host.mT, self))

    @property
    def flags(self) -> Flags:
        return Flags(self)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._host.shape

    @shape.setter
    def shape(self, shape: Any) -> None:
        self._host = self._host.reshape(shape, copy=False)

    @property
    def real(self) -> StrictArray:
        return on_device(self._host.real, self)

    @real.setter
    def real(self, value: Any) -> None:
        on_device(self._host.real)[...] = value

    @property
    def imag(self) -> StrictArray:
        return on_device(self._host.imag, self)

    @imag.setter
    def imag(self, value: Any) -> None:
        on_device(self._host.imag)[...] = value

    # ------------------------------------------------------------------------ to the host

    def get(self, stream: Any = None, order: str = "C", out: Any = None, blocking: bool = True):
        """A copy as a NumPy array: the one way off the device."""
        if out is None:
            return np.array(self._host, order=order)
        if not isinstance(out, np.ndarray) or out.dtype != self.dtype or out.shape != self.shape:
            raise TypeError("get(out=) takes a NumPy array of the same dtype and shape")
        out[...] = self._host
        return out

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        """Copy a NumPy array of the same dtype and shape in: the way onto the device."""
        if not isinstance(arr, np.ndarray) or arr.dtype != self.dtype or arr.shape != self.shape:
            raise TypeError("set() takes a NumPy array of the same dtype and shape")
        self._host[...] = arr

    def item(self) -> Any:
        if self.size != 1:
            raise ValueError("can only convert an array of size 1 to a Python scalar")
        return self._host.item()

    def __bool__(self) -> bool:
        if self.size > 1:
            raise ValueError(
                "The truth value of an array with more than one element is ambiguous. "
                "Use a.any() or a.all()"
            )
        return bool(self.size) and bool(self._host.item())

    # CuPy has no __index__: range(x), a list's [x] and a shape refuse an array.
    __int__ = lambda self: int(self._host)
    __float__ = lambda self: float(self._host)
    __complex__ = lambda self: complex(self._host)
    __bytes__ = lambda self: bytes(self._host)
    __repr__ = lambda self: repr(self._host)
    __str__ = lambda self: str(self._host)
    __format__ = lambda self, spec: format(self._host, spec)

    # -------------------------------------------------------------------- as a container

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len() of unsized object")
        return self.shape[0]

    def __iter__(self):
        if self.ndim == 0:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index: Any) -> StrictArray:
        return on_device(indexing.getitem(self._host, index), self)

    def __setitem__(self, index: Any, value: Any) -> None:
        indexing.setitem(self._host, index, value)

    # ---------------------------------------------------------------- copies and pickles

    def __copy__(self) -> StrictArray:
        return on_device(self._host.copy())

    def __deepcopy__(self, memo: dict) -> StrictArray:
        return on_device(self._host.copy())

    def __reduce__(self) -> Any:
        return on_device, (self.get(order="A"),)

    # ------------------------------------------------------------------ operators, ufuncs

    def __eq__(self, other: Any) -> Any:
        return self.library.zeros(self.shape, bool) if other is None else super().__eq__(other)

    def __ne__(self, other: Any) -> Any:
        return self.library.ones(self.shape, bool) if other is None else super().__ne__(other)

    def __imatmul__(self, other: Any) -> Any:
        return NotImplemented  # CuPy has none: x @= y makes a new array

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        """np.add(x, y) and its methods: CuPy's ufunc of the same name, if there is one."""
        operands = inputs
        if "out" in kwargs:
            out = kwargs["out"]
            if len(out) != 1:
                raise ValueError("The 'out' parameter must have exactly one array value")
            operands += out
            kwargs["out"] = out[0]
        name = ufunc.__name__
        function = getattr(self.library, name, None) or getattr(self.special, name, None)
        if method != "__call__" and method in UFUNC_METHODS:
            function = getattr(function, method, None)
        if function is None or method not in UFUNC_METHODS:
            return NotImplemented
        # A NumPy array passes here, so that the ufunc names it when it refuses it.
        for x in operands:
            if type(x) not in SCALAR_TYPES and not isinstance(x, StrictArray | np.ndarray):
                return NotImplemented
        if name in COMPARISONS:
            inputs = tuple(
                x.item() if isinstance(x, np.ndarray) and x.ndim == 0 else x for x in inputs
            )
        return function(*inputs, **kwargs)

    def __array_function__(self, func: Any, types: Any, args: tuple, kwargs: dict) -> Any:
        """np.concatenate([x, y]) and so on: CuPy's function of the same module and name."""
        try:
            modules = func.__module__.split(".")[1:]
            function = getattr(functools.reduce(getattr, modules, self.library), func.__name__)
        except AttributeError:
            return NotImplemented
        handled = all(issubclass(t, StrictArray | np.ndarray) for t in types)
        return function(*args, **kwargs) if handled and function is not func else NotImplemented


class Flags:
    """An array's flags: CuPy knows only those of the layout, there is no `writeable`."""

    def __init__(self, array: StrictArray):
        flags = array._host.flags
        self.c_contiguous, self.f_contiguous = flags.c_contiguous, flags.f_contiguous
        self.fnc, self.forc = flags.fnc, flags.forc
        self.owndata = array.base is None

    def __getitem__(self, name: str) -> bool:
        if name not in ("C_CONTIGUOUS", "F_CONTIGUOUS", "OWNDATA"):
            raise KeyError(f"{name} is not defined for cupy.ndarray.flags")
        return getattr(self, name.lower())


def checked(dtype: Any) -> np.dtype:
    """The dtype, or ValueError for one whose numbers CuPy's kernels cannot hold."""
    dtype = np.dtype(dtype)
    if dtype.char not in "?bBhHiIlLqQefdFD":
        raise ValueError(f"Unsupported dtype {dtype}")
    return dtype


def on_device(host: np.ndarray, source: StrictArray | None = None) -> StrictArray:
    """A StrictArray around a NumPy array; a view of `source`, if it lies in that one's memory."""
    checked(host.dtype)
    array = StrictArray.__new__(StrictArray)
    array._host = host
    shared = source is not None and np.may_share_memory(host, source._host)
    array.base = (source if source.base is None else source.base) if shared else None
    return array
