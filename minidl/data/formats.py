"""The file formats of image sets: IDX, the records of CIFAR-10, and simple PNG.

Each reader checks what the file claims before it makes room for it, and says what is wrong.
"""

from __future__ import annotations

import gzip
import os
import struct
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


def read_cifar(path: str | os.PathLike[str]) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 3, 32, 32) and labels (N,) of a file of CIFAR-10's binary version, as uint8.

    A record is the label's byte, then 1,024 bytes each of red, green and blue, row by row.
    Raises ValueError, with the path, for a file that does not consist of such records.
    """
    data = np.fromfile(path, np.uint8)
    if data.size == 0 or data.size % 3073:
        raise ValueError(f"{path}: {data.size} bytes are not records of 3073 bytes; get it again")
    records = data.reshape(-1, 3073)
    if records[:, 0].max() > 9:
        raise ValueError(f"{path}: holds the label {records[:, 0].max()}; they go from 0 to 9")
    return records[:, 1:].reshape(-1, 3, 32, 32), records[:, 0]


def read_png(path: str | os.PathLike[str]) -> np.ndarray:
    """A grey PNG of 1 or 8 bits, not interlaced, as (H, W) uint8 in 0..1 or 0..255.

    W3C, Portable Network Graphics: chunks in section 5.3, filters in section 9.
    Raises ValueError, with the path and the reason, for another PNG or a damaged one.
    """
    with open(path, "rb") as file:
        content = file.read()
    try:
        header, packed = _png_chunks(content)
        width, height, bits, *kind = struct.unpack(">IIBBBBB", header)
        if bits not in (1, 8) or kind != [0, 0, 0, 0] or width * height > LARGEST:
            raise ValueError(f"{width}x{height}, {bits} bits, kind {kind} is not read here")
        size = height * (1 + -(-width * bits // 8))  # a row is its filter's byte and its pixels
        data = zlib.decompressobj().decompress(packed, size + 1)
        if len(data) != size:
            raise ValueError(f"it promises {size} bytes, and holds another number")
        rows = _unfiltered(np.frombuffer(data, np.uint8).reshape(height, -1))
    except (ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"{path}: a PNG that cannot be read ({error})") from error
    return rows if bits == 8 else np.unpackbits(rows, axis=1)[:, :width]


def _png_chunks(content: bytes) -> tuple[bytes, bytes]:
    """The header and the packed pixels of a PNG.  A chunk: length, type, data, CRC."""
    if not content.startswith(b"\x89PNG\r\n\x1a\n"):
        raise ValueError("it does not begin as a PNG does")
    chunks: dict[bytes, bytes] = {}
    place = 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        chunk = content[place + 4 : place + 8 + length]
        (crc,) = struct.unpack_from(">I", content, place + 8 + length)
        if zlib.crc32(chunk) != crc:
            raise ValueError(f"the checksum of {chunk[:4]!r} is wrong")
        chunks[chunk[:4]] = chunks.get(chunk[:4], b"") + chunk[4:]
        place += 12 + length
    if not {b"IHDR", b"IDAT", b"IEND"} <= chunks.keys():
        raise ValueError("it is cut short")
    return chunks[b"IHDR"], chunks[b"IDAT"]


def _unfiltered(rows: np.ndarray) -> np.ndarray:
    """Pixels from what the filters left: each row begins with the number of its filter.

    rows: (H, 1 + W bytes).  Returns (H, W bytes).  A pixel here is at most one byte.
    """
    kinds, out = rows[:, 0], rows[:, 1:].copy()
    if not kinds.any():
        return out
    above = np.zeros_like(out[0])
    for kind, row in zip(kinds, out):
        if kind == 1:  # plus the left neighbour
            np.add.accumulate(row, dtype=np.uint8, out=row)
        elif kind == 2:  # plus the one above
            row += above
        elif kind in (3, 4):  # plus a guess from left, above and above left
            left = corner = 0
            for i, up in enumerate(above.tolist()):
                guess = (left + up) // 2 if kind == 3 else _paeth(left, up, corner)
                left, corner = (int(row[i]) + guess) % 256, up
                row[i] = left
        elif kind > 4:
            raise ValueError(f"there is no filter {kind}")
        above = row
    return out


def _paeth(left: int, up: int, corner: int) -> int:
    """The neighbour that is nearest to left + up - corner."""
    return min((left, up, corner), key=lambda value: abs(left + up - corner - value))
