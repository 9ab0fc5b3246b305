"""What the table does not show: closed forms, edges of arguments, errors that say what to do."""

import numpy as np
import pytest

import minidl
from minidl import nn
from minidl.nn import functional as F


def real(*shape, seed=0):
    return minidl.tensor(np.random.default_rng(seed).standard_normal(shape))


# ------------------------------------------------------------------------------ convolutions


def test_output_size_chooses_among_the_sizes_of_a_stride():
    layer = nn.ConvTranspose2d(1, 1, 3, stride=(3, 2), padding=1).double()
    x = real(1, 1, 2, 3)
    for h in (4, 5, 6):
        for w in (5, 6):
            assert layer(x, output_size=(h, w)).shape == (1, 1, h, w)
    with pytest.raises(ValueError, match="an axis of 2 can become 4 to 6, not 7"):
        layer(x, output_size=[7, 5])


def test_transposed_convolution_is_the_adjoint():
    """<conv(x), z> = <x, conv_transpose(z)> with one weight."""
    conv = nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False).double()
    back = nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1, bias=False, output_padding=1).double()
    back.weight = conv.weight
    x, z = real(2, 2, 6, 6), real(2, 3, 3, 3, seed=1)
    assert (conv(x) * z).sum().item() == pytest.approx((x * back(z)).sum().item(), rel=1e-13)


