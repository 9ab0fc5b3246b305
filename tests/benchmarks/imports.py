"""How long `import minidl` takes beyond the NumPy and SciPy that it needs."""

import statistics
import subprocess
import sys
import time

NEEDED = "import numpy, scipy.special"
TARGET = 0.1  # seconds


def seconds(statement: str) -> float:
    """A fresh interpreter that runs `statement`."""
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", statement], check=True)
    return time.perf_counter() - start


def added_seconds(rounds: int) -> float:
    """The median, over rounds, of the difference that `import minidl` makes."""
    differences = []
    for _ in range(rounds):
        without = seconds(NEEDED)
        differences.append(seconds(f"{NEEDED}, minidl") - without)
    return statistics.median(differences)
