"""The spread over seeds of what `minidl run sinusoid-maml` measures: the figures of docs/meta.md.

python -m tests.calibration.meta            seeds 0 to 4, about five minutes of one core
python -m tests.calibration.meta 7 8 9      others
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

from minidl import experiments

STEPS = (0, 1, 5, 10)


def measured(seeds: list[int]) -> dict[str, np.ndarray]:
    """The squared error of each method, (seeds, steps + 1)."""
    errors: dict[str, list[list[float]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            out = Path(folder) / str(seed)
            results = experiments.run("sinusoid-maml", seed=seed, out=out)["results"]
            for name, result in results.items():
                if isinstance(result, dict):
                    errors.setdefault(name, []).append(result["squared_error"])
    return {name: np.array(rows) for name, rows in errors.items()}


def table(errors: dict[str, np.ndarray]) -> str:
    """Markdown: for each method and number of steps the median, the least and the largest."""
    lines = [f"| steps | {' | '.join(map(str, STEPS))} |", "| --- " * (1 + len(STEPS)) + "|"]
    for name, error in errors.items():
        cells = [
            f"{np.median(e):.2f} ({e.min():.2f} to {e.max():.2f})"
            for e in error.T[[k for k in STEPS if k < error.shape[1]]]
        ]
        lines.append(f"| {' | '.join([name, *cells] + [''] * (len(STEPS) - len(cells)))} |")
    return "\n".join(lines)


def main(arguments: list[str]) -> None:
    """Run, then print the spread, and by how much MAML is ahead of each in the same run."""
    seeds = [int(a) for a in arguments] or [*range(5)]
    errors = measured(seeds)
    print(f"\nSeeds {seeds}: median (least to largest)\n{table(errors)}")
    ahead = {
        name: error[:, : errors["MAML"].shape[1]] - errors["MAML"][:, : error.shape[1]]
        for name, error in errors.items()
        if name != "MAML"
    }
    print(f"\nMinus MAML's in the same run\n{table(ahead)}")


if __name__ == "__main__":
    main(sys.argv[1:])
