"""What the engine refuses, each in a sentence that says what would be right.

The operations' own complaints about their arguments are in `complaints.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


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


def copies_are_outside() -> TypeError:
    """tensor([a, b]) of tensors in a graph."""
    return TypeError(
        "tensor([...]) copies, and would lose the gradients of the tensors in the list: "
        "use minidl.stack([...])"
    )


def wrong_grad(value: Any, shape: tuple) -> TypeError | ValueError:
    """What was assigned to x.grad cannot be the gradient of x."""
    if not hasattr(value, "requires_grad"):
        return TypeError(
            f"x.grad is a tensor or None, not {type(value).__name__}: wrap it, minidl.tensor(...)"
        )
    return ValueError(f"a gradient has the shape of its tensor, {shape}, not {value.shape}")


def not_a_tensor(what: str, value: Any) -> TypeError:
    """A pass was to start or end at what is no tensor."""
    return TypeError(f"{what} must be tensors, not {type(value).__name__}")


def wrong_hook(name: str, value: Any, shape: tuple) -> TypeError | ValueError:
    """A hook returned what cannot take the place of the gradient."""
    if not hasattr(value, "requires_grad"):
        return TypeError(
            f"register_hook: a hook of {name} returned {type(value).__name__}, and must return "
            "a tensor, or None to leave the gradient as it is"
        )
    return ValueError(
        f"register_hook: a hook of {name} returned shape {value.shape} for a gradient of "
        f"shape {shape}"
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
        "was used (by an optimiser step, x[i] = ..., copy_, or .data = ...): call backward before "
        "the change, or use a copy"
    )


def not_for_coroutines(name: str) -> TypeError:
    """no_grad above an `async def`."""
    return TypeError(
        f"{name} is a coroutine, and while it waits others run: write `with no_grad():` inside it, "
        "around what does not await"
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
