"""Is this gradient right, and if not, why?

`gradcheck` and `gradgradcheck` compare the gradients of Tensors with finite differences.
`diagnose` takes a forward and a backward on plain arrays, and names the mistake.
"""

from .diagnosis import Diagnosis, Misconception, diagnose
from .student import Finding
from .tensors import GradcheckError, gradcheck, gradgradcheck
from .trials import WrongForward

__all__ = [
    "Diagnosis",
    "Finding",
    "GradcheckError",
    "Misconception",
    "WrongForward",
    "diagnose",
    "gradcheck",
    "gradgradcheck",
]
