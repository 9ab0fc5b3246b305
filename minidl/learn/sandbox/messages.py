"""What goes over the pipe: arrays, numbers, text, and tuples, lists and dicts of them; no objects.

A message is two lengths (8 bytes each, little-endian), a text in JSON that says how the value is
put together, and the bytes of its arrays one after the other.  Reading it runs no code.  This file
needs NumPy alone, because the worker must start fast.
"""

import json
import math
import struct

import numpy as np

LARGEST = 1 << 28  # bytes of one message


class NotData(TypeError):
    """Something that is neither array nor number nor text."""


def write(stream, value):
    """Send one value."""
    arrays = []
    whole = _taken_apart(value, arrays)
    kinds = [(array.dtype.str, array.shape) for array in arrays]
    text = json.dumps([whole, kinds]).encode()
    data = b"".join(array.tobytes() for array in arrays)
    if len(text) + len(data) > LARGEST:
        raise NotData(f"{len(data):,} bytes of arrays; at most {LARGEST:,} are taken")
    stream.write(struct.pack("<QQ", len(text), len(data)) + text + data)
    stream.flush()


def read(stream):
    """Receive one value; raises EOFError at the end, ValueError if it is no message."""
    text_length, length = struct.unpack("<QQ", _exactly(stream, 16))
    if text_length + length > LARGEST:
        raise ValueError("not a message")
    whole, kinds = json.loads(_exactly(stream, text_length))
    data, arrays, start = _exactly(stream, length), [], 0
    for kind, shape in kinds:
        dtype, count = np.dtype(kind), math.prod(shape)
        if dtype.hasobject:
            raise ValueError("not a message")
        arrays.append(np.frombuffer(data, dtype, count, start).reshape(shape).copy())
        start += count * dtype.itemsize
    return _put_together(whole, arrays)


def _exactly(stream, length):
    data = stream.read(length)
    if len(data) < length:
        raise EOFError
    return data


def _taken_apart(value, arrays):
    """JSON for a value; its arrays go into the list, and are named by their numbers there."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):  # as an array: JSON has no NaN, and decimal digits may round
        return ["float", _add(arrays, np.float64(value))]
    if isinstance(value, np.ndarray | np.generic):
        if value.dtype.kind not in "biufc":
            raise NotData(f"an array of {value.dtype}")
        return ["array", _add(arrays, value)]
    if isinstance(value, tuple | list):
        kind = "tuple" if isinstance(value, tuple) else "list"
        return [kind, [_taken_apart(v, arrays) for v in value]]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return ["dict", {key: _taken_apart(v, arrays) for key, v in value.items()}]
    raise NotData(type(value).__name__)


def _add(arrays, array):
    arrays.append(np.asarray(array))
    return len(arrays) - 1


def _put_together(value, arrays):
    if not isinstance(value, list):
        return value
    kind, content = value
    if kind == "array":
        return arrays[content]
    if kind == "float":
        return float(arrays[content])
    if kind == "dict":
        return {key: _put_together(v, arrays) for key, v in content.items()}
    return {"tuple": tuple, "list": list}[kind](_put_together(v, arrays) for v in content)
