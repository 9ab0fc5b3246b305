"""Why does the classifier say so?  The notes' four kinds of explanation, of one network.

Attribution of test images by gradients and by LIME, judged by what happens when the pixels that
they name are taken away; training images that a mistake comes from; what hidden units stand for;
rules that say what the network says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import nn, optim
from ..data import FASHION_CLASSES
from ..graph import Tensor, tensor
from ..interpret import attribution, examples, hidden, lime, rules
from ..interpret.superpixels import slic
from ..nn import functional as F
from ..recording import no_grad
from . import explain_pictures as pictures
from . import victim
from .registry import Option, experiment
from .run import Run

SHOWN, JUDGED = 6, 40  # images in the picture, and in the deletion curves
PARTS, DRAWS = 30, 500  # of LIME
LIME_DRAWS = (125, 500, 2000)  # for which its weights are compared from run to run
STEPS, NOISES, SIGMA = 100, 25, 0.15  # of integrated gradients and of SmoothGrad
DECAY = 1e-3  # of the last layer, whose minimum influence is about
GRID = 4  # rules see an image as GRID x GRID means
DEPTH = 4

Maps = dict[str, np.ndarray]  # how an image is explained -> (N, 28, 28)


@experiment(
    "explain",
    "explain a classifier of clothes: saliency, integrated gradients, LIME, examples, units, rules",
    steps=Option(480, "training steps of the classifier", minimum=1),
)
def explain(run: Run, steps: int) -> dict[str, Any]:
    """Train the classifier, explain it in all ways, and measure what the explanations are worth."""
    train, test = victim.images()
    net = victim.train(run, "classifier", victim.network(run.rng), train, steps)
    net.requires_grad_(False)
    answers = predict(run, net, test[0])
    accuracy = float((answers == test[1]).mean())
    run.say(f"The classifier is right about {accuracy:.3f} of the test images.\n")
    return {
        "accuracy": accuracy,
        "attribution": attributions(run, net, test, answers),
        "LIME": lime_by_draws(run, net, test[0][0], int(answers[0])),
        "influence": influences(run, net, train, test, answers),
        "units": units(run, net, train),
        "rules": as_rules(run, net, train, test, answers),
    }


def predict(run: Run, net: nn.Module, x: np.ndarray) -> np.ndarray:
    """The class that the network gives each image: (N,)."""
    with no_grad():
        return net(run.tensor(x)).to("cpu").numpy().argmax(axis=1)


def score_of(net: nn.Module, classes: np.ndarray) -> Callable[[Tensor], Tensor]:
    """The logit of these classes, of one class for many inputs, or of one for each."""

    def score(x: Tensor) -> Tensor:
        own = np.broadcast_to(classes, len(x)) if np.size(classes) == 1 else classes
        return attribution.class_score(net, x, tensor(np.array(own), device=x.device))

    return score


# ---------------------------------------------------------------------------------- attribution


def attributions(
    run: Run, net: nn.Module, test: victim.Examples, answers: np.ndarray
) -> dict[str, Any]:
    """Maps of all kinds; what is left of the answer when the pixels they name are black."""
    right = np.flatnonzero(answers == test[1])
    one_each = [right[answers[right] == c][0] for c in range(10)][:SHOWN]
    others = run.rng.permutation(np.setdiff1d(right, one_each))[: JUDGED - SHOWN]
    chosen = np.concatenate([one_each, others])
    x, classes = test[0][chosen], answers[chosen]
    maps, parts, gap = explanations(run, net, x, classes)
    shares = np.linspace(0, 0.3, 13)
    left = {name: deletion(run, net, x, classes, m, shares) for name, m in maps.items()}
    left["random"] = deletion(run, net, x, classes, run.rng.random(x[:, 0].shape), shares)
    run.say(
        f"{JUDGED} images, the pixels named first made black, up to {shares[-1]:.0%} of them: the"
    )
    run.say("probability of the answer, in the mean over the shares, +- standard error\n")
    results = {}
    for name, curves in left.items():
        area = curves.mean(axis=1)
        results[name] = {"left": float(area.mean()), "error": float(area.std() / JUDGED**0.5)}
    run.table(
        ["named by", "probability left"],
        [[name, f"{r['left']:.3f} +- {r['error']:.3f}"] for name, r in results.items()],
    )
    run.say(f"\nIntegrated gradients sum to f(x) - f(0) within {gap:.1e} of it, at worst.\n")
    pictures.maps(run, x[:SHOWN], classes, maps, parts)
    pictures.deletion(run, shares, left)
    return {"probability left": results, "completeness": gap}


def explanations(
    run: Run, net: nn.Module, x: np.ndarray, classes: np.ndarray
) -> tuple[Maps, np.ndarray, float]:
    """The maps, LIME's superpixels (N, 28, 28), and how far integrated gradients are from whole."""
    score, images = score_of(net, classes), run.tensor(x)
    flat = lambda t: t.to("cpu").numpy()[:, 0]
    black = images * 0
    noise = SIGMA * run.normal(NOISES, *x.shape)
    maps = {
        "saliency x image": flat(attribution.saliency(score, images) * images),
        "SmoothGrad x image": flat(attribution.smooth_gradient(score, images, noise) * images),
    }
    shared = attribution.integrated_gradients(score, images, black, STEPS)
    change = (score(images) - score(black)).to("cpu").numpy()
    gap = np.abs(flat(shared).sum(axis=(1, 2)) - change) / np.abs(change)
    maps["integrated gradients"] = flat(shared)
    parts, weights = [], []
    with run.progress(len(x), "LIME") as bar:
        for image, answer in zip(x, classes):
            part, found = lime_of(run, net, image, int(answer), DRAWS)
            area = np.bincount(part.ravel())[part]
            parts.append(part)
            weights.append(found.weights.to("cpu").numpy()[part] / area)  # a pixel's share
            bar.step()
    maps["LIME"] = np.array(weights)
    return maps, np.array(parts), float(gap.max())


