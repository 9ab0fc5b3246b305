"""Convolutions under PyTorch's names, and true convolution under NumPy's and SciPy's.

What networks call convolution is cross-correlation: the kernel slides as it is.  In a true
convolution it is turned around first, which makes the operation commute:

    cross-correlation   y(i) = sum over m of  x(i + m) w(m)       conv1d, conv2d, conv3d, correlate
    convolution         y(i) = sum over m of  x(i - m) w(m)       convolve, convolve2d

Both, and the transposed convolution, are the form of `correlation.py` read in different ways.
A network that learns its kernels learns the turned ones just as well.  Notes: `conv-true-1d`,
`conv-true-2d`, `cross-correlation`.
"""

from __future__ import annotations

from typing import Any

from ..graph import Tensor
from .correlation import correlation, correlation_input
from .shape import flip, reshape
from .windows import Window, batched, check_fit, per_axis, unbatched, window

Numbers = int | tuple[int, ...]

# --------------------------------------------------------------------- convolution in networks


def conv1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` with one axis: input (N, C, L), weight (F, C / groups, K).  Returns (N, F, L')."""
    return _conv("conv1d", 1, input, weight, bias, stride, padding, dilation, groups)


def conv2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """y[n, f, i, j] = b[f] + sum_ckl w[f, c, k, l] x[n, c, s i + d k - p, s j + d l - p].

    input: (N, C, H, W), weight: (F, C / groups, KH, KW), bias: (F,) or None.
    stride (s), padding (p zeros at both ends, 'valid' or 'same'), dilation (d): a number for both
    axes, or a pair.  groups: so many convolutions side by side, each with its share of channels.
    Returns (N, F, H', W') with H' = floor((H + 2 p - d (KH - 1) - 1) / s) + 1.
    An input without N gives a result without N.

    Raises ValueError where shapes do not fit together, or the kernel is larger than the padded
    input; TypeError where dtypes differ.  Dumoulin & Visin 2016 (arXiv:1603.07285).
    """
    return _conv("conv2d", 2, input, weight, bias, stride, padding, dilation, groups)


def conv3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers | str = 0,
    dilation: Numbers = 1,
    groups: int = 1,
) -> Tensor:
    """`conv2d` with three axes: input (N, C, D, H, W), weight (F, C / groups, KD, KH, KW)."""
    return _conv("conv3d", 3, input, weight, bias, stride, padding, dilation, groups)


def _conv(name, axes, input, weight, bias, stride, padding, dilation, groups):
    x = batched(name, axes, input)
    _check_weight(name, axes, x, weight, "(F, C / groups, *kernel)", groups)
    f, c, *kernel = weight.shape
    if f % groups:
        raise ValueError(f"{name}: groups={groups} must divide F, but weight is {weight.shape}")
    if x.shape[1] != c * groups:
        raise ValueError(
            f"{name}: input {input.shape} has {x.shape[1]} channels, but weight {weight.shape} "
            f"with groups={groups} is for {c * groups}"
        )
    _check_bias(name, bias, f, weight)
    sliding = window(name, tuple(kernel), stride, padding, dilation)
    check_fit(name, sliding, x.shape[2:])
    return unbatched(correlation(x, weight, bias, sliding, groups), axes, input)


def _check_weight(name, axes, x, weight, layout, groups):
    if weight.ndim != axes + 2:
        raise ValueError(f"{name}: weight must be {layout}, not {weight.shape}")
    if x.dtype != weight.dtype:
        raise TypeError(
            f"{name}: the input is {x.dtype}, the weight {weight.dtype}: cast the input with "
            f"x.astype('{weight.dtype}'), or the layer with layer.to('{x.dtype}')"
        )
    per_axis(name, "groups", groups, 1, 1)


def _check_bias(name, bias, f, weight):
    if bias is not None and bias.shape != (f,):
        raise ValueError(f"{name}: bias {bias.shape} must be ({f},), as weight is {weight.shape}")


# ------------------------------------------------------------------------- its adjoint


def conv_transpose1d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """`conv_transpose2d` with one axis: input (N, F, L), weight (F, C / groups, K)."""
    how = stride, padding, output_padding, groups, dilation
    return _conv_transpose("conv_transpose1d", 1, input, weight, bias, *how)


def conv_transpose2d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """The adjoint of `conv2d` with the same weight: each element adds its multiple of the kernel.

    input: (N, F, H, W), weight: (F, C / groups, KH, KW), bias: (C,) or None.
    Returns (N, C, H', W') with H' = (H - 1) s - 2 p + d (KH - 1) + output_padding + 1.  With a
    stride, several sizes H' of a convolution's input give the same size H of its output;
    output_padding, from 0 to s - 1, chooses one.

    Raises as `conv2d` does.  Zeiler et al. 2010, "Deconvolutional networks".
    """
    how = stride, padding, output_padding, groups, dilation
    return _conv_transpose("conv_transpose2d", 2, input, weight, bias, *how)


def conv_transpose3d(
    input: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    stride: Numbers = 1,
    padding: Numbers = 0,
    output_padding: Numbers = 0,
    groups: int = 1,
    dilation: Numbers = 1,
) -> Tensor:
    """`conv_transpose2d` with three axes."""
    how = stride, padding, output_padding, groups, dilation
    return _conv_transpose("conv_transpose3d", 3, input, weight, bias, *how)


def _conv_transpose(
    name, axes, input, weight, bias, stride, padding, output_padding, groups, dilation
):
    z = batched(name, axes, input)
    _check_weight(name, axes, z, weight, "(channels in, channels out / groups, *kernel)", groups)
    f, c, *kernel = weight.shape
    if z.shape[1] != f or f % groups:
        raise ValueError(
            f"{name}: input {input.shape} has {z.shape[1]} channels; there must be {f}, as in "
            f"weight {weight.shape}, and groups={groups} must divide them"
        )
    _check_bias(name, bias, c * groups, weight)
    sliding = window(name, tuple(kernel), stride, padding, dilation)
    extra = per_axis(name, "output_padding", output_padding, axes, 0)
    if any(e >= s for e, s in zip(extra, sliding.stride)):
        raise ValueError(f"{name}: output_padding {extra} must be below stride {sliding.stride}")
    size = tuple(
        (n - 1) * s - before - after + reach + e + 1
        for n, s, (before, after), reach, e in zip(
            z.shape[2:], sliding.stride, sliding.padding, sliding.reach, extra
        )
    )
    if min(size) < 1:
        raise ValueError(f"{name}: the result would have axes {size}: there is too much padding")
    y = correlation_input(z, weight, size, sliding, groups)
    if bias is not None:
        y = y + reshape(bias, (-1, *[1] * axes))
    return unbatched(y, axes, input)


# --------------------------------------------------------------------------- true convolution


def convolve(a: Tensor, v: Tensor, mode: str = "full") -> Tensor:
    """The convolution of two sequences, y[i] = sum over m of a[i - m] v[m], as np.convolve.

    a: (M,), v: (N,).  mode 'full': all M + N - 1 places where they overlap; 'same': the max(M, N)
    in the middle; 'valid': the max(M, N) - min(M, N) + 1 where they overlap wholly.
    """
    longer, shorter = (a, v) if a.shape[0] >= v.shape[0] else (v, a)
    return _convolve("convolve", 1, longer, shorter, mode)


def convolve2d(a: Tensor, v: Tensor, mode: str = "full") -> Tensor:
    """The convolution of two images, y[i, j] = sum over m, n of a[i - m, j - n] v[m, n].

    As scipy.signal.convolve2d with zeros beyond the border: mode 'full' gives all places where they
    overlap; 'same' those in the middle, as many as a has; 'valid' those where v lies within a.
    """
    return _convolve("convolve2d", 2, a, v, mode)


def correlate(a: Tensor, v: Tensor, mode: str = "valid") -> Tensor:
    """The cross-correlation of two sequences, y[i] = sum over m of a[i + m] v[m], as np.correlate.

    a: (M,), v: (N,).  The modes are those of `convolve`, of which this is the one with v reversed.
    """
    if a.shape[0] < v.shape[0]:  # a slides over v instead, from the other end
        return flip(_convolve("correlate", 1, v, flip(a), mode))
    return _convolve("correlate", 1, a, flip(v), mode)


def _convolve(name: str, axes: int, a: Any, v: Any, mode: str) -> Any:
    if a.ndim != axes or v.ndim != axes or not a.size or not v.size:
        raise ValueError(f"{name}: inputs need {axes} axes and elements, not {a.shape}, {v.shape}")
    # y(i) = sum_m a(i - m) v(m) = sum_k a(i + k) v(-k): slide the reversed kernel
    before_after = {
        "full": lambda k: (k - 1, k - 1),
        "same": lambda k: (k - 1 - (k - 1) // 2, (k - 1) // 2),
        "valid": lambda k: (0, 0),
    }
    if mode not in before_after:
        raise ValueError(f"{name}: mode must be 'full', 'same' or 'valid', not {mode!r}")
    ones = (1,) * axes
    sliding = Window(v.shape, ones, tuple(before_after[mode](k) for k in v.shape), ones)
    check_fit(name, sliding, a.shape)
    y = correlation(
        reshape(a, (1, 1, *a.shape)), reshape(flip(v), (1, 1, *v.shape)), None, sliding, 1
    )
    return reshape(y, y.shape[2:])
