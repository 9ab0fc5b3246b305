"""The data sets that ship with the package, each a function that returns arrays, or text.

Images are (N, C, H, W) float32 in [0, 1], labels int64.  Sources and licences stand beside the
files in `minidl/data/files`.
"""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import numpy as np

SHIPPED = ("digits", "fashion_mini", "auto_mpg", "wordsim353", "pride_and_prejudice")
PACKAGE = Path(__file__).parent / "files"

Arrays = tuple[np.ndarray, np.ndarray]

FASHION_CLASSES = (
    "T-shirt", "trouser", "pullover", "dress", "coat",
    "sandal", "shirt", "sneaker", "bag", "ankle boot",
)  # fmt: skip

AUTO_MPG_COLUMNS = (
    "cylinders", "displacement", "horsepower", "weight", "acceleration", "year",
    "USA", "Europe", "Japan",
)  # fmt: skip


def digits() -> Arrays:
    """1,797 handwritten digits of 8x8 pixels.

    Returns x: (1797, 1, 8, 8) float32 in [0, 1], y: (1797,) int64 in 0..9.  They have no official
    division into training and test: use `random_split`.
    Alpaydin and Kaynak 1998 (UCI, doi:10.24432/C50P49), CC BY 4.0.
    """
    with np.load(PACKAGE / "digits8x8.npz") as file:
        return scaled(file["x"], 16), file["y"].astype(np.int64)


def fashion_mini(split: str = "train") -> Arrays:
    """A balanced part of Fashion-MNIST: 2,000 training images or 500 test images.

    split: 'train' or 'test'.
    Returns x: (N, 1, 28, 28) float32 in [0, 1], y: (N,) int64, named by `FASHION_CLASSES`.
    Xiao, Rasul and Vollgraf 2017 (arXiv:1708.07747), MIT licence.
    """
    check_split(split)
    with np.load(PACKAGE / "fashion_mini.npz") as file:
        return scaled(file[f"x_{split}"], 255), file[f"y_{split}"].astype(np.int64)


def auto_mpg() -> Arrays:
    """Fuel consumption of 392 cars of 1970 to 1982: a regression.

    Returns x: (392, 9) float32, columns named by `AUTO_MPG_COLUMNS`, in the units of the source
    (cubic inches, horsepower, pounds, seconds from 0 to 60 miles an hour, year, origin as 0 or 1);
    y: (392,) float32, miles a gallon.
    Quinlan 1993 (UCI, doi:10.24432/C5859H), CC BY 4.0.
    """
    with (PACKAGE / "auto_mpg.csv").open(newline="", encoding="ascii") as file:
        cars = list(csv.DictReader(file))
    numbers = ("Cylinders", "Displacement", "Horsepower", "Weight_in_lbs", "Acceleration")
    x = [
        [float(car[name]) for name in numbers]
        + [int(car["Year"][:4])]
        + [car["Origin"] == place for place in AUTO_MPG_COLUMNS[-3:]]
        for car in cars
    ]
    y = [float(car["Miles_per_Gallon"]) for car in cars]
    return np.array(x, np.float32), np.array(y, np.float32)


def wordsim353() -> tuple[list[tuple[str, str]], np.ndarray]:
    """353 pairs of English words, and how similar people found them.

    Returns the pairs, and their similarity: (353,) float32, the mean judgement on 0 (unrelated) to
    10 (the same).
    Finkelstein et al. 2002 (doi:10.1145/503104.503110), CC BY 4.0.
    """
    lines = (PACKAGE / "wordsim353.tsv").read_text(encoding="ascii").splitlines()
    rows = [line.split("\t") for line in lines if not line.startswith("#")]
    return [(a, b) for a, b, _ in rows], np.array([row[2] for row in rows], np.float32)


def pride_and_prejudice() -> str:
    """Jane Austen's novel (1813): 684,768 characters of English, 75 different ones."""
    return lzma.decompress((PACKAGE / "pride_and_prejudice.txt.xz").read_bytes()).decode("ascii")


def scaled(images: np.ndarray, white: int) -> np.ndarray:
    """Bytes (N, H, W) in 0..white as float32 images (N, 1, H, W) in [0, 1]."""
    return images[:, None].astype(np.float32) / white


def check_split(split: str) -> None:
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test', not {split!r}")
