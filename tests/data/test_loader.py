"""DataLoader: what a pass contains, in which order, and what a batch is."""

import gc
import threading

import numpy as np
import pytest

import minidl
from minidl.data import DataLoader, TensorDataset, random_split

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


def test_the_transform_draws_anew_in_each_pass():
    loader = DataLoader(NUMBERS, batch_size=5, transform=noisy, rng=3)
    assert batches(loader) != batches(loader)


# ------------------------------------------------------------------ ahead, and taken up again


def noisy(x, y, rng):
    return x + rng.standard_normal(len(x), dtype=np.float32), y


@pytest.mark.parametrize("prefetch", [1, 3, 50])
def test_batches_prepared_ahead_are_the_same(prefetch):
    def two_passes(**kwargs):
        loader = DataLoader(NUMBERS, 3, shuffle=True, transform=noisy, rng=0, **kwargs)
        return [batches(loader) for _ in range(2)]

    assert two_passes(prefetch=prefetch) == two_passes()


class Watched(TensorDataset):
    """Notes which thread takes examples, and fails at example 6 if `broken`."""

    broken = False

    def __init__(self):
        super().__init__(*NUMBERS.arrays)
        self.threads, self.taken = set(), []

    def take(self, indices):
        self.threads.add(threading.current_thread().name)
        self.taken.extend(indices.tolist())
        if self.broken and 6 in indices:
            raise OSError("example 6 cannot be read")
        return super().take(indices)


def test_prefetch_works_in_a_thread_that_ends_with_the_pass():
    watched = Watched()
    for number, _ in enumerate(DataLoader(watched, 2, prefetch=2)):
        if number == 1:
            break
    assert max(watched.taken) < 8  # two batches handed out, at most two more prepared
    (name,) = watched.threads
    assert name.startswith("minidl-prefetch")
    gc.collect()
    assert name not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("prefetch", [0, 2])
def test_an_error_in_the_data_set_arrives_at_its_batch(prefetch):
    watched = Watched()
    watched.broken = True
    handed_out = 0
    with pytest.raises(OSError, match="example 6"):
        for _ in DataLoader(watched, 2, prefetch=prefetch):
            handed_out += 1
    assert handed_out == 3


@pytest.mark.parametrize("prefetch", [0, 2])
@pytest.mark.parametrize("stop", range(1, 9))
def test_a_pass_broken_off_anywhere_is_taken_up_again(stop, prefetch, tmp_path):
    def loader():
        return DataLoader(NUMBERS, 3, shuffle=True, transform=noisy, prefetch=prefetch, rng=7)

    whole_loader = loader()  # four batches a pass
    whole = [batch for _ in range(3) for batch in batches(whole_loader)]
    broken_off, seen = loader(), []
    while len(seen) < stop:
        for x, _ in broken_off:
            seen.append(x.numpy().tolist())
            if len(seen) == stop:
                minidl.save(tmp_path / "state.npz", broken_off.state_dict())
                break
    again = loader()
    again.rng.random(99)  # the state, not this generator, decides
    again.load_state_dict(minidl.load(tmp_path / "state.npz"))
    while len(seen) < len(whole):
        seen.extend(batches(again))
    assert seen == whole


def test_the_state_between_passes_is_that_of_a_new_pass():
    loader = DataLoader(NUMBERS, 3, shuffle=True, rng=7)
    batches(loader)
    state = loader.state_dict()
    second = batches(loader)
    other = DataLoader(NUMBERS, 3, shuffle=True, rng=0)
    other.load_state_dict(state)
    assert batches(other) == second


def test_a_pass_that_was_left_is_not_taken_up_unasked():
    loader = DataLoader(NUMBERS, 3)
    assert next(iter(loader))[1].numpy().tolist() == next(iter(loader))[1].numpy().tolist()


def test_a_pass_without_chance_uses_no_random_numbers():
    rng = np.random.default_rng(0)
    batches(DataLoader(NUMBERS, 3, rng=rng))
    assert rng.random() == np.random.default_rng(0).random()


def test_the_state_of_another_kind_of_loader_is_refused():
    state = DataLoader(NUMBERS, 3, rng=0).state_dict()
    with pytest.raises(ValueError, match="saved one, here none"):
        DataLoader(NUMBERS, 3).load_state_dict(state)


@pytest.mark.parametrize("prefetch", [-1, 0.5])
def test_a_prefetch_that_cannot_be_is_refused(prefetch):
    with pytest.raises(ValueError, match=f"prefetch.*{prefetch}"):
        DataLoader(NUMBERS, prefetch=prefetch)


def test_lists_and_arrays_are_data_sets():
    """Row by row: NumPy's own `take` would flatten."""
    rows = np.arange(6.0).reshape(3, 2)
    for examples in (rows, [*rows], minidl.tensor(rows), random_split(rows, [3], rng=0)[0]):
        first, second = DataLoader(examples, batch_size=2)
        assert first.shape == (2, 2) and second.shape == (1, 2)
    assert first.dtype == np.float64
    ((x, names),) = DataLoader([(1.0, {"n": 3}), (2.0, {"n": 4})], batch_size=2)
    assert (x.dtype, x.tolist(), names["n"].tolist()) == (np.float32, [1, 2], [3, 4])
    with pytest.raises(ValueError, match="collate: the examples of a batch have shapes"):
        list(DataLoader([np.ones(2), np.ones(3)], batch_size=2))
    with pytest.raises(TypeError, match="numbers, not text"):
        list(DataLoader(["a", "b"]))
    with pytest.raises(TypeError, match="generator does not: make a list of it"):
        DataLoader(row for row in rows)
