"""Where to put the boxes of a drawing: in layers, each arrow pointing down.

The four steps of Sugiyama, Tagawa & Toda 1981 (IEEE Trans. SMC 11:109): layers, by the longest way
from a source; places in passing for arrows that span several layers; an order within each layer in
which few arrows cross; and positions that make arrows short.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np

Key = Hashable
SWEEPS = 24  # down and up through the layers, for order and for position
BEND = 14.0  # width left free for an arrow in passing


def layered(
    sizes: Mapping[Key, tuple[float, float]],
    arrows: Sequence[tuple[Key, Key]],
    across: float,
    down: float,
) -> tuple[dict[Key, tuple[float, float]], dict[tuple[Key, Key], list[tuple[float, float]]]]:
    """Centres of boxes, and the points that each arrow goes through between its two boxes.

    sizes: (width, height) of each box, every arrow's source before its target.
    arrows: (source, target), those into one target in the order in which they should arrive.
    across, down: the least distance between neighbours, and between layers.
    Between its points an arrow goes across from one layer to the next, then straight down through
    that, and so on: it never passes behind a box.
    """
    arrows = [*dict.fromkeys(arrows)]
    layer = _layers([*sizes], arrows)
    rows, links, ways = _with_bends(layer, arrows)
    width = {key: sizes[key][0] if key in sizes else BEND for row in rows for key in row}
    _order(rows, links)
    x = _positions(rows, links, width, across)

    middle, span, top = {}, {}, 0.0
    for row in rows:
        bottom = top + max((sizes[key][1] for key in row if key in sizes), default=0.0)
        for key in row:
            middle[key], span[key] = (top + bottom) / 2, (top, bottom)
        top = bottom + down
    points = {}
    for (a, b), way in ways.items():
        points[a, b] = [(x[a], span[a][1])]
        for bend in way:
            points[a, b] += [(x[bend], y) for y in span[bend]]
        points[a, b].append((x[b], span[b][0]))
    return {key: (x[key], middle[key]) for key in sizes}, points


def _layers(keys: list[Key], arrows: Sequence[tuple[Key, Key]]) -> dict[Key, int]:
    """The layer of each box: one below the lowest of its sources.

    A box that nothing points to stands right above its first target: a weight beside its input.
    """
    sources: dict[Key, list] = {key: [] for key in keys}
    targets: dict[Key, list] = {key: [] for key in keys}
    for a, b in arrows:
        sources[b].append(a)
        targets[a].append(b)
    layer: dict[Key, int] = {}
    for key in keys:
        layer[key] = 1 + max((layer[a] for a in sources[key]), default=-1)
    for key in keys:
        if not sources[key] and targets[key]:
            layer[key] = min(layer[b] for b in targets[key]) - 1
    return layer


def _with_bends(
    layer: dict[Key, int], arrows: Sequence[tuple[Key, Key]]
) -> tuple[list[list[Key]], list[tuple[Key, Key]], dict]:
    """Rows of keys; arrows cut up so that each goes one row down; and the bends of each arrow."""
    rows: list[list[Key]] = [[] for _ in range(max(layer.values()) + 1)]
    for key, k in layer.items():
        rows[k].append(key)
    links, ways = [], {}
    for a, b in arrows:
        way = [("bend", a, b, k) for k in range(layer[a] + 1, layer[b])]
        for bend in way:
            rows[bend[3]].append(bend)
        stations = [a, *way, b]
        links += zip(stations, stations[1:])
        ways[a, b] = way
    return [row for row in rows if row], links, ways


def _order(rows: list[list[Key]], links: Sequence[tuple[Key, Key]]) -> None:
    """Sort each row by the mean place of its neighbours in the next row, to and fro."""
    above: dict[Key, list] = {key: [] for row in rows for key in row}
    below: dict[Key, list] = {key: [] for row in rows for key in row}
    port = {}  # of a link: where along the top of its target it should arrive, in [0, 1)
    for a, b in links:
        port[a, b] = len(above[b])
        above[b].append(a)
        below[a].append(b)
    port = {(a, b): i / len(above[b]) for (a, b), i in port.items()}
    best = [[*row] for row in rows]
    fewest = _crossings(rows, below)
    for sweep in range(SWEEPS):
        upward = sweep % 2 == 0
        for row in rows[::-1] if upward else rows:
            place = {key: i for r in rows for i, key in enumerate(r)}
            mean = {}
            for key in row:
                near = (below if upward else above)[key]
                nudged = [place[n] + (port[key, n] if upward else 0.0) for n in near]
                mean[key] = np.mean(nudged) if near else place[key]
            row.sort(key=mean.__getitem__)
        crossings = _crossings(rows, below)
        if crossings <= fewest:
            best, fewest = [[*row] for row in rows], crossings
    rows[:] = best


def _crossings(rows: list[list[Key]], below: dict[Key, list]) -> int:
    """How many pairs of arrows cross."""
    count = 0
    for row, next_row in zip(rows, rows[1:]):
        place = {key: i for i, key in enumerate(next_row)}
        ends = [place[b] for a in row for b in sorted(below[a], key=place.__getitem__)]
        count += sum(b > c for i, b in enumerate(ends) for c in ends[i + 1 :])
    return count


def _positions(
    rows: list[list[Key]],
    links: Sequence[tuple[Key, Key]],
    width: dict[Key, float],
    across: float,
) -> dict[Key, float]:
    """Boxes below the mean of those above them and above the mean of those below, the order kept.

    A box without sources stands above its targets and moves no other: chains of operations are
    straight, and weights and constants stand at their sides.
    """
    above: dict[Key, list] = {key: [] for row in rows for key in row}
    below: dict[Key, list] = {key: [] for row in rows for key in row}
    for a, b in links:
        above[b].append(a)
        below[a].append(b)
    loose = {key for key in above if not above[key]}
    weight = {key: 1e-6 if key in loose else 1.0 for key in above}
    x = dict.fromkeys(above, 0.0)
    for sweep in range(SWEEPS):
        upward = sweep % 2 == 0
        for row in rows[::-1] if upward else rows:
            wanted = []
            for key in row:
                firm = [n for n in (below if upward else above)[key] if n not in loose]
                near = firm or (key in loose and below[key]) or [key]
                wanted.append(float(np.mean([x[n] for n in near])))
            x.update(zip(row, _spaced(wanted, row, width, weight, across)))
    left = min(x[key] - width[key] / 2 for key in x)
    return {key: value - left for key, value in x.items()}


def _spaced(
    wanted: Sequence[float],
    row: list[Key],
    width: dict[Key, float],
    weight: dict[Key, float],
    across: float,
) -> list[float]:
    """The positions nearest to `wanted`, in weighted least squares, of boxes that do not overlap.

    With s_i the least distance of box i from the first, x_i - s_i must not fall along the row: that
    is isotonic regression, which merges neighbours in the wrong order into blocks at their mean.
    """
    gaps = [(width[a] + width[b]) / 2 + across for a, b in zip(row, row[1:])]
    least = np.concatenate([[0.0], np.cumsum(gaps)])
    blocks: list[list[float]] = []  # [mean, weight, count]
    for value, key in zip(np.asarray(wanted) - least, row):
        blocks.append([value, weight[key], 1])
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            m2, w2, n2 = blocks.pop()
            m1, w1, n1 = blocks.pop()
            blocks.append([(m1 * w1 + m2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    means = [mean for mean, _, count in blocks for _ in range(int(count))]
    return [float(m + s) for m, s in zip(means, least)]
