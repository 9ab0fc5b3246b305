"""Products of arrays."""

from functools import partial

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np

import minidl

from .row import Row, case, generator, normal

x = partial(normal, generator("products"))

FACTORS = [
    ((2, 3), (3, 4)), ((3,), (3, 2)), ((2, 3), (3,)), ((3,), (3,)), ((4, 2, 3), (3, 2)),
    ((4, 2, 3), (4, 3, 1)), ((2, 3), (4, 3, 2)), ((2, 1, 2, 3), (3, 3, 1)), ((4, 2, 3), (3,)),
    ((3,), (4, 3, 2)), ((2, 0), (0, 3)), ((0, 2), (2, 3)), ((1, 2, 3), (4, 3, 2)),
]  # fmt: skip

# subscripts, shapes
SUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),
    ("ij,jk", (2, 3), (3, 4)),
    ("ba", (2, 3)),
    ("ij->", (2, 3)),
    ("ij->j", (2, 3)),
    ("ii->i", (3, 3)),
    ("ii", (3, 3)),
    ("iij->ji", (2, 2, 3)),
    ("i,i", (3,), (3,)),
    ("i,j->ij", (2,), (3,)),
    ("i,i->i", (3,), (3,)),
    ("ij,kj->ik", (2, 3), (4, 3)),
    ("bij,bjk->bik", (2, 2, 3), (2, 3, 1)),
    ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 1)),
    ("i...->...", (3, 2)),
    ("...,...", (2, 3), (3,)),
    ("ij,j,i->", (2, 3), (3,), (2,)),
    ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)),
    ("ij,kl->", (2, 3), (1, 2)),
    ("ij,jk->i", (2, 3), (3, 4)),
    ("bhqd,bhkd->bhqk", (1, 2, 3, 2), (1, 2, 4, 2)),
    ("ij,ik->jk", (0, 2), (0, 3)),
    ("", ()),
]


@st.composite
def factors(choose):
    """Two stacks of matrices whose leading axes broadcast, or vectors."""
    shapes = choose(
        hnp.mutually_broadcastable_shapes(signature=np.matmul.signature, max_dims=2, max_side=3)
    )
    a, b = shapes.input_shapes
    return case(normal(generator(a), a), normal(generator(b), b))


def product(function, shapes):
    """A product of two arrays that NumPy has too."""
    cases = [case(x(a), x(b)) for a, b in shapes]
    return Row(function, getattr(np, function.__name__), cases, analytic=True)


ROWS = [
    Row(
        minidl.matmul, np.matmul, [case(x(a), x(b)) for a, b in FACTORS], factors(), analytic=True
    ),
    Row(
        minidl.einsum,
        np.einsum,
        [case(subscripts, *map(x, shapes)) for subscripts, *shapes in SUMS],
        analytic=True,
    ),
    product(
        minidl.dot,
        [((3,), (3,)), ((2, 3), (3, 4)), ((2, 3), (3,)), ((2, 3), (4, 3, 2)), ((), (2,))],
    ),
    product(
        minidl.inner,
        [((3,), (3,)), ((2, 3), (4, 3)), ((3,), (2, 3)), ((2, 3), ()), ((0,), (2, 0))],
    ),
    product(minidl.outer, [((2,), (3,)), ((2, 2), (3,)), ((), (3,))]),
    product(minidl.kron, [((2, 3), (3, 1)), ((2,), (3,)), ((2, 1, 2), (2, 3)), ((2,), (2, 3))]),
    Row(
        minidl.tensordot,
        np.tensordot,
        [
            case(x((2, 3, 4)), x((3, 4, 2))), case(x((2, 3)), x((3, 2)), 1),
            case(x((2,)), x((3,)), 0), case(x((2, 3, 4)), x((4, 2)), ([0, 2], [1, 0])),
            case(x((2, 3)), x((4, 3)), axes=(1, 1)), case(x((2, 3)), x((4, 3)), axes=([-1], [-1])),
        ],
        analytic=True,
    ),
    Row(
        minidl.trace,
        np.trace,
        [case(x((3, 3))), case(x((2, 4)), 1), case(x((2, 3, 4)), -1, 1, 2), case(x((2, 3, 4)))],
        analytic=True,
        linear=True,
    ),
]  # fmt: skip
