"""Rows of the notes that layers and losses implement: what each is to show."""

import math

import numpy as np
import pytest
from scipy.optimize import brentq

import minidl
import minidl.nn.functional as F
from minidl import nn, optim
from minidl.distributions import Bernoulli, Normal


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def gradient(loss, x):
    return minidl.autograd.grad(loss, [x])[0].numpy()


def weights(*values):
    return minidl.tensor(np.array(values), requires_grad=True)


# ------------------------------------------------------------------------------------ likelihoods


def test_maximum_likelihood_is_empirical_risk_minimisation(rng):
    x, y = minidl.tensor(rng.standard_normal((20, 3))), minidl.tensor(rng.standard_normal(20))
    a = weights(0.3, -0.2, 0.5)
    likelihood = gradient(-Normal(x @ a, 1.0).log_prob(y).mean(), a)
    risk = gradient(F.mse_loss(x @ a, y) / 2, a)
    np.testing.assert_allclose(likelihood, risk, atol=1e-10)

    labels = (y > 0).astype("float64")
    likelihood = gradient(-Bernoulli(logits=x @ a).log_prob(labels).mean(), a)
    risk = gradient(F.binary_cross_entropy_with_logits(x @ a, labels), a)
    np.testing.assert_allclose(likelihood, risk, atol=1e-10)


def test_the_mode_under_a_gaussian_prior_is_ridge_regression(rng):
    x, y, tau = rng.standard_normal((20, 3)), rng.standard_normal(20), 0.7
    ridge = np.linalg.solve(x.T @ x + np.eye(3) / tau**2, x.T @ y)
    a = weights(*ridge)
    posterior = Normal(minidl.tensor(x) @ a, 1.0).log_prob(minidl.tensor(y)).sum()
    posterior = posterior + Normal(minidl.zeros(1, dtype="float64"), tau).log_prob(a).sum()
    np.testing.assert_allclose(gradient(posterior, a), 0, atol=1e-10)


def test_descent_on_the_square_loss_solves_the_normal_equations(rng):
    x, y = rng.standard_normal((20, 3)), rng.standard_normal(20)
    a = weights(0.0, 0.0, 0.0)
    descent = optim.SGD([a], lr=0.5)
    for _ in range(300):
        descent.zero_grad()
        F.mse_loss(minidl.tensor(x) @ a, minidl.tensor(y)).backward()
        descent.step()
    solved = minidl.linalg.solve(minidl.tensor(x.T @ x), minidl.tensor(x.T @ y)).data
    np.testing.assert_allclose(solved, np.linalg.lstsq(x, y)[0], atol=1e-12)
    np.testing.assert_allclose(a.data, solved, atol=1e-8)
    assert abs(x.T @ (y - x @ a.data)).max() < 1e-8


# --------------------------------------------------------------- the logistic function and softmax


def test_the_logistic_function_and_its_mirror_sum_to_one():
    z = np.linspace(-40, 40, 1001)
    both = F.sigmoid(minidl.tensor(z)) + F.sigmoid(minidl.tensor(-z))
    assert abs(both.numpy() - 1).max() <= np.spacing(1.0)
    assert F.sigmoid(minidl.tensor([-1e3, 1e3])).tolist() == [0, 1]


@pytest.mark.parametrize("norm", [0.5, 1.0, 5.0])
def test_the_uncertain_region_is_as_wide_as_one_over_the_norm(norm):
    a = norm * np.array([0.6, 0.8])
    along = lambda t: F.sigmoid(minidl.tensor(t * a @ a / norm)).item()
    ends = [brentq(lambda t, p=p: along(t) - p, -50, 50, xtol=1e-10) for p in (0.1, 0.9)]
    assert ends[1] - ends[0] == pytest.approx(2 * math.log(9) / norm, abs=1e-6)


def test_softmax_is_a_distribution_whatever_is_added_and_the_slope_of_logsumexp(rng):
    z = rng.standard_normal((4, 6))
    p = F.softmax(minidl.tensor(z), dim=1).numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1, atol=1e-15)
    np.testing.assert_allclose(F.softmax(minidl.tensor(z + 100), dim=1).numpy(), p, rtol=1e-12)
    assert np.isfinite(F.softmax(minidl.tensor(1e4 * z), dim=1).numpy()).all()
    hessian = minidl.hessian(minidl.logsumexp)(minidl.tensor(z[0])).numpy()
    jacobian = minidl.jacobian(lambda z: F.softmax(z, dim=0))(minidl.tensor(z[0])).numpy()
    np.testing.assert_allclose(hessian, jacobian, atol=1e-15)
    np.testing.assert_allclose(jacobian, np.diag(p[0]) - np.outer(p[0], p[0]), atol=1e-15)


