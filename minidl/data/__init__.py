"""Data: sets that ship, that are found or made; and loaders that make batches of them."""

from .augment import random_flip, random_shift
from .dataset import Dataset, Subset, TensorDataset, collate, random_split
from .find import DataNotFoundError
from .loader import DataLoader
from .sets import FASHION_CLASSES, digits, fashion_mini, fashion_mnist, read_idx
from .toys import (
    bars_and_stripes,
    circles,
    digits_1d,
    gaussian_ring,
    moons,
    permuted_tasks,
    spirals,
    split_tasks,
)

__all__ = [
    "FASHION_CLASSES",
    "DataLoader",
    "DataNotFoundError",
    "Dataset",
    "Subset",
    "TensorDataset",
    "bars_and_stripes",
    "circles",
    "collate",
    "digits",
    "digits_1d",
    "fashion_mini",
    "fashion_mnist",
    "gaussian_ring",
    "moons",
    "permuted_tasks",
    "random_flip",
    "random_shift",
    "random_split",
    "read_idx",
    "spirals",
    "split_tasks",
]
