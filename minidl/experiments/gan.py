"""A generative adversarial network of clothes or of digits, and what its samples are worth.

    minidl run gan                   2,000 pictures of clothes, 28x28
    minidl run gan --data digits     digits, 8x8

Generator and critic see a picture as its coordinates along the leading principal components, for
clothes 64, which hold 89% of the variance.  (Small transposed convolutions on pixels, trained for
twice as long without the class, came to a Frechet distance of 3.0.)  Both are told the class (Mirza
and Osindero 2014, arXiv:1411.1784); the loss is Wasserstein's with a gradient penalty, three steps
of the critic to one of the generator; samples are drawn from the running average of the generator's
weights.  The judge (`sample_quality`) compares them with held-out pictures, with those pictures cut
down to the same components, which is the best that this generator could do, and with the samples of
a variational autoencoder, which is not told the class.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import data as sets
from .. import nn, no_grad, optim
from ..autoencoders.autoencoder import PCA, pca
from ..autoencoders.vae import VAE, mlp_vae
from ..autoencoders.vae import train_step as vae_step
from ..generative.evaluation import birthday_size, largest_jump, near_pairs, support_size, walk
from ..generative.gan import Game, train_step
from ..generative.gan_losses import WASSERSTEIN
from ..generative.penalties import between
from ..graph import Tensor
from ..ops.shape import concatenate
from . import figures
from .registry import Option, experiment
from .run import Run
from .sample_quality import Examples, Judge, table

BATCH, NOISE, WIDTH, SAMPLES, CODE, CLASSES, CRITIC_STEPS = 32, 16, 256, 1000, 10, 10, 3
COMPONENTS = {"fashion": 64, "digits": 32}
LABEL = 5.0  # the length of a label beside coordinates of about 1: its share of a slope is small


@experiment(
    "gan",
    "a GAN of clothes or of digits, judged beside real pictures and a VAE",
    data=Option("fashion", "what the pictures are of", choices=("fashion", "digits")),
    rounds=Option(2000, "steps of the generator", minimum=1),
)
def gan(run: Run, data: str, rounds: int) -> dict[str, Any]:
    """Train the GAN and a VAE, have the samples of both judged, draw them."""
    train, held_out = load(data, run.rng)
    flat = train[0].reshape(len(train[0]), -1)
    fit = pca(flat, COMPONENTS[data])
    scale = fit.encode(flat)[:, 0].std() / 2
    paint = partial(pictures, fit=fit, scale=scale, shape=train[0].shape[2:])
    judge = Judge(train, held_out, run.rng, device=run.device)
    run.say(f"the judge is right on {judge.accuracy:.1%} of {len(held_out[0])} held-out pictures")

    generator, gaps = fit_gan(run, fit.encode(flat) / scale, train[1], rounds)
    vae = fit_vae(run, flat, epochs=max(1, 60 * rounds // 2000))
    asked = np.arange(SAMPLES) % CLASSES
    with no_grad():
        made = paint(generator(order(run, asked)))
        rebuilt = vae.decode(run.normal(SAMPLES, CODE)).to("cpu").numpy().clip(0, 1)
    rebuilt = rebuilt.reshape(made.shape)
    cut = fit.reconstruct(held_out[0].reshape(len(held_out[0]), -1)).clip(0, 1)
    qualities = {
        "held-out": judge.floor(),
        "held-out, cut down": judge.quality(cut.reshape(held_out[0].shape), held_out[1]),
        "GAN": judge.quality(made, asked),
        "VAE": judge.quality(rebuilt),
    }
    run.table(*table(qualities))

    alike = near_pairs(made, np.quantile(judge.distances, 0.01))
    size = birthday_size(alike, run.rng)
    paths = [along_noise(run, generator, label, 24) for label in range(CLASSES)]
    jumps = [largest_jump(path.to("cpu").numpy()) for path in paths]
    support = "no two of 1,000 alike" if size is None else f"{support_size(size):.0f} pictures"
    run.say(f"support, by birthdays: {support}; the largest jump of ten walks: {max(jumps):.1f}")

    draw_samples(run, {"GAN": made, "VAE": rebuilt, "held-out": held_out[0]})
    draw_neighbours(run, made, train[0])
    names = sets.FASHION_CLASSES if data == "fashion" else range(CLASSES)
    draw_walks(run, {str(names[k]): paint(paths[k])[::2] for k in range(0, CLASSES, 2)})
    run.save_weights("weights", generator.state_dict())
    results = {name: quality._asdict() for name, quality in qualities.items()}
    return {**results, "birthday_draws": size, "jumps": jumps, "gaps": gaps}


def load(data: str, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """Training and held-out pictures (N, 1, H, W) in [0, 1], each with their labels."""
    if data == "fashion":
        return sets.fashion_mini("train"), sets.fashion_mini("test")
    x, y = sets.digits()
    order = rng.permutation(len(x))
    train, held_out = order[:1000], order[1000:]
    return (x[train], y[train]), (x[held_out], y[held_out])


# ------------------------------------------------------------------------------------ the models


class Conditional(nn.Module):
    """A generator that is told the class, and shows the critic what it was told.

    (N, noise + classes) -> (N, coordinates + classes): the last columns are the label, one-hot.
    """

    def __init__(self, network: nn.Module) -> None:
        self.network = network

    def forward(self, z: Tensor) -> Tensor:
        return concatenate([self.network(z), z[:, NOISE:]], axis=1)


def labelled(run: Run, x: np.ndarray, labels: np.ndarray) -> Tensor:
    """x: (N, K) with the labels beside it: (N, K + classes)."""
    return run.tensor(np.hstack([x, LABEL * np.eye(CLASSES)[labels]]))


def order(run: Run, labels: np.ndarray) -> Tensor:
    """Noise, and the classes that are asked for: (N, noise + classes)."""
    return labelled(run, run.rng.standard_normal((len(labels), NOISE)), labels)


def pictures(x: Tensor, fit: PCA, scale: float, shape: tuple[int, int]) -> np.ndarray:
    """The pictures (N, 1, H, W) in [0, 1] whose coordinates are the first columns of x."""
    coordinates = scale * x.to("cpu").numpy()[:, : len(fit.components)]
    return (fit.mean + coordinates @ fit.components).clip(0, 1).reshape(-1, 1, *shape)


def fit_gan(
    run: Run, x: np.ndarray, labels: np.ndarray, rounds: int
) -> tuple[nn.Module, list[float]]:
    """The generator with averaged weights, and the critic's gaps (less the price), one a round.

    x: (N, K), labels: (N,).  Every generated example of a critic's batch has a real partner of its
    class, so that the line between them keeps to the class.
    """
    linear = partial(nn.Linear, rng=run.rng)
    generator = Conditional(nn.Sequential(
        linear(NOISE + CLASSES, WIDTH), nn.ReLU(), linear(WIDTH, WIDTH), nn.ReLU(),
        linear(WIDTH, x.shape[1]),
    )).to(device=run.device)  # fmt: skip
    critic = nn.Sequential(
        linear(x.shape[1] + CLASSES, WIDTH), nn.LeakyReLU(0.2), linear(WIDTH, WIDTH),
        nn.LeakyReLU(0.2), linear(WIDTH, 1),
    ).to(device=run.device)  # fmt: skip
    steps = [optim.Adam(p.parameters(), lr=2e-3, betas=(0.5, 0.9)) for p in (generator, critic)]
    schedules = [optim.lr_scheduler.CosineAnnealingLR(step, rounds) for step in steps]
    points = lambda real, fake: between(real, fake, run.tensor(run.rng.uniform(size=(BATCH, 1))))
    game = Game(generator, critic, WASSERSTEIN, *steps, points=points, price=0.3)
    averaged = nn.utils.AveragedModel(generator, avg_fn=nn.utils.get_ema_avg_fn(0.99))
    log: dict[str, list[float]] = {"gaps": []}
    parts = dict(generator=generator, critic=critic, averaged=averaged)
    for name, step, schedule in zip(("generator", "critic"), steps, schedules):
        parts |= {f"{name}_optimiser": step, f"{name}_schedule": schedule}

    def batch() -> tuple[Tensor, Tensor]:
        rows = run.rng.integers(0, len(x), BATCH)
        return labelled(run, x[rows], labels[rows]), order(run, labels[rows])

    with run.loop("GAN", rounds, log, **parts) as loop:
        for _ in loop:
            asked = run.rng.integers(0, CLASSES, BATCH)
            loss, _ = train_step(game, [batch() for _ in range(CRITIC_STEPS)], order(run, asked))
            for schedule in schedules:
                schedule.step()
            averaged.update_parameters(generator)
            log["gaps"].append(-loss)
            loop.show(gap=-loss)
    return averaged.module, log["gaps"]


def fit_vae(run: Run, x: np.ndarray, epochs: int) -> VAE:
    """A VAE with codes of 10 numbers, as `minidl run vae` trains it."""
    vae = mlp_vae(VAE, x.shape[1], 256, 256, CODE, rng=run.rng, sigma=0.3, learn_sigma=True)
    optimiser = optim.Adam(vae.to(device=run.device).parameters(), lr=2e-3)
    steps = epochs * (len(x) // 100)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    with run.loop("VAE", steps, {}, vae=vae, optimiser=optimiser, schedule=schedule) as loop:
        for _ in loop:
            pieces = vae_step(vae, optimiser, run.batch(x, 100), run.normal(100, CODE))
            schedule.step()
            loop.show(elbo=pieces.value().mean().item())
    return vae


def along_noise(run: Run, generator: nn.Module, label: int, steps: int) -> Tensor:
    """What the generator makes of one class, on the way from one noise to another."""
    told = run.tensor(np.tile(LABEL * np.eye(CLASSES)[label], (steps, 1)))
    of_class = lambda z: generator(concatenate([z, told], axis=1))
    return walk(of_class, *run.normal(2, NOISE), steps)


# ---------------------------------------------------------------------------------- the pictures


def draw_samples(run: Run, sets_of_pictures: dict[str, np.ndarray]) -> None:
    """Ten by ten of each, side by side; a column of the GAN's is a class."""
    figure, (axes,) = figures.new_figure(11, 4, columns=3)
    titles = {"GAN": "samples of the GAN, a class a column", "VAE": "samples of the VAE"}
    for panel, (name, images) in zip(axes, sets_of_pictures.items()):
        tiles = np.pad(images[:100, 0], ((0, 0), (1, 1), (1, 1)))
        _, h, w = tiles.shape
        canvas = tiles.reshape(10, 10, h, w).transpose(0, 2, 1, 3).reshape(10 * h, 10 * w)
        panel.imshow(canvas, cmap="gray", vmin=0, vmax=1)
        panel.set_title(titles.get(name, "real pictures, held out"), fontsize=11)
        panel.set_axis_off()
    run.save_figure("samples", figure)


def draw_neighbours(run: Run, made: np.ndarray, train: np.ndarray) -> None:
    """Samples over the training pictures that are nearest to them."""
    a, b = made[:10].reshape(10, -1), train.reshape(len(train), -1)
    nearest = train[((a[:, None] - b) ** 2).sum(axis=2).argmin(axis=1)]
    rows = {"sample": made[:10, 0], "nearest in training": nearest[:, 0]}
    title = "Samples, and the training pictures nearest to them"
    run.save_figure("neighbours", figures.image_rows(rows, made.shape[2:], 10, title))


def draw_walks(run: Run, paths: dict[str, np.ndarray]) -> None:
    """What the generator makes of some classes on the way from one noise to another."""
    rows = {name: path[:, 0] for name, path in paths.items()}
    shape = next(iter(paths.values())).shape[2:]
    title = "From one noise to another in equal steps, the class held"
    run.save_figure("walks", figures.image_rows(rows, shape, 12, title))
