"""The critic against linear programs; codes that a distance pulls to the prior."""

import numpy as np
import pytest

from minidl import autograd, nn, optim, oracles, tensor
from minidl.autoencoders.autoencoder import deep_autoencoder, descend, mlp, reconstruction_loss
from minidl.autoencoders.matching import mmd, random_directions, sliced_wasserstein
from minidl.autoencoders.wasserstein import (
    critic_gap,
    critic_loss,
    gradient_penalty,
    matched_loss,
    train_critic,
)

from . import digits
from .exactly import minimise


def exact_w1(x, y):
    even = lambda z: np.full(len(z), 1 / len(z))
    return oracles.wasserstein1(np.linalg.norm(x[:, None] - y, axis=2), even(x), even(y))[0]


@pytest.mark.parametrize("penalty", [1.0, 10.0, 100.0])
def test_the_best_slope_under_the_penalty(penalty):
    """A shift of length W: the best linear critic has slope 1 + W / (2 penalty) along it."""
    x, shift = np.random.default_rng(0).standard_normal((20, 2)), np.array([1.2, 1.6])
    critic = nn.Linear(2, 1, bias=False, rng=0).double()
    where = tensor(np.full((20, 1), 0.5))
    minimise(critic, lambda: critic_loss(critic, tensor(x), tensor(x + shift), where, penalty))
    expected = -(1 + 2 / (2 * penalty)) * shift / 2
    assert critic.weight.data[0] == pytest.approx(expected, abs=1e-7)


