"""Name characters after one look at each: MAML and its relatives on few-shot classification.

    minidl run fewshot                        Omniglot's characters if they are found, else invented
    minidl run fewshot --data strokes         invented characters
    minidl run fewshot --data letters.npz     those of a file (`meta.characters.packed`)

A task shows one drawing of each of five characters that were never in training, and asks for the
names of others.  Of Omniglot other alphabets are kept for the test, of a file the last quarter of
its characters, and in training every character turned by a quarter is one more.  Two references
learn nothing from other tasks: the nearest of the drawings shown, pixel by pixel, and the network
as it was initialised.

The settings (two hidden layers of 128 and 64, three steps of .3 within a task, 16 tasks an
iteration, Adam with .003 outside, .001 for Reptile) were chosen on invented characters of another
seed.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from .. import nn
from ..data import DataNotFoundError
from ..meta import Tasks, characters, cka, cross_entropy, episodes, forward, head
from ..recording import no_grad
from . import figures, learners
from .learners import Learner, Settings, to_numpy
from .registry import Option, Refusal, experiment
from .run import Run

TASKS = 16  # in an iteration
SETTINGS = Settings(lr=0.3, steps=3, meta_lr=3e-3)
QUERIES, STEPS = 8, 10  # in a test
TABLE = (1, 3, 10)

METHODS = {
    "MAML": learners.maml,
    "first order": partial(learners.maml, first_order=True),
    "Reptile": lambda net, criterion, settings: learners.reptile_with_adam(
        net, criterion, settings._replace(meta_lr=1e-3)
    ),
    "ANIL": learners.anil,
    "joint training": learners.joint,
}


@experiment(
    "fewshot",
    "name characters after one look at each: MAML and its relatives",
    data=Option("any", "omniglot, strokes (invented), an .npz file, or any of the first two"),
    iterations=Option(400, "steps of the outer loop", minimum=1),
    ways=Option(5, "characters to tell apart", minimum=2),
    shots=Option(1, "drawings of each to learn from", minimum=1),
    tests=Option(300, "tasks of new characters to test on", minimum=1),
)
def fewshot(
    run: Run, data: str, iterations: int, ways: int, shots: int, tests: int
) -> dict[str, Any]:
    """Train each method, test all on new characters, look into what adaptation changes."""
    source, known, new = load(data, run.rng)
    run.say(f"{source}: {len(known)} characters to train on, {len(new)} to test on")
    try:
        tasks = episodes(new, tests, ways, shots, QUERIES, run.rng, run.device)
    except ValueError as error:
        raise Refusal(str(error)) from error
    sample = lambda rng: episodes(known, TASKS, ways, shots, 5, rng, run.device)
    methods = {
        name: partial(method, criterion=cross_entropy, settings=SETTINGS)
        for name, method in METHODS.items()
    }
    trained, curves = learners.train_all(run, methods, partial(network, ways), sample, iterations)
    fresh = network(ways).to(run.device)
    trained["untrained"] = learners.joint(fresh, cross_entropy, SETTINGS)  # and never trained
    outcomes = {name: outcome(learner, tasks) for name, learner in trained.items()}
    frozen = trained["MAML"]._replace(how={"moving": head(trained["MAML"].net)})
    outcomes["MAML, body kept"] = outcome(frozen, tasks)
    nearest = nearest_drawing(tasks)
    likeness = representation_likeness(trained["MAML"], tasks)

    run.say(f"\nAccuracy on {tests} tasks with {ways} new characters (mean ± standard error)")
    run.table(
        ["steps of gradient descent", *map(str, TABLE), f"loss after {SETTINGS.steps}"],
        [
            [name, *(_cell(o["accuracy"][k]) for k in TABLE), f"{o['loss'][SETTINGS.steps]:.2f}"]
            for name, o in outcomes.items()
        ],
    )
    run.say(f"The nearest of the drawings shown: {_cell(nearest)}; by chance {1 / ways:.2f}")
    run.say(f"Likeness (CKA) of what MAML's layers compute before and after it adapts: {likeness}")
    run.save_figure("learning_speed", learning_speed(outcomes, curves, nearest.mean(), 1 / ways))
    run.save_figure("tasks", pictured(trained["MAML"], tasks, ways, shots))
    run.save_weights("maml", trained["MAML"].net.state_dict())
    return {
        name: {
            "accuracy": o["accuracy"].mean(axis=1),
            "standard_error": o["accuracy"].std(axis=1) / np.sqrt(tests),
            "loss": o["loss"],
        }
        for name, o in outcomes.items()
    } | {"nearest_drawing": nearest.mean(), "cka": likeness}


def _cell(accuracy: np.ndarray) -> str:
    return f"{accuracy.mean():.3f} ±{accuracy.std() / np.sqrt(len(accuracy)):.3f}"


# --------------------------------------------------------------------------- characters, network


def load(data: str, rng: np.random.Generator) -> tuple[str, np.ndarray, np.ndarray]:
    """What they are; characters to train on and others to test on, (C, M, 14, 14)."""
    if data in ("omniglot", "any"):
        try:
            known, new = (characters.omniglot(split) for split in ("train", "test"))
            return "Omniglot", *map(characters.halved, (characters.turned(known), new))
        except DataNotFoundError as error:
            if data == "omniglot":
                raise Refusal(str(error)) from error
    if data in ("strokes", "any"):
        known, new = (characters.invented(count, 20, rng) for count in (1000, 200))
        return "Invented characters", characters.halved(known), characters.halved(new)
    try:
        found = characters.packed(data)
    except (OSError, ValueError, KeyError) as error:
        raise Refusal(f"--data {data}: not any, omniglot or strokes, and {error}") from error
    split = 3 * len(found) // 4
    known, new = characters.turned(found[:split]), found[split:]
    return data, characters.halved(known), characters.halved(new)


def network(ways: int) -> nn.Sequential:
    """Two hidden layers on the pixels."""
    return nn.Sequential(
        nn.Linear(14 * 14, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, ways)
    )


# --------------------------------------------------------------------------------------- the test


def outcome(learner: Learner, tasks: Tasks) -> dict[str, np.ndarray]:
    """Accuracy in each task after each step, (steps + 1, T), and the mean loss, (steps + 1,)."""
    accuracies, losses = [], []
    for i in range(0, tasks.count, 20):  # a few tasks at a time stay in the processor's cache
        support, query = (tuple(part[i : i + 20] for part in half) for half in tasks)
        with no_grad():
            path = learner.path(support, STEPS)
            logits = [forward(learner.net, theta, query[0]) for theta in path]
            losses.append([to_numpy(cross_entropy(y, query[1])) for y in logits])
        answers = [to_numpy(y).argmax(axis=2) for y in logits]
        accuracies.append([(a == to_numpy(query[1])).mean(axis=1) for a in answers])
    accuracy, loss = (np.concatenate(values, axis=1) for values in (accuracies, losses))
    return {"accuracy": accuracy, "loss": loss.mean(axis=1)}


def nearest_drawing(tasks: Tasks) -> np.ndarray:
    """The accuracy of naming each drawing after the nearest one shown: (T,)."""
    (shown, names), (asked, right) = ([to_numpy(part) for part in half] for half in tasks)
    # |a - s|^2 = |a|^2 - 2 a's + |s|^2, and |a|^2 is the same for every s
    distance = (shown**2).sum(axis=2)[:, None] - 2 * asked @ shown.swapaxes(1, 2)
    answers = np.take_along_axis(names, distance.argmin(axis=2), axis=1)
    return (answers == right).mean(axis=1)


def representation_likeness(learner: Learner, tasks: Tasks) -> dict[str, float]:
    """CKA of each layer's outputs before and after adaptation, averaged over 50 tasks."""
    support, (x, _) = (tuple(part[:50] for part in half) for half in tasks)
    path = learner.path(support, SETTINGS.steps)
    layers = {"layer 1": learner.net[:2], "layer 2": learner.net[:4], "output": learner.net}
    found = {}
    with no_grad():
        for name, part in layers.items():
            before, after = (forward(part, path[k], x) for k in (0, -1))
            values = [cka(*pair).item() for pair in zip(before, after)]
            found[name] = round(float(np.mean(values)), 3)
    return found