def test_cross_entropy_is_entropy_and_divergence(rng):
    logits, p = rng.standard_normal((5, 4)), rng.dirichlet(np.ones(4), 5)
    entropy = -(p * np.log(p)).sum(axis=1)
    cross = F.cross_entropy(minidl.tensor(logits), minidl.tensor(p), reduction="none").numpy()
    log_q = F.log_softmax(minidl.tensor(logits), dim=1)
    divergence = F.kl_div(log_q, minidl.tensor(p), reduction="none").sum(axis=1).numpy()
    np.testing.assert_allclose(cross - entropy, divergence, atol=1e-14)
    assert (divergence > 0).all()
    exact = F.cross_entropy(minidl.tensor(np.log(p)), minidl.tensor(p), reduction="none").numpy()
    np.testing.assert_allclose(exact, entropy, atol=1e-14)
    huge = F.cross_entropy(minidl.tensor([[1e4, -1e4]]), minidl.tensor([1]))
    assert huge.item() == 2e4


def test_binary_cross_entropy_is_least_where_the_output_is_the_label_and_as_printed_is_not():
    outputs = minidl.linspace(0.001, 0.999, 999)
    for label in (0.0, 0.3, 1.0):
        loss = F.binary_cross_entropy(outputs, label + 0 * outputs, reduction="none")
        assert abs(outputs[loss.argmin()].item() - label) < 2e-3
    printed = minidl.log(minidl.tensor([1e-3, 1e-30]))  # log y' where y = 1, to be minimised
    assert printed[1].item() < -69 < printed[0].item()


# ------------------------------------------------------------------------------------ activations


def test_tanh_is_a_logistic_function_and_saturates():
    z = np.linspace(-5, 5, 101)
    expected = 2 * F.sigmoid(minidl.tensor(2 * z)).numpy() - 1
    np.testing.assert_allclose(minidl.tanh(minidl.tensor(z)).numpy(), expected, atol=1e-15)

    def shrinkage(activation, scale, bias=0.0):
        """The gradient's norm after 20 layers, relative to that at the output."""
        rng = np.random.default_rng(0)
        x = minidl.tensor(rng.standard_normal((16, 64)), requires_grad=True)
        h = x
        for _ in range(20):
            h = activation(h @ minidl.tensor(scale * rng.standard_normal((64, 64)) / 8) + bias)
        g = rng.standard_normal((16, 64))
        (slope,) = minidl.autograd.grad(h, [x], [minidl.tensor(g)])
        return np.linalg.norm(slope.numpy()) / np.linalg.norm(g)

    assert shrinkage(minidl.tanh, 1.0, bias=2.0) < 1e-3 * shrinkage(F.relu, math.sqrt(2))


# ------------------------------------------------------------------------------------ convolutions


def test_a_convolution_moves_with_the_picture_except_at_padded_borders(rng):
    x = rng.standard_normal((1, 2, 8, 9))
    moved = np.roll(x, (2, 3), axis=(2, 3))
    layers = {
        mode: nn.Conv2d(2, 4, 3, padding=1, padding_mode=mode, rng=0).double()
        for mode in ("circular", "zeros")
    }
    for mode, layer in layers.items():
        of_moved = layer(minidl.tensor(moved)).data
        y_moved = np.roll(layer(minidl.tensor(x)).data, (2, 3), axis=(2, 3))
        np.testing.assert_allclose(of_moved[..., 3:-1, 4:-1], y_moved[..., 3:-1, 4:-1], atol=1e-12)
        assert np.allclose(of_moved, y_moved, atol=1e-12) == (mode == "circular")
    pooled = [layers["circular"](minidl.tensor(v)).mean(axis=(2, 3)).data for v in (x, moved)]
    np.testing.assert_allclose(*pooled, atol=1e-12)  # and global pooling does not see the move


@pytest.mark.parametrize("kernels, strides", [
    ((3, 3, 3, 3), (1, 1, 1, 1)), ((2, 2, 2), (1, 1, 1)), ((5, 5), (1, 1)), ((3, 3, 5), (2, 1, 3)),
])  # fmt: skip
def test_the_receptive_field_is_where_one_output_has_a_gradient(kernels, strides):
    rng = np.random.default_rng(0)
    x = minidl.tensor(rng.standard_normal((1, 1, 31, 31)), requires_grad=True)
    y, width, jump = x, 1, 1
    for kernel, stride in zip(kernels, strides):
        y = F.conv2d(y, minidl.tensor(rng.standard_normal((1, 1, kernel, kernel))), stride=stride)
        width, jump = width + (kernel - 1) * jump, jump * stride
    if set(strides) == {1}:
        assert width == 1 + len(kernels) * (kernels[0] - 1)
    touched = np.argwhere(gradient(y[0, 0, 1, 1], x)[0, 0])
    assert (touched.max(axis=0) - touched.min(axis=0) + 1).tolist() == [width, width]


