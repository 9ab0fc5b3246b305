"""The forward function as a graph: its steps, where they stand in the source, the ways between.

A forward function of NumPy's functions runs on Tensors too, and then it is known which way the
gradient takes: `pull` sends it back, step by step, and can be told to do one step otherwise.
"""

from __future__ import annotations

import ast
import copy
import dataclasses
import functools
import itertools
import linecache
import re
import sys
import threading
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..accumulate import Scattered, Sums
from ..graph import Node, Tensor, tensor
from ..recording import Observer, mode
from .trials import Trial, close

PACKAGE = Path(__file__).parents[1]
ENGINE = tuple(str(PACKAGE / part) for part in ("ops", "graph.py", "value.py"))
LONGEST = 60  # of a piece of source that is shown


@dataclasses.dataclass(frozen=True, eq=False)
class Step:
    """One operation of the forward function.

    values: its arguments, by name.  site: where in the source it was called, and from where; the
    steps of a loop share it, and number tells them apart.  calls: how the calls that led to it are
    written.  piece: how it is; '' if that is not known.  returned: of how many calls it is the
    value.  size: of y.
    """

    node: Node
    values: dict[str, Any]
    y: Any
    site: tuple
    number: int
    calls: list[str]
    piece: str
    returned: int
    size: int

    def __str__(self) -> str:
        """The expression as it is written, and the call that it is in."""
        if not self.piece:
            return f"np.{self.node.name}"
        is_call = self.calls and isinstance(parsed(self.calls[-1]), ast.Call)
        return quoted(self.piece) + (f" in {quoted(self.calls[-1])}" if is_call else "")

    @property
    def value(self) -> str:
        """The same, or the call whose value it is."""
        if not self.returned:
            return str(self)
        return str(dataclasses.replace(
            self, piece=self.calls[-self.returned], calls=self.calls[: -self.returned]
        ))  # fmt: skip

    def operand(self, slot: str, element: int | None) -> str:
        """How an input is written."""
        name, tree = self.node.name, parsed(self.piece)
        k = self.node.plan.op.names.index(slot)
        found = None
        if isinstance(tree, ast.BinOp):
            found = (tree.left, tree.right)[k] if k < 2 else None
        elif isinstance(tree, ast.Call) and isinstance(tree.func, ast.Attribute):
            of_module = isinstance(tree.func.value, ast.Name) and tree.func.value.id == "np"
            given = tree.args if of_module else [tree.func.value, *tree.args]
            if tree.func.attr == "einsum":
                k, given = (element, given[1:]) if name == "einsum_of" else (len(given), given)
            found = given[k] if k < len(given) else None
            if element is not None and isinstance(found, ast.List | ast.Tuple):
                found = found.elts[element]
        return quoted(ast.unparse(found)) if found is not None else f"its input {k + 1}"

    @property
    def slots(self) -> list[str]:
        """The names of the inputs that lead on."""
        return [self.node.plan.op.names[i] for i in self.node.plan.inputs]

    def results(self, g: Any, saved: Sequence | None = None) -> list:
        """The gradients of its inputs, by its rules; with other saved values, if they are given."""
        edges, plan = self.node.edges, self.node.plan
        found = plan.gradients(g, self.node.saved if saved is None else saved, [True] * len(edges))
        return [_dense(result) for result in found]


