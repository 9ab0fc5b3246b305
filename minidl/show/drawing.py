"""draw(): the graph of a computation as a picture, with values, gradients and what is kept.

    minidl.draw(loss)                     # a tensor that was computed
    minidl.draw(model, x)                 # a function or Module, called on these inputs

Data flows down.  A green box is a leaf that learns, a grey one a constant, a blue one an operation;
in each, the value on the left, the gradient of the last box with respect to it on the right, blue
below zero and red above.  "keeps" says what the operation saved for its rules.  A dashed arrow is
an input that was broadcast, so that its gradient is summed.
"""

from __future__ import annotations

import dataclasses
import os
import sys
import textwrap
from collections.abc import Callable
from typing import Any

from .. import backend, errors
from ..graph import Leaf, Node, Tensor
from .facts import Facts, argument_names, called, known_names, parameter_names
from .heat import number
from .layout import layered
from .picture import FAINT, INK, SMALL, Box, text, width_of

FONT = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
BROADCAST = "#c4660a"
ACROSS, DOWN, MARGIN = 26, 44, 14  # pixels between boxes, between layers, around all
LABEL = 15  # of the way down, what is kept straight beside the name of an input


def draw(target: Tensor | Callable, *inputs: Any, names: Any = None) -> Drawing:
    """A picture of the graph that ends in a tensor, or that a function of `inputs` records.

    names: a dict from names to tensors, or a Module, whose parameters have names.  Those of
        variables where `draw` is called are known without.
    Values and gradients in the middle of the graph are shown as far as they are still known: draw
    before `backward`, which frees them.  Nothing is changed by drawing, `.grad` included.
    Raises RuntimeError for a tensor that requires no gradient: it has no graph.
    """
    frame = sys._getframe(1)
    found, around = known_names({**frame.f_globals, **frame.f_locals})
    if isinstance(target, Tensor):
        if target.edge is None:
            raise errors.requires_no_gradient("draw: this tensor")
        roots, recorder = [target], None
    else:
        roots, recorder = called(target, inputs)
        found |= argument_names(target, inputs)
        if hasattr(target, "named_parameters"):
            found |= parameter_names(target)
    if hasattr(names, "named_parameters"):
        found |= parameter_names(names)
    elif names:
        found |= known_names(names)[0]
    facts = Facts(roots, found)
    if recorder is not None:
        facts.remember(recorder)
    facts.look_around(around)
    facts.differentiate()
    return Drawing(facts)


class Drawing:
    """A picture of a graph: shown by notebooks, saved with `save`; `svg` is its text."""

    def __init__(self, facts: Facts) -> None:
        self.svg = _svg(facts)

    def _repr_svg_(self) -> str:
        return self.svg

    def save(self, path: str | os.PathLike) -> None:
        """Write an SVG file, which browsers and word processors show."""
        with open(path, "w", encoding="utf-8") as file:
            file.write(self.svg)


# --------------------------------------------------------------------------------- the picture

Arrow = tuple[Any, Any, str, str]  # from, to, name of the input, its shape if it is broadcast


def _boxes(facts: Facts) -> tuple[dict[Any, Box], list[Arrow]]:
    """The boxes, by node or, of a constant, by the id of its array; and the arrows."""
    boxes: dict[Any, Box] = {}
    arrows: list[Arrow] = []
    for node in facts.nodes:
        if isinstance(node, Leaf):
            boxes[node] = _leaf(facts, node)
            continue
        inputs, settings = [], []
        for name, value in facts.constants.get(node, {}).items():
            if not backend.is_array(value):
                settings += _settings(name, value)
                continue
            if id(value) not in boxes:
                box = Box("constant", facts.names.get(id(value), "constant"), value.shape)
                box.add("", value)
                boxes[id(value)] = box
            inputs.append((id(value), node, name, ""))
        for i, edge in enumerate(node.edges):
            name = node.plan.op.names[node.plan.inputs[i]]
            for k, one in enumerate(edge if isinstance(edge, list) else [edge]):
                if one is not None:
                    shape = str(one[2]) if (node, i) in facts.broadcast else ""
                    label = f"{name}[{k}]" if isinstance(edge, list) else name
                    inputs.append((one[0], node, label, shape))
        order = {name: i for i, name in enumerate(node.plan.op.names)}
        inputs.sort(key=lambda arrow: order[arrow[2].partition("[")[0]])
        boxes[node] = _operation(facts, node, settings)
        boxes[node].least = sum(_slots(inputs))
        arrows += inputs
    return boxes, arrows


def _leaf(facts: Facts, node: Leaf) -> Box:
    x = node.tensor()
    box = Box("leaf", facts.names.get((node, 0), "leaf"), None if x is None else x.shape)
    box.add("value", facts.values.get((node, 0)))
    box.add("gradient", facts.gradients.get((node, 0)))
    return box


def _operation(facts: Facts, node: Node, settings: list[str]) -> Box:
    places = [(node, k) for k in range(max(node.outputs, 1))]
    name = ", ".join(facts.names[place] for place in places if place in facts.names)
    title = f"{name} = {node.name}" if name else node.name
    box = Box("operation", title, facts.shapes.get(places[0]))
    unbroken = ", ".join(setting.replace(" ", "\0") for setting in settings)
    box.notes += [line.replace("\0", " ") for line in textwrap.wrap(unbroken, 36)]
    box.notes += [f"{name}: a constant, not kept" for name in facts.unknown(node)]
    box.notes.append(facts.kept(node))
    for node, k in places:
        mark = f" [{k}]" if len(places) > 1 else ""
        box.add(f"value{mark}", facts.values.get((node, k)))
        box.add(f"gradient{mark}", facts.gradients.get((node, k)))
    return box


