"""Activation functions, elementwise, one rule each; those along an axis are in softmax.py.

Names and defaults are those of torch.nn.functional.  Rectifiers come first, then the exponential,
the sigmoidal and the shrinking families.  At a kink each takes the derivative that PyTorch takes,
which its docstring states; the second derivative there is 0.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.special

from .. import backend
from ..graph import op
from .blocks import in_blocks
from .choices import minimum, where
from .elementwise import absolute, exp
from .special import ndtr
from .trigonometry import tanh

# ---------------------------------------------------------------------------------- rectifiers


@op
def relu(x):
    """max(0, x).  relu'(0) = 0.

    Glorot, Bordes & Bengio 2011, "Deep sparse rectifier neural networks".
    """
    return np.maximum(x, 0)


relu.vjp(x=lambda g, y: g * (y > 0))


@op
def leaky_relu(x, negative_slope=0.01):
    """x where x > 0, else negative_slope * x.  The derivative at 0 is negative_slope.

    Slope 0 is relu, 1 the identity, -1 the absolute value.  Maas, Hannun & Ng 2013.
    """
    return np.maximum(x, 0) + negative_slope * np.minimum(x, 0)


# a product with booleans is much faster than np.where
leaky_relu.vjp(
    x=lambda g, x, negative_slope: g * (x > 0) + (negative_slope * g) * (x <= 0),
)


@op
def prelu(x, weight):
    """x where x > 0, else weight * x, with a weight that is learned (it broadcasts against x).

    d prelu / d weight = min(0, x).  He et al. 2015 (arXiv:1502.01852), eq. 1.
    """
    return np.maximum(x, 0) + weight * np.minimum(x, 0)


prelu.vjp(
    x=lambda g, x, weight: g * (x > 0) + (weight * g) * (x <= 0),
    weight=lambda g, x: g * x * (x < 0),
)


@op
def threshold(x, threshold, value):
    """x where x > threshold, else value.  The derivative at the threshold is 0."""
    return np.where(x > threshold, x, value)


threshold.vjp(x=lambda g, x, threshold: g * (x > threshold))


@op
def hardtanh(x, min_val=-1.0, max_val=1.0):
    """min_val below it, max_val above it, x between.  The derivative at both ends is 0."""
    return np.clip(x, min_val, max_val)


hardtanh.vjp(x=lambda g, x, min_val, max_val: g * ((x > min_val) * (x < max_val)))


def relu6(x):
    """min(max(0, x), 6).  The derivative at 0 and at 6 is 0.  Krizhevsky 2010 (CIFAR-10 nets)."""
    return hardtanh(x, 0.0, 6.0)


# ------------------------------------------------------------- exponential and smooth rectifiers


@op
def elu(x, alpha=1.0):
    """x where x > 0, else alpha (e^x - 1).  The derivative at 0 is alpha.

    Clevert, Unterthiner & Hochreiter 2016 (arXiv:1511.07289), eq. 15.
    """
    return np.maximum(x, 0) + alpha * _expm1(np.minimum(x, 0))


def _expm1(x):
    """e^x - 1 for x <= 0, as 2 t / (1 - t) with t = tanh(x / 2).

    As exact as NumPy's expm1, which takes four times as long in float32.
    """
    t = np.tanh(0.5 * x)
    return 2.0 * t / (1.0 - t)


elu.vjp(
    x=lambda g, x, alpha: g * (x > 0) + (alpha * g) * exp(minimum(x, 0.0)) * (x <= 0),
)

# The fixed point (mean 0, variance 1) of the activation's map of moments fixes both numbers:
# Klambauer et al. 2017 (arXiv:1706.02515), eq. 14.
SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


def selu(x):
    """scale * elu(x, alpha), with the numbers that keep mean 0 and variance 1 from layer to layer.

    Klambauer et al. 2017 (arXiv:1706.02515), eq. 2.
    """
    return SELU_SCALE * elu(x, SELU_ALPHA)


@op
def celu(x, alpha=1.0):
    """x where x > 0, else alpha (e^(x / alpha) - 1): slope 1 on both sides of 0 for every alpha.

    Barron 2017 (arXiv:1704.07483), eq. 2.
    """
    return np.maximum(x, 0) + alpha * _expm1(np.minimum(x, 0) / alpha)


celu.vjp(
    x=lambda g, x, alpha: g * (x > 0) + g * exp(minimum(x, 0.0) / alpha) * (x <= 0),
)


@op
def softplus(x, beta=1.0, threshold=20.0):
    """log(1 + e^(beta x)) / beta, and x itself where beta x > threshold, as PyTorch has it.

    The softened relu: its derivative is sigmoid(beta x).  Dugas et al. 2001.
    """
    z = beta * x
    # log(1 + e^z) = max(z, 0) + log(1 + e^-|z|) does not overflow
    smooth = np.maximum(z, 0) + log_1_plus(np.exp(-np.abs(z)))
    smooth = smooth / beta
    beyond = z > threshold
    return np.where(beyond, x, smooth) if beyond.any() else smooth


def _softplus_rule(g, x, beta, threshold):
    beyond, slope = beta * x > threshold, sigmoid(beta * x)
    return g * (where(beyond, 1.0, slope) if beyond.any() else slope)


softplus.vjp(x=_softplus_rule)


@op(aux=True)
def gelu_erf(x):
    """x Phi(x), Phi the standard normal's distribution function.

    The derivative is Phi(x) + x phi(x), with the density phi(x) = e^(-x^2 / 2) / sqrt(2 pi).  The
    dear parts, Phi and the exponential, are those of the forward: so it is made there, and kept.
    Hendrycks & Gimpel 2016 (arXiv:1606.08415), eq. 1.
    """
    y, slope = np.empty_like(x), np.empty_like(x)
    rows = [array.reshape(1) if x.ndim == 0 else array for array in (x, y, slope)]

    def work(blocks):
        for block in blocks:
            part, y_part, slope_part = (array[block] for array in rows)
            bell = part * part
            bell *= -0.5
            bell = np.exp(bell, out=bell)
            p = _distribution(part, bell)
            np.multiply(part, p, out=y_part)
            bell *= part
            bell *= 1 / math.sqrt(2 * math.pi)
            np.add(p, bell, out=slope_part)

    in_blocks(work, len(rows[0]), 8 * x.nbytes // max(1, len(rows[0])), x)
    return y, slope


def _distribution(x, bell):
    """Phi(x), given e^(-x^2 / 2); in float32 on the CPU several times faster than SciPy's.

    With t = 1 / (1 + .2316419 |x|), Phi(-|x|) is a polynomial in t times e^(-x^2 / 2), to 3e-7.
    Abramowitz & Stegun 1964, 7.1.26, for the error function, here halved.
    """
    if x.dtype != np.float32 or backend.xp(x) is not np:
        return scipy.special.ndtr(x)
    t = np.abs(x)
    t *= 0.23164189
    t += 1
    np.divide(1, t, out=t)
    tail = 0.5307027145 * t
    for coefficient in (-0.7265760135, 0.7107068705, -0.142248368, 0.127414796):
        tail += coefficient
        tail *= t
    tail *= bell
    np.subtract(0.5, tail, out=tail)
    np.copysign(tail, x, out=tail)
    tail += 0.5
    return tail


@gelu_erf.composite
def _(x):
    return x * ndtr(x)


@gelu_erf.backward("x")
def _(g, aux):
    return (g * aux,)


_ROOT = math.sqrt(2 / math.pi)


@op
def gelu_tanh(x):
    """x/2 (1 + tanh u), u = sqrt(2 / pi) (x + .044715 x^3): within 5e-4 of x Phi(x).

    Hendrycks & Gimpel 2016 (arXiv:1606.08415), section 2; the form of GPT-2.
    """
    return 0.5 * x * (1.0 + np.tanh(_ROOT * (x + 0.044715 * x * x * x)))


def _gelu_tanh_rule(g, x):
    # y' = (1 + tanh u) / 2 + x/2 (1 - tanh^2 u) u',  u' = sqrt(2 / pi) (1 + 3 * .044715 x^2)
    square = x * x
    t = tanh(_ROOT * x * (1.0 + 0.044715 * square))
    slope = _ROOT * (1.0 + 3 * 0.044715 * square)
    return g * (0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * slope)


gelu_tanh.vjp(x=_gelu_tanh_rule)


def gelu(x, approximate="none"):
    """x Phi(x), or with approximate="tanh" the formula that stood in for it when erf was dear."""
    if approximate == "none":
        return gelu_erf(x)
    if approximate == "tanh":
        return gelu_tanh(x)
    raise ValueError(f"gelu: approximate must be 'none' or 'tanh', not {approximate!r}")


@op
def silu(x):
    """x sigmoid(x), also called swish.

    Hendrycks & Gimpel 2016 (arXiv:1606.08415); Ramachandran et al. 2017 (arXiv:1710.05941).
    """
    return x * logistic(x)


def _silu_rule(g, x):
    # y' = s + x s (1 - s)
    s = sigmoid(x)
    return g * (s * (1.0 + x * (1.0 - s)))


silu.vjp(x=_silu_rule)


@op
def mish(x):
    """x tanh(softplus(x)).  Misra 2019 (arXiv:1908.08681), eq. 1."""
    return x * np.tanh(np.maximum(x, 0) + log_1_plus(np.exp(-np.abs(x))))


def _mish_rule(g, x):
    # y' = t + x (1 - t^2) sigmoid(x),  t = tanh(softplus(x))
    t = tanh(softplus(x))
    return g * (t + x * (1.0 - t * t) * sigmoid(x))


mish.vjp(x=_mish_rule)


@op
def hardswish(x):
    """x relu6(x + 3) / 6.  The derivative is 0 at -3 and 1 at 3.

    Howard et al. 2019 (arXiv:1905.02244), section 5.2.
    """
    return x * np.clip(x + 3.0, 0.0, 6.0) / 6.0


hardswish.vjp(x=lambda g, x: g * where(x >= 3, 1.0, (x > -3) * (x / 3.0 + 0.5)))


# ---------------------------------------------------------------------------- sigmoidal functions


@op
def sigmoid(x):
    """1 / (1 + e^-x), accurate relative to its value however small, without overflow."""
    return logistic(x)


def logistic(x):
    """1 / (1 + e^-x); for much of float32 on the CPU, NumPy is three times as fast as SciPy."""
    if x.__class__ is not np.ndarray or x.dtype != np.float32 or x.size < 4096:
        return scipy.special.expit(x)
    with np.errstate(over="ignore"):  # where e^-x is too large for a float, 1 / inf = 0 is right
        return 1.0 / (1.0 + np.exp(-x))


sigmoid.vjp(x=lambda g, y: g * (y * (1.0 - y)))


def log_1_plus(e):
    """log(1 + e) for e from 0 to 1; for much of float32 on the CPU three times as fast as log1p.

    With u = 1 + e as it is rounded, log(1 + e) = log u + (e - (u - 1)) / u, to the second order of
    what rounding took away.
    """
    if e.__class__ is not np.ndarray or e.dtype != np.float32 or e.size < 4096:
        return np.log1p(e)
    u = 1.0 + e
    return np.log(u) + (e - (u - 1.0)) / u


@op
def logsigmoid(x):
    """log sigmoid(x) = -softplus(-x), without overflow."""
    return np.minimum(x, 0) - log_1_plus(np.exp(-np.abs(x)))


logsigmoid.vjp(x=lambda g, x: g * sigmoid(-x))


@op
def hardsigmoid(x):
    """relu6(x + 3) / 6: a sigmoid of three straight lines.  The derivative at both kinks is 0.

    Courbariaux, Bengio & David 2015 (arXiv:1511.00363), eq. 3, with slope 1/6 for 1/2.
    """
    return np.clip(x + 3.0, 0.0, 6.0) / 6.0


hardsigmoid.vjp(x=lambda g, x: g * ((x > -3) * (x < 3)) / 6.0)


@op
def softsign(x):
    """x / (1 + |x|): like tanh, with tails that fall as 1/x.  Bergstra et al. 2009."""
    return x / (1.0 + np.abs(x))


softsign.vjp(x=lambda g, x: g / (1.0 + absolute(x)) ** 2)


# ----------------------------------------------------------------------------- shrinking functions


@op
def tanhshrink(x):
    """x - tanh(x)."""
    return x - np.tanh(x)


tanhshrink.vjp(x=lambda g, x: g * tanh(x) ** 2)


@op
def hardshrink(x, lambd=0.5):
    """x where |x| > lambd, else 0: keeps a coefficient or drops it.  The derivative at a kink is 0.

    The proximal step of lambd^2/2 times the number of nonzeros.  Donoho & Johnstone 1994.
    """
    return np.where(np.abs(x) > lambd, x, 0)


hardshrink.vjp(x=lambda g, x, lambd: g * (absolute(x) > lambd))


@op
def softshrink(x, lambd=0.5):
    """sign(x) max(|x| - lambd, 0), the proximal step of lambd |x|.  The derivative at a kink is 0.

    Donoho & Johnstone 1994; the step of ISTA.  Raises ValueError for a negative lambd.
    """
    if lambd < 0:
        raise ValueError(f"lambd must not be negative, got {lambd}")
    return x - np.clip(x, -lambd, lambd)


softshrink.vjp(x=lambda g, x, lambd: g * (absolute(x) > lambd))
