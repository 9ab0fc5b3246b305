"""The edges of a traced function, and how a mistake changes what is sent along one: see `paths`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .tracing import Change, Step, Trace


@dataclasses.dataclass
class Mistake:
    """What leads to it, as the end of 'this is what you get if ...', and what it changes."""

    code: str
    text: str
    changes: dict[Any, Change]


@dataclasses.dataclass(frozen=True)
class Edge:
    """The way from a step back to one of its inputs, or to one element of a list of inputs."""

    step: Step
    slot: int
    element: int | None

    @property
    def operand(self) -> str:
        """How the input is written."""
        return self.step.operand(self.step.slots[self.slot], self.element)

    @property
    def derivative(self) -> str:
        """What is differentiated, and with respect to what."""
        alone = len(self.step.slots) == 1 and self.element is None
        return str(self.step) if alone else f"{self.step} with respect to {self.operand}"

    @property
    def shape(self) -> tuple[int, ...]:
        """That of the input."""
        found = self.step.node.edges[self.slot]
        return (found if self.element is None else found[self.element])[2]

    def sends(self, function: Callable[[Step, Any, Any, Trace], Any]) -> dict[Any, Change]:
        """The change of what goes this way, to function(step, g, what its rule gives, trace)."""
        i, j = self.slot, self.element

        def change(step: Step, g: Any, traced: Trace) -> list:
            results = step.results(g)
            if j is None:
                results[i] = function(step, g, results[i], traced)
            else:
                results[i] = [*results[i]]
                results[i][j] = function(step, g, results[i][j], traced)
            return results

        return {self.step.site: change}

    def result(self, step: Step, g: Any, saved: list | None = None) -> Any:
        """What its rule gives for another g, or with other saved values."""
        found = step.results(g, saved)[self.slot]
        return found if self.element is None else found[self.element]


def edges(traced: Trace) -> Iterator[Edge]:
    """All edges of the graph; of the steps that share a site, those of the first."""
    for step in traced.steps:
        if step.number == 0:
            for slot, edge in enumerate(step.node.edges):
                if edge.__class__ is tuple:
                    yield Edge(step, slot, None)
                else:
                    yield from (Edge(step, slot, j) for j, e in enumerate(edge) if e is not None)


def same_shape(new: np.ndarray, old: np.ndarray) -> np.ndarray:
    """new, if it has the shape of old."""
    if np.shape(new) != np.shape(old):
        raise ValueError("another shape")
    return new
