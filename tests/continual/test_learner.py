"""The network of several tasks: one body, a head for each or for all."""

import numpy as np

from minidl import nn, tensor
from minidl.continual import sparsity
from minidl.continual.learner import MultiHead, accuracy, mlp
from minidl.nn import functional as F


def network(heads):
    return MultiHead(mlp(4, 5, 6, rng=0), [nn.Linear(6, 2, rng=k) for k in range(1, heads + 1)])


def test_each_task_has_its_head_and_all_share_a_single_one():
    x = tensor(np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32))
    own, shared = network(2), network(1)
    assert not np.allclose(own(x, 0).data, own(x, 1).data)
    assert (own.of_task(1)(x).data == own(x, 1).data).all()
    assert (shared(x, 0).data == shared(x, 5).data).all()


def test_names_are_the_same_in_every_task_and_another_tasks_head_gets_no_gradient():
    """So an anchor of one task holds the body in the next, and leaves the new head free."""
    net = network(2)
    first, second = ([name for name, _ in net.of_task(t).named_parameters()] for t in (0, 1))
    assert first == second and "net.heads.1.weight" in first
    x, y = tensor(np.ones((3, 4), np.float32)), tensor([0, 1, 0])
    F.cross_entropy(net(x, 0), y).backward()
    assert net.heads[0].weight.grad is not None and net.heads[1].weight.grad is None


def test_accuracy_is_measured_in_eval_mode():
    """A network in training mode, whose dropout would drop everything."""
    layer = sparsity.SparseLayer(4, 4, 4, alpha=1e9, rng=0)
    layer.remember(layer.activity + 1)
    x = layer.linear.weight.detach() * 0 + 1
    expected = layer.eval()(x).argmax(axis=1)
    assert accuracy(layer.train(), x, expected) == 1 and layer.training
