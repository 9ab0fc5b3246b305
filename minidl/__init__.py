"""minidl: a small deep-learning library on NumPy and CuPy that can be read to the last line.

>>> import minidl
>>> x = minidl.tensor([1.0, 2.0], requires_grad=True)
>>> (x**2).sum().backward()
>>> x.grad
tensor([2., 4.])
"""

# ruff: noqa: I001
__version__ = "0.1.0"

import difflib as _difflib
import importlib as _importlib
from types import ModuleType as _ModuleType

from . import autograd, memory as _memory, nn, optim, random
from .backend import cuda_is_available, get_default_dtype, seed, set_default_dtype
from .files import load, save
from .checkpointing import checkpoint
from .debugging import debug
from .graph import Tensor, tensor
from .ops import linalg
from .recording import enable_grad, is_grad_enabled, no_grad, set_grad_enabled
from .show import draw, explain

# fmt: off
from .creation import (
    arange, eye, full, full_like, linspace, ones, ones_like, zeros, zeros_like,
)
from .ops.elementwise import (
    absolute, add, divide, exp, exp2, expm1, floor_divide, hypot, log, log10, log1p, log2,
    logaddexp, multiply, negative, power, reciprocal, remainder, rsqrt, sqrt, square, subtract,
)
from .ops.choices import (
    ceil, clip, equal, floor, fmax, fmin, greater, greater_equal, isfinite, isinf, isnan, less,
    less_equal, logical_and, logical_not, logical_or, logical_xor, maximum, minimum, not_equal,
    round, sign, where,
)
from .ops.trigonometry import (
    arccos, arccosh, arcsin, arcsinh, arctan, arctan2, arctanh, cos, cosh, sin, sinc, sinh, tan,
    tanh,
)
from .ops.special import digamma, erf, erfc, erfinv, gammaln, ndtr, polygamma, xlogy
from .ops.reduce import (
    all, any, argmax, argmin, count_nonzero, cumprod, cumsum, logsumexp, max, mean, min, nansum,
    norm2, prod, std, sum, var,
)
from .ops.shape import (
    array_split, astype, broadcast_to, concatenate, copy, diag, diagonal, expand_dims, flip,
    meshgrid, moveaxis, ravel, reshape, roll, rot90, split, squeeze, stack, swapaxes, tile,
    transpose, tril, triu,
)
from .ops.indexing import index_add, index_put, pad, put_along_axis, repeat, take, take_along_axis
from .ops.sorting import argsort, median, quantile, searchsorted, sort, topk, unique
from .ops.conv import convolve, convolve2d, correlate
from .ops.products import dot, einsum, inner, kron, matmul, outer, tensordot, trace
from .per_example import per_example_grad
from .transforms import (
    functional_call, grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp,
)
# fmt: on

abs = absolute
_memory.keep_freed_memory()

# Data sets bring along all that fetches and unpacks them: a third of the time of `import minidl`.
_imported_when_named = ("data", "distributions", "notes")


def __getattr__(name: str) -> _ModuleType:
    """`minidl.data` and the like, at their first use."""
    if name in _imported_when_named:
        return _importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"minidl has no {name!r}: {_hint(name)}")


# What PyTorch or NumPy calls it -> what to write here.
_spelling = {
    "cat": "minidl.concatenate",
    "clamp": "minidl.clip",
    "gather": "minidl.take_along_axis",
    "unsqueeze": "minidl.expand_dims",
    "permute": "minidl.transpose",
    "manual_seed": "minidl.seed",
    "randn": "minidl.random.normal",
    "rand": "minidl.random.uniform",
    "norm": "minidl.linalg.norm",
    "float32": '"float32", the dtype\'s name',
    "float64": '"float64", the dtype\'s name',
} | dict.fromkeys(("array", "asarray", "as_tensor", "from_numpy"), "minidl.tensor")


def _hint(name: str) -> str:
    if name in _spelling:
        return f"write {_spelling[name]}"
    if hasattr(nn.functional, name):
        return f"write minidl.nn.functional.{name}"
    near = _difflib.get_close_matches(name, __dir__(), 1)
    return f"did you mean {near[0]!r}?" if near else "dir(minidl) lists what there is"


def __dir__() -> list[str]:
    return [*globals(), *_imported_when_named]
