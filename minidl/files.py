"""Saving and loading: weights, optimiser states, whole checkpoints; never with pickle.

    minidl.save("model.safetensors", model.state_dict())
    model.load_state_dict(minidl.load("model.safetensors"))

What is saved is a tensor, or a nest of dicts and lists that ends in tensors, numbers, text, None.
A flat dict of tensors becomes a plain safetensors file, which PyTorch reads and writes too.  In any
other nest the tensors are named by their path, and the nest itself stands beside them as JSON.

A file is written beside its place, brought to the disk, and then moved into its place in one step:
a process that is killed at any moment leaves the old file or the new one, never half of one.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from . import backend
from .graph import Tensor, tensor

NEST = "minidl"  # the key under which a file keeps the nest


def save(path: str | os.PathLike[str], data: Any) -> None:
    """Write `data` to PATH.safetensors (extra `run`) or PATH.npz.

    Raises TypeError for what cannot be saved, naming its place in the nest; ValueError for another
    suffix; OSError if the folder cannot be written to.  An existing file is replaced whole.
    """
    path = Path(path)
    write = _format(path)[0]
    arrays: dict[str, np.ndarray] = {}
    nest = _taken_apart(data, "", arrays)
    plain = isinstance(data, dict) and list(data) == list(arrays)
    with replacing(path) as file:
        file.write(write(arrays, None if plain else json.dumps(nest)))


def load(path: str | os.PathLike[str], device: str | None = None) -> Any:
    """What `save` wrote to a file, with its tensors on `device`; or any safetensors or npz file, as
    a dict of tensors.

    Raises FileNotFoundError; ValueError for a truncated, damaged or foreign file, saying which.
    """
    path = Path(path)
    read = _format(path)[1]
    content = path.read_bytes()
    try:
        arrays, nest = read(content)
        tensors = {key: tensor(array) for key, array in arrays.items()}
    except (ValueError, TypeError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(
            f"{path} is truncated, damaged or no {path.suffix[1:]} file of tensors "
            f"({len(content)} bytes): {error}"
        ) from error
    if device is not None:
        tensors = {key: value.to(device=device) for key, value in tensors.items()}
    return tensors if nest is None else _put_together(json.loads(nest), tensors)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` at the end, unless something is raised."""
    partial = path.with_name(f".{path.name}.partial")
    try:
        with open(partial, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


# ----------------------------------------------------------------------------------- the nest
#
# {"weight": <tensor>, "steps": [3, None]} is kept as the tensors {"weight": ...} and the JSON of
# {"dict": [["weight", {"tensor": "weight"}], ["steps", {"list": [3, null]}]]}.


def _taken_apart(data: Any, place: str, arrays: dict[str, np.ndarray]) -> Any:
    """The nest of `data` as JSON has it; its arrays go into `arrays` under their places."""
    if isinstance(data, Tensor):
        data = data.data
    if isinstance(data, np.generic):
        data = data.item()
    if backend.is_array(data):
        name = place or "tensor"
        while name in arrays:  # {"a": {"b": ...}, "a.b": ...}
            name += "'"
        arrays[name] = backend.array(data, device="cpu").copy(order="C")
        return {"tensor": name}
    if data is None or isinstance(data, bool | int | float | str):
        return data
    inside = f"{place}." if place else ""
    if isinstance(data, dict) and all(isinstance(key, str | int) for key in data):
        pairs = data.items()
        return {"dict": [[key, _taken_apart(v, f"{inside}{key}", arrays)] for key, v in pairs]}
    if isinstance(data, list | tuple):
        kind = "list" if isinstance(data, list) else "tuple"
        return {kind: [_taken_apart(v, f"{inside}{i}", arrays) for i, v in enumerate(data)]}
    raise TypeError(
        f"save: {place or 'the data'} is a {type(data).__name__}; what can be saved is a tensor, "
        "or dicts (with text or int keys), lists and tuples of tensors, numbers, text and None"
    )


def _put_together(nest: Any, tensors: dict[str, Tensor]) -> Any:
    """The data that `_taken_apart` took apart."""
    if not isinstance(nest, dict):
        return nest
    ((kind, content),) = nest.items()
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {key: _put_together(value, tensors) for key, value in content}
    return {"list": list, "tuple": tuple}[kind](_put_together(value, tensors) for value in content)


# -------------------------------------------------------------------------------- the formats


def _format(path: Path) -> tuple[Any, Any]:
    """The functions (arrays, nest) -> bytes and bytes -> (arrays, nest) for a file's suffix."""
    formats = {".safetensors": (_to_safetensors, _from_safetensors), ".npz": (_to_npz, _from_npz)}
    if path.suffix not in formats:
        raise ValueError(f"{path}: the name must end in .safetensors or .npz")
    return formats[path.suffix]


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise RuntimeError(
            "safetensors is not installed: pip install 'minidl[run]', or use a name ending in .npz"
        ) from error
    return safetensors


def _to_safetensors(arrays: dict[str, np.ndarray], nest: str | None) -> bytes:
    return _safetensors().numpy.save(arrays, None if nest is None else {NEST: nest})


def _from_safetensors(content: bytes) -> tuple[dict[str, np.ndarray], str | None]:
    library = _safetensors()
    try:
        arrays = library.numpy.load(content)
    except library.SafetensorError as error:
        raise ValueError(error) from error
    except KeyError as error:
        raise ValueError(f"NumPy has no dtype {error.args[0]}: save it as float32") from error
    # the header: its length in 8 bytes, then JSON
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return arrays, header.get("__metadata__", {}).get(NEST)


def _to_npz(arrays: dict[str, np.ndarray], nest: str | None) -> bytes:
    named = dict(arrays)
    if nest is not None:
        named[f"{NEST}.nest"] = np.frombuffer(nest.encode(), np.uint8)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # np.savez takes no array called "file"
        for key, array in named.items():
            with archive.open(f"{key}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, array, allow_pickle=False)
    return buffer.getvalue()


def _from_npz(content: bytes) -> tuple[dict[str, np.ndarray], str | None]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if not name.endswith(".npy"):
                hint = " (PyTorch's own files are pickles: write safetensors there)"
                raise ValueError(f"it holds {name}, which is no array{hint}")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {key: archive[key] for key in archive.files}
    nest = arrays.pop(f"{NEST}.nest", None)
    return arrays, None if nest is None else nest.tobytes().decode()
