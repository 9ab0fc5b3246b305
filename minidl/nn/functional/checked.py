"""The functions of which the notes speak, on the list of finite-difference checks.

They are operations, which lie on a lower floor than the list.  Samples keep clear of kinks.
"""

from __future__ import annotations

from ...checks import between, checked, classes, either_sign, invertible, normal
from ...ops.conv import convolve, convolve2d
from ...ops.linalg import solve
from . import (
    absolute_rectification,
    batch_norm,
    binary_cross_entropy,
    conv2d,
    cross_entropy,
    leaky_relu,
    linear,
    mse_loss,
    prelu,
    relu,
    scaled_dot_product_attention,
    sigmoid,
    softmax,
    tanh,
)

checked(solve, a=invertible(3), b=normal(3))
checked(sigmoid, x=between(-10, 10, 20))
checked(softmax, input=normal(3, 5), dim=1)
checked(relu, x=either_sign(12))
checked(absolute_rectification, x=either_sign(12))
checked(leaky_relu, x=either_sign(12), negative_slope=0.2)
checked(prelu, input=either_sign(4, 3), weight=between(0.1, 0.5, 3))
checked(tanh, x=normal(12))
checked(linear, x=normal(4, 3), weight=normal(2, 3), bias=normal(2))
checked(mse_loss, input=normal(4, 2), target=normal(4, 2))
checked(cross_entropy, input=normal(4, 3), target=classes(3, 4))
checked(binary_cross_entropy, input=between(0.1, 0.9, 6), target=between(0.1, 0.9, 6))
checked(convolve, a=normal(6), v=normal(3))
checked(convolve2d, a=normal(4, 5), v=normal(2, 3))
checked(
    conv2d, input=normal(2, 4, 6, 5), weight=normal(4, 2, 3, 3), bias=normal(4),
    stride=2, padding=1, dilation=1, groups=2,
)  # fmt: skip
checked(
    batch_norm, input=normal(5, 3), running_mean=None, running_var=None, weight=normal(3),
    bias=normal(3), training=True,
)  # fmt: skip
checked(
    scaled_dot_product_attention, query=normal(4, 3), key=normal(4, 3), value=normal(4, 2),
    is_causal=True,
)  # fmt: skip
