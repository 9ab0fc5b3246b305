"""The code that is judged: calls it on copies, and brings what it returns into one form."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .trials import CodeError, Trial, describe, same_arrays

Gradients = dict[str, np.ndarray]  # by input


@dataclasses.dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    code: for counting, such as 'missing-unbroadcast'.  text: for the student.
    names: the inputs whose gradients it is about.  trial: where it can be seen.
    specific: whether the text says what leads to this, and not only that or where it is wrong.
    """

    code: str
    text: str
    trial: Trial
    names: tuple[str, ...] = ()
    specific: bool = True


class Wrong(Exception):
    """What was returned cannot be compared; holds the finding."""

    def __init__(self, code: str, text: str, trial: Trial, specific: bool = True) -> None:
        super().__init__(text)
        self.finding = Finding(code, text, trial, specific=specific)


@dataclasses.dataclass(frozen=True)
class Student:
    """A forward and its backward(g, y, *inputs), on arrays."""

    forward: Callable
    backward: Callable

    def gradients(
        self, trial: Trial, gs: Sequence[np.ndarray] | None = None, between: Trial | None = None,
        **replaced: Any,
    ) -> Gradients:  # fmt: skip
        """forward, then backward; of the inputs of another trial, forward once more in `between`.

        gs: other incoming gradients.  replaced: other inputs for backward, or another `y`.
        Raises Wrong if it raised or was stopped, or returned what cannot be gradients.
        """
        gs, inputs = trial.gs if gs is None else [*gs], {**trial.inputs}
        ys = [replaced.pop("y")] if "y" in replaced else trial.ys
        gs, ys, inputs = copy.deepcopy((gs, ys, {**inputs, **replaced}))
        g, y = trial.arguments(gs, ys)
        try:
            with np.errstate(all="ignore"):
                self.forward(*copy.deepcopy([*trial.inputs.values()]))
                if between is not None:
                    self.forward(*copy.deepcopy([*between.inputs.values()]))
                returned = self.backward(g, y, *inputs.values())
        except Exception as error:
            at = CodeError.of(error)
            raised = f"it raised {at.text}" if at.code == "raised" else at.text
            text = f"{raised}{at.where()}\ngiven: {describe({'g': g, 'y': y, **inputs})}"
            raise Wrong(at.code, text, trial) from error
        return by_name(returned, trial)

    def writes_to(self, trial: Trial) -> str | None:
        """What backward changed in place: 'g', 'y', an input; None if nothing."""
        gs, ys, inputs = copy.deepcopy((trial.gs, trial.ys, trial.inputs))
        with np.errstate(all="ignore"):
            self.forward(*copy.deepcopy([*inputs.values()]))
            self.backward(*trial.arguments(gs, ys), *inputs.values())
        for name, x in inputs.items():
            if isinstance(x, np.ndarray) and not same_arrays(x, trial.inputs[name]):
                return name
        if not all(map(same_arrays, gs, trial.gs)):
            return "g"
        return None if all(map(same_arrays, ys, trial.ys)) else "y"


def by_name(returned: Any, trial: Trial) -> Gradients:
    """The gradients that were returned, one for each float input.

    A tuple has one for each of them, or one for each input, then with None for the others.
    """
    names, every = trial.names, [*trial.inputs]
    if returned is None:
        raise Wrong("none", "it returned None: is there a `return`?", trial)
    found = [*returned] if isinstance(returned, tuple | list) else [returned]
    if len(found) == len(every):
        found = [gradient for name, gradient in zip(every, found) if name in names]
    elif len(found) != len(names):
        were = f"one gradient was returned for {len(names)} inputs" if len(found) == 1 else (
            f"{len(found)} gradients were returned for {len(names)} input{'s'[:len(names) > 1]}"
        )  # fmt: skip
        raise Wrong("count", f"{were}: {', '.join(names)} want one each", trial)
    gradients = {}
    for name, gradient in zip(names, found):
        if gradient is None:
            raise Wrong("none", f"the gradient of {name} is None", trial)
        try:
            array = np.asarray(gradient)
        except ValueError:  # a ragged list
            array = np.asarray(None)
        if array.dtype.kind not in "fiub":
            kind = array.dtype if array.dtype.kind == "c" else type(gradient).__name__
            raise Wrong("type", f"the gradient of {name} is {kind}, not an array of floats", trial)
        # True and False count as 1 and 0, in a type that has differences
        gradients[name] = array.astype(np.int64) if array.dtype.kind in "bu" else array
    return gradients
