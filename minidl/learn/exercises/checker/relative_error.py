"""When are two gradients equal?

    error = max |a - n| / max |n|           a: claimed, n: measured

Entry by entry, |a - n| / |n| calls right gradients wrong: an entry that is 1e-12 by cancellation is
measured as 3e-12.  So compare with the largest entry of the array.  If n is zero everywhere, return
max |a|: then zero is right, and anything else is not.
"""

import numpy as np


def relative_error(a, n):
    """The error of the array a, a number."""
    raise NotImplementedError
