"""One training step of each defence, and its bounds, are the same on every device."""

import numpy as np
import pytest

from minidl import nn, no_grad, optim, tensor
from minidl.attacks import Threat
from minidl.attacks.access import numpy
from minidl.defences import adversarial_training, features, intervals, linear_bounds, smoothing
from minidl.defences.obfuscation import Quantised, Rippled

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(4, 1, 4, 4)), np.array([0, 2, 1, 0])
NOISE = RNG.standard_normal((3, *X.shape))
THREAT = Threat(np.inf, 0.1)


def network():
    body = nn.Conv2d(1, 2, 2, stride=2, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(8, 5, rng=1)
    return nn.Sequential(*body, nn.ReLU(), nn.Linear(5, 3, rng=2)).double()


def attacked(attack, clean):
    return lambda net, x, y: adversarial_training.mixed_loss(net, x, attack(net, x, y), y, clean)


def ball(x):
    return intervals.ball(x, 0.1)


LOSSES = {
    "FGSM mix": attacked(adversarial_training.fgsm_attack(THREAT), 0.5),
    "PGD": lambda net, x, y: attacked(
        adversarial_training.pgd_attack(THREAT, 3, np.random.default_rng(0)), 0.0
    )(net, x, y),
    "intervals": lambda net, x, y: intervals.interval_loss(net, ball(x), x, y),
    "CROWN-IBP": lambda net, x, y: linear_bounds.linear_loss(net, ball(x), x, y),
    "CROWN": lambda net, x, y: linear_bounds.linear_loss(net, ball(x), x, y, intervals=False),
    "noise": lambda net, x, y: smoothing.noisy_cross_entropy(
        net, x, y, tensor(NOISE[0], device=x.device), 0.3
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_is_the_same_everywhere(name, device):
    def after_a_step(device):
        net = network().to(device=device)
        optimiser = optim.SGD(net.parameters(), lr=0.1)
        LOSSES[name](net, tensor(X, device=device), tensor(Y, device=device)).backward()
        optimiser.step()
        return [numpy(p) for p in net.parameters()]

    for found, expected in zip(after_a_step(device), after_a_step("cpu")):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


VALUES = {
    "learned slopes": lambda net, x, y: linear_bounds.learned_margins(net, ball(x), y, steps=3),
    "counts": lambda net, x, y: smoothing.counts(net, x, 0.5, 20, np.random.default_rng(0)),
    "soft": lambda net, x, y: smoothing.soft(net, x, tensor(NOISE, device=x.device), 0.5),
    "quantised": lambda net, x, y: Quantised(net, 4).seen_through()(x),
    "rippled": lambda net, x, y: Rippled(
        net, 0.01, 500.0, np.random.default_rng(0)
    ).seen_through(3)(x),
    "relabelled": lambda net, x, y: features.relabelled(net, x, y, THREAT, 3)[0],
}  # fmt: skip


@pytest.mark.parametrize("name", VALUES)
def test_values_are_the_same_everywhere(name, device):
    def found(device):
        net = network().to(device=device)
        with no_grad():
            return numpy(VALUES[name](net, tensor(X, device=device), tensor(Y, device=device)))

    assert found(device) == pytest.approx(found("cpu"), rel=1e-9, abs=1e-12)
