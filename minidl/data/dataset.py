"""Data sets as sequences of examples: `dataset[i]` is example i, `len(dataset)` how many there are.

Examples are made of NumPy arrays and numbers; the loader makes Tensors of whole batches of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import backend
from ..graph import Tensor


class Dataset:
    """What a data set offers.  Write `__len__` and `__getitem__`; the rest follows.

    `take` returns many examples at once, already stacked; override it where that is faster than
    one after another.
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} does not define __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define __getitem__")

    def take(self, indices: np.ndarray) -> Any:
        """The examples at `indices`, stacked: what `collate` makes of them."""
        return collate([self[int(i)] for i in indices])


class Examples(Dataset):
    """A list, an array, or whatever else has a length and gives example i as `examples[i]`."""

    def __init__(self, examples: Any) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples)

    def __getitem__(self, index: int) -> Any:
        return self.examples[index]


def as_dataset(examples: Any) -> Dataset:
    """`examples`, which may be a list or an array, as a Dataset.

    Raises TypeError for what has no length, or no examples by number.
    """
    if isinstance(examples, Dataset):
        return examples
    if not (hasattr(examples, "__len__") and hasattr(examples, "__getitem__")):
        raise TypeError(
            f"a data set has a length and gives example i as dataset[i]; {type(examples).__name__} "
            "does not: make a list of it, or write a Dataset"
        )
    return Examples(examples)


class TensorDataset(Dataset):
    """Arrays of equal length side by side; example i is the tuple of their entries i.

    arrays: each (N, ...), NumPy arrays or Tensors.
    Raises ValueError if the lengths differ.
    """

    def __init__(self, *arrays: Any) -> None:
        if not arrays:
            raise ValueError("TensorDataset: give at least one array")
        self.arrays = tuple(a.numpy() if isinstance(a, Tensor) else np.asarray(a) for a in arrays)
        shapes = [array.shape for array in self.arrays]
        if any(array.ndim == 0 for array in self.arrays) or len({len(a) for a in self.arrays}) > 1:
            raise ValueError(f"TensorDataset: the arrays need one length; their shapes: {shapes}")

    def __len__(self) -> int:
        return len(self.arrays[0])

    def __getitem__(self, index: int) -> tuple[Any, ...]:
        return tuple(array[index] for array in self.arrays)

    def take(self, indices: np.ndarray) -> tuple[np.ndarray, ...]:
        """One indexing for the whole batch, instead of one for each example."""
        return tuple(array[indices] for array in self.arrays)


class Subset(Dataset):
    """The examples of another data set at `indices`."""

    def __init__(self, dataset: Dataset, indices: Sequence[int]) -> None:
        self.dataset = as_dataset(dataset)
        self.indices = np.asarray(indices, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[int(self.indices[index])]

    def take(self, indices: np.ndarray) -> Any:
        return self.dataset.take(self.indices[indices])


def random_split(
    dataset: Dataset, lengths: Sequence[float], rng: np.random.Generator | int | None = None
) -> list[Subset]:
    """Divide a data set at random into parts that do not overlap.

    lengths: how many examples each part gets, or fractions that sum to 1 (rounded down; the
        examples left over go to the first parts, one each).
    Raises ValueError if the lengths do not add up to the data set.
    """
    total = len(dataset)
    if math.isclose(sum(lengths), 1) and total > 1:
        counts = [math.floor(fraction * total) for fraction in lengths]
        left_over = total - sum(counts)
        counts = [count + (part < left_over) for part, count in enumerate(counts)]
    else:
        counts = [int(n) for n in lengths]
        if counts != list(lengths) or sum(counts) != total:
            raise ValueError(
                f"random_split: lengths {list(lengths)} sum to {sum(lengths)}; they must be whole "
                f"numbers that sum to the {total} examples, or fractions that sum to 1"
            )
    if min(counts) < 0:
        raise ValueError(f"random_split: lengths must not be negative, got {list(lengths)}")
    order = backend.generator(rng=rng).permutation(total)
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(counts)[:-1])]


def collate(examples: Sequence[Any]) -> Any:
    """Stack examples into a batch; tuples and dicts field by field.

    Raises ValueError, with the shapes, for examples that do not stack.
    """
    first = examples[0]
    if isinstance(first, tuple | list):
        return tuple(collate(field) for field in zip(*examples, strict=True))
    if isinstance(first, dict):
        return {key: collate([example[key] for example in examples]) for key in first}
    examples = [e.numpy() if isinstance(e, Tensor) else e for e in examples]
    arrays = [e if isinstance(e, np.ndarray) else backend.array(e) for e in examples]
    shapes = {array.shape for array in arrays}
    if len(shapes) > 1:
        raise ValueError(
            f"collate: the examples of a batch have shapes {sorted(shapes)}; they must be equal, "
            "or give the loader a collate_fn that pads them"
        )
    return np.stack(arrays)
