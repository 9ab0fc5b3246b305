"""Batches of a data set, as Tensors; a pass that is broken off can be taken up again.

A pass draws one number, its seed.  The order of the examples follows from the seed, and the random
numbers of batch k's transform from the seed and k.  So a pass is known by two numbers, its seed and
how many batches were handed out; and batches prepared ahead, in a thread, are the same batches.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from .. import backend
from ..graph import tensor
from .dataset import Dataset, as_dataset


class DataLoader:
    """Iterate over a data set in batches; each pass is a new shuffle.

    batch_size: examples a batch; the last batch is smaller where it does not divide the data set,
        or left out with `drop_last`.
    collate_fn: makes a batch from a list of examples (default: stack them, field by field).
    transform: changes a batch of arrays before it becomes Tensors, as an augmentation does; called
        as `transform(*fields, rng)`, returns the fields.
    prefetch: how many batches a thread prepares while the caller works on the one before them.
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
        prefetch: int = 0,
        device: str = "cpu",
        rng: np.random.Generator | int | None = None,
    ) -> None:
        if batch_size != int(batch_size) or batch_size < 1:
            raise ValueError(
                f"DataLoader: batch_size must be a whole number >= 1, not {batch_size}"
            )
        if prefetch != int(prefetch) or prefetch < 0:
            raise ValueError(f"DataLoader: prefetch must be a whole number >= 0, not {prefetch}")
        self.dataset = as_dataset(dataset)
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.collate_fn = collate_fn
        self.transform = transform
        self.prefetch = int(prefetch)
        self.device = device
        self.rng = None if rng is None else backend.generator(rng=rng)
        self.seed: int | None = None  # of the latest pass, None between passes
        self.position = 0  # how many of its batches were handed out
        self.resuming = False

    def __len__(self) -> int:
        """How many batches a pass has."""
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)

    def __iter__(self) -> Iterator[Any]:
        if not self.resuming:
            self.seed, self.position = self._new_seed(), 0
        self.resuming = False
        seed, first = self.seed, self.position
        n = len(self.dataset)
        order = np.random.default_rng(seed).permutation(n) if self.shuffle else np.arange(n)
        for number, batch in enumerate(self._batches(order, seed, first), start=first):
            self.seed, self.position = seed, number + 1
            yield to_tensors(batch, self.device)
        self.seed, self.position = None, 0

    def _new_seed(self) -> int:
        """A seed for a pass; where nothing in it is random, no random number is used up."""
        if not self.shuffle and self.transform is None:
            return 0
        return int(backend.generator(rng=self.rng).integers(2**63))

    def _batches(self, order: np.ndarray, seed: int, first: int) -> Iterator[Any]:
        """The batches of a pass from number `first` on, prepared ahead if so wished."""
        numbers = range(first, len(self))
        if not self.prefetch:
            yield from (self._batch(order, seed, number) for number in numbers)
            return
        waiting = deque()
        worker = ThreadPoolExecutor(max_workers=1, thread_name_prefix="minidl-prefetch")
        try:
            for number in numbers:
                waiting.append(worker.submit(self._batch, order, seed, number))
                if len(waiting) > self.prefetch:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # also when the caller breaks off
            worker.shutdown(cancel_futures=True)

    def _batch(self, order: np.ndarray, seed: int, number: int) -> Any:
        """Batch `number` of a pass, as arrays."""
        indices = order[number * self.batch_size : (number + 1) * self.batch_size]
        if self.collate_fn is None:
            batch = self.dataset.take(indices)
        else:
            batch = self.collate_fn([self.dataset[int(i)] for i in indices])
        if self.transform is None:
            return batch
        return self.transform(*batch, np.random.default_rng([seed, number]))

    def state_dict(self) -> dict[str, Any]:
        """Where the latest pass stands, and the state of the loader's own generator if it has one.

        The generator that `minidl.seed` starts is not the loader's: save
        `backend.random_state()` beside it.
        """
        rng = None if self.rng is None else self.rng.bit_generator.state
        return {"seed": self.seed, "position": self.position, "rng": rng}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict()`: the next pass begins with the batch that came after it.

        Raises ValueError if one of the two loaders has a generator of its own and one has not.
        """
        if (self.rng is None) != (state["rng"] is None):
            saved, own = ("none" if rng is None else "one" for rng in (state["rng"], self.rng))
            raise ValueError(f"DataLoader: rng= must be given to both: saved {saved}, here {own}")
        if self.rng is not None:
            self.rng.bit_generator.state = state["rng"]
        self.seed, self.position = state["seed"], state["position"]
        self.resuming = self.seed is not None


def to_tensors(batch: Any, device: str) -> Any:
    """The batch with a Tensor for each array of numbers; what is not one stays as it is."""
    if isinstance(batch, tuple | list):
        return tuple(to_tensors(field, device) for field in batch)
    if isinstance(batch, dict):
        return {key: to_tensors(field, device) for key, field in batch.items()}
    numbers = isinstance(batch, np.ndarray) and batch.dtype.kind in "fiub"
    return tensor(batch, device=device) if numbers else batch
