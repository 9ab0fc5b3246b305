"""minidl beside other engines that differentiate NumPy-like code: `--engines`.

The loss of each workload is one text that is given an engine's NumPy.  minidl, HIPS autograd,
MyGrad and JAX (compiled by `jit`) are timed in turn, as far as they are installed and can express
the workload: MyGrad has no second derivatives.
"""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import minidl

from .harness import Clock, repeats_in, seconds

Loss = Callable[..., Any]  # (np, parameters, *constants) -> a number
Arrays = list[np.ndarray]


class Engine(NamedTuple):
    """Two ways to use it; each takes a loss, parameters, constants and returns what to time.

    first: to (value, gradients).
    second: to the gradients of a loss that is itself made with gradients; None if it cannot.
    """

    first: Callable[[Loss, Arrays, Arrays], Callable[[], Any]]
    second: Callable[[Loss, Arrays, Arrays], Callable[[], Any]] | None


class Namespace:
    """An engine's NumPy, and its `grad` for functions of a list of parameters."""

    def __init__(self, module: Any, grad: Callable | None) -> None:
        self.module, self.grad = module, grad

    def __getattr__(self, name: str) -> Any:
        return getattr(self.module, name)


# ------------------------------------------------------------------------------- the engines


def ours() -> Engine:
    """minidl."""
    space = Namespace(minidl, minidl.grad)

    def prepared(loss: Loss, parameters: Arrays, constants: Arrays) -> Callable[[], Any]:
        parameters, constants = ([*map(minidl.tensor, some)] for some in (parameters, constants))
        both = minidl.value_and_grad(lambda p: loss(space, p, *constants))
        return lambda: both(parameters)

    return Engine(prepared, prepared)


def hips() -> Engine:
    """HIPS autograd."""
    autograd = importlib.import_module("autograd")
    space = Namespace(importlib.import_module("autograd.numpy"), autograd.grad)

    def prepared(loss: Loss, parameters: Arrays, constants: Arrays) -> Callable[[], Any]:
        both = autograd.value_and_grad(lambda p: loss(space, p, *constants))
        return lambda: both(parameters)

    return Engine(prepared, prepared)


def mygrad() -> Engine:
    """MyGrad: a tape like ours, first order only."""
    module = importlib.import_module("mygrad")
    space = Namespace(module, None)

    def prepared(loss: Loss, parameters: Arrays, constants: Arrays) -> Callable[[], Any]:
        def step() -> Any:
            tensors = [module.tensor(p) for p in parameters]
            value = loss(space, tensors, *constants)
            value.backward()
            return value.data, [t.grad for t in tensors]

        return step

    return Engine(prepared, None)


def jax() -> Engine:
    """JAX, compiled; it waits for the result, as the others do."""
    module = importlib.import_module("jax")
    space = Namespace(importlib.import_module("jax.numpy"), module.grad)

    def prepared(loss: Loss, parameters: Arrays, constants: Arrays) -> Callable[[], Any]:
        both = module.jit(module.value_and_grad(lambda p, c: loss(space, p, *c)))
        parameters, constants = module.device_put((parameters, constants))
        return lambda: module.block_until_ready(both(parameters, constants))

    return Engine(prepared, prepared)


ENGINES = {"minidl": ours, "autograd": hips, "MyGrad": mygrad, "JAX jit": jax}


# ----------------------------------------------------------------------------- the workloads


def chain(np: Any, parameters: list, x: Any) -> Any:
    """50 operations on 4x4 arrays."""
    a, b = parameters
    for _ in range(10):
        x = (np.tanh(x * a + b) - b) * a
    return np.sum(x)


def mlp(np: Any, parameters: list, x: Any, target: Any) -> Any:
    """Cross-entropy with a target distribution (N, 10), of layers with tanh between them."""
    *layers, (weight, bias) = zip(parameters[::2], parameters[1::2])
    for w, b in layers:
        x = np.tanh(np.matmul(x, w) + b)
    logits = np.matmul(x, weight) + bias
    normaliser = np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    return np.sum((normaliser - logits) * target) / len(target)


def hessian_vector(np: Any, parameters: list, x: Any, target: Any, *v: Any) -> Any:
    """v' grad L; its gradient is H v."""
    g = np.grad(lambda p: mlp(np, p, x, target))(parameters)
    return sum(np.sum(a * b) for a, b in zip(g, v))


def squared_error(np: Any, parameters: list, x: Any, y: Any) -> Any:
    """Of a network 1-40-40-1."""
    w1, b1, w2, b2, w3, b3 = parameters
    h = np.tanh(np.matmul(np.tanh(np.matmul(x, w1) + b1), w2) + b2)
    return np.mean((np.matmul(h, w3) + b3 - y) ** 2)


