"""Numbers as colours: blue below zero, red above, the stronger the larger; and short texts."""

from __future__ import annotations

import base64
import math
import struct
import zlib
from typing import Any

import numpy as np

from ..graph import Tensor

NEGATIVE, POSITIVE, STRANGE = (33, 102, 172), (178, 24, 43), (127, 127, 127)


def host(value: Any) -> np.ndarray:
    """The NumPy array of a tensor or array, wherever it is."""
    value = value.data if isinstance(value, Tensor) else value
    return np.asarray(value.get() if hasattr(value, "get") else value)


def largest(array: np.ndarray) -> float:
    """The largest absolute value among the finite ones; 1 if there is none but 0."""
    finite = np.abs(array[np.isfinite(array)]) if array.dtype.kind == "f" else np.abs(array * 1.0)
    return float(finite.max(initial=0)) or 1.0


def strength(value: float, top: float) -> tuple[tuple[int, int, int], float]:
    """The colour of a number and how strong it is, from 0 to 1."""
    if not math.isfinite(value):
        return STRANGE, 0.6
    return (NEGATIVE if value < 0 else POSITIVE), min(abs(value) / top, 1.0)


def number(value: Any) -> str:
    """A number in at most six characters or so: 3, -0.25, 0.071, 4e-09, nan."""
    value = value.item() if hasattr(value, "item") else value
    if isinstance(value, bool | int) or value == 0 or not math.isfinite(value):
        return f"{value:g}" if isinstance(value, float) else str(value)
    if 1e-3 <= abs(value) < 1e5:
        return f"{value:.3g}" if abs(value) >= 0.1 else f"{value:.2g}"
    return f"{value:.0e}"


def png(array: np.ndarray, top: float, cell: tuple[int, int]) -> str:
    """A matrix as a picture, `cell` (width, height) pixels a number: the URI of a PNG file.

    top: the absolute value that has the full colour.
    """
    values = np.repeat(np.repeat(np.asarray(array, np.float64), cell[1], 0), cell[0], 1)
    share = np.clip(np.nan_to_num(values) / top, -1, 1)
    colour = np.where((share < 0)[..., None], NEGATIVE, POSITIVE)
    pixels = 255 + np.abs(share)[..., None] * (colour - 255.0)
    pixels[~np.isfinite(values)] = STRANGE
    rows = np.round(pixels).astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in rows)
    height, width = values.shape
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    file = b"\x89PNG\r\n\x1a\n" + b"".join(
        _chunk(kind, data)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    )
    return "data:image/png;base64," + base64.b64encode(file).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    """A part of a PNG file: length, kind, data, checksum (RFC 2083, section 3.2)."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
