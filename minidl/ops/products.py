"""Products of arrays: matmul, and einsum, of which all the others are special cases."""

from __future__ import annotations

import math

import numpy as np

from .. import backend
from ..complaints import explanations
from ..graph import op
from .shape import diagonal, expand_dims, reshape, squeeze, swapaxes, transpose


@op
def matmul(a, b):
    """The matrix product a @ b; axes before the last two broadcast.

    a: (..., n, k) or (k,); b: (..., k, m) or (k,).  Returns (..., n, m); a vector's axis goes away.
    """
    return np.matmul(a, b)


# dL/dA = G B^T and dL/dB = A^T G.  A vector is first made the matrix that it stands for.
def _matmul_a(g, b, a_shape):
    if b.ndim == 1:
        return expand_dims(g, -1) * b
    if len(a_shape) == 1:
        return squeeze(b @ expand_dims(g, -1), -1)
    return g @ swapaxes(b, -1, -2)


def _matmul_b(g, a, b_shape):
    if a.ndim == 1:
        return a * g if len(b_shape) == 1 else expand_dims(a, -1) * expand_dims(g, -2)
    if len(b_shape) == 1:
        return squeeze(swapaxes(a, -1, -2) @ expand_dims(g, -1), -1)
    if len(b_shape) == 2 and a.ndim > 2:  # one product over all leading axes, not a sum of many
        return reshape(a, (-1, a.shape[-1])).T @ reshape(g, (-1, g.shape[-1]))
    return swapaxes(a, -1, -2) @ g


matmul.vjp(a=_matmul_a, b=_matmul_b)


def _why_not(a, b):
    if not (backend.is_array(a) and backend.is_array(b)):
        return "both factors must be arrays; for a number use *"
    if a.ndim == 0 or b.ndim == 0:
        return "a number is not a matrix: use *"
    inner = b.shape[0] if b.ndim == 1 else b.shape[-2]
    if a.shape[-1] != inner:
        return (
            f"{a.shape} @ {b.shape}: the inner lengths {a.shape[-1]} and {inner} differ; the last "
            f"axis of a must be as long as {'b' if b.ndim == 1 else 'the last but one of b'}"
        )
    return f"{a.shape} @ {b.shape}: the leading axes do not broadcast"


explanations["matmul"] = _why_not


@op(list_of="operands")
def einsum_of(operands, subscripts):
    """einsum with the operands in a list."""
    return np.einsum(subscripts, *operands, optimize=len(operands) > 1)


def einsum(subscripts, *operands):
    """Einstein's summation: einsum('ij,jk->ik', a, b) is a @ b, einsum('ii->i', a) the diagonal.

    A letter names an axis, and letters that the result lacks are summed over.  As np.einsum, which
    contracts pairs of operands as matrix products.
    """
    letters, result = spelled_out(subscripts, [np.ndim(o) for o in operands])
    lengths: dict[str, tuple[int, int]] = {}  # of a letter: how long, and in which operand
    for i, (part, operand) in enumerate(zip(letters, operands)):
        for letter, n in zip(part, np.shape(operand)):
            first, k = lengths.setdefault(letter, (n, i))
            if n not in (first, 1) and first != 1:
                raise ValueError(
                    f"einsum: {subscripts!r}: axis {letter!r} is {first} long in operand {k} and "
                    f"{n} in operand {i}"
                )
    return einsum_of(list(operands), ",".join(letters) + "->" + result)


