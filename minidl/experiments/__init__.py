"""The experiments: data + algorithm + metrics + pictures, run as `minidl run NAME`.

Every file of this folder is imported here, so that its experiments are on the list.  The frame that
they share is in `registry`, `run`, `checkpoint`, `training`, `progress` and `figures`.
"""

import importlib
import pkgutil

from .registry import EXPERIMENTS, Experiment, Option, Refusal, experiment, find, unknown
from .run import Run, run

__all__ = [
    "EXPERIMENTS",
    "Experiment",
    "Option",
    "Refusal",
    "Run",
    "experiment",
    "find",
    "run",
    "unknown",
]

for module in pkgutil.iter_modules(__path__, f"{__name__}."):
    importlib.import_module(module.name)
