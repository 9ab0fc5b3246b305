"""Data: sets that ship, that are found or made; and loaders that make batches of them."""

from .augment import random_flip, random_shift
from .dataset import Dataset, Subset, TensorDataset, collate, random_split
from .download import FetchError
from .fetching import fetch
from .find import DataNotFoundError
from .formats import read_idx
from .large import CIFAR10_CLASSES, cifar10, fashion_mnist, kmnist, mnist, mnist_5k, omniglot
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
from .sources import SOURCES
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
    "CIFAR10_CLASSES",
    "FASHION_CLASSES",
    "SOURCES",
    "DataLoader",
    "DataNotFoundError",
    "Dataset",
    "FetchError",
    "Subset",
    "TensorDataset",
    "auto_mpg",
    "bars_and_stripes",
    "cifar10",
    "circles",
    "collate",
    "digits",
    "digits_1d",
    "fashion_mini",
    "fashion_mnist",
    "fetch",
    "gaussian_ring",
    "kmnist",
    "mnist",
    "mnist_5k",
    "moons",
    "omniglot",
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
