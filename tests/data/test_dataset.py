"""Data sets as sequences: indexing, splitting, stacking."""

import numpy as np
import pytest

import minidl
from minidl.data import Dataset, Subset, TensorDataset, collate, random_split


class Squares(Dataset):
    """A data set with no array behind it: example i is (i, i^2)."""

    def __len__(self):
        return 10

    def __getitem__(self, index):
        return index, float(index**2)


def test_a_dataset_needs_only_length_and_item():
    x, y = Squares().take(np.array([3, 1]))
    np.testing.assert_array_equal(x, [3, 1])
    np.testing.assert_array_equal(y, [9.0, 1.0])


def test_tensor_dataset_gives_rows_of_arrays_and_tensors():
    x = np.arange(12.0).reshape(4, 3)
    dataset = TensorDataset(x, minidl.tensor([0, 1, 2, 3]))
    assert len(dataset) == 4
    row, label = dataset[2]
    np.testing.assert_array_equal(row, x[2])
    assert label == 2
    rows, labels = dataset.take(np.array([3, 0]))
    np.testing.assert_array_equal(rows, x[[3, 0]])
    np.testing.assert_array_equal(labels, [3, 0])


def test_tensor_dataset_refuses_unequal_lengths():
    with pytest.raises(ValueError, match=r"one length.*\(3, 2\).*\(4,\)"):
        TensorDataset(np.zeros((3, 2)), np.zeros(4))
    with pytest.raises(ValueError, match="at least one"):
        TensorDataset()


def test_a_subset_of_a_subset_names_the_right_examples():
    inner = Subset(Squares(), [5, 6, 7, 8])
    outer = Subset(inner, [3, 0])
    assert [outer[i] for i in range(len(outer))] == [(8, 64.0), (5, 25.0)]
    np.testing.assert_array_equal(outer.take(np.array([1, 0]))[0], [5, 8])


@pytest.mark.parametrize("lengths, sizes", [((7, 3), [7, 3]), ((0.75, 0.25), [8, 2])])
def test_random_split_divides_without_overlap(lengths, sizes):
    parts = random_split(Squares(), lengths, rng=0)
    assert [len(part) for part in parts] == sizes
    assert sorted(part[i][0] for part in parts for i in range(len(part))) == list(range(10))


def test_random_split_depends_on_the_seed_alone():
    halves = [random_split(Squares(), (5, 5), rng=seed)[0].indices for seed in (1, 1, 2)]
    first, again, other = halves
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("lengths", [(7, 4), (0.5, 0.4), (2.5, 7.5), (11, -1)])
def test_random_split_refuses_lengths_that_do_not_add_up(lengths):
    with pytest.raises(ValueError, match="random_split: lengths"):
        random_split(Squares(), lengths)


def test_collate_keeps_the_structure_of_an_example():
    examples = [{"x": np.ones(2), "pair": (1, 2.0)}, {"x": np.zeros(2), "pair": (3, 4.0)}]
    batch = collate(examples)
    np.testing.assert_array_equal(batch["x"], [[1, 1], [0, 0]])
    np.testing.assert_array_equal(batch["pair"][0], [1, 3])
    assert batch["pair"][0].dtype == np.int64


def test_collate_names_the_shapes_that_do_not_stack():
    with pytest.raises(ValueError, match=r"\(2,\).*\(3,\).*collate_fn"):
        collate([np.zeros(2), np.zeros(3)])
