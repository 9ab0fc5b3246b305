"""Gradient projection: old outputs stay to rounding, whatever the optimiser does."""

import numpy as np
import pytest

from minidl import nn, no_grad, optim, tensor
from minidl.continual import projection
from minidl.continual.learner import accuracy, mlp
from minidl.nn import functional as F

OPTIMISERS = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.05, momentum=0.9),
    "weight decay": lambda p: optim.SGD(p, lr=0.1, weight_decay=0.1),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
}


def perceptron():
    return mlp(20, 24, 24, 3, rng=0).double(), (20,)


def convolutions():
    net = nn.Sequential(
        nn.Conv2d(2, 6, 3, stride=2, padding=1, rng=0), nn.ReLU(), nn.Flatten(),
        nn.Linear(54, 3, rng=1),
    )  # fmt: skip
    return net.double(), (2, 6, 6)


def tasks(shape, n_A=1, n=12):
    rng = np.random.default_rng(0)
    x, y = tensor(rng.normal(size=(n, *shape))), tensor(np.arange(n) % 3)
    return x[:n_A], (x[n_A:], y[n_A:])


@pytest.mark.parametrize("optimiser", OPTIMISERS)
@pytest.mark.parametrize("make, n_A", [(perceptron, 6), (convolutions, 1)])
def test_what_the_network_says_of_task_a_stays(make, n_A, optimiser):
    """To 1e-10, with biases, through 100 steps that bring the loss of B down."""
    net, shape = make()
    x_A, (x, y) = tasks(shape, n_A)
    with no_grad():
        before, loss_before = net(x_A).numpy(), F.cross_entropy(net(x), y).item()
    memory = projection.Memory(net)
    memory.remember(x_A, threshold=1.0)
    steps = OPTIMISERS[optimiser](net.parameters())
    for _ in range(100):
        projection.train_step(memory, steps, F.cross_entropy(net(x), y))
    with no_grad():
        assert np.abs(net(x_A).numpy() - before).max() < 1e-10
        assert F.cross_entropy(net(x), y).item() < 0.95 * loss_before


def test_for_sgd_the_step_is_that_of_the_projected_gradient():
    """W - lr g + lr g U U', as the paper has it."""
    net, shape = perceptron()
    x_A, (x, y) = tasks(shape, 6)
    memory = projection.Memory(net)
    memory.remember(x_A, threshold=0.9)
    before = memory.before()
    projection.train_step(memory, optim.SGD(net.parameters(), lr=0.1), F.cross_entropy(net(x), y))
    for name, layer in memory.layers.items():
        g = np.concatenate([layer.weight.grad.numpy(), layer.bias.grad.numpy()[:, None]], axis=1)
        U = memory.bases[name]
        expected = before[name] - 0.1 * (g - g @ U @ U.T)
        found = np.concatenate([layer.weight.data, layer.bias.data[:, None]], axis=1)
        assert found == pytest.approx(expected, abs=1e-14)


def inputs_with_energies(*energies):
    """Rows whose squared singular values are these, along the first axes of a random frame."""
    rng = np.random.default_rng(0)
    left, _ = np.linalg.qr(rng.normal(size=(10, len(energies))))
    frame, _ = np.linalg.qr(rng.normal(size=(6, 6)))
    return left * np.sqrt(energies) @ frame[:, : len(energies)].T, frame


@pytest.mark.parametrize(
    "threshold, k", [(0.55, 1), (0.65, 2), (0.85, 2), (0.92, 3), (0.98, 4), (1.0, 4)]
)
def test_the_least_number_of_directions_that_reach_the_threshold(threshold, k):
    """Energies .6, .3, .05 and .05: the first direction alone holds less than .65, so two it is."""
    R, frame = inputs_with_energies(0.6, 0.3, 0.055, 0.045)
    U = projection.least_directions(R, np.zeros((6, 0)), threshold)
    assert U.shape == (6, k)
    assert np.linalg.norm(U @ U.T @ R.T) ** 2 >= threshold - 1e-12
    assert np.abs(frame[:, 4:].T @ U).max() < 1e-10


def test_what_is_reached_already_costs_no_direction():
    """The old basis is continued, stays as it was, and the new one is orthonormal."""
    R, frame = inputs_with_energies(0.6, 0.3, 0.055, 0.045)
    old = frame[:, :2]
    assert projection.least_directions(R, old, 0.85) is not None
    assert projection.least_directions(R, old, 0.85).shape == (6, 2)
    U = projection.least_directions(R, old, 0.95)
    assert U.shape == (6, 3) and (U[:, :2] == old).all()
    assert U.T @ U == pytest.approx(np.eye(3), abs=1e-12)


def test_a_threshold_is_a_share():
    with pytest.raises(ValueError, match="0, 1"):
        projection.least_directions(np.eye(3), np.zeros((3, 0)), 95)


def test_a_layer_that_cannot_be_protected_is_named():
    net = nn.Sequential(nn.Linear(4, 3, rng=0), nn.BatchNorm1d(3))
    with pytest.raises(TypeError, match="'1' is a BatchNorm1d"):
        projection.Memory(net)


def test_where_every_direction_is_used_nothing_moves():
    """More inputs than a layer has directions: no room, and so no backward transfer either."""
    net, (x, y) = mlp(4, 3, rng=0).double(), tasks((4,), 0, 12)[1]
    memory = projection.Memory(net)
    memory.remember(x, threshold=1.0)
    assert memory.free_share() == {"0": 0}
    before = memory.before()
    projection.train_step(memory, optim.SGD(net.parameters(), lr=1.0), F.cross_entropy(net(x), y))
    assert np.abs(memory.before()["0"] - before["0"]).max() < 1e-12
    assert 0 <= accuracy(net, x, y) <= 1