# ---------------------------------------------------------------------------------- the pictures


def learning_speed(
    outcomes: dict[str, dict], curves: dict[str, list[float]], nearest: float, chance: float
) -> Any:
    """Left: the accuracy on new tasks after each step.  Right: the loss in training."""
    figure, axes = figures.new_figure(10, 4.2, columns=2)
    for number, (name, result) in enumerate(outcomes.items()):
        accuracy = result["accuracy"].mean(axis=1)
        style, colour = ("o--", "C0") if name == "MAML, body kept" else ("o-", f"C{number}")
        axes[0, 0].plot(accuracy, style, color=colour, label=name, markersize=4)
        if name in curves:
            axes[0, 1].plot(*learners.average(curves[name]), color=colour, linewidth=1.4)
    for level, text in [(nearest, "nearest\ndrawing"), (chance, "chance")]:
        axes[0, 0].axhline(level, color="gray", linestyle=":", linewidth=1)
        beside = axes[0, 0].get_yaxis_transform()
        axes[0, 0].text(1.01, level, text, va="center", fontsize=8, color="gray", transform=beside)
    axes[0, 0].set(xlabel="steps of gradient descent on a new task", ylabel="accuracy", ylim=(0, 1))
    axes[0, 0].set_title("Learning new characters", fontsize=11)
    axes[0, 1].set(xlabel="iteration of the outer loop", ylabel="cross-entropy", ylim=(0, None))
    axes[0, 1].set_title("Learning to learn: the loss that training saw", fontsize=11)
    for panel in axes[0]:
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside upper center", ncols=7, frameon=False, fontsize=9)
    return figure


