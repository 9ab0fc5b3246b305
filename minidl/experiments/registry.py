"""What `minidl run NAME` can run: each experiment's name, its options, and the function behind it.

    @experiment(
        "classifier",
        "a CNN on Fashion-MNIST, against logistic regression",
        epochs=Option(20, "passes over the training images", minimum=1),
    )
    def classifier(run, epochs):
        ...
        return {"test_accuracy": accuracy}

The function receives a `Run` (seed, device, random numbers, progress bars, files) and its options
by name, and returns its results, which end up in metrics.json.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any


class Refusal(Exception):
    """Why something that the user asked for cannot be done, and what would be right.

    The command line prints the message, without a traceback.
    """


@dataclass(frozen=True)
class Option:
    """An option of an experiment: `--batch-size` is the parameter `batch_size`.

    kind: its type, where the default is None and the experiment finds the value itself.
    minimum: the least value.  above: a bound that it exceeds.
    """

    default: int | float | str | None
    help: str
    kind: type | None = None
    minimum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] | None = None

    @property
    def type(self) -> type:
        """int, float or str."""
        return self.kind or type(self.default)

    def check(self, name: str, value: Any) -> Any:
        """`value`, which may be text from the command line, in this option's type.

        Raises Refusal with the option's name, what was given and what would be right.
        """
        try:
            converted = self.type(value)
            fits = converted == value or isinstance(value, str)  # 2.7 is no number of epochs
        except (TypeError, ValueError):
            fits = False
        if not fits or not self.allows(converted):
            raise Refusal(f"--{name.replace('_', '-')} must be {self.wanted()}, not {value!r}")
        return converted

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type is one of the possible ones."""
        if self.choices is not None:
            return value in self.choices
        at_least = self.minimum is None or self.minimum <= value
        return at_least and (self.above is None or self.above < value < math.inf)

    def wanted(self) -> str:
        """The possible values, in words."""
        if self.choices is not None:
            return " or ".join(map(repr, self.choices))
        kind = {int: "a whole number", float: "a number", str: "text"}[self.type]
        if self.minimum is not None:
            return f"{kind} from {self.minimum}"
        return f"{kind} above {self.above}" if self.above is not None else kind


@dataclass(frozen=True)
class Experiment:
    """One thing that can be run."""

    name: str
    summary: str
    function: Callable[..., dict[str, Any]]
    options: dict[str, Option]

    def check_options(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every option's value, given or default.  Raises Refusal for an unknown or bad one."""
        for name in given.keys() - self.options.keys():
            raise Refusal(unknown(f"option of {self.name!r}", name, self.options))
        return {
            name: option.check(name, given[name]) if name in given else option.default
            for name, option in self.options.items()
        }


EXPERIMENTS: dict[str, Experiment] = {}


def experiment(name: str, summary: str, **options: Option) -> Callable[[Callable], Callable]:
    """Register the decorated function as the experiment `name`."""

    def register(function: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        EXPERIMENTS[name] = Experiment(name, summary, function, options)
        return function

    return register


def find(name: str) -> Experiment:
    """The experiment called `name`.  Raises Refusal, with the nearest name, if there is none."""
    if name not in EXPERIMENTS:
        raise Refusal(unknown("experiment", name, EXPERIMENTS) + " (see: minidl list)")
    return EXPERIMENTS[name]


def unknown(kind: str, name: str, known: Iterable[str]) -> str:
    """'no experiment is called "clasifier"; did you mean "classifier"?'"""
    nearest = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    hint = f"did you mean {nearest[0]!r}?" if nearest else f"there are: {', '.join(sorted(known))}"
    return f"no {kind} is called {name!r}; {hint}"


def require(*packages: str) -> None:
    """Raise Refusal, saying what to install, if a package of the `run` extra is missing."""
    missing = [package for package in packages if find_spec(package) is None]
    if missing:
        raise Refusal(f'{" and ".join(missing)} is not installed: pip install "minidl[run]"')
