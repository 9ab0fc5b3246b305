"""Langevin dynamics: what a step size costs, and how temperatures bring chains from mode to mode.

    minidl run langevin

First N(0, 1): the variance in which chains end, beside 1 / (1 - eps/2), without and with a
Metropolis step.  Then two modes 12 apart: chains without temperatures, simulated tempering with
weights that it has estimated itself, and parallel tempering.  Last, how long it takes until both
modes have their share as they are moved apart: exactly, by the powers of the chain's matrix.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..generative.langevin import langevin, mala_step
from ..generative.tempering import (
    Ladder,
    Walkers,
    estimate_log_weights,
    parallel_tempering_step,
    simulated_tempering_step,
    temperatures,
)
from ..oracles import chains
from ..oracles.gaussians import Mixture
from . import figures
from .registry import Option, experiment
from .run import Run

STEPS = (0.05, 0.1, 0.2, 0.5, 1.0)
HALF_DISTANCES = (2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0, 5.5, 6.0)
STEP, LEVELS, WALKERS = 0.1, 6, 100


@experiment(
    "langevin",
    "Langevin dynamics: the bias of a step size; tempering between two far modes",
    steps=Option(3000, "steps of each chain between the modes", minimum=2),
)
def langevin_dynamics(run: Run, steps: int) -> dict[str, Any]:
    """Measure the bias, the shares of the modes, and the time until they are right."""
    bias = measure_bias(run)
    run.say("N(0, 1): the variance in which chains end (standard error .01)")
    run.table(
        ["step", "Langevin", "1/(1 - step/2)", "with Metropolis", "accepted"],
        [
            [f"{step:g}", f"{row['langevin']:.3f}", f"{row['theory']:.3f}", f"{row['mala']:.3f}",
             f"{row['accepted']:.0%}"]
            for step, row in bias.items()
        ],
    )  # fmt: skip
    modes, traces = cross(run, steps)
    run.say(f"\nModes at -6 and +6, {WALKERS} chains begun at +6, {steps} steps")
    run.table(
        ["", "left", "at level 1"],
        [
            [name, f"{row['left']:.3f}", f"{row['coldest']:.3f}" if "coldest" in row else ""]
            for name, row in modes.items()
        ],
    )
    times = {m: {name: balance(m, name) for name in ("alone", "tempered")} for m in HALF_DISTANCES}
    run.say("\nSteps until the modes at -m and +m have .45 and .55, exactly")
    run.table(
        ["m", "Langevin", "simulated tempering"],
        [[f"{m:g}", f"{row['alone']:,}", f"{row['tempered']:,}"] for m, row in times.items()],
    )
    draw_bias_and_times(run, bias, times)
    draw_chains(run, traces)
    text = lambda rows: {f"{key:g}": row for key, row in rows.items()}
    return {"bias": text(bias), "modes": modes, "steps_until_balance": text(times)}


def measure_bias(run: Run) -> dict[float, dict[str, float]]:
    """The mean variance of 2,000 chains in N(0, 1) over times 5 to 25, for each step size, without
    and with Metropolis."""
    score, draw = lambda x: -x, run.rng.standard_normal
    log_density = lambda x: -0.5 * (x**2).sum(axis=1)
    found = {}
    for step in STEPS:
        start, steps, unused = draw((2000, 1)), int(25 / step), int(5 / step)
        variances = [x.var() for x in langevin(start, score, step, steps, draw)]
        x, mended, accepted = start, [], []
        for _ in range(steps):
            z, u = draw(x.shape), run.rng.uniform(size=len(x))
            x, went = mala_step(x, log_density, score, step, z, u)
            mended.append(x.var())
            accepted.append(went.mean())
        found[step] = {
            "langevin": float(np.mean(variances[unused:])), "theory": 1 / (1 - step / 2),
            "mala": float(np.mean(mended[unused:])), "accepted": float(np.mean(accepted)),
        }  # fmt: skip
    return found


def two_modes(m: float) -> Mixture:
    return Mixture(np.array([0.5, 0.5]), np.array([[-m], [m]]), np.ones(2))


def cross(run: Run, steps: int) -> tuple[dict[str, dict[str, float]], dict[str, np.ndarray]]:
    """The share of cold chains on the left, over the second half of the steps; and their ways."""
    law, rng = two_modes(6.0), run.rng
    of_law = law.log_density, law.score
    c = temperatures(2.0 ** (LEVELS - 1), LEVELS)
    start = np.full((WALKERS, 1), 6.0)
    alone = np.stack([*langevin(start, law.score, STEP, steps, rng.standard_normal)])
    weights = estimate_log_weights(start, *of_law, c, STEP, 400, rng)
    walkers, replicas = Walkers(start, np.zeros(WALKERS, np.int64)), np.stack([start] * LEVELS)
    where, level, coldest = [], [], []
    with run.progress(steps, "tempering") as bar:
        for _ in range(steps):
            walkers = simulated_tempering_step(walkers, *of_law, Ladder(c, weights), STEP, rng)
            replicas = parallel_tempering_step(replicas, *of_law, c, STEP, rng)
            where.append(walkers.x[:, 0])
            level.append(walkers.level)
            coldest.append(replicas[0, :, 0])
            bar.step()
    where, level, coldest = np.stack(where), np.stack(level), np.stack(coldest)
    half = slice(steps // 2, None)
    cold = level[half] == 0
    modes = {
        "Langevin": {"left": float((alone[half] < 0).mean())},
        "simulated tempering": {
            "left": float((where[half] < 0)[cold].mean()), "coldest": float(cold.mean()),
        },
        "parallel tempering": {"left": float((coldest[half] < 0).mean())},
    }  # fmt: skip
    return modes, {"alone": alone[:, 0, 0], "tempered": where[:, 0], "level": level[:, 0]}


def balance(m: float, kind: str) -> int:
    """Steps until a chain from the right mode is left with chance .45, by the chain's matrix."""
    law = two_modes(m)
    hottest = m**2 / 2  # as high as the hill between the modes
    c = np.ones(1)
    if kind == "tempered":
        c = temperatures(hottest, 1 + int(np.ceil(np.log2(hottest))))
    points = np.arange(0.2, m + 5 * np.sqrt(c[-1]), 0.4)
    points = np.concatenate([-points[::-1], points])
    kernel = chains.tempering_kernel(points, law.log_density, law.score, c, STEP)
    start = np.zeros((len(c), len(points)))
    start[0] = np.exp(-((points - m) ** 2) / 2)
    imbalance = np.tile(np.sign(points), len(c))  # its mean is 1 at first, .1 with .45 and .55
    return chains.steps_until(kernel, start.reshape(-1) / start.sum(), imbalance, 0.1)


