"""Is this gradient right?  `gradcheck` asks finite differences, `gradgradcheck` the second order.

    x = minidl.tensor(np.random.randn(3, 4), requires_grad=True)
    print(gradcheck(lambda x: (x * x).sum(axis=1), x))

Tensors become arrays here and go to `differences.check_arrays`, which knows how to measure a slope.
A second derivative is the first derivative of the gradient, so its check is ten lines.  Arguments
that PyTorch's functions of these names have too mean the same.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from ..differences import EPS, Arrays, Pullback, Report, check_arrays, random
from ..graph import Tensor, tensor
from ..recording import enable_grad
from ..reverse import grad
from ..trees import map_tensors

Parameters = Iterable[Tensor] | dict[str, Tensor]


class GradcheckError(RuntimeError):
    """A gradient is wrong, or cannot be checked; `report` holds the numbers."""

    def __init__(self, report: Report) -> None:
        super().__init__(str(report))
        self.report = report


def gradcheck(
    fn: Callable,
    inputs: Any,
    *,
    parameters: Parameters = (),
    raise_exception: bool = True,
    eps: float | None = None,
    atol: float = 1e-8,
    rtol: float = 1e-5,
    nondet_tol: float = 0.0,
    fast_mode: bool | None = None,
    seed: int = 0,
) -> Report:
    """Compare the gradients that a backward pass gives for `fn` with finite differences.

    fn: takes the inputs, returns a Tensor, or a tuple or list of them.  If it is a Module, its
        parameters are checked too.
    inputs: a Tensor or a tuple.  Those Tensors in it that require a gradient, lists included, are
        checked; everything else is passed on as it is.
    parameters: further Tensors, or a dict of them, which `fn` uses without being given them.
    eps: the step for |x| <= 1, in proportion to |x| beyond; cbrt(2.2e-16) = 6e-6 unless given.
    atol, rtol: |analytic - numeric| <= rtol max|numeric| + atol is right.
    nondet_tol: by how much two passes may differ (scattered sums on a GPU do).
    fast_mode: compare along random directions (True) or entry by entry (False); None does the
        first for arrays of more than 2000 entries.
    seed: of the random incoming gradients.

    Checked besides: that the same comes out twice, zero for an incoming gradient of zero, linearity
    in it, and that nothing given was written to.

    Returns a Report: true if all is well, and printed a table.
    Raises GradcheckError with the worst entries, unless raise_exception is False; ValueError if no
    input requires a gradient, TypeError if one is not float64.
    """
    function = _ArrayFunction(fn, fn, _as_tuple(inputs), _named_parameters(fn, parameters))
    options = {"eps": eps, "atol": atol, "rtol": rtol, "nondet_tol": nondet_tol}
    return _check(function, raise_exception, fast_mode=fast_mode, seed=seed, **options)


def gradgradcheck(
    fn: Callable,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    parameters: Parameters = (),
    raise_exception: bool = True,
    seed: int = 0,
    **options: Any,
) -> Report:
    """Check second derivatives: gradcheck of the function (inputs, g) -> the gradients of `fn`.

    The slopes are those of the gradients that a first-order pass gives, so what a recorded pass
    (create_graph=True) adds or leaves out shows too.

    grad_outputs: the incoming gradients g, one for each output of `fn`; random unless given.
    The other arguments, the result and the errors are those of `gradcheck`.
    """
    inputs, parameters = _as_tuple(inputs), _named_parameters(fn, parameters)
    if grad_outputs is None:
        rng = np.random.default_rng(seed)
        with enable_grad():
            outputs = _differentiable(fn(*inputs))
        grad_outputs = [tensor(random(rng, y.shape), True, device=y.device) for y in outputs]

    def gradient(inputs: tuple, grad_outputs: tuple, create_graph: bool = True) -> tuple:
        outputs, targets = _differentiable(fn(*inputs)), _differentiable([inputs, parameters])
        return grad(outputs, targets, grad_outputs, create_graph=create_graph, allow_unused=True)

    gradient.__name__ = f"the gradient of {_name(fn)}"
    plain = functools.partial(gradient, create_graph=False)
    function = _ArrayFunction(gradient, plain, (inputs, _as_tuple(grad_outputs)), parameters)
    return _check(function, raise_exception, seed=seed, **options)


def _check(function: _ArrayFunction, raise_exception: bool, **options: Any) -> Report:
    """The report on a function, or the error that it makes."""
    try:
        arrays, names, title = function.arrays, function.names, function.title
        report = check_arrays(function, function.vjp, arrays, names, title, **options)
    finally:
        function.restore_parameters()
    if raise_exception and not report:
        raise GradcheckError(report)
    return report


class _ArrayFunction:
    """`fn` as a function of arrays: of the data of those inputs that require a gradient.

    plain: computes the same as `fn`, and is used where no gradient of the outputs is needed.
    """

    def __init__(
        self, fn: Callable, plain: Callable, inputs: tuple, parameters: dict[str, Tensor]
    ) -> None:
        self.fn, self.plain, self.inputs = fn, plain, inputs
        self.parameters = [*parameters.values()]
        self.own_data = [p.data for p in self.parameters]
        checked = {**_named_inputs(fn, inputs), **parameters}
        self.names, self.tensors = [*checked.keys()], [*checked.values()]
        if not checked:
            raise ValueError("gradcheck: no input requires a gradient (requires_grad=True)")
        for name, x in checked.items():
            if x.dtype != np.float64:
                raise TypeError(
                    f"gradcheck: {name} is {x.dtype}, and finite differences need float64: with "
                    f"a step of {EPS:.0e} the rounding of float32 alone is an error of 2%.  "
                    "Make it with dtype='float64', or cast it with .astype('float64')"
                )
        self.arrays = [_to_numpy(x) for x in self.tensors]
        # Of the outputs, those that require a gradient.  If none does, all: either they are
        # constant, or the gradient got lost on the way.
        outputs = self.run(fn, self.arrays)[1]
        self.chosen = [i for i, y in enumerate(outputs) if y.requires_grad] or range(len(outputs))
        last = next((y.node.name for y in outputs if y.requires_grad), None)
        name = _name(fn)
        self.title = name if last in (None, name) else f"{name}, whose last operation is {last}"

    def run(self, fn: Callable, arrays: Arrays) -> tuple[list[Tensor], list[Tensor]]:
        """Leaves that hold `arrays`, and the outputs of `fn` at them."""
        leaves = [tensor(a, True, device=x.device) for a, x in zip(arrays, self.tensors)]
        given = len(leaves) - len(self.parameters)
        for parameter, leaf in zip(self.parameters, leaves[given:]):
            if not np.array_equal(_to_numpy(parameter), _to_numpy(leaf)):
                parameter.data = leaf.data  # only if need be: older graphs refuse to go on then
        leaves[given:] = self.parameters
        fresh = iter(leaves)
        inputs = map_tensors(self.inputs, lambda x: next(fresh) if x.requires_grad else x)
        with enable_grad():
            return leaves, _tensors(fn(*inputs))

    def __call__(self, *arrays: np.ndarray) -> list[np.ndarray]:
        """The outputs."""
        outputs = self.run(self.plain, arrays)[1]
        return [_to_numpy(outputs[i]) for i in self.chosen]

    def vjp(self, *arrays: np.ndarray) -> tuple[list[np.ndarray], Pullback]:
        """The outputs, and the backward pass from them."""
        leaves, outputs = self.run(self.fn, arrays)
        outputs = [outputs[i] for i in self.chosen]

        def pullback(gs: Arrays) -> list[np.ndarray]:
            zeros = [np.zeros(x.shape) for x in leaves]
            if not _differentiable(outputs):
                return zeros
            incoming = [tensor(g, device=y.device) for g, y in zip(gs, outputs)]
            found = grad(outputs, leaves, incoming, retain_graph=True, allow_unused=True)
            return [zero if g is None else _to_numpy(g) for g, zero in zip(found, zeros)]

        return [_to_numpy(y) for y in outputs], pullback

    def restore_parameters(self) -> None:
        """Give the parameters back the arrays that they came with."""
        for parameter, data in zip(self.parameters, self.own_data):
            if parameter.data is not data:
                parameter.data = data


def _as_tuple(value: Any) -> tuple:
    return tuple(value) if isinstance(value, tuple | list) else (value,)


def _tensors(value: Any) -> list[Tensor]:
    """The float Tensors in `value`, in the order of `map_tensors`."""
    found: list[Tensor] = []
    map_tensors(value, found.append)
    return [x for x in found if x.dtype.kind == "f"]


def _differentiable(value: Any) -> list[Tensor]:
    """The Tensors in `value` that require a gradient."""
    return [x for x in _tensors(value) if x.requires_grad]


def _named_inputs(fn: Callable, inputs: tuple) -> dict[str, Tensor]:
    """The inputs that require a gradient, in order, by the names of `fn`'s parameters."""
    try:
        parameters = inspect.signature(fn).parameters.values()
        names = [p.name for p in parameters if p.kind < p.VAR_POSITIONAL]
    except (TypeError, ValueError):  # a callable that does not tell
        names = []
    named = {}
    for i, value in enumerate(inputs):
        name = names[i] if i < len(names) else f"input {i}"
        for j, x in enumerate(_differentiable(value)):
            named[name if x is value else f"{name}[{j}]"] = x
    return named


def _named_parameters(fn: Callable, parameters: Parameters) -> dict[str, Tensor]:
    """The parameters of a Module and those given, as far as they require a gradient."""
    named = dict(fn.named_parameters()) if hasattr(fn, "named_parameters") else {}
    if not isinstance(parameters, dict):
        parameters = {f"parameter {i}": p for i, p in enumerate(parameters)}
    return {name: p for name, p in {**named, **parameters}.items() if p.requires_grad}


def _name(fn: Callable) -> str:
    return getattr(fn, "__name__", type(fn).__name__)


def _to_numpy(x: Tensor) -> np.ndarray:
    """A copy in host memory; a copy, because an output that is a view of x moves when x does."""
    return np.array(x.detach().cpu().numpy())
