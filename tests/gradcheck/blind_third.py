"""A third set of wrong backwards to judge the diagnosing checker on, as `blind` is the first.

Written as the backwards of a course's assignments are: with loops, caches and gradients that are
named after the letters of the notes, and with the slips that learners report.  Whoever wrote it had
read none of the checker's rules, and of the first two sets only enough to learn their format, some
twenty entries.  `test_blind_third` shows by central differences, without the checker, which are
right.  None of them may be changed to suit the checker.
"""

from .blind_third_arrays import ARRAYS
from .blind_third_comparisons import COMPARISONS
from .blind_third_images import IMAGES
from .blind_third_layers import LAYERS
from .blind_third_losses import LOSSES
from .blind_third_matrices import MATRICES
from .blind_third_reductions import REDUCTIONS
from .blind_third_sequences import SEQUENCES

FUNCTIONS = ARRAYS + REDUCTIONS + MATRICES
NETWORKS = LAYERS + IMAGES + SEQUENCES

BLIND_THIRD = FUNCTIONS + NETWORKS + LOSSES + COMPARISONS
