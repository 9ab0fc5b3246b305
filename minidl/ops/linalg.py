"""Linear algebra: solving, inverting, decomposing.  This is `minidl.linalg`, with NumPy's names.

Matrices are the last two axes; axes before them are a batch.  The rules are those of Giles (2008),
"Collected matrix derivative results for forward and reverse mode algorithmic differentiation", and
for SVD and QR of Townsend (2016) and Walter & Lehmann (arXiv:1001.1654).  They are written in
operations, so they can be differentiated again.
"""

from __future__ import annotations

import numpy as np

from .. import backend
from ..graph import op
from .choices import sign, where
from .elementwise import absolute
from .indexing import getitem
from .products import matmul
from .reduce import max, min, norm2, sum
from .shape import concatenate, diagonal, expand_dims, fill_diagonal, squeeze, swapaxes, tril

__all__ = [
    *("cholesky", "det", "eigh", "inv", "lstsq", "matrix_power", "norm", "pinv", "qr"),
    *("slogdet", "solve", "svd"),
]


def _t(x):
    """The transposed matrices."""
    return swapaxes(x, -1, -2)


def _diagonal_matrix(v):
    """Matrices with the vectors v on their diagonals."""
    n = v.shape[-1]
    return fill_diagonal(v, (*v.shape, n), 0, v.ndim - 1, v.ndim)


def _symmetric(x):
    """(X + X^T) / 2."""
    return 0.5 * (x + _t(x))


# ------------------------------------------------------------------------------------- solving


@op
def inv(a):
    """The inverse.  Raises LinAlgError if a matrix is singular."""
    with backend.linalg_raises(a):
        return np.linalg.inv(a)


# dY = -Y dA Y
inv.vjp(a=lambda g, y: -_t(y) @ g @ _t(y))


@op
def solve(a, b):
    """x with a x = b.  b: (..., n, m), or one vector (n,).  Raises LinAlgError if a is singular."""
    with backend.linalg_raises(a):
        return np.linalg.solve(a, b)


def _solve_a(g, a, b, y):
    # With z = A^-T g, the gradient of b, that of A is -z x^T.
    z = solve(_t(a), g)
    if b.ndim == 1:
        return -expand_dims(z, -1) * expand_dims(y, -2)
    return -z @ _t(y)


solve.vjp(a=_solve_a, b=lambda g, a: solve(_t(a), g))


@op
def det(a):
    """The determinant.  Its derivative is formed with the inverse: it needs a regular matrix."""
    return np.linalg.det(a)


# d det A = det A tr(A^-1 dA)
det.vjp(a=lambda g, a, y: expand_dims(expand_dims(g * y, -1), -1) * _t(inv(a)))


@op(constant_outputs=(0,))
def slogdet(a):
    """The sign, and the logarithm of the absolute value, of the determinant."""
    return tuple(np.linalg.slogdet(a))


slogdet.vjp(a=lambda g, a: expand_dims(expand_dims(g[1], -1), -1) * _t(inv(a)))


@op
def pinv(a):
    """The Moore-Penrose inverse.  Its derivative holds where the rank does not change."""
    return np.linalg.pinv(a)


def _pinv_a(g, a, y):
    # dP = -P dA P + P P^T dA^T (I - A P) + (I - P A) dA^T P^T P   (Golub & Pereyra 1973, eq. 4.12)
    gt, pt = _t(g), _t(y)
    right = gt @ y @ pt
    left = pt @ y @ gt
    return -pt @ g @ pt + (right - a @ (y @ right)) + (left - (left @ y) @ a)


pinv.vjp(a=_pinv_a)


def lstsq(a, b):
    """The x of least |a x - b| for a of full column rank, |a x - b|^2, the rank, and the singular
    values (the last two without derivative).  a: (m, n), b: (m,) or (m, k)."""
    x = matmul(pinv(a), b)
    residuals = sum((matmul(a, x) - b) ** 2, 0, b.ndim == 1)
    _, s, _ = svd(a.detach() if hasattr(a, "detach") else a)
    return x, residuals, np.linalg.matrix_rank(_array(a)), s


