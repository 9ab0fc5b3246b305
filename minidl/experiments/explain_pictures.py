"""The pictures of `minidl run explain`."""

from __future__ import annotations

import numpy as np

from ..data import FASHION_CLASSES
from ..interpret import hidden
from . import figures
from .run import Run
from .victim import Examples

Maps = dict[str, np.ndarray]  # how an image is explained -> what there is of each image


def maps(run: Run, x: np.ndarray, classes: np.ndarray, found: Maps, parts: np.ndarray) -> None:
    """A row for each image: as it is, then each map in red (for the class) and blue (against)."""
    figure, axes = figures.new_figure(
        1.5 * (1 + len(found)), 1.5 * len(x) + 0.5, len(x), 1 + len(found)
    )
    for n, line in enumerate(axes):
        line[0].imshow(x[n, 0], cmap="gray_r")
        line[0].set_ylabel(FASHION_CLASSES[classes[n]], fontsize=10)
        for panel, (name, values) in zip(line[1:], found.items()):
            reach = np.quantile(np.abs(values[n]), 0.995)
            panel.imshow(x[n, 0], cmap="gray_r", alpha=0.35)
            panel.imshow(values[n], cmap="RdBu_r", vmin=-reach, vmax=reach, alpha=0.8)
            if name == "LIME":
                for part in range(parts[n].max() + 1):
                    panel.contour(parts[n] == part, levels=[0.5], colors="black", linewidths=0.3)
    for panel, name in zip(axes[0], ["image", *found]):
        panel.set_title(name, fontsize=9)
    for panel in axes.flat:
        panel.set(xticks=[], yticks=[])
        panel.spines[:].set_visible(False)
    figure.suptitle("What speaks for the answer (red), and against it (blue)", fontsize=11)
    run.save_figure("attributions", figure)


def deletion(run: Run, shares: np.ndarray, left: Maps) -> None:
    """What is left of the answer when the pixels named first are black."""
    figure, axes = figures.new_figure(6.5, 4)
    panel = axes[0, 0]
    for name, curves in left.items():
        style = {"color": "black", "linestyle": ":"} if name == "random" else {}
        mean, error = curves.mean(axis=0), curves.std(axis=0) / len(curves) ** 0.5
        (line,) = panel.plot(shares, mean, label=name, linewidth=1.8, **style)
        panel.fill_between(shares, mean - error, mean + error, color=line.get_color(), alpha=0.15)
    panel.set(xlabel="share of pixels made black, in the order named",
              ylabel="probability of the answer", ylim=(0, 1))  # fmt: skip
    panel.set_title(f"Mean of {len(curves)} test images, and its standard error", fontsize=10)
    panel.legend(frameon=False, fontsize=9)
    panel.spines[["top", "right"]].set_visible(False)
    run.save_figure("deletion", figure)


def mistakes(
    run: Run, train: Examples, test: Examples, answers: np.ndarray,
    wrong: np.ndarray, near: np.ndarray, order: np.ndarray,
) -> None:  # fmt: skip
    """A row for each mistake: the image, its neighbours, what spoke for the truth, what against."""
    images, captions = [], []
    for n, number in enumerate(wrong):
        truth = FASHION_CLASSES[test[1][number]]
        images.append(test[0][number, 0])
        captions.append(f"{truth}\n({FASHION_CLASSES[answers[number]]})")
        groups = {"near": near[n], "for": order[n, ::-1][:3], "against": order[n, :3]}
        for name, group in groups.items():
            images += [train[0][i, 0] for i in group]
            captions += [f"{name}:\n{FASHION_CLASSES[train[1][i]]}" for i in group]
    title = "Mistakes (what was said); training images near to them, for the truth, and against it"
    run.save_figure("examples", figures.image_grid(np.array(images), captions, 10, title, "gray_r"))


def units(
    run: Run, train: Examples, activations: np.ndarray, chosen: np.ndarray,
    strongest: np.ndarray, made: np.ndarray,
) -> None:  # fmt: skip
    """A column for each unit: the input made for it, and the training images that drive it most."""
    selectivity = hidden.selectivity(activations, train[1])[chosen]
    rows = {"made": made, **{f"no. {k + 1}": train[0][strongest[:, k], 0] for k in range(4)}}
    title = "Hidden units: an input made to drive each, the images that do most, and selectivity"
    figure = figures.image_rows(rows, (28, 28), len(chosen), title)
    labels = [f"unit {u}\n{s:.2f}" for u, s in zip(chosen, selectivity)]
    panel = figure.axes[0]
    panel.set_xticks(np.arange(len(chosen)) * 31 + 13.5, labels, fontsize=9)
    panel.xaxis.tick_top()
    panel.tick_params(length=0)
    run.save_figure("units", figure)
