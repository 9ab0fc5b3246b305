"""Looking at tensors and graphs: tables in a notebook, drawings, a backward pass step by step."""

from .drawing import draw
from .explanation import explain
from .table import table

__all__ = ["draw", "table", "explain"]