def spelled_out(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, with '...' and an absent '->' written out."""
    inputs, arrow, result = subscripts.replace(" ", "").partition("->")
    parts = inputs.split(",")
    if len(parts) != len(ndims):
        raise ValueError(f"einsum: {subscripts!r} names {len(parts)} operands, not {len(ndims)}")
    unused = [
        c for c in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" if c not in subscripts
    ]
    dots = 0
    for i, (part, ndim) in enumerate(zip(parts, ndims)):
        hidden = ndim - len(part.replace("...", ""))
        if hidden < 0 or ("..." not in part and hidden):
            raise ValueError(f"einsum: {part!r} names {len(part)} axes, operand {i} has {ndim}")
        dots = max(dots, hidden)
        parts[i] = part.replace("...", "".join(unused[hidden - 1 :: -1]) if hidden else "")
    ellipsis = "".join(unused[dots - 1 :: -1]) if dots else ""
    if arrow:
        return parts, result.replace("...", ellipsis)
    every = "".join(parts)
    once = sorted(c for c in set(every) if every.count(c) == 1 and c not in ellipsis)
    return parts, ellipsis + "".join(once)


def _einsum_rule(g, operands, operands_shape, subscripts):
    inputs, result = subscripts.split("->")
    letters = inputs.split(",")
    return [
        _einsum_operand(g, i, operands, operands_shape[i], letters, result)
        for i in range(len(letters))
    ]


def _einsum_operand(g, i, operands, shape, letters, result):
    """The gradient of one operand, which is again an einsum: g with all the other operands.

    A letter that only this operand has was summed over: ones repeat the gradient along it.
    A letter that it has twice took a diagonal: an identity matrix puts the gradient back there.
    """
    library = backend.xp(_array(g))
    others = [o for j, o in enumerate(operands) if j != i]
    names = [result, *(s for j, s in enumerate(letters) if j != i)]
    factors = [g, *others]
    spare = [
        c
        for c in "zyxwvutsrqponmlkjihgfedcbaZYXWVUTSRQPONMLKJIHGFEDCBA"
        if c not in "".join(letters)
    ]
    own = ""
    for letter, n in zip(letters[i], shape):
        if letter in own:
            new = spare.pop()
            names.append(letter + new)
            factors.append(library.eye(n, dtype=g.dtype))
            own += new
            continue
        own += letter
        if not any(letter in name for name in names):
            names.append(letter)
            factors.append(library.ones(n, dtype=g.dtype))
    return einsum(",".join(names) + "->" + own, *factors)


def _array(x):
    return getattr(x, "_data", x)


einsum_of.vjp(operands=_einsum_rule)


# --------------------------------------------------------------------- other names for products


def tensordot(a, b, axes=2):
    """The sum of products over axes of a and as many of b: a number (the last of a with the first
    of b), or a pair of lists of axes."""
    if isinstance(axes, int):
        axes = list(range(a.ndim - axes, a.ndim)), list(range(axes))
    of_a, of_b = ([i] if isinstance(i, int) else list(i) for i in axes)
    of_a, of_b = [i % a.ndim for i in of_a], [i % b.ndim for i in of_b]
    free_a = [i for i in range(a.ndim) if i not in of_a]
    free_b = [i for i in range(b.ndim) if i not in of_b]
    n = math.prod(a.shape[i] for i in of_a)
    if [a.shape[i] for i in of_a] != [b.shape[i] for i in of_b]:
        raise ValueError(
            f"tensordot: a {a.shape} along {of_a} and b {b.shape} along {of_b} differ in length"
        )
    kept_a, kept_b = [a.shape[i] for i in free_a], [b.shape[i] for i in free_b]
    left = reshape(transpose(a, (*free_a, *of_a)), (math.prod(kept_a), n))
    right = reshape(transpose(b, (*of_b, *free_b)), (n, math.prod(kept_b)))
    return reshape(matmul(left, right), (*kept_a, *kept_b))


def dot(a, b):
    """NumPy's dot: of vectors the inner product, of matrices the product, with a number a multiple;
    beyond that, the sum over the last axis of a and the last but one of b."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    if a.ndim <= 2 and b.ndim <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([a.ndim - 1], [max(b.ndim - 2, 0)]))


def inner(a, b):
    """The sum of products over the last axis of both."""
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return tensordot(a, b, ([a.ndim - 1], [b.ndim - 1]))


def outer(a, b):
    """The matrix of all products a_i b_j; both are flattened."""
    return reshape(a, (-1, 1)) * reshape(b, (1, -1))


def kron(a, b):
    """The Kronecker product: b once for each element of a, multiplied by it."""
    ndim = max(a.ndim, b.ndim)
    m = (1,) * (ndim - a.ndim) + tuple(a.shape)
    n = (1,) * (ndim - b.ndim) + tuple(b.shape)
    spaced = reshape(a, tuple(length for k in m for length in (k, 1)))
    fitting = reshape(b, tuple(length for k in n for length in (1, k)))
    return reshape(spaced * fitting, tuple(j * k for j, k in zip(m, n)))


def trace(x, offset=0, axis1=0, axis2=1):
    """The sum of a diagonal."""
    return diagonal(x, offset, axis1, axis2).sum(axis=-1)
