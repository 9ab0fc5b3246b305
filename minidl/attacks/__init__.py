"""Attacks on classifiers, from one gradient step to answers alone, and on their training data.

To read, in this order:

    threat           how far an input may be moved, and the projection back into that set
    objectives       what the attacker makes large: cross-entropy, margin; targeted or not
    access           how a model is asked, and left as it was; the best point met
    gradient_steps   FGSM, its iteration, least likely, projected gradient descent
    carlini_wagner   the nearest input that is wrong
    universal        one perturbation for all inputs; DeepFool
    one_pixel        one pixel, by differential evolution
    warp             turn, scale, shift
    spatial          the worst of a grid of angles and shifts
    patch            a patch that works wherever it is stuck
    black_box        another model's gradients, or differences of answers
    poisoning        attacks on the training data
    report           how often, how far, at what price
"""

from . import (
    access,
    black_box,
    carlini_wagner,
    gradient_steps,
    objectives,
    one_pixel,
    patch,
    poisoning,
    report,
    spatial,
    threat,
    universal,
    warp,
)
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
    "black_box",
    "carlini_wagner",
    "cross_entropy",
    "fgsm",
    "gradient_steps",
    "least_likely",
    "margin",
    "objectives",
    "one_pixel",
    "patch",
    "pgd",
    "poisoning",
    "report",
    "spatial",
    "threat",
    "universal",
    "warp",
]
