"""One training step of each loss, and a few steps of each sampler, are the same on every device."""

import numpy as np
import pytest

from minidl import nn, no_grad, optim, tensor
from minidl.generative.ddim import ddim
from minidl.generative.denoisers import StepMLP
from minidl.generative.diffusion import TARGETS, Diffusion, sample, train_step
from minidl.generative.langevin import annealed_langevin, mala_step
from minidl.generative.schedules import cosine
from minidl.generative.score_matching import (
    EnergyMLP,
    EnergyScore,
    denoising_loss,
    implicit_loss,
    multiscale_loss,
    sliced_loss,
)

X, Z, V = np.random.default_rng(0).normal(size=(3, 8, 2))
SIGMA = np.abs(V[:, :1]) + 0.1
T = np.array([1, 5, 9, 20, 30, 40, 45, 50])


def same_everywhere(compute, device):
    """compute(on) returns arrays; `on` brings an array to the device."""
    found = compute(lambda array: tensor(array, device=device), device)
    expected = compute(tensor, "cpu")
    for a, b in zip(found, expected, strict=True):
        assert a.device.partition(":")[0] == device.partition(":")[0]
        assert a.detach().to("cpu").numpy() == pytest.approx(
            b.detach().numpy(), rel=1e-9, abs=1e-12
        )


def diffusion(device, target="v"):
    network = StepMLP(2, 8, 1, rng=0)
    nn.init.normal_(network.last.weight, generator=np.random.default_rng(1))
    return Diffusion(network.double().to(device=device), cosine(50), target, clip_x0=(-2.0, 2.0))


@pytest.mark.parametrize("target", TARGETS)
def test_a_training_step(target, device):
    def compute(on, device):
        model = diffusion(device, target)
        optimiser = optim.SGD(model.parameters(), lr=0.1)
        train_step(model, optimiser, on(X), on(T), on(Z))
        return [*model.parameters()]

    same_everywhere(compute, device)


@pytest.mark.parametrize("sampler", [sample, lambda *a: ddim(a[0], a[1], [50, 20, 0], a[2], 0.5)])
def test_samples(sampler, device):
    def compute(on, device):
        rng = np.random.default_rng(2)
        with no_grad():
            *_, x = sampler(diffusion(device), on(X), lambda shape: on(rng.standard_normal(shape)))
        return [x]

    same_everywhere(compute, device)


@pytest.mark.parametrize(
    "loss",
    [
        lambda score, on: implicit_loss(score, on(X)),
        lambda score, on: sliced_loss(score, on(X), on(np.sign(V))),
        lambda score, on: denoising_loss(score, on(X), on(Z), 0.5),
        lambda score, on: multiscale_loss(lambda x, s: score(x) / s, on(X), on(Z), on(SIGMA)),
    ],
    ids=["implicit", "sliced", "denoising", "multiscale"],
)  # fmt: skip
def test_gradients_of_score_matching(loss, device):
    def compute(on, device):
        energy = EnergyMLP(2, 6, rng=0).double().to(device=device)
        loss(EnergyScore(energy), on).mean().backward()
        return [parameter.grad for parameter in energy.parameters() if parameter.grad is not None]

    same_everywhere(compute, device)


def test_langevin(device):
    def compute(on, device):
        rng = np.random.default_rng(3)
        draw = lambda shape: on(rng.standard_normal(shape))
        score = lambda x, sigma: -x / sigma**2
        *_, x = annealed_langevin(on(X), score, [2.0, 1.0], 0.1, 2, draw)
        log_density = lambda x: -0.5 * (x**2).sum(axis=1)
        y, went = mala_step(x, log_density, lambda x: -x, 0.5, on(Z), on(rng.uniform(size=8)))
        return [x, y, went]

    same_everywhere(compute, device)
