"""A diffusion that draws digits or clothes to order, judged by a classifier, against a VAE.

    minidl run diffusion                   digits, 8x8, in their pixels
    minidl run diffusion --data fashion    2,000 pictures of clothes, 28x28, in principal components

A picture of clothes is first written as its 64 leading principal components, which hold nine tenths
of the variance, and the diffusion works on those: with an autoencoder in place of the components
this is latent diffusion (Rombach et al. 2022, arXiv:2112.10752).  What the components leave out no
sample can have; the row "64 components" of the table shows held-out pictures without it.

The network is told the class (`Diffusion.given`), so that samples of a class can be asked for.  Its
weights are averaged over the last steps for sampling.  `sample_quality.Quality` says what the
numbers of the table mean; their floor is what real pictures get.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import data as sets
from .. import optim
from ..autoencoders.autoencoder import pca
from ..generative.ddim import ddim, spaced_steps
from ..generative.denoisers import StepMLP
from ..generative.diffusion import Diffusion, random_steps, sample, train_step
from ..generative.schedules import cosine
from ..nn.utils import AveragedModel, get_ema_avg_fn
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run
from .sample_quality import Examples, Judge, Quality, table
from .vae import fit_vae

T, BATCH, SAMPLES, CLASSES = 200, 128, 500, 10
VAE_EPOCHS = 40
FEW = (5, 10, 20, 50)


class Codes(NamedTuple):
    """Pictures as numbers of about unit size: (x - mean) components' / scale, and back."""

    mean: np.ndarray  # (D,)
    components: np.ndarray  # (K, D), orthonormal
    scale: float
    bounds: tuple[float, float] | None  # within which all codes lie
    shape: tuple[int, ...]  # of a picture

    def encode(self, x: np.ndarray) -> np.ndarray:
        """x: (N, 1, H, W) in [0, 1].  Returns (N, K)."""
        return (x.reshape(len(x), -1) - self.mean) @ self.components.T / self.scale

    def decode(self, z: np.ndarray) -> np.ndarray:
        """z: (N, K).  Returns (N, 1, H, W) in [0, 1]."""
        x = self.mean + self.scale * z @ self.components
        return np.clip(x, 0, 1).reshape(len(z), *self.shape)


def codes_of(kind: str, train: np.ndarray) -> Codes:
    """Digits: pixels from -1 to 1.  Clothes: 64 principal components, of mean square 1."""
    shape = train.shape[1:]
    if kind == "digits":
        d = train[0].size
        return Codes(np.full(d, 0.5), np.eye(d), 0.5, (-1.0, 1.0), shape)
    x = train.reshape(len(train), -1).astype(np.float64)
    fit = pca(x, 64)
    return Codes(fit.mean, fit.components, float(fit.encode(x).std()), None, shape)


@experiment(
    "diffusion",
    "a diffusion of digits or of clothes, judged by a classifier, against a VAE",
    data=Option("digits", "what the pictures are of", choices=("digits", "fashion")),
    steps=Option(1200, "training steps of 128 pictures", minimum=1),
)
def diffusion(run: Run, data: str, steps: int) -> dict[str, Any]:
    """Train, sample with DDPM and DDIM, judge, draw."""
    train, held_out = load(data, run.rng)
    codes = codes_of(data, train[0])
    judge = Judge(train, held_out, run.rng, device=run.device)
    run.say(f"{len(train[0])} pictures of {codes.shape[1]}x{codes.shape[2]} to learn from")
    run.say(f"The judge is right about {judge.accuracy:.1%} of {len(held_out[0])} others")
    model, losses = fit(run, codes, train, steps)
    labels = np.arange(SAMPLES) % CLASSES
    samples = draw_samples(run, model, codes, labels)
    found = {"held-out pictures": judge.floor()}
    if data == "fashion":
        found["64 components"] = judge.quality(codes.decode(codes.encode(held_out[0])))
    found |= {name: judge.quality(x, labels) for name, x in samples.items()}
    pictures = [part.reshape(len(part), -1) for part in (train[0], held_out[0])]
    vae, _ = fit_vae(run, "VAE", 10, *pictures, epochs=VAE_EPOCHS)
    with no_grad():
        drawn = vae.decode(run.normal(SAMPLES, 10)).to("cpu").numpy()
    samples["VAE"] = np.clip(drawn, 0, 1).reshape(-1, *codes.shape)
    found["VAE"] = judge.quality(samples["VAE"])
    run.table(*table(found))
    show_samples(run, held_out, samples)
    show_neighbours(run, samples[f"DDPM, {T} steps"], train[0])
    show_way(run, model, codes)
    show_steps(run, found)
    run.save_weights("weights", model.state_dict())
    results = {name: quality._asdict() for name, quality in found.items()}
    return {"judge": judge.accuracy, "quality": results, "loss": losses}


def load(data: str, rng: np.random.Generator) -> tuple[Examples, Examples]:
    """Pictures (N, 1, H, W) and labels: to train on, and held out."""
    if data == "fashion":
        return sets.fashion_mini("train"), sets.fashion_mini("test")
    images, digits = sets.digits()
    order = rng.permutation(len(images))
    return (images[order[400:]], digits[order[400:]]), (images[order[:400]], digits[order[:400]])


