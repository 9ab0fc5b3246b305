"""One training step of each algorithm gives the same parameters on every device."""

import numpy as np
import pytest

from minidl import nn, optim, tensor
from minidl.autoencoders import (
    adversarial,
    autoencoder,
    denoising,
    estimators,
    linear_vae,
    matching,
    vae,
    wasserstein,
)

X, PRIOR = (
    np.random.default_rng(0).normal(size=(8, 6)),
    np.random.default_rng(1).normal(size=(8, 2)),
)
NOISE = np.random.default_rng(2).normal(size=(8, 6))
DIRECTIONS = matching.random_directions(5, 2, np.random.default_rng(3))
WHERE = np.random.default_rng(4).uniform(size=(8, 1))


def plain(model, step, on):
    step(model, autoencoder.reconstruction_loss(model, on(X)))


def sparse(model, step, on):
    step(model, autoencoder.sparse_loss(model, on(X), 0.1))


def denoise(model, step, on):
    step(model, denoising.denoising_loss(model, on(X), on(NOISE), 0.5))


def matched(distance):
    def run(model, step, on):
        measure = lambda x, y: distance(x, y, on(DIRECTIONS))
        step(model, wasserstein.matched_loss(model, on(X), on(PRIOR), measure, 2.0))

    return run


def discriminate(models, step, on):
    optimisers = [optim.SGD(part.parameters(), lr=0.1) for part in models]
    adversarial.train_step(*models, optimisers, on(X), on(PRIOR), 1.0)


def criticise(critic, step, on):
    step(critic, wasserstein.critic_loss(critic, on(PRIOR), on(X[:, :2]), on(WHERE)))


def variational(model, step, on):
    vae.train_step(model, optim.SGD(model.parameters(), lr=0.1), on(X), on(PRIOR), beta=2.0)


def importance(model, step, on):
    noise = on(np.stack([PRIOR, -PRIOR, 2 * PRIOR]))
    step(model, -estimators.importance_weighted_bound(model, on(X), noise).mean())


def exact(model, step, on):
    bound = linear_vae.linear_elbo(model, on(X)).value() + linear_vae.linear_log_marginal(
        model, on(X)
    )
    step(model, -bound.mean())


deep = lambda: autoencoder.deep_autoencoder(6, 5, 2, rng=0)
STEPS = {
    "deep": (deep, plain),
    "tied": (lambda: autoencoder.TiedAutoencoder(6, 2, rng=0), plain),
    "sparse": (lambda: autoencoder.sparse_autoencoder(6, 5, rng=0), sparse),
    "denoising": (deep, denoise),
    "MMD": (deep, matched(lambda x, y, _: matching.mmd(x, y, matching.gaussian_kernel(1.0)))),
    "sliced Wasserstein": (deep, matched(matching.sliced_wasserstein)),
    "sliced Cramer": (deep, matched(matching.sliced_cramer)),
    "adversarial": (
        lambda: nn.ModuleList([deep(), autoencoder.mlp(2, 5, 1, rng=1)]), discriminate
    ),
    "critic": (lambda: autoencoder.mlp(2, 5, 1, rng=1), criticise),
    "VAE": (lambda: vae.mlp_vae(vae.VAE, 6, 5, 2, rng=0, learn_sigma=True), variational),
    "Bernoulli VAE": (lambda: vae.mlp_vae(vae.BernoulliVAE, 6, 5, 2, rng=0), variational),
    "importance weighted": (lambda: vae.mlp_vae(vae.VAE, 6, 5, 2, rng=0), importance),
    "linear VAE": (lambda: linear_vae.LinearVAE(6, 2, rng=0), exact),
}  # fmt: skip


@pytest.mark.parametrize("name", STEPS)
def test_a_step_is_the_same_everywhere(name, device):
    make, run = STEPS[name]

    def after_a_step(device):
        model = make().double().to(device=device)
        step = lambda module, loss: autoencoder.descend(
            optim.SGD(module.parameters(), lr=0.1), loss
        )
        run(model, step, lambda array: tensor(array, device=device))
        assert {p.device.partition(":")[0] for p in model.parameters()} == {
            device.partition(":")[0]
        }
        return [p.detach().to("cpu").numpy() for p in model.parameters()]

    for found, expected in zip(after_a_step(device), after_a_step("cpu")):
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
