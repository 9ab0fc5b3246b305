"""Attacks on classifiers, from one gradient step to answers alone.

To read, in this order:

    threat           how far an input may be moved, and the projection back into that set
    objectives       what the attacker makes large: cross-entropy, margin; targeted or not
    access           how a model is asked, and left as it was; the best point met
    gradient_steps   FGSM, its iteration, least likely, projected gradient descent
"""

from . import access, gradient_steps, objectives, threat
from .access import Access, Result
from .gradient_steps import bim, fgsm, least_likely, pgd
from .objectives import Goal, cross_entropy, margin
from .threat import Threat

__all__ = [
    "Access",
    "Goal",
    "Result",
    "Threat",
    "access",
    "bim",
    "cross_entropy",
    "fgsm",
    "gradient_steps",
    "least_likely",
    "margin",
    "objectives",
    "pgd",
    "threat",
]