def _settings(name: str, value: Any) -> list[str]:
    """What a constant argument says, or what each of its fields does, in a few words."""
    if dataclasses.is_dataclass(value):
        fields = dataclasses.fields(value)
        return [words for f in fields for words in _settings(f.name, getattr(value, f.name))]
    words = number(value) if isinstance(value, float) else str(value)
    return [f"{name} = {words if len(words) <= 32 else words[:29] + '...'}"]


def _svg(facts: Facts) -> str:
    boxes, arrows = _boxes(facts)
    sizes = {key: box.size for key, box in boxes.items()}
    places, ways = layered(sizes, [(a, b) for a, b, *_ in arrows], ACROSS, DOWN)
    caption = _caption(facts, any(shape for *_, shape in arrows))
    top = MARGIN + (SMALL + 5) * len(caption) + 6
    lines = [
        text(MARGIN, MARGIN + SMALL + (SMALL + 5) * i, line, SMALL, FAINT)
        for i, line in enumerate(caption)
    ]
    lines.append(f'<g transform="translate({MARGIN},{top})">')
    lines += _arrows(arrows, places, ways, sizes)
    ends = {root.node for root in facts.roots}
    for key, box in boxes.items():
        (x, y), (w, h) = places[key], sizes[key]
        lines.append(box.svg(x - w / 2, y - h / 2, key in ends))
    right = max(places[key][0] + sizes[key][0] / 2 for key in boxes)
    bottom = max(places[key][1] + sizes[key][1] / 2 for key in boxes)
    w = max(right, *(width_of(line, SMALL) for line in caption)) + 2 * MARGIN
    h = bottom + top + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{w:.0f}" height="{h:.0f}" '
            f'viewBox="0 0 {w:.0f} {h:.0f}" font-family="{FONT}">',
            '<rect width="100%" height="100%" fill="white"/>',
            *lines,
            "</g>\n</svg>",
        ]
    )


def _caption(facts: Facts, any_broadcast: bool) -> list[str]:
    """What the colours and arrows mean, and what is missing."""
    root = facts.roots[0]
    name = facts.names.get(root.edge[:2], root.node.name)
    whole = len(facts.roots) == 1 and root.size == 1
    line = f"gradient of {name if whole else f'the sum of {name}'} · blue below 0, red above"
    if any_broadcast:
        line += " · dashed: broadcast, so that the gradient is summed"
    return [line, facts.note] if facts.note else [line]


def _arrows(arrows: list[Arrow], places: dict, ways: dict, sizes: dict) -> list[str]:
    """Curves from the bottom of a box to the top of the next, with the names of the inputs."""
    lines, labels = [], []
    for target in dict.fromkeys(b for _, b, *_ in arrows):
        into = [arrow for arrow in arrows if arrow[1] == target]
        into.sort(key=lambda arrow: ways[arrow[:2]][-2][0])
        (x, y), (w, h) = places[target], sizes[target]
        slots = _slots(into)
        left, free = x - w / 2, (w - sum(slots)) / len(slots)
        for (source, _, name, shape), slot in zip(into, slots):
            end = left + free / 2 + (slot / 2 if len(slots) == 1 else 8)
            left += slot + free
            start = (places[source][0], places[source][1] + sizes[source][1] / 2)
            *way, (_, row) = ways[source, target]
            colour = BROADCAST if shape else INK
            lines.append(
                _curve([start, *way, (end, row - LABEL), (end, y - h / 2 - 2)], colour, bool(shape))
            )
            if len(into) > 1 or shape:
                label = f"{name} {shape}".strip()
                labels.append(text(end + 6, y - h / 2 - 5, label, SMALL - 1, colour))
    halo = '<g paint-order="stroke" stroke="white" stroke-width="3" stroke-linejoin="round">'
    return [*lines, halo, *labels, "</g>"]


def _slots(into: list[Arrow]) -> list[float]:
    """The width above a box that the end of each arrow needs, with its name."""
    return [width_of(f"{name} {shape}".strip(), SMALL - 1) + 20 for _, _, name, shape in into]


def _curve(points: list[tuple[float, float]], colour: str, dashed: bool) -> str:
    """Straight down, across, straight down, and so on; and the head of an arrow at the end."""
    path = f"M{points[0][0]:.1f},{points[0][1]:.1f}"
    for i, ((x0, y0), (x1, y1)) in enumerate(zip(points, points[1:])):
        middle = (y0 + y1) / 2
        across = f"C{x0:.1f},{middle:.1f} {x1:.1f},{middle:.1f} "
        path += f"{across if i % 2 else 'L'}{x1:.1f},{y1:.1f}"
    x, y = points[-1]
    dash = ' stroke-dasharray="4 3"' if dashed else ""
    return (
        f'<path d="{path}" fill="none" stroke="{colour}" stroke-opacity="0.6"{dash}/>'
        f'<path d="M{x - 3.5:.1f},{y - 5:.1f} L{x:.1f},{y + 1:.1f} L{x + 3.5:.1f},{y - 5:.1f}z" '
        f'fill="{colour}" fill-opacity="0.75"/>'
    )
