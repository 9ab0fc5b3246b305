"""Linear algebra.  Matrices are regular, spectra separated, symmetric input made symmetric."""

from functools import partial

import numpy as np

from minidl import linalg
from minidl.ops.shape import swapaxes

from .row import Row, case, generator, normal

rng = generator("linalg")
x = partial(normal, rng)
analytic = partial(Row, analytic=True, rounding=1e-12)
plain = partial(Row, rounding=1e-12)


def spectrum(m: int, n: int, batch: tuple[int, ...] = ()) -> np.ndarray:
    """Matrices (m, n) with the singular values 1, 1.7, 2.4, ..."""
    u, _, vh = np.linalg.svd(x((*batch, m, n)), full_matrices=False)
    return u * (1 + 0.7 * np.arange(min(m, n))) @ vh


def half_symmetric(n: int, batch: tuple[int, ...] = ()) -> np.ndarray:
    """X with eigenvalues 1, 1.7, 2.4, ... of X + X^T, and X itself not symmetric."""
    q, _ = np.linalg.qr(x((*batch, n, n)))
    skew = x((*batch, n, n))
    return 0.5 * (q * (1 + 0.7 * np.arange(n))) @ np.swapaxes(q, -1, -2) + (
        skew - np.swapaxes(skew, -1, -2)
    )


def twice(x):
    """X + X^T, twice the symmetric part."""
    return x + swapaxes(x, -1, -2)


def cholesky(x):
    """Of X + X^T."""
    return linalg.cholesky(twice(x))


def eigh(x):
    """Of X + X^T."""
    return linalg.eigh(twice(x))


def lstsq(a, b):
    """The solution and the squared distance."""
    return linalg.lstsq(a, b)[:2]


symmetric = [half_symmetric(3), half_symmetric(2, (2,)), half_symmetric(1)]
square = [spectrum(3, 3), spectrum(2, 2, (3,)), spectrum(1, 1)]
oblong = [*square, spectrum(4, 2), spectrum(2, 3, (2,)), spectrum(3, 1)]

NORMS = [
    *((shape, None, axis) for shape, axis in [((3,), None), ((2, 3), None), ((2, 3, 2), None)]),
    *(((4,), ord, None) for ord in (2, 1, np.inf, -np.inf, 3, 0)),
    *(((2, 3), ord, 1) for ord in (None, 2, 1, np.inf, -np.inf, 2.5)),
    *(((3, 2), ord, None) for ord in ("fro", "nuc", 2, -2, 1, -1, np.inf, -np.inf)),
    *(((2, 3, 2), ord, (0, -1)) for ord in (None, "fro", "nuc", 2, 1, np.inf)),
    *(((2, 3, 2), ord, (2, 1)) for ord in (-2, -1)),
]

ROWS = [
    analytic(linalg.inv, np.linalg.inv, [case(a) for a in square]),
    analytic(
        linalg.solve,
        np.linalg.solve,
        [
            case(square[0], x((3, 2))), case(square[0], x((3,))), case(square[1], x((3, 2, 1))),
            case(square[1], x((2, 3))), case(square[0], x((2, 3, 1))),
        ],
    ),
    analytic(linalg.det, np.linalg.det, [case(a) for a in square]),
    plain(linalg.slogdet, lambda a: tuple(np.linalg.slogdet(a)), [case(a) for a in square]),
    plain(linalg.pinv, np.linalg.pinv, [case(a) for a in oblong]),
    plain(
        lstsq,
        lambda a, b: np.linalg.lstsq(a, b)[:2],
        [case(spectrum(4, 2), x((4, 3))), case(spectrum(4, 2), x((4,)))],
    ),
    analytic(
        linalg.matrix_power,
        np.linalg.matrix_power,
        [case(square[0], n) for n in (0, 1, 2, 3, 5, -1, -2)] + [case(square[1], 6)],
    ),
    plain(cholesky, lambda x: np.linalg.cholesky(twice(x)), [*map(case, symmetric)]),
    plain(eigh, lambda x: tuple(np.linalg.eigh(twice(x))), [*map(case, symmetric)]),
    plain(linalg.qr, lambda a: tuple(np.linalg.qr(a)), [*map(case, oblong)]),
    plain(
        linalg.svd,
        lambda a: tuple(np.linalg.svd(a, full_matrices=False)),
        [*map(case, oblong)],
    ),
    plain(
        linalg.norm,
        np.linalg.norm,
        [case(x(shape), ord, axis) for shape, ord, axis in NORMS]
        + [case(x((2, 3)), "nuc", (0, 1), keepdims=True), case(x((2, 3)), 1, 0, keepdims=True)],
    ),
]  # fmt: skip
