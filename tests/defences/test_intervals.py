"""Interval bounds: exact on one affine layer, true everywhere, and trained to be small."""

import itertools

import numpy as np
import pytest

from minidl import nn, no_grad, optim, tensor
from minidl.defences import intervals
from minidl.defences.intervals import Box, ball, margins, robust_cross_entropy, through
from minidl.nn import functional as F

from .nets import convolutional_net, outputs, points, random_box, random_net, rings


def test_the_bounds_of_one_affine_layer_are_reached_in_corners():
    """All 2^5 corners of the box of each of 6 examples."""
    rng = np.random.default_rng(0)
    layer, box = nn.Linear(5, 4, rng=rng).double(), random_box(rng, 6, 5)
    corners = np.array([[*corner] for corner in itertools.product((0, 1), repeat=5)])[:, None]
    lower, upper = box.lower.numpy(), box.upper.numpy()
    z = outputs(layer, lower + corners * (upper - lower))
    found = through(layer, box)
    assert found.lower.detach().numpy() == pytest.approx(z.min(axis=0), abs=1e-12)
    assert found.upper.detach().numpy() == pytest.approx(z.max(axis=0), abs=1e-12)


def test_no_output_leaves_the_box():
    """10,000 points, half of them corners, of each of three networks."""
    rng = np.random.default_rng(1)
    for net, shape in [
        (random_net(rng, hidden=2), (4,)),
        (convolutional_net(rng), (1, 4, 4)),
        (nn.Sequential(nn.Conv2d(1, 2, 2, rng=rng), nn.Tanh(), nn.MaxPool2d(2), nn.Flatten(),
                       nn.Linear(2, 4, rng=rng), nn.LeakyReLU(0.1), nn.Linear(4, 3, rng=rng),
                       nn.Sigmoid()).double(), (1, 4, 4)),
    ]:  # fmt: skip
        box = random_box(rng, 4, *shape)
        z = outputs(net, points(rng, box, 10_000))
        with no_grad():
            found = through(net, box)
        assert (found.lower.numpy() - 1e-12 <= z.min(axis=0)).all()
        assert (z.max(axis=0) <= found.upper.numpy() + 1e-12).all()


def test_a_ball_is_cut_at_the_bounds_of_a_pixel():
    box = ball(tensor(np.array([[0.05, 0.5, 1.0]])), 0.1)
    assert box.lower.numpy() == pytest.approx(np.array([[0, 0.4, 0.9]]))
    assert box.upper.numpy() == pytest.approx(np.array([[0.15, 0.6, 1.0]]))
    assert ball(tensor(np.array([[0.05]])), 0.1, None).lower.item() == pytest.approx(-0.05)


def test_margins_are_those_of_the_difference_of_two_logits():
    """With equal rows the two logits are equal at every x: the margin is exactly the difference of
    the biases, though each logit by itself may lie anywhere between -3 and 3."""
    net = nn.Sequential(nn.Linear(3, 3, rng=0)).double()
    net[0].weight.data, net[0].bias.data = np.ones((3, 3)), np.array([0.5, 0.2, 0.0])
    box = ball(tensor(np.zeros((2, 3))), 1.0, None)
    found = margins(net, box, tensor([0, 2]))
    assert found.detach().numpy() == pytest.approx(np.array([[0.3, 0.5], [-0.5, -0.2]]), abs=1e-12)


def test_margins_are_never_looser_than_the_difference_of_bounds_and_hold():
    rng = np.random.default_rng(2)
    net, box, y = random_net(rng), random_box(rng, 5, 4), rng.integers(0, 3, 5)
    z, logits = outputs(net, points(rng, box, 2000)), through(net, box)
    found, rows = margins(net, box, tensor(y)).detach().numpy(), np.arange(5)
    lower, upper = (part.detach().numpy() for part in logits)
    for j, others in enumerate(zip(*([k for k in range(3) if k != label] for label in y))):
        difference = z[:, rows, y] - z[:, rows, others]
        assert (found[:, j] <= difference.min(axis=0) + 1e-12).all()
        assert (found[:, j] >= lower[rows, y] - upper[rows, others] - 1e-12).all()