# ------------------------------------------------------------------------------------ the pictures


def draw_bias_and_times(run: Run, bias: dict[float, Any], times: dict[float, Any]) -> None:
    """The variance over the step size; the time over the distance."""
    figure, (axes,) = figures.new_figure(9, 3.4, columns=2)
    step = np.linspace(0, 1.05, 100)
    axes[0].plot(step, 1 / (1 - step / 2), color="0.6", label="1 / (1 - step/2)")
    axes[0].plot([*bias], [row["langevin"] for row in bias.values()], "o", label="Langevin")
    axes[0].plot([*bias], [row["mala"] for row in bias.values()], "s", label="with Metropolis")
    axes[0].set(title="N(0, 1): where the variance ends", xlabel="step", ylabel="variance")
    distance = [2 * m for m in times]
    for name, label, mark in (("alone", "Langevin", "o-"), ("tempered", "tempering", "s-")):
        axes[1].plot(distance, [row[name] for row in times.values()], mark, label=label)
    axes[1].set(title="Steps until both modes have their share", xlabel="distance of the modes",
                ylabel="steps", yscale="log")  # fmt: skip
    for panel in axes:
        panel.legend(frameon=False, fontsize=9)
        panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("bias_and_times", figure)


def draw_chains(run: Run, traces: dict[str, np.ndarray]) -> None:
    """One chain without temperatures, and one with, coloured by its level."""
    figure, axes = figures.new_figure(9, 4.6, rows=2)
    count = np.arange(len(traces["alone"]))
    axes[0, 0].plot(count, traces["alone"], linewidth=0.5, color="C0")
    axes[0, 0].set_title("A Langevin chain stays in the mode where it began", fontsize=10)
    points = axes[1, 0].scatter(
        count, traces["tempered"], c=traces["level"] + 1, s=2, cmap="coolwarm", vmin=1, vmax=LEVELS
    )
    axes[1, 0].set_title("Simulated tempering crosses while it is hot", fontsize=10)
    axes[1, 0].set_xlabel("step")
    for panel in axes[:, 0]:
        panel.set(ylabel="x", xlim=(0, len(count)))
        for mode in (-6, 6):
            panel.axhline(mode, color="0.8", linewidth=0.8, zorder=0)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylim(-12, 12)
    figure.colorbar(points, ax=axes[:, 0], label="level, cold to hot", shrink=0.6)
    run.save_figure("chains", figure)
