"""Reading cupy_table.tsv: which names CuPy has, of which kind, with which signature."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import NamedTuple

TABLE = Path(__file__).with_name("cupy_table.tsv")


class Row(NamedTuple):
    """One line of the table; make_table.py says what the kinds are."""

    kind: str
    detail: str

    @property
    def signature(self) -> inspect.Signature:
        """The signature of a function or method: its text is valid as a lambda's parameters."""
        return inspect.signature(eval(f"lambda {self.detail[1:-1]}: None"))


def read() -> dict[str, Row]:
    """Dotted name -> Row."""
    rows = [line.split("\t") for line in TABLE.read_text().splitlines()[1:]]
    return {name: Row(kind, detail) for name, kind, detail in rows}


def members(owner: str) -> dict[str, Row]:
    """The rows of a module or class by bare name: members("cupy.linalg")["inv"]."""
    split = {name.rpartition("."): row for name, row in ROWS.items()}
    return {name: row for (prefix, _, name), row in split.items() if prefix == owner}


VERSION = TABLE.read_text().split(",")[0].removeprefix("# ")  # 'CuPy 14.2.0'
ROWS = read()
