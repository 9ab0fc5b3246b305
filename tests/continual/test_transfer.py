"""Gradient cosines predict what a step for one task does to another."""

import numpy as np
import pytest

from minidl import nn, no_grad, tensor
from minidl.continual import transfer
from minidl.continual.learner import mlp
from minidl.nn import functional as F
from minidl.optim import SGD


def task(seed, n=20):
    rng = np.random.default_rng(seed)
    return tensor(rng.normal(size=(n, 4))), tensor(rng.integers(0, 3, n))


@pytest.mark.parametrize("seed", range(5))
def test_the_predicted_change_is_the_measured_one(seed):
    """To first order in the step: at eta = 1e-3 within 2 % of it, or of the lengths' product."""
    net, a, b, eta = mlp(4, 8, 3, activation=nn.Tanh, rng=seed).double(), task(1), task(2), 1e-3
    predicted = transfer.predicted_change(net, a, b, eta).item()
    squares = [transfer.inner_product(net, one, one).item() for one in (a, b)]
    bound = eta * np.sqrt(np.prod(squares))
    with no_grad():
        before = F.cross_entropy(net(b[0]), b[1]).item()
    F.cross_entropy(net(a[0]), a[1]).backward()
    SGD(net.parameters(), lr=eta).step()
    with no_grad():
        measured = F.cross_entropy(net(b[0]), b[1]).item() - before
    assert abs(measured - predicted) < 0.02 * bound
    assert predicted * transfer.cosine(net, a, b).item() <= 0


def test_a_task_transfers_fully_to_itself():
    net, a = mlp(4, 8, 3, rng=0).double(), task(1)
    assert transfer.cosine(net, a, a).item() == pytest.approx(1, abs=1e-12)


def test_the_same_inputs_with_swapped_labels_interfere_fully():
    """Two classes at theta = 0: the residuals 1[y = c] - 1/2 change their sign."""
    x, y = np.random.default_rng(0).normal(size=(20, 4)), np.arange(20) % 2
    net = nn.Linear(4, 2, rng=0).double()
    for p in net.parameters():
        p.data = 0 * p.data
    a, b = (tensor(x), tensor(y)), (tensor(x), tensor(1 - y))
    assert transfer.cosine(net, a, b).item() == pytest.approx(-1, abs=1e-12)


def test_tasks_on_different_inputs_do_not_meet():
    """A linear model without a bias, and inputs in orthogonal directions."""
    net, y = nn.Linear(4, 2, bias=False, rng=0).double(), tensor([0, 1])
    a, b = tensor(np.eye(4)[:2]), tensor(np.eye(4)[2:])
    assert transfer.cosine(net, (a, y), (b, y)).item() == 0
