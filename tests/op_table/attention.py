"""Attention.  The reference takes one query at a time."""

from functools import partial

import numpy as np

from minidl.ops.attention import attention

from .row import Row, case, generator, normal

rng = generator("attention")
x = partial(normal, rng)


def one_by_one(query, key, value, bias=None, allowed=None, kept=None, scale=1.0):
    """softmax(scale q.k + bias) . v for each query, over the keys that it may see."""
    batch = np.broadcast_shapes(query.shape[:-2], key.shape[:-2], value.shape[:-2])
    shape = (*batch, query.shape[-2], key.shape[-2])
    query, key, value = (np.broadcast_to(a, batch + a.shape[-2:]) for a in (query, key, value))
    bias = np.broadcast_to(0.0 if bias is None else bias, shape)
    allowed = np.broadcast_to(True if allowed is None else allowed, shape)
    kept = np.broadcast_to(1.0 if kept is None else kept, shape)
    out = np.zeros((*shape[:-1], value.shape[-1]), query.dtype)
    for place in np.ndindex(shape[:-1]):
        keys, values, seen = key[place[:-1]], value[place[:-1]], allowed[place]
        if seen.any():
            e = np.exp(scale * keys[seen] @ query[place] + bias[place][seen])
            out[place] = (e / e.sum() * kept[place][seen]) @ values[seen]
    return out


allowed = np.array([[True, False, True, True], [False, True, False, True], [False] * 4])
# dropout's factors, a constant: float32, so that the table does not differentiate it
kept = np.array([[2, 0, 2, 2], [0, 2, 2, 2], [2, 2, 2, 0]], np.float32)

ROWS = [
    Row(
        attention,
        one_by_one,
        [
            case(x((3, 2)), x((4, 2)), x((4, 5))),
            case(x((2, 3, 2)), x((2, 4, 2)), x((2, 4, 1)), scale=0.5),
            case(x((2, 1, 3, 2)), x((1, 4, 2)), x((2, 5, 4, 3)), scale=0.7),
            case(x((2, 3, 2)), x((2, 4, 2)), x((2, 4, 1)), x((3, 4))),
            case(x((2, 3, 2)), x((2, 4, 2)), x((2, 4, 1)), x((2, 1, 4)), allowed),
            case(x((3, 2)), x((4, 2)), x((4, 5)), None, allowed, kept, 0.5),
        ],
        rounding=1e-12,
    ),
]
