"""Memory falls without the garbage collector: no step leaves a cycle, whatever it does."""

import gc
import os
import platform
import subprocess
import sys
import tracemalloc
from collections import Counter

import numpy as np
import pytest

import minidl
from minidl import tensor
from minidl.autograd import grad
from minidl.graph import Node, Tensor, op, operations
from minidl.recording import changes

STEPS = 5000


def alive() -> int:
    """How many tensors and nodes there are."""
    return sum(isinstance(o, Tensor | Node) for o in gc.get_objects())


def tracked() -> Counter:
    """How many objects of each type there are that can hold others, and so be in a cycle."""
    return Counter(type(o).__name__ for o in gc.get_objects())


@pytest.fixture(autouse=True)
def no_collector():
    """What is not freed at once stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def mlp():
    rng = np.random.default_rng(0)
    x = tensor(rng.normal(size=(4, 3)))
    w, v = (tensor(rng.normal(size=s), requires_grad=True) for s in ((3, 5), (5, 2)))
    return x, w, v


def train(x, w, v):
    loss = (minidl.tanh(x @ w) @ v).sum()
    loss.backward()
    with minidl.no_grad():
        for p in (w, v):
            p -= 0.001 * p.grad
            p.grad = None


def maml(x, w, v):
    """One inner step, and a meta-gradient through it."""
    inner = ((minidl.tanh(x @ w) @ v) ** 2).mean()
    (g,) = grad(inner, w, create_graph=True)
    ((minidl.tanh(x @ (w - 0.1 * g)) @ v) ** 2).mean().backward()
    w.grad = v.grad = None


def recorded_grad(x, w, v):
    """x.grad carries a graph that leads back to x."""
    ((x @ w) ** 3).sum().backward(create_graph=True)
    (w.grad * w.grad).sum().backward()
    w.grad = None


def hooked(x, w, v):
    h = minidl.tanh(x @ w)
    h.register_hook(lambda g: 2 * g)
    h.retain_grad()
    (h @ v).sum().backward()
    w.grad = v.grad = None


def failing(x, w, v):
    """A graph is built, a pass begun, and then an error comes."""
    h = minidl.tanh(x @ w)
    with pytest.raises(RuntimeError):
        loss = (h @ v).sum()
        loss.backward()
        loss.backward()
    with pytest.raises(ValueError):
        minidl.exp(h) @ w
    w.grad = v.grad = None


def not_differentiated(x, w, v):
    (minidl.tanh(x @ w) @ v).sum()


def indexed(x, w, v):
    sum(w[i, 0] * w[2 - i, 1] for i in range(3)).backward(create_graph=True)
    w.grad = None


@pytest.mark.parametrize(
    "step", [train, maml, recorded_grad, hooked, failing, not_differentiated, indexed]
)
def test_memory_is_flat(step):
    """As many objects after 5,000 steps as after 100."""
    parts = mlp()
    tracked()  # what counting itself leaves behind, it leaves now
    for _ in range(100):
        step(*parts)
    before = tracked()
    for _ in range(STEPS - 100 if step in (train, maml) else 400):
        step(*parts)
    assert sum((tracked() - before).values()) <= 5


def test_a_loop_that_raises_midway_leaves_nothing():
    """The traceback holds the frame, and the frame the graph, until the error has been handled."""

    @op
    def fragile(x):
        return x * 1.0

    calls = iter(range(10**6))

    def rule(g):
        if next(calls) == 300:
            raise ArithmeticError
        return g

    fragile.vjp(x=rule)
    x, w, v = mlp()
    before = alive()
    try:
        for _ in range(STEPS):
            fragile(minidl.tanh(x @ w) @ v).sum().backward(create_graph=True)
            w.grad = v.grad = None
    except ArithmeticError:
        pass
    w.grad = v.grad = None
    assert alive() == before
    operations.pop("fragile")


def test_saved_arrays_are_freed_as_the_pass_goes():
    """A chain of n large arrays: the pass needs room for few of them beside what is left."""
    size, n = 250_000, 20  # 2 MB each
    x = tensor(np.ones(size), requires_grad=True)
    y = x
    for _ in range(n):
        y = minidl.tanh(y)
    loss = y.sum()
    del y
    tracemalloc.start()
    loss.backward()
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5 * 8 * size  # the gradient, a temporary or two; not n of them
    assert after < 2 * 8 * size


def test_what_no_rule_names_is_not_kept():
    """(x + 1) * 2: neither the sum nor the product is needed by any rule."""
    size = 250_000
    x = tensor(np.ones(size), requires_grad=True)
    tracemalloc.start()
    y = x
    for _ in range(10):
        y = (y + 1.0) * 2.0
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1.5 * 8 * size  # y alone


def test_a_graph_dies_with_its_last_tensor():
    x, w, v = mlp()
    before = alive()
    y = minidl.tanh(x @ w) @ v
    z = y.sum()
    z.backward(create_graph=True)
    g = (w.grad**2).sum()
    assert alive() > before + 10
    del y, z, g
    w.grad = v.grad = None
    assert alive() == before
    del x, w, v
    assert alive() == before - 3 - 2  # three tensors, two leaves


def test_notes_of_changes_die_with_their_arrays():
    before = len(changes.times)
    for _ in range(100):
        x = tensor(np.ones(3))
        x[0] = 2.0
    del x
    assert len(changes.times) == before


def test_many_passes_over_one_retained_graph():
    x, w, v = mlp()
    loss = (minidl.tanh(x @ w) @ v).sum()
    loss.backward(retain_graph=True)
    before = alive()
    for _ in range(200):
        loss.backward(retain_graph=True)
        grad(loss, w, retain_graph=True)
    assert alive() == before


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of GNU's allocator")
@pytest.mark.parametrize(("setting", "kept"), [({}, True), ({"MALLOC_TOP_PAD_": "131072"}, False)])
def test_what_a_step_frees_is_kept_for_the_next(setting, kept):
    """20 arrays of a megabyte are 5,120 pages, which the system fills with zeros anew, or not."""
    program = (
        "import resource, numpy, minidl\n"
        "faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "for _ in range(4):\n"
        "    before = faults()\n"
        "    step = [numpy.ones(1 << 17) for _ in range(20)]\n"
        "    del step\n"
        "    print(faults() - before)\n"
    )
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))}
    run = subprocess.run(
        [sys.executable, "-c", program],
        env=environment | setting,
        capture_output=True,
        text=True,
        check=True,
    )
    last = int(run.stdout.split()[-1])
    assert last < 500 if kept else last > 4000
