"""Every layer, on the list of finite-difference checks: `minidl check nn`.

Each is checked with respect to its inputs and its parameters.  Dropout and its kind are left out:
they draw at every call, and what they do with what they drew is a product.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..checks import Draw, between, checked, classes, distinct, either_sign, normal, probabilities
from ..graph import tensor


def layer(kind: type[nn.Module], *inputs: Any, **settings: Any) -> None:
    """Put a layer on the list: kind(**settings), called on `inputs`."""

    def make(rng: np.random.Generator) -> nn.Module:
        made = kind(**settings)
        for parameter in made.parameters():
            parameter.data = tensor(rng.standard_normal(parameter.shape), dtype=parameter.dtype)
        return made

    def call(layer: nn.Module, **inputs: Any) -> Any:
        return layer(*inputs.values())

    call.__module__, call.__qualname__ = kind.__module__, kind.__name__  # the line says these
    names = [f"input{k}" for k, _ in enumerate(inputs, 1)] if len(inputs) > 1 else ["input"]
    checked(call, layer=make, **dict(zip(names, inputs)))


def signs(*shape: int) -> Draw:
    """Random labels -1 and 1."""
    return lambda rng: rng.choice([-1, 1], shape)


# ---------------------------------------------------------------------------------- activations

for kind in (
    *(nn.ReLU, nn.LeakyReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus),
    *(nn.AbsoluteRectification, nn.Sigmoid, nn.Tanh, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink),
    *(nn.Hardsigmoid, nn.Hardswish, nn.ReLU6, nn.PReLU),
):
    layer(kind, either_sign(3, 4))
layer(nn.KWTA, distinct(3, 4), k=2)
layer(nn.Identity, normal(3, 4))
layer(nn.Hardtanh, between(-0.9, 0.9, 3, 4))
for kind in (nn.Hardshrink, nn.Softshrink):
    layer(kind, either_sign(3, 4), lambd=0.05)
layer(nn.Threshold, either_sign(3, 4), threshold=0.05, value=0.5)
for kind in (nn.Softmax, nn.LogSoftmax, nn.Softmin, nn.GLU):
    layer(kind, normal(3, 4), dim=1)
layer(nn.Softmax2d, normal(2, 3, 2, 2))

# ------------------------------------------------------------------------ layers with weights

layer(nn.Linear, normal(4, 3), in_features=3, out_features=2)
layer(nn.Bilinear, normal(4, 3), normal(4, 2), in1_features=3, in2_features=2, out_features=2)
layer(nn.Embedding, classes(4, 2, 3), num_embeddings=4, embedding_dim=2)
layer(nn.EmbeddingBag, classes(4, 2, 3), num_embeddings=4, embedding_dim=2)

lines, images, solids = normal(2, 2, 5), normal(2, 2, 4, 3), normal(1, 2, 3, 2, 3)
for convolution, transposed, x in (
    (nn.Conv1d, nn.ConvTranspose1d, lines),
    (nn.Conv2d, nn.ConvTranspose2d, images),
    (nn.Conv3d, nn.ConvTranspose3d, solids),
):
    channels = {"in_channels": 2, "out_channels": 2, "kernel_size": 2}
    layer(convolution, x, **channels, padding=1, stride=2)
    layer(transposed, x, **channels, padding=1, stride=2)

for norms, x in (
    ((nn.BatchNorm1d, nn.InstanceNorm1d), lines),
    ((nn.BatchNorm2d, nn.InstanceNorm2d), images),
    ((nn.BatchNorm3d, nn.InstanceNorm3d), normal(2, 2, 2, 1, 3)),
):
    for kind in norms:
        layer(kind, x, num_features=2, affine=True)
layer(nn.GroupNorm, normal(2, 4, 3), num_groups=2, num_channels=4)
for kind in (nn.LayerNorm, nn.RMSNorm):
    layer(kind, normal(3, 4), normalized_shape=4)

# -------------------------------------------------------------------------------- without weights

for kinds, x in (
    ((nn.MaxPool1d, nn.AvgPool1d), distinct(1, 2, 4)),
    ((nn.MaxPool2d, nn.AvgPool2d), distinct(1, 2, 4, 3)),
    ((nn.MaxPool3d, nn.AvgPool3d), distinct(1, 1, 2, 4, 3)),
):
    for kind in kinds:
        layer(kind, x, kernel_size=2, stride=1)
for kinds, x in (
    ((nn.AdaptiveMaxPool1d, nn.AdaptiveAvgPool1d), distinct(1, 2, 5)),
    ((nn.AdaptiveMaxPool2d, nn.AdaptiveAvgPool2d), distinct(1, 2, 5, 3)),
    ((nn.AdaptiveMaxPool3d, nn.AdaptiveAvgPool3d), distinct(1, 1, 2, 5, 3)),
):
    for kind in kinds:
        layer(kind, x, output_size=2)
layer(nn.Unfold, images, kernel_size=2)
layer(nn.Fold, normal(1, 8, 6), output_size=(4, 3), kernel_size=2)
for pads, x in (
    ((nn.CircularPad1d, nn.ReflectionPad1d, nn.ReplicationPad1d, nn.ZeroPad1d), lines),
    ((nn.CircularPad2d, nn.ReflectionPad2d, nn.ReplicationPad2d, nn.ZeroPad2d), images),
    ((nn.CircularPad3d, nn.ReflectionPad3d, nn.ReplicationPad3d, nn.ZeroPad3d), solids),
):
    for kind in pads:
        layer(kind, x, padding=1)
for kind, x in ((nn.ConstantPad1d, lines), (nn.ConstantPad2d, images), (nn.ConstantPad3d, solids)):
    layer(kind, x, padding=1, value=0.5)
layer(nn.PixelShuffle, normal(1, 8, 2, 3), upscale_factor=2)
layer(nn.PixelUnshuffle, normal(1, 2, 4, 2), downscale_factor=2)
layer(nn.ChannelShuffle, normal(1, 4, 2, 3), groups=2)
layer(nn.Upsample, images, scale_factor=2, mode="bicubic")
for kind in (nn.UpsamplingBilinear2d, nn.UpsamplingNearest2d):
    layer(kind, images, scale_factor=2)
layer(nn.CosineSimilarity, normal(3, 4), normal(3, 4))
layer(nn.PairwiseDistance, normal(3, 4), normal(3, 4))
layer(nn.Flatten, images)
layer(nn.Unflatten, normal(3, 4), dim=1, unflattened_size=(2, 2))

# ------------------------------------------------------------------------------------ sequences

for kind in (nn.RNN, nn.LSTM, nn.GRU):
    layer(kind, normal(3, 2, 3), input_size=3, hidden_size=2, bidirectional=True)
for kind in (nn.RNNCell, nn.LSTMCell, nn.GRUCell):
    layer(kind, normal(2, 3), input_size=3, hidden_size=2)
layer(nn.MultiheadAttention, *[normal(3, 2, 4)] * 3, embed_dim=4, num_heads=2)
block = {"d_model": 4, "nhead": 2, "dim_feedforward": 3, "dropout": 0.0, "activation": "gelu"}
layer(nn.TransformerEncoderLayer, normal(3, 2, 4), **block)
layer(nn.TransformerDecoderLayer, normal(3, 2, 4), normal(2, 2, 4), **block)

# --------------------------------------------------------------------------------------- losses

for kind in (nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss):
    layer(kind, normal(4, 2), between(2.5, 2.6, 4, 2))
layer(nn.BCELoss, between(0.1, 0.9, 6), between(0.1, 0.9, 6))
layer(nn.BCEWithLogitsLoss, normal(6), between(0.1, 0.9, 6))
layer(nn.CrossEntropyLoss, normal(4, 3), classes(3, 4))
layer(nn.NLLLoss, normal(4, 3), classes(3, 4))
layer(nn.MultiMarginLoss, normal(4, 3), classes(3, 4))
layer(nn.KLDivLoss, normal(4, 3), probabilities(4, 3), reduction="batchmean")
layer(nn.GaussianNLLLoss, normal(4), normal(4), between(0.5, 2.0, 4))
layer(nn.PoissonNLLLoss, normal(4), between(0.5, 2.0, 4))
layer(nn.SoftMarginLoss, normal(6), signs(6))
layer(nn.HingeEmbeddingLoss, either_sign(6), signs(6), margin=3.0)
layer(nn.MarginRankingLoss, normal(6), normal(6), signs(6), margin=5.0)
layer(nn.CosineEmbeddingLoss, normal(4, 3), normal(4, 3), signs(4), margin=-1.0)
layer(nn.MultiLabelMarginLoss, normal(2, 4), classes(4, 2, 4))
layer(nn.MultiLabelSoftMarginLoss, normal(3, 4), classes(2, 3, 4))
for kind in (nn.TripletMarginLoss, nn.TripletMarginWithDistanceLoss):
    layer(kind, normal(3, 4), normal(3, 4), normal(3, 4), margin=20.0)
layer(
    nn.CTCLoss, normal(4, 2, 3), lambda rng: rng.integers(1, 3, (2, 2)), [4, 4], [1, 2],
    reduction="sum",
)  # fmt: skip
