"""Batches of a data set, as Tensors."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .. import backend
from ..graph import tensor
from .dataset import Dataset


class DataLoader:
    """Iterate over a data set in batches; each pass is a new shuffle.

    batch_size: examples a batch; the last batch is smaller where it does not divide the data set,
        or left out with `drop_last`.
    collate_fn: makes a batch from a list of examples (default: stack them, field by field).
    transform: changes a batch of arrays before it becomes Tensors, as an augmentation does; called
        as `transform(*fields, rng)`, returns the fields.
    device: where the Tensors are made, 'cpu' or 'cuda'.
    rng: where the shuffles and the transform get their random numbers: a Generator, or a seed.
        Without it they come from the generator that `minidl.seed` starts.
    """

    def __init__(
        self,
        dataset: Dataset,
        batch_size: int = 1,
        shuffle: bool = False,
        *,
        drop_last: bool = False,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        transform: Callable[..., Any] | None = None,
        device: str = "cpu",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if batch_size != int(batch_size) or batch_size < 1:
            raise ValueError(
                f"DataLoader: batch_size must be a whole number >= 1, not {batch_size}"
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.transform = transform
        self.device = device
        self.rng = None if rng is None else backend.generator(rng=rng)

    def __len__(self) -> int:
        """How many batches a pass has."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        rng = backend.generator(rng=self.rng)
        n = len(self.dataset)
        order = rng.permutation(n) if self.shuffle else np.arange(n)
        for number in range(len(self)):
            batch = self._fetch(order[number * self.batch_size : (number + 1) * self.batch_size])
            if self.transform is not None:
                batch = self.transform(*batch, rng)
            yield to_tensors(batch, self.device)

    def _fetch(self, indices: np.ndarray) -> Any:
        if self.collate_fn is None:
            return self.dataset.take(indices)
        return self.collate_fn([self.dataset[int(i)] for i in indices])


def to_tensors(batch: Any, device: str) -> Any:
    """The batch with a Tensor for each array of numbers; what is not one stays as it is."""
    if isinstance(batch, tuple | list):
        return tuple(to_tensors(field, device) for field in batch)
    if isinstance(batch, dict):
        return {key: to_tensors(field, device) for key, field in batch.items()}
    numbers = isinstance(batch, np.ndarray) and batch.dtype.kind in "fiub"
    return tensor(batch, device=device) if numbers else batch
