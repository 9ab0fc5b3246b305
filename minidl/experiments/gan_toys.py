"""The seven losses of the notes on a ring of eight Gaussians: who finds all of them?

    minidl run gan-toys

The same generator and the same critic (an autoencoder, for BEGAN) are trained with each loss for as
many rounds.  Counted are the modes that get at least 1% of the samples within 3 standard
deviations, and the share of samples that lie so near to any; measured is the exact Wasserstein-1
distance from 500 samples to 500 fresh data, beside what draws of the data are apart (the mean of
five pairs: how many fall to each mode is chance).
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .. import nn, no_grad, optim, oracles
from ..autoencoders.adversarial import modes_found
from ..data import gaussian_ring
from ..generative import gan_losses as losses
from ..generative.began import Balance, Energy
from ..generative.began import train_step as began_step
from ..generative.gan import Game, train_step
from ..generative.penalties import around, between
from ..graph import Tensor
from . import figures
from .registry import Option, experiment
from .run import Run

STD, BATCH, NOISE, WIDTH, SHOWN, LOOKS = 0.1, 128, 8, 64, 2000, 5
ANGLES = 2 * np.pi * np.arange(8) / 8
MODES = 2 * np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


class Variant(NamedTuple):
    """One line of the notes' table."""

    loss: losses.Loss | None  # None: BEGAN's, which its balance makes
    points: str = "nowhere"  # where the slope is priced: "pairs", "data"
    critic_steps: int = 1
    clip: float | None = None


VARIANTS = {
    "minimax": Variant(losses.MINIMAX),
    "non-saturating": Variant(losses.NON_SATURATING),
    "least squares": Variant(losses.LEAST_SQUARES),
    "Wasserstein": Variant(losses.WASSERSTEIN, critic_steps=3, clip=0.1),
    "WGAN-GP": Variant(losses.WASSERSTEIN, "pairs", critic_steps=2),
    "DRAGAN": Variant(losses.MINIMAX, "data"),
    "BEGAN": Variant(None),
}


@experiment(
    "gan-toys",
    "seven adversarial losses on eight Gaussians: which of them find all modes?",
    rounds=Option(1500, "steps of the generator", minimum=LOOKS),
)
def gan_toys(run: Run, rounds: int) -> dict[str, Any]:
    """Train with each loss, count modes and measure distances on the way, draw the samples."""
    fresh, _ = gaussian_ring(SHOWN, std=STD, rng=run.rng)
    true = [look(run, gaussian_ring(SHOWN, std=STD, rng=run.rng)[0], fresh) for _ in range(LOOKS)]
    results = {"data": {key: float(np.mean([one[key] for one in true])) for key in true[0]}}
    pictures = {"data": (fresh, None)}
    for name, variant in VARIANTS.items():
        game, step, parts = start(run, variant)
        schedules = [
            optim.lr_scheduler.CosineAnnealingLR(player, rounds)
            for player in (game.generator_optimiser, game.critic_optimiser)
        ]
        moments = np.linspace(rounds / LOOKS, rounds, LOOKS).astype(int)
        log: dict[str, list] = {"seen": []}
        parts |= dict(zip(("generator_schedule", "critic_schedule"), schedules))
        with run.loop(name, rounds, log, **parts) as loop:
            for number in loop:
                loop.show(critic=step())
                for schedule in schedules:
                    schedule.step()
                if number + 1 in moments:
                    log["seen"].append(look(run, sample(run, game), fresh))
        seen = log["seen"]
        results[name] = {key: [one[key] for one in seen] for key in seen[0]} | {"rounds": moments}
        pictures[name] = (sample(run, game), game.critic)
    last = {name: {key: np.ravel(value)[-1] for key, value in one.items()}
            for name, one in results.items()}  # fmt: skip
    run.table(
        ["", "modes", "within 3 std", "W1"],
        [[name, f"{one['modes']:.0f} of 8", f"{one['share']:.0%}", f"{one['w1']:.3f}"]
         for name, one in last.items()],
    )  # fmt: skip
    draw_samples(run, pictures, last)
    draw_distances(run, results)
    return results


def network(*widths: int, activation: type[nn.Module], rng: Any) -> nn.Sequential:
    """Linear layers from one width to the next, with the activation between any two."""
    layers: list[nn.Module] = []
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out, rng=rng), activation()]
    return nn.Sequential(*layers[:-1])


