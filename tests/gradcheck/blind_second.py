"""A second set of wrong backwards to judge the diagnosing checker on, as `blind` is the first.

Written after the rules that the first set led to, by one who had read neither them nor that set, so
that it says how the checker does on mistakes it was not made for.  The format is that of `blind`.
None of them may be changed to suit the checker.
"""

from .blind_second_arrays import ARRAYS
from .blind_second_layers import LAYERS
from .blind_second_losses import LOSSES

BLIND_SECOND = ARRAYS + LOSSES + LAYERS
