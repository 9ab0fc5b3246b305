"""Rows of convolutions and transposed convolutions."""

from .table import Row


def inputs(x, weight, bias=True):
    """Input, weight and, if wanted, one bias for each of `bias` channels."""
    return lambda d: (d.real(*x), d.real(*weight), *([d.real(bias)] if bias else []))


FUNCTIONS = [
    Row("conv1d", lambda nn: nn.functional.conv1d, inputs((2, 3, 5), (4, 3, 2), 4)),
    Row("conv1d all", lambda nn: lambda x, w: nn.functional.conv1d(x, w, None, 2, 3, 2, 2), inputs((2, 4, 5), (6, 2, 3), 0)),
    Row("conv1d same", lambda nn: lambda x, w: nn.functional.conv1d(x, w, padding="same", dilation=3), inputs((2, 2, 5), (1, 2, 2), 0)),
    Row("conv1d unbatched", lambda nn: nn.functional.conv1d, inputs((3, 5), (4, 3, 2), 4)),
    Row("conv2d", lambda nn: nn.functional.conv2d, inputs((2, 3, 5, 4), (4, 3, 3, 2), 4)),
    Row("conv2d all", lambda nn: lambda x, w, b: nn.functional.conv2d(x, w, b, (2, 1), (0, 2), (1, 2), 2), inputs((2, 4, 5, 4), (2, 2, 3, 2), 2)),
    Row("conv2d valid", lambda nn: lambda x, w, b: nn.functional.conv2d(x, w, b, padding="valid"), inputs((1, 2, 3, 4), (2, 2, 3, 2), 2)),
    Row("conv2d depthwise", lambda nn: lambda x, w, b: nn.functional.conv2d(x, w, b, padding=1, groups=3), inputs((2, 3, 4, 3), (6, 1, 3, 3), 6)),
    Row("conv3d", lambda nn: nn.functional.conv3d, inputs((1, 2, 3, 4, 3), (2, 2, 2, 3, 1), 2)),
    Row("conv3d all", lambda nn: lambda x, w, b: nn.functional.conv3d(x, w, b, (2, 1, 1), (1, 0, 2), (1, 2, 1), 2), inputs((1, 2, 3, 3, 2), (2, 1, 2, 2, 2), 2)),
    Row("conv_transpose1d", lambda nn: nn.functional.conv_transpose1d, inputs((2, 3, 4), (3, 2, 3), 2)),
    Row("conv_transpose1d all", lambda nn: lambda x, w, b: nn.functional.conv_transpose1d(x, w, b, 3, 1, 2, 2, 2), inputs((2, 4, 3), (4, 1, 3), 2)),
    Row("conv_transpose2d", lambda nn: nn.functional.conv_transpose2d, inputs((1, 2, 3, 2), (2, 3, 2, 2), 3)),
    Row("conv_transpose2d all", lambda nn: lambda x, w, b: nn.functional.conv_transpose2d(x, w, b, (3, 2), (1, 0), (2, 1), 1, (1, 2)), inputs((1, 2, 3, 2), (2, 3, 2, 2), 3)),
    Row("conv_transpose3d", lambda nn: lambda x, w, b: nn.functional.conv_transpose3d(x, w, b, stride=2, output_padding=1), inputs((1, 2, 2, 1, 2), (2, 1, 2, 2, 1), 1)),
]  # fmt: skip

MODULES = [
    Row("Conv1d", lambda nn: nn.Conv1d(2, 4, 3, stride=2, padding=1, bias=False), lambda d: (d.real(2, 2, 5),)),
    Row("Conv1d replicate", lambda nn: nn.Conv1d(2, 3, 2, padding=2, padding_mode="replicate"), lambda d: (d.real(2, 2, 3),)),
    Row("Conv1d circular-same", lambda nn: nn.Conv1d(1, 2, 4, padding="same", padding_mode="circular"), lambda d: (d.real(2, 1, 5),)),
    Row("Conv2d", lambda nn: nn.Conv2d(2, 4, 3, padding=1, groups=2), lambda d: (d.real(2, 2, 4, 3),)),
    Row("Conv2d reflect", lambda nn: nn.Conv2d(1, 2, (3, 2), padding=(2, 1), dilation=(1, 2), padding_mode="reflect"), lambda d: (d.real(2, 1, 4, 3),)),
    Row("Conv2d valid", lambda nn: nn.Conv2d(1, 2, 2, (2, 1), padding="valid"), lambda d: (d.real(1, 4, 3),)),
    Row("Conv3d", lambda nn: nn.Conv3d(1, 2, (1, 2, 3), padding=(0, 1, 1)), lambda d: (d.real(1, 1, 2, 3, 2),)),
    Row("ConvTranspose1d", lambda nn: nn.ConvTranspose1d(2, 4, 3, 2, 1, 1, groups=2), lambda d: (d.real(2, 2, 3),)),
    Row("ConvTranspose2d", lambda nn: nn.ConvTranspose2d(2, 3, (3, 2), dilation=(1, 2), bias=False), lambda d: (d.real(1, 2, 3, 2),)),
    Row("ConvTranspose3d", lambda nn: nn.ConvTranspose3d(2, 1, 2, stride=(2, 1, 1)), lambda d: (d.real(1, 2, 2, 1, 2),)),
]  # fmt: skip

ROWS = FUNCTIONS + MODULES
