"""Module: a layer is an object that holds its parameters and knows its forward.

A module keeps parameters, buffers and sub-modules as plain attributes, and finds them by looking
at its attributes; nothing is registered, and `super().__init__()` may be called or left out.  The
names of parameters, and so the keys of `state_dict`, are paths of attributes: "encoder.0.weight".
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import backend
from ..errors import MissingAttribute
from ..graph import Tensor
from ..handles import RemovableHandle
from .parameter import Parameter


class IncompatibleKeys(NamedTuple):
    """What `load_state_dict(strict=False)` found to differ."""

    missing_keys: list[str]
    unexpected_keys: list[str]


_hook_keys = itertools.count()


class Module:
    """A layer, or a network of layers: parameters, and a `forward` that uses them.

        class Net(nn.Module):
            def __init__(self):
                self.hidden = nn.Linear(784, 100)
                self.out = nn.Linear(100, 10)

            def forward(self, x):
                return self.out(F.relu(self.hidden(x)))

    Call the module, not `forward`, so that its hooks run.
    """

    training: bool = True
    _buffers: Mapping[str, bool] = {}  # name of a buffer -> whether state_dict has it
    _forward_hooks: dict[int, Callable] = {}
    _forward_pre_hooks: dict[int, Callable] = {}

    def forward(self, *inputs: Any) -> Any:
        """The module's output; every subclass defines it."""
        raise NotImplementedError(f"{type(self).__name__} does not define forward(self, ...)")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._forward_hooks or self._forward_pre_hooks:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs)

    def _call_with_hooks(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        for hook in [*self._forward_pre_hooks.values()]:
            changed = hook(self, args)
            if changed is not None:
                args = changed if isinstance(changed, tuple) else (changed,)
        output = self.forward(*args, **kwargs)
        for hook in [*self._forward_hooks.values()]:
            changed = hook(self, args, output)
            if changed is not None:
                output = changed
        return output

    def register_forward_pre_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, args)` before every forward; what it returns are the arguments."""
        return self._register("_forward_pre_hooks", hook)

    def register_forward_hook(self, hook: Callable) -> RemovableHandle:
        """Call `hook(module, args, output)` after every forward; what it returns is the output."""
        return self._register("_forward_hooks", hook)

    def _register(self, kind: str, hook: Callable) -> RemovableHandle:
        hooks = vars(self).setdefault(kind, {})
        key = next(_hook_keys)
        hooks[key] = hook
        return RemovableHandle(lambda: hooks.pop(key, None))

    # ------------------------------------------------------------------------ what it holds

    def __setattr__(self, name: str, value: Any) -> None:
        before = self.__dict__.get(name)
        if isinstance(before, Parameter) and not (value is None or isinstance(value, Parameter)):
            raise TypeError(
                f"{type(self).__name__}.{name} is a Parameter and {type(value).__name__} is not: "
                f"use nn.Parameter(...), or change the values with {name}.data = ..."
            )
        if isinstance(value, list | tuple | dict):
            self._refuse_hidden(name, value)
        if name in self.__dict__.get("parametrizations", ()):
            raise TypeError(
                f"{type(self).__name__}.{name} is computed from parametrizations.{name}: change "
                f"that, or call nn.utils.parametrize.remove_parametrizations(module, {name!r})"
            )
        object.__setattr__(self, name, value)

    def __getattr__(self, name: str) -> Any:
        # only what is not an attribute comes here: a computed parameter, see utils/parametrize.py
        parametrizations = self.__dict__.get("parametrizations", ())
        if name in parametrizations:
            return parametrizations[name]()
        raise MissingAttribute(lambda: self._missing(name))

    def _missing(self, name: str) -> str:
        near = difflib.get_close_matches(name, {*vars(self), *dir(type(self))}, 1)
        hint = f": did you mean {near[0]!r}?" if near else ""
        return f"{type(self).__name__!r} has no attribute {name!r}{hint}"

    def _refuse_hidden(self, name: str, value: Any) -> None:
        """A plain list of layers would never be trained: parameters() looks at attributes only."""
        elements = value.values() if isinstance(value, dict) else value
        held = [e for e in elements if isinstance(e, Module | Parameter)]
        known = {id(e) for e in itertools.chain(self.modules(), self.parameters())} if held else ()
        if any(id(e) not in known for e in held):
            kind = "Module" if isinstance(held[0], Module) else "Parameter"
            right = f"nn.{kind}{'Dict' if isinstance(value, dict) else 'List'}"
            raise TypeError(
                f"{type(self).__name__}.{name}: a {type(value).__name__} hides what it holds from "
                f"parameters(), state_dict() and to(): use {right}({name})"
            )

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Have attribute `name` move with `to()` and, if persistent, stand in `state_dict()`."""
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """The same as `self.name = param`."""
        setattr(self, name, param)

    def add_module(self, name: str, module: Module | None) -> None:
        """The same as `self.name = module`, for a name that is computed."""
        setattr(self, name, module)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The modules that are attributes of this one, each once, with their names."""
        seen = set()
        for name, value in vars(self).items():
            if isinstance(value, Module) and value not in seen:
                seen.add(value)
                yield name, value

    def children(self) -> Iterator[Module]:
        """The modules that are attributes of this one."""
        return (child for _, child in self.named_children())

    def named_modules(
        self, memo: set | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """This module and all within it, with their paths; a shared one once, unless asked."""
        memo = set() if memo is None else memo
        if remove_duplicate and self in memo:
            return
        memo.add(self)
        yield prefix, self
        for name, value in vars(self).items():
            if isinstance(value, Module):
                path = f"{prefix}.{name}" if prefix else name
                yield from value.named_modules(memo, path, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """This module and all within it, each once."""
        return (module for _, module in self.named_modules())

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its path; a shared one once, unless asked."""
        return self._named(Module._own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, each once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer (state that is not learned, such as running means) with its path."""
        return self._named(Module._own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer, each once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def _own_parameters(self) -> list[tuple[str, Parameter]]:
        return [(n, v) for n, v in vars(self).items() if isinstance(v, Parameter)]

    def _own_buffers(self) -> list[tuple[str, Tensor]]:
        return [(n, vars(self)[n]) for n in self._buffers if vars(self).get(n) is not None]

    def _named(
        self, own: Callable, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        modules = [(prefix, self)]
        if recurse:
            modules = self.named_modules(None, prefix, remove_duplicate)
        seen = set()
        for path, module in modules:
            for name, value in own(module):
                if not (remove_duplicate and value in seen):
                    seen.add(value)
                    yield f"{path}.{name}" if path else name, value

    def get_submodule(self, target: str) -> Module:
        """The module at a path such as "encoder.0"; AttributeError if there is none."""
        module = self
        for name in target.split(".") if target else ():
            module = getattr(module, name)
        if not isinstance(module, Module):
            raise AttributeError(f"{target!r} is not a module but {type(module).__name__}")
        return module

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a path such as "encoder.0.weight"; AttributeError if there is none."""
        path, _, name = target.rpartition(".")
        parameter = getattr(self.get_submodule(path), name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"{target!r} is not a parameter but {type(parameter).__name__}")
        return parameter

    # ------------------------------------------------------------------------ what is done to it

    def train(self, mode: bool = True) -> Module:
        """Behave as in training: dropout drops, batch norm uses the batch's statistics."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Behave as in use: the same as train(False)."""
        return self.train(False)

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call `function(module)` on every module within, then on this one (for initialisation)."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Have every parameter require a gradient, or none: a frozen module does not learn."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or with set_to_none=False fill them with zeros."""
        for parameter in self.parameters():
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad = Tensor(parameter.grad.data * 0)

    def to(self, *targets: Any, device: str | None = None, dtype: Any = None) -> Module:
        """Move to a device, or cast the floats: to("cuda"), to("float64"), to(device=, dtype=).

        Parameters stay the same objects, so an optimiser that has them keeps them.
        """
        for target in targets:
            if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
                device = target
            else:
                dtype = target
        if dtype is not None and np.dtype(dtype).kind != "f":
            raise TypeError(f"to(): parameters are floats, they cannot be {np.dtype(dtype)}")
        for held in itertools.chain(self.parameters(), self.buffers()):
            cast = dtype if held.dtype.kind == "f" else None
            for t in (held, held.grad):
                if t is not None:
                    _rebind(t, backend.array(t.data, cast or t.dtype, device or t.device))
        return self

    def double(self) -> Module:
        """Cast every float to float64, as gradient checks want it."""
        return self.to(dtype=np.float64)

    def float(self) -> Module:
        """Cast every float to float32."""
        return self.to(dtype=np.float32)

    def half(self) -> Module:
        """Cast every float to float16."""
        return self.to(dtype=np.float16)

    def cpu(self) -> Module:
        """Move to the CPU."""
        return self.to(device="cpu")

    def cuda(self) -> Module:
        """Move to the GPU."""
        return self.to(device="cuda")

    # ------------------------------------------------------------------------ its state

    def _held(self, prefix: str = "") -> dict[str, Tensor]:
        """Every parameter and persistent buffer by its path, in PyTorch's order."""
        held = {}
        for path, module in self.named_modules(prefix=prefix, remove_duplicate=False):
            kept = [(n, b) for n, b in module._own_buffers() if module._buffers[n]]
            for name, value in module._own_parameters() + kept:
                held[f"{path}.{name}" if path else name] = value
        return held

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """Every parameter and persistent buffer by its path, detached, sharing memory."""
        return {path: value.detach() for path, value in self._held(prefix).items()}

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True
    ) -> IncompatibleKeys:
        """Copy the values of `state_dict` (tensors or arrays) into parameters and buffers.

        They are cast to the dtype, and moved to the device, that is there.  Raises RuntimeError,
        having changed nothing, where shapes differ, or where keys do unless strict=False.
        """
        held = self._held()
        missing = [key for key in held if key not in state_dict]
        unexpected = [key for key in state_dict if key not in held]
        values = {k: _array(v) for k, v in state_dict.items() if k in held}
        problems = [
            f"shape of {k}: the state has {v.shape}, the module needs {held[k].shape}"
            for k, v in values.items()
            if v.shape != held[k].shape
        ]
        if strict:
            problems += [f"missing from the state: {', '.join(missing)}"] * bool(missing)
            problems += [f"not in the module: {', '.join(unexpected)}"] * bool(unexpected)
        if problems:
            lines = "\n  ".join(problems)
            raise RuntimeError(f"this state does not fit {type(self).__name__}:\n  {lines}")
        for key, value in values.items():
            held[key].data = backend.array(value, held[key].dtype, held[key].device)
        return IncompatibleKeys(missing, unexpected)

    # ------------------------------------------------------------------------ to the eye

    def extra_repr(self) -> str:
        """What stands between the brackets of a layer's line; subclasses say it."""
        return ""

    def __repr__(self) -> str:
        body = self.extra_repr()
        children = [(n, m) for n, m in vars(self).items() if isinstance(m, Module)]
        if children:
            lines = [body] * bool(body) + [f"({name}): {child!r}" for name, child in children]
            body = "\n" + "\n".join(lines)
            body = body.replace("\n", "\n  ") + "\n"
        count = sum(p.size for p in self.parameters())
        return f"{type(self).__name__}({body})" + (f"  # {count:,} parameters" if count else "")


def _array(value: Any) -> Any:
    """The array of a tensor, or of what can be made an array."""
    if isinstance(value, Tensor):
        return value.data
    return value if backend.is_array(value) else np.asarray(value)


def _rebind(t: Tensor, data: Any) -> None:
    """Give a leaf other data, whose dtype and device may be new."""
    wanted, t.requires_grad = t.requires_grad, False
    t.data = data
    t.requires_grad = wanted
