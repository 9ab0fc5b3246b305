"""The Fisher diagonal against closed forms and against the Hessian of the divergence."""

import numpy as np
import pytest

from minidl import hessian, nn, no_grad, tensor
from minidl.continual import ewc, fisher
from minidl.continual.learner import mlp


def softmax_regression(n=7, seed=0):
    """A linear layer with 4 inputs and 3 classes; inputs, labels, and the probabilities (N, 3)."""
    rng = np.random.default_rng(seed)
    net = nn.Linear(4, 3, rng=rng).double()
    x, y = rng.normal(size=(n, 4)), rng.integers(0, 3, n)
    logits = x @ net.weight.data.T + net.bias.data
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return net, x, y, p


def test_softmax_regression_has_a_closed_form():
    """F of w_ci is E_x p_c (1 - p_c) x_i^2, and without x_i^2 of b_c."""
    net, x, _, p = softmax_regression()
    found = fisher.exact(net, tensor(x))
    variance = p * (1 - p)
    assert found["weight"].numpy() == pytest.approx(variance.T @ x**2 / len(x), rel=1e-12)
    assert found["bias"].numpy() == pytest.approx(variance.mean(axis=0), rel=1e-12)


def test_the_empirical_form_squares_the_residuals_of_the_labels():
    """The score of w_ci is (1[y = c] - p_c) x_i."""
    net, x, y, p = softmax_regression()
    found = fisher.empirical(net, tensor(x), tensor(y))
    residual = (np.eye(3)[y] - p) ** 2
    assert found["weight"].numpy() == pytest.approx(residual.T @ x**2 / len(x), rel=1e-12)
    assert found["bias"].numpy() == pytest.approx(residual.mean(axis=0), rel=1e-12)


def test_the_sampled_form_averages_to_the_exact_one():
    """One example, met 10,000 times, with noise at equal steps in place of random numbers.

    Each class is then drawn as often as its probability says, to within 1 in 10,000.
    """
    net, x, _, _ = softmax_regression()
    x, noise = tensor(np.repeat(x[:1], 10_000, axis=0)), tensor((np.arange(10_000) + 0.5) / 10_000)
    found, expected = fisher.sampled(net, x, noise), fisher.exact(net, x[:1])
    for name in expected:
        assert found[name].numpy() == pytest.approx(expected[name].numpy(), rel=1e-3, abs=1e-3)


def test_classes_are_drawn_by_their_shares():
    p = tensor([[0.25, 0.5, 0.25]] * 4)
    assert fisher.draw_classes(p, tensor([0.0, 0.26, 0.74, 1.0])).numpy().tolist() == [0, 1, 1, 2]


def test_it_is_the_diagonal_of_the_hessian_of_the_divergence():
    net, x = mlp(4, 5, 3, activation=nn.Tanh, rng=0).double(), tensor(_normal(6, 4))
    with no_grad():
        before = net(x)
        blocks = hessian(lambda net: ewc.divergence(net(x), before).mean())(net)
    for name, found in fisher.exact(net, x).items():
        diagonal = np.diag(blocks[name][name].numpy().reshape(found.size, found.size))
        assert np.abs(found.numpy().ravel() - diagonal).max() < 1e-8


def test_the_diagonal_is_that_of_the_matrix():
    net, x = mlp(4, 5, 3, activation=nn.Tanh, rng=0).double(), tensor(_normal(6, 4))
    diagonal = np.concatenate([v.numpy().ravel() for v in fisher.exact(net, x).values()])
    assert np.diag(fisher.matrix(net, x).numpy()) == pytest.approx(diagonal, rel=1e-10)


def test_an_average_does_not_change_when_every_example_comes_again():
    """Also across the blocks in which the examples go through: 6 and 120 of them."""
    net, x = mlp(4, 5, 3, rng=0).double(), _normal(6, 4)
    once, often = (fisher.exact(net, tensor(np.tile(x, (k, 1)))) for k in (1, 20))
    for name in once:
        assert often[name].numpy() == pytest.approx(once[name].numpy(), rel=1e-12)


def test_batch_norm_in_training_is_refused():
    """There is no gradient of one example there."""
    net = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3)).double()
    with pytest.raises(ValueError, match="depends on the other examples"):
        fisher.exact(net, tensor(_normal(6, 4)))
    fisher.exact(net.eval(), tensor(_normal(6, 4)))


def _normal(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape)
