"""Interrupted runs go on where they stopped, bit for bit: `minidl run NAME --resume`.

    log = {"epoch": 0, "losses": []}
    with run.stage("CNN", log, model=model, optimiser=optimiser, loader=loader) as stage:
        while log["epoch"] < epochs:
            for x, y in loader:
                ...
                log["losses"].append(loss.item())
                stage.step_done()
            log["epoch"] += 1

A stage is a loop.  What the rest of it depends on is in `log` (numbers, lists and dicts), in the
parts that it names, and in the random generators.  A part has `state_dict` and `load_state_dict`,
or is a Tensor, a NumPy Generator, a dict of parts, or an object whose attributes are numbers.  A
loop of so many equal steps is shorter with `run.loop`:

    with run.loop("VAE", steps, log, model=model, optimiser=optimiser) as loop:
        for _ in loop:
            ...
            loop.show(loss=log["losses"][-1])

All of that is written to checkpoint.npz in the run's folder each minute, at the end of the stage,
and when Ctrl-C is pressed; the file is removed when the run is done.

A resumed run begins as the first did, with the same seed, and does again what is outside of its
stages; a stage that was finished is entered with its last state, so that its loop ends at once.
"""

from __future__ import annotations

import copy
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import backend, files
from ..graph import Tensor
from .progress import Progress
from .registry import Refusal

SECONDS_BETWEEN_SAVES = 60


class Checkpoint:
    """The file that an interrupted run leaves: its settings, and the state of each stage.

    is_of_this_run: whether the file that is there, if any, was written or taken up by this run.
    """

    def __init__(self, path: Path, experiment: str) -> None:
        self.path, self.experiment = path, experiment
        self.content = {"experiment": experiment, "settings": {}, "stages": {}, "seconds": 0.0}
        self.start = self.saved = time.monotonic()
        self.is_of_this_run = False

    def load(self) -> dict[str, Any]:
        """Take up the file; returns its settings.  Raises Refusal if there is none to take up."""
        try:
            content = files.load(self.path)
        except FileNotFoundError as error:
            raise Refusal(
                f"there is no interrupted run in {self.path.parent}: leave --resume out, or name "
                "its folder with --out DIR"
            ) from error
        except ValueError as error:
            raise Refusal(str(error)) from error
        if content.get("experiment") != self.experiment:
            raise Refusal(f"{self.path} is not of an interrupted run of {self.experiment!r}")
        self.content, self.is_of_this_run = content, True
        return content["settings"]

    def seconds(self) -> float:
        """How long the run has taken, with what it took before it was interrupted."""
        return self.content["seconds"] + time.monotonic() - self.start

    def save(self) -> None:
        """Write the file; an older one is replaced in one step."""
        files.save(self.path, {**self.content, "seconds": self.seconds()})
        self.saved, self.is_of_this_run = time.monotonic(), True

    def remove(self) -> None:
        """Remove this run's file."""
        if self.is_of_this_run:
            self.path.unlink(missing_ok=True)


class Stage:
    """A loop of a run that can be interrupted after each step.  See the module's text.

    From the beginning of the `with` block to its end Ctrl-C is only noted, and obeyed by
    `step_done`, when nothing is half changed; a second Ctrl-C is obeyed at once.
    """

    def __init__(
        self, checkpoint: Checkpoint, name: str, rng: np.random.Generator,
        log: dict[str, Any], parts: dict[str, Any],
    ) -> None:  # fmt: skip
        self.checkpoint, self.name, self.rng = checkpoint, name, rng
        self.log, self.parts = log, parts
        self.interrupted = False

    def __enter__(self) -> Stage:
        state = self.checkpoint.content["stages"].get(self.name)
        if state is not None:
            self._restore(state)
        if threading.current_thread() is threading.main_thread():  # no other gets signals
            self.previous = signal.signal(signal.SIGINT, self._note)
        return self

    def step_done(self) -> None:
        """A step is done and the log is written: save if it is time to, stop if it was wished."""
        if self.interrupted:
            self._save()
            raise KeyboardInterrupt
        if time.monotonic() - self.checkpoint.saved > SECONDS_BETWEEN_SAVES:
            self._save()

    def __exit__(self, error: type | None, *_: object) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self.previous)
        if error is None:
            self._save()
            if self.interrupted:
                raise KeyboardInterrupt

    def _note(self, number: int, frame: Any) -> None:
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True

    def _save(self) -> None:
        state = {
            "log": self.log,
            "parts": {name: _state(part) for name, part in self.parts.items()},
            "rng": self.rng.bit_generator.state,
            "random": backend.random_state(),
        }
        self.checkpoint.content["stages"][self.name] = copy.deepcopy(state)
        self.checkpoint.save()

    def _restore(self, state: dict[str, Any]) -> None:
        self.log.update(copy.deepcopy(state["log"]))
        for name, part in self.parts.items():
            _load(part, state["parts"][name])
        self.rng.bit_generator.state = state["rng"]
        # NumPy's state is a dict; CuPy's is an array, which belongs on its device
        random = state["random"].items()
        backend.set_random_state(
            {k: backend.array(v.data, device=k) if isinstance(v, Tensor) else v for k, v in random}
        )


class Loop(Stage):
    """A stage of `total` equal steps, with a progress bar.  Iterating gives their numbers, from 0,
    or from where the run was interrupted."""

    def __init__(self, *stage: Any, total: int) -> None:
        super().__init__(*stage)
        self.total = total
        self.log.setdefault("step", 0)
        self.figures: dict[str, float] = {}

    def __enter__(self) -> Loop:
        super().__enter__()
        self.bar = Progress(self.total, f"{self.name:<18}")
        self.bar.step(self.log["step"])
        return self

    def __iter__(self) -> Iterator[int]:
        while self.log["step"] < self.total:
            yield self.log["step"]
            self.log["step"] += 1
            self.bar.step(**self.figures)
            self.step_done()

    def __exit__(self, *error: Any) -> None:
        self.bar.__exit__()
        super().__exit__(*error)

    def show(self, **figures: float) -> None:
        """Show these beside the bar."""
        self.figures = figures


def _state(part: Any) -> Any:
    """What is to be known of a part to go on with it."""
    if hasattr(part, "state_dict"):
        return part.state_dict()
    if isinstance(part, np.random.Generator):
        return part.bit_generator.state
    if isinstance(part, dict):
        return {name: _state(one) for name, one in part.items()}
    return part.detach() if isinstance(part, Tensor) else dict(vars(part))


def _load(part: Any, state: Any) -> None:
    """Put a part into a state that `_state` returned."""
    if hasattr(part, "state_dict"):
        part.load_state_dict(state)
    elif isinstance(part, np.random.Generator):
        part.bit_generator.state = state
    elif isinstance(part, dict):
        for name, one in part.items():
            _load(one, state[name])
    elif isinstance(part, Tensor):
        part.data = state.to(device=part.device)
    else:
        vars(part).update(state)
