"""DataLoader: what a pass contains, in which order, and what a batch is."""

import numpy as np
import pytest

import minidl
from minidl.data import DataLoader, TensorDataset

NUMBERS = TensorDataset(np.arange(10, dtype=np.float32), np.arange(10))


def batches(loader):
    return [x.numpy().tolist() for x, _ in loader]


def test_in_order_with_a_smaller_last_batch():
    loader = DataLoader(NUMBERS, batch_size=4)
    assert batches(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    assert len(loader) == 3


def test_drop_last_leaves_the_smaller_batch_out():
    loader = DataLoader(NUMBERS, batch_size=4, drop_last=True)
    assert batches(loader) == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert len(loader) == 2
    assert batches(DataLoader(NUMBERS, batch_size=20, drop_last=True)) == []


def test_a_batch_is_tensors_and_keeps_the_dtypes():
    x, y = next(iter(DataLoader(NUMBERS, batch_size=4)))
    assert isinstance(x, minidl.Tensor) and isinstance(y, minidl.Tensor)
    assert (x.dtype, y.dtype) == (np.float32, np.int64)


def test_shuffled_passes_hold_every_example_once_and_differ():
    loader = DataLoader(NUMBERS, batch_size=3, shuffle=True, rng=0)
    first, second = (sum(batches(loader), []) for _ in range(2))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second != list(range(10))


def test_the_order_follows_the_seed():
    def two_passes(**kwargs):
        loader = DataLoader(NUMBERS, batch_size=3, shuffle=True, **kwargs)
        return [batches(loader) for _ in range(2)]

    assert two_passes(rng=5) == two_passes(rng=np.random.default_rng(5)) != two_passes(rng=6)
    minidl.seed(5)
    first = two_passes()
    minidl.seed(5)
    assert two_passes() == first


def test_the_data_set_is_not_touched_by_what_is_done_to_a_batch():
    x, _ = next(iter(DataLoader(NUMBERS, batch_size=10)))
    x.data[:] = -1
    np.testing.assert_array_equal(NUMBERS.arrays[0], np.arange(10))


def test_transform_sees_arrays_and_the_loaders_random_numbers():
    def noisy(x, y, rng):
        assert isinstance(x, np.ndarray)
        return x + rng.standard_normal(len(x), dtype=np.float32), y

    def one_pass():
        return batches(DataLoader(NUMBERS, batch_size=5, transform=noisy, rng=3))

    assert one_pass() == one_pass()
    assert one_pass() != batches(DataLoader(NUMBERS, batch_size=5))


def test_collate_fn_gets_the_list_of_examples():
    words = ["a", "bcd", "ef"]

    def pad(examples):
        longest = max(map(len, examples))
        return np.array([[ord(c) for c in word.ljust(longest)] for word in examples])

    class Words(minidl.data.Dataset):
        __len__ = lambda self: len(words)
        __getitem__ = lambda self, index: words[index]

    (batch,) = DataLoader(Words(), batch_size=3, collate_fn=pad)
    assert batch.shape == (3, 3)


@pytest.mark.parametrize("size", [0, -3, 1.5])
def test_a_batch_size_that_cannot_be_is_refused(size):
    with pytest.raises(ValueError, match=f"batch_size.*{size}"):
        DataLoader(NUMBERS, batch_size=size)
