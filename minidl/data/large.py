"""Data sets that are too large to ship: found where the machine has them, or fetched.

    minidl data fetch mnist

Each is a function of the split, 'train' or 'test', and of `root`, a folder to look in first (see
`minidl.data.find`), and returns images (N, C, H, W) float32 in [0, 1] and labels (N,) int64.  Where
a set is in no known place they raise DataNotFoundError, which says what to type; for a damaged file
ValueError.
"""

from __future__ import annotations

import os

import numpy as np

from .find import find
from .formats import read_idx
from .sets import Arrays, check_split, scaled

Root = str | os.PathLike[str] | None


def mnist(split: str = "train", root: Root = None) -> Arrays:
    """Handwritten digits: 60,000 training images or 10,000 test images, (N, 1, 28, 28).

    LeCun, Bottou, Bengio and Haffner 1998 (doi:10.1109/5.726791), CC BY-SA 3.0.
    """
    return _like_mnist("mnist", split, root)


def fashion_mnist(split: str = "train", root: Root = None) -> Arrays:
    """Clothes: 60,000 training images or 10,000 test images, (N, 1, 28, 28).

    The labels are named by `FASHION_CLASSES`; `fashion_mini` is a part of it that ships.
    Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747), MIT licence.
    """
    debian = "or, on Debian:   sudo apt-get install dataset-fashion-mnist\n"
    part = "A part of it ships with minidl: minidl.data.fashion_mini()"
    return _like_mnist("fashion-mnist", split, root, debian + part)


def kmnist(split: str = "train", root: Root = None) -> Arrays:
    """Kuzushiji, cursive Japanese letters: 60,000 training images or 10,000 test images,
    (N, 1, 28, 28).

    Clanuwat et al. 2018 (arXiv:1812.01718), CC BY-SA 4.0.
    """
    return _like_mnist("kmnist", split, root)


def _like_mnist(name: str, split: str, root: Root, more: str = "") -> Arrays:
    check_split(split)
    part = {"train": "train", "test": "t10k"}[split]
    files = [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"]
    images, labels = find(name, files, f"{fetch(name)}\n{more}".rstrip(), root)
    x, y = read_idx(images), read_idx(labels)
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise ValueError(f"{images}: images {x.shape} and labels {y.shape} do not belong together")
    return scaled(x, 255), y.astype(np.int64)


def fetch(name: str) -> str:
    """What to type to get the set `name`."""
    return f"To get it:       minidl data fetch {name}"
