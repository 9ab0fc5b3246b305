"""Print a table of times a step and of ratios, minidl to PyTorch (if it is installed)."""

import argparse
import importlib
import os
import platform

import numpy as np

from . import chain, imports, layers, networks
from .harness import Timing, Workload, compare

WORKLOADS = [*chain.workloads, *layers.workloads, *networks.workloads]
HEADER = f"{'workload':<40}{'minidl':>10}{'PyTorch':>10}{'ratio':>8}{'quartiles':>16}{'target':>8}"


def main() -> None:
    """Run the workloads and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", default="", metavar="TEXT", help="those whose name contains TEXT")
    parser.add_argument("--rounds", type=int, default=25, help="how often each is timed (25)")
    parser.add_argument("--slice", type=float, default=0.05, help="seconds a round (0.05)")
    options = parser.parse_args()

    try:
        torch = importlib.import_module("torch")
    except ImportError:
        torch = None
    other = f"PyTorch {torch.__version__}" if torch else "no PyTorch"
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, {other}\n")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5:
        print("Other programs are running; where a library uses all cores, its time is then theirs")
        print("as much as its own.  OMP_NUM_THREADS=1 compares the libraries on one core each.\n")
    chosen = [w for w in WORKLOADS if options.only.lower() in w.name.lower()]
    if chosen:
        print(HEADER)
    for workload in chosen:
        timing = compare(workload, torch, options.rounds, options.slice)
        print(row(workload, timing), flush=True)
    if options.only.lower() in "import minidl":
        added = imports.added_seconds(max(3, options.rounds // 3))
        print(f"\nimport minidl: {added:.3f} s beyond `{imports.NEEDED}` (target {imports.TARGET})")


def row(workload: Workload, timing: Timing) -> str:
    """One line of the table."""
    ours, theirs = np.median(timing.ours), np.median(timing.theirs)
    quartiles = "{:.2f} to {:.2f}".format(*timing.quartiles)
    times = f"{workload.name:<40}{ours:>8.3f}ms{theirs:>8.3f}ms"
    return f"{times}{timing.ratio:>8.2f}{quartiles:>16}{workload.target:>8.2f}"


if __name__ == "__main__":
    main()