def pictured(learner: Learner, tasks: Tasks, ways: int, shots: int) -> Any:
    """Three tasks: a drawing that was shown of each character, and four whose names were asked."""
    tasks = Tasks(*(tuple(part[:3] for part in half) for half in tasks))
    path = learner.path(tasks.support, SETTINGS.steps)
    with no_grad():
        answers = to_numpy(forward(learner.net, path[-1], tasks.query[0])).argmax(axis=2)
    (shown, _), (asked, right) = ([to_numpy(part) for part in half] for half in tasks)
    figure, axes = figures.new_figure(11, 0.62 * ways + 0.7, rows=ways, columns=17)
    figure.get_layout_engine().set(w_pad=0.03, h_pad=0.03)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
    for panel in axes[:, [5, 11]].flat:  # the gaps between the tasks
        panel.set_axis_off()
    for t in range(tasks.count):
        for c, row in enumerate(axes[:, 6 * t : 6 * t + 5]):
            queries = range(c * QUERIES, c * QUERIES + 4)
            pages = [shown[t, c * shots], *(asked[t, i] for i in queries)]
            for panel, page in zip(row, pages):
                panel.imshow(page.reshape(14, 14), cmap="gray_r", vmin=0, vmax=1)
            row[0].spines[:].set_visible(False)
            for panel, i in zip(row[1:], queries):
                fits = answers[t, i] == right[t, i]
                panel.spines[:].set(color="#4a9c5d" if fits else "#d0342c", linewidth=2)
        axes[0, 6 * t].set_title("shown", fontsize=9)
        axes[0, 6 * t + 1].set_title("asked", fontsize=9)
    figure.suptitle(
        f"Three tasks of {ways} new characters: in green what MAML names rightly after "
        f"{SETTINGS.steps} steps, in red what it does not", fontsize=10,
    )  # fmt: skip
    return figure
