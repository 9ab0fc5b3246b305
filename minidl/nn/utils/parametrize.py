"""A parameter that is computed from others whenever it is read.

`register_parametrization(layer, "weight", p)` puts the learned tensors into
`layer.parametrizations.weight`, and `layer.weight` from then on is p of them.  `p` is a module; if
it has a `right_inverse`, that says which learned tensors give the weight that is there now.
"""

from __future__ import annotations

from typing import Any

from ...graph import Tensor
from ...recording import no_grad
from ..containers import ModuleDict, ModuleList
from ..module import Module
from ..parameter import Parameter


class ParametrizationList(ModuleList):
    """The learned tensors, `original` or `original0`, `original1`, ..., and the modules that turn
    them into one parameter, the first applied to them, each further one to the result."""

    def __init__(self, modules: list[Module], value: Tensor) -> None:
        super().__init__(modules)
        with no_grad():
            for module in reversed(modules):
                if hasattr(module, "right_inverse"):
                    value = module.right_inverse(value)
        if isinstance(value, tuple):
            for i, v in enumerate(value):
                setattr(self, f"original{i}", Parameter(v))
        else:
            self.original = Parameter(value)

    def forward(self) -> Tensor:
        """The parameter."""
        value: Any = [p for name, p in vars(self).items() if name.startswith("original")]
        for module in self:
            value = module(*value) if isinstance(value, list) else module(value)
        return value


def register_parametrization(module: Module, tensor_name: str, parametrization: Module) -> Module:
    """Compute the parameter `tensor_name` of `module` by `parametrization`; returns the module.

    One that is computed already is computed in one more step.
    Raises ValueError if there is no such parameter, or if its shape would change.
    """
    if is_parametrized(module, tensor_name):
        before = getattr(module, tensor_name)
        module.parametrizations[tensor_name].append(parametrization)
    else:
        before = vars(module).get(tensor_name)
        if not isinstance(before, Parameter):
            raise ValueError(f"{type(module).__name__} has no parameter {tensor_name!r}")
        delattr(module, tensor_name)
        if "parametrizations" not in vars(module):
            module.parametrizations = ModuleDict()
        module.parametrizations[tensor_name] = ParametrizationList([parametrization], before)
    after = getattr(module, tensor_name)
    if after.shape != before.shape:
        raise ValueError(f"{tensor_name} {before.shape} would get another shape, {after.shape}")
    return module


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether this parameter, or any, is computed."""
    computed = vars(module).get("parametrizations", ())
    return bool(len(computed)) if tensor_name is None else tensor_name in computed


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make the parameter a plain one again, with the value that it has, or with the original's."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"{tensor_name!r} of {type(module).__name__} is not parametrized")
    parametrization = module.parametrizations[tensor_name]
    value = getattr(module, tensor_name) if leave_parametrized else parametrization.original
    del module.parametrizations[tensor_name]
    if not len(module.parametrizations):
        del module.parametrizations
    setattr(module, tensor_name, Parameter(value))
    return module
