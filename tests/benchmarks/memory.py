"""The memory that a workload needs beyond its library: `python -m tests.benchmarks.memory`.

Each library has a process of its own, which at the end says the most that it ever held; what it
held after the imports is taken off.  Linux alone.
"""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from . import networks, sequences
from .harness import Library

WORKLOADS = {"CNN": networks.cnn, "GPT": sequences.gpt}
STEPS = 5
STATUS = Path("/proc/self/status")


def megabytes(library: str, name: str) -> float:
    """The peak of a fresh process that makes steps of a workload, beyond its imports."""
    command = [sys.executable, "-m", "tests.benchmarks.memory", library, name]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def measure(library: str, name: str) -> float:
    """The same, of this process."""
    module = importlib.import_module(library)
    before = resident("VmRSS")
    step, _ = WORKLOADS[name](Library(module), np.random.default_rng(0))
    for _ in range(STEPS):
        step()
    return resident("VmHWM") - before


def resident(what: str) -> float:
    """Megabytes of this process in memory: now (VmRSS), or at most so far (VmHWM)."""
    status = STATUS.read_text(encoding="ascii")
    return int(re.search(rf"{what}:\s*(\d+) kB", status)[1]) / 1024


def table() -> None:
    """Print megabytes and ratios, minidl to PyTorch."""
    print(f"\n{'peak memory beyond the imports':<40}{'minidl':>10}{'PyTorch':>10}{'ratio':>8}")
    for name in WORKLOADS:
        ours, theirs = (megabytes(library, name) for library in ("minidl", "torch"))
        print(f"{name:<40}{ours:>8.1f}MB{theirs:>8.1f}MB{ours / theirs:>8.2f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(measure(*sys.argv[1:]))
    else:
        table()
