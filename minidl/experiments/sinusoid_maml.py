"""Learn to fit a sinusoid to a few of its points: MAML, its relatives, and joint training.

    minidl run sinusoid-maml
    minidl run sinusoid-maml --shots 5

All methods train the same network from the same start on the same waves, and are then given 1,000
waves that none has seen: a few points of each, and up to ten steps of gradient descent.  No single
answer for all waves has a squared error below 3.006, and joint training finds that answer.  The
oracle is told what the methods have to find out, that every task is a wave: it fits a and b in
a sin x + b cos x to the points shown.

The settings are those of the paper (Finn, Abbeel and Levine 2017, section 5.1), with fewer
iterations: a step size of .01 within a task, one step in training, 25 waves an iteration, Adam with
.001 outside.  Reptile takes five steps.  Learned rates are learned for one step, and used for one.
Evolution, which sees no gradient of the outcome, gets a pair of draws for each wave, Adam with .02,
and a third of the iterations; it is tested after the one step too: further ones may diverge.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..graph import tensor
from ..meta import Tasks, forward, sinusoids, squared_error, stacked
from ..recording import no_grad
from . import figures, learners
from .learners import Learner, Settings, to_numpy
from .registry import Option, experiment
from .run import Run

WAVES = 25  # in an iteration
SETTINGS = Settings(lr=0.01, steps=1, meta_lr=1e-3)
SHARES = {"evolution": 1 / 3}  # of the iterations
STEPS = {"learned rates": 1, "evolution": 1}  # when a method is tested; else 10
TABLE = (0, 1, 5, 10)
SHOWN = ("MAML", "first order", "Reptile", "joint training")  # whose waves are drawn

METHODS = {
    "MAML": learners.maml,
    "first order": partial(learners.maml, first_order=True),
    "Reptile": learners.reptile_with_adam,
    "ANIL": learners.anil,
    "learned rates": partial(learners.maml, learn_rates=True),
    "evolution": lambda net, criterion, settings: learners.evolution(
        net, criterion, settings._replace(meta_lr=0.02)
    ),
    "joint training": learners.joint,
}


@experiment(
    "sinusoid-maml",
    "learn to fit a sinusoid to a few points: MAML, its relatives, joint training",
    iterations=Option(3000, "steps of the outer loop", minimum=1),
    shots=Option(10, "points of a wave to learn from", minimum=1),
)
def sinusoid_maml(run: Run, iterations: int, shots: int) -> dict[str, Any]:
    """Train each method, compare how fast they learn new waves, draw some of them."""
    tasks = sinusoids.sample(1000, run.rng).tasks(shots, 100, run.rng, run.device)
    sample = lambda rng: sinusoids.sample(WAVES, rng).tasks(shots, shots, rng, run.device)
    methods = {
        name: partial(method, criterion=squared_error, settings=SETTINGS)
        for name, method in METHODS.items()
    }
    trained, curves = learners.train_all(
        run, methods, sinusoids.network, sample, iterations, SHARES
    )
    errors = {
        name: squared_errors(one, tasks, STEPS.get(name, 10)) for name, one in trained.items()
    }

    run.say(f"\nSquared error on 1,000 new waves, {shots} points of each (mean ± standard error)")
    run.table(
        ["steps of gradient descent", *map(str, TABLE)],
        [[name, *(_cell(error, k) for k in TABLE)] for name, error in errors.items()],
    )
    oracle = wave_oracle(tasks)
    run.say(
        f"Best single answer for all waves: {sinusoids.joint_error():.2f}; oracle: {oracle:.2f}"
    )
    run.save_figure("learning_speed", learning_speed(errors, curves))
    run.save_figure("waves", learned_waves({n: trained[n] for n in SHOWN}, shots))
    run.save_weights("maml", trained["MAML"].net.state_dict())
    return {
        name: {
            "squared_error": error.mean(axis=1),
            "standard_error": error.std(axis=1) / np.sqrt(error.shape[1]),
        }
        for name, error in errors.items()
    } | {"best_single_answer": sinusoids.joint_error(), "oracle": oracle}


def squared_errors(learner: Learner, tasks: Tasks, steps: int) -> np.ndarray:
    """On the query sets, after each step: (steps + 1, T)."""
    loss = stacked(learner.net, squared_error)
    with no_grad():
        values = [loss(theta, *tasks.query) for theta in learner.path(tasks.support, steps)]
    return np.stack([to_numpy(value) for value in values])


def wave_oracle(tasks: Tasks) -> float:
    """The squared error of least squares in sin x and cos x, averaged over the tasks."""
    (x, y), (u, v) = ([to_numpy(part) for part in half] for half in tasks)
    basis = lambda x: np.concatenate([np.sin(x), np.cos(x)], axis=2)
    return float(np.mean((basis(u) @ np.linalg.pinv(basis(x)) @ y - v) ** 2))


def _cell(error: np.ndarray, step: int) -> str:
    if step >= len(error):
        return "-"
    return f"{error[step].mean():.2f} ±{error[step].std() / np.sqrt(error.shape[1]):.2f}"


# ---------------------------------------------------------------------------------- the pictures


def learning_speed(errors: dict[str, np.ndarray], curves: dict[str, list[float]]) -> Any:
    """Left: the error on new waves after each step.  Right: the loss that was minimised."""
    figure, axes = figures.new_figure(10, 4, columns=2)
    for number, (name, error) in enumerate(errors.items()):
        mean = error.mean(axis=1)
        spread = 2 * error.std(axis=1) / np.sqrt(error.shape[1])
        steps, colour = np.arange(len(mean)), f"C{number}"
        axes[0, 0].plot(steps, mean, "o-", color=colour, label=name, markersize=4)
        axes[0, 0].fill_between(steps, mean - spread, mean + spread, color=colour, alpha=0.15)
        axes[0, 1].plot(*learners.average(curves[name]), color=colour, linewidth=1.4)
    for panel in axes[0]:
        panel.axhline(sinusoids.joint_error(), color="gray", linestyle=":", linewidth=1)
        panel.set_yscale("log")
        panel.set_yticks([0.125, 0.25, 0.5, 1, 2, 4], ["0.125", "0.25", "0.5", "1", "2", "4"])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].text(
        10, sinusoids.joint_error() * 1.03, "best single answer for all waves",
        ha="right", va="bottom", fontsize=8, color="gray",
    )  # fmt: skip
    axes[0, 0].set(xlabel="steps of gradient descent on a new wave", ylabel="squared error")
    axes[0, 0].set_title("Learning a new wave", fontsize=11)
    axes[0, 1].set(xlabel="iteration of the outer loop")
    axes[0, 1].set_title("Learning to learn: the loss that training saw", fontsize=11)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=7, frameon=False)
    return figure


def learned_waves(trained: dict[str, Learner], shots: int) -> Any:
    """A row for each method, a column for each wave: before learning, after 1 step, after 10."""
    waves = sinusoids.Sinusoids(np.array([4.0, 2.5, 1.2]), np.array([0.4, 2.4, 3.0]))
    (points, heights), _ = waves.tasks(shots, 1, np.random.default_rng(3))
    x = np.tile(np.linspace(*sinusoids.INPUTS, 200, dtype=np.float32)[:, None], (3, 1, 1))
    styles = {0: ("#bbbbbb", "before"), 1: ("#f2a33a", "1 step"), 10: ("#c0392b", "10 steps")}
    figure, axes = figures.new_figure(10, 7.5, rows=len(trained), columns=3)
    for row, (name, learner) in zip(axes, trained.items()):
        device = next(learner.net.parameters()).device
        path = learner.path((points.to(device), heights.to(device)), 10)
        with no_grad():
            answers = {k: forward(learner.net, path[k], tensor(x, device=device)) for k in styles}
        for t, panel in enumerate(row):
            truth, seen = waves(x)[t, :, 0], (points.data[t, :, 0], heights.data[t, :, 0])
            panel.plot(x[t, :, 0], truth, color="#a9bfd6", linewidth=2.5, label="the wave")
            for k, (colour, label) in styles.items():
                y = to_numpy(answers[k])[t, :, 0]
                panel.plot(x[t, :, 0], y, color=colour, label=label, linewidth=1.5)
            panel.plot(*seen, "o", color="#2c5f8a", markersize=5, label="the points shown")
            panel.set(ylim=(-5.2, 5.2), xticks=[-5, 0, 5], yticks=[-4, 0, 4])
            panel.spines[["top", "right"]].set_visible(False)
            panel.label_outer()
        row[0].set_ylabel(name)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=5, frameon=False)
    return figure
