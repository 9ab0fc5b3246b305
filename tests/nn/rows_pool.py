"""Rows of pooling, unfold and fold."""

from .rows_image import image
from .table import Row

SIZES = {1: (7,), 2: (5, 4), 3: (3, 3, 4)}


def _function(name, *args, **kwargs):
    """What calls that function of nn.functional, given a namespace."""
    return lambda nn: lambda x: getattr(nn.functional, name)(x, *args, **kwargs)


def _rows(name, axes, special, *args, **kwargs):
    return Row(
        f"{name}{axes}d {special}",
        _function(f"{name}{axes}d", *args, **kwargs),
        lambda d: (d.real(1, 2, *SIZES[axes]),),
    )


FUNCTIONS = [
    *(_rows("max_pool", d, "plain", 2) for d in SIZES),
    *(_rows("max_pool", d, "overlapping", 3, 2, 1, ceil_mode=True) for d in SIZES),
    *(_rows("max_pool", d, "dilated", 2, 1, dilation=2) for d in SIZES),
    *(_rows("max_pool", d, "indices", 2, 2, 1, return_indices=True) for d in SIZES),
    *(_rows("avg_pool", d, "plain", 2) for d in SIZES),
    *(_rows("avg_pool", d, "overlapping", 3, 2, 1, ceil_mode=True) for d in SIZES),
    *(_rows("avg_pool", d, "without-padding", 3, 2, 1, True, False) for d in SIZES),
    *(_rows("avg_pool", d, "divisor", 2, divisor_override=3) for d in (2, 3)),
    *(_rows("adaptive_avg_pool", d, "one", 1) for d in SIZES),
    *(_rows("adaptive_avg_pool", d, "uneven", 3) for d in SIZES),
    *(_rows("adaptive_max_pool", d, "one", 1) for d in SIZES),
    *(_rows("adaptive_max_pool", d, "uneven", 3, return_indices=True) for d in SIZES),
    Row("max_pool2d no-batch", _function("max_pool2d", (2, 3)), lambda d: (d.real(3, 5, 7),)),
    Row("avg_pool2d no-batch", _function("avg_pool2d", (2, 3)), lambda d: (d.real(3, 5, 7),)),
    Row("adaptive_avg_pool2d as-is", _function("adaptive_avg_pool2d", (None, 2)), lambda d: (d.real(2, 3, 5, 7),)),
    Row("unfold", _function("unfold", (2, 3)), lambda d: (d.real(2, 3, 5, 7),)),
    Row("unfold all", _function("unfold", 2, 2, 1, (1, 2)), lambda d: (d.real(2, 3, 5, 7),)),
    Row("fold", _function("fold", (5, 7), (2, 3)), lambda d: (d.real(2, 18, 20),)),
    Row("fold all", _function("fold", (5, 7), 2, 2, 1, (1, 2)), lambda d: (d.real(12, 20),)),
]  # fmt: skip

MODULES = [
    image("MaxPool1d", lambda nn: nn.MaxPool1d(3, 2, 1), 2, 3, 5),
    image("MaxPool2d", lambda nn: nn.MaxPool2d(2, ceil_mode=True), 2, 1, 5, 4),
    image("MaxPool2d indices", lambda nn: nn.MaxPool2d(2, return_indices=True), 2, 1, 4, 4),
    image("MaxPool3d", lambda nn: nn.MaxPool3d((2, 1, 2), dilation=(1, 1, 2)), 1, 1, 2, 3, 6),
    image("AvgPool1d", lambda nn: nn.AvgPool1d(2, 1, 1, count_include_pad=False), 2, 3, 5),
    image("AvgPool2d", lambda nn: nn.AvgPool2d((2, 3), stride=1, padding=1), 2, 1, 3, 4),
    image("AvgPool3d", lambda nn: nn.AvgPool3d(2, divisor_override=5), 1, 1, 2, 3, 4),
    image("AdaptiveAvgPool1d", lambda nn: nn.AdaptiveAvgPool1d(2), 2, 3, 5),
    image("AdaptiveAvgPool2d", lambda nn: nn.AdaptiveAvgPool2d((None, 3)), 2, 1, 2, 5),
    image("AdaptiveAvgPool3d", lambda nn: nn.AdaptiveAvgPool3d(1), 2, 1, 2, 2, 3),
    image("AdaptiveMaxPool1d", lambda nn: nn.AdaptiveMaxPool1d(2, True), 2, 3, 5),
    image("AdaptiveMaxPool2d", lambda nn: nn.AdaptiveMaxPool2d((2, 3)), 2, 1, 3, 5),
    image("AdaptiveMaxPool3d", lambda nn: nn.AdaptiveMaxPool3d((1, None, 2)), 1, 1, 2, 2, 3),
    image("Unfold", lambda nn: nn.Unfold((2, 3), padding=1), 1, 2, 3, 2),
    Row("Fold", lambda nn: nn.Fold(4, 2, stride=2), lambda d: (d.real(1, 8, 4),)),
]

ROWS = FUNCTIONS + MODULES