def start(run: Run, variant: Variant) -> tuple[Game, Any, dict[str, Any]]:
    """A new game of this variant; its round, which returns the critic's loss; what that changes."""
    generator = network(NOISE, WIDTH, WIDTH, 2, activation=nn.ReLU, rng=run.rng)
    balance = Balance(gamma=0.75, rate=0.02)
    if variant.loss is None:
        critic = Energy(network(2, WIDTH, 16, WIDTH, 2, activation=nn.ReLU, rng=run.rng))
    else:
        critic = network(2, WIDTH, WIDTH, 1, activation=nn.Tanh, rng=run.rng)
    generator.to(device=run.device), critic.to(device=run.device)
    if variant.clip:
        kind = lambda player: optim.RMSprop(player.parameters(), lr=1e-3)
    else:
        kind = lambda player: optim.Adam(player.parameters(), lr=2e-3, betas=(0.5, 0.9))
    points = {
        "nowhere": None,
        "pairs": lambda real, fake: between(real, fake, uniform(run, 0, 1, len(real), 1)),
        "data": lambda real, fake: around(real, uniform(run, -1, 1, *real.shape)),
    }[variant.points]
    game = Game(
        generator, critic, variant.loss or balance.loss(), kind(generator), kind(critic),
        points=points, price=1.0, clip=variant.clip,
    )  # fmt: skip
    real = lambda: run.tensor(gaussian_ring(BATCH, std=STD, rng=run.rng)[0])
    noise = lambda: run.normal(BATCH, NOISE)

    def step() -> float:
        if variant.loss is None:
            return began_step(game, balance, real(), noise()).measure
        batches = [(real(), noise()) for _ in range(variant.critic_steps)]
        return train_step(game, batches, noise())[0]

    names = ("generator", "critic", "generator_optimiser", "critic_optimiser")
    return game, step, {"balance": balance} | {name: getattr(game, name) for name in names}


def uniform(run: Run, low: float, high: float, *shape: int) -> Tensor:
    return run.tensor(run.rng.uniform(low, high, shape))


def sample(run: Run, game: Game) -> np.ndarray:
    """What the generator makes of new noise: (SHOWN, 2)."""
    with no_grad():
        return game.generator(run.normal(SHOWN, NOISE)).to("cpu").numpy()


def look(run: Run, samples: np.ndarray, fresh: np.ndarray) -> dict[str, float]:
    """Modes found, the share of samples near to any, and W1 to data."""
    modes, share = modes_found(samples, MODES, STD)
    rows = run.rng.permutation(SHOWN)[:500]
    w1 = oracles.wasserstein1_samples(samples[:500], fresh[rows])
    return {"modes": modes, "share": share, "w1": w1}


# ------------------------------------------------------------------------------------ the pictures


def draw_samples(run: Run, pictures: dict[str, tuple], last: dict[str, dict]) -> None:
    """The samples of each, over what the critic says of every point of the plane."""
    figure, axes = figures.new_figure(11, 6.1, 2, 4)
    line = np.linspace(-3, 3, 80)
    plane = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    for panel, (name, (samples, critic)) in zip(axes.flat, pictures.items()):
        if critic is not None:
            with no_grad():
                heights = critic(run.tensor(plane)).to("cpu").numpy().reshape(80, 80)
            heights = -heights if isinstance(critic, Energy) else heights
            levels = np.unique(np.quantile(heights, np.linspace(0, 1, 15)))
            panel.contourf(line, line, heights, levels=levels, cmap="Blues", alpha=0.6)
        panel.plot(*samples[:1000].T, ".", color="C3", markersize=1.6, alpha=0.5)
        panel.set(xlim=(-3, 3), ylim=(-3, 3), aspect="equal", xticks=[], yticks=[])
        one = last[name]
        panel.set_title(
            f"{name}\n{one['modes']:.0f} of 8 modes, {one['share']:.0%} near, W1 {one['w1']:.2f}",
            fontsize=9,
        )
    figure.suptitle("Samples, over the critic's opinion (darker: more like data)", fontsize=11)
    run.save_figure("samples", figure)


def draw_distances(run: Run, results: dict[str, dict]) -> None:
    """The distance to the data over the rounds."""
    figure, axes = figures.new_figure(8, 3.8)
    panel = axes[0, 0]
    for name in VARIANTS:
        panel.semilogy(results[name]["rounds"], results[name]["w1"], ".-", label=name)
    panel.axhline(results["data"]["w1"], color="0.5", linestyle=":", label="draws of the data")
    panel.set(xlabel="round", ylabel="W1 to the data")
    panel.set_yticks([0.2, 0.5, 1, 2], ["0.2", "0.5", "1", "2"])
    panel.set_yticks([], minor=True)
    panel.legend(frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("distances", figure)
