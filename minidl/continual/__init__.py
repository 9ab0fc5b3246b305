"""Continual learning: one task after the other, without forgetting the first.

To read, in this order:

    learner      the network: a body for all tasks, a head each
    metrics      what was remembered, what was transferred
    transfer     to first order: do the gradients of two tasks agree?
    rehearsal    mix in old examples, or samples of a model of them
    fisher       which parameters matter
    ewc          elastic weight consolidation: hold these
    lwf          learning without forgetting: hold the outputs
    projection   move only in directions that the old tasks do not use
    sparsity     k winners take all; drop the units that old tasks use
    subnetworks  units of its own for each task
    strategies   all of them side by side, task after task
"""

from . import (
    ewc,
    fisher,
    learner,
    lwf,
    metrics,
    projection,
    rehearsal,
    sparsity,
    strategies,
    subnetworks,
    transfer,
)

__all__ = [
    "ewc",
    "fisher",
    "learner",
    "lwf",
    "metrics",
    "projection",
    "rehearsal",
    "sparsity",
    "strategies",
    "subnetworks",
    "transfer",
]
