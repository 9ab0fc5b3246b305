"""The data sets, each a function that returns arrays: images in [0, 1] as float32, labels as int64.

Images are (N, C, H, W).  `fashion_mini` and `digits` ship with the package; their sources and
licences stand beside them in `minidl/data/files`.
"""

from __future__ import annotations

import gzip
import os
import zlib
from pathlib import Path

import numpy as np

from .find import find

Arrays = tuple[np.ndarray, np.ndarray]

FASHION_CLASSES = (
    "T-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip


def digits() -> Arrays:
    """1,797 handwritten digits of 8x8 pixels.

    Returns x: (1797, 1, 8, 8) float32 in [0, 1], y: (1797,) int64 in 0..9.  They have no official
    division into training and test: use `random_split`.
    Alpaydin and Kaynak 1998 (UCI, doi:10.24432/C50P49), CC BY 4.0.
    """
    with _open_npz("digits8x8") as file:
        return _scaled(file["x"], 16), file["y"].astype(np.int64)


def fashion_mini(split: str = "train") -> Arrays:
    """A balanced part of Fashion-MNIST: 2,000 training images or 500 test images.

    split: 'train' or 'test'.
    Returns x: (N, 1, 28, 28) float32 in [0, 1], y: (N,) int64, named by `FASHION_CLASSES`.
    Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747), MIT licence.
    """
    _check_split(split)
    with _open_npz("fashion_mini") as file:
        return _scaled(file[f"x_{split}"], 255), file[f"y_{split}"].astype(np.int64)


def fashion_mnist(split: str = "train", root: str | os.PathLike[str] | None = None) -> Arrays:
    """Fashion-MNIST whole, where it is found: 60,000 training images or 10,000 test images.

    split: 'train' or 'test'.  root: a folder to look in first (see `minidl.data.find`).
    Returns x: (N, 1, 28, 28) float32 in [0, 1], y: (N,) int64, named by `FASHION_CLASSES`.
    Raises DataNotFoundError where the files are in no known place, ValueError for a damaged file.
    Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747), MIT licence.
    """
    _check_split(split)
    part = {"train": "train", "test": "t10k"}[split]
    images, labels = find(
        "fashion-mnist",
        [f"{part}-images-idx3-ubyte.gz", f"{part}-labels-idx1-ubyte.gz"],
        how=(
            "To get it on Debian:  sudo apt-get install dataset-fashion-mnist\n"
            "Elsewhere: put the four .gz files of https://github.com/zalandoresearch/fashion-mnist"
            " (data/fashion)\ninto a folder, and name the folder in MINIDL_DATA.\n"
            "A part of it ships with minidl: minidl.data.fashion_mini()"
        ),
        root=root,
    )
    x, y = read_idx(images), read_idx(labels)
    if x.ndim != 3 or y.ndim != 1 or len(x) != len(y):
        raise ValueError(f"{images}: images {x.shape} and labels {y.shape} do not belong together")
    return _scaled(x, 255), y.astype(np.int64)


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of a gzipped IDX file of bytes, the format of MNIST and its descendants.

    Two zero bytes, the type (8: uint8), the number of axes, each axis' size as a big-endian int32,
    then the data.  (LeCun, Cortes and Burges: The MNIST database of handwritten digits.)
    Raises ValueError, with the path and the reason, for a file that is not whole.
    """
    try:
        with gzip.open(path) as file:
            content = file.read()
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged or cut short ({error}); get it again") from error
    if len(content) < 4 or content[:3] != b"\0\0\x08":
        raise ValueError(f"{path}: not an IDX file of bytes (it begins with {content[:4]!r})")
    ndim = content[3]
    shape = tuple(np.frombuffer(content[4 : 4 + 4 * ndim], ">i4").tolist())
    data = np.frombuffer(content, np.uint8, offset=min(4 + 4 * ndim, len(content)))
    if len(shape) != ndim or data.size != np.prod(shape, dtype=np.int64):
        raise ValueError(
            f"{path}: the header promises shape {shape}, the file holds {data.size} values"
        )
    return data.reshape(shape)


def _open_npz(name: str) -> np.lib.npyio.NpzFile:
    (path,) = find(name, [f"{name}.npz"], how="It ships with minidl: install minidl again.")
    return np.load(Path(path), allow_pickle=False)


def _scaled(images: np.ndarray, white: int) -> np.ndarray:
    """Bytes (N, H, W) in 0..white as float32 images (N, 1, H, W) in [0, 1]."""
    return images[:, None].astype(np.float32) / white


def _check_split(split: str) -> None:
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', not {split!r}")
