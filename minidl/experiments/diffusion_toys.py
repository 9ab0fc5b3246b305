"""Diffusion in the plane: sets of points dissolved in noise, and brought back.

    minidl run diffusion-toys

Three laws in the plane, one small network for each.  How far the samples are from the law is
measured by the sliced Wasserstein distance, beside the same distance between two samples of the law
itself, for DDPM and for DDIM with fewer and fewer steps.  The network guesses v: to jump far from
noise alone, DDIM divides a guess at epsilon by next to no signal, and its errors with it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import data as sets
from .. import optim
from ..autoencoders.matching import random_directions, sliced_wasserstein
from ..generative.ddim import ddim, spaced_steps
from ..generative.denoisers import StepMLP
from ..generative.diffusion import Diffusion, random_steps, sample, train_step
from ..generative.schedules import cosine
from ..nn.utils import AveragedModel, get_ema_avg_fn
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run

Law = Callable[[int, np.random.Generator], np.ndarray]  # n points: (n, 2)

LAWS: dict[str, Law] = {
    "moons": lambda n, rng: sets.moons(n, noise=0.06, rng=rng)[0],
    "ring of eight": lambda n, rng: sets.gaussian_ring(n, std=0.08, radius=1.4, rng=rng)[0],
    "spirals": lambda n, rng: 1.8 * sets.spirals(n, turns=0.75, noise=0.03, rng=rng)[0],
}
T, BATCH, SAMPLES = 200, 256, 1000
FEW = (2, 5, 10, 20, 50)


@experiment(
    "diffusion-toys",
    "diffusion in the plane: noise undone, DDPM against DDIM with few steps",
    steps=Option(1200, "training steps for each law", minimum=1),
)
def diffusion_toys(run: Run, steps: int) -> dict[str, Any]:
    """Train on each law; sample, measure, draw."""
    results: dict[str, Any] = {}
    paths: dict[str, dict[str, np.ndarray]] = {}
    for name, law in LAWS.items():
        model, loss = fit(run, name, law, steps)
        results[name], paths[name] = measure(run, model, law)
        results[name]["loss"] = loss
    names = [*next(iter(results.values()))["distance"]]
    run.say(f"Sliced Wasserstein distance of {SAMPLES:,} samples from the law:")
    run.table(
        ["", *results],
        [[name, *(f"{r['distance'][name]:.3f}" for r in results.values())] for name in names],
    )
    draw_ways(run, paths)
    draw_distances(run, results)
    return results


def fit(run: Run, name: str, law: Law, steps: int) -> tuple[Diffusion, float]:
    """Train; returns the diffusion with averaged weights, and the mean of the last 100 losses."""
    model = Diffusion(StepMLP(2, 64, 2, waves=4, rng=run.rng), cosine(T), "v").to(device=run.device)
    average = AveragedModel(model, avg_fn=get_ema_avg_fn(0.99))
    optimiser = optim.Adam(model.parameters(), lr=4e-3)
    schedule = optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    log: dict[str, list[float]] = {"losses": []}
    parts = dict(model=model, average=average, optimiser=optimiser, schedule=schedule)
    with run.loop(name, steps, log, **parts) as loop:
        for _ in loop:
            x0, t = run.tensor(law(BATCH, run.rng)), run.tensor(random_steps(BATCH, T, run.rng))
            log["losses"].append(train_step(model, optimiser, x0, t, run.normal(BATCH, 2)))
            average.update_parameters(model)
            schedule.step()
            loop.show(loss=log["losses"][-1])
    return average.module, float(np.mean(log["losses"][-100:]))


def measure(run: Run, model: Diffusion, law: Law) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """How far the samples of each sampler are from the law; and the ways that they take."""
    draw = lambda shape: run.normal(*shape)
    start = draw((SAMPLES, 2))
    truth, directions = law(SAMPLES, run.rng), random_directions(50, 2, run.rng)

    def distance(points: np.ndarray) -> float:
        return float(sliced_wasserstein(points, truth.astype(points.dtype), directions) ** 0.5)

    with no_grad():
        ways = {"DDPM": [start, *sample(model, start, draw)]}
        for n in FEW:
            ways[f"DDIM, {n} steps"] = [start, *ddim(model, start, spaced_steps(T, n))]
        paths = [start[:60], *ddim(model, start[:60], spaced_steps(T, T))]
    stacked = lambda way: np.stack([x.to("cpu").numpy() for x in way])
    ways = {name: stacked(way) for name, way in ways.items()}
    found = {"two samples of the law": distance(law(SAMPLES, run.rng))}
    found |= {f"DDPM, {T} steps": distance(ways["DDPM"][-1])}
    found |= {name: distance(way[-1]) for name, way in ways.items() if name != "DDPM"}
    return {"distance": found}, {"truth": truth, "paths": stacked(paths), **ways}


# ------------------------------------------------------------------------------------ the pictures


def draw_ways(run: Run, laws: dict[str, dict[str, np.ndarray]]) -> None:
    """For each law: data, stages of DDPM's way back, DDIM with 20 steps, and paths of DDIM."""
    stages = (0, T // 2, 3 * T // 4, 7 * T // 8, T)
    figure, axes = figures.new_figure(13, 1.78 * len(laws) + 0.2, len(laws), len(stages) + 3)
    for line, (name, ways) in zip(axes, laws.items()):
        clouds = {"data": ways["truth"]}
        clouds |= {f"DDPM, t = {T - stage}": ways["DDPM"][stage] for stage in stages}
        clouds["DDIM, 20 steps"] = ways["DDIM, 20 steps"][-1]
        for panel, (title, points) in zip(line, clouds.items()):
            colour = "0.35" if title == "data" else "C0" if "DDPM" in title else "C1"
            panel.plot(*points.T, ".", markersize=1.4, color=colour)
            if name == next(iter(laws)):
                panel.set_title(title, fontsize=9)
        line[-1].plot(ways["paths"][:, :, 0], ways["paths"][:, :, 1], color="C1", linewidth=0.6)
        line[-1].plot(*ways["paths"][-1].T, ".", markersize=3, color="black")
        line[0].set_ylabel(name, fontsize=10)
    axes[0, -1].set_title("DDIM, 60 paths", fontsize=9)
    for panel in axes.flat:
        panel.set(xlim=(-2.6, 2.6), ylim=(-2.6, 2.6), aspect="equal", xticks=[], yticks=[])
        panel.spines[:].set_color("0.85")
    run.save_figure("ways", figure)


def draw_distances(run: Run, results: dict[str, Any]) -> None:
    """The distance over the number of DDIM's steps, DDPM's and the law's own as lines."""
    figure, axes = figures.new_figure(9.5, 3, columns=len(results))
    for panel, (name, result) in zip(axes[0], results.items()):
        found = result["distance"]
        panel.plot(FEW, [found[f"DDIM, {n} steps"] for n in FEW], "o-", color="C1", label="DDIM")
        panel.axhline(found[f"DDPM, {T} steps"], color="C0", label=f"DDPM, {T} steps")
        panel.axhline(found["two samples of the law"], color="0.5", linestyle=":",
                      label="two samples of the law")  # fmt: skip
        panel.set(xscale="log", title=name, xlabel="steps")
        panel.set_ylim(bottom=0)
        panel.set_xticks(FEW, FEW)
        panel.minorticks_off()
        panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("sliced Wasserstein distance")
    axes[0, 0].legend(frameon=False, fontsize=8)
    run.save_figure("distances", figure)
