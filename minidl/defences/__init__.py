"""Defences against adversarial examples, and what can be proved about them.

To read, in this order:

    intervals        a box that holds every output: interval bound propagation
    linear_bounds    outputs between linear functions of the input: CROWN, the convex polytope
"""

from . import intervals, linear_bounds

__all__ = ["intervals", "linear_bounds"]
