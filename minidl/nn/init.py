"""Initial values of weights.  Each function writes into its tensor and returns it.

A layer y = W x with independent weights of variance v multiplies the variance of its input by
fan_in v on the way forward, and that of its gradient by fan_out v on the way back.  The schemes
named after Xavier and Kaiming choose v so that neither grows nor dies through the layers.

Randomness comes from minidl's generator (`minidl.seed`), or from `generator`: a NumPy Generator, or
an int that seeds a new one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy import special

from .. import backend
from ..graph import Tensor
from ..recording import no_grad


def _write(tensor: Tensor, values: Any) -> Tensor:
    if backend.is_array(values):  # structured values are made on the CPU
        values = backend.array(values, tensor.dtype, tensor.device)
    with no_grad():
        return tensor.copy_(values)


def _uniform(tensor: Tensor, generator: Any) -> Any:
    """Draws from [0, 1) of the tensor's shape."""
    return backend.generator(tensor.device, generator).random(tensor.shape)


def _normal(tensor: Tensor, generator: Any) -> Any:
    """Standard normal draws of the tensor's shape."""
    return backend.generator(tensor.device, generator).standard_normal(tensor.shape)


# ------------------------------------------------------------------------- plain distributions


def uniform_(tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Any = None) -> Tensor:
    """Draws from the uniform distribution on [a, b)."""
    return _write(tensor, a + (b - a) * _uniform(tensor, generator))


def normal_(tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Any = None) -> Tensor:
    """Draws from N(mean, std^2)."""
    return _write(tensor, mean + std * _normal(tensor, generator))


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Any = None,
) -> Tensor:
    """Draws from N(mean, std^2) conditioned on lying in [a, b], by inverting its distribution.

    a and b are values, not multiples of std.
    """
    low, high = (special.ndtr((bound - mean) / std) for bound in (a, b))
    u = low + (high - low) * _uniform(tensor, generator)
    return _write(tensor, np.clip(mean + std * special.ndtri(u), a, b))


