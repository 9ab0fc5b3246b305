"""explain(): a backward pass, told step by step.

    with minidl.explain():
        loss.backward()

prints what arrives at each operation, which rule runs, and what leaves:

     1. loss = mean
        arrives   g ()             1
        rule      x: spread(g / float(count(x_shape, axis)), x_shape, axis)
        uses      x_shape = (3,), axis = None
        leaves    x (3,)           [0.333, 0.333, 0.333]  to power
"""

from __future__ import annotations

import ast
import functools
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, TextIO

import numpy as np

from .. import backend
from ..accumulate import Scattered
from ..graph import Leaf, Node
from ..recording import Observer
from .facts import known_names, parameter_names
from .heat import host, number

WIDTH = 60  # letters of an array that are printed


class explain(Observer):
    """Print each step of the backward passes inside this `with` block.

    names: a dict from names to tensors, or a Module, whose parameters have names.  Those of
        variables where `explain` is called are known without.
    file: where to print, the standard output unless given.
    """

    def __init__(self, names: Any = None, file: TextIO | None = None) -> None:
        frame = sys._getframe(1)
        self.names, _ = known_names({**frame.f_globals, **frame.f_locals})
        if hasattr(names, "named_parameters"):
            self.names |= parameter_names(names)
        elif names:
            self.names |= known_names(names)[0]
        self.file, self.step = file, 0

    def pulled(self, node: Node, g: Any, results: Sequence) -> None:
        """Print one step."""
        self.step += 1
        name = self.names.get((node, 0))
        self.print(f"{self.step:2d}. {f'{name} = ' if name else ''}{node.name}")
        for k, part in enumerate(g if isinstance(g, list) else [g]):
            if part is not None:
                self.line("arrives", f"g[{k}]" if isinstance(g, list) else "g", part)
        for i in range(len(node.edges)):
            if results[i] is not None:
                self.rule(node, i)
        used = [described(name, value) for name, value in zip(node.plan.saves, node.saved)]
        if any(used):
            self.print(f"    uses      {', '.join(filter(None, used))}")
        for i, (edge, result) in enumerate(zip(node.edges, results)):
            parameter = node.plan.op.names[node.plan.inputs[i]]
            edges, parts = (edge, result) if isinstance(edge, list) else ([edge], [result])
            for k, (one, part) in enumerate(zip(edges, parts or ())):
                if one is not None and part is not None:
                    label = f"{parameter}[{k}]" if isinstance(edge, list) else parameter
                    self.line("leaves", label, part, one)

    def rule(self, node: Node, i: int) -> None:
        """Print the rule that ran for input i."""
        op = node.plan.op
        parameter = op.names[node.plan.inputs[i]]
        if op.joint is not None:
            if i == 0:
                self.print(f"    rule      for all inputs together: {place_of(op.joint)}")
        elif hasattr(op, "forward"):
            self.print(f"    rule      {parameter}: {text_of(op.rules[parameter], parameter)}")

    def line(self, what: str, label: str, value: Any, edge: tuple | None = None) -> None:
        """Print an array that arrives or leaves, and where it goes."""
        if isinstance(value, Scattered):
            value = Scattered.add_up([value.values], [value.index], value.shape)
        array = host(value)
        goes = "" if edge is None else f"  to {self.destination(edge)}"
        if edge is not None and array.shape != edge[2]:
            goes += f", summed to {edge[2]}"
        self.print(f"    {what:9s} {f'{label} {array.shape}':16s} {short(array)}{goes}")

    def destination(self, edge: tuple) -> str:
        """What the node is called that an edge leads to."""
        name = self.names.get(edge[:2])
        if isinstance(edge[0], Leaf):
            return f"{name or 'leaf'}.grad"
        return f"{name} = {edge[0].name}" if name else edge[0].name

    def print(self, line: str) -> None:
        """Print a line."""
        print(line.rstrip(), file=self.file)


def short(array: np.ndarray) -> str:
    """The first and last elements of an array, on one line."""
    words = np.array2string(
        array, threshold=6, edgeitems=2, separator=", ", formatter={"float_kind": number}
    )
    words = " ".join(words.split())
    return words if len(words) <= WIDTH else words[: WIDTH - 4] + " ..."


def described(name: str, value: Any) -> str:
    """A saved value: the shape of an array, or what a setting is; nothing for what is internal."""
    if backend.is_array(value):
        return f"{name} {value.shape}"
    if isinstance(value, list | tuple) and any(backend.is_array(v) for v in value):
        return ", ".join(described(f"{name}[{k}]", v) for k, v in enumerate(value))
    return "" if name in ("aux", "inputs", "y", "rest") else f"{name} = {value}"


# -------------------------------------------------------------------------- the text of a rule


def text_of(rule: Callable, parameter: str) -> str:
    """What a rule returns, as its source has it, if that is one expression; or else where it is."""
    source = _source(inspect.getsourcefile(rule) or "")
    line = rule.__code__.co_firstlineno
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.keyword) and isinstance(node.value, ast.Lambda):
            if node.arg == parameter and node.value.lineno == line:
                return _flat(ast.get_source_segment(source, node.value.body))
        if isinstance(node, ast.FunctionDef) and node.lineno == line:
            body = [s for s in node.body if not _is_docstring(s)]
            if len(body) == 1 and isinstance(body[0], ast.Return):
                return _flat(ast.get_source_segment(source, body[0].value))
    return place_of(rule)


def place_of(function: Callable) -> str:
    """Name, if it has one, and place of a function: _std_x, ops/reduce.py:78."""
    file = inspect.getsourcefile(function) or ""
    folder, name = os.path.split(file)
    where = f"{os.path.basename(folder)}/{name}:{function.__code__.co_firstlineno}"
    named = function.__name__.strip("_<>") not in ("", "lambda")
    return f"{function.__name__}, {where}" if named else where


@functools.cache
def _source(file: str) -> str:
    try:
        with open(file, encoding="utf-8") as stream:
            return stream.read()
    except OSError:  # typed in at a prompt
        return ""


@functools.cache
def _parsed(source: str) -> ast.Module:
    return ast.parse(source)


def _is_docstring(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _flat(text: str | None) -> str:
    return " ".join((text or "").split())
