"""The benchmarks' own logic: what is compared, and that both sides compute the same."""

import subprocess
import sys

import numpy as np
import pytest

import minidl
from tests.benchmarks.__main__ import WORKLOADS, row
from tests.benchmarks.harness import Library, Timing, check_agreement, compare


@pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)
def test_both_libraries_compute_the_same(workload):
    """The first three losses, so that the updates agree too."""
    torch = pytest.importorskip("torch")
    ours, theirs = (
        workload.build(Library(library), np.random.default_rng(0)) for library in (minidl, torch)
    )
    for _ in range(3):
        check_agreement(workload.name, float(ours()), float(theirs()))


def test_different_losses_are_refused():
    with pytest.raises(AssertionError, match="chain"):
        check_agreement("chain", 1.0, 1.01)


def test_ratios_are_taken_round_by_round():
    """A machine that slows down for both sides changes no ratio."""
    timing = Timing(np.array([1.0, 10.0, 2.0]), np.array([2.0, 20.0, 4.0]))
    assert timing.ratio == 0.5 and timing.quartiles == (0.5, 0.5)


def test_both_are_timed_in_every_round():
    torch = pytest.importorskip("torch")
    timing = compare(WORKLOADS[0], torch, rounds=4, slice_s=0.001)
    assert (timing.ours > 0).sum() == (timing.theirs > 0).sum() == 4
    assert WORKLOADS[0].name in row(WORKLOADS[0], timing)


def test_without_the_other_library():
    timing = compare(WORKLOADS[0], None, rounds=2, slice_s=0.001)
    assert (timing.ours > 0).all() and np.isnan(timing.theirs).all()


def test_what_is_imported_only_when_it_is_named():
    program = (
        "import sys, minidl; assert 'http.client' not in sys.modules; assert 'data' in dir(minidl);"
        "minidl.data.DataLoader; minidl.notes.where; minidl.distributions.Normal"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_a_name_that_is_missing():
    with pytest.raises(AttributeError, match="minidl has no 'dada'"):
        minidl.dada  # noqa: B018
