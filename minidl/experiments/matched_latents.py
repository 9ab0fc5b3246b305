"""Six ways to bring the codes of an autoencoder to a normal law, and none, on digits.

    minidl run matched-latents

Codes are points in the plane, so that they can be looked at.  A plain autoencoder spreads them as
it likes; the others also pull their law to N(0, I): by a discriminator, by MMD, by sliced
distances, by a critic, and, one example at a time, by the KL of a VAE.  Where the law is met, draws
from N(0, I) fall where digits are, and decode to all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import data as sets
from .. import nn, optim
from ..autoencoders import adversarial, matching, wasserstein
from ..autoencoders.autoencoder import (
    Autoencoder,
    deep_autoencoder,
    descend,
    mlp,
    reconstruction_loss,
    squared_error,
)
from ..autoencoders.vae import VAE, mlp_vae, reparameterise, train_step
from ..graph import Tensor
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run

BATCH, TEST, HIDDEN = 128, 500, 128
KERNEL = matching.inverse_multiquadratic(4.0)  # C = 2 d s^2 for two dimensions and unit variance

# A model, and what a step of its training is: a function that returns the loss.
# A model, a step of its training, which returns the loss, and what that changes beside the model.
Method = tuple[nn.Module, Callable[[], float], dict[str, Any]]


@experiment(
    "matched-latents",
    "adversarial, Wasserstein, MMD and sliced autoencoders, and a VAE: whose codes are normal?",
    steps=Option(1500, "training steps for each", minimum=1),
)
def matched_latents(run: Run, steps: int) -> dict[str, Any]:
    """Train each, measure MMD^2 of test codes to the prior, draw the codes and decoded draws."""
    images, digits = sets.digits()
    order = run.rng.permutation(len(images))
    images, digits = images[order].reshape(-1, 64), digits[order]
    train, test, labels = images[TEST:], images[:TEST], digits[:TEST]
    prior = run.normal(TEST, 2)
    draws = run.normal(12, 2)  # to be decoded

    results, codes, decoded = {}, {}, {}
    for name, method in METHODS.items():
        model, step, parts = method(run, train, steps)
        with run.loop(name, steps, {}, model=model, **parts) as loop:
            for _ in loop:
                loop.show(loss=step())
        with no_grad():
            code, rebuilt = encode(run, model, run.tensor(test))
            distance = matching.mmd(code, prior, KERNEL).item()
            decoded[name] = model.decoder(draws).to("cpu").numpy()
        codes[name] = code.to("cpu").numpy()
        results[name] = {"error": squared_error(rebuilt, run.tensor(test)).mean().item(),
                         "mmd": distance}  # fmt: skip
    null = np.quantile(
        [matching.mmd(run.normal(TEST, 2), prior, KERNEL).item() for _ in range(100)], 0.95
    )
    run.table(
        ["", "squared error", "MMD^2 x 1000"],
        [[name, f"{r['error']:.2f}", f"{1000 * r['mmd']:.2f}"] for name, r in results.items()]
        + [["(two normal samples: 95% are below)", "", f"{1000 * null:.2f}"]],
    )
    draw(run, codes, labels, results, decoded)
    return {**results, "null_95": float(null)}


# ------------------------------------------------------------------------------------- the methods


def fresh(run: Run) -> tuple[Autoencoder, optim.Adam]:
    """An autoencoder 64-128-2, and its optimiser."""
    model = deep_autoencoder(64, HIDDEN, 2, rng=run.rng).to(device=run.device)
    return model, optim.Adam(model.parameters(), lr=2e-3, betas=(0.5, 0.999))


def plain(run: Run, x: np.ndarray, steps: int) -> Method:
    """Reconstruction alone."""
    model, optimiser = fresh(run)
    step = lambda: descend(optimiser, reconstruction_loss(model, run.batch(x, BATCH)))
    return model, step, {"optimiser": optimiser}


def by_discriminator(run: Run, x: np.ndarray, steps: int) -> Method:
    """An adversarial autoencoder, lambda = 1."""
    model, optimiser = fresh(run)
    judge = mlp(2, 64, 64, 1, rng=run.rng).to(device=run.device)
    optimisers = optimiser, optim.Adam(judge.parameters(), lr=2e-3, betas=(0.5, 0.999))

    def step() -> float:
        batch, prior = run.batch(x, BATCH), run.normal(BATCH, 2)
        loss = adversarial.train_step(model, judge, optimisers, batch, prior, weight=1.0)
        return loss.reconstruction.item()

    return model, step, {"judge": judge, "encoder's": optimisers[0], "judge's": optimisers[1]}


def by_distance(weight: float, distance: Callable[[Run, Tensor, Tensor], Tensor]) -> Callable:
    """A Wasserstein autoencoder with one of the distances of samples."""

    def method(run: Run, x: np.ndarray, steps: int) -> Method:
        model, optimiser = fresh(run)

        def step() -> float:
            measure = lambda code, prior: distance(run, code, prior)
            batch, prior = run.batch(x, BATCH), run.normal(BATCH, 2)
            loss = wasserstein.matched_loss(model, batch, prior, measure, weight)
            return descend(optimiser, loss)

        return model, step, {"optimiser": optimiser}

    return method


def directions(run: Run) -> Tensor:
    """Fifty directions in the plane."""
    return run.tensor(matching.random_directions(50, 2, run.rng))


def by_critic(run: Run, x: np.ndarray, steps: int) -> Method:
    """A Wasserstein autoencoder with a critic, three steps of it to one of the encoder.

    The pull of a critic is as strong near the match as far from it, so that codes circle around
    the prior unless the encoder's learning rate falls.
    """
    model, optimiser = fresh(run)
    critic = nn.Sequential(
        nn.Linear(2, 64, rng=run.rng), nn.Tanh(), nn.Linear(64, 64, rng=run.rng), nn.Tanh(),
        nn.Linear(64, 1, rng=run.rng),
    ).to(device=run.device)  # fmt: skip
    own = optim.Adam(critic.parameters(), lr=5e-3, betas=(0.5, 0.9))
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def step() -> float:
        for _ in range(3):
            code, prior = model.encoder(run.batch(x, BATCH)), run.normal(BATCH, 2)
            where = run.tensor(run.rng.uniform(size=(BATCH, 1)))
            wasserstein.train_critic(critic, own, prior, code, where)
        gap = lambda code, prior: wasserstein.critic_gap(critic, prior, code)
        batch, prior = run.batch(x, BATCH), run.normal(BATCH, 2)
        loss = descend(optimiser, wasserstein.matched_loss(model, batch, prior, gap, 10.0))
        schedule.step()
        return loss

    return model, step, dict(critic=critic, own=own, optimiser=optimiser, schedule=schedule)


def by_kl(run: Run, x: np.ndarray, steps: int) -> Method:
    """A VAE with noise .2."""
    model = mlp_vae(VAE, 64, HIDDEN, 2, rng=run.rng, sigma=0.2).to(device=run.device)
    optimiser = optim.Adam(model.parameters(), lr=2e-3)

    def step() -> float:
        pieces = train_step(model, optimiser, run.batch(x, BATCH), run.normal(BATCH, 2))
        return -pieces.value().mean().item()

    return model, step, {"optimiser": optimiser}


METHODS: dict[str, Callable[[Run, np.ndarray, int], Method]] = {
    "plain": plain,
    "discriminator": by_discriminator,
    "MMD": by_distance(10.0, lambda run, x, y: matching.mmd(x, y, KERNEL)),
    "sliced Wasserstein": by_distance(
        10.0, lambda run, x, y: matching.sliced_wasserstein(x, y, directions(run))
    ),
    "sliced Cramer": by_distance(
        50.0, lambda run, x, y: matching.sliced_cramer(x, y, directions(run))
    ),
    "critic": by_critic,
    "VAE": by_kl,
}


def encode(run: Run, model: nn.Module, x: Tensor) -> tuple[Tensor, Tensor]:
    """Codes and reconstructions; of a VAE, draws from q(z|x) and what they decode to."""
    if isinstance(model, VAE):
        code = reparameterise(*model.encode(x), run.normal(len(x), 2))
    else:
        code = model.encoder(x)
    return code, model.decoder(code)


# ------------------------------------------------------------------------------------ the pictures


def draw(
    run: Run,
    codes: dict[str, np.ndarray],
    labels: np.ndarray,
    results: dict[str, dict[str, float]],
    decoded: dict[str, np.ndarray],
) -> None:
    """The test codes, coloured by digit, over the circle that holds 95% of the prior."""
    figure, axes = figures.new_figure(11, 6, 2, 4)
    turn = np.linspace(0, 2 * np.pi, 100)
    radius = np.sqrt(-2 * np.log(0.05))
    for panel, (name, code) in zip(axes.flat, codes.items()):
        panel.plot(radius * np.cos(turn), radius * np.sin(turn), color="0.6", linewidth=1)
        points = panel.scatter(*code.T, c=labels, cmap="tab10", s=8, vmin=-0.5, vmax=9.5)
        panel.set(xlim=(-4, 4), ylim=(-4, 4), aspect="equal", xticks=[], yticks=[])
        panel.set_title(f"{name}\nerror {results[name]['error']:.2f}, "
                        f"MMD² {1000 * results[name]['mmd']:.1f}e-3", fontsize=9)  # fmt: skip
    for panel in axes.flat[len(codes) :]:
        panel.set_axis_off()
    figure.colorbar(points, ax=axes.flat[len(codes) :], ticks=range(10), label="digit", shrink=0.8)
    figure.suptitle("Codes of test digits; 95% of a normal law lies in the circle", fontsize=11)
    run.save_figure("codes", figure)
    title = "What draws from N(0, I) decode to, the same draws for each"
    run.save_figure("decoded_draws", figures.image_rows(decoded, (8, 8), 12, title))
