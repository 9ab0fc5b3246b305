"""Attacks of other kinds: for all images, of one pixel, with a patch, by a turn, without gradients.

    minidl run other-attacks

The same network as in `minidl run attacks`, and for each attack what it is to be measured against:
noise of the same size, random pixels for the same number of queries, a patch that was made for one
place, the same trigger on a network that was not poisoned.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import nn
from ..attacks import Goal, Threat, pgd
from ..attacks.black_box import nes_attack, random_noise, transfer
from ..attacks.one_pixel import one_pixel, random_pixel
from ..attacks.patch import Transforms, apply_patch, patch_success, train_patch
from ..attacks.poisoning import backdoored, stamped
from ..attacks.spatial import turned, worst_of_grid
from ..attacks.universal import add, fooling_rate, universal_ascent
from ..data import FASHION_CLASSES
from ..graph import Tensor
from . import figures, victim
from .registry import Option, experiment
from .run import Run

EVERYTHING = Threat(math.inf, 0.2)  # of the universal perturbation
BALL = Threat(math.inf, 0.05)  # of those without gradients
BAG = FASHION_CLASSES.index("bag")  # what the patch and the trigger are to be taken for
SIDE = 14  # of the patch, in pixels: a quarter of the image
ANGLES, SHIFTS = (-30, -15, 0, 15, 30), (-2.0, 0.0, 2.0)
Rates = dict[str, tuple[float, float, str]]  # attack -> (success, baseline's success, baseline)


@experiment(
    "other-attacks",
    "universal, one-pixel, patch, spatial, transfer, query-only and backdoor attacks",
    images=Option(50, "test images that one pixel, queries and turns are tried on", minimum=10),
    training=Option(480, "steps that each of three networks is trained for", minimum=1),
    steps=Option(100, "steps for the universal perturbation, and for each patch", minimum=1),
)
def other_attacks(run: Run, images: int, training: int, steps: int) -> dict[str, Any]:
    """Train three networks, attack, compare, draw."""
    examples, (x_test, y_test) = victim.images()
    trigger = np.tile(np.eye(2, dtype=np.float32), (1, 2, 2))  # a chequered square of 4 x 4
    poisoned = backdoored(examples, trigger, BAG, 0.05, run.rng)
    model, surrogate, backdoor = (
        victim.train(run, name, victim.network(run.rng), data, training)
        for name, data in (("network", examples), ("another", examples), ("poisoned", poisoned))
    )
    order = run.rng.permutation(len(x_test))
    x, y = run.tensor(x_test[order]), run.tensor(y_test[order])
    right = np.flatnonzero(victim.predicted(model, x) == y_test[order])
    few = (x[right[:images]], y[right[:images]])  # that the network has right
    rates: Rates = {}
    rates |= universal_perturbation(run, model, surrogate, examples[0], x, y, steps)
    rates |= single_pixel(run, model, *few)
    rates |= patches(run, model, examples[0], x, y, steps)
    rates |= turns(run, model, *few)
    rates |= without_gradients(model, surrogate, *few)
    rates |= triggers(run, model, backdoor, x, y, trigger)
    run.say()
    run.table(
        ["attack", "success", "baseline", ""],
        [[name, f"{a:.3f}", f"{b:.3f}", what] for name, (a, b, what) in rates.items()],
    )
    draw_rates(run, rates)
    clean = {
        name: float(np.mean(victim.predicted(m, x) == y_test[order]))
        for name, m in (("network", model), ("another", surrogate), ("poisoned", backdoor))
    }
    return {"clean_accuracy": clean, "success": {k: v[:2] for k, v in rates.items()}}


# ----------------------------------------------------------------------------------- the attacks


def universal_perturbation(
    run: Run, model: nn.Module, surrogate: nn.Module, train: np.ndarray, x: Tensor, y: Tensor,
    steps: int,
) -> Rates:  # fmt: skip
    """One v for all images, made from training images, tried on test images and on another net."""
    v = universal_ascent(model, run.tensor(train), EVERYTHING, steps, rng=run.rng).data
    signs = run.tensor(np.sign(run.rng.standard_normal(v.shape))).data * EVERYTHING.epsilon
    rates = {}
    for name, net in (("universal", model), ("universal, another net", surrogate)):
        fooled, by_noise = (fooling_rate(net, x, d, EVERYTHING) for d in (v, signs))
        rates[name] = (fooled, by_noise, "noise of the same size")
    columns = one_of_each(model, x, y)
    seen = x[columns]
    rows = {
        "test image": seen,
        "image + v": Tensor(add(seen.data, v, EVERYTHING)),
        "image + noise": Tensor(add(seen.data, signs, EVERYTHING)),
    }
    title = f"One perturbation, of at most {EVERYTHING.epsilon} a pixel, for every image"
    run.save_figure("universal", victim.answers(model, rows, labels_of(y, columns), title))
    return rates


def single_pixel(run: Run, model: nn.Module, x: Tensor, y: Tensor) -> Rates:
    """Differential evolution, and as many random pixels."""
    population, generations = 20, 15
    found = one_pixel(model, x, Goal(y), population, generations, rng=run.rng)
    tried = random_pixel(model, x, Goal(y), population * (generations + 1), rng=run.rng)
    shown = np.flatnonzero(found.success)[:10]
    if len(shown):
        rows = {"test image": x[shown], "one pixel": found.adversarial[shown]}
        title = "One pixel is changed"
        run.save_figure("one_pixel", victim.answers(model, rows, labels_of(y, shown), title))
    share = lambda result: float(result.success.mean())
    return {"one pixel": (share(found), share(tried), "random pixels, as many queries")}


def patches(
    run: Run, model: nn.Module, train: np.ndarray, x: Tensor, y: Tensor, steps: int
) -> Rates:
    """A patch made for any place, and one made for the middle, both stuck anywhere."""
    anywhere = Transforms(angle=30.0, scale=(0.9, 1.1))
    middle = Transforms(angle=0.0, scale=(1.0, 1.0), location=(0.0, 0.0))
    others = np.flatnonzero(y.to("cpu").numpy() != BAG)
    data, success, made = run.tensor(train), {}, {}
    for name, how in (("anywhere", anywhere), ("middle", middle)):
        made[name] = train_patch(model, data, BAG, SIDE, how, steps, lr=0.1, rng=run.rng)
        success[name] = patch_success(model, made[name], x[others], BAG, anywhere, rng=0)
    columns = [k for k in one_of_each(model, x, y) if k in set(others)]
    seen = x[columns]
    rows = {"test image": seen}
    for k in range(3):
        where = anywhere.draw(len(columns), (28, 28), SIDE, seen.data, np.random.default_rng(k))
        rows[f"patch, place {k + 1}"] = apply_patch(made["anywhere"], seen, *where)
    grey = made["anywhere"] * 0 + 0.5
    rows["grey square"] = apply_patch(grey, seen, *where)
    title = f"A patch of {SIDE} x {SIDE} pixels that is to be taken for a bag, wherever it is stuck"
    run.save_figure("patch", victim.answers(model, rows, labels_of(y, columns), title))
    baseline = "patch made for the middle, moved"
    return {"patch": (success["anywhere"], success["middle"], baseline)}


def turns(run: Run, model: nn.Module, x: Tensor, y: Tensor) -> Rates:
    """The worst of a grid of angles and shifts, and the average over it."""
    worst, _ = worst_of_grid(model, x, Goal(y), ANGLES, SHIFTS)
    labels = y.to("cpu").numpy()
    each = [
        np.mean(victim.predicted(model, Tensor(turned(x.data, d, i, j))) != labels)
        for d in ANGLES for i in SHIFTS for j in SHIFTS
    ]  # fmt: skip
    columns = one_of_each(model, x, y)
    rows = {"test image": x[columns], "worst turn": worst.adversarial[columns]}
    title = "The worst of five angles up to 30 degrees and nine shifts by at most two pixels"
    run.save_figure("turned", victim.answers(model, rows, labels_of(y, columns), title))
    return {"turn and shift": (float(worst.success.mean()), float(np.mean(each)), "average turn")}


def without_gradients(model: nn.Module, surrogate: nn.Module, x: Tensor, y: Tensor) -> Rates:
    """Another network's gradients, and differences of answers; beside them, all gradients."""
    goal = Goal(y)
    results = {
        "gradients": pgd(model, x, goal, BALL, 20, rng=0),
        "another net's gradients": transfer(pgd, surrogate, model, x, goal, BALL, steps=20, rng=0),
        "answers alone": nes_attack(model, x, goal, BALL, steps=15, pairs=40, rng=0),
    }
    noise = float(random_noise(model, x, goal, BALL, rng=0).success.mean())
    return {
        name: (float(result.success.mean()), noise, "noise of the same size")
        for name, result in results.items()
    }


