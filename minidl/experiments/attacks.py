"""Attacks by gradients on a classifier of clothes: how strong, how near, what they look like.

    minidl run attacks

A small network is trained on Fashion-MNIST and attacked on test images.  For a fixed budget, in
three norms: the accuracy that is left after one step, after small steps, after small steps from
several starts, and after noise of the same size.  For the least change: how far away the nearest
wrong answer is, as Carlini and Wagner find it, beside DeepFool, and beside what PGD needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn
from ..attacks import Goal, Result, Threat, bim, fgsm, least_likely, margin, pgd
from ..attacks.black_box import random_noise
from ..attacks.carlini_wagner import carlini_wagner
from ..attacks.report import Report, accuracy_against_budget, report
from ..attacks.threat import norm
from ..attacks.universal import deepfool
from ..graph import Tensor
from . import figures, victim
from .registry import Option, experiment
from .run import Run

BUDGETS = {
    math.inf: (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12),
    2: (0.0, 0.2, 0.4, 0.7, 1.2, 1.8),
    1: (0.0, 1.5, 3.0, 6.0, 10.0, 16.0),
}
NAMES = {math.inf: "$\\ell_\\infty$", 2: "$\\ell_2$", 1: "$\\ell_1$"}
EPSILON = 0.05  # of the table, in l-inf
NEAR = [*np.arange(0.025, 1.5, 0.025), *np.arange(1.5, 2.6, 0.25)]  # PGD's, for the least change


@experiment(
    "attacks",
    "FGSM, BIM, PGD and Carlini-Wagner on a classifier of clothes, at every budget",
    images=Option(100, "test images that are attacked", minimum=10),
    steps=Option(20, "steps of PGD", minimum=10),
    training=Option(480, "steps that the network is trained for", minimum=1),
)
def attacks(run: Run, images: int, steps: int, training: int) -> dict[str, Any]:
    """Train the network, attack it at fixed budgets and for the least change; draw."""
    examples, (x_test, y_test) = victim.images()
    model = victim.train(run, "network", victim.network(run.rng), examples, training)
    chosen = run.rng.permutation(len(x_test))[:images]
    x, y = run.tensor(x_test[chosen]), run.tensor(y_test[chosen])

    curves = {name: against_budget(model, x, y, p, steps) for p, name in _keys(BUDGETS)}
    run.say()
    table, found = at_one_budget(run, model, x, y, steps)
    distances = least_change(model, x, y, found, steps)
    run.say()
    tell(run, curves, table, distances)
    draw_curves(run, curves)
    draw_distances(run, distances)
    draw_images(run, model, x, y, found, steps)
    return {
        "clean_accuracy": table["FGSM"].clean_accuracy,
        "accuracy_against_budget": curves,
        "table": {name: _plain(row) for name, row in table.items()},
        "median_distance": {name: float(np.median(d)) for name, d in distances.items()},
        "outside": worst_violation(x, found),
    }


# ----------------------------------------------------------------------------- fixed budgets


def against_budget(model: nn.Module, x: Tensor, y: Tensor, p: float, steps: int) -> dict[str, Any]:
    """The budgets of a norm, and the accuracy that each attack leaves at each of them."""

    def strongest(model: nn.Module, x: Tensor, goal: Goal, threat: Threat) -> Result:
        # it begins as BIM does, goes on for longer, and starts anew
        how = dict(step_size=threat.reach / 10, restarts=2, random_start=False, rng=0)
        return pgd(model, x, goal, threat, steps, **how)

    def noise(model: nn.Module, x: Tensor, goal: Goal, threat: Threat) -> Result:
        return random_noise(model, x, goal, threat, rng=0)

    kinds: dict[str, Callable] = {"noise": noise, "FGSM": fgsm, "BIM": bim, "PGD": strongest}
    return {"budget": list(BUDGETS[p])} | {
        name: accuracy_against_budget(attack, model, x, y, p, BUDGETS[p])
        for name, attack in kinds.items()
    }


def at_one_budget(
    run: Run, model: nn.Module, x: Tensor, y: Tensor, steps: int
) -> tuple[dict[str, Report], dict[str, tuple[Result, Threat]]]:
    """The reports of the table, and what each attack returned, with its threat model."""
    ball, far = Threat(math.inf, EPSILON), Threat(2, math.inf)
    anything, aimed = Goal(y), least_likely(model, x)
    with run.progress(7, "attacks") as bar:

        def done(result: Result) -> Result:
            bar.step()
            return result

        results = {
            "noise": (done(random_noise(model, x, anything, ball, rng=0)), ball, anything),
            "FGSM": (done(fgsm(model, x, anything, ball)), ball, anything),
            "BIM": (done(bim(model, x, anything, ball)), ball, anything),
            "PGD": (done(pgd(model, x, anything, ball, steps, rng=0)), ball, anything),
            "PGD, least likely": (done(pgd(model, x, aimed, ball, steps, rng=0)), ball, aimed),
            "DeepFool": (done(deepfool(model, x)), far, anything),
            "Carlini-Wagner": (
                done(carlini_wagner(model, x, anything, searches=5, c=0.3)),
                far,
                anything,
            ),
        }
    table = {name: report(model, x, y, r, goal) for name, (r, _, goal) in results.items()}
    return table, {name: (r, threat) for name, (r, threat, _) in results.items()}


def worst_violation(x: Tensor, found: dict[str, tuple[Result, Threat]]) -> float:
    """By how much any image that was returned leaves its ball or its bounds; at most rounding."""
    excess = [0.0]
    for result, threat in found.values():
        image = result.adversarial.data
        low, high = threat.bounds
        excess += [float(threat.size(image - x.data).max()) - threat.epsilon]
        excess += [low - float(image.min()), float(image.max()) - high]
    return max(excess)


# --------------------------------------------------------------------------- the least change


def least_change(
    model: nn.Module, x: Tensor, y: Tensor, found: dict[str, tuple[Result, Threat]], steps: int
) -> dict[str, np.ndarray]:
    """The l2 distance to the nearest wrong image that each attack finds, inf where it finds none.

    Of the images that are classified rightly.  For PGD the least of a row of budgets.
    """
    right = ~fgsm(model, x, Goal(y), Threat(2, 0.0)).success
    needed = np.full(len(x), np.inf)
    for epsilon in NEAR:
        rows = np.flatnonzero(np.isinf(needed))
        goal, threat = Goal(y[rows].data), Threat(2, float(epsilon))
        result = pgd(model, x[rows], goal, threat, steps, random_start=False, objective=margin)
        size = Tensor(norm(result.adversarial.data - x[rows].data, 2)).to("cpu").numpy()
        needed[rows[result.success]] = size[result.success]
        if not np.isinf(needed).any():
            break
    distances = {"PGD": needed}
    for name in ("DeepFool", "Carlini-Wagner"):
        result, _ = found[name]
        size = Tensor(norm(result.adversarial.data - x.data, 2)).to("cpu").numpy()
        distances[name] = np.where(result.success, size, np.inf)
    return {name: np.sort(d[right]) for name, d in distances.items()}


# --------------------------------------------------------------------------------- the outcome


def tell(
    run: Run, curves: dict[str, dict], table: dict[str, Report], distances: dict[str, np.ndarray]
) -> None:
    """Three tables."""
    linf = curves["inf"]
    run.say("Accuracy that is left, by budget in l-inf:")
    run.table(
        ["epsilon", *map(str, linf["budget"])],
        [[k, *(f"{v:.3f}" for v in linf[k])] for k in linf if k != "budget"],
    )
    run.say(f"\nAt {EPSILON} in l-inf, or for the least change; norms are l2, of what succeeded:")
    run.table(["attack", *Report.head()], [[name, *r.row(2)] for name, r in table.items()])
    run.say("\nMedian l2 distance to the nearest wrong image found:")
    run.table(["attack", "distance"], [[k, f"{np.median(d):.3f}"] for k, d in distances.items()])


def draw_curves(run: Run, curves: dict[str, dict]) -> None:
    """The accuracy that is left against the budget, a panel for each norm."""
    figure, axes = figures.new_figure(9, 3.3, columns=len(curves))
    marks = {"noise": "o", "FGSM": "s", "BIM": "^", "PGD": "D"}
    for panel, (p, curve) in zip(axes[0], curves.items()):
        for name, mark in marks.items():
            panel.plot(curve["budget"], curve[name], marker=mark, markersize=4, label=name)
        panel.set(xlabel=f"budget in {NAMES[float(p)]}", ylim=(0, 1))
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    axes[0, 0].set_ylabel("accuracy left")
    axes[0, 0].legend(frameon=False, fontsize=8)
    figure.suptitle("What accuracy is left after attacks, and after noise of the same size")
    run.save_figure("accuracy_against_budget", figure)


def draw_distances(run: Run, distances: dict[str, np.ndarray]) -> None:
    """The share of images that are wrong within a distance, by attack."""
    figure, axes = figures.new_figure(6, 3.6)
    panel = axes[0, 0]
    for name, d in distances.items():
        share = np.arange(1, len(d) + 1) / len(d)
        panel.step(
            np.minimum(d, 1e3), share, where="post", label=f"{name}, median {np.median(d):.3f}"
        )
    panel.set(
        xlabel="$\\ell_2$ distance to the nearest wrong image found", ylabel="share of images",
        ylim=(0, 1), xlim=(0, NEAR[-1]),
    )  # fmt: skip
    panel.grid(alpha=0.3)
    panel.legend(frameon=False, fontsize=9, loc="lower right")
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("least_change", figure)


def draw_images(
    run: Run, model: nn.Module, x: Tensor, y: Tensor, found: dict[str, tuple[Result, Threat]],
    steps: int,
) -> None:  # fmt: skip
    """One image of each class and what attacks make of it, with the model's answer under each."""
    goal = Goal(y)
    shown = {
        f"noise, {EPSILON}": found["noise"][0],
        f"PGD, $\\ell_\\infty$ {EPSILON}": found["PGD"][0],
        "PGD, $\\ell_2$ 1.0": pgd(model, x, goal, Threat(2, 1.0), steps, rng=0),
        "PGD, $\\ell_1$ 10": pgd(model, x, goal, Threat(1, 10.0), steps, rng=0),
        "PGD, $\\ell_0$ 15": pgd(model, x, goal, Threat(0, 15), 2 * steps, rng=0),
        "Carlini-Wagner": found["Carlini-Wagner"][0],
    }
    labels = y.to("cpu").numpy()
    right = ~fgsm(model, x, goal, Threat(2, 0.0)).success
    columns = [int(np.flatnonzero(right & (labels == k))[0]) for k in np.unique(labels[right])]
    rows = {"test image": x} | {name: r.adversarial for name, r in shown.items()}
    rows = {name: images[columns] for name, images in rows.items()}
    title = "What the network says of each image: red where it is wrong"
    run.save_figure("images", victim.answers(model, rows, labels[columns], title))


def _keys(budgets: dict[float, Any]) -> list[tuple[float, str]]:
    return [(p, str(p)) for p in budgets]


def _plain(row: Report) -> dict[str, Any]:
    """A report as JSON has it: keys are text."""
    return {k: {str(p): v for p, v in value.items()} if isinstance(value, dict) else value
            for k, value in vars(row).items()}  # fmt: skip
