"""Elastic weight consolidation on two tasks, and what it takes for it to work at all.

Task A are ten clusters in 16 dimensions; task B are the same points with their coordinates in
another order.  The network learns A, then B.  The Fisher information of A says what must not move,
if it is made from the gradients of single examples.  Made from mean gradients of batches, as in
several published implementations, it is smaller by about the size of a batch, and so is lambda.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .. import nn, optim
from ..continual import ewc, fisher
from ..continual.learner import accuracy, descend, mlp
from ..data import permuted_tasks
from ..graph import Tensor
from ..recording import no_grad
from ..transforms import grad
from . import figures
from .registry import Option, experiment
from .run import Run

CLASSES, DIMENSIONS, NOISE = 10, 16, 0.9
TRAIN, TEST = 1000, 1000
HIDDEN, BATCH, LR, STEPS = 100, 128, 0.05, 800
LOOKS = 20  # how often accuracies are measured while B is learned
SWEEP = {"sampled": (1, 10, 300), "batch mean": (1, 1000, 10_000, 30_000)}
SWEPT_SEEDS = 2

Weights = dict[str, Tensor]


class Task(NamedTuple):
    """Training and test examples."""

    x: Tensor
    y: Tensor
    x_test: Tensor
    y_test: Tensor


@experiment(
    "ewc",
    "learn a second task without forgetting the first: EWC, and the Fisher that most get wrong",
    strength=Option(100.0, "lambda, the weight of the penalty", above=0),
    repeats=Option(5, "how often, with other data and networks", minimum=1),
)
def elastic_weight_consolidation(run: Run, strength: float, repeats: int) -> dict[str, Any]:
    """Learn A, then B: naively, with EWC of four kinds, and A and B together."""
    log: dict[str, Any] = {"curves": {}, "sweep": {form: {} for form in SWEEP}, "smaller": []}
    with run.loop("repeats", repeats, log) as loop:
        for repeat in loop:
            kept = (log["curves"], log["sweep"], log["smaller"])
            one_repeat(run, strength, *kept, repeat < SWEPT_SEEDS)
    curves, smaller = log["curves"], log["smaller"]
    sweep = {form: {float(k): v for k, v in found.items()} for form, found in log["sweep"].items()}
    results = {name: summary(np.array(paths)) for name, paths in curves.items()}
    run.say(f"Accuracy on test points, in the mean of {repeats} repeats (+- standard deviation)\n")
    run.table(
        ["learning B", "A before", "A after", "least", "B after", "least"],
        [
            [name, f"{r['A before']:.3f}", *(
                text for task in "AB"
                for text in (f"{r[f'{task} after']:.3f} +- {r[f'{task} spread']:.3f}",
                             f"{r[f'{task} least']:.3f}"))]
            for name, r in results.items()
        ],
    )  # fmt: skip
    run.say(
        f"\nThe Fisher of batch means is {np.mean(smaller):.0f} times smaller than that of single "
        f"examples; a batch has {BATCH}."
    )
    draw_forgetting(run, curves, strength)
    draw_sweep(run, sweep)
    swept = {
        form: {f"{k:g}": np.mean(v, axis=0) for k, v in by.items()} for form, by in sweep.items()
    }
    return {**results, "times smaller": float(np.mean(smaller)), "sweep": swept}


def one_repeat(
    run: Run, strength: float, curves: dict, sweep: dict, smaller: list, with_sweep: bool
) -> None:
    """New data and a new network, which learns B in each way after it has learned A."""
    a, b = make_tasks(run)
    net = mlp(DIMENSIONS, HIDDEN, CLASSES, rng=run.rng).to(device=run.device)
    learn(run, net, a, [], 0.0, (a, b))
    learned = copy_of(net)
    forms = importances(run, net, a)
    smaller.append(total(forms["sampled"]) / total(forms["batch mean"]))

    def after(form: str | None, strength: float) -> list:
        net.load_state_dict(learned)
        anchors = [ewc.anchor(net, forms[form])] if form else []
        return learn(run, net, b, anchors, strength, (a, b))

    curves.setdefault("naive", []).append(after(None, 0.0))
    for form in forms:
        curves.setdefault(f"EWC, {form}", []).append(after(form, strength))
    both = Task(*(np.concatenate(pair) for pair in zip(a, b)))
    net.load_state_dict(learned)
    curves.setdefault("A and B together", []).append(learn(run, net, both, [], 0.0, (a, b)))
    if with_sweep:
        for form, found in sweep.items():
            found.setdefault(str(strength), []).append(curves[f"EWC, {form}"][-1][-1])
            for other in SWEEP[form]:
                found.setdefault(str(other), []).append(after(form, other)[-1])


def make_tasks(run: Run) -> tuple[Task, Task]:
    """Points around ten random centres, and the same with their coordinates permuted."""
    centres = run.rng.standard_normal((CLASSES, DIMENSIONS))
    y = run.rng.integers(0, CLASSES, TRAIN + TEST)
    x = centres[y] + NOISE * run.rng.standard_normal((len(y), DIMENSIONS))
    y = run.tensor(y)
    made = []
    for points in permuted_tasks(x, 2, run.rng):
        points = run.tensor(points)
        made.append(Task(points[:TRAIN], y[:TRAIN], points[TRAIN:], y[TRAIN:]))
    return made[0], made[1]


def learn(
    run: Run, net: nn.Module, task: Task, anchors: list, strength: float, judged: tuple[Task, Task]
) -> list[tuple[float, float]]:
    """Descend the task's loss; returns the accuracies on A and B, at the start and LOOKS times."""
    optimiser = optim.SGD(net.parameters(), lr=LR)
    look = lambda: tuple(accuracy(net, one.x_test, one.y_test) for one in judged)
    path = [look()]
    for step in range(1, STEPS + 1):
        rows = run.rng.integers(0, len(task.y), BATCH)
        descend(optimiser, ewc.loss(net, task.x[rows], task.y[rows], anchors, strength))
        if step % (STEPS // LOOKS) == 0:
            path.append(look())
    return path


# ----------------------------------------------------------------------------- the Fisher's forms


def importances(run: Run, net: nn.Module, task: Task) -> dict[str, Weights]:
    """The diagonal in three forms, and the published bug."""
    noise = run.tensor(run.rng.random(len(task.x)))
    return {
        "exact": fisher.exact(net, task.x),
        "sampled": fisher.sampled(net, task.x, noise),
        "empirical": fisher.empirical(net, task.x, task.y),
        "batch mean": batch_mean(net, task.x, noise),
    }


@no_grad()
def batch_mean(net: nn.Module, x: Tensor, noise: Tensor) -> Weights:
    """The squares of the batches' mean gradients, averaged: what EWC must not be given.

    Avalanche's issue #1224; also in the EWC of GEM's code, issue #7.
    """
    y = fisher.draw_classes(nn.functional.softmax(net(x), dim=1), noise)
    squares = []
    for start in range(0, len(x) - BATCH + 1, BATCH):
        part = slice(start, start + BATCH)
        g = mean_gradient(net, x[part], y[part])
        squares.append({name: own * own for name, own in g.items()})
    return {name: sum(s[name] for s in squares) / len(squares) for name in squares[0]}


def mean_gradient(net: nn.Module, x: Tensor, y: Tensor) -> Weights:
    """The gradient of the mean log-likelihood of a batch."""
    return grad(lambda net: fisher.log_likelihood(net, x, y).mean())(net)


def copy_of(net: nn.Module) -> Weights:
    return {name: value.copy() for name, value in net.state_dict().items()}


def total(weights: Weights) -> float:
    return sum(part.sum().item() for part in weights.values())


# ---------------------------------------------------------------------------------- what is shown


def summary(paths: np.ndarray) -> dict[str, float]:
    """paths: (repeats, looks, 2) accuracies on A and B."""
    found = {"A before": float(paths[:, 0, 0].mean())}
    for task, name in enumerate("AB"):
        last = paths[:, -1, task]
        found[f"{name} after"] = float(last.mean())
        found[f"{name} spread"] = float(last.std())
        found[f"{name} least"] = float(last.min())
        found[f"{name} most"] = float(last.max())
    return found


def draw_forgetting(run: Run, curves: dict[str, list], strength: float) -> None:
    """The accuracies on A and on B while B is learned, each repeat and their mean."""
    shown = {
        "naive": "naive", "EWC, batch mean": "EWC, Fisher of batch means",
        "EWC, sampled": "EWC, Fisher of single examples", "A and B together": "A and B together",
    }  # fmt: skip
    colours = {"naive": "C7", "EWC, batch mean": "C3", "EWC, sampled": "C0",
               "A and B together": "C2"}  # fmt: skip
    figure, (axes,) = figures.new_figure(9.5, 4, columns=2)
    steps = np.linspace(0, STEPS, LOOKS + 1)
    for task, panel in enumerate(axes):
        for name, label in shown.items():
            paths = np.array(curves[name])[:, :, task]
            for path in paths:
                panel.plot(steps, path, color=colours[name], alpha=0.25, linewidth=0.8)
            panel.plot(steps, paths.mean(axis=0), color=colours[name], linewidth=2.2, label=label)
        panel.axhline(1 / CLASSES, color="black", linestyle=":", linewidth=1)
        panel.set(ylim=(0, 1.02), xlabel="steps of learning B", ylabel="accuracy on test points")
        panel.set_title(f"Task {'AB'[task]}", fontsize=11)
        panel.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False, fontsize=9, loc="lower right", bbox_to_anchor=(1, 0.12))
    axes[1].text(STEPS, 1 / CLASSES + 0.015, "chance", ha="right", fontsize=8)
    figure.suptitle(f"What is left of task A while task B is learned (lambda = {strength:g})",
                    fontsize=11)  # fmt: skip
    run.save_figure("forgetting", figure)


def draw_sweep(run: Run, sweep: dict[str, dict[float, list]]) -> None:
    """Accuracies on A and B after both, against lambda."""
    figure, axes = figures.new_figure(7, 4)
    panel = axes[0, 0]
    for form, colour in (("sampled", "C0"), ("batch mean", "C3")):
        strengths = sorted(sweep[form])
        means = np.array([np.mean(sweep[form][k], axis=0) for k in strengths])
        name = {"sampled": "of single examples", "batch mean": "of batch means"}[form]
        panel.plot(strengths, means[:, 0], "o-", color=colour, label=f"A, Fisher {name}")
        panel.plot(strengths, means[:, 1], "s--", color=colour, alpha=0.6,
                   label=f"B, Fisher {name}")  # fmt: skip
    panel.set(xscale="log", ylim=(0, 1.02), xlabel="lambda", ylabel="accuracy after learning B")
    panel.set_title(f"Squared batch means need a lambda about {BATCH} times as large", fontsize=11)
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("strength", figure)
