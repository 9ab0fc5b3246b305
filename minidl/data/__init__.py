"""Data: the sets that ship, those found on the system, and loaders that make batches of them."""

from .augment import random_flip, random_shift
from .dataset import Dataset, Subset, TensorDataset, collate, random_split
from .find import DataNotFoundError
from .loader import DataLoader
from .sets import FASHION_CLASSES, digits, fashion_mini, fashion_mnist, read_idx

__all__ = [
    "FASHION_CLASSES",
    "DataLoader",
    "DataNotFoundError",
    "Dataset",
    "Subset",
    "TensorDataset",
    "collate",
    "digits",
    "fashion_mini",
    "fashion_mnist",
    "random_flip",
    "random_shift",
    "random_split",
    "read_idx",
]