@pytest.mark.parametrize("make, message", [
    (lambda: nn.Conv2d(3, 4, 3, groups=2), "3 input and 4 output channels cannot be shared"),
    (lambda: nn.Conv2d(3, 4, 3, padding_mode="mirror"), "padding_mode is one of .*not 'mirror'"),
    (lambda: nn.ConvTranspose1d(1, 1, 2, padding_mode="reflect"), "can only be 'zeros'"),
    (lambda: nn.Conv2d(3, 4, 3)(real(1, 3, 2, 2)), "dtype|float"),
    (lambda: nn.Conv2d(3, 4, 3).double()(real(1, 3, 2, 2)), "kernel of 3"),
    (lambda: F.pad(real(2, 3), (3, 0), "reflect"), "'reflect' fills 0 to 2 elements at each"),
    (lambda: F.pad(real(2, 3), (1, 2, 3)), "is not pairs"),
    (lambda: F.pad(real(2, 3), (1, 2), "mirror"), "not 'mirror'"),
    (lambda: F.interpolate(real(1, 1, 4)), "size or scale_factor"),
    (lambda: F.interpolate(real(1, 1, 4), 3, mode="bilinear"), "'bilinear' does not suit 1 axes"),
    (lambda: F.interpolate(real(1, 1, 4), 3, align_corners=True), "align_corners means nothing"),
    (lambda: F.pixel_shuffle(real(1, 6, 2, 2), 2), r"6 channels are no multiple of 2\^2"),
    (lambda: F.pixel_unshuffle(real(1, 6, 3, 2), 2), "3 x 2 has no squares of 2 x 2"),
    (lambda: F.channel_shuffle(real(1, 5, 2), 2), "5 channels do not make 2 groups"),
])  # fmt: skip
def test_errors(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


# ---------------------------------------------------------------------------------- activations

KINKS = [  # function, where, PyTorch's derivative there
    (F.relu, 0.0, 0.0), (F.absolute_rectification, 0.0, 0.0), (F.leaky_relu, 0.0, 0.01),
    (F.relu6, 0.0, 0.0), (F.relu6, 6.0, 0.0), (F.hardtanh, 1.0, 0.0), (F.hardtanh, -1.0, 0.0),
    (F.elu, 0.0, 1.0), (F.celu, 0.0, 1.0), (F.hardswish, -3.0, 0.0), (F.hardswish, 3.0, 1.0),
    (F.hardsigmoid, -3.0, 0.0), (F.hardsigmoid, 3.0, 0.0), (F.hardshrink, 0.5, 0.0),
    (F.softshrink, -0.5, 0.0), (F.softsign, 0.0, 1.0),
    (lambda x: F.threshold(x, 2.0, 5.0), 2.0, 0.0),
]  # fmt: skip


@pytest.mark.parametrize("function, at, slope", KINKS)
def test_derivative_at_a_kink_and_zero_beyond_the_first(function, at, slope):
    x = minidl.tensor([at], requires_grad=True, dtype=float)
    (first,) = minidl.autograd.grad(function(x).sum(), x, create_graph=True)
    assert first.item() == slope
    if first.requires_grad and function not in (F.elu, F.celu, F.hardswish):
        (second,) = minidl.autograd.grad(first.sum(), x, allow_unused=True)
        assert second is None or second.item() == 0


@pytest.mark.parametrize("function", [
    F.sigmoid, F.logsigmoid, F.softplus, F.silu, F.gelu, F.mish, F.elu, F.celu, F.selu, F.tanh,
    F.tanhshrink, F.softsign, F.hardswish, lambda x: F.gelu(x, "tanh"),
    lambda x: F.softmax(x, 0), lambda x: F.log_softmax(x, 0),
])  # fmt: skip
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_large_inputs_overflow_nowhere(function, dtype):
    x = minidl.tensor(np.array([-1e4, -100, -30, 0, 30, 100, 1e4]), True, dtype)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        y = function(x)
        y.sum().backward()
    assert np.isfinite(y.data).all() and np.isfinite(x.grad.data).all()


def test_sigmoid_and_its_logarithm_keep_their_digits_in_the_tail():
    """sigmoid(x) is e^x to 1e-300 for x -> -inf: relative, not absolute accuracy."""
    x = minidl.tensor([-40.0, -200.0, -600.0], dtype=float)
    np.testing.assert_allclose(F.sigmoid(x).data, np.exp(x.data), rtol=1e-14)
    np.testing.assert_allclose(F.logsigmoid(x).data, x.data, rtol=1e-14)
    np.testing.assert_allclose(F.softplus(x).data, np.exp(x.data), rtol=1e-14)
    np.testing.assert_allclose(F.sigmoid(x).data + F.sigmoid(-x).data, 1, rtol=1e-15)


def test_rectifiers_are_one_family():
    x, slope = real(50), minidl.tensor([0.3], requires_grad=True, dtype=float)
    np.testing.assert_array_equal(F.leaky_relu(x, -1.0).data, F.absolute_rectification(x).data)
    np.testing.assert_array_equal(F.leaky_relu(x, 0.0).data, F.relu(x).data)
    np.testing.assert_array_equal(F.leaky_relu(x, 1.0).data, x.data)
    F.prelu(x, slope).sum().backward()
    assert slope.grad.item() == pytest.approx(np.minimum(x.data, 0).sum(), rel=1e-14)


def test_selu_keeps_mean_0_and_variance_1():
    """By quadrature: the moments of selu(z), z standard normal, are the fixed point (0, 1)."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(200)
    y = F.selu(minidl.tensor(nodes)).data
    # the kink at 0 limits Gauss quadrature to about 1/n^2
    assert np.sum(weights * y) / np.sum(weights) == pytest.approx(0, abs=1e-3)
    assert np.sum(weights * y**2) / np.sum(weights) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("dim", [0, 1, -1])
def test_kwta_leaves_exactly_k_also_of_equal_ones(dim):
    x = minidl.tensor(np.round(np.random.default_rng(0).uniform(1, 3, (6, 7))), requires_grad=True)
    y = F.kwta(x, 3, dim)
    assert ((y.data != 0).sum(axis=dim) == 3).all()
    largest = [np.sort(z, dim).take([-3, -2, -1], dim) for z in (x.data, y.data)]
    np.testing.assert_array_equal(*largest)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data != 0)
    with pytest.raises(ValueError, match="k must be from 0 to"):
        F.kwta(x, 8)


def test_gumbel_softmax_draws_from_the_softmax():
    """The largest entry is a draw from softmax(logits): chi-square, level 1e-6."""
    from scipy import stats

    logits = np.array([0.3, -1.0, 1.2, 0.0])
    p = np.exp(logits) / np.exp(logits).sum()
    hard = F.gumbel_softmax(minidl.tensor(np.tile(logits, (20000, 1))), 0.5, hard=True, rng=0).data
    assert set(np.unique(np.round(hard, 12))) == {0.0, 1.0}
    assert stats.chisquare(hard.sum(axis=0), 20000 * p).pvalue > 1e-6


def test_gumbel_softmax_hard_has_the_soft_gradient():
    x = minidl.tensor(np.array([[0.3, -1.0, 1.2]]), requires_grad=True)
    c = minidl.tensor([[1.0, 2.0, 3.0]], dtype=float)
    gradients = []
    for hard in (False, True):
        x.grad = None
        (F.gumbel_softmax(x, hard=hard, rng=4) * c).sum().backward()
        gradients.append(x.grad.data)
    np.testing.assert_allclose(*gradients, rtol=1e-14)


@pytest.mark.parametrize("call, message", [
    (lambda: F.gelu(real(2), approximate="erf"), "approximate must be 'none' or 'tanh'"),
    (lambda: F.softshrink(real(2), -1.0), "lambd must not be negative"),
    (lambda: F.glu(real(2, 3)), r"axis -1 of shape \(2, 3\) has odd length 3"),
    (lambda: F.prelu(real(2, 3), real(2)), r"weight \(2,\) needs 1 element, or 3"),
    (lambda: nn.Hardtanh(2.0, 1.0), "min_val 2.0 must be less"),
    (lambda: F.dropout(real(2), 1.5), "from 0 to 1, not 1.5"),
    (lambda: nn.Dropout(-0.1), "from 0 to 1, not -0.1"),
    (lambda: nn.Flatten(2, 1)(real(2, 3, 4)), "axis 2 comes after axis 1"),
])  # fmt: skip
def test_activation_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# ------------------------------------------------------------------------------------- dropout


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
def test_dropout_keeps_the_expectation(p):
    """Each element is 0 or x / (1 - p); the number kept is binomial (two-sided level 1e-6)."""
    from scipy import stats

    x = minidl.tensor(np.ones(20000))
    y = F.dropout(x, p, rng=0).data
    assert set(np.unique(y)) == {0.0, 1 / (1 - p)}
    assert stats.binomtest(int((y > 0).sum()), y.size, 1 - p).pvalue > 1e-6


def test_dropout_does_nothing_in_use_and_all_at_p_1():
    x = real(3, 4)
    assert F.dropout(x, 0.5, training=False) is x and nn.Dropout(0.5).eval()(x) is x
    assert not F.dropout(x, 1.0).data.any() and not F.alpha_dropout(x, 1.0, True).data.any()


@pytest.mark.parametrize("function, shape, leading", [
    (F.dropout1d, (5, 6, 7), 2), (F.dropout1d, (30, 7), 1), (F.dropout2d, (5, 6, 2, 3), 2),
    (F.dropout3d, (5, 6, 2, 1, 2), 2), (F.dropout3d, (30, 2, 1, 2), 1),
    (lambda x: F.feature_alpha_dropout(x, training=True), (5, 6, 7), 2),
])  # fmt: skip
def test_channel_dropout_drops_whole_channels(function, shape, leading):
    minidl.seed(0)
    y = function(minidl.tensor(np.ones(shape))).data.reshape(*shape[:leading], -1)
    assert (y == y[..., :1]).all() and len(np.unique(y)) == 2


def test_alpha_dropout_keeps_mean_and_variance():
    """For an input of mean 0 and variance 1; the bounds are 5 standard errors (level 1e-6)."""
    n = 200_000
    y = F.alpha_dropout(real(n), 0.3, True, rng=1).data
    fourth = np.mean((y - y.mean()) ** 4)
    assert abs(y.mean()) < 5 * y.std() / n**0.5
    assert abs(y.var() - 1) < 5 * ((fourth - y.var() ** 2) / n) ** 0.5


def test_masks_differ_from_call_to_call_and_follow_the_seed():
    layer, x = nn.Dropout(0.5), minidl.tensor(np.ones(100))
    minidl.seed(0)
    first, second = layer(x).data, layer(x).data
    minidl.seed(0)
    assert (first != second).any() and (layer(x).data == first).all()
    own = nn.Dropout(0.5, rng=3)
    assert (own(x).data != own(x).data).any()


# ----------------------------------------------------------------------------------- embeddings


def test_max_norm_shortens_the_rows_that_are_used_in_place():
    layer = nn.Embedding(4, 3, max_norm=1.0, rng=0).double()
    layer.weight.data = np.diag([3.0, 0.5, 2.0])[[0, 1, 2, 0]]
    y = layer(minidl.tensor([0, 1, 0]))
    np.testing.assert_allclose(np.linalg.norm(y.data, axis=1), [1, 0.5, 1], rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(layer.weight.data, axis=1), [1, 0.5, 2, 3], rtol=1e-6)


def test_from_pretrained_and_the_padding_row():
    table = real(4, 3)
    frozen = nn.Embedding.from_pretrained(table)
    np.testing.assert_array_equal(frozen(minidl.tensor([3, 0])).data, table.data[[3, 0]])
    assert not frozen.weight.requires_grad
    assert nn.Embedding.from_pretrained(table, freeze=False).weight.requires_grad
    assert not nn.Embedding(4, 3, padding_idx=-1).weight.data[3].any()


@pytest.mark.parametrize("call, kind, message", [
    (lambda: F.embedding(minidl.tensor([0, 4]), real(4, 3)), IndexError, "index 4 does not exist"),
    (lambda: F.embedding(minidl.tensor([-1]), real(4, 3)), IndexError, "index -1 does not exist"),
    (lambda: F.embedding(minidl.tensor([1.0]), real(4, 3)), TypeError, "whole numbers, not"),
    (lambda: F.one_hot(minidl.tensor([3]), 3), IndexError, "index 3 does not exist"),
    (lambda: F.embedding_bag(minidl.tensor([1, 2]), real(4, 3)), ValueError, "needs offsets"),
    (lambda: F.embedding_bag(minidl.tensor([[1]]), real(4, 3), mode="min"), ValueError, "'min'"),
    (lambda: nn.Embedding(4, 3, padding_idx=4), ValueError, "row 4 is not among 4"),
    (lambda: F.bilinear(real(2, 3), real(2, 4), real(5, 4, 3)), ValueError, "do not fit weight"),
])  # fmt: skip
def test_embedding_errors(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


# --------------------------------------------------------------------------------- normalisation


def test_batch_norm_follows_the_statistics_of_training_and_uses_them():
    layer = nn.BatchNorm1d(3, momentum=0.25).double()
    mean, var = np.zeros(3), np.ones(3)
    for seed in range(3):
        x = real(5, 3, seed=seed) * 2.0 + 1.0
        y = layer(x).data
        np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-14)
        mean = 0.75 * mean + 0.25 * x.data.mean(axis=0)
        var = 0.75 * var + 0.25 * x.data.var(axis=0, ddof=1)
    np.testing.assert_allclose(layer.running_mean.data, mean, rtol=1e-13)
    np.testing.assert_allclose(layer.running_var.data, var, rtol=1e-13)
    assert int(layer.num_batches_tracked) == 3
    expected = (x.data - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(layer.eval()(x).data, expected, rtol=1e-13)
    assert int(layer.num_batches_tracked) == 3


def test_without_momentum_all_batches_count_alike():
    layer = nn.BatchNorm1d(2, momentum=None).double()
    batches = [real(4, 2, seed=s) for s in range(5)]
    for x in batches:
        layer(x)
    mean = np.mean([x.data.mean(axis=0) for x in batches], axis=0)
    np.testing.assert_allclose(layer.running_mean.data, mean, rtol=1e-12)
    layer.reset_running_stats()
    assert not layer.running_mean.data.any() and (layer.running_var.data == 1).all()


def test_in_use_an_example_does_not_depend_on_its_batch():
    layer, x = nn.BatchNorm2d(2).double(), real(3, 2, 4, 4)
    layer(x)
    together = layer.eval()(x).data
    np.testing.assert_array_equal(layer(x[1:2]).data, together[1:2])
    assert not np.allclose(layer.train()(x[1:2]).data, together[1:2])


def test_group_norm_runs_from_layer_norm_to_instance_norm():
    x = real(2, 4, 3, 3)
    layer = F.layer_norm(x, (4, 3, 3)).data
    np.testing.assert_allclose(nn.GroupNorm(1, 4).double()(x).data, layer, rtol=1e-13)
    instance = nn.InstanceNorm2d(4)(x).data
    np.testing.assert_allclose(nn.GroupNorm(4, 4).double()(x).data, instance, rtol=1e-13)


@pytest.mark.parametrize("call, message", [
    (lambda: nn.BatchNorm1d(3)(real(2, 3, 4, 5)), r"takes \(N, C\) or \(N, C, L\), not"),
    (lambda: nn.BatchNorm2d(3)(real(2, 3)), r"takes \(N, C, H, W\), not input \(2, 3\)"),
    (lambda: nn.BatchNorm1d(3).double()(real(1, 3)), "at least two values"),
    (lambda: nn.GroupNorm(3, 4), "4 channels do not make 3 groups"),
    (lambda: nn.LayerNorm(4).double()(real(2, 3)), r"must be \(4,\)"),
])  # fmt: skip
def test_normalisation_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
