"""What every optimiser has: parameters in groups, a state for each parameter, a step.

An optimiser is one formula, written once, for one parameter (here with PyTorch's momentum):

    def rule(p, g, s, *, lr, momentum):
        v = s["momentum_buffer"]
        v *= momentum; v += g
        p -= lr * v
        return p, {"momentum_buffer": v}

and the formula is used in two ways.

`step()` changes the parameters in place.  The rule gets arrays, so `v *= momentum` writes into the
memory that is there.  Large arrays go through it in blocks that fit into the cache: an optimiser
does a dozen small operations on each number, and the time goes into fetching the number, so all of
them are done while it is near.

`update(params, grads, states)` is the pure step: it changes nothing, and returns new parameters and
new states.  Given Tensors it is differentiable, as learning to learn needs (MAML differentiates
through the steps of its inner loop).  The same lines serve, because for a Tensor `v *= momentum`
means `v = v * momentum`, which makes a new Tensor.

So a rule may write with `*=` and the like into `p` and into what it took from `s`, never into `g`;
it may also return new arrays, which are then copied into place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor
from ..ops.elementwise import sqrt
from ..recording import enable_grad, mark_changed, mode

# Arrays go through a rule in blocks of this many bytes, a few of which fit into the cache.
BLOCK = 1 << 18


class Optimizer:
    """Base of the optimisers.  `params`: Tensors, or dicts {"params": Tensors, option: value, ...}.

    A subclass gives its options to `__init__`, and says in `initial` with what state a parameter
    starts and in `rule` what a step does to it.

    param_groups: list of dicts, each with its parameters under "params" and a value for each option
        ("lr", ...), which may be changed between steps.
    state: parameter -> dict of arrays and numbers.

    Raises ValueError for no parameters, a parameter given twice, an unknown option, a negative
    learning rate; TypeError for what is not a Tensor that requires a gradient.
    """

    def __init__(self, params: Iterable[Any], **options: Any) -> None:
        self.defaults = options
        self.param_groups: list[dict[str, Any]] = []
        self.state: dict[Tensor, dict[str, Any]] = {}
        if isinstance(params, Tensor):
            raise TypeError(f"{self._name}: params is a list of tensors: for one, write [x]")
        params = list(params)
        if not params:
            raise ValueError(f"{self._name} got no parameters to optimise")
        groups = params if isinstance(params[0], dict) else [{"params": params}]
        for group in groups:
            self.add_param_group(group)

    # ----- what a subclass says

    @staticmethod
    def initial(p: Any, **options: Any) -> dict[str, Any]:
        """The state of a parameter before the first step: arrays of p's shape, and numbers."""
        return {}

    @staticmethod
    def rule(p: Any, g: Any, s: dict[str, Any], **options: Any) -> tuple[Any, dict[str, Any]]:
        """One step of one parameter: (p, gradient, state) -> (p, state).  See the module's text."""
        raise NotImplementedError

    # ----- in place

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, which `backward` would otherwise add to."""
        for p, _ in self._parameters():
            if set_to_none or p.grad is None:
                p.grad = None
            else:
                p.grad = Tensor(p.grad.data * 0)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient; those without stay as they are.

        closure: if given, called first; it computes the loss and its gradients anew.
        Returns what the closure returned, or None.
        """
        loss = None if closure is None else evaluate(closure)
        for group in self.param_groups:
            options = self._options(group)
            if any(isinstance(value, Tensor) for value in options.values()):
                raise TypeError(
                    f"{self._name}.step() changes arrays in place: no gradient reaches an option "
                    "that is a Tensor; use update(...), or give a number"
                )
            needed = self.initial(np.zeros(()), **options).keys()
            for p in group["params"]:
                if p.grad is not None:
                    state = self.state.setdefault(p, {})
                    if not needed <= state.keys():  # the first step, or momentum was switched on
                        state = self.state[p] = self.initial(p.data, **options) | state
                    self._step_one(p, state, options)
        return loss

    def _step_one(self, p: Tensor, state: dict[str, Any], options: dict[str, Any]) -> None:
        data, g = p.data, p.grad.data
        if g.shape != data.shape:
            raise ValueError(f"{self._name}: a parameter {p.shape} has a gradient {g.shape}")
        mark_changed(data)
        if data.nbytes <= BLOCK or p.device != "cpu":
            self._apply_rule(data, g, state, options)
            return
        rows = max(1, BLOCK * len(data) // data.nbytes)
        for i in range(0, len(data), rows):
            part = slice(i, i + rows)
            views = {k: v[part] if backend.is_array(v) else v for k, v in state.items()}
            self._apply_rule(data[part], g[part], views, options)
        state.update((k, v) for k, v in views.items() if not backend.is_array(v))

    def _apply_rule(self, p: Any, g: Any, s: dict[str, Any], options: dict[str, Any]) -> None:
        """Change arrays p, and those in s, and the numbers in s, as the rule says."""
        new_p, new = self.rule(p, g, s, **options)
        if new_p is not p:
            p[...] = new_p
        for key, value in new.items():
            if value is not s[key]:
                if backend.is_array(s[key]):
                    s[key][...] = value
                else:
                    s[key] = value

    # ----- pure

    def init(self, params: Sequence[Any]) -> list[dict[str, Any]]:
        """The states from which `update` starts, one for each of `params` (arrays or Tensors)."""
        self._check_count(params=params)
        groups = [group for _, group in self._parameters()]
        return [self.initial(_raw(p), **self._options(g)) for p, g in zip(params, groups)]

    def update(
        self, params: Sequence[Any], grads: Sequence[Any], states: Sequence[dict], **options: Any
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        """The step as a function: new parameters and new states, and nothing is changed.

        params, grads: arrays or Tensors, in the order in which the optimiser got its parameters
            and of their shapes; a gradient may be None, and its parameter stays.
        states: from `init`, or from the last `update`.
        options: override those of every group; with a Tensor as `lr` the step is differentiable
            in the learning rate too.
        """
        new_params, new_states = [], []
        self._check_count(params=params, grads=grads, states=states)
        for p, g, s, (_, group) in zip(params, grads, states, self._parameters()):
            if g is not None:
                settings = self._options(group) | options
                differentiable = any(isinstance(x, Tensor) for x in (p, g, *settings.values()))
                own = _as_tensor if differentiable else _copy
                p, s = self.rule(own(p), g, {k: own(v) for k, v in s.items()}, **settings)
            new_params.append(p)
            new_states.append(s)
        return new_params, new_states

    # ----- groups

    def add_param_group(self, group: dict[str, Any]) -> None:
        """Take more parameters: {"params": Tensors, and options that differ from the defaults}."""
        params = group["params"]
        params = [params] if isinstance(params, Tensor) else list(params)
        known = {id(p) for p, _ in self._parameters()}
        for i, p in enumerate(params):
            if not isinstance(p, Tensor):
                kind = type(p).__name__
                raise TypeError(f"{self._name}: parameter {i} is a {kind}, not a Tensor")
            if not (p.is_leaf and p.requires_grad):
                raise TypeError(
                    f"{self._name}: parameter {i} of shape {p.shape} "
                    + ("requires no gradient" if p.is_leaf else "is a result, not a leaf")
                    + ": make it with minidl.tensor(..., requires_grad=True)"
                )
            if id(p) in known:
                raise ValueError(f"{self._name}: parameter {i} of shape {p.shape} is given twice")
            known.add(id(p))
        unknown = group.keys() - self.defaults.keys() - {"params"}
        if unknown:
            raise ValueError(
                f"{self._name} has no option {min(unknown)!r}: it has {', '.join(self.defaults)}"
            )
        group = {**self.defaults, **group, "params": params}
        if not isinstance(group["lr"], Tensor) and group["lr"] < 0:
            raise ValueError(f"{self._name}: lr={group['lr']}, but a step goes down: lr >= 0")
        self.param_groups.append(group)

    def _parameters(self) -> Iterator[tuple[Tensor, dict[str, Any]]]:
        """Every parameter with its group, in order."""
        return ((p, group) for group in self.param_groups for p in group["params"])

    def _options(self, group: dict[str, Any]) -> dict[str, Any]:
        return {key: group[key] for key in self.defaults}

    def _check_count(self, **given: Sequence[Any]) -> None:
        count = sum(len(group["params"]) for group in self.param_groups)
        for name, values in given.items():
            if len(values) != count:
                raise ValueError(f"{self._name}: {len(values)} {name} for {count} parameters")

    # ----- saving

    def state_dict(self) -> dict[str, Any]:
        """A copy of the state and the options; parameters are named by their number, from 0.

        The keys are PyTorch's: {"state": {0: {...}}, "param_groups": [{..., "params": [0]}]}.
        """
        number = {p: i for i, (p, _) in enumerate(self._parameters())}
        return {
            "state": {
                number[p]: {key: _copy(value) for key, value in s.items()}
                for p, s in self.state.items()
            },
            "param_groups": [
                {**group, "params": [number[p] for p in group["params"]]}
                for group in self.param_groups
            ],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what `state_dict` returned, here or in PyTorch, for the same parameters.

        Options that this optimiser lacks (PyTorch's `foreach`, ...) are passed over.
        Raises ValueError if the groups differ in number or length, or an array has another shape.
        """
        groups = state_dict["param_groups"]
        ours, theirs = ([len(g["params"]) for g in gs] for gs in (self.param_groups, groups))
        if ours != theirs:
            raise ValueError(
                f"{self._name}: the loaded groups have {theirs} parameters, this optimiser's {ours}"
            )
        known = {*self.defaults, "initial_lr"}
        news = [{k: v for k, v in group.items() if k in known} for group in groups]
        state = {}
        for group, new, loaded in zip(self.param_groups, news, groups):
            for p, i in zip(group["params"], loaded["params"]):
                if i in state_dict["state"]:
                    start = self.initial(p.data, **self._options(group | new))
                    state[p] = self._loaded(i, p, start, state_dict["state"][i])
        self.state = state
        for group, new in zip(self.param_groups, news):
            group.update(new)

    def _loaded(self, i: int, p: Tensor, start: dict[str, Any], loaded: dict[str, Any]) -> dict:
        """The state `start` with the values of `loaded`, on p's device and of its dtype."""
        missing = start.keys() - loaded.keys() - {"step"}
        if missing:
            raise ValueError(f"{self._name}: loaded state {i} lacks {min(missing)!r}")
        state = {"step": 1} if "step" in start else {}  # PyTorch's SGD keeps no count of its steps
        for key in start.keys() & loaded.keys():
            value = _raw(loaded[key])
            if backend.is_array(start[key]):
                value = value if backend.is_array(value) else np.asarray(value)  # or PyTorch's
                value = backend.array(value, p.dtype, p.device)
                if value.shape != start[key].shape:
                    raise ValueError(
                        f"{self._name}: the loaded {key!r} of parameter {i} has shape "
                        f"{value.shape}, the parameter {p.shape}"
                    )
            state[key] = value if backend.is_array(start[key]) else type(start[key])(value)
        return state

    @property
    def _name(self) -> str:
        return type(self).__name__

    def __repr__(self) -> str:
        lines = [
            f"  group {i}: {len(g['params'])} tensors, {sum(p.size for p in g['params'])} numbers, "
            + ", ".join(f"{key}={value}" for key, value in self._options(g).items())
            for i, g in enumerate(self.param_groups)
        ]
        return "\n".join([f"{self._name} (", *lines, ")"])


def root(v: Any) -> Any:
    """sqrt(v) for v >= 0, with the derivative of sqrt taken finite at 0.

    Adaptive methods divide by the root of an average of g^2.  Where a gradient has always been 0
    (a dead ReLU), its average is 0 and sqrt' is infinite, so that differentiating through the
    step would give inf * 0 = NaN.  The true derivative by g is finite there: v moves with g^2.
    """
    if not isinstance(v, Tensor):
        return sqrt(v)
    zero = v == 0
    return sqrt(v + zero) - zero


def evaluate(closure: Callable[[], Any]) -> Any:
    """The loss, with gradients recorded even where the caller switched that off."""
    with enable_grad():
        return closure()


def _raw(value: Any) -> Any:
    return value.data if isinstance(value, Tensor) else value


def _copy(value: Any) -> Any:
    return _raw(value).copy() if isinstance(value, Tensor) or backend.is_array(value) else value


def _as_tensor(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value if mode.record else value.detach()  # under no_grad, *= would write into it
    return Tensor(value) if backend.is_array(value) else value
