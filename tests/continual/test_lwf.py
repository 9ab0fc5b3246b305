"""Learning without forgetting: the distillation's gradient, the recording, the remembering."""

import numpy as np
import pytest
from scipy.special import softmax

from minidl import nn, tensor
from minidl.continual import lwf
from minidl.continual.learner import MultiHead, accuracy
from minidl.nn import functional as F

from .digits import learn, split_digits


def logits(seed, shape=(5, 4)):
    return 3 * np.random.default_rng(seed).normal(size=shape)


@pytest.mark.parametrize("T", [1.0, 2.0, 5.0])
def test_the_gradient_of_the_distillation(T):
    """(softmax(z/T) - softmax(z_o/T)) / T."""
    z, before = tensor(logits(0), requires_grad=True), logits(1)
    lwf.distillation(z, tensor(before), T).sum().backward()
    expected = (softmax(logits(0) / T, axis=1) - softmax(before / T, axis=1)) / T
    assert z.grad.numpy() == pytest.approx(expected, abs=1e-14)


def test_the_printed_softening_is_that_of_the_logits():
    """p^{1/T} / sum p^{1/T}, Li and Hoiem's eq. 3."""
    z, before, T = logits(0), logits(1), 2.0
    p, q = (softmax(a, axis=1) ** (1 / T) for a in (z, before))
    p, q = p / p.sum(axis=1, keepdims=True), q / q.sum(axis=1, keepdims=True)
    found = lwf.distillation(tensor(z), tensor(before), T).numpy()
    assert found == pytest.approx(-(q * np.log(p)).sum(axis=1), rel=1e-12)


def two_heads(seed=0):
    rng = np.random.default_rng(seed)
    body = nn.Sequential(nn.Linear(64, 64, rng=rng), nn.ReLU())
    return MultiHead(body, [nn.Linear(64, 5, rng=rng) for _ in range(2)])


def test_what_was_recorded_does_not_move_with_the_network():
    net, x = two_heads(), split_digits()[1][0][0][:20]
    (recorded,) = lwf.record(net, x, [0])
    before = recorded.numpy().copy()
    assert not recorded.requires_grad
    for p in net.parameters():
        p.data *= 2.0  # in place
    assert (recorded.numpy() == before).all()


def test_before_training_the_old_outputs_pull_nowhere():
    """The old head gets no gradient where p = q; after a change of the body it does."""
    net, (x, y) = two_heads(), split_digits()[1][0]
    recorded = lwf.record(net, x[:20], [0])
    lwf.loss(net, x[:20], y[:20], 1, recorded).backward()
    assert np.abs(net.heads[0].weight.grad.numpy()).max() < 1e-7
    net.zero_grad()
    net.body[0].weight.data *= 1.5
    lwf.loss(net, x[:20], y[:20], 1, recorded).backward()
    assert np.abs(net.heads[0].weight.grad.numpy()).max() > 1e-3


def test_the_loss_weighs_the_old_tasks():
    net, (x, y) = two_heads(), split_digits()[1][0]
    recorded = [tensor(logits(2, (20, 5)).astype(np.float32))]
    values = [lwf.loss(net, x[:20], y[:20], 1, recorded, w).item() for w in (0.0, 1.0, 3.0)]
    assert values[0] == pytest.approx(F.cross_entropy(net(x[:20], 1), y[:20]).item(), rel=1e-6)
    assert values[2] - values[0] == pytest.approx(3 * (values[1] - values[0]), rel=1e-5)


def after_task_b(seed, weight):
    """What is forgotten of A (digits 0-4) while B (5-9) is learned, and the accuracy on B."""
    ((x_A, y_A), test_A), ((x_B, y_B), test_B) = split_digits()
    rng, net = np.random.default_rng(seed), two_heads(seed)
    learn(net, lambda r: F.cross_entropy(net(x_A[r], 0), y_A[r]), len(x_A), 300, rng)
    recorded = lwf.record(net, x_B, [0])
    new_head = lambda r: F.cross_entropy(net.head(1)(net.body(x_B[r]).detach()), y_B[r])
    learn(net.head(1), new_head, len(x_B), 50, rng)  # warm-up

    def loss(rows):
        return lwf.loss(net, x_B[rows], y_B[rows], 1, [r[rows] for r in recorded], weight)

    before = accuracy(net.of_task(0), *test_A)
    learn(net, loss, len(x_B), 300, rng, lr=0.01)
    return before - accuracy(net.of_task(0), *test_A), accuracy(net.of_task(1), *test_B)


@pytest.mark.parametrize("seed", range(3))
def test_it_forgets_less_than_fine_tuning_does(seed):
    """Over the three seeds .04 to .06 is forgotten by fine-tuning, and nothing here."""
    (fine, fine_B), (held, held_B) = (after_task_b(seed, weight) for weight in (0.0, 1.0))
    assert held < 0.5 * fine
    assert held_B > fine_B - 0.03
