"""What can be proved about a network, beside what the strongest attack does to it.

    minidl run certificates

For each radius two numbers bound the accuracy that is left under the worst attack: from below the
share of images for which a proof is found, from above the share that PGD does not fool.  Between
them nothing is known.

In l_inf, for the same small network trained in three ways: on the cross-entropy, on interval
bounds, on CROWN's with hidden boxes from intervals.  In l2, for networks trained under noise and
smoothed.  No image may have a proof and be fooled: such violations are counted.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import nn
from ..attacks import Goal, Threat, pgd
from ..attacks.access import numpy
from ..defences import intervals, linear_bounds, smoothing
from ..defences.intervals import Box, ball, ramp
from ..graph import Tensor, tensor
from ..nn import functional as F
from ..recording import no_grad
from . import figures
from .registry import Option, experiment
from .run import Run
from .training import minimise
from .victim import Examples, images

TRAINED_FOR = 0.05  # radius of the l_inf ball in training
RADII = (0.0, 0.01, 0.02, 0.03, 0.05, 0.07, 0.1)  # l_inf
SIGMAS, ROUND, DRAWS, ALPHA = (0.25, 0.5), (0.0, 0.25, 0.5, 0.75, 1.0), 1000, 0.001  # l2
PROOFS = {
    "CROWN": lambda net, box, y: linear_bounds.margins(net, box, y),
    "CROWN-IBP": lambda net, box, y: linear_bounds.margins(net, box, y, intervals=True),
    "IBP": intervals.margins,
}


@experiment(
    "certificates",
    "accuracy that is proved (IBP, CROWN, smoothing) beside what PGD leaves, over the radius",
    steps=Option(600, "training steps of 50 images", minimum=10),
    judged=Option(100, "test images, at most 500", minimum=10),
)
def certificates(run: Run, steps: int, judged: int) -> dict[str, Any]:
    """Train, prove, attack, compare, draw."""
    train, test = images()
    test = test[0][:judged], test[1][:judged]
    losses = {
        "cross-entropy": lambda net, x, y, share: F.cross_entropy(net(x), y),
        "IBP": lambda net, x, y, share: intervals.interval_loss(
            net, ball(x, TRAINED_FOR * share), x, y, 1 - share / 2
        ),
        "CROWN-IBP": lambda net, x, y, share: linear_bounds.linear_loss(
            net, ball(x, TRAINED_FOR * share), x, y, 1 - share / 2
        ),
    }
    linf = {}
    for name, loss in losses.items():
        net = fit(run, f"trained on {name}", train, loss, steps)
        linf[name] = prove_in_linf(run, net, test)
    l2 = {}
    for sigma in SIGMAS:

        def loss(net: nn.Module, x: Tensor, y: Tensor, _: float, sigma: float = sigma) -> Tensor:
            return smoothing.noisy_cross_entropy(net, x, y, run.normal(*x.shape), sigma)

        l2[f"sigma {sigma:g}"] = prove_in_l2(
            run, fit(run, f"noise of {sigma:g}", train, loss, steps), test, sigma
        )
    tell(run, linf, l2)
    draw_accuracy(run, linf, l2)
    draw_polytopes(run)
    return {"radii": RADII, "linf": linf, "radii_l2": ROUND, "l2": l2}


def network(rng: np.random.Generator) -> nn.Module:
    """Two hidden layers of 100 ReLUs: small enough for CROWN's bounds on every one of them."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(784, 100, rng=rng), nn.ReLU(), nn.Linear(100, 100, rng=rng),
        nn.ReLU(), nn.Linear(100, 10, rng=rng),
    )  # fmt: skip


