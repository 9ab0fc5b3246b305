"""One round of each adversarial algorithm gives the same parameters on every device."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.generative import began, gan
from minidl.generative.gan_losses import LEAST_SQUARES, MINIMAX, NON_SATURATING, WASSERSTEIN
from minidl.generative.integral_metrics import linear_metric
from minidl.generative.penalties import around, between, spectrally_normalised

RNG = np.random.default_rng(0)
X, Z = RNG.normal(size=(8, 3)), RNG.normal(size=(8, 2))
ALPHA, NOISE = RNG.uniform(size=(8, 1)), RNG.normal(size=(8, 3))


def players():
    generator = nn.Sequential(nn.Linear(2, 5, rng=1), nn.ReLU(), nn.Linear(5, 3, rng=2))
    critic = nn.Sequential(nn.Linear(3, 6, rng=3), nn.Tanh(), nn.Linear(6, 1, rng=4))
    return generator.double(), critic.double()


def plain(loss, points=None, prepare=lambda critic, on: critic, **options):
    def run(generator, critic, on):
        where = None if points is None else lambda x, y: points(x, y, on)
        critic = prepare(critic, on)
        steps = [optim.SGD(p.parameters(), lr=0.1) for p in (generator, critic)]
        game = gan.Game(generator, critic, loss, *steps, points=where, **options)
        gan.train_step(game, [(on(X), on(Z)), (on(X), on(-Z))], on(Z))

    return run


def normalised(critic, on):
    """With singular vectors that no longer depend on where they started, at random."""
    critic = spectrally_normalised(critic)
    for _ in range(100):
        critic(on(X))
    return critic


def balanced(generator, critic, on):
    back = nn.Linear(1, 3, rng=5).double().to(device=on.device)
    critic = began.Energy(nn.Sequential(critic, back))
    steps = [optim.SGD(p.parameters(), lr=0.1) for p in (generator, critic)]
    balance = began.Balance(k=0.5)
    began.train_step(gan.Game(generator, critic, balance.loss(), *steps), balance, on(X), on(Z))


def moments(generator, critic, on):
    gan.descend(
        optim.SGD(generator.parameters(), lr=0.1), linear_metric(on(X), generator(on(Z))), generator
    )


ALGORITHMS = {
    "minimax": plain(MINIMAX),
    "non-saturating": plain(NON_SATURATING),
    "clipped": plain(WASSERSTEIN, clip=0.1),
    "gradient penalty": plain(WASSERSTEIN, lambda x, y, on: between(x, y, on(ALPHA))),
    "least squares": plain(LEAST_SQUARES),
    "DRAGAN": plain(MINIMAX, lambda x, y, on: around(x, on(NOISE))),
    "spectral": plain(NON_SATURATING, prepare=normalised),
    "BEGAN": balanced,
    "moments": moments,
}


class On:
    """Puts arrays on a device."""

    def __init__(self, device):
        self.device = device

    def __call__(self, array):
        return tensor(array, device=self.device)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_round_is_the_same_everywhere(name, device):
    def after_a_round(device):
        generator, critic = (player.to(device=device) for player in players())
        ALGORITHMS[name](generator, critic, On(device))
        parameters = [*generator.parameters(), *critic.parameters()]
        assert {p.device.partition(":")[0] for p in parameters} == {device.partition(":")[0]}
        return [p.detach().to("cpu").numpy() for p in parameters]

    for found, expected in zip(after_a_round(device), after_a_round("cpu")):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