def maml(np: Any, phi: list, *tasks: Any) -> Any:
    """The loss after 3 steps on each of 5 tasks, four arrays each: support x, y, query x, y."""
    total = 0.0
    for i in range(0, len(tasks), 4):
        x, y, u, v = tasks[i : i + 4]
        theta = phi
        for _ in range(3):
            g = np.grad(lambda p, x=x, y=y: squared_error(np, p, x, y))(theta)
            theta = [p - 0.01 * q for p, q in zip(theta, g)]
        total = total + squared_error(np, theta, u, v)
    return total


def _weights(rng: np.random.Generator, *widths: int) -> Arrays:
    layers = []
    for n, m in zip(widths, widths[1:]):
        weight = rng.standard_normal((n, m), np.float32) / math.sqrt(n)
        layers += [weight.astype(np.float32), np.zeros(m, np.float32)]
    return layers


def _examples(rng: np.random.Generator, n: int, width: int) -> Arrays:
    one_hot = np.eye(10, dtype=np.float32)[rng.integers(0, 10, n)]
    return [rng.standard_normal((n, width), np.float32), one_hot]


def workloads(rng: np.random.Generator) -> dict[str, tuple[Loss, Arrays, Arrays, bool]]:
    """By name: the loss, the parameters, the constants, and whether it is of second order."""
    small = lambda: rng.uniform(0.5, 1, (4, 4)).astype(np.float32)
    widths = (64, 128, 128, 10)
    like = [rng.standard_normal(p.shape, np.float32) for p in _weights(rng, *widths)]
    points = [rng.uniform(-5, 5, (10, 1)).astype(np.float32) for _ in range(20)]
    return {
        "chain of 50 operations, 4x4": (chain, [small(), small()], [small()], False),
        "MLP 64-64-10, batch 32": (mlp, _weights(rng, 64, 64, 10), _examples(rng, 32, 64), False),
        "MLP 784-512-512-10, batch 128": (
            mlp, _weights(rng, 784, 512, 512, 10), _examples(rng, 128, 784), False,
        ),
        "Hessian-vector product, MLP": (
            hessian_vector, _weights(rng, *widths), [*_examples(rng, 128, 64), *like], True,
        ),
        "MAML, 5 tasks, 3 steps": (maml, _weights(rng, 1, 40, 40, 1), points, True),
    }  # fmt: skip


# --------------------------------------------------------------------------------- the table


def table(wanted: str = "", rounds: int = 25, clock: Clock = time.perf_counter) -> None:
    """Print milliseconds for each engine that is installed, and its time over minidl's."""
    found = {}
    for name, load in ENGINES.items():
        try:
            found[name] = load()
        except ImportError as error:
            print(f"{name} is left out: {error}")
    print("\nvalue and gradient: milliseconds, and how many times minidl's\n")
    print(f"{'workload':<34}" + "".join(f"{name:>20}" for name in found))
    for name, job in workloads(np.random.default_rng(0)).items():
        if wanted.lower() in name.lower():
            times = compare(job, found, rounds, clock)
            cells = [cell(times, engine) for engine in found]
            print(f"{name:<34}" + "".join(f"{text:>20}" for text in cells), flush=True)


def cell(times: dict[str, np.ndarray], engine: str) -> str:
    """Milliseconds, and the ratio to minidl's, round by round."""
    if engine not in times:
        return "-"
    ratio = np.median(times[engine] / times["minidl"])
    return f"{1e3 * np.median(times[engine]):.3f} ({ratio:.2f})"


def compare(job: tuple, engines: dict[str, Engine], rounds: int, clock: Clock) -> dict:
    """Seconds a call of each engine that can, (rounds,); all must return the same value."""
    loss, parameters, constants, second = job
    calls = {}
    for name, engine in engines.items():
        prepare = engine.second if second else engine.first
        if prepare is not None:
            calls[name] = prepare(loss, parameters, constants)
    values = {name: float(np.asarray(number(call()[0]))) for name, call in calls.items()}
    for name, value in values.items():
        if not np.isclose(value, values["minidl"], rtol=1e-3):
            raise AssertionError(f"minidl computes {values['minidl']}, {name} {value}")
    repeats = {name: repeats_in(call, 0.05, clock) for name, call in calls.items()}
    times: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            times[name].append(seconds(call, repeats[name], clock))
    return {name: np.array(taken) for name, taken in times.items()}


def number(value: Any) -> Any:
    """An array or a number from what an engine returns."""
    return value.numpy() if isinstance(value, minidl.Tensor) else value
