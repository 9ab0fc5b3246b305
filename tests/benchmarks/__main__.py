"""Print a table of times a step and of ratios, minidl to PyTorch (if it is installed).

The last three columns say what minidl's time went into, in per cent: matrix products, other work of
NumPy, Python.
"""

import argparse
import contextlib
import importlib.metadata
import importlib.util
import math
import os
import platform
from collections.abc import Sequence

import numpy as np

import minidl

from . import engines, imports, memory
from .harness import Library, Timing, Workload, compare
from .shares import shares
from .sides import Side, clock
from .workloads import WORKLOADS

HEADER = (
    f"{'workload':<40}{'minidl':>10}{'PyTorch':>10}{'ratio':>8}{'quartiles':>16}{'target':>8}"
    f"{'products':>10}{'other':>7}{'Python':>8}"
)


def main() -> None:
    """Run the workloads and print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help="only those with this in their name")
    parser.add_argument("--quick", action="store_true", help="time each 5 times, not 25")
    parser.add_argument("--cpu-time", action="store_true", help="count the time on the cores")
    parser.add_argument("--device", default="cpu", help="where both compute: cpu, or cuda")
    parser.add_argument("--engines", action="store_true", help="compare with other engines")
    options = parser.parse_args()
    rounds = 5 if options.quick else 25
    on_cpu = options.device == "cpu"
    if not on_cpu and (options.cpu_time or options.engines):
        parser.error("--cpu-time and --engines are for the CPU: leave --device away")
    try:
        minidl.tensor(0.0, device=options.device)
    except (RuntimeError, ValueError) as error:  # which says what is missing
        parser.error(str(error))

    torch = importlib.util.find_spec("torch")
    other = f"PyTorch {importlib.metadata.version('torch')}" if torch else "no PyTorch"
    print(f"{platform.machine()}, {os.cpu_count()} cores, NumPy {np.__version__}, {other}\n")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5 and not options.cpu_time:
        print("Other programs are running: OMP_NUM_THREADS=1 and --cpu-time give each library one")
        print("core, and count the time on it alone.\n")
    if options.engines:
        engines.table(options.name, rounds, clock(options.cpu_time))
        return
    wanted = options.name.lower()
    chosen = [workload for workload in WORKLOADS.values() if wanted in workload.name.lower()]
    ratios = []
    with contextlib.ExitStack() as stack:
        names = ["minidl", "torch"] if torch else ["minidl"]
        sides = [stack.enter_context(Side(name, options.device)) for name in names if chosen]
        for number, workload in enumerate(chosen):
            if number == 0:
                print(HEADER)
            timing = compare(workload, sides, rounds, 0.05, options.cpu_time)
            step, _ = workload.build(Library(minidl), np.random.default_rng(0))
            print(row(workload, timing, shares(step) if on_cpu else ()), flush=True)
            ratios.append(timing.ratio)
    if len(ratios) > 1:
        mean = math.exp(np.mean(np.log(ratios)))
        print(f"{f'geometric mean of {len(ratios)}':<60}{mean:>8.2f}   the most {max(ratios):.2f}")
    if on_cpu and torch and wanted in "peak memory" and memory.STATUS.exists():
        memory.table()
    if on_cpu and wanted in "import minidl":
        added = imports.added_seconds(max(3, rounds // 3))
        print(f"\nimport minidl: {added:.3f} s beyond `{imports.NEEDED}` (target {imports.TARGET})")


def row(workload: Workload, timing: Timing, parts: Sequence[float]) -> str:
    """One line of the table; parts: the shares of the time, which of a GPU are not known."""
    ours, theirs = np.median(timing.ours), np.median(timing.theirs)
    quartiles = "{:.2f} to {:.2f}".format(*timing.quartiles)
    times = f"{workload.name:<40}{ours:>8.3f}ms{theirs:>8.3f}ms"
    ratios = f"{timing.ratio:>8.2f}{quartiles:>16}{workload.target:>8.2f}"
    return times + ratios + "".join(map("{:>{}.0%}".format, parts, (10, 7, 8)))


if __name__ == "__main__":
    main()