def fit(run: Run, name: str, examples: Examples, loss: Any, steps: int) -> nn.Module:
    """Train a network; loss: (net, x, y, share of the radius that is reached) -> one number."""
    net = network(run.rng)

    def of_batch(step: int) -> Tensor:
        rows = run.rng.integers(0, len(examples[0]), 50)
        x, y = (run.tensor(part[rows]) for part in examples)
        return loss(net, x, y, ramp(step, steps // 10, steps * 7 // 10))

    minimise(run, name, net, of_batch, steps, lr=1e-3)
    return net.eval()


# ------------------------------------------------------------------------- proofs, and attacks


def prove_in_linf(run: Run, net: nn.Module, examples: Examples) -> dict[str, Any]:
    """For each radius the share with a proof, by method, and the share that PGD does not fool."""
    x, y = map(run.tensor, examples)
    found: dict[str, Any] = {name: [] for name in (*PROOFS, "PGD")} | {"violations": 0}
    for radius in RADII:
        attack = pgd(net, x, Goal(y.data), Threat(np.inf, radius), 20, restarts=2, rng=run.seed)
        found["PGD"].append(float((~attack.success).mean()))
        for name, margins in PROOFS.items():
            with no_grad():
                proved = numpy(margins(net, ball(x, radius), y)).min(axis=1) > 0
            found[name].append(float(proved.mean()))
            found["violations"] += int((proved & attack.success).sum())
    return found


def prove_in_l2(run: Run, net: nn.Module, examples: Examples, sigma: float) -> dict[str, Any]:
    """The radius proved for each image by smoothing, and what PGD leaves of the smoothed net.

    PGD attacks the mean of softmaxes over 16 draws; an image is counted as fooled only where
    `predict` then says another class, and does not abstain.
    """
    x, y = map(run.tensor, examples)
    certified = smoothing.certify(net, x, sigma, DRAWS, ALPHA, run.rng)
    right = certified.classes == examples[1]
    noise = run.normal(16, *x.shape)
    soft = lambda x: smoothing.soft(net, x, noise, sigma)
    unfooled, violations = [], 0
    for radius in ROUND:
        attack = pgd(soft, x, Goal(y.data), Threat(2, radius), 10, rng=run.seed)
        said = smoothing.predict(net, attack.adversarial, sigma, DRAWS, ALPHA, run.rng)
        fooled = (said != examples[1]) & (said != smoothing.ABSTAIN)
        unfooled.append(float((~fooled).mean()))
        violations += int((fooled & right & (certified.radius > radius)).sum())
    return {
        "proved": [float((right & (certified.radius >= radius)).mean()) for radius in ROUND],
        "all": np.where(right, certified.radius, 0.0),
        "PGD": unfooled,
        "violations": violations,
    }


def tell(run: Run, linf: dict[str, Any], l2: dict[str, Any]) -> None:
    """The accuracies as tables."""
    at = RADII.index(TRAINED_FOR)
    run.say(f"l_inf, radius {TRAINED_FOR:g}: accuracy that is proved, and what PGD leaves")
    run.table(
        ["trained on", "clean", "IBP", "CROWN-IBP", "CROWN", "PGD", "violations"],
        [
            [name, f"{r['PGD'][0]:.2f}",
             *(f"{r[key][at]:.2f}" for key in ("IBP", "CROWN-IBP", "CROWN", "PGD")),
             r["violations"]]
            for name, r in linf.items()
        ],
    )  # fmt: skip
    run.say("\nSmoothing, l2: accuracy that is proved / what PGD leaves")
    run.table(
        ["radius", *(f"{r:g}" for r in ROUND), "violations"],
        [
            [name, *(f"{a:.2f} / {b:.2f}" for a, b in zip(r["proved"], r["PGD"])), r["violations"]]
            for name, r in l2.items()
        ],
    )


# -------------------------------------------------------------------------------- the pictures


def draw_accuracy(run: Run, linf: dict[str, Any], l2: dict[str, Any]) -> None:
    """Proved and attacked accuracy over the radius; what lies between is unknown."""
    figure, axes = figures.new_figure(9.5, 7, 2, 2)
    for panel, (name, r) in zip(axes.flat, linf.items()):
        panel.plot(RADII, r["PGD"], "o-", color="C3", markersize=4, label="PGD does not fool it")
        for number, (proof, style) in enumerate(zip(PROOFS, ("-", "--", "-."))):
            panel.plot(RADII, r[proof], style, color=f"C{number}", label=f"proved by {proof}")
        panel.fill_between(RADII, r["CROWN"], r["PGD"], color="0.92", label="unknown")
        panel.set_title(f"trained on {name}", fontsize=10)
        panel.set(xlabel="radius in l_inf", ylabel="share of test images", ylim=(0, 1))
    axes[0, 0].legend(frameon=False, fontsize=8)
    panel = axes[1, 1]
    radii = np.linspace(0, ROUND[-1], 200)
    for number, (name, r) in enumerate(l2.items()):
        proved = [(r["all"] > radius).mean() for radius in radii]
        panel.plot(radii, proved, color=f"C{number}", label=f"proved, {name}")
        panel.plot(ROUND, r["PGD"], "o:", color=f"C{number}", markersize=4, label=f"PGD, {name}")
    panel.legend(frameon=False, fontsize=8)
    panel.set_title("smoothed with noise", fontsize=10)
    panel.set(xlabel="radius in l2", ylabel="share of test images", ylim=(0, 1))
    for panel in axes.flat:
        panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("certificates", figure)


def draw_polytopes(run: Run) -> None:
    """What two outputs of a network can be for inputs in a square: the truth, a box, a polygon."""
    figure, (axes,) = figures.new_figure(9.5, 3.4, columns=3)
    angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)  # (48, 2)
    line = np.linspace(-0.4, 0.4, 120)
    square = np.stack(np.meshgrid(line, line), axis=2).reshape(-1, 2)
    for hidden, panel in enumerate(axes, start=1):
        rng = np.random.default_rng(hidden)  # three networks, whatever the run's seed
        widths = [2, *[20] * hidden, 2]
        parts = [
            layer for before, after in zip(widths[:-1], widths[1:])
            for layer in (nn.Linear(before, after, rng=rng).double(), nn.ReLU())
        ]  # fmt: skip
        net = nn.Sequential(*parts[:-1])
        for parameter in net.parameters():
            parameter.data = rng.standard_normal(parameter.shape) / np.sqrt(parameter.shape[-1])
        box = Box(tensor(square.min(axis=0)[None]), tensor(square.max(axis=0)[None]))
        with no_grad():
            reached = net(tensor(square)).numpy()
            (lower, upper) = (side.numpy()[0] for side in intervals.through(net, box))
            lines = linear_bounds.relaxed(net, box)
            least = linear_bounds.lower_bound([*net], lines, tensor(directions[None]), box)
        corners = polygon(directions, least.numpy()[0], reached.mean(axis=0))
        panel.plot(*reached.T, ".", color="0.6", markersize=1, label="outputs")
        panel.fill(*corners.T, fill=False, edgecolor="C0", linewidth=1.6, label="CROWN")
        sides = np.array([lower, (upper[0], lower[1]), upper, (lower[0], upper[1])])
        panel.fill(*sides.T, fill=False, edgecolor="C2", linewidth=1.6, label="IBP")
        panel.set_title(f"{hidden} hidden layer{'s' * (hidden > 1)}", fontsize=10)
        panel.set(xlabel="first output", ylabel="second output")
        panel.spines[["top", "right"]].set_visible(False)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, frameon=False, ncols=3, loc="outside lower center", markerscale=8)
    run.save_figure("polytopes", figure)


def polygon(directions: np.ndarray, least: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The corners of { z : directions z >= least }, in order; `inside` is one of its points."""
    from scipy.spatial import ConvexHull, HalfspaceIntersection

    halves = np.concatenate([-directions, least[:, None]], axis=1)  # -d z + least <= 0
    corners = HalfspaceIntersection(halves, inside).intersections
    return corners[ConvexHull(corners).vertices]
