"""One table of every operation: sample calls, a reference, and what it is.

A row's `cases` are calls whose float64 arrays are the inputs to differentiate; everything else in
a call is a constant.  The values keep clear of kinks and singularities, the lengths of the axes of
one call differ, and there is what breaks things: broadcasting, no axes, no elements, negative axes.
`tests/test_op_table.py` puts each row through every check that applies to it, and fails where an
operation has no row.  To add an operation, add a row to the file of its family.
"""

import dataclasses

from . import (
    activations,
    attention,
    choices,
    convolution,
    ctc,
    drawn,
    elementwise,
    indexing,
    linalg,
    losses,
    normalisation,
    products,
    recurrent,
    reduce,
    shape,
    sliding,
    sorting,
    special,
    trigonometry,
)

families = [
    *(elementwise, choices, trigonometry, special, reduce, shape, indexing, sorting),
    *(
        products,
        linalg,
        convolution,
        sliding,
        normalisation,
        activations,
        attention,
        recurrent,
        losses,
        ctc,
    ),
]
ROWS = [row for family in families for row in family.ROWS]
for number, row in enumerate(ROWS):
    if row.drawn is None and row.name in drawn.DRAWN:
        ROWS[number] = dataclasses.replace(row, drawn=drawn.DRAWN.pop(row.name))
assert not drawn.DRAWN, f"drawn calls of what has no row: {[*drawn.DRAWN]}"
