"""A module as a function of its parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...graph import Tensor
from ..module import Module


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | list[Mapping[str, Tensor]],
    args: Any = (),
    kwargs: dict[str, Any] | None = None,
    *,
    tie_weights: bool = True,
    strict: bool = False,
) -> Any:
    """module(*args, **kwargs) with other tensors in place of its parameters and buffers.

    parameter_and_buffer_dicts: paths such as "0.weight" and the tensors to use, or several such
        dictionaries.  Gradients reach these tensors, which may be results: this is what an inner
        step of meta-learning needs.
    args: a tuple, or one argument.
    tie_weights: a parameter that the module holds under several paths is replaced under all.
    strict: the dictionaries must name all parameters and buffers.
    Raises KeyError for a path that does not exist, and under strict for one that is missing.
    """
    dictionaries = parameter_and_buffer_dicts
    given: dict[str, Tensor] = {}
    for dictionary in [dictionaries] if isinstance(dictionaries, Mapping) else dictionaries:
        given.update(dictionary)

    held = {**dict(module.named_parameters(remove_duplicate=False))}
    held.update(module.named_buffers(remove_duplicate=False))
    unknown = [path for path in given if path not in held]
    missing = [path for path in held if path not in given] if strict else []
    if unknown or missing:
        problem = f"has no {', '.join(unknown)}" if unknown else f"also needs {', '.join(missing)}"
        raise KeyError(f"functional_call: {type(module).__name__} {problem}")
    if tie_weights:
        by_tensor = {held[path]: tensor for path, tensor in given.items()}
        given = {path: by_tensor[own] for path, own in held.items() if own in by_tensor} | given

    places = []
    for path, tensor in given.items():
        owner, _, name = path.rpartition(".")
        places.append((vars(module.get_submodule(owner)), name, tensor))
    before = [attributes[name] for attributes, name, _ in places]
    try:
        for attributes, name, tensor in places:
            attributes[name] = tensor
        return module(*(args if isinstance(args, tuple) else (args,)), **(kwargs or {}))
    finally:
        for (attributes, name, _), own in zip(places, before):
            attributes[name] = own