def gap_of_a_trained_critic(seed):
    """Over the exact W1 of the same points."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((100, 2)).astype(np.float32)
    y = (x[rng.permutation(100)] * [1.0, 0.5] + [1.0, 0.0]).astype(np.float32)
    critic = nn.Sequential(nn.Linear(2, 64, rng=rng), nn.Tanh(), nn.Linear(64, 1, rng=rng))
    optimiser = optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.9))
    for _ in range(500):
        where = tensor(rng.uniform(size=(100, 1)).astype(np.float32))
        shuffled = tensor(y[rng.permutation(100)])
        train_critic(critic, optimiser, tensor(x), shuffled, where)
    return critic_gap(critic, tensor(x), tensor(y)).item() / exact_w1(x, y)


def test_a_trained_critic_finds_the_exact_distance():
    """1.05 to 1.08 for five seeds.  W1 is about 1; by the slope above it should be 1.05."""
    assert 0.8 < gap_of_a_trained_critic(seed=0) < 1.1


def test_the_gap_of_the_best_critic_is_the_distance():
    """eta = -|z| is 1-Lipschitz, and best where all mass moves towards the origin."""
    x, y = np.array([[0.0, 0.0], [0.0, 0.0]]), np.array([[3.0, 4.0], [0.0, 1.0]])
    critic = lambda z: -((z**2).sum(axis=1, keepdims=True) ** 0.5)
    assert critic_gap(critic, tensor(x), tensor(y)).item() == pytest.approx(3) == exact_w1(x, y)


def test_the_penalty_measures_the_slope_of_each_point_by_itself():
    rng = np.random.default_rng(1)
    a, b = tensor(rng.standard_normal((6, 2))), tensor(rng.standard_normal((6, 2)))
    where = tensor(rng.uniform(size=(6, 1)))
    linear = lambda slope: lambda z: z @ tensor(np.array(slope))[:, None]
    assert gradient_penalty(linear([0.6, 0.8]), a, b, where).item() == pytest.approx(0, abs=1e-20)
    assert gradient_penalty(linear([3.0, 4.0]), a, b, where).item() == pytest.approx(16)
    # of |z|^2 / 2 the slope at z is |z|, another at each point
    points = where.numpy() * a.numpy() + (1 - where.numpy()) * b.numpy()
    bowl = lambda z: (z**2).sum(axis=1, keepdims=True) / 2
    expected = ((np.linalg.norm(points, axis=1) - 1) ** 2).mean()
    assert gradient_penalty(bowl, a, b, where).item() == pytest.approx(expected, abs=1e-10)


def test_a_flat_critic_gets_a_finite_gradient():
    """The slope of a norm at 0 is no number, and a critic whose last layer is 0 starts there."""
    critic = nn.Linear(2, 1, rng=0).double()
    critic.weight.data = np.zeros((1, 2))
    x, where = tensor(np.ones((3, 2))), tensor(np.full((3, 1), 0.5))
    gradient_penalty(critic, x, x, where).backward()
    assert np.isfinite(critic.weight.grad.numpy()).all()


def test_the_critics_step_leaves_the_encoder_alone():
    rng = np.random.default_rng(2)
    encoder, critic = nn.Linear(3, 2, rng=rng).double(), mlp(2, 4, 1, rng=rng).double()
    x, prior = tensor(rng.standard_normal((5, 3))), tensor(rng.standard_normal((5, 2)))
    optimiser = optim.SGD(critic.parameters(), lr=0.1)
    train_critic(critic, optimiser, prior, encoder(x), tensor(rng.uniform(size=(5, 1))))
    assert encoder.weight.grad is None and critic[0].weight.grad is not None


def test_a_critic_pulls_shifted_codes_to_the_prior():
    """The encoder can only shift.  From 3.2 off it comes to within .04 to .75 for five seeds."""
    rng = np.random.default_rng(0)
    shift = tensor(np.array([3.0, -1.0], np.float32), requires_grad=True)
    critic = mlp(2, 32, 1, rng=rng)
    optimiser = optim.Adam(critic.parameters(), lr=1e-2, betas=(0.5, 0.9))
    for step in range(100):
        for _ in range(3):
            where = tensor(rng.uniform(size=(64, 1)).astype(np.float32))
            train_critic(critic, optimiser, digits.normal(rng, 64),
                         digits.normal(rng, 64) + shift, where)  # fmt: skip
        shift.grad = None
        critic_gap(critic, digits.normal(rng, 64), digits.normal(rng, 64) + shift).backward()
        shift.data = shift.data - 0.1 * (1 - step / 100) * shift.grad.data
    assert np.linalg.norm(shift.data) < 1


def trained_with(name, seed):
    """Error and MMD^2 of an autoencoder whose codes a distance pulls to the prior."""

    def distance(rng):
        if name == "mmd":
            return lambda x, y: mmd(x, y, digits.KERNEL)
        directions = random_directions(50, 2, rng).astype(np.float32)
        return lambda x, y: sliced_wasserstein(x, y, directions)

    def step(model, optimiser, x, prior, rng):
        descend(optimiser, matched_loss(model, x, prior, distance(rng), weight=10.0))

    return digits.judge(digits.train(seed, step), seed)


@pytest.mark.parametrize("name", ["mmd", "sliced Wasserstein"])
def test_codes_of_a_matched_autoencoder_follow_the_prior(name):
    """For five seeds MMD^2 is below 1/8 of the plain autoencoder's."""
    _, plain = digits.plain(seed=0)
    _, matched = trained_with(name, seed=0)
    assert matched < plain / 5 or matched < digits.null_quantile()


def test_the_loss_is_error_plus_weighted_distance_and_pulls_only_the_encoder():
    model = deep_autoencoder(64, 16, 2, rng=0)
    x, prior = tensor(digits.IMAGES[:20]), digits.normal(np.random.default_rng(0), 20)
    distance = lambda a, b: ((a - b) ** 2).mean()
    error = reconstruction_loss(model, x)
    loss = matched_loss(model, x, prior, distance, weight=5.0)
    pull = distance(model.encoder(x), prior)
    assert loss.item() == pytest.approx((error + 5 * pull).item(), rel=1e-6)
    decoder = [*model.decoder.parameters()]
    for a, b in zip(autograd.grad(loss, decoder), autograd.grad(error, decoder)):
        assert a.numpy() == pytest.approx(b.numpy(), abs=1e-5)
