"""Several tasks, one after the other: who remembers the first?

Tasks of images of clothes.  `permuted`: the ten classes, the pixels of each task in another order,
one head for all (domain-incremental).  `split`: two classes a task, and a head for each
(task-incremental).  All ways of learning have the same network, start and steps.  What they keep of
old tasks differs: nothing (naive), weights and their importance (EWC), the old network's answers
(LwF), 5 % of the images, a generator, directions of the layers' inputs (projection), all (joint).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from .. import data as sets
from .. import nn
from ..continual import metrics, strategies
from ..continual.learner import MultiHead, accuracy, mlp
from ..graph import Tensor
from . import figures
from .registry import Option, experiment
from .run import Run

HIDDEN, BATCH = 100, 50
TASKS = {"permuted": 4, "split": 5}
LEARNERS: dict[str, Callable[..., strategies.Naive]] = {
    "naive": strategies.Naive,
    "EWC": strategies.EWC,
    "LwF": strategies.LwF,
    "replay, 5 %": strategies.Rehearsal,
    "replay, generated": strategies.GenerativeReplay,
    "projection": strategies.Projection,
    "joint": partial(strategies.Rehearsal, share=1.0),
}

Examples = tuple[Tensor, Tensor]


class Task(NamedTuple):
    """Training and test images (N, 784) and labels."""

    train: Examples
    test: Examples


@experiment(
    "continual",
    "tasks of Fashion-MNIST one after the other: naive, EWC, LwF, replay, projection, joint",
    tasks=Option("permuted", "pixels permuted, or classes split", choices=("permuted", "split")),
    repeats=Option(3, "how often, with other tasks and networks", minimum=1),
    steps=Option(200, "steps for each task", minimum=1),
)
def continual(run: Run, tasks: str, repeats: int, steps: int) -> dict[str, Any]:
    """Learn the tasks in order in every way; accuracy matrices, transfer and forgetting."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in LEARNERS}
    starts = []
    with run.progress(repeats * len(LEARNERS), "learners") as bar:
        for _ in range(repeats):
            sequence, seed = make_tasks(run, tasks), int(run.rng.integers(2**32))
            starts.append([accuracy(make_net(run, tasks, seed).of_task(t), *task.test)
                           for t, task in enumerate(sequence)])  # fmt: skip
            for name, kind in LEARNERS.items():
                log: dict[str, Any] = {}
                with run.stage(name, log):
                    if not log:
                        rng = np.random.default_rng(seed)
                        learner = kind(make_net(run, tasks, seed), rng)
                        log["R"] = accuracy_matrix(learner, sequence, steps, rng).tolist()
                found[name].append(np.array(log["R"]))
                bar.step()
    results = {name: summary(R, np.array(starts)) for name, R in found.items()}
    keys = metrics.Summary._fields
    run.say(f"Mean of {repeats} repeats +- standard deviation, {TASKS[tasks]} tasks ({tasks})\n")
    run.table(
        ["", *(key.replace("_", " ") for key in keys)],
        [
            [name, *(f"{r[key]:.3f} +- {r[f'{key}_spread']:.3f}" for key in keys)]
            for name, r in results.items()
        ],
    )
    matrices = {name: np.mean(R, axis=0) for name, R in found.items()}
    draw_matrices(run, matrices, tasks)
    draw_first_task(run, found, tasks)
    return {name: {**results[name], "matrix": matrices[name]} for name in found}


def make_tasks(run: Run, kind: str) -> list[Task]:
    """The tasks in order, with new permutations, or the classes in a new order."""
    parts = [sets.fashion_mini(split) for split in ("train", "test")]
    images = np.concatenate([x.reshape(len(x), -1) for x, _ in parts])
    labels, n = np.concatenate([y for _, y in parts]), len(parts[0][0])
    if kind == "permuted":
        orders = sets.permuted_tasks(images, TASKS[kind], run.rng)
        halves = [[(x[:n], labels[:n]) for x in orders], [(x[n:], labels[n:]) for x in orders]]
    else:
        labels = run.rng.permutation(10)[labels]
        halves = [sets.split_tasks(images[part], labels[part], TASKS[kind])
                  for part in (slice(n), slice(n, None))]  # fmt: skip
    as_tensors = lambda pair: (run.tensor(pair[0]), run.tensor(pair[1]))
    return [Task(as_tensors(train), as_tensors(test)) for train, test in zip(*halves)]


