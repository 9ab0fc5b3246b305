"""The map of the notes: one row for everything in them that code can implement or demonstrate.

    >>> print(where("jsd"))  # doctest: +SKIP

The rows stand in `notes_map.tsv`, beside this file.  A row says where in the notes a thing stands,
what they print, what is wrong with that, what is checked by finite differences and what a test can
verify; and, once it is done, which functions implement it and which tests show it.  `formulas.tsv`
has the formulas again, for typesetting: what is right, and what is printed where that differs.
"""

from __future__ import annotations

import csv
import difflib
import functools
import inspect
import pkgutil
import textwrap
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MAP = Path(__file__).parent / "notes_map.tsv"
FORMULAS = MAP.with_name("formulas.tsv")

# The letters with which the column `where` begins.  The refsheet is scanned three times (000, 003,
# 004), and only the second has its second page.
DOCUMENTS = {
    "R": "the refsheet (scans 000, 003, 004)",
    "R3": "the refsheet's second page (scan 003)",
    "C": "the CS7150 notes (scan 001)",
    "S": "the deep-learning cheat sheet (scan 002)",
}


@dataclass(frozen=True)
class Row:
    """One row of the map.

    id, family: its name, and the chapter that it belongs to.  where: document and section.
    what: the subject.  formula: as the notes print it.  erratum: what is right, and why.
    check: the scalar whose gradient is compared with finite differences, and with respect to what.
    criterion: what a test verifies.
    implementation: dotted names.  tests: 'tests/file.py::test_name'.
    latex: what is right, "" if no formula says it.  latex_printed: what the notes print, if wrong.
    """

    family: str
    id: str
    where: str
    what: str
    formula: str
    erratum: str
    check: str
    criterion: str
    implementation: tuple[str, ...]
    tests: tuple[str, ...]
    latex: str
    latex_printed: str

    def objects(self) -> list[Any]:
        """What implements the row, imported.  Raises ImportError or AttributeError if absent."""
        return [pkgutil.resolve_name(name) for name in self.implementation]

    def __str__(self) -> str:
        places = [_place(name) for name in self.implementation]
        entries = [
            ("what", self.what),
            ("in the notes", self.where),
            ("printed", self.formula),
            ("erratum", self.erratum),
            ("gradient of", self.check),
            ("to be shown", self.criterion),
            ("code", "\n".join(places) or "not yet"),
            ("test", "\n".join(self.tests) or "not yet"),
        ]
        return "\n".join([f"{self.id}  ({self.family})", *(_entry(*e) for e in entries)])


def _entry(label: str, text: str) -> str:
    """A labelled paragraph with a hanging indent, 100 columns wide."""
    lines = [piece for line in text.split("\n") for piece in textwrap.wrap(line, 84)] or ["-"]
    return f"  {label:<14}" + f"\n{'':16}".join(lines)


def _place(name: str) -> str:
    """A dotted name, with the file and the line where it is defined."""
    thing = inspect.unwrap(pkgutil.resolve_name(name))
    file = Path(inspect.getsourcefile(thing)).relative_to(MAP.parent.parent.parent)
    line = 1 if inspect.ismodule(thing) else inspect.getsourcelines(thing)[1]
    return f"{name}   {file}:{line}"


@functools.cache
def rows() -> dict[str, Row]:
    """Every row, by its id, in the order of the map."""
    latex = {name: formulas for name, *formulas in _lines(FORMULAS)}
    found = {}
    for *texts, implementation, tests in _lines(MAP):
        name = texts[1]
        found[name] = Row(
            *texts, tuple(implementation.split()), tuple(tests.split()), *latex.pop(name)
        )
    if latex:
        raise ValueError(f"{FORMULAS} has formulas for rows that are not in the map: {list(latex)}")
    return found


def _lines(path: Path) -> list[list[str]]:
    """The cells of each line below the head.  Raises ValueError where there are too few."""
    with path.open(encoding="utf-8", newline="") as file:
        head, *lines = csv.reader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
    for number, cells in enumerate(lines, start=2):
        if len(cells) != len(head):
            raise ValueError(f"{path}, line {number}: {len(cells)} cells, not {len(head)}")
    return lines


def families() -> dict[str, list[Row]]:
    """The rows of each family."""
    found: dict[str, list[Row]] = {}
    for row in rows().values():
        found.setdefault(row.family, []).append(row)
    return found


class Rows(tuple):
    """Rows that were looked up; printed, one after another."""

    def __str__(self) -> str:
        return "\n\n".join(map(str, self))


def where(name: str) -> Rows:
    """The row called `name`, or those whose names begin with it: "ewc" is two rows.

    Printed: place in the notes, formula, erratum, code and test.
    Raises LookupError, with the nearest names, if there is none.
    """
    if name in rows():
        return Rows([rows()[name]])
    found = Rows(row for row in rows().values() if row.id.startswith(name))
    if not found:
        near = difflib.get_close_matches(name, rows(), n=3, cutoff=0.5)
        near += [row.id for row in search(name) if row.id not in near][:5]
        hint = f"near to it: {', '.join(near)}" if near else f"families: {', '.join(families())}"
        raise LookupError(f"no row of the notes is called {name!r}; {hint}")
    return found


def search(text: str) -> list[Row]:
    """The rows whose name, subject or formula contains `text`."""
    text = text.lower()
    return [
        row for row in rows().values() if text in f"{row.id}\n{row.what}\n{row.formula}".lower()
    ]


def coverage() -> dict[str, tuple[int, int]]:
    """For each family: how many rows have both code and test, and how many there are."""
    return {
        family: (sum(bool(row.implementation and row.tests) for row in members), len(members))
        for family, members in families().items()
    }