def fit(run: Run, codes: Codes, train: Examples, steps: int) -> tuple[Diffusion, list[float]]:
    """Train for v with Adam; returns the diffusion with averaged weights, and how the loss fell."""
    x, y = codes.encode(train[0]), train[1].astype(np.int64)
    network = StepMLP(x.shape[1], 256, 3, classes=CLASSES, rng=run.rng).to(device=run.device)
    model = Diffusion(network, cosine(T), "v", codes.bounds)
    average = AveragedModel(model, avg_fn=get_ema_avg_fn(0.99))
    optimiser = optim.Adam(model.parameters(), lr=2e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    log: dict[str, list[float]] = {"losses": []}
    parts = dict(model=model, average=average, optimiser=optimiser, schedule=schedule)
    with run.loop("diffusion", steps, log, **parts) as loop:
        for _ in loop:
            rows = run.rng.integers(0, len(x), BATCH)
            t, noise = run.tensor(random_steps(BATCH, T, run.rng)), run.normal(BATCH, x.shape[1])
            told = model.given(run.tensor(y[rows]))
            log["losses"].append(train_step(told, optimiser, run.tensor(x[rows]), t, noise))
            average.update_parameters(model)
            schedule.step()
            loop.show(loss=log["losses"][-1])
    parts = np.array_split(log["losses"], min(20, steps))
    return average.module, [float(part.mean()) for part in parts]


def draw_samples(
    run: Run, model: Diffusion, codes: Codes, labels: np.ndarray
) -> dict[str, np.ndarray]:
    """A picture for each label from DDPM, and from DDIM with few steps: (N, 1, H, W)."""
    told, draw = model.given(run.tensor(labels)), lambda shape: run.normal(*shape)
    start = draw((len(labels), len(codes.components)))
    with no_grad():
        ends = {f"DDPM, {T} steps": [*sample(told, start, draw)][-1]}
        for n in FEW:
            ends[f"DDIM, {n} steps"] = [*ddim(told, start, spaced_steps(T, n))][-1]
    return {name: codes.decode(z.to("cpu").numpy()) for name, z in ends.items()}


# ------------------------------------------------------------------------------------ the pictures


def show_samples(run: Run, held_out: Examples, samples: dict[str, np.ndarray]) -> None:
    """A column for each class, but for the VAE, which takes no orders."""
    order = np.argsort(held_out[1], kind="stable")
    first = order[np.searchsorted(held_out[1][order], np.arange(CLASSES))]
    rows = {"held-out picture": held_out[0][first]}
    for name, number in ((f"DDPM, {T} steps", 5), ("DDIM, 20 steps", 2), ("VAE", 2)):
        for i in range(number):  # names must differ, and may look alike
            rows[" " * i + name] = samples[name][CLASSES * i : CLASSES * (i + 1)]
    shape = held_out[0].shape[2:]
    run.save_figure("samples", figures.image_rows(rows, shape, CLASSES, "Samples of each class"))


def show_neighbours(run: Run, samples: np.ndarray, train: np.ndarray) -> None:
    """Samples, and the training pictures that are nearest to them."""
    chosen = samples[:CLASSES].reshape(CLASSES, -1)
    known = train.reshape(len(train), -1)
    squares = ((chosen[:, None] - known[None]) ** 2).sum(axis=2)
    near = np.argsort(squares, axis=1)
    rows = {"sample": chosen, "nearest in training": known[near[:, 0]],
            "second nearest": known[near[:, 1]]}  # fmt: skip
    title = "Samples are not copies"
    run.save_figure("neighbours", figures.image_rows(rows, train.shape[2:], CLASSES, title))


def show_way(run: Run, model: Diffusion, codes: Codes) -> None:
    """What DDIM's state is on the way, and what the network holds to be behind it."""
    labels = np.array([3, 8])
    told, times = model.given(run.tensor(labels)), spaced_steps(T, 11)
    rows: dict[str, list[np.ndarray]] = {}
    with no_grad():
        x = run.normal(len(labels), len(codes.components))
        for t, x_t in zip(times, [x, *ddim(told, x, times)]):
            guess = told(x_t, t).x0 if t else x_t
            for name, state in ("noisy", x_t), ("guess", guess):
                pictures = codes.decode(state.to("cpu").numpy())
                for label, picture in zip(labels, pictures):
                    of_class = sets.FASHION_CLASSES[label] if codes.shape[1] == 28 else label
                    rows.setdefault(f"{of_class}: {name}", []).append(picture)
    rows = {name: np.stack(rows[name]) for name in sorted(rows, reverse=True)}
    title = f"From t = {T} to 0: the state, and the guess at x_0"
    run.save_figure("way", figures.image_rows(rows, codes.shape[1:], len(times), title))


def show_steps(run: Run, found: dict[str, Quality]) -> None:
    """The Frechet distance over the number of DDIM's steps."""
    figure, axes = figures.new_figure(5.2, 3.2)
    panel = axes[0, 0]
    values = [found[f"DDIM, {n} steps"] for n in FEW]
    panel.errorbar(FEW, [q.frechet for q in values], [q.frechet_spread for q in values],
                   fmt="o-", color="C1", label="DDIM")  # fmt: skip
    for name, colour in ((f"DDPM, {T} steps", "C0"), ("VAE", "C2"), ("held-out pictures", "0.5")):
        style = ":" if name == "held-out pictures" else "-"
        panel.axhline(found[name].frechet, color=colour, linestyle=style, label=name)
    panel.set(xscale="log", xlabel="steps", ylabel="Fréchet distance")
    panel.set_ylim(bottom=0)
    panel.set_xticks(FEW, FEW)
    panel.minorticks_off()
    panel.legend(frameon=False, fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("steps", figure)