class Trace:
    """A forward function, run on the inputs of one draw.

    arrived: the gradients of the outputs of the steps, by site and number, in the latest pass.
    work: how much was done so far: the steps of all passes, large ones counted several times.
    """

    def __init__(
        self, trial: Trial, leaves: dict[str, Tensor], steps: list[Step], ys: list[Tensor]
    ) -> None:
        self.inputs, self.leaves, self.steps = trial.inputs, leaves, steps
        self.at = {(step.site, step.number): step for step in steps}
        self.right: dict[Step, tuple] = {}  # of each step that g reaches: g, and its results
        self.arrived: dict[tuple, Any] = {}
        self.work = 0
        outputs = [(y.edge, np.array(g)) for y, g in zip(ys, trial.gs) if y.edge]
        self.gradients = self._pass(outputs, {})

    def pull(self, changes: dict[Any, Change]) -> dict[str, np.ndarray]:
        """The gradient of each input, if at the sites of `changes` these take the rules' place.

        At the name of an input, what takes the place of its gradient.  Rules are linear in g: what
        has changed is sent on by itself.
        """
        self.arrived = {(step.site, step.number): g for step, (g, _) in self.right.items()}
        difference = self._pass([], changes)
        return {name: g + difference[name] for name, g in self.gradients.items()}

    def _pass(self, outputs: list[tuple], changes: dict[Any, Change]) -> dict[str, np.ndarray]:
        sums = Sums(recorded=False)
        sums.add(outputs, None)
        for step in reversed(self.steps):
            g, is_changed = _taken(sums, step), step.site in changes and step in self.right
            if g is None and not is_changed:
                continue
            self.work += 1 + step.size // 500
            if is_changed:
                right, results = self.right[step]
                g = right if g is None else _plus(right, g)
                self.arrived[step.site, step.number] = g
                found = _minus(changes[step.site](step, g, self), results)
            else:
                found = step.results(g)
                if outputs:
                    self.right[step] = g, found
                else:
                    key = step.site, step.number
                    self.arrived[key] = _plus(self.arrived[key], g)
            for edge, result in zip(step.node.edges, found):
                pairs = [(edge, result)] if edge.__class__ is tuple else zip(edge, result)
                sums.add([(e, r) for e, r in pairs if e is not None], step.node)
        found = {}
        for name, x in self.leaves.items():
            g = sums.take(x.node)
            found[name] = np.zeros(x.shape) if g is None else g
            if name in changes:
                found[name] = changes[name](None, found[name], self) - self.gradients[name]
        return found


Change = Callable[[Step, Any, Trace], list]  # (step, g, the trace) -> what is sent to its inputs


def _taken(sums: Sums, step: Step) -> Any:
    """The gradient of the output of a step, a list if it has several; None if none arrived."""
    g = sums.take(step.node)
    if step.node.outputs:
        parts = [g, *(sums.take((step.node, k)) for k in range(1, step.node.outputs))]
        if all(g_k is None for g_k in parts):
            return None
        return [np.zeros_like(y) if g_k is None else g_k for g_k, y in zip(parts, step.y)]
    return g


def _plus(a: Any, b: Any) -> Any:
    return [*map(_plus, a, b)] if isinstance(a, list) else a + b


def _minus(a: Any, b: Any) -> Any:
    return [*map(_minus, a, b)] if isinstance(a, list) else a - b


def trace(forward: Callable, trial: Trial) -> Trace | None:
    """The trace of a forward function; None if it cannot be run on Tensors, or goes other ways."""
    return _run(forward, trial) or _run(_with_fillable(forward, {}), trial)


def _run(forward: Callable, trial: Trial) -> Trace | None:
    leaves = {name: tensor(trial.inputs[name], requires_grad=True) for name in trial.names}
    arguments = copy.deepcopy({**trial.inputs}) | leaves
    # `x[i] = ...` in the forward function makes x another tensor, and the leaf must stay
    arguments |= {name: Tensor(x.data, x.edge) for name, x in leaves.items()}
    recorder = _Recorder()
    try:
        with recorder, np.errstate(all="ignore"):
            mode.rebinds = True
            result = forward(*arguments.values())
    except Exception:  # what has no counterpart among our operations
        return None
    finally:
        mode.rebinds = False
    ys = [*result] if isinstance(result, tuple) else [result]
    if not all(isinstance(y, Tensor) for y in ys):
        return None
    with np.errstate(all="ignore"):
        found = Trace(trial, leaves, recorder.steps, ys)
    is_same = all(close(found.gradients[n], trial.slopes(n), trial.steady[n]) for n in trial.names)
    return found if is_same else None


