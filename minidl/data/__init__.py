"""Data: sets that ship, that are found or made; and loaders that make batches of them."""

from .augment import random_flip, random_shift
from .dataset import Dataset, Subset, TensorDataset, collate, random_split
from .find import DataNotFoundError
from .formats import read_idx
from .large import fashion_mnist, kmnist, mnist
from .loader import DataLoader
from .sets import (
    AUTO_MPG_COLUMNS,
    FASHION_CLASSES,
    auto_mpg,
    digits,
    fashion_mini,
    pride_and_prejudice,
    wordsim353,
)
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
    "AUTO_MPG_COLUMNS",
    "FASHION_CLASSES",
    "DataLoader",
    "DataNotFoundError",
    "Dataset",
    "Subset",
    "TensorDataset",
    "auto_mpg",
    "bars_and_stripes",
    "circles",
    "collate",
    "digits",
    "digits_1d",
    "fashion_mini",
    "fashion_mnist",
    "gaussian_ring",
    "kmnist",
    "mnist",
    "moons",
    "permuted_tasks",
    "pride_and_prejudice",
    "random_flip",
    "random_shift",
    "random_split",
    "read_idx",
    "spirals",
    "split_tasks",
    "wordsim353",
]
