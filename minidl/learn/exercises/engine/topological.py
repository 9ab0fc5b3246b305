"""In which order?

A Value may pass its gradient on only when it is complete: after ALL results that it went into have
given theirs.  In y = 3x, z = 2y * y, the number y gets gradient from the product and from 2y.
Push y before the second has arrived, and x gets too little.

An order in which every Value comes after everything it was computed from is called topological;
backward goes through it from its end.  Depth first finds it: visit the parents of a Value first
(each Value once), then put the Value itself on the list.
"""


def topological(value):
    """All Values that `value` depends on, and itself, each once, parents before children.

    A Value has `.parents`, a tuple of Values.
    """
    raise NotImplementedError
