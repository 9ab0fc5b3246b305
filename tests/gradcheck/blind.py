"""Wrong backwards to judge the diagnosing checker on, by one who had not seen its rules.

They are mistakes of the kind students make: a sign, a factor, an axis, a forgotten sum or term, the
wrong variable, memory of the last call.  Each function comes as

    (name, forward, samples, right backward, [(what is wrong, wrong backward), ...])

with `forward(*inputs)` and `backward(g, y, *inputs)` on arrays.  None of them may be changed to
suit the checker; `measure` says how it does on them.
"""

from .blind_arrays import ARRAYS
from .blind_layers import LAYERS
from .blind_losses import LOSSES

BLIND = ARRAYS + LAYERS + LOSSES
