"""Rows of tables that are looked up by number."""

import numpy as np

from .table import Row

BAGS = np.array([0, 3, 3, 4])  # bags of 3, 0, 1 and the rest
ENDS = np.array([0, 2, 2, 7])  # with the last offset, the end


def numbers(*shape, high=5):
    """Numbers with repetitions."""
    return lambda d: (d.integers(high, *shape),)


def bag(offsets=None):
    """Numbers, a table, and offsets."""
    shape = (3, 4) if offsets is None else (7,)
    return lambda d: (d.integers(5, *shape), d.real(5, 2), *([] if offsets is None else [offsets]))


FUNCTIONS = [
    Row("embedding", lambda nn: nn.functional.embedding, lambda d: (d.integers(4, 2, 5), d.real(4, 3))),
    Row("embedding padding", lambda nn: lambda i, w: nn.functional.embedding(i, w, padding_idx=-2), lambda d: (d.integers(4, 9), d.real(4, 3)), detached=True),
    Row("embedding frequency", lambda nn: lambda i, w: nn.functional.embedding(i, w, scale_grad_by_freq=True), lambda d: (d.integers(4, 9), d.real(4, 3)), detached=True),
    Row("embedding_bag", lambda nn: nn.functional.embedding_bag, bag()),
    Row("embedding_bag offsets", lambda nn: nn.functional.embedding_bag, bag(BAGS)),
    Row("embedding_bag sum", lambda nn: lambda i, w, o: nn.functional.embedding_bag(i, w, o, mode="sum", include_last_offset=True, padding_idx=2), bag(ENDS)),
    Row("embedding_bag max", lambda nn: lambda i, w, o: nn.functional.embedding_bag(i, w, o, mode="max"), bag(BAGS)),
    Row("embedding_bag max-padding", lambda nn: lambda i, w: nn.functional.embedding_bag(i, w, mode="max", padding_idx=1), bag()),
    Row("embedding_bag weighted", lambda nn: lambda i, w, o, p: nn.functional.embedding_bag(i, w, o, mode="sum", per_sample_weights=p, padding_idx=3), lambda d: (*bag(BAGS)(d), d.real(7))),
    Row("one_hot", lambda nn: nn.functional.one_hot, numbers(2, 3), detached=True),
    Row("one_hot classes", lambda nn: lambda i: nn.functional.one_hot(i, 7), numbers(4), detached=True),
]  # fmt: skip

MODULES = [
    Row("Embedding", lambda nn: nn.Embedding(5, 3), numbers(2, 4)),
    Row("Embedding padding", lambda nn: nn.Embedding(5, 3, padding_idx=1, scale_grad_by_freq=True), numbers(9), detached=True),
    Row("EmbeddingBag", lambda nn: nn.EmbeddingBag(5, 3, mode="sum"), numbers(3, 4)),
    Row("EmbeddingBag max", lambda nn: nn.EmbeddingBag(5, 3, mode="max", padding_idx=0), numbers(3, 4)),
]  # fmt: skip

ROWS = FUNCTIONS + MODULES