def lime_of(
    run: Run, net: nn.Module, image: np.ndarray, answer: int, draws: int
) -> tuple[np.ndarray, lime.Explanation]:
    """Superpixels of an image (1, 28, 28), and what each adds to the answer's logit."""
    part = slic(image, PARTS)
    masks = lime.draw_masks(draws, part.max() + 1, run.rng)
    x = run.tensor(image)
    return part, lime.explain_parts(
        score_of(net, np.array([answer])), x, part[None], x * 0, run.tensor(masks)
    )


def deletion(
    run: Run, net: nn.Module, x: np.ndarray, classes: np.ndarray, maps: np.ndarray,
    shares: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """The probability of the answer with these shares of the pixels black: (N, shares).

    The pixels with the largest values go first.
    """
    order = np.argsort(-maps.reshape(len(x), -1), axis=1)
    rank = np.argsort(order, axis=1).reshape(x.shape)
    with no_grad():
        p = [F.softmax(net(run.tensor(x * (rank >= s * rank[0].size))), dim=1) for s in shares]
    return np.stack([q.to("cpu").numpy()[np.arange(len(x)), classes] for q in p], axis=1)


def lime_by_draws(run: Run, net: nn.Module, image: np.ndarray, answer: int) -> dict[str, Any]:
    """How far the weights differ from run to run, against the number of draws."""
    results, rows = {}, []
    for draws in LIME_DRAWS:
        found = [lime_of(run, net, image, answer, draws)[1] for _ in range(10)]
        weights = np.array([one.weights.to("cpu").numpy() for one in found])
        spread, size = weights.std(axis=0).mean(), np.abs(weights).mean()
        r2 = np.mean([one.r2 for one in found])
        results[str(draws)] = {"spread": float(spread), "size": float(size), "r2": float(r2)}
        rows.append([draws, f"{spread:.3f}", f"{size:.3f}", f"{r2:.3f}"])
    run.say("LIME of one image, ten times: how far a weight differs between runs\n")
    run.table(["draws", "deviation", "mean weight", "R^2"], rows)
    run.say()
    return results


# ------------------------------------------------------------------------------------- examples


def influences(
    run: Run, net: nn.Module, train: victim.Examples, test: victim.Examples, answers: np.ndarray
) -> dict[str, float]:
    """For mistakes: the training images that look alike, and those that speak for and against."""
    below = nn.Sequential(*list(net.children())[:-1])
    with no_grad():
        features = [below(run.tensor(x)) for x in (train[0], test[0])]
    last = nn.Linear(features[0].shape[1], 10, rng=run.rng).to(device=run.device)
    labels = run.tensor(train[1])
    optimiser = optim.LBFGS(last.parameters(), max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        loss = examples.losses(last, features[0], labels, DECAY).mean()
        loss.backward()
        return loss

    optimiser.step(closure)
    wrong = np.flatnonzero(answers != test[1])[:4]
    asked = features[1][wrong], run.tensor(test[1][wrong])
    found = examples.influence(last, (features[0], labels), asked, DECAY).to("cpu").numpy()
    seen = [f.to("cpu").numpy() for f in features]
    near = examples.nearest(seen[0], seen[1][wrong], 3)
    order = np.argsort(found, axis=1)
    pictures.mistakes(run, train, test, answers, wrong, near, order)
    same = train[1][near] == test[1][wrong][:, None]
    return {"nearest of the true class": float(same.mean())}


# --------------------------------------------------------------------------------- hidden units


def units(run: Run, net: nn.Module, train: victim.Examples) -> dict[str, float]:
    """The most selective units of the layer below the last: what drives them."""
    below = nn.Sequential(*list(net.children())[:-1])
    with no_grad():
        activations = below(run.tensor(train[0])).to("cpu").numpy()
    often = (activations > 0).mean(axis=0) > 0.05
    chosen = np.argsort(-hidden.selectivity(activations, train[1]) * often)[:8]
    strongest = hidden.strongest(activations, 4)[chosen]
    before = nn.Sequential(*list(net.children())[:-2])  # a unit that is off has a slope here

    def score(x: Tensor) -> Tensor:
        return attribution.class_score(before, x, tensor(chosen, device=x.device))

    start = run.tensor(np.full((len(chosen), 1, 28, 28), 0.1))
    made = hidden.maximise(score, start, hidden.into_box(), steps=60, lr=2.0)
    pictures.units(run, train, activations, chosen, strongest, made.to("cpu").numpy()[:, 0])
    with no_grad():
        driven = score(made).to("cpu").numpy()
    best = activations[:, chosen].max(axis=0)
    return {"made input over best image": float((driven / best).mean())}


# ---------------------------------------------------------------------------------------- rules


def as_rules(
    run: Run, net: nn.Module, train: victim.Examples, test: victim.Examples, answers: np.ndarray
) -> dict[str, Any]:
    """A tree over the means of GRID x GRID squares; how often it says what the network says."""
    size = 28 // GRID
    seen = [x.reshape(-1, GRID, size, GRID, size).mean(axis=(2, 4)).reshape(len(x), -1)
            for x in (train[0], test[0])]  # fmt: skip
    tree = rules.grow(seen[0], predict(run, net, train[0]), DEPTH, least=20)
    agreement = rules.fidelity(tree, seen[1], answers)
    names = [f"({row + 1},{column + 1})" for row in range(GRID) for column in range(GRID)]
    lines = list(tree.rules(names, list(FASHION_CLASSES)))
    run.say(f"Rules over the mean grey of {GRID} x {GRID} squares (row, column); they say what the")
    run.say(f"network says of {agreement:.3f} of the test images:\n")
    for line in lines:
        run.say(f"  {line}")
    return {"fidelity": agreement, "rules": lines}
