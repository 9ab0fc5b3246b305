"""A library in a process of its own, which builds workloads and times them when it is asked to."""

from __future__ import annotations

import importlib
import multiprocessing
import time
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from .harness import Library, repeats_in, seconds
from .workloads import WORKLOADS


class Side:
    """`with Side("torch") as side: side.ask("build", name)`; see `Timed` for what can be asked."""

    def __init__(self, library: str, device: str = "cpu") -> None:
        context = multiprocessing.get_context("spawn")  # a fork would share minidl's memory
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other, library, device), daemon=True)
        self.process.start()
        other.close()

    def ask(self, what: str, *arguments: Any) -> Any:
        """What the method `what` of `Timed` returns there; what it raises is raised here."""
        self.pipe.send((what, arguments))
        answer = self.pipe.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def __enter__(self) -> Side:
        return self

    def __exit__(self, *_: Any) -> None:
        self.pipe.close()  # which ends the process
        self.process.join()


def serve(pipe: Connection, library: str, device: str) -> None:
    """Answer until nobody asks any more."""
    timed = Timed(library, device)
    while True:
        try:
            what, arguments = pipe.recv()
        except EOFError:
            return
        try:
            answer = getattr(timed, what)(*arguments)
        except Exception as error:
            answer = error
        pipe.send(answer)


class Timed:
    """One library and the workload that it is timed on."""

    def __init__(self, library: str, device: str) -> None:
        self.library = Library(importlib.import_module(library), device=device)

    def build(self, name: str) -> float:
        """Build a workload; returns the loss of its first step."""
        self.step, _ = WORKLOADS[name].build(self.library, np.random.default_rng(0))
        return float(self.step())

    def repeats(self, slice_s: float, cpu_time: bool) -> int:
        """How many steps fill a slice of time."""
        return repeats_in(self.step, slice_s, clock(cpu_time), float)

    def seconds(self, repeats: int, cpu_time: bool) -> float:
        """Seconds a step, over so many."""
        return seconds(self.step, repeats, clock(cpu_time), float)


def clock(cpu_time: bool) -> Any:
    """Of the wall, or of this process: on a busy machine it stands still while others compute."""
    return time.process_time if cpu_time else time.perf_counter