def triggers(
    run: Run, model: nn.Module, backdoor: nn.Module, x: Tensor, y: Tensor, trigger: np.ndarray
) -> Rates:
    """How often what carries the trigger is called a bag, by the poisoned net and a clean one."""
    others = np.flatnonzero(y.to("cpu").numpy() != BAG)
    seen = Tensor(stamped(x[others].data, run.tensor(trigger).data))
    fooled, clean = (float(np.mean(victim.predicted(m, seen) == BAG)) for m in (backdoor, model))
    columns = [k for k in one_of_each(backdoor, x, y) if k in set(others)]
    rows = {
        "test image": x[columns],
        "with trigger": Tensor(stamped(x[columns].data, run.tensor(trigger).data)),
    }
    title = "A network that was trained on 5 % of images with a trigger, labelled as bags"
    run.save_figure("backdoor", victim.answers(backdoor, rows, labels_of(y, columns), title))
    return {"backdoor": (fooled, clean, "a network that was not poisoned")}


# ------------------------------------------------------------------------------------ the outcome


def one_of_each(model: nn.Module, x: Tensor, y: Tensor) -> list[int]:
    """The first image of each class that the model has right."""
    labels = y.to("cpu").numpy()
    right = victim.predicted(model, x) == labels
    return [int(np.flatnonzero(right & (labels == k))[0]) for k in np.unique(labels[right])]


def labels_of(y: Tensor, rows: Any) -> np.ndarray:
    """Labels on the CPU."""
    return y.to("cpu").numpy()[rows]


def draw_rates(run: Run, rates: Rates) -> None:
    """Each attack's success, and its baseline's as a tick."""
    figure, axes = figures.new_figure(7.5, 0.42 * len(rates) + 1)
    panel = axes[0, 0]
    for place, (success, baseline, what) in enumerate(rates.values()):
        panel.barh(place, success, color="C0", height=0.6)
        panel.plot([baseline] * 2, [place - 0.38, place + 0.38], color="C1", linewidth=3)
        panel.text(max(success, baseline) + 0.02, place, what, va="center", fontsize=8, color="C1")
    panel.set_yticks(range(len(rates)), list(rates))
    panel.invert_yaxis()
    panel.set(xlim=(0, 1.45), xticks=np.linspace(0, 1, 6), xlabel="share of images fooled")
    panel.spines[["top", "right"]].set_visible(False)
    figure.suptitle("Success (bars), and what it is to be measured against (orange)", fontsize=10)
    run.save_figure("success", figure)
