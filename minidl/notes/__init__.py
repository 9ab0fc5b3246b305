"""The map of the notes: where a thing stands in them, what implements it, what shows it.

>>> import minidl
>>> minidl.notes.where("jsd").where
'R JSD'
"""

from .lookup import DOCUMENTS, Row, coverage, families, rows, search, where

__all__ = ["DOCUMENTS", "Row", "coverage", "families", "rows", "search", "where"]
