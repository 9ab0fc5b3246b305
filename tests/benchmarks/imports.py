"""How long `import minidl` takes beyond the NumPy and SciPy that it needs.

Of the processor: what other programs do on the machine does not count.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile

NEEDED = "import numpy, scipy.special"
TARGET = 0.1  # seconds


def added_seconds(rounds: int) -> float:
    """The median, over rounds, of the difference that `import minidl` makes.

    Modules are compiled beforehand, as they are where a package is installed.
    """
    differences = []
    with tempfile.TemporaryDirectory() as compiled:
        environment = {**os.environ, "PYTHONPYCACHEPREFIX": compiled}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        _seconds(f"{NEEDED}, minidl", environment)
        for _ in range(rounds):
            without = _seconds(NEEDED, environment)
            differences.append(_seconds(f"{NEEDED}, minidl", environment) - without)
    return statistics.median(differences)


def _seconds(statement: str, environment: dict[str, str]) -> float:
    """A fresh interpreter that runs `statement`."""
    before = _seconds_of_children()
    subprocess.run([sys.executable, "-c", statement], env=environment, check=True)
    return _seconds_of_children() - before


def _seconds_of_children() -> float:
    """What finished child processes have used of the processor so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
