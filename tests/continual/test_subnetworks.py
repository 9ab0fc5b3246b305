"""Disjoint subnetworks: what task A uses does not change by a bit."""

import numpy as np
import pytest

from minidl import no_grad, optim, tensor
from minidl.continual import subnetworks
from minidl.continual.learner import descend


def problem():
    rng = np.random.default_rng(0)
    net = subnetworks.Subnetworks(5, 12, 12, classes=3, tasks=2, rng=0)
    x = tensor(rng.normal(size=(30, 5)).astype(np.float32))
    return net, x, tensor(np.arange(30) % 3)


def train(net, x, y, task, make=lambda p: optim.SGD(p, lr=0.2, momentum=0.9)):
    optimiser = make(net.parameters())
    for _ in range(50):
        loss = descend(optimiser, subnetworks.loss(net, x, y, task))
    return loss


@pytest.mark.parametrize(
    "make",
    [lambda p: optim.SGD(p, lr=0.2, momentum=0.9), lambda p: optim.Adam(p, lr=0.01)],
    ids=["SGD", "Adam"],
)
def test_training_b_leaves_the_outputs_of_a_bitwise_as_they_were(make):
    net, x, y = problem()
    train(net, x, y, 0)
    with no_grad():
        before = net(x, 0).numpy().copy()
        loss = subnetworks.loss(net, x, y, 1).item()
    assert train(net, x, y, 1, make) < loss - 0.1
    with no_grad():
        assert (net(x, 0).numpy() == before).all()


def test_the_gradient_is_zero_off_the_mask():
    """In rows of units of A, in columns that come from them, in their biases, in the head of A."""
    net, x, y = problem()
    subnetworks.loss(net, x, y, task=1).backward()
    first, second = (mask[0] == 1 for mask in (net.masks0.numpy(), net.masks1.numpy()))
    g1, g2, head = net.layers[0].weight.grad, net.layers[1].weight.grad, net.heads[1].weight.grad
    assert not g1.numpy()[first].any() and not net.layers[0].bias.grad.numpy()[first].any()
    assert not g2.numpy()[second].any() and not g2.numpy()[:, first].any()
    assert not head.numpy()[:, second].any() and net.heads[0].weight.grad is None
    assert g2.numpy()[~second][:, ~first].any()


def test_a_shared_network_forgets():
    """The same with all units in both tasks."""
    net, x, y = problem()
    for mask in (net.masks0, net.masks1):
        mask.data = np.ones_like(mask.data)
    train(net, x, y, 0)
    with no_grad():
        before = net(x, 0).numpy().copy()
    train(net, x, tensor((y.numpy() + 1) % 3), 1)
    with no_grad():
        assert np.abs(net(x, 0).numpy() - before).max() > 0.1


def test_weight_decay_reaches_what_has_no_gradient():
    """Why the optimiser must not have any."""
    net, x, y = problem()
    with no_grad():
        before = net(x, 0).numpy().copy()
    train(net, x, y, 1, lambda p: optim.SGD(p, lr=0.1, weight_decay=0.1))
    with no_grad():
        after = net(x, 0).numpy()
    assert np.abs(after - before).max() > 0.01


@pytest.mark.parametrize("width, tasks", [(12, 2), (13, 3), (5, 5)])
def test_units_are_dealt_out_to_one_task_each(width, tasks):
    masks = subnetworks.deal_out(width, tasks, np.random.default_rng(0))
    assert (masks.sum(axis=0) == 1).all()
    assert np.ptp(masks.sum(axis=1)) <= 1
