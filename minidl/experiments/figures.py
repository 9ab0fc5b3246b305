"""The pictures that experiments share, drawn from plain arrays.

matplotlib is imported inside the functions: it is an optional package and takes a second to load.
Figures are made without pyplot, so that none stays open and no display is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1
) -> tuple[Any, np.ndarray]:
    """A figure of `width` x `height` inches, and its axes as an array (rows, columns)."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns, squeeze=False)


def learning_curves(
    histories: dict[str, dict[str, Sequence[float]]], test: dict[str, float]
) -> Any:
    """A panel for each quantity, a colour for each model: training dashed, validation solid.

    histories: {model: {"training loss": [one value an epoch], "validation loss": ..., ...}}.
    test: {model: the last quantity's value on the test set}, a dot after the last epoch.
    """
    quantities = dict.fromkeys(key.split(" ", 1)[1] for key in next(iter(histories.values())))
    figure, axes = new_figure(9, 3.6, columns=len(quantities))
    for panel, quantity in zip(axes[0], quantities):
        for number, (model, history) in enumerate(histories.items()):
            for part, style in (("training", "--"), ("validation", "-")):
                values = history[f"{part} {quantity}"]
                epochs = np.arange(1, len(values) + 1)
                label = f"{model}, {part}"
                panel.plot(epochs, values, style, color=f"C{number}", label=label, linewidth=1.6)
        panel.set(xlabel="epoch", ylabel=quantity)
        panel.xaxis.get_major_locator().set_params(integer=True)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    for number, (model, value) in enumerate(test.items()):
        label = f"{model}, test: {value:.3f}"
        panel.plot(len(values) + 0.5, value, "o", color=f"C{number}", label=label, clip_on=False)
    panel.legend(frameon=False, fontsize=8)
    return figure


def confusion_matrix(counts: np.ndarray, names: Sequence[str], title: str) -> Any:
    """counts: (K, K), row = true class, column = predicted class."""
    figure, axes = new_figure(6, 5.8)
    panel = axes[0, 0]
    shares = counts / counts.sum(axis=1, keepdims=True)
    panel.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            colour = "white" if shares[row, column] > 0.5 else "black"
            panel.text(column, row, count, ha="center", va="center", color=colour, fontsize=9)
    panel.set_xticks(range(len(names)), names, rotation=40, ha="right", rotation_mode="anchor")
    panel.set_yticks(range(len(names)), names)
    panel.set(xlabel="predicted", ylabel="true", title=title)
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    return figure


def image_grid(
    images: np.ndarray,
    captions: Sequence[str],
    columns: int,
    title: str = "",
    cmap: str = "gray",
    limits: tuple[float, float] | None = None,
) -> Any:
    """Images (N, H, W) in rows of `columns`, each with its caption above it (or "").

    limits: the values of the first and the last colour; if None, the least and the largest of all.
    """
    rows = -(-len(images) // columns)
    lines = max((caption.count("\n") + bool(caption) for caption in captions), default=0)
    cell = 8 / columns  # inches
    cell_height = cell * images.shape[1] / images.shape[2] + 0.1 + 0.15 * lines
    figure, axes = new_figure(8, cell_height * rows + 0.3 * bool(title), rows, columns)
    figure.get_layout_engine().set(w_pad=0.07)
    low, high = limits or (images.min(initial=0), images.max(initial=0))
    for panel in axes.flat:
        panel.set_axis_off()
    for panel, image, caption in zip(axes.flat, images, captions):
        panel.imshow(image, cmap=cmap, vmin=low, vmax=high)
        panel.set_title(caption, fontsize=8, pad=3)
    figure.suptitle(title, fontsize=11)
    return figure


def image_rows(
    rows: dict[str, np.ndarray], shape: tuple[int, int], columns: int, title: str = ""
) -> Any:
    """A row of images for each name, the same examples under one another.

    rows: {name: (N, H W) or (N, H, W)}, of which the first `columns` are shown, from 0 to 1.
    """
    height, width = shape
    gap = max(1, height // 8)  # of white, between images
    tiles = [np.reshape(images[:columns], (-1, height, width)) for images in rows.values()]
    tiles = [np.pad(line, ((0, 0), (0, gap), (0, gap)), constant_values=1) for line in tiles]
    canvas = np.concatenate([np.concatenate(list(line), axis=1) for line in tiles])[:-gap, :-gap]
    inches = 0.68 / width  # of a pixel
    margin = 0.1 + 0.08 * max(map(len, rows))  # for the names
    figure, axes = new_figure(
        canvas.shape[1] * inches + margin, canvas.shape[0] * inches + 0.35 * bool(title)
    )
    axes[0, 0].imshow(canvas, cmap="gray", vmin=0, vmax=1)
    axes[0, 0].set_anchor("E")  # what room is left is left to the names
    centres = np.arange(len(rows)) * (height + gap) + (height - 1) / 2
    axes[0, 0].set_xticks([])
    axes[0, 0].set_yticks(centres, list(rows), fontsize=9)
    axes[0, 0].tick_params(length=0)
    axes[0, 0].spines[:].set_visible(False)
    figure.suptitle(title, fontsize=11)
    return figure