def matrix_power(a, n):
    """a multiplied n times by itself; for n < 0 its inverse is."""
    if n < 0:
        return matrix_power(inv(a), -n)
    if n == 0:
        return a * 0.0 + backend.xp(_array(a)).eye(a.shape[-1], dtype=a.dtype)
    half = matrix_power(a, n // 2) if n > 1 else None
    square = matmul(half, half) if n > 1 else a
    return matmul(square, a) if n > 1 and n % 2 else square


# ----------------------------------------------------------------------------------- decomposing


@op
def cholesky(a):
    """The lower triangular L with L L^T = a, for symmetric positive definite a.

    Only the lower triangle is read; the gradient is that of a symmetric matrix.
    Raises LinAlgError if a is not positive definite.
    """
    with backend.linalg_raises(a):
        return np.linalg.cholesky(a)


def _cholesky_a(g, y):
    # dL = L Phi(L^-1 dA L^-T), where Phi takes the lower triangle and halves the diagonal
    middle = _lower_half(_t(y) @ g)
    inverse = inv(y)
    return _symmetric(_t(inverse) @ middle @ inverse)


def _lower_half(x):
    """The lower triangle, its diagonal halved."""
    return tril(x) - 0.5 * _diagonal_matrix(diagonal(x, 0, x.ndim - 2, x.ndim - 1))


cholesky.vjp(a=_cholesky_a)


@op
def qr_tall(a):
    """The reduced QR of matrices with at least as many rows as columns."""
    return tuple(np.linalg.qr(a))


def _qr_a(g, y):
    # A' = (Q' + Q sym_low(R R'^T - Q'^T Q)) R^-T, where sym_low mirrors the strict lower triangle
    (gq, gr), (q, r) = g, y
    m = 0.0
    if gr is not None:
        m = m + r @ _t(gr)
    if gq is not None:
        m = m - _t(gq) @ q
    low = tril(m, -1)
    mirrored = low + _t(low) + _diagonal_matrix(diagonal(m, 0, m.ndim - 2, m.ndim - 1))
    total = q @ mirrored if gq is None else gq + q @ mirrored
    return _t(solve(r, _t(total)))


qr_tall.vjp(a=_qr_a)


def qr(a):
    """q with orthonormal columns and upper triangular r, with q r = a.

    q: (..., m, k), r: (..., k, n), k = min(m, n).  The derivative needs the first k columns of a to
    be independent.
    """
    m, n = a.shape[-2:]
    if m >= n:
        return qr_tall(a)
    # A = [X Y]: the QR of X gives Q, and the rest of R is Q^T Y.
    q, r = qr_tall(getitem(a, (..., slice(0, m))))
    return q, concatenate([r, _t(q) @ getitem(a, (..., slice(m, n)))], -1)


def _gaps(values):
    """F_ij = 1 / (v_j - v_i), 0 on the diagonal."""
    difference = expand_dims(values, -2) - expand_dims(values, -1)
    diagonal_here = backend.xp(_array(values)).eye(values.shape[-1], dtype=bool)
    return where(diagonal_here, 0.0, 1.0 / where(diagonal_here, 1.0, difference))


@op
def eigh(a):
    """The eigenvalues, smallest first, and the eigenvectors (columns) of symmetric matrices.

    Only the lower triangle is read; the gradient is that of a symmetric matrix.  The derivative of
    the vectors divides by differences of eigenvalues: equal ones give inf or NaN.
    """
    with backend.linalg_raises(a):
        return tuple(np.linalg.eigh(a))


def _eigh_a(g, y):
    # A' = V (diag(w') + F * (V^T V')) V^T
    (gw, gv), (w, v) = g, y
    middle = 0.0
    if gw is not None:
        middle = middle + _diagonal_matrix(gw)
    if gv is not None:
        middle = middle + _gaps(w) * (_t(v) @ gv)
    return _symmetric(v @ middle @ _t(v))


eigh.vjp(a=_eigh_a)


@op
def svd_reduced(a):
    """The reduced singular value decomposition."""
    with backend.linalg_raises(a):
        return tuple(np.linalg.svd(a, full_matrices=False))


def _svd_a(g, y):
    # With F_ij = 1 / (s_j^2 - s_i^2) and skew(X) = X - X^T,
    # A' = U [(F * skew(U^T U')) S + S (F * skew(V^T V')) + diag(s')] V^T
    #      + (I - U U^T) U' S^-1 V^T + U S^-1 V'^T (I - V V^T)
    (gu, gs, gvt), (u, s, vt) = g, y
    row, column = expand_dims(s, -2), expand_dims(s, -1)
    gaps = _gaps(s * s)
    middle = _diagonal_matrix(gs if gs is not None else s * 0.0)
    if gu is not None:
        x = _t(u) @ gu
        middle = middle + gaps * (x - _t(x)) * row
    if gvt is not None:
        x = vt @ _t(gvt)
        middle = middle + column * (gaps * (x - _t(x)))
    result = u @ middle @ vt
    if gu is not None:
        result = result + ((gu - u @ (_t(u) @ gu)) / row) @ vt
    if gvt is not None:
        result = result + (u / row) @ (gvt - (gvt @ _t(vt)) @ vt)
    return result


svd_reduced.vjp(a=_svd_a)


def svd(a, full_matrices=False):
    """u, s, vh with u diag(s) vh = a; singular values largest first.

    Reduced only (NumPy's default is full): the extra columns of the full form are not unique, so
    they have no derivative.  Equal or zero singular values give inf or NaN.
    """
    if full_matrices:
        raise ValueError("svd: full_matrices=True has no derivative; use full_matrices=False")
    return svd_reduced(a)


# --------------------------------------------------------------------------------------- norms


def norm(x, ord=None, axis=None, keepdims=False):
    """A norm of vectors (`axis` a number) or of matrices (`axis` a pair), as np.linalg.norm.

    Vectors: ord None or 2 (Euclidean), 1, inf, -inf, 0 (how many are not 0), or any p.
    Matrices: None or 'fro', 'nuc', 2, -2, 1, -1, inf, -inf.  Without axis and ord, all elements.
    At 0 the derivative is 0.
    """
    if axis is None and ord is not None and x.ndim not in (1, 2):
        raise ValueError(f"norm: ord={ord!r} needs an axis for a tensor with {x.ndim} axes")
    matrix = isinstance(axis, tuple) and len(axis) == 2 or (axis is None and x.ndim == 2)
    if ord is None or (ord == "fro" and matrix) or (ord == 2 and not matrix):
        return norm2(x, axis, keepdims)
    if matrix:
        return _matrix_norm(x, ord, axis or (0, 1), keepdims)
    size = absolute(x)
    if ord == np.inf:
        return max(size, axis, keepdims)
    if ord == -np.inf:
        return min(size, axis, keepdims)
    if ord == 0:
        return sum(absolute(sign(x)), axis, keepdims)
    if ord == 1:
        return sum(size, axis, keepdims)
    total = sum(size**ord, axis, keepdims)
    zero = total == 0  # where the root has no finite derivative
    return where(zero, 0.0, where(zero, 1.0, total) ** (1.0 / ord))


def _matrix_norm(x, ord, axes, keepdims):
    row, column = (a % x.ndim for a in axes)
    if ord in (1, -1, np.inf, -np.inf):
        along, other = (row, column) if abs(ord) == 1 else (column, row)
        extreme = max if ord > 0 else min
        result = extreme(sum(absolute(x), along, True), other, True)
    elif ord in (2, -2, "nuc"):
        _, s, _ = svd(np.moveaxis(x, (row, column), (-2, -1)))
        reduce = {2: max, -2: min, "nuc": sum}[ord]
        result = reduce(s, -1)
        for axis in sorted((row, column)):
            result = expand_dims(result, axis)
    else:
        raise ValueError(f"norm: a matrix has no norm ord={ord!r}: use 'fro', 'nuc', 2, 1, inf")
    return result if keepdims else squeeze(result, (row, column))


def _array(x):
    return getattr(x, "_data", x)
