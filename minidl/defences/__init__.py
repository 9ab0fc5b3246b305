"""Defences against adversarial examples: what they promise, and what can be proved.

To read, in this order:

    danskin               the gradient of a worst loss is the gradient at the worst point
    adversarial_training  learn from attacked inputs: FGSM mixed in, PGD
    obfuscation           hidden gradients, and how they are seen through
    intervals             a box that holds every output: interval bound propagation
    linear_bounds         outputs between linear functions of the input: CROWN
    smoothing             the class that is said most often under noise
    features              robust and non-robust features; why robustness can cost accuracy
"""

from . import (
    adversarial_training,
    danskin,
    features,
    intervals,
    linear_bounds,
    obfuscation,
    smoothing,
)

__all__ = [
    "adversarial_training",
    "danskin",
    "features",
    "intervals",
    "linear_bounds",
    "obfuscation",
    "smoothing",
]
