"""The file formats of image sets: IDX, the records of CIFAR-10, and simple PNG.

Each reader checks what the file claims before it makes room for it, and says what is wrong.
"""

from __future__ import annotations

import gzip
import os
import zlib

import numpy as np

LARGEST = 1 << 30  # bytes of an array: far above every set here, below what hurts


def read_idx(path: str | os.PathLike[str]) -> np.ndarray:
    """The array of a gzipped IDX file of bytes, the format of MNIST and its descendants.

    Two zero bytes, the type (8: uint8), the number of axes, each axis' size as a big-endian int32,
    then the data.  (LeCun, Cortes and Burges: The MNIST database of handwritten digits.)
    Raises ValueError, with the path and the reason, for a file that is not whole.
    """
    try:
        with gzip.open(path) as file:
            start = file.read(4)
            if len(start) < 4 or start[:3] != b"\0\0\x08":
                raise ValueError(f"{path}: not an IDX file of bytes (it begins with {start!r})")
            sizes = file.read(4 * start[3])
            shape = tuple(np.frombuffer(sizes[: len(sizes) // 4 * 4], ">u4").tolist())
            count = int(np.prod(shape, dtype=object))
            if len(shape) != start[3] or count > LARGEST:
                raise ValueError(f"{path}: the header promises shape {shape}, which cannot be")
            data = np.frombuffer(file.read(count + 1), np.uint8)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"{path}: damaged or cut short ({error}); get it again") from error
    if data.size != count:
        held = "more" if data.size > count else data.size
        raise ValueError(f"{path}: the header promises shape {shape}, the file holds {held} values")
    return data.reshape(shape)
