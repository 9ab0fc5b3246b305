"""Nested tuples, lists and dicts: what is done to each thing that they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .graph import Tensor


def map_leaves(tree: Any, function: Callable[[Any], Any]) -> Any:
    """`tree` with `function` applied to everything in it that is no tuple, list or dict."""
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_leaves(value, function) for value in tree))
    if isinstance(tree, tuple | list):
        return (list if isinstance(tree, list) else tuple)(map_leaves(v, function) for v in tree)
    if isinstance(tree, dict):
        return {key: map_leaves(value, function) for key, value in tree.items()}
    return function(tree)


def map_tensors(tree: Any, function: Callable[[Tensor], Any]) -> Any:
    """`tree` with `function` applied to its Tensors; everything else stays as it is."""
    return map_leaves(tree, lambda value: function(value) if isinstance(value, Tensor) else value)


def leaves(tree: Any) -> list:
    """Everything in `tree` that is no tuple, list or dict, in order."""
    found: list = []
    map_leaves(tree, found.append)
    return found
