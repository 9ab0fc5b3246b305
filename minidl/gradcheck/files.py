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
    if isinstance(forward, type) and issubclass(forward, Function):
        context_first = functools.partial(forward.forward, None)
        context_first.__doc__ = forward.forward.__doc__ or forward.__doc__
        return diagnose(forward, seed=seed, **samples_for(context_first, shapes))
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


def samples_for(forward: Callable, shapes: str) -> dict[str, Any]:
    """What to try `forward` on; parameters with a default keep it unless they are described."""
    parameters = inspect.signature(forward).parameters
    samples: dict[str, Any] = samples_of_docstring(inspect.getdoc(forward) or "", [*parameters])
    for part in shapes.split():
        name, equals, dims = part.partition("=")
        if not equals or name not in parameters:
            inputs = ", ".join(parameters)
            raise CannotCheck(f"--shapes {part!r}: write NAME=N,D for the inputs {inputs}")
        samples[name] = normal(*filter(None, dims.split(",")))
    for name, parameter in parameters.items():
        if name not in samples and parameter.default is not parameter.empty:
            samples[name] = parameter.default
    missing = [name for name in parameters if name not in samples]
    if missing:
        raise CannotCheck(
            f"what shape has {missing[0]}?  Say so in the docstring, as `{missing[0]}: (N, D)`, "
            f"or by --shapes {missing[0]}=N,D; a letter stands for a length that is drawn"
        )
    return {name: samples[name] for name in parameters}
