"""Each attack finds the same on every device."""

import numpy as np
import pytest

from minidl import nn, tensor
from minidl.attacks import (
    black_box,
    carlini_wagner,
    gradient_steps,
    one_pixel,
    patch,
    poisoning,
    spatial,
    universal,
)
from minidl.attacks.objectives import Goal
from minidl.attacks.threat import Threat

X = np.random.default_rng(0).uniform(size=(6, 1, 5, 5))
Y = np.random.default_rng(1).integers(0, 3, 6)
NORMS = {np.inf: 0.1, 2: 0.4, 1: 1.0, 0: 3}


def model():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, rng=0), nn.ReLU(), nn.Flatten(), nn.Linear(27, 3, rng=1)
    ).double()


def steps(norm):
    def attack(network, x, goal):
        threat = Threat(norm, NORMS[norm])
        return gradient_steps.pgd(network, x, goal, threat, steps=3, restarts=2, rng=0).adversarial

    return attack


def poisoned(network, x, goal):
    x = x.reshape(6, -1).data
    y = (goal.labels.data == 0) * 2.0 - 1
    moved = poisoning.moved_examples(
        (x[:4], y[:4]), (x[4:], y[4:]), slice(0, 2), Threat(2, 0.3), 1.0, steps=2
    )
    return tensor(moved)


ATTACKS = {
    **{f"PGD, norm {norm}": steps(norm) for norm in NORMS},
    "FGSM": lambda m, x, goal: gradient_steps.fgsm(m, x, goal, Threat(np.inf, 0.1)).adversarial,
    "least likely": lambda m, x, goal: gradient_steps.bim(
        m, x, gradient_steps.least_likely(m, x), Threat(np.inf, 0.1), steps=2
    ).adversarial,
    "Carlini-Wagner": lambda m, x, goal: carlini_wagner.carlini_wagner(
        m, x, goal, steps=3, searches=2
    ).adversarial,
    "DeepFool": lambda m, x, goal: universal.deepfool(m, x, steps=2).adversarial,
    "universal": lambda m, x, goal: universal.universal(
        m, x, Threat(2, 0.5), passes=1, rng=0
    )[0],
    "universal ascent": lambda m, x, goal: universal.universal_ascent(
        m, x, Threat(2, 0.5), steps=2, batch_size=3, rng=0
    ),
    "one pixel": lambda m, x, goal: one_pixel.one_pixel(m, x, goal, 4, 2, rng=0).adversarial,
    "patch": lambda m, x, goal: patch.train_patch(
        m, x, 1, 2, patch.Transforms(), steps=2, batch_size=3, rng=0
    ),
    "spatial": lambda m, x, goal: spatial.worst_of_grid(m, x, goal)[0].adversarial,
    "queries": lambda m, x, goal: black_box.nes_attack(
        m, x, goal, Threat(np.inf, 0.1), steps=2, pairs=3, rng=0
    ).adversarial,
    "poisoning": poisoned,
}  # fmt: skip


@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_finds_the_same_everywhere(name, device):
    def found(device):
        network = model().to(device=device)
        goal = Goal(tensor(Y, device=device))
        result = ATTACKS[name](network, tensor(X, device=device), goal)
        assert result.device.partition(":")[0] == device.partition(":")[0]
        return result.to("cpu").numpy()

    assert found(device) == pytest.approx(found("cpu"), rel=1e-9, abs=1e-12)
