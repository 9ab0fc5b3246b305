"""A box of a drawing: lines of text, and an array as a number, as a few cells, or as pixels."""

from __future__ import annotations

import html
from typing import Any

import numpy as np

from .heat import host, largest, number, png, strength

INK, FAINT = "#222222", "#6b6b6b"
FILL = {"operation": "#eef3fb", "leaf": "#e9f6ec", "constant": "#f5f5f5"}
LINE = {"operation": "#7f9cc8", "leaf": "#6bab7a", "constant": "#b5b5b5"}
TEXT, SMALL = 12, 10  # font sizes
PAD, GAP = 8, 6


class Box:
    """One box: its lines of text, its pictures, and how large that makes it.

    least: the width that the names of its inputs need above it.
    """

    def __init__(self, kind: str, title: str, shape: Any) -> None:
        self.kind, self.title = kind, title
        self.shape = "" if shape is None else str(shape)
        self.notes: list[str] = []
        self.pictures: list[tuple[str, Picture]] = []  # (caption, picture)
        self.least = 0.0

    def add(self, caption: str, array: Any) -> None:
        """Add a picture of an array, if it is known and has elements."""
        if array is not None and array.size:
            self.pictures.append((caption, Picture(host(array))))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        texts = [width_of(self.title, TEXT) + 14 + width_of(self.shape, SMALL)]
        texts += [width_of(note, SMALL) for note in self.notes]
        pictures = sum(max(p.width, width_of(c, SMALL)) + 2 * GAP for c, p in self.pictures)
        height = TEXT + 2 * PAD + len(self.notes) * (SMALL + 4)
        if self.pictures:
            height += self._caption + max(p.height for _, p in self.pictures)
        return max(*texts, pictures - 2 * GAP, self.least) + 2 * PAD, height

    @property
    def _caption(self) -> float:
        """The height that captions above the pictures take."""
        return GAP + (SMALL + 3 if any(c for c, _ in self.pictures) else 0)

    def svg(self, x: float, y: float, last: bool) -> str:
        """The box with its upper left corner at (x, y)."""
        width, height = self.size
        dash = ' stroke-dasharray="3 2"' if self.kind == "constant" else ""
        parts = [
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="5" '
            f'fill="{FILL[self.kind]}" stroke="{LINE[self.kind]}" '
            f'stroke-width="{2.5 if last else 1.2}"{dash}/>'
        ]
        line = y + PAD + TEXT - 2
        parts.append(text(x + PAD, line, self.title, TEXT, weight="bold"))
        parts.append(text(x + width - PAD, line, self.shape, SMALL, FAINT, "end"))
        if self.pictures:
            line += self._caption
            left = x + PAD
            for caption, picture in self.pictures:
                if caption:
                    parts.append(text(left, line - 3, caption, SMALL, FAINT))
                parts.append(picture.svg(left, line))
                left += max(picture.width, width_of(caption, SMALL)) + 2 * GAP
            line += max(p.height for _, p in self.pictures)
        for note in self.notes:
            line += SMALL + 4
            parts.append(text(x + PAD, line, note, SMALL, FAINT))
        return "".join(parts)


class Picture:
    """An array: a number, a few cells with numbers, or pixels; of many axes the first tiles."""

    SIDE, TILES, MOST, LINE = 72, 4, 12, 15  # pixels; tiles; pixels of a cell; of a line of numbers

    def __init__(self, array: np.ndarray) -> None:
        self.top = largest(array)
        tiles = _tiles(array)[: self.TILES]
        rows, columns = tiles[0].shape
        self.numbers = len(tiles) == 1 and rows <= 4 and columns <= 4
        if self.numbers:
            self.tiles = tiles
            longest = max(len(number(value)) for value in tiles[0].ravel())
            self.cell = int(width_of("0" * max(longest, 3), SMALL)) + 8, self.LINE
        else:
            side = self.SIDE if len(tiles) == 1 else self.SIDE // 2
            self.tiles = [_coarse(tile, side // 2) for tile in tiles]
            rows, columns = self.tiles[0].shape
            least = max(1, min(side // max(rows, columns), self.MOST))
            self.cell = (least, max(least, 10)) if rows == 1 else (least, least)
        self.tile = columns * self.cell[0], rows * self.cell[1]
        self.width, self.height = len(tiles) * (self.tile[0] + 3) - 3, self.tile[1]

    def svg(self, x: float, y: float) -> str:
        """The picture with its upper left corner at (x, y)."""
        return self._cells(x, y) if self.numbers else self._pixels(x, y)

    def _cells(self, x: float, y: float) -> str:
        parts, (width, height), alone = [], self.cell, self.tiles[0].size == 1
        for (i, j), value in np.ndenumerate(self.tiles[0]):
            left, top = x + j * width, y + i * height
            if not alone:
                (r, g, b), share = strength(float(value), self.top)
                parts.append(
                    f'<rect x="{left:.1f}" y="{top:.1f}" width="{width - 1}" height="{height - 1}" '
                    f'fill="rgb({r},{g},{b})" fill-opacity="{0.1 + 0.4 * share:.2f}"/>'
                )
            at, anchor = (left, "start") if alone else (left + width - 4, "end")
            parts.append(text(at, top + height - 4.5, number(value), SMALL, anchor=anchor))
        return "".join(parts)

    def _pixels(self, x: float, y: float) -> str:
        parts, (width, height) = [], self.tile
        for k, tile in enumerate(self.tiles):
            at = f'x="{x + k * (width + 3):.1f}" y="{y:.1f}" width="{width}" height="{height}"'
            parts.append(
                f'<image {at} href="{png(tile, self.top, self.cell)}"/>'
                f'<rect {at} fill="none" stroke="{FAINT}" stroke-width="0.5"/>'
            )
        return "".join(parts)


def _tiles(array: np.ndarray) -> list[np.ndarray]:
    """An array as matrices: images of the first example, or kernels of each filter."""
    if array.ndim <= 2:
        return [array.reshape(1, -1) if array.ndim < 2 else array]
    if array.ndim > 3:
        first_axis = 0 if array.shape[0] > 1 and array.shape[1] == 1 else 1
        array = array[:, 0] if first_axis == 0 else array[0]
        return _tiles(array)
    return [*array]


def _coarse(tile: np.ndarray, most: int) -> np.ndarray:
    """A matrix with at most `most` rows and columns, each the mean of several."""
    for axis in (0, 1):
        count = tile.shape[axis]
        if count > most:
            starts = np.linspace(0, count, most, endpoint=False).astype(int)
            lengths = np.diff([*starts, count])
            sums = np.add.reduceat(tile.astype(np.float64), starts, axis)
            tile = sums / (lengths[:, None] if axis == 0 else lengths)
    return tile


def width_of(words: str, size: float) -> float:
    """The width of a text in a font whose letters are all equally wide."""
    return 0.61 * size * len(words)


def text(
    x: float, y: float, words: str, size: int, colour: str = INK, anchor: str = "start",
    weight: str = "normal",
) -> str:  # fmt: skip
    """A line of text whose baseline begins, or with another anchor ends, at (x, y)."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}" '
        f'font-weight="{weight}">{html.escape(words)}</text>'
    )
