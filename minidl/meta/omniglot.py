"""Omniglot's two small background sets: eight alphabets, each character drawn by 20 people.

Lake, Salakhutdinov and Tenenbaum 2015, Science 350(6266), doi:10.1126/science.aab3050; MIT licence.
Both sets have the Greek and the Latin alphabet, which are kept once.
"""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import numpy as np

from ..data import DataNotFoundError
from ..data.find import find
from .characters import Characters

ARCHIVES = ["images_background_small1.zip", "images_background_small2.zip"]
PACKED = "omniglot_small_28.npz"
SIZES = {
    "Balinese": 24, "Early Aramaic": 22, "Greek": 24, "Korean": 40, "Latin": 26,
    "Japanese (katakana)": 47, "Sanskrit": 42, "Tagalog": 17,
}  # fmt: skip


def omniglot(root: str | os.PathLike[str] | None = None) -> Characters:
    """The characters with their alphabets, 20 drawings of each, 28 x 28 pixels.

    They are looked for (`minidl.data.find`) as the two archives that Omniglot's authors publish,
    whose drawings of 105 x 105 pixels are scaled down here, or packed into one file.
    Raises DataNotFoundError where neither is in any known place.
    """
    try:
        (packed,) = find("omniglot", [PACKED], how="", root=root)
        return _unpacked(packed)
    except DataNotFoundError:
        how = (
            f"To get it: put {' and '.join(ARCHIVES)} of\nhttps://github.com/brendenlake/omniglot "
            "(folder python) into a folder called omniglot, and name the folder above it in "
            "MINIDL_DATA."
        )
        return _unzipped(find("omniglot", ARCHIVES, how=how, root=root))


def _unpacked(path: Path) -> Characters:
    """From x: (N, 98) uint8, the bits of 28 x 28 pixels row by row, and y: (N,), the character."""
    with np.load(path, allow_pickle=False) as file:
        bits, y = np.unpackbits(file["x"], axis=1).reshape(-1, 28, 28), file["y"]
    images = np.stack([bits[y == c][:20] for c in range(sum(SIZES.values()))])
    return Characters(images.astype(np.float32), np.repeat([*SIZES], [*SIZES.values()]))


def _unzipped(paths: list[Path]) -> Characters:
    """From archives of images_background_small1/ALPHABET/character01/0001_01.png and so on."""
    from matplotlib.image import imread  # optional, as all that reads PNG is

    drawings: dict[tuple[str, str], list[np.ndarray]] = {}
    for path in paths:
        found: dict[tuple[str, str], list[np.ndarray]] = {}
        with zipfile.ZipFile(path) as archive:
            for name in sorted(archive.namelist()):
                if name.endswith(".png"):
                    _, alphabet, character, _ = name.split("/")
                    with archive.open(name) as file:
                        image = _scaled_down(1 - imread(file))
                    found.setdefault((alphabet, character), []).append(image)
        drawings |= found
    images = np.stack([np.stack(images) for images in drawings.values()])
    alphabets = [alphabet.replace("_", " ") for alphabet, _ in drawings]
    return Characters(images, np.array(alphabets))


def _scaled_down(image: np.ndarray) -> np.ndarray:
    """(105, 105) as (28, 28): with a margin to 112 pixels, each the mean of 4 x 4."""
    page = np.pad(image, ((3, 4), (3, 4)))
    return page.reshape(28, 4, 28, 4).mean(axis=(1, 3)).astype(np.float32)
