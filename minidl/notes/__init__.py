"""The map of the notes: where a thing stands in them, what implements it, what shows it.

>>> import minidl
>>> [row.where for row in minidl.notes.where("jsd")]
['R JSD']
"""

from .lookup import DOCUMENTS, Row, Rows, coverage, families, rows, search, where
from .report import report

__all__ = ["DOCUMENTS", "Row", "Rows", "coverage", "families", "report", "rows", "search", "where"]