def test_small_filters_need_fewer_parameters_for_a_receptive_field():
    def parameters(k, field=13):
        layers = nn.Sequential(
            *(nn.Conv2d(1, 1, k, bias=False) for _ in range((field - 1) // (k - 1)))
        )
        assert layers(minidl.zeros((1, 1, field, field))).shape == (1, 1, 1, 1)
        return sum(p.size for p in layers.parameters())

    assert [parameters(k) for k in (2, 3, 4, 5, 7)] == [48, 54, 64, 75, 98]


def test_the_layout_of_a_batch_does_not_matter(rng):
    """N, C, H, W in memory, or N, H, W, C seen as N, C, H, W."""
    x, weight = rng.standard_normal((3, 4, 6, 5)), minidl.tensor(rng.standard_normal((2, 4, 3, 3)))
    last = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
    expected = F.conv2d(minidl.tensor(x), weight).numpy()
    from_last = F.conv2d(minidl.tensor(last).transpose((0, 3, 1, 2)), weight).numpy()
    np.testing.assert_allclose(from_last, expected, atol=1e-12)


def test_a_perceptron_does_not_see_the_order_of_pixels_and_a_convolution_does(rng):
    x, order = rng.standard_normal((4, 1, 6, 6)), rng.permutation(36)
    shuffled = x.reshape(4, 36)[:, order]
    dense = nn.Sequential(nn.Linear(36, 8), nn.ReLU(), nn.Linear(8, 3)).double()
    expected = dense(minidl.tensor(x.reshape(4, 36))).data
    dense[0].weight.data = dense[0].weight.data[:, order]
    np.testing.assert_allclose(dense(minidl.tensor(shuffled)).data, expected, atol=1e-12)

    layers = nn.Conv2d(1, 8, 3, rng=0), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    net = nn.Sequential(*layers, nn.Linear(8, 3, rng=0)).double()
    same = net(minidl.tensor(x)).data
    assert abs(net(minidl.tensor(shuffled.reshape(x.shape))).data - same).max() > 0.01
    assert net(minidl.zeros((2, 1, 9, 7), dtype="float64")).shape == (2, 3)  # of any size
    count = lambda net: sum(p.size for p in net.parameters())
    assert count(net) == 8 * 9 + 8 + 8 * 3 + 3 < count(dense) == 36 * 8 + 8 + 8 * 3 + 3


def test_batch_norm_standardises_each_channel_and_does_not_whiten(rng):
    x = rng.standard_normal((500, 2)) @ np.array([[1.0, 0.9], [0.0, 0.5]])
    v = x.var(axis=0)
    y = F.batch_norm(minidl.tensor(x), None, None, training=True).numpy()
    np.testing.assert_allclose(y.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(y.var(axis=0), v / (v + 1e-5), atol=1e-12)
    assert np.corrcoef(y.T)[0, 1] == pytest.approx(np.corrcoef(x.T)[0, 1], abs=1e-12)
    assert np.corrcoef(y.T)[0, 1] > 0.8


# -------------------------------------------------------------------------------------- attention


def test_attention_is_sharp_unless_scaled_and_sees_no_order_unless_masked(rng):
    n, d = 200, 1024
    q, k = (minidl.tensor(rng.standard_normal((n, d))) for _ in range(2))
    entropy = {}
    for scale in (1.0, None):
        p = F.scaled_dot_product_attention(q, k, minidl.eye(n, dtype="float64"), scale=scale)
        np.testing.assert_allclose(p.sum(axis=1).numpy(), 1, atol=1e-12)
        entropy[scale] = -minidl.xlogy(p, p).sum(axis=1).mean().item()
    assert entropy[1.0] < 0.3 and entropy[None] > 4.6  # of at most log 200 = 5.3

    x, order = rng.standard_normal((6, 4)), rng.permutation(6)
    attend = lambda x: F.scaled_dot_product_attention(*[minidl.tensor(x)] * 3).numpy()
    np.testing.assert_allclose(attend(x[order]), attend(x)[order], atol=1e-12)
    masked = lambda x: F.scaled_dot_product_attention(x, x, x, is_causal=True)
    slopes = abs(minidl.jacobian(masked)(minidl.tensor(x)).numpy()).sum(axis=(1, 3))
    assert (np.triu(slopes, 1) == 0).all() and (np.tril(slopes) > 0)[np.tril_indices(6)].all()
