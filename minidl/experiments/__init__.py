"""The experiments: data + algorithm + metrics + pictures, run as `minidl run NAME`."""

from . import classifier
from .registry import EXPERIMENTS, Experiment, Option, Refusal, experiment, find, unknown
from .run import Run, run

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Option",
    "Refusal",
    "Run",
    "classifier",
    "experiment",
    "find",
    "run",
    "unknown",
]
