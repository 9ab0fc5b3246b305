"""PyTorch's names and argument order for the operations of networks.

    import minidl.nn.functional as F

A face: nothing is computed here that `minidl.ops` does not define.  Functions that PyTorch and
minidl spell alike are the operations themselves; the others rename `dim` to NumPy's `axis`, and
draw the random numbers that operations take as inputs (from minidl's generator, or from `rng`).
"""

from ...ops.activations import (
    celu,
    elu,
    gelu,
    hardshrink,
    hardsigmoid,
    hardswish,
    hardtanh,
    leaky_relu,
    logsigmoid,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    softplus,
    softshrink,
    softsign,
    tanhshrink,
    threshold,
)
from ...ops.adaptive_pool import (
    adaptive_avg_pool1d,
    adaptive_avg_pool2d,
    adaptive_avg_pool3d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    adaptive_max_pool3d,
)
from ...ops.conv import (
    conv1d,
    conv2d,
    conv3d,
    conv_transpose1d,
    conv_transpose2d,
    conv_transpose3d,
)
from ...ops.cross_entropy import (
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    nll_loss,
)
from ...ops.ctc import ctc_loss
from ...ops.elementwise import absolute as absolute_rectification
from ...ops.linear import bilinear, linear
from ...ops.losses import (
    gaussian_nll_loss,
    huber_loss,
    kl_div,
    l1_loss,
    mse_loss,
    poisson_nll_loss,
    smooth_l1_loss,
)
from ...ops.margin_losses import (
    cosine_embedding_loss,
    hinge_embedding_loss,
    margin_ranking_loss,
    multi_margin_loss,
    multilabel_margin_loss,
    multilabel_soft_margin_loss,
    soft_margin_loss,
    triplet_margin_loss,
    triplet_margin_with_distance_loss,
)
from ...ops.norm import batch_norm, group_norm, instance_norm, layer_norm, rms_norm
from ...ops.pool import (
    avg_pool1d,
    avg_pool2d,
    avg_pool3d,
    fold,
    max_pool1d,
    max_pool2d,
    max_pool3d,
    unfold,
)
from ...ops.resize import channel_shuffle, interpolate, pixel_shuffle, pixel_unshuffle
from ...ops.trigonometry import tanh
from .activation import (
    glu,
    gumbel_softmax,
    kwta,
    log_softmax,
    prelu,
    rrelu,
    softmax,
    softmin,
)
from .attention import scaled_dot_product_attention
from .border import pad
from .dropout import (
    alpha_dropout,
    dropout,
    dropout1d,
    dropout2d,
    dropout3d,
    feature_alpha_dropout,
)
from .vectors import (
    cosine_similarity,
    embedding,
    embedding_bag,
    normalize,
    one_hot,
    pairwise_distance,
)
