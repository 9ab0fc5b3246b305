"""A generative adversarial network of clothes or of digits, and what its samples are worth.

    minidl run gan                   2,000 pictures of clothes, 28x28
    minidl run gan --data digits     digits, 8x8

A generator of transposed convolutions against a critic of convolutions whose matrices are divided
by their spectral norms; the non-saturating loss; samples are drawn from the running average of the
generator's weights.  The judge (`sample_quality`) compares them with held-out pictures, and with
the samples of a variational autoencoder that has learned from the same pictures.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import data as sets
from .. import nn, no_grad, optim
from ..autoencoders.vae import VAE, mlp_vae
from ..autoencoders.vae import train_step as vae_step
from ..generative.evaluation import birthday_size, largest_jump, near_pairs, support_size, walk
from ..generative.gan import Game, train_step
from ..generative.gan_losses import NON_SATURATING
from ..generative.penalties import spectrally_normalised
from . import figures
from .registry import Option, experiment
from .run import Run
from .sample_quality import Examples, Judge, table

BATCH, NOISE, CHANNELS, SAMPLES, CODE = 32, 64, 16, 1000, 10
ROUNDS = {"fashion": 2000, "digits": 2000}


@experiment(
    "gan",
    "a GAN of clothes or of digits, judged beside real pictures and a VAE",
    data=Option("fashion", "what the pictures are of", choices=("fashion", "digits")),
    rounds=Option(0, "steps of the generator; 0 is 2,000", minimum=0),
)
def gan(run: Run, data: str, rounds: int) -> dict[str, Any]:
    """Train the GAN and a VAE, have the samples of both judged, draw them."""
    train, held_out = load(data, run.rng)
    rounds, shape = rounds or ROUNDS[data], train[0].shape[2:]
    judge = Judge(train, held_out, run.rng, device=run.device)
    run.say(f"the judge is right on {judge.accuracy:.1%} of {len(held_out[0])} held-out pictures")

    generator, curve = fit_gan(run, train[0], rounds)
    vae = fit_vae(run, train[0], epochs=max(1, 60 * rounds // ROUNDS[data]))
    with no_grad():
        noise = run.normal(SAMPLES, NOISE)
        made = np.concatenate([pictures(generator(part)) for part in in_parts(noise)])
        rebuilt = vae.decode(run.normal(SAMPLES, CODE)).to("cpu").numpy().clip(0, 1)
    rebuilt = rebuilt.reshape(SAMPLES, 1, *shape)
    qualities = {"held-out": judge.floor()}
    qualities |= {"GAN": judge.quality(made), "VAE": judge.quality(rebuilt)}
    run.table(*table(qualities))

    alike = near_pairs(made, np.quantile(judge.distances, 0.01))
    size = birthday_size(alike, run.rng)
    support = None if size is None else support_size(size)
    paths = [walk(generator, *run.normal(2, NOISE), 24) for _ in range(6)]
    jumps = [largest_jump(path.to("cpu").numpy()) for path in paths]
    found = "none alike in most of 1,000 samples" if size is None else f"{support:.0f} pictures"
    run.say(f"support by the birthday paradox: {found}; largest jump of a walk: {max(jumps):.1f}")

    draw_samples(run, {"GAN": made, "VAE": rebuilt, "held-out": held_out[0]})
    draw_neighbours(run, made, train[0])
    draw_walks(run, [pictures(path)[::2] for path in paths])
    run.save_weights("weights", generator.state_dict())
    results = {name: quality._asdict() for name, quality in qualities.items()}
    birthday = {"draws": size, "support": support}
    return {**results, "birthday": birthday, "jumps": jumps, "critic": curve}


def load(data: str, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """Training and held-out pictures (N, 1, H, W) in [0, 1], each with their labels."""
    if data == "fashion":
        return sets.fashion_mini("train"), sets.fashion_mini("test")
    x, y = sets.digits()
    order = rng.permutation(len(x))
    train, held_out = order[:1000], order[1000:]
    return (x[train], y[train]), (x[held_out], y[held_out])


# ------------------------------------------------------------------------------------ the models


def networks(shape: tuple[int, int], rng: Any) -> tuple[nn.Sequential, nn.Sequential]:
    """Generator, (N, 64) -> (N, 1, H, W) in [-1, 1], and critic, (N, 1, H, W) -> (N, 1).

    Radford, Metz and Chintala 2016 (arXiv:1511.06434), with few channels.  Both sides of a picture
    must be multiples of 4.
    """
    c, (h, w) = CHANNELS, (shape[0] // 4, shape[1] // 4)
    generator = nn.Sequential(
        nn.Linear(NOISE, 2 * c * h * w, rng=rng), nn.Unflatten(1, (2 * c, h, w)),
        nn.BatchNorm2d(2 * c), nn.ReLU(),
        nn.ConvTranspose2d(2 * c, c, 4, stride=2, padding=1, rng=rng), nn.BatchNorm2d(c), nn.ReLU(),
        nn.ConvTranspose2d(c, 1, 4, stride=2, padding=1, rng=rng), nn.Tanh(),
    )  # fmt: skip
    critic = nn.Sequential(
        nn.Conv2d(1, c, 4, stride=2, padding=1, rng=rng), nn.LeakyReLU(0.2),
        nn.Conv2d(c, 2 * c, 4, stride=2, padding=1, rng=rng), nn.LeakyReLU(0.2),
        nn.Flatten(), nn.Linear(2 * c * h * w, 1, rng=rng),
    )  # fmt: skip
    return generator, spectrally_normalised(critic)


def fit_gan(run: Run, train: np.ndarray, rounds: int) -> tuple[nn.Module, list[float]]:
    """The generator with averaged weights, and the critic's losses, one a round."""
    players = networks(train.shape[2:], run.rng)
    generator, critic = (player.to(device=run.device) for player in players)
    steps = [optim.Adam(p.parameters(), lr=1e-3, betas=(0.5, 0.99)) for p in players]
    schedules = [optim.lr_scheduler.CosineAnnealingLR(step, rounds) for step in steps]
    game = Game(generator, critic, NON_SATURATING, *steps)
    decay = nn.utils.get_ema_avg_fn(0.99)
    averaged = nn.utils.AveragedModel(generator, avg_fn=decay, use_buffers=True)
    curve = []
    with run.progress(rounds, "GAN") as bar:
        for _ in range(rounds):
            real = 2 * run.batch(train, BATCH) - 1
            batches = [(real, run.normal(BATCH, NOISE))]
            losses = train_step(game, batches, run.normal(BATCH, NOISE))
            for schedule in schedules:
                schedule.step()
            averaged.update_parameters(generator)
            curve.append(losses[0])
            bar.step(critic=losses[0], generator=losses[1])
    return averaged.module.eval(), curve


