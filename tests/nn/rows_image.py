"""Rows of layers for images: sizes, borders."""

from .table import Row


def image(name, make, *shape, **given):
    """A row with one input."""
    return Row(name, make, lambda d: (d.real(*shape),), **given)


RESIZE = [
    image("interpolate size", lambda nn: lambda x: nn.functional.interpolate(x, 7), 1, 2, 3),
    image("interpolate down", lambda nn: lambda x: nn.functional.interpolate(x, (3, 2)), 1, 2, 5, 3),
    image("interpolate factor", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=1.5), 1, 2, 5, 3),
    image("interpolate exact", lambda nn: lambda x: nn.functional.interpolate(x, (7, 2), mode="nearest-exact"), 1, 2, 5, 3),
    image("interpolate linear", lambda nn: lambda x: nn.functional.interpolate(x, 7, mode="linear"), 1, 2, 4),
    image("interpolate bilinear", lambda nn: lambda x: nn.functional.interpolate(x, (7, 2), mode="bilinear"), 1, 2, 4, 3),
    image("interpolate bilinear-factor", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=(1.7, 0.6), mode="bilinear"), 1, 2, 4, 5),
    image("interpolate bilinear-recompute", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=(1.7, 0.6), mode="bilinear", recompute_scale_factor=True), 1, 2, 4, 5),
    image("interpolate bilinear-corners", lambda nn: lambda x: nn.functional.interpolate(x, (7, 1), mode="bilinear", align_corners=True), 1, 2, 4, 3),
    image("interpolate trilinear", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=2, mode="trilinear"), 1, 1, 2, 3, 2),
    image("interpolate bicubic", lambda nn: lambda x: nn.functional.interpolate(x, (7, 3), mode="bicubic"), 1, 2, 4, 5),
    image("interpolate bicubic-corners", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=2, mode="bicubic", align_corners=True), 1, 1, 4, 3),
    image("interpolate area", lambda nn: lambda x: nn.functional.interpolate(x, (3, 2), mode="area"), 1, 2, 5, 4),
    image("interpolate area-factor", lambda nn: lambda x: nn.functional.interpolate(x, scale_factor=0.7, mode="area"), 1, 2, 5, 4),
    image("pixel_shuffle", lambda nn: lambda x: nn.functional.pixel_shuffle(x, 2), 8, 2, 3),
    image("pixel_unshuffle", lambda nn: lambda x: nn.functional.pixel_unshuffle(x, 2), 1, 2, 4, 6),
    image("channel_shuffle", lambda nn: lambda x: nn.functional.channel_shuffle(x, 3), 2, 6, 2),
    image("Upsample", lambda nn: nn.Upsample(scale_factor=2), 1, 2, 2, 3),
    image("Upsample linear", lambda nn: nn.Upsample(5, mode="linear", align_corners=True), 1, 2, 3),
    image("UpsamplingNearest2d", lambda nn: nn.UpsamplingNearest2d(scale_factor=2), 1, 2, 2, 3),
    image("UpsamplingBilinear2d", lambda nn: nn.UpsamplingBilinear2d((4, 5)), 1, 2, 2, 3),
    image("PixelShuffle", lambda nn: nn.PixelShuffle(2), 2, 4, 2, 3),
    image("PixelUnshuffle", lambda nn: nn.PixelUnshuffle(3), 1, 1, 6, 3),
    image("ChannelShuffle", lambda nn: nn.ChannelShuffle(2), 1, 4, 2, 2),
]  # fmt: skip

BORDERS = [
    image("pad", lambda nn: lambda x: nn.functional.pad(x, (1, 2, 0, 3)), 2, 3, 4),
    image("pad value", lambda nn: lambda x: nn.functional.pad(x, (2, -1, -2, 1), value=0.7), 2, 3, 4),
    image("pad reflect", lambda nn: lambda x: nn.functional.pad(x, (3, 1, 0, 2), "reflect"), 1, 2, 3, 4),
    image("pad replicate", lambda nn: lambda x: nn.functional.pad(x, (5, 1), "replicate"), 1, 2, 3),
    image("pad circular", lambda nn: lambda x: nn.functional.pad(x, (3, 1), mode="circular"), 1, 2, 3),
    image("ConstantPad1d", lambda nn: nn.ConstantPad1d((2, 1), 3.5), 1, 2, 3),
    image("ConstantPad2d", lambda nn: nn.ConstantPad2d(1, 3.5), 1, 2, 3, 2),
    image("ConstantPad3d", lambda nn: nn.ConstantPad3d((0, 1, 2, 0, 0, 1), -1.5), 1, 1, 2, 3, 2),
    image("ZeroPad1d", lambda nn: nn.ZeroPad1d(2), 1, 2, 3),
    image("ZeroPad2d", lambda nn: nn.ZeroPad2d((0, 1, 2, 3)), 1, 2, 3, 2),
    image("ZeroPad3d", lambda nn: nn.ZeroPad3d(1), 1, 1, 2, 1, 2),
    image("ReflectionPad1d", lambda nn: nn.ReflectionPad1d(2), 1, 2, 3),
    image("ReflectionPad2d", lambda nn: nn.ReflectionPad2d((0, 1, 2, 1)), 1, 2, 3, 2),
    image("ReflectionPad3d", lambda nn: nn.ReflectionPad3d(1), 1, 1, 2, 3, 2),
    image("ReplicationPad1d", lambda nn: nn.ReplicationPad1d(4), 1, 2, 3),
    image("ReplicationPad2d", lambda nn: nn.ReplicationPad2d((0, 1, 2, 3)), 1, 2, 3, 2),
    image("ReplicationPad3d", lambda nn: nn.ReplicationPad3d(1), 1, 1, 2, 1, 2),
    image("CircularPad1d", lambda nn: nn.CircularPad1d(2), 1, 2, 3),
    image("CircularPad2d", lambda nn: nn.CircularPad2d((0, 1, 2, 3)), 1, 2, 3, 2),
    image("CircularPad3d", lambda nn: nn.CircularPad3d(1), 1, 1, 2, 1, 2),
]  # fmt: skip

ROWS = RESIZE + BORDERS
