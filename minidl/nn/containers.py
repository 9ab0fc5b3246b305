"""Modules that hold modules: one after another, in a list, under names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .module import Module
from .parameter import Parameter


class Held(Module):
    """What the containers share: elements are attributes, named "0", "1", ... or by the user."""

    kind: type = Module  # what the elements are

    def _elements(self) -> dict[str, Any]:
        return {name: v for name, v in vars(self).items() if isinstance(v, self.kind)}

    def _put(self, name: str, element: Any) -> None:
        if not isinstance(element, self.kind):
            raise TypeError(
                f"{type(self).__name__} holds {self.kind.__name__}s: element {name!r} is a "
                f"{type(element).__name__}"
            )
        if "." in name or hasattr(type(self), name):
            raise KeyError(f"{name!r} cannot name an element: it has a dot, or is a method's name")
        setattr(self, name, element)

    def __len__(self) -> int:
        return len(self._elements())


class Row(Held):
    """Elements in order."""

    def _refill(self, elements: Iterable[Any]) -> None:
        elements = list(elements)
        for name in self._elements():
            delattr(self, name)
        for i, element in enumerate(elements):
            self._put(str(i), element)

    def __iter__(self) -> Iterator[Any]:
        return iter([*self._elements().values()])

    def __getitem__(self, index: int | slice) -> Any:
        if not isinstance(index, slice):
            return [*self._elements().values()][index]
        part = type(self)()
        for name, element in [*self._elements().items()][index]:
            part._put(name, element)
        return part

    def __setitem__(self, index: int, element: Any) -> None:
        self._put([*self._elements()][index], element)

    def __delitem__(self, index: int | slice) -> None:
        elements = [*self]
        del elements[index]
        self._refill(elements)

    def append(self, element: Any) -> Row:
        """Add an element at the end; returns this container."""
        self._put(str(len(self)), element)
        return self

    def extend(self, elements: Iterable[Any]) -> Row:
        """Add elements at the end; returns this container."""
        for element in elements:
            self.append(element)
        return self

    def insert(self, index: int, element: Any) -> Row:
        """Put an element before position `index`; returns this container."""
        elements = [*self]
        elements.insert(index, element)
        self._refill(elements)
        return self


class Sequential(Row):
    """Modules applied one after another: Sequential(a, b, c)(x) is c(b(a(x))).

    Takes modules, or one dictionary from names to modules, which the keys of state_dict then use.
    """

    def __init__(self, *args: Any) -> None:
        named = args[0].items() if len(args) == 1 and isinstance(args[0], dict) else enumerate(args)
        for name, module in named:
            self._put(str(name), module)

    def forward(self, input: Any) -> Any:
        """The output of the last module."""
        for module in self:
            input = module(input)
        return input


class ModuleList(Row):
    """A list of modules, whose parameters count as this module's; it has no forward of its own."""

    def __init__(self, modules: Iterable[Module] | None = None) -> None:
        self._refill(modules or ())

    def __getitem__(self, index: int | slice) -> Any:
        """A module, or of a slice a new list, numbered from 0."""
        return type(self)([*self][index]) if isinstance(index, slice) else [*self][index]


class ParameterList(ModuleList):
    """A list of parameters, which count as this module's; other tensors become parameters."""

    kind = Parameter

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        self._refill(values or ())

    def _put(self, name: str, element: Any) -> None:
        super()._put(name, element if isinstance(element, Parameter) else Parameter(element))


class Named(Held):
    """Elements under names."""

    def __getitem__(self, key: str) -> Any:
        return self._elements()[key]

    def __setitem__(self, key: str, element: Any) -> None:
        self._put(key, element)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._elements())

    def __contains__(self, key: str) -> bool:
        return key in self._elements()

    def keys(self) -> Iterable[str]:
        """The names."""
        return self._elements().keys()

    def values(self) -> Iterable[Any]:
        """The elements."""
        return self._elements().values()

    def items(self) -> Iterable[tuple[str, Any]]:
        """Names and elements."""
        return self._elements().items()

    def update(self, elements: Mapping[str, Any]) -> None:
        """Put every element of a dictionary under its name."""
        for name, element in elements.items():
            self._put(name, element)


class ModuleDict(Named):
    """Modules under names; it has no forward of its own."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        self.update(modules or {})


class ParameterDict(Named):
    """Parameters under names; other tensors become parameters."""

    kind = Parameter

    def __init__(self, parameters: Mapping[str, Any] | None = None) -> None:
        self.update(parameters or {})

    def _put(self, name: str, element: Any) -> None:
        super()._put(name, element if isinstance(element, Parameter) else Parameter(element))
