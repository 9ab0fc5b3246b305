"""The benchmarks' own logic: what is compared, and that both sides compute the same."""

import contextlib
import subprocess
import sys
import time

import numpy as np
import pytest

import minidl
from tests.benchmarks import engines, memory
from tests.benchmarks.__main__ import row
from tests.benchmarks.harness import Library, Timing, check_agreement, compare
from tests.benchmarks.shares import shares
from tests.benchmarks.sides import Side
from tests.benchmarks.workloads import WORKLOADS

CHAIN = WORKLOADS["chain of 50 operations, 4x4"]


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda workload: workload.name)
def test_both_libraries_compute_the_same(workload):
    """In float64: the first step's gradients, and three losses, so that the updates agree too."""
    torch = pytest.importorskip("torch")
    (ours, leaves), (theirs, others) = (
        workload.build(Library(library, "float64"), np.random.default_rng(0))
        for library in (minidl, torch)
    )
    assert len(leaves) == len(others) > 0
    losses = [(float(ours()), float(theirs()))]
    for a, b in zip(leaves, others):
        a, b = a.grad.numpy(), b.grad.numpy()
        assert np.linalg.norm(a - b) <= 1e-9 * np.linalg.norm(b) + 1e-12
    losses += [(float(ours()), float(theirs())) for _ in range(2)]
    assert all(a == pytest.approx(b, rel=1e-7) for a, b in losses)


@pytest.mark.parametrize("workload", WORKLOADS.values(), ids=lambda workload: workload.name)
def test_a_workload_computes_on_its_device(workload, device):
    """Two steps, so that the update is there too; nothing may be taken to another device."""
    (ours, leaves), (reference, _) = (
        workload.build(Library(minidl, "float64", where), np.random.default_rng(0))
        for where in (device, "cpu")
    )
    for _ in range(2):
        loss = ours()
        assert loss.device.startswith(device)
        assert float(loss) == pytest.approx(float(reference()), rel=1e-9)
    assert all(leaf.grad.device.startswith(device) for leaf in leaves)


def test_different_losses_are_refused():
    with pytest.raises(AssertionError, match="chain"):
        check_agreement("chain", 1.0, 1.01)


def test_ratios_are_taken_round_by_round():
    """A machine that slows down for both sides changes no ratio."""
    timing = Timing(np.array([1.0, 10.0, 2.0]), np.array([2.0, 20.0, 4.0]))
    assert timing.ratio == 0.5 and timing.quartiles == (0.5, 0.5)


def test_both_are_timed_in_every_round():
    pytest.importorskip("torch")
    with Side("minidl") as ours, Side("torch") as theirs:
        timing = compare(CHAIN, [ours, theirs], rounds=4, slice_s=0.001)
    assert (timing.ours > 0).sum() == (timing.theirs > 0).sum() == 4
    assert CHAIN.name in row(CHAIN, timing, (0.2, 0.3, 0.5))


def test_without_the_other_library():
    with Side("minidl") as ours:
        timing = compare(CHAIN, [ours], rounds=2, slice_s=0.001, cpu_time=True)
    assert (timing.ours > 0).all() and np.isnan(timing.theirs).all()


def test_an_error_on_a_side_is_raised_here():
    with Side("minidl") as side, pytest.raises(KeyError, match="no such workload"):
        side.ask("build", "no such workload")


def test_what_is_imported_only_when_it_is_named():
    program = (
        "import sys, minidl; assert 'http.client' not in sys.modules; assert 'data' in dir(minidl);"
        "minidl.data.DataLoader; minidl.notes.where; minidl.distributions.Normal"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_name_that_is_missing():
    with pytest.raises(AttributeError, match="minidl has no 'dada'"):
        minidl.dada  # noqa: B018


def test_shares_say_what_bounds_a_step():
    """A product of large matrices, a sum of them, and a loop of Python's: each nearly all of it."""
    a = np.ones((400, 400))
    steps = [lambda: a @ a.T, lambda: np.exp(a), lambda: [i % 7 for i in range(5000)]]
    for number, step in enumerate(steps):
        assert np.argmax(shares(step)) == number
    products, others, python = shares(lambda: (np.matmul(a, a), np.dot(a, a), a.sum(axis=0)))
    assert products > others > 0


def test_memory_is_that_of_the_steps_alone():
    """The GPT's weights with their gradients and moments take 13 MB."""
    if not memory.STATUS.exists():
        pytest.skip("not Linux")
    assert 13 < memory.megabytes("minidl", "GPT") < 400


@pytest.mark.parametrize("name", engines.workloads(np.random.default_rng(0)))
def test_other_engines_compute_the_same(name):
    """Those that are installed; `compare` raises if they differ."""
    found = {}
    for engine, load in engines.ENGINES.items():
        with contextlib.suppress(ImportError):
            found[engine] = load()
    job = engines.workloads(np.random.default_rng(0))[name]
    times = engines.compare(job, found, rounds=2, clock=time.perf_counter)
    assert "minidl" in times and all((t > 0).all() for t in times.values())


def test_an_engine_that_is_not_installed_is_left_out(monkeypatch, capsys):
    monkeypatch.setattr(engines, "ENGINES", {"minidl": engines.ours, "none": missing})
    engines.table("chain", rounds=1)
    printed = capsys.readouterr().out
    assert "none is left out: No module named 'none'" in printed and "(1.00)" in printed


def missing():
    raise ModuleNotFoundError("No module named 'none'")