class _Fillable:
    """NumPy, but for arrays that are made to be filled: these are Tensors."""

    def __getattr__(self, name: str) -> Any:
        made = getattr(np, name)
        if name.removesuffix("_like") not in ("zeros", "ones", "empty", "full"):
            return made

        def fillable(*args: Any, **kwargs: Any) -> Any:
            array = made(*(a.data if isinstance(a, Tensor) else a for a in args), **kwargs)
            return Tensor(array) if array.dtype.kind == "f" else array

        return fillable


def _with_fillable(function: Callable, known: dict[int, Callable]) -> Callable:
    """A function, and those of its module, for which `np` is `_Fillable`."""
    if not isinstance(function, types.FunctionType):
        return function
    if id(function) not in known:
        scope: dict[str, Any] = {}
        known[id(function)] = made = types.FunctionType(
            function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
        )
        made.__kwdefaults__ = function.__kwdefaults__
        for name, value in function.__globals__.items():
            is_used = name in function.__code__.co_names and value is not function
            scope[name] = _Fillable() if value is np else value
            if is_used and getattr(value, "__module__", "") == function.__module__:
                scope[name] = _with_fillable(value, known)
    return known[id(function)]


class _Recorder(Observer):
    """Notes every step that this thread makes, and where."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.thread, self.counts = threading.get_ident(), {}
        self.bottom = sys._getframe(1)  # the frame of `_run`

    def made(self, node: Node, arguments: Sequence, y: Any) -> None:
        if threading.get_ident() != self.thread:
            return
        frames, frame = [], sys._getframe(1)
        while frame is not None and frame is not self.bottom:
            frames.append(frame)
            frame = frame.f_back
        frames.reverse()
        site = tuple((f.f_code, f.f_lasti) for f in frames)
        site = (*site, node.name)
        number = self.counts[site] = self.counts.get(site, -1) + 1
        values = dict(zip(node.plan.op.names, arguments))
        own = [*itertools.takewhile(lambda f: not f.f_code.co_filename.startswith(ENGINE), frames)]
        pieces = [_expression(f) for f in own]
        returned = 0
        while returned < len(pieces) - 1 and pieces[-1 - returned][1]:
            returned += 1
        *calls, piece = [text for text, _ in pieces] or [""]
        size = sum(map(np.size, y)) if isinstance(y, tuple) else np.size(y)
        self.steps.append(Step(node, values, y, site, number, calls, piece, returned, size))


def _expression(frame: Any) -> tuple[str, bool]:
    """The piece of source that a frame is evaluating, and whether the frame returns its value."""
    first, last, start, end = [*frame.f_code.co_positions()][frame.f_lasti // 2]
    if None in (first, last, start, end):
        return "", False
    lines = [linecache.getline(frame.f_code.co_filename, n) for n in range(first, last + 1)]
    if not all(lines):
        return "", False
    after = lines[-1].encode()[end:].decode().strip()
    before = lines[0].encode()[:start].decode()
    lines[-1] = lines[-1].encode()[:end].decode()
    lines[0] = lines[0].encode()[start:].decode()
    returned = re.search(r"(\breturn|\blambda[^:]*:)\s*$", before) and after in ("", ",", ")", "),")
    return " ".join(" ".join(lines).split()), bool(returned)


@functools.cache
def parsed(text: str) -> ast.expr | None:
    """The expression that is a text; None if it is no expression.  The same tree for the same text,
    as hundreds of mistakes are looked for at every step: it is only read."""
    try:
        return ast.parse(text, mode="eval").body
    except SyntaxError:
        return None


def quoted(text: str) -> str:
    """A piece of source for a sentence; the arguments of a long call are left out."""
    tree = parsed(text)
    if len(text) > LONGEST and isinstance(tree, ast.Call):
        text = f"{ast.unparse(tree.func)}(...)"
    return f"`{text}`" if len(text) <= LONGEST else f"`{text[: LONGEST - 4]} ...`"


def _dense(result: Any) -> Any:
    if isinstance(result, list):
        return [_dense(r) for r in result]
    if result.__class__ is Scattered:
        return Scattered.add_up([result.values], [result.index], result.shape)
    return result
