"""One call of a CuPy function: its arguments go to the host, NumPy's result comes back.

CuPy's signature decides which arguments there are; what they may be follows CuPy's source.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

from .strict_array import SCALAR_TYPES, StrictArray, on_device

# Parameters that CuPy reads on the host: an array on the device does not become an integer there.
READ_ON_HOST = frozenset(
    "axes axis axis1 axis2 axisa axisb axisc ddof deg destination dims dtype edge_order "
    "indices_or_sections k keepdims kth minlength newshape ndim ndmin num order pad_width reps s "
    "shape source strides window_shape".split()
)
# Parameters whose elements must all be arrays on the device.
SEQUENCES_OF_ARRAYS = frozenset(["tup", "arys"])
# Parameters of which CuPy uses an array's methods: a list does not do.
ARRAYS = frozenset(
    "a a1 a2 arr array ary b condition element f m prototype test_elements v x x1 x2 y z".split()
)
# Functions that take data from the host.
UPLOADS = frozenset(["array", "asarray", "asanyarray", "full", "full_like", "result_type"])
# Functions whose result has the memory layout of their input.
KEEPS_LAYOUT = UPLOADS | frozenset(
    "asfortranarray astype copy empty_like ones_like require zeros_like ndarray.astype "
    "ndarray.copy".split()
)
# Functions whose result shares memory without a word: its base is None.
NEVER_VIEWS = frozenset(["lib.stride_tricks.as_strided", "lib.stride_tricks.sliding_window_view"])
# Functions whose result CuPy returns on the host.
STAYS_ON_HOST = frozenset(
    "array2string array_repr array_str base_repr binary_repr can_cast common_type iscomplexobj "
    "isfortran isrealobj isscalar may_share_memory min_scalar_type ndarray.tobytes ndarray.tolist "
    "ndim result_type shape shares_memory size".split()
)


def call(
    name: str,
    compute: Callable[..., Any],
    signature: inspect.Signature,
    args: tuple,
    kwargs: dict,
    this: tuple[StrictArray, ...] = (),
) -> Any:
    """CuPy's function `name`, computed by NumPy's `compute`; `this` is the array of a method."""
    try:
        bound = signature.bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"CuPy's {name}{signature}: {error}") from None
    given = [*this, *arrays_in(bound.arguments.values())]
    for parameter, value in bound.arguments.items():
        kind = signature.parameters[parameter].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            bound.arguments[parameter] = {k: to_host(name, k, v) for k, v in value.items()}
        elif kind is inspect.Parameter.VAR_POSITIONAL:
            bound.arguments[parameter] = tuple(to_host(name, "", v) for v in value)
        else:
            bound.arguments[parameter] = to_host(name, parameter, value)
    with np.errstate(all="ignore"):  # CuPy knows no floating-point warnings
        result = compute(*(array._host for array in this), *bound.args, **bound.kwargs)
    return result if name in STAYS_ON_HOST else to_device(name, result, given)


def arrays_in(values: Iterable[Any]) -> Iterator[StrictArray]:
    """The arrays among `values`, and those in tuples and lists among them."""
    for value in values:
        if isinstance(value, StrictArray):
            yield value
        elif isinstance(value, list | tuple):
            yield from arrays_in(value)


def operand(value: Any) -> Any:
    """A ufunc's input on the host: an array of the device, a Python or a NumPy scalar."""
    if isinstance(value, StrictArray):
        return value._host
    if type(value) in SCALAR_TYPES:
        return value
    raise TypeError(f"Unsupported type {type(value)}: CuPy takes its own arrays and scalars")


def to_host(name: str, parameter: str, value: Any) -> Any:
    """An argument of the function `name` for NumPy, or TypeError where CuPy would not take it."""
    if isinstance(value, StrictArray):
        return value if parameter in READ_ON_HOST else value._host
    if isinstance(value, np.ndarray):
        if name not in UPLOADS:
            raise TypeError(f"CuPy's {name} does not take a NumPy array ({parameter})")
        return np.array(value, order="A")  # the device's own copy
    if isinstance(value, list | tuple):
        if parameter in SEQUENCES_OF_ARRAYS and not all(isinstance(v, StrictArray) for v in value):
            raise TypeError(f"CuPy's {name} takes only CuPy's arrays ({parameter})")
        if parameter in ARRAYS and name not in UPLOADS:
            raise TypeError(f"CuPy's {name} takes an array, not a {type(value).__name__}")
        return type(value)(to_host(name, parameter, v) for v in value)
    return value


def to_device(name: str, result: Any, given: list[StrictArray]) -> Any:
    """NumPy's result as CuPy returns it: a number is a 0-d array, an argument comes as itself."""
    if isinstance(result, np.ndarray):
        for array in given:
            if array._host is result:
                return array
            if np.may_share_memory(array._host, result) and name not in NEVER_VIEWS:
                return on_device(result, array)
        # CuPy's kernels write C order, whatever the order of their inputs.
        keeps_layout = name in KEEPS_LAYOUT or name in NEVER_VIEWS
        return on_device(result if keeps_layout else np.array(result, order="C", copy=None))
    if isinstance(result, np.generic | bool | int | float | complex):
        return on_device(np.asarray(result))
    if isinstance(result, list | tuple):
        items = [to_device(name, item, given) for item in result]
        if type(result).__name__.startswith("Unique"):
            return type(result)(*items)
        return items if isinstance(result, list) else tuple(items)  # no EighResult: a plain tuple
    return result
