"""One run of an experiment: its folder, its files, its random numbers, what it shows on the way.

Files are first written into a hidden folder inside the run's own and moved into place at the end,
metrics.json last.  A run that fails therefore changes nothing, one that is interrupted leaves its
checkpoint at most, and where there is a metrics.json the files beside it belong to the same run.
Nothing else in the folder is touched.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, files
from ..graph import Tensor, tensor
from .checkpoint import Checkpoint, Loop, Stage
from .progress import Progress
from .registry import Option, Refusal, find, require

UNFINISHED = ".unfinished-"  # how the hidden folder's name begins
SEED = Option(0, "where the random numbers start", minimum=0)


class Run:
    """What an experiment is given: `seed`, `device`, `rng`, and where its output goes."""

    def __init__(self, seed: int, device: str, folder: Path, checkpoint: Checkpoint) -> None:
        self.seed, self.device, self.folder = seed, device, folder
        self.checkpoint = checkpoint
        self.rng = np.random.default_rng(seed)
        self.files: list[str] = []
        self.stages: list[str] = []

    def path(self, name: str) -> Path:
        """Where to write the file `name` of this run."""
        self.files.append(name)
        return self.folder / name

    def tensor(self, array: np.ndarray) -> Tensor:
        """The array on this run's device, its floats as float32."""
        is_float = np.issubdtype(array.dtype, np.floating)
        return tensor(array.astype(np.float32) if is_float else array, device=self.device)

    def normal(self, *shape: int) -> Tensor:
        """Standard normal numbers, the same on every device."""
        return self.tensor(self.rng.standard_normal(shape))

    def batch(self, x: np.ndarray, n: int) -> Tensor:
        """n rows of x, drawn with replacement."""
        return self.tensor(x[self.rng.integers(0, len(x), n)])

    def progress(self, total: int, label: str) -> Progress:
        """A progress bar of `total` steps; use it in a `with` block."""
        return Progress(total, label)

    def stage(self, name: str, log: dict[str, Any], **parts: Any) -> Stage:
        """A loop that can be interrupted, and gone on with; use it in a `with` block.

        log: numbers, lists and dicts that the loop fills.  parts: what else the loop changes, such
        as model, optimiser, schedule and loader.
        """
        return Stage(self.checkpoint, self._unused(name), self.rng, log, parts)

    def loop(self, name: str, steps: int, log: dict[str, Any], **parts: Any) -> Loop:
        """A stage of so many steps, with a progress bar: iterate over it in a `with` block."""
        return Loop(self.checkpoint, self._unused(name), self.rng, log, parts, total=steps)

    def _unused(self, name: str) -> str:
        """A name for a stage that none before it has: stages are taken up by their names."""
        self.stages.append(name)
        count = self.stages.count(name)
        return name if count == 1 else f"{name} {count}"

    def save_figure(self, name: str, figure: Any) -> None:
        """Write a matplotlib figure as NAME.png."""
        figure.savefig(self.path(f"{name}.png"), dpi=150)

    def save_weights(self, name: str, state: dict[str, Any]) -> None:
        """Write a model's `state_dict()` as NAME.safetensors, which PyTorch reads as well."""
        files.save(self.path(f"{name}.safetensors"), state)

    def say(self, text: str = "") -> None:
        """A line for the user."""
        print(text, flush=True)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table for the user: the first column to the left, the others to the right."""
        cells = [[str(cell) for cell in row] for row in (head, *rows)]
        widths = [max(map(len, column)) for column in zip(*cells)]
        for first, *others in cells:
            right = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:]))
            self.say("   ".join([f"{first:<{widths[0]}}", *right]))


def run(
    name: str, *, seed: int | None = None, device: str | None = None,
    out: str | os.PathLike[str] | None = None, resume: bool = False, **options: Any,
) -> dict[str, Any]:  # fmt: skip
    """Run the experiment `name`; returns what it writes to metrics.json in `out` (runs/NAME).

    seed: default 0.  device: default 'cpu'.
    resume: go on with the interrupted run in `out`, with its seed, device and options.
    Raises Refusal, before anything is computed, for an unknown name or option, a value that cannot
    be, a missing package, a missing device, a folder that cannot be written, or nothing to resume.
    """
    experiment = find(name)
    target = Path(out if out is not None else Path("runs") / name).expanduser()
    checkpoint = Checkpoint(target / "checkpoint.npz", name)
    before = checkpoint.load() if resume else {}
    given = {"seed": seed, "device": device, **options}
    values = {"seed": 0, "device": "cpu"} | before | _without_none(given)
    seed, device = SEED.check("seed", values.pop("seed")), values.pop("device")
    options = experiment.check_options(_without_none(values))
    settings = {"seed": seed, "device": device, **options}
    for key in before.keys() & settings.keys():
        if before[key] != settings[key]:
            raise Refusal(f"the interrupted run had --{key.replace('_', '-')} {before[key]}")
    checkpoint.content["settings"] = settings
    require("matplotlib", "safetensors")
    try:
        backend.namespace(device)
    except (ValueError, RuntimeError) as error:
        raise Refusal(str(error)) from error
    if resume:  # a run that was killed had no time to tidy up
        for left_over in target.glob(f"{UNFINISHED}*"):
            shutil.rmtree(left_over, ignore_errors=True)
    is_new = not target.exists()
    folder = _unfinished_folder(target)
    try:
        backend.seed(seed)
        current = Run(seed, device, folder, checkpoint)
        if checkpoint.path.exists() and not resume:
            current.say("An interrupted run is in this folder; --resume would go on with it.")
        results = experiment.function(current, **options)
        metrics = {
            "experiment": name,
            "options": settings,
            "results": results,
            "environment": _environment() | {"seconds": round(checkpoint.seconds(), 2)},
        }
        text = json.dumps(metrics, indent=2, default=lambda value: value.tolist())
        current.path("metrics.json").write_text(text + "\n", encoding="utf-8")
        _move_into_place(current.files, folder, target)
        checkpoint.remove()
    except Refusal:  # with these options it cannot be done, and no more when resumed
        checkpoint.remove()
        raise
    except KeyboardInterrupt as stop:
        if checkpoint.is_of_this_run:
            where = "" if out is None else f" --out {out}"
            hint = f"what was reached is kept; to go on: minidl run {name} --resume{where}"
            raise KeyboardInterrupt(hint) from stop
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if is_new and not any(target.iterdir()):
            target.rmdir()
    current.say(f"\nWrote to {target}: {', '.join(current.files)}")
    return json.loads(text)


def _without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _unfinished_folder(target: Path) -> Path:
    """A new hidden folder inside `target`.  Raises Refusal if it cannot be made."""
    try:
        target.mkdir(parents=True, exist_ok=True)
        return Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=target))
    except OSError as error:
        raise Refusal(
            f"cannot write to the folder {target} ({error.strerror}): name another with --out DIR"
        ) from error


def _move_into_place(files: list[str], folder: Path, target: Path) -> None:
    """Put the finished files in place: the old metrics.json goes first, the new one comes last."""
    (target / "metrics.json").unlink(missing_ok=True)
    for file in files:
        os.replace(folder / file, target / file)


def _environment() -> dict[str, Any]:
    packages = {package: version(package) for package in ("numpy", "scipy")}
    return {"python": platform.python_version(), **packages, "cores": backend.threads()}
