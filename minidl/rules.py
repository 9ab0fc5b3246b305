"""What is known of an operation: its forward on arrays, and the rules that differentiate it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

from . import complaints, errors

_REQUIRED = inspect.Parameter.empty  # the default of a parameter that has none


class Op:
    """An operation, without its calls: `graph.op` makes the function that is called."""

    def __init__(
        self, forward: Callable, list_of: str | None, aux: bool, constant_outputs: Sequence[int]
    ) -> None:
        self.forward, self.name = forward, forward.__name__
        parameters = inspect.signature(forward).parameters.values()
        self.defaults = {p.name: p.default for p in parameters}
        self.names = tuple(self.defaults)
        self.list_of = list_of  # the parameter that is a list of inputs
        self.aux = aux  # whether the forward returns (y, aux)
        self.constant_outputs = frozenset(constant_outputs)
        self.rules: dict[str, Callable] = {}  # input -> its rule
        self.definition: Callable | None = None  # of a fused operation, in plain operations
        self.joint: Callable | None = None  # the one rule of a fused operation,
        self.joint_inputs: tuple[str, ...] = ()  # and the inputs whose gradients it returns
        self.plans: dict[int, Plan] = {}

    def vjp(self, **rules: Callable) -> None:
        """Give the rule of each differentiable input: `vjp(a=lambda g, b: g * b, ...)`.

        A fused operation has one rule for all; where it has these besides, they are what a pass
        records, instead of tracing the definition.
        """
        known = {*self.names, "y", *(f"{name}_shape" for name in self.names)}
        for name, rule in rules.items():
            first, *needed = [*inspect.signature(rule).parameters] or [None]
            if name not in self.names or first != "g" or not known.issuperset(needed):
                raise TypeError(
                    f"{self.name}.vjp({name}=...): a rule is for one of {', '.join(self.names)}, "
                    f"and its parameters are g, then names out of {', '.join(sorted(known))}"
                )
            self.rules[name] = rule

    def composite(self, definition: Callable) -> Callable:
        """Give the definition of a fused operation in plain operations."""
        self.definition = definition
        return definition

    def backward(self, *inputs: str) -> Callable[[Callable], Callable]:
        """Give the one rule of a fused operation, on arrays: it returns a gradient for each of
        `inputs`, may name `aux`, and `needs` to learn which of them are wanted.  To be recorded,
        the definition is traced."""
        if self.definition is None:
            raise errors.no_definition(self.name)

        def register(rule: Callable) -> Callable:
            self.joint, self.joint_inputs = rule, inputs
            return rule

        return register

    def bind(self, args: tuple, kwargs: dict[str, Any]) -> list:
        """The arguments of a call, one for each parameter, in order."""
        bound = list(args)
        for name in self.names[len(args) :]:
            value = kwargs.pop(name) if name in kwargs else self.defaults[name]
            if value is _REQUIRED:
                raise complaints.missing_argument(self.name, name, self.names)
            bound.append(value)
        if kwargs or len(bound) > len(self.names):
            raise complaints.unexpected_argument(self.name, kwargs, self.names, len(bound))
        if self.list_of is not None:
            at = self.names.index(self.list_of)
            bound[at] = list(bound[at])
        return bound

    def differentiable(self, number: int, y: Any) -> bool:
        """Whether output `number`, the array y, can have a gradient."""
        return y.dtype.kind == "f" and number not in self.constant_outputs

    def plan(self, mask: int) -> Plan:
        """What to save and which rules to run if the inputs whose bits are in `mask` need it."""
        if mask not in self.plans:
            self.plans[mask] = Plan(self, [i for i in range(len(self.names)) if mask >> i & 1])
        return self.plans[mask]


class Plan:
    """An operation of which certain inputs need a gradient: what to save, which rules to run.

    What may be saved is listed in the order in which a call lines it up: the arguments, the output,
    aux, the arguments' shapes.
    """

    def __init__(self, op: Op, inputs: list[int]) -> None:
        self.op, self.inputs, self.name = op, inputs, op.name
        names = [op.names[i] for i in inputs]
        for name in names:
            if name not in (op.joint_inputs or op.rules):
                raise errors.no_derivative(op.name, name)
        available = [*op.names, "y", "aux", *(f"{name}_shape" for name in op.names)]
        ruled = [name for name in names if name in op.rules]
        needs = {name: [*inspect.signature(op.rules[name]).parameters][1:] for name in ruled}
        wanted = [p for name in ruled for p in needs[name]]
        if op.joint:  # its definition, if that is traced, takes all inputs
            self.joint_needs = [*inspect.signature(op.joint).parameters]
            wanted += [*op.names, *(p for p in self.joint_needs if p in ("y", "aux"))]
        self.saves = list(dict.fromkeys(wanted))  # each name once
        edge_of = {name: k for k, name in enumerate(names)}
        self.edge_numbers = [edge_of.get(p) for p in self.saves]  # of those that need a gradient
        self.pick = picker([available.index(p) for p in self.saves])
        self.saves_shapes = any(p.endswith("_shape") for p in self.saves)
        self.saves_more = self.saves_shapes or "aux" in self.saves
        # The caller may go on to change an index.
        self.copies = [i for i, p in enumerate(op.names) if p in ("index", "indices")]
        # Shapes, and settings such as an axis, are no arrays: there is nothing to free.
        with_rule = {*op.rules, *op.joint_inputs}
        settings = {p for p, d in op.defaults.items() if d is not _REQUIRED and p not in with_rule}
        self.frees = any(p not in settings and not p.endswith("_shape") for p in self.saves)
        # (rule, what picks its arguments from the saved values); of a fused operation, none or all
        self.rules = []
        for name in ruled if ruled == names else ():
            arguments = picker([self.saves.index(p) for p in needs[name]])
            self.rules.append((op.rules[name], arguments))
        self.has_list = op.list_of is not None
        self.simple = op.joint is None and not self.has_list
        self.pull = self._written_out() if self.simple else None

    def gradients(self, g: Any, saved: Sequence, needed: Sequence[bool]) -> list:
        """What the rules give for each input that is needed, None for the others.

        g: the gradient of the output, a list if there are several; saved: a value for each of
        `saves`.
        """
        if self.op.joint is None:
            return self.by_rules(g, saved, needed)
        names = [self.op.names[i] for i in self.inputs]
        wanted = {name for name, is_needed in zip(names, needed) if is_needed}
        given = dict(zip(self.saves, saved), g=g)
        given["needs"] = tuple(name in wanted for name in self.op.joint_inputs)
        results = dict(
            zip(self.op.joint_inputs, self.op.joint(*(given[p] for p in self.joint_needs)))
        )
        return [results[name] for name in names]

    def by_rules(self, g: Any, saved: Sequence, needed: Sequence[bool]) -> list:
        """What the rules of the single inputs give, on arrays or, recorded, on Tensors."""
        return [
            rule(g, *pick(saved)) if is_needed else None
            for (rule, pick), is_needed in zip(self.rules, needed)
        ]

    def _written_out(self) -> Callable:
        """[rule(g, *arguments(saved)) for rule, arguments in self.rules], written out as Python.

        On small arrays such calls are what a pass spends its time on; this takes a third less.
        """
        every = [f"saved[{i}]" for i in range(len(self.saves))]
        calls = [
            f"rule{k}({', '.join(['g', *arguments(every)])})"
            for k, (_, arguments) in enumerate(self.rules)
        ]
        text = f"lambda g, saved: [{', '.join(calls)}]"
        return eval(text, {f"rule{k}": rule for k, (rule, _) in enumerate(self.rules)})


class OwnPlan(Plan):
    """The plan of a node that no operation made: one rule, its own, for all its inputs together.

    rule(g, inputs, y, rest) returns a list with a gradient for each input, or None; g is a list if
    the node has several outputs.  The node saves (list of inputs, tuple of outputs, rest), with
    None for what is not needed.
    """

    simple, has_list, joint, inputs, frees = False, True, None, (0,), True
    names, saves, edge_numbers = ("inputs",), ("inputs", "y", "rest"), (0, None, None)

    def __init__(self, name: str, rule: Callable, constant_outputs: Sequence[int] = ()) -> None:
        self.name, self.op, self.rules = name, self, [(rule, picker([0, 1, 2]))]
        self.constant_outputs = frozenset(constant_outputs)

    def differentiable(self, number: int, y: Any) -> bool:
        """Whether output `number`, the array y, can have a gradient."""
        return y is not None and y.dtype.kind == "f" and number not in self.constant_outputs


def picker(positions: Sequence[int]) -> Callable[[Sequence], Sequence]:
    """The function from a sequence to its elements at `positions`."""
    if len(positions) > 1:
        return itemgetter(*positions)
    first = positions[0] if positions else 0
    return itemgetter(slice(first, first + len(positions)))  # one element, or none, as a sequence