def fit_vae(run: Run, train: np.ndarray, epochs: int) -> VAE:
    """A VAE with codes of 10 numbers, as `minidl run vae` trains it."""
    x = train.reshape(len(train), -1)
    vae = mlp_vae(VAE, x.shape[1], 256, 256, CODE, rng=run.rng, sigma=0.3, learn_sigma=True)
    optimiser = optim.Adam(vae.to(device=run.device).parameters(), lr=2e-3)
    steps = epochs * (len(x) // 100)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with run.progress(steps, "VAE") as bar:
        for _ in range(steps):
            pieces = vae_step(vae, optimiser, run.batch(x, 100), run.normal(100, CODE))
            schedule.step()
            bar.step(elbo=pieces.value().mean().item())
    return vae


def in_parts(noise: Any) -> list[Any]:
    """The noise in parts of 250."""
    return [noise[i : i + 250] for i in range(0, len(noise), 250)]


def pictures(x: Any) -> np.ndarray:
    """From the generator's [-1, 1] to [0, 1]."""
    return (x.detach().to("cpu").numpy() + 1) / 2


# ---------------------------------------------------------------------------------- the pictures


def draw_samples(run: Run, sets_of_pictures: dict[str, np.ndarray]) -> None:
    """Eight by eight of each, side by side."""
    figure, (axes,) = figures.new_figure(11, 4, columns=3)
    for panel, (name, images) in zip(axes, sets_of_pictures.items()):
        tiles = np.pad(images[:64, 0], ((0, 0), (1, 1), (1, 1)))
        _, h, w = tiles.shape
        canvas = tiles.reshape(8, 8, h, w).transpose(0, 2, 1, 3).reshape(8 * h, 8 * w)
        panel.imshow(canvas, cmap="gray", vmin=0, vmax=1)
        panel.set_title({"held-out": "real pictures, held out"}.get(name, f"samples of the {name}"))
        panel.set_axis_off()
    run.save_figure("samples", figure)


def draw_neighbours(run: Run, made: np.ndarray, train: np.ndarray) -> None:
    """Samples over the training pictures that are nearest to them."""
    a, b = made[:12].reshape(12, -1), train.reshape(len(train), -1)
    nearest = train[((a[:, None] - b) ** 2).sum(axis=2).argmin(axis=1)]
    rows = {"sample": made[:12, 0], "nearest in training": nearest[:, 0]}
    title = "Not learned by heart: samples, and the training pictures nearest to them"
    run.save_figure("neighbours", figures.image_rows(rows, made.shape[2:], 12, title))


def draw_walks(run: Run, paths: list[np.ndarray]) -> None:
    """What the generator makes on the way from one noise to another."""
    rows = {f"walk {i + 1}": path[:, 0] for i, path in enumerate(paths)}
    title = "From one noise to another in equal steps"
    run.save_figure("walks", figures.image_rows(rows, paths[0].shape[2:], 12, title))
