"""From the array library's complaint to one that a learner can act on."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import backend

# Operation name -> what is wrong with these arguments: a sentence, or None if it cannot tell.
# `ops` adds an entry beside an operation whose conditions are its own.
explanations: dict[str, Callable[..., str | None]] = {}


# Operation name -> what the user called, where that is something else.
called: dict[str, str] = {
    "getitem": "x[index]",
    "einsum_of": "einsum",
    "pad_constant": "pad",
    "softmax_cross_entropy": "cross_entropy",
    "bernoulli_nll": "binary_cross_entropy",
    "bernoulli_nll_of_logits": "binary_cross_entropy_with_logits",
}


class MissingAttribute(AttributeError):
    """Its text is made, with a search for the name that may be meant, only when it is read:
    `hasattr` and `getattr` with a default raise it in every step, and look at no text."""

    def __init__(self, text: Callable[[], str], **about: Any) -> None:
        super().__init__(**about)
        self._text = text

    def __str__(self) -> str:
        return self._text()


# A traceback gives it the name that the user knows.
MissingAttribute.__qualname__ = MissingAttribute.__name__ = AttributeError.__name__
MissingAttribute.__module__ = AttributeError.__module__


def complete(error: Exception) -> Exception:
    """`error`, raised inside an operation, whose text says all: shapes need not be added."""
    error.complete = True
    return error


def explain(
    name: str, parameters: Sequence[str], values: Sequence[Any], error: Exception
) -> Exception:
    """The exception to raise when operation `name` failed on raw `values` with `error`."""
    kind = type(error)
    if kind not in (TypeError, IndexError, np.linalg.LinAlgError):
        kind = ValueError
    name, own = called.get(name, name), name
    if getattr(error, "complete", False):
        return kind(f"{name}: {error}")
    arrays = _arrays(parameters, values)
    if len({backend.device_of(v) for _, v in arrays}) > 1:
        devices = ", ".join(f"{p} on {backend.device_of(v)}" for p, v in arrays)
        return TypeError(
            f"{name}: inputs are on different devices ({devices}): move one with .to(...)"
        )
    text = None
    if isinstance(error, np.linalg.LinAlgError):
        text = _not_invertible(str(error))
    if text is None and own in explanations:
        text = explanations[own](*values)
    if text is None and "broadcast" in str(error):
        text = _broadcast_problem(arrays)
    if text is None and ("axis" in str(error) or "axes" in str(error)):
        text = _axis_problem(parameters, values)
    if text is None:
        shapes = ", ".join(f"{p} {_described(v)}" for p, v in arrays)
        text = f"{error}" + (f" ({shapes})" if shapes else "")
    return kind(f"{name}: {text}")


def _not_invertible(text: str) -> str | None:
    """What a matrix lacks that a decomposition found out."""
    if "Singular" in text:
        return "the matrix is singular: it has no inverse; pinv and lstsq do without"
    if "positive definite" in text:
        return "the matrix is not positive definite: A A' + c I with c > 0 is"
    return None


def _arrays(parameters: Sequence[str], values: Sequence[Any]) -> list[tuple[str, Any]]:
    """The arrays among the arguments, those in lists too, by name."""
    arrays = []
    for parameter, value in zip(parameters, values):
        if isinstance(value, list | tuple):
            arrays += [(f"{parameter}[{i}]", v) for i, v in enumerate(value) if backend.is_array(v)]
        elif backend.is_array(value):
            arrays.append((parameter, value))
    return arrays


def _described(value: Any) -> str:
    return f"of shape {value.shape}, {value.dtype}"


def _broadcast_problem(arrays: Sequence[tuple[str, Any]]) -> str | None:
    """Two inputs whose shapes do not broadcast, the axis where they disagree, and a way out."""
    for (p, a), (q, b) in itertools.combinations(arrays, 2):
        axis = disagreement(a.shape, b.shape)
        if axis is None:
            continue
        text = (
            f"{p} {a.shape} and {q} {b.shape} do not broadcast: on axis {axis} the lengths "
            f"{a.shape[axis]} and {b.shape[axis]} differ, and neither is 1"
        )
        (_, long), (name, short) = sorted([(p, a), (q, b)], key=lambda pair: -pair[1].ndim)
        padded = short.shape + (1,) * (long.ndim - short.ndim)
        if short.ndim < long.ndim and disagreement(long.shape, padded) is None:
            lengths = ", ".join(map(str, padded))
            text += f"; to line {name} up with the first axes, use {name}.reshape({lengths})"
        return text
    return None


def disagreement(a: tuple[int, ...], b: tuple[int, ...]) -> int | None:
    """The last axis, counted from the end, on which two shapes do not broadcast; or None."""
    for axis in range(-1, -min(len(a), len(b)) - 1, -1):
        if a[axis] != b[axis] and a[axis] != 1 and b[axis] != 1:
            return axis
    return None


def _axis_problem(parameters: Sequence[str], values: Sequence[Any]) -> str | None:
    """An axis that the first array does not have, or that is named twice."""
    array = values[0] if values else None
    if not backend.is_array(array):
        return None
    for name, axis in zip(parameters, values):
        axes = axis if isinstance(axis, tuple) else (axis,)
        if not name.startswith("axis") or not all(isinstance(one, int) for one in axes):
            continue
        for one in axes:
            if not -array.ndim <= one < max(array.ndim, 1):
                return no_axis(one, array.shape)
        if len({one % max(array.ndim, 1) for one in axes}) < len(axes):
            return f"axis {axis} names an axis of shape {array.shape} twice"
    return None


def no_axis(axis: int, shape: tuple[int, ...]) -> str:
    """Which axes a shape has, if not this one."""
    if not shape:
        return f"axis {axis} does not exist: the input is a number, without axes"
    return (
        f"axis {axis} does not exist: the input has shape {shape}, so its axes are "
        f"{-len(shape)} to {len(shape) - 1}"
    )


def checked_axis(name: str, axis: int, shape: tuple[int, ...]) -> int:
    """The axis as a number from 0; ValueError if the shape does not have it."""
    if not -len(shape) <= axis < len(shape):
        raise ValueError(f"{name}: {no_axis(axis, shape)}")
    return axis % len(shape)


def missing_argument(name: str, missing: str, allowed: Sequence[str]) -> TypeError:
    """`name` was called without an argument that has no default."""
    return TypeError(f"{name}() needs {missing!r}: it takes {', '.join(allowed)}")


def unexpected_argument(name: str, given: dict, allowed: Sequence[str], count: int) -> TypeError:
    """`name` was called with a keyword that it lacks, or with too many arguments."""
    if not given:
        return TypeError(f"{name}() takes {', '.join(allowed)}, but {count} arguments were given")
    keyword = next(iter(given))
    spelling = {"dim": "axis", "keepdim": "keepdims", "unbiased": "ddof", "correction": "ddof"}
    if spelling.get(keyword) in allowed:
        hint = f"minidl's mathematics is spelled as NumPy's: use {spelling[keyword]}="
    else:
        hint = f"it takes {', '.join(allowed)}"
    return TypeError(f"{name}() has no parameter {keyword!r}: {hint}")


# ------------------------------------------------------------------- what the engine refuses


def no_derivative(name: str, parameter: str) -> TypeError:
    """A parameter without a rule was given a tensor that requires a gradient."""
    return TypeError(
        f"{name} has no derivative with respect to {parameter!r}: "
        f"if it is a constant here, pass {parameter}.detach()"
    )


def wrong_data(value: Any, x: Any) -> ValueError:
    """An array of another shape or dtype was assigned to the data of a tensor in a graph."""
    return ValueError(
        f"data of shape {value.shape}, {value.dtype} cannot stand in for shape {x.shape}, "
        f"{x.dtype}, of which a gradient is required: make a new tensor"
    )


def no_definition(name: str) -> TypeError:
    """A fused operation was given a backward before its composite."""
    return TypeError(
        f"{name}: a fused operation needs its composite first; without a definition in plain "
        "operations it has no second derivative"
    )


def not_a_leaf(name: str, verb: str) -> RuntimeError:
    """Something only a leaf can do was asked of a result."""
    return RuntimeError(
        f"the result of {name} cannot {verb}: do it with x.detach(), outside the graph"
    )


def integer_gradient(dtype: Any) -> TypeError:
    """A gradient was asked for of integers or bools."""
    return TypeError(
        f"only float tensors can have a gradient, and this one is {dtype}: "
        "make it with dtype='float32', or use .astype('float32') first"
    )


def requires_no_gradient(what: str) -> RuntimeError:
    """A pass was to start or end at a tensor outside the graph."""
    return RuntimeError(
        f"{what} requires no gradient: nothing that it was computed from was made with "
        "requires_grad=True, or it was computed under no_grad(), or detached"
    )


def not_a_number(shape: tuple) -> RuntimeError:
    """backward on a tensor with several elements, without a gradient to begin with."""
    return RuntimeError(
        f"backward on a tensor of shape {shape}: a gradient is that of one number; "
        f"call .sum() or .mean() first, or pass dL/dy of shape {shape} as the gradient"
    )


def wrong_gradient_shape(given: tuple, expected: tuple) -> ValueError:
    """The gradient to begin with has another shape than its tensor."""
    return ValueError(f"the gradient has shape {given}, its tensor {expected}: they must be equal")


def wrong_rule_shape(name: str, given: tuple, expected: tuple) -> RuntimeError:
    """A rule returned what cannot be a gradient of its input."""
    return RuntimeError(
        f"{name}: a rule returned a gradient of shape {given} for an input of shape {expected}"
    )


def already_freed(name: str) -> RuntimeError:
    """A second pass over a graph that was not retained."""
    return RuntimeError(
        f"{name}: a backward pass already went through here, and freed what this one needs; "
        "pass retain_graph=True to the first pass"
    )


def changed_in_place(name: str, shape: tuple) -> RuntimeError:
    """A saved array was written to."""
    return RuntimeError(
        f"{name}: a value of shape {shape} that its gradient needs was changed in place after it "
        "was used (by an optimiser step, copy_, or .data = ...): call backward before the change, "
        "or use a copy"
    )


def unused_input(i: int) -> RuntimeError:
    """grad was asked for an input that no output depends on."""
    return RuntimeError(
        f"grad: no output depends on input {i}; with allow_unused=True its gradient is None"
    )


def not_the_same_again(name: str) -> RuntimeError:
    """A checkpointed function gave other values when backward ran it again."""
    return RuntimeError(
        f"checkpoint: {name}, run again for the backward pass, gave other values, so its gradient "
        "would be wrong: random numbers in it must come from minidl's own generator "
        "(minidl.seed), and it must not depend on anything that changes from call to call"
    )


# ------------------------------------------------------------------------------- under debug()


def _at(place: tuple, seen: dict[str, float]) -> str:
    where = f" at {list(place)}" if place else ""
    return where + (f", where {', '.join(f'{k} = {v:g}' for k, v in seen.items())}" if seen else "")


def made_nan(name: str, place: tuple, seen: dict[str, float]) -> RuntimeError:
    """An operation computed a NaN from numbers."""
    return RuntimeError(f"debug: {name} gives nan{_at(place, seen)}")


def not_finite_arrived(name: str) -> RuntimeError:
    """The gradient of an output is not finite."""
    return RuntimeError(
        f"debug: the gradient that arrives at {name} is not finite: gradients were added up, or "
        "given to backward, that are too large or not numbers"
    )


def not_finite(name: str, parameter: str, value: Any, place: tuple, seen: dict) -> RuntimeError:
    """A rule made an infinity or a NaN from a finite gradient."""
    return RuntimeError(
        f"debug: {name} gives its input {parameter!r} the gradient {value}{_at(place, seen)}"
    )


def wrong_rule_dtype(name: str, parameter: str, given: Any, expected: Any) -> RuntimeError:
    """A rule changed the dtype."""
    return RuntimeError(
        f"debug: {name} gives its input {parameter!r}, of {expected}, a gradient of {given}: "
        "a NumPy scalar or an array of float64 in its rule does that; use Python floats"
    )


def not_linear(name: str) -> RuntimeError:
    """A rule is not linear in the incoming gradient."""
    return RuntimeError(
        f"debug: the rule of {name} is not linear in the incoming gradient g: rule(2 g + r) is not "
        "2 rule(g) + rule(r), as for a chain rule it must be; every term has g as a factor, once"
    )


def rule_writes(name: str) -> RuntimeError:
    """A rule wrote into the gradient or into a saved array."""
    return RuntimeError(
        f"debug: the rule of {name} writes into the gradient or a value that it was given, and "
        "others read these too: it must return new arrays"
    )


def written_to(name: str) -> RuntimeError:
    """A saved array was overwritten, in a way that minidl was not told of."""
    return RuntimeError(
        f"debug: a value that the gradient of {name} needs was overwritten after it was used "
        "(x.data[...] = ..., or an array that shares its memory): use a copy"
    )


# ------------------------------------------------------------------------- autograd.Function


def call_apply(name: str) -> TypeError:
    """A Function was called like a class."""
    return TypeError(f"{name} is not called itself: write {name}.apply(x, ...)")


def not_an_output(name: str, value: Any) -> TypeError:
    """A Function's forward returned what is no tensor."""
    return TypeError(
        f"{name}.forward must return a tensor or a tuple of tensors, not {type(value).__name__}"
    )


