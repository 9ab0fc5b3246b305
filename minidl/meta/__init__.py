"""Meta-learning: learn, from many tasks, how to learn the next one from a few examples.

`adaptation` is the inner loop that all share, and `networks` how a network takes part in it.
`maml`, `reptile`, `anil`, `meta_sgd` and `evolution` are what can be learned about it, and how.
`sinusoids` and `characters` are tasks.
"""

from .adaptation import Tasks, adapt, adapt_with, copies, step, trajectory
from .anil import anil_loss, cka, head
from .characters import episodes
from .evolution import evolution_gradient
from .maml import joint_loss, meta_gradient, meta_loss, pull_back, train_step
from .meta_sgd import hypergradient, learned_rates
from .networks import cross_entropy, forward, one_by_one, squared_error, stacked
from .reptile import reptile_gradient
from .sinusoids import Sinusoids

__all__ = [
    "Sinusoids",
    "Tasks",
    "adapt",
    "adapt_with",
    "anil_loss",
    "cka",
    "copies",
    "cross_entropy",
    "episodes",
    "evolution_gradient",
    "forward",
    "head",
    "hypergradient",
    "joint_loss",
    "learned_rates",
    "meta_gradient",
    "meta_loss",
    "one_by_one",
    "pull_back",
    "reptile_gradient",
    "squared_error",
    "stacked",
    "step",
    "train_step",
    "trajectory",
]
