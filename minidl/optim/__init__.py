"""Optimisers in order of increasing complexity, and schedules for their learning rates.

To read: `optimizer` (what all share), `sgd`, `adaptive` (Rprop, Adagrad, RMSprop, Adadelta),
`adam`, `adam_family` (Adamax, NAdam, RAdam), `second_order` (LBFGS), `sam`; then the schedules,
`lr_scheduler` and `plateau`.
"""

from . import lr_scheduler
from .adam import Adam, AdamW
from .adam_family import Adamax, NAdam, RAdam
from .adaptive import Adadelta, Adagrad, RMSprop, Rprop
from .optimizer import Optimizer
from .sam import SAM
from .second_order import LBFGS
from .sgd import SGD

__all__ = [
    "LBFGS",
    "SAM",
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "NAdam",
    "Optimizer",
    "RAdam",
    "RMSprop",
    "Rprop",
    "lr_scheduler",
]
