"""The price of a critic's slope, example by example, and the bounds on its weights."""

import itertools

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.generative.penalties import (
    around,
    between,
    clip_weights,
    gradient_penalty,
    slopes,
    spectrally_normalised,
)

from ..autoencoders.exactly import minimise

RNG = np.random.default_rng(0)
POINTS = tensor(RNG.standard_normal((6, 2, 3, 3)))  # examples with channels


def flat(x):
    return x.reshape(len(x), -1)


def linear(direction):
    """A critic whose slope is |direction| everywhere."""
    return lambda x: flat(x) @ tensor(direction)[:, None]


def bowl(x):
    """|x|^2 / 2: the slope at x is |x|."""
    return (flat(x) ** 2).sum(axis=1, keepdims=True) / 2


def test_the_slope_is_that_of_each_example_over_all_its_axes():
    direction = np.zeros(18)
    direction[[0, 4, 9, 17]] = 0.5  # length 1, but not in any one channel, row or pixel
    assert slopes(linear(direction), POINTS).detach().numpy() == pytest.approx(np.ones(6))
    assert gradient_penalty(linear(direction), POINTS).item() == pytest.approx(0, abs=1e-20)
    assert gradient_penalty(linear(5 * direction), POINTS).item() == pytest.approx(16)
    assert gradient_penalty(linear(direction / 2), POINTS).item() == pytest.approx(0.25)
    lengths = np.linalg.norm(POINTS.numpy().reshape(6, -1), axis=1)
    assert slopes(bowl, POINTS).detach().numpy() == pytest.approx(lengths, abs=1e-10)
    expected = ((lengths - 1) ** 2).mean()
    assert gradient_penalty(bowl, POINTS).item() == pytest.approx(expected, abs=1e-10)


def test_each_pair_has_a_point_of_its_own_and_its_pixels_lie_on_one_line():
    real, fake = tensor(np.zeros((4, 2, 3, 3))), tensor(np.ones((4, 2, 3, 3)))
    alpha = np.array([0.0, 0.25, 0.5, 1.0]).reshape(4, 1, 1, 1)
    points = between(real, fake, tensor(alpha)).numpy()
    assert np.array_equal(points, np.broadcast_to(1 - alpha, points.shape))


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (), (4, 1), (4, 2, 3, 3)])
def test_one_alpha_for_the_batch_or_for_each_pixel_is_refused(shape):
    real = tensor(np.zeros((4, 2, 3, 3)))
    with pytest.raises(ValueError, match=r"shape \(4, 1, 1, 1\)"):
        between(real, real, tensor(np.full(shape, 0.5)))


def test_points_around_the_data_are_half_a_standard_deviation_off():
    real = tensor(RNG.standard_normal((50, 2)) * [3.0, 1.0] + 10)
    noise = tensor(RNG.uniform(-1, 1, (50, 2)))
    off = around(real, noise).numpy() - real.numpy()
    assert off == pytest.approx(0.5 * real.numpy().std() * noise.numpy())
    assert np.abs(off).max() <= 0.5 * real.numpy().std()


def test_a_flat_critic_gets_a_finite_gradient():
    """The slope of a norm at 0 is no number, and a critic whose last layer is 0 starts there."""
    critic = nn.Linear(2, 1, rng=0).double()
    critic.weight.data = np.zeros((1, 2))
    gradient_penalty(critic, tensor(np.ones((3, 2)))).backward()
    assert np.isfinite(critic.weight.grad.numpy()).all()


@pytest.mark.parametrize("price", [1.0, 10.0])
def test_the_best_slope_under_the_price(price):
    """A shift of length W: the best linear critic has slope 1 + W / (2 price) along it."""
    x, shift = RNG.standard_normal((20, 2)), np.array([1.2, 1.6])
    critic = nn.Linear(2, 1, bias=False, rng=0).double()
    real, fake, half = tensor(x + shift), tensor(x), tensor(np.full((20, 1), 0.5))

    def loss():
        gap = critic(real).mean() - critic(fake).mean()
        return price * gradient_penalty(critic, between(real, fake, half)) - gap

    minimise(critic, loss)
    assert critic.weight.data[0] == pytest.approx((1 + 2 / (2 * price)) * shift / 2, abs=1e-7)


def test_clipping_puts_every_parameter_back_to_the_bound():
    critic = nn.Sequential(nn.Linear(3, 8, rng=0), nn.ReLU(), nn.Linear(8, 1, rng=1))
    before = [p.data.copy() for p in critic.parameters()]
    clip_weights(critic, 0.1)
    for p, old in zip(critic.parameters(), before):
        assert np.array_equal(p.data, np.clip(old, -0.1, 0.1))
    assert any(np.abs(old).max() > 0.1 for old in before)


def test_a_spectrally_normalised_critic_is_1_lipschitz_and_stays_so_while_it_learns():
    """Between all pairs of 60 points, at weights that were made ten times larger."""
    rng = np.random.default_rng(1)
    layers = [nn.Linear(2, 16, rng=rng), nn.ReLU(), nn.Linear(16, 1, rng=rng)]
    for layer in (layers[0], layers[2]):
        layer.weight.data = 10 * layer.weight.data
    critic = spectrally_normalised(nn.Sequential(*layers).double())
    x = rng.standard_normal((60, 2)) * 3
    for _ in range(30):
        critic(tensor(x))  # each forward in training refines the singular vectors
    y = critic(tensor(x)).detach().numpy()[:, 0]
    ratios = [abs(y[i] - y[j]) / np.linalg.norm(x[i] - x[j])
              for i, j in itertools.combinations(range(60), 2)]  # fmt: skip
    assert 0.1 < max(ratios) <= 1 + 1e-9
    for layer in (layers[0], layers[2]):
        assert np.linalg.norm(layer.weight.detach().numpy(), 2) == pytest.approx(1, abs=1e-9)
