"""Three ways to train the same network, and what attacks leave of each.

    minidl run adversarial-training

The classifier of Fashion-MNIST that attacks and defences share is trained on images as they are,
with FGSM's mixed in, and on PGD's; and, as a fourth defence, the plain one is put behind rounded
inputs, which hide its gradient.  All are judged on the same test images: clean, after FGSM, after
PGD that is stronger than the one of training, and, where the gradient is hidden, after PGD with
straight-through gradients.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..attacks import Goal, Threat, fgsm, pgd
from ..attacks.access import Access, Model, numpy
from ..data import FASHION_CLASSES
from ..defences.adversarial_training import Attack, fgsm_attack, mixed_loss, pgd_attack
from ..defences.obfuscation import Quantised
from ..graph import Tensor
from . import figures
from .registry import Option, experiment
from .run import Run
from .training import minimise
from .victim import Examples, images, network

LEVELS = 8  # of grey, behind which a gradient is hidden
RADII = (0.0, 0.025, 0.05, 0.1, 0.15, 0.2, 0.3)  # of the balls of the curves
FEW = 200  # test images for the curves


@experiment(
    "adversarial-training",
    "training on clean, FGSM's and PGD's images of clothes: accuracy under attack",
    epsilon=Option(0.1, "radius of the l_inf ball, of grey values from 0 to 1", above=0),
    steps=Option(400, "training steps of 50 images", minimum=1),
    judged=Option(500, "test images that are attacked, at most 500", minimum=50),
)
def adversarial_training(run: Run, epsilon: float, steps: int, judged: int) -> dict[str, Any]:
    """Train, attack, compare, draw."""
    train, test = images()
    test = test[0][:judged], test[1][:judged]
    threat = Threat(np.inf, epsilon)
    ways: dict[str, tuple[Attack, float]] = {
        "plain": (lambda model, x, y: x, 1.0),
        "FGSM mix": (fgsm_attack(threat), 0.5),
        "PGD": (pgd_attack(threat, 4, run.rng), 0.0),
    }
    models = {
        name: fit(run, name, train, attack, clean, steps) for name, (attack, clean) in ways.items()
    }
    results = {name: judge(run, model, test, threat) for name, model in models.items()}
    hidden = Quantised(models["plain"], LEVELS)
    results["plain, rounded"] = judge(run, hidden, test, threat)
    seen_through = attacked(run, hidden.seen_through(), test, threat)
    results["plain, rounded"]["adaptive"] = 1 - success(hidden, seen_through, test)
    run.say(f"Accuracy on {len(test[0])} test images; attacks move each pixel by up to {epsilon:g}")
    run.table(
        ["trained", "clean", "FGSM", "PGD", "BPDA"],
        [
            [name, *(f"{r[key]:.3f}" if key in r else "" for key in
                     ("clean", "fgsm", "pgd", "adaptive"))]
            for name, r in results.items()
        ],
    )  # fmt: skip
    curves = {name: curve(run, model, test) for name, model in models.items()}
    draw_accuracy(run, results, curves, epsilon)
    draw_examples(run, models, test, epsilon)
    draw_slopes(run, models, test)
    run.save_weights("weights", models["PGD"].state_dict())
    return {**results, "radii": RADII, "curves": curves}


def fit(
    run: Run, name: str, examples: Examples, attack: Attack, clean: float, steps: int
) -> nn.Module:
    """Train a network; returns it in eval mode."""
    model = network(run.rng)

    def loss(_: int) -> Tensor:
        rows = run.rng.integers(0, len(examples[0]), 50)
        x, y = (run.tensor(part[rows]) for part in examples)
        return mixed_loss(model, x, attack(model, x, y), y, clean)

    minimise(run, name, model.train(), loss, steps, lr=2e-3)
    return model.eval()


# ------------------------------------------------------------------------------- the judgement


def judge(run: Run, model: nn.Module, examples: Examples, threat: Threat) -> dict[str, float]:
    """Accuracy on clean images, after FGSM, and after PGD of 20 steps from two starts."""
    x, y = map(run.tensor, examples)
    one_step = fgsm(model, x, Goal(y.data), threat).adversarial
    return {
        "clean": 1 - success(model, x, examples),
        "fgsm": 1 - success(model, one_step, examples),
        "pgd": 1 - success(model, attacked(run, model, examples, threat), examples),
    }


def attacked(run: Run, model: Model, examples: Examples, threat: Threat) -> Tensor:
    """What PGD makes of the images: the same random starts for every model."""
    x, y = map(run.tensor, examples)
    return pgd(model, x, Goal(y.data), threat, 20, restarts=2, rng=run.seed).adversarial


def success(model: nn.Module, x: Tensor, examples: Examples) -> float:
    """The share of images that the model gets wrong."""
    return float((answers(model, x) != examples[1]).mean())


def curve(run: Run, model: nn.Module, examples: Examples) -> list[float]:
    """Accuracy after PGD of 10 steps for each radius, on the first test images."""
    x, y = (run.tensor(part[:FEW]) for part in examples)
    goal = Goal(y.data)
    return [
        1 - float(pgd(model, x, goal, Threat(np.inf, r), 10, rng=run.seed).success.mean())
        for r in RADII
    ]


# -------------------------------------------------------------------------------- the pictures


def draw_accuracy(
    run: Run, results: dict[str, Any], curves: dict[str, list[float]], epsilon: float
) -> None:
    """Accuracy over the radius, and what is left of the defence that hides its gradient."""
    figure, (axes,) = figures.new_figure(9.5, 3.8, columns=2)
    for name, values in curves.items():
        axes[0].plot(RADII, values, "o-", markersize=4, label=f"trained: {name}")
    axes[0].axvline(epsilon, color="0.6", linestyle=":", label="radius in training")
    axes[0].set(xlabel="radius of the attack (l_inf)", ylabel="accuracy after PGD", ylim=(0, 1))
    axes[0].legend(frameon=False, fontsize=8)
    axes[0].set_title("What PGD leaves", fontsize=10)
    bars = {
        "plain:\nPGD": (results["plain"]["pgd"], "C0"),
        "rounded:\nPGD": (results["plain, rounded"]["pgd"], "0.7"),
        "rounded:\nBPDA": (results["plain, rounded"]["adaptive"], "0.7"),
        "PGD-trained:\nPGD": (results["PGD"]["pgd"], "C2"),
    }
    heights, colours = zip(*bars.values())
    drawn = axes[1].bar(list(bars), heights, color=colours, width=0.6)
    axes[1].bar_label(drawn, [f"{h:.2f}" for h in heights], fontsize=9)
    axes[1].set(ylabel=f"accuracy at radius {epsilon:g}", ylim=(0, 1))
    axes[1].tick_params(axis="x", length=0)
    axes[1].set_title(f"Rounding to {LEVELS} grey values hides the gradient only", fontsize=10)
    for panel in axes:
        panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("accuracy", figure)


def draw_examples(run: Run, models: dict[str, nn.Module], test: Examples, epsilon: float) -> None:
    """Test images that both networks know, attacked through each, and what it then says."""
    chosen = some_of_each_class(run, models, test)
    pictures, captions = [chosen[0]], [FASHION_CLASSES[k] for k in chosen[1]]
    for name in ("plain", "PGD"):
        moved = attacked(run, models[name], chosen, Threat(np.inf, epsilon))
        said = answers(models[name], moved)
        pictures.append(numpy(moved))
        captions += [FASHION_CLASSES[k] for k in said]
    title = "Test images; attacked, with the plain network's answers; with the PGD-trained one's"
    grid = np.concatenate(pictures)[:, 0]
    run.save_figure("examples", figures.image_grid(grid, captions, 10, title, limits=(0, 1)))


def draw_slopes(run: Run, models: dict[str, nn.Module], test: Examples) -> None:
    """The gradient of each network's loss with respect to the pixels of some test images."""
    chosen = some_of_each_class(run, models, test)
    x, y = map(run.tensor, chosen)
    rows = {"test image": (chosen[0], "gray", 0)}
    for name, model in models.items():
        with Access(model, len(x)) as access:
            g = numpy(access.gradient(x.data, Goal(y.data))[2])
        rows[f"trained: {name}"] = g / np.abs(g).max(axis=(1, 2, 3), keepdims=True), "RdBu", -1
    figure, axes = figures.new_figure(9, 3.9, len(rows), 10)
    for line, (name, (pictures, cmap, low)) in zip(axes, rows.items()):
        for panel, picture in zip(line, pictures[:, 0]):
            panel.imshow(picture, cmap=cmap, vmin=low, vmax=1)
            panel.set_xticks([])
            panel.set_yticks([])
            panel.spines[:].set_visible(False)
        line[0].set_ylabel(name, rotation=0, ha="right", va="center", fontsize=9)
    title = "How the loss depends on each pixel (blue: it rises with the pixel, red: it falls)"
    figure.suptitle(title, fontsize=11)
    run.save_figure("slopes", figure)


def some_of_each_class(run: Run, models: dict[str, nn.Module], test: Examples) -> Examples:
    """Of each class the first test image that all the networks know, if there is one."""
    x, y = test
    known = np.all([answers(model, run.tensor(x)) == y for model in models.values()], axis=0)
    rows = [np.argmax(2 * (y == k) + (known & (y == k))) for k in range(10)]
    return x[rows], y[rows]


def answers(model: nn.Module, x: Tensor) -> np.ndarray:
    """The class that the model gives each image."""
    with Access(model, len(x)) as access:
        return numpy(access.logits(x.data)).argmax(axis=1)
