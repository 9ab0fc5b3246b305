"""A student's file: NAME(*inputs) with NAME_backward(g, y, *inputs), or a Function NAME."""

from __future__ import annotations

import functools
import importlib.util
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

from ..function import Function
from .diagnosis import Diagnosis, diagnose
from .draws import normal, samples_of_docstring


class CannotCheck(ValueError):
    """What was named cannot be checked, and why."""


def diagnose_file(path: str, name: str, shapes: str = "", seed: int = 0) -> Diagnosis:
    """Diagnose `name` and `name_backward` of the Python file at `path`, or the Function `name`.

    shapes: what the inputs look like, as `x=N,D w=D,K`; what is not said there is read from the
        docstring of `name` (`x: (N, D)`).
    Raises CannotCheck, with what would help; WrongForward as `diagnose` does.
    """
    module = load(Path(path))
    forward = find(module, name, path)
    if is_function(forward):
        return diagnose(forward, seed=seed, **samples_for(without_context(forward), shapes))
    backward = find(module, f"{name}_backward", path)
    return diagnose(forward, backward, seed=seed, **samples_for(forward, shapes))


def load(path: Path) -> ModuleType:
    """The file as a module, read anew; files beside it can be imported."""
    if not path.is_file():
        raise CannotCheck(f"there is no file {path}")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise CannotCheck(f"{path} is not a Python file (it should end in .py)")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        where = f", line {error.lineno}" if isinstance(error, SyntaxError) else ""
        text = f"{path}{where} cannot be imported: {type(error).__name__}: {error}"
        raise CannotCheck(text) from error
    finally:
        sys.path.pop(0)
    return module


def find(module: ModuleType, name: str, path: str) -> Callable:
    """The function `name` of a module."""
    function = getattr(module, name, None)
    if not callable(function):
        there = [n for n, f in vars(module).items() if inspect.isfunction(f)]
        raise CannotCheck(
            f"{path} has no function {name}; it has {', '.join(there) or 'no function at all'}"
        )
    return function


def is_function(forward: Any) -> bool:
    return isinstance(forward, type) and issubclass(forward, Function)


def without_context(function: type[Function]) -> Callable:
    """A Function's forward, for its parameters after ctx and what is written about them."""
    forward = functools.partial(function.forward, None)
    forward.__doc__ = function.forward.__doc__ or function.__doc__
    return forward


def samples_for(forward: Callable, shapes: str) -> dict[str, Any]:
    """What to try `forward` on, of which `x=N,D w=D,K` may tell shapes."""
    parameters = inspect.signature(forward).parameters
    samples: dict[str, Any] = {}
    for part in shapes.split():
        name, equals, dims = part.partition("=")
        if not equals or name not in parameters:
            inputs = ", ".join(parameters)
            raise CannotCheck(f"--shapes {part!r}: write NAME=N,D for the inputs {inputs}")
        samples[name] = normal(*filter(None, dims.split(",")))
    return completed(forward, samples, "by --shapes {}=N,D; a letter stands for a length")


def completed(forward: Callable, samples: dict[str, Any], otherwise: str) -> dict[str, Any]:
    """`samples`, and those that the docstring describes; other parameters keep their defaults.

    otherwise: how else the shape of a parameter can be told, for the error that asks for it.
    """
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(forward).parameters.items()
        if parameter.kind < parameter.VAR_POSITIONAL  # the others are never passed
    }
    unknown = samples.keys() - parameters.keys()
    if unknown:
        raise CannotCheck(f"there is no input {min(unknown)}; there are {', '.join(parameters)}")
    told = {**samples_of_docstring(inspect.getdoc(forward) or "", [*parameters]), **samples}
    for name, parameter in parameters.items():
        if name not in told and parameter.default is not parameter.empty:
            told[name] = parameter.default
    missing = [name for name in parameters if name not in told]
    if missing:
        raise CannotCheck(
            f"what shape has {missing[0]}?  Say so in the docstring, as `{missing[0]}: (N, D)`, "
            f"or {otherwise.format(missing[0])} that is drawn"
        )
    return {name: told[name] for name in parameters}