def saved_intermediate(name: str, value: Any) -> TypeError:
    """save_for_backward was given what is neither an input nor an output."""
    what = f"a tensor of shape {value.shape}" if hasattr(value, "shape") else repr(value)
    return TypeError(
        f"{name}: save_for_backward takes inputs and outputs of forward, and {what} is neither; "
        "how it depends on the inputs would be lost, and second derivatives be wrong: compute it "
        "again in backward, or return it as one more output; numbers and settings may be "
        "attributes of ctx"
    )


def wrong_gradient_count(name: str, given: int, arguments: int) -> RuntimeError:
    """A Function's backward returned too few or too many gradients."""
    return RuntimeError(
        f"{name}.backward returned {given} gradients and forward takes {arguments} arguments: "
        "return one for each, None for those that have none"
    )


def not_a_gradient(name: str, i: int, value: Any) -> TypeError:
    """A Function's backward returned what cannot be a gradient."""
    return TypeError(
        f"{name}.backward must return tensors, and for argument {i} it returned "
        f"{type(value).__name__}"
    )


def hidden_from_the_graph(name: str, what: str) -> RuntimeError:
    """A Function's backward is to be differentiated, and reads or returns unrecorded values."""
    return RuntimeError(
        f"{name}: {what}, so that the second derivative would be wrong: in backward use only g, "
        "ctx.saved_tensors (inputs and outputs) and operations on tensors; or, if no second "
        "derivative is wanted, put @once_differentiable above backward"
    )


def once_differentiable(name: str) -> RuntimeError:
    """A second derivative was asked of a Function that has none."""
    return RuntimeError(
        f"{name} has no second derivative: its backward is marked @once_differentiable"
    )
