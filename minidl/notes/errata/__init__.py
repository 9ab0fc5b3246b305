"""Executable errata: where the notes print a wrong formula, both formulas, and what separates them.

A module of this package is one erratum.  It is named as its row of the map ("jsd", with _ for -),
its docstring says what is wrong, and it has

    as_printed(...)   the notes' formula, taken literally
    corrected(...)    the right one, as a chapter implements it
    experiment()      a list of `Line`: both, beside a truth that neither of them computed

`minidl notes jsd` prints the experiment, which takes at most a second or two.
"""

from __future__ import annotations

import importlib
import math
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass
from types import ModuleType


@dataclass(frozen=True)
class Line:
    """One number that an erratum's experiment finds.

    printed, corrected: what the two formulas give for `quantity`.
    truth: what is known from elsewhere: an enumeration, a closed form, a linear program.
    tolerance: how far from the truth a right formula may be: rounding, or the error of sampling.
    """

    quantity: str
    printed: float
    corrected: float
    truth: float
    tolerance: float

    @property
    def separates(self) -> bool:
        """Whether the corrected formula is right, and the printed one far off."""
        right = abs(self.corrected - self.truth) <= self.tolerance
        return right and not abs(self.printed - self.truth) <= 10 * self.tolerance


def names() -> list[str]:
    """The rows of the map that have an executable erratum."""
    return sorted(module.name.replace("_", "-") for module in pkgutil.iter_modules(__path__))


def find(id: str) -> ModuleType | None:
    """The erratum of the row `id`, if there is one."""
    if id not in names():
        return None
    return importlib.import_module(f"{__name__}.{id.replace('-', '_')}")


def table(lines: Iterable[Line]) -> str:
    """The lines of an experiment as text."""
    lines = list(lines)
    width = max(len("quantity"), *(len(line.quantity) for line in lines))
    head = f"{'quantity':<{width}}  {'as printed':>12}  {'corrected':>12}  {'truth':>12}"
    return "\n".join(
        [head]
        + [
            f"{line.quantity:<{width}}"
            + "".join(f"  {_number(x):>12}" for x in (line.printed, line.corrected, line.truth))
            for line in lines
        ]
    )


def _number(x: float) -> str:
    return f"{x:.6g}" if math.isfinite(x) else str(x)