def make_net(run: Run, kind: str, seed: int) -> MultiHead:
    """A body of two hidden layers; one head of ten classes, or one of two classes for each task."""
    rng = np.random.default_rng(seed)
    heads, classes = (1, 10) if kind == "permuted" else (TASKS[kind], 2)
    body = nn.Sequential(mlp(784, HIDDEN, HIDDEN, rng=rng), nn.ReLU())
    net = MultiHead(body, [nn.Linear(HIDDEN, classes, rng=rng) for _ in range(heads)])
    return net.to(device=run.device)


def accuracy_matrix(
    learner: strategies.Naive, sequence: list[Task], steps: int, rng: np.random.Generator
) -> np.ndarray:
    """R[i, j], the accuracy on task j after learning tasks 0 .. i."""
    rows = []
    for t, task in enumerate(sequence):
        learner.begin(t, task.train, steps)
        for _ in range(steps):
            learner.step(rng.integers(0, len(task.train[1]), BATCH))
        learner.end()
        rows.append([accuracy(learner.net.of_task(j), *one.test) for j, one in enumerate(sequence)])
    return np.array(rows)


# ---------------------------------------------------------------------------------- what is shown


def summary(matrices: list[np.ndarray], starts: np.ndarray) -> dict[str, float]:
    """Mean and standard deviation, over the repeats, of each measure."""
    each = np.array([metrics.summarise(R, b) for R, b in zip(matrices, starts)])
    keys = metrics.Summary._fields
    means = dict(zip(keys, each.mean(axis=0).tolist()))
    return means | {f"{k}_spread": s for k, s in zip(keys, each.std(axis=0).tolist())}


def draw_matrices(run: Run, matrices: dict[str, np.ndarray], tasks: str) -> None:
    """The accuracy matrix of each way of learning: rows are time, columns are tasks."""
    columns = 4
    rows = -(-len(matrices) // columns)
    figure, axes = figures.new_figure(9.5, 2.6 * rows, rows, columns)
    low = 0.5
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, (name, R) in zip(axes.flat, matrices.items()):
        panel.set_axis_on()
        picture = panel.imshow(np.where(np.tri(len(R)) > 0, R, np.nan), vmin=low, vmax=1)
        for (i, j), value in np.ndenumerate(R):
            if j <= i:
                dark = (value - low) / (1 - low) < 0.6
                panel.text(j, i, f"{value:.2f}".lstrip("0"), ha="center", va="center", fontsize=8,
                           color="white" if dark else "black")  # fmt: skip
        panel.set_title(f"{name}: {R[-1].mean():.2f}".replace(" 0.", " ."), fontsize=10)
        ticks = range(len(R))
        panel.set_xticks(ticks, [f"{t + 1}" for t in ticks], fontsize=8)
        panel.set_yticks(ticks, [f"{t + 1}" for t in ticks], fontsize=8)
        panel.tick_params(length=0)
        panel.spines[:].set_visible(False)
    for panel in axes[:, 0]:
        panel.set_ylabel("after learning task", fontsize=8)
    for panel in axes[-1]:
        panel.set_xlabel("accuracy on task", fontsize=8)
    figure.colorbar(picture, ax=axes, label="accuracy", shrink=0.6, extend="min")
    figure.suptitle(f"Accuracy on each task so far ({tasks} Fashion-MNIST); in the title, the mean "
                    "in the end", fontsize=11)  # fmt: skip
    run.save_figure("matrices", figure)


def draw_first_task(run: Run, found: dict[str, list[np.ndarray]], tasks: str) -> None:
    """What is left of the first task, and the mean over the tasks so far, after each task."""
    figure, (axes,) = figures.new_figure(9.5, 3.8, columns=2)
    for number, (name, matrices) in enumerate(found.items()):
        R = np.array(matrices)  # (repeats, T, T)
        after = np.arange(1, R.shape[1] + 1)
        so_far = np.stack([R[:, i, : i + 1].mean(axis=1) for i in range(R.shape[1])], axis=1)
        style = {"naive": "k-", "joint": "k--"}.get(name, f"C{number - 1}o-")
        for panel, values in zip(axes, (R[:, :, 0], so_far)):
            panel.errorbar(after, values.mean(axis=0), values.std(axis=0), fmt=style, label=name,
                           markersize=4, linewidth=1.6, elinewidth=0.8)  # fmt: skip
    titles = "accuracy on the first task", "mean accuracy on the tasks so far"
    for panel, title in zip(axes, titles):
        panel.set(xlabel="tasks learned", xticks=after)
        panel.set_title(title, fontsize=10)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    axes[1].legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    run.save_figure("remembered", figure)