def constant_(tensor: Tensor, val: float) -> Tensor:
    """`val` everywhere."""
    return _write(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """1 everywhere."""
    return _write(tensor, 1)


def zeros_(tensor: Tensor) -> Tensor:
    """0 everywhere."""
    return _write(tensor, 0)


# ------------------------------------------------------------------------ scaled to the layer


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    """The factor by which the standard deviation of the weights must exceed that of a linear layer.

    relu halves the second moment of a symmetric input, so sqrt(2); leaky_relu with slope a leaves
    (1 + a^2) / 2 of it (param is a, .01 unless given); 5/3 for tanh and 3/4 for selu are PyTorch's.
    Raises ValueError for a name that is not known.
    """
    if nonlinearity == "leaky_relu":
        slope = 0.01 if param is None else param
        return math.sqrt(2.0 / (1 + slope**2))
    gains = {"linear": 1.0, "sigmoid": 1.0, "tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 0.75}
    gains |= {f"conv{'_transpose' * t}{d}d": 1.0 for t in (0, 1) for d in (1, 2, 3)}
    if nonlinearity not in gains:
        raise ValueError(f"no gain is known for {nonlinearity!r}, but for {', '.join(gains)}")
    return gains[nonlinearity]


def fans(tensor: Tensor) -> tuple[int, int]:
    """(fan_in, fan_out): the inputs of one output, and the outputs that one input has a part in.

    For a weight (out, in, ...) they are `in` and `out`, times the size of the kernel.
    Raises ValueError for a tensor of fewer than two axes.
    """
    if tensor.ndim < 2:
        raise ValueError(
            f"fan_in and fan_out need a weight (out, in, ...), not a tensor of shape {tensor.shape}"
        )
    receptive = math.prod(tensor.shape[2:])
    return tensor.shape[1] * receptive, tensor.shape[0] * receptive


def xavier_uniform_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """Uniform on [-a, a], a = gain sqrt(6 / (fan_in + fan_out)): variance 2 gain^2 / (sum of fans).

    Glorot & Bengio 2010, "Understanding the difficulty of training deep feedforward neural
    networks", eq. 16.
    """
    a = gain * math.sqrt(6.0 / sum(fans(tensor)))
    return uniform_(tensor, -a, a, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Any = None) -> Tensor:
    """N(0, 2 gain^2 / (fan_in + fan_out)).  Glorot & Bengio 2010, eq. 12."""
    return normal_(tensor, 0.0, gain * math.sqrt(2.0 / sum(fans(tensor))), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    if mode not in ("fan_in", "fan_out"):
        raise ValueError(f"mode must be 'fan_in' or 'fan_out', not {mode!r}")
    fan = fans(tensor)[mode == "fan_out"]
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """Uniform on [-b, b] with standard deviation gain / sqrt(fan): b = sqrt(3) gain / sqrt(fan).

    a is the slope of the leaky_relu that follows.  He et al. 2015 (arXiv:1502.01852), eq. 10, 15.
    """
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return uniform_(tensor, -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Any = None,
) -> Tensor:
    """N(0, gain^2 / fan).  He et al. 2015 (arXiv:1502.01852), eq. 10 and 15."""
    return normal_(tensor, 0.0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


# ----------------------------------------------------------------------------------- structured


def eye_(tensor: Tensor) -> Tensor:
    """The identity: a linear layer that passes on what it can of its input."""
    if tensor.ndim != 2:
        raise ValueError(f"eye_ needs a matrix, not a tensor of shape {tensor.shape}")
    return _write(tensor, np.eye(*tensor.shape))


def dirac_(tensor: Tensor, groups: int = 1) -> Tensor:
    """A convolution (out, in, ...) that passes on its channels: 1 at the centre of the kernel.

    Raises ValueError unless there are 3 to 5 axes and `out` is a multiple of groups.
    """
    out, channels, *kernel = tensor.shape
    if tensor.ndim not in (3, 4, 5) or out % groups:
        raise ValueError(f"dirac_ does not suit a weight {tensor.shape} in {groups} groups")
    values = np.zeros(tensor.shape)
    centre = tuple(k // 2 for k in kernel)
    for group in range(groups):
        for d in range(min(out // groups, channels)):
            values[(group * (out // groups) + d, d, *centre)] = 1
    return _write(tensor, values)


def orthogonal_(tensor: Tensor, gain: float = 1, generator: Any = None) -> Tensor:
    """gain times a random matrix with orthonormal rows or columns, whichever are fewer.

    The tensor counts as a matrix (out, everything else).  Q of a Gaussian matrix's QR decomposition
    is uniform among the orthogonal ones once the signs of R's diagonal are moved into it.
    Saxe et al. 2014 (arXiv:1312.6120); Mezzadri 2007 (arXiv:math-ph/0609050), section 5.
    """
    if tensor.ndim < 2:
        raise ValueError(f"orthogonal_ needs two axes or more, not shape {tensor.shape}")
    rows, columns = tensor.shape[0], math.prod(tensor.shape[1:])
    gaussian = _normal(tensor, generator).reshape(rows, columns)
    q, r = np.linalg.qr(gaussian.T if rows < columns else gaussian)
    q = q * np.sign(np.diagonal(r))
    return _write(tensor, gain * (q.T if rows < columns else q).reshape(tensor.shape))


def sparse_(tensor: Tensor, sparsity: float, std: float = 0.01, generator: Any = None) -> Tensor:
    """N(0, std^2), with the part `sparsity` of each column, rounded up, set to 0 (Martens 2010)."""
    if tensor.ndim != 2:
        raise ValueError(f"sparse_ needs a matrix, not a tensor of shape {tensor.shape}")
    rng = backend.generator(tensor.device, generator)
    rank = np.argsort(np.argsort(rng.random(tensor.shape), axis=0), axis=0)
    kept = rank >= math.ceil(sparsity * tensor.shape[0])
    return _write(tensor, std * rng.standard_normal(tensor.shape) * kept)
