"""Transfer and interference: does a step for task B help task A, or hurt it?

A network has learned to tell half of the clothes of Fashion-MNIST apart (task A).  Then it takes
steps of SGD for a task B: the other half of the images, the same images with their pixels in
another order, or with their labels moved on by one.  Before each step the gradients of both tasks
say what it will do to the loss of A: -eta g_A . g_B, to first order.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import data as sets
from .. import optim
from ..continual import transfer
from ..continual.learner import accuracy, descend, mlp
from ..graph import Tensor
from ..nn import functional as F
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run
from .training import minimise

HIDDEN, LR = 64, 0.005
KINDS = ("other images", "pixels permuted", "labels moved")


@experiment(
    "interference",
    "steps for a task B, and what the cosine of gradients foretells for task A",
    steps=Option(60, "steps of SGD for task B", minimum=2),
)
def interference(run: Run, steps: int) -> dict[str, Any]:
    """Learn A; for three tasks B, take steps and compare the change of A's loss with theory."""
    images, labels = sets.fashion_mini("train")
    x, y = images.reshape(len(images), -1), labels
    half = len(x) // 2
    order = run.rng.permutation(len(x))
    x, y = x[order], y[order]
    a = run.tensor(x[:half]), run.tensor(y[:half])
    others = {
        "other images": (x[half:], y[half:]),
        "pixels permuted": (sets.permuted_tasks(x[:half], 2, run.rng)[1], y[:half]),
        "labels moved": (x[:half], (y[:half] + 1) % 10),
    }
    net = mlp(784, HIDDEN, 10, rng=run.rng)
    batch = lambda: run.rng.integers(0, half, 100)
    minimise(run, "task A", net, lambda _: loss_on(net, a, batch()), 60, 2e-3)
    learned = {name: value.copy() for name, value in net.state_dict().items()}
    results, paths = {}, {}
    for kind in KINDS:
        net.load_state_dict(learned)
        b = tuple(run.tensor(part) for part in others[kind])
        before = accuracy(net, *a)
        paths[kind] = path = follow(run, net, a, b, steps)
        results[kind] = {
            "cosine at first": float(path[0, 0]),
            "cosine": float(path[:, 0].mean()),
            "predicted": float(path[:, 1].sum()),
            "measured": float(path[:, 2].sum()),
            "A before": before,
            "A after": accuracy(net, *a),
        }
    run.say(f"{steps} steps of SGD for B: the change of A's loss, and its accuracy\n")
    head = ["task B", *results[KINDS[0]]]
    run.table(head, [[k, *(f"{r[key]:+.3f}" if "A" not in key else f"{r[key]:.3f}"
                           for key in head[1:])] for k, r in results.items()])  # fmt: skip
    draw(run, paths)
    return results


def loss_on(net: Any, task: tuple[Tensor, Tensor], rows: np.ndarray) -> Tensor:
    """The mean cross-entropy on some rows of a task."""
    return F.cross_entropy(net(task[0][rows]), task[1][rows])


def follow(run: Run, net: Any, a: tuple, b: tuple, steps: int) -> np.ndarray:
    """Steps for B: of each the cosine, and L_A's change, predicted and measured: (steps, 3)."""
    optimiser, path = optim.SGD(net.parameters(), lr=LR), []
    for _ in range(steps):
        with no_grad():
            before = F.cross_entropy(net(a[0]), a[1]).item()
            cosine = transfer.cosine(net, a, b).item()
            predicted = transfer.predicted_change(net, a, b, LR).item()
        descend(optimiser, F.cross_entropy(net(b[0]), b[1]))
        with no_grad():
            path.append((cosine, predicted, F.cross_entropy(net(a[0]), a[1]).item() - before))
    return np.array(path)


def draw(run: Run, paths: dict[str, np.ndarray]) -> None:
    """Cosines over the steps; measured against predicted change of A's loss."""
    figure, ((left, right),) = figures.new_figure(9.5, 4, columns=2)
    for number, (kind, path) in enumerate(paths.items()):
        left.plot(np.arange(len(path)), path[:, 0], color=f"C{number}", linewidth=2, label=kind)
        right.plot(path[:, 1], path[:, 2], ".", color=f"C{number}", label=kind, markersize=7)
    right.axline((0, 0), slope=1, color="black", linewidth=0.8)
    for panel in (left, right):
        panel.axhline(0, color="black", linewidth=0.6)
        panel.spines[["top", "right"]].set_visible(False)
    left.set(xlabel="steps for task B", ylabel="cosine of the gradients of A and B", ylim=(-1, 1))
    left.set_title("Above 0 transfer, below 0 interference", fontsize=10)
    right.set(xlabel="predicted change of A's loss", ylabel="measured change, a dot a step")
    right.set_title("-eta g_A.g_B foretells what a step for B does to A", fontsize=10)
    right.locator_params(nbins=5)
    left.legend(frameon=False, fontsize=9)
    run.save_figure("interference", figure)