def test_the_robust_cross_entropy_is_the_cross_entropy_of_the_worst_logits():
    rng = np.random.default_rng(3)
    z, y = rng.normal(size=(6, 4)), rng.integers(0, 4, 6)
    others = np.array([[k for k in range(4) if k != label] for label in y])
    gaps = np.take_along_axis(z, y[:, None], 1) - np.take_along_axis(z, others, 1)
    expected = F.cross_entropy(tensor(z), tensor(y), reduction="none").numpy()
    assert robust_cross_entropy(tensor(gaps)).numpy() == pytest.approx(expected, rel=1e-12)


def test_on_a_linear_network_the_loss_is_that_of_the_worst_point():
    """Two classes: the margin falls by epsilon |w_0 - w_1|_1, and no further."""
    rng = np.random.default_rng(4)
    net = nn.Sequential(nn.Linear(6, 2, rng=rng)).double()
    x, y = rng.uniform(size=(5, 6)), rng.integers(0, 2, 5)
    w = net[0].weight.data[0] - net[0].weight.data[1]
    sign = np.where(y == 0, 1, -1)
    worst = x - 0.1 * sign[:, None] * np.sign(w)
    expected = F.cross_entropy(net(tensor(worst)), tensor(y)).item()
    box = ball(tensor(x), 0.1, None)
    found = intervals.interval_loss(net, box, tensor(x), tensor(y), kappa=0.0)
    assert found.item() == pytest.approx(expected, rel=1e-12)
    clean = intervals.interval_loss(net, box, tensor(x), tensor(y), kappa=1.0)
    assert clean.item() == pytest.approx(F.cross_entropy(net(tensor(x)), tensor(y)).item())


def test_training_makes_bounds_that_certify():
    """Two rings of points that a ball of radius .15 keeps apart.  Of 200 points, trained on the
    cross-entropy, intervals certify 0 to 6 per cent for five seeds; with the bounds in the loss
    FILL."""
    plain, trained = (fit_rings(seed=0, certify=certify) for certify in (False, True))
    assert plain < 0.3 < 0.8 < trained


def fit_rings(seed, certify):
    """The share of points that intervals certify after training."""
    rng = np.random.default_rng(seed)
    x, y = rings(200, rng)
    hidden = nn.Linear(2, 50, rng=rng), nn.ReLU(), nn.Linear(50, 50, rng=rng), nn.ReLU()
    net = nn.Sequential(*hidden, nn.Linear(50, 2, rng=rng))
    optimiser = optim.Adam(net.parameters(), lr=0.01)
    for step in range(300):
        reached = intervals.ramp(step, 50, 200) * certify
        box = ball(x, 0.25 * reached, None)
        optimiser.zero_grad()
        intervals.interval_loss(net, box, x, y, kappa=1 - reached / 2).backward()
        optimiser.step()
    return float((margins(net, ball(x, 0.25, None), y).detach().numpy() > 0).mean())


def test_a_ramp():
    assert [intervals.ramp(step, 2, 4) for step in range(6)] == [0, 0, 0, 0.5, 1, 1]


def test_layers_without_bounds_are_named():
    box = Box(tensor(np.zeros((2, 3))), tensor(np.ones((2, 3))))
    with pytest.raises(TypeError, match="no interval bounds for GELU"):
        through(nn.Sequential(nn.GELU()), box)
    with pytest.raises(ValueError, match="not monotone"):
        through(nn.LeakyReLU(-0.5), box)
    with pytest.raises(TypeError, match="circular"):
        images = Box(*(side.reshape(2, 1, 3, 1) for side in box))
        through(nn.Conv2d(1, 1, 3, padding=1, padding_mode="circular").double(), images)


@pytest.mark.parametrize("layer", [nn.Dropout(0.5), nn.BatchNorm1d(3).double()])
def test_a_network_in_training_is_refused(layer):
    """With dropout or batch statistics there are no bounds for one example; in use there are."""
    box = Box(tensor(np.zeros((2, 3))), tensor(np.ones((2, 3))))
    try:
        through(nn.Sequential(layer), box)
        said = "nothing"
    except ValueError as error:
        said = str(error)
    assert f"{type(layer).__name__} is in training mode" in said
    through(nn.Sequential(layer.eval()), box)
    layer.train()
