"""`minidl data fetch NAME`: a data set from its public address to a folder of this machine."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .download import FetchError, digest, download
from .find import home
from .sources import SOURCES, File, Source
from .unpack import unpack


class Silence(contextlib.AbstractContextManager):
    """A progress bar that shows nothing."""

    def __exit__(self, *_: object) -> None:
        """It ends as it began."""

    def step(self, amount: int) -> None:
        """`amount` bytes have arrived."""


def fetch(
    name: str,
    root: str | os.PathLike[str] | None = None,
    progress: Callable[[int, str], Any] = lambda total, label: Silence(),
) -> Path:
    """Bring the data set `name` (a key of SOURCES) to ROOT/NAME; returns that folder.

    root: default $MINIDL_DATA, or ~/.cache/minidl.  progress: called with the bytes in all and a
    label, gives a context with a method `step(bytes)`.
    What is there already is kept.  Each file is checked before it takes its place, and nothing
    outside the folder is touched.  After an interruption the same call goes on.
    Raises ValueError for an unknown name, FetchError, saying why, where a file cannot be had.
    """
    if name not in SOURCES:
        raise ValueError(f"no data set is called {name!r}; there are: {', '.join(SOURCES)}")
    source = SOURCES[name]
    folder = (home() if root is None else Path(root).expanduser()) / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with progress(source.bytes, name) as bar:
            for file in source.files:
                _fetch_file(source, file, folder, bar.step)
    except OSError as error:
        raise FetchError(f"cannot write to {folder}: {error.strerror}") from error
    return folder


def _fetch_file(source: Source, file: File, folder: Path, arrived: Callable[[int], None]) -> None:
    path = folder / file.name
    unpacked = file.folder is not None and (folder / file.folder).is_dir()
    if unpacked or (path.is_file() and digest(path) == file.sha256):
        arrived(file.bytes)
    else:
        _from_one_of(source.addresses, path, file, arrived)
    if file.folder is not None and not unpacked:
        unpack(path, file.folder, file.unpacked)
        path.unlink()


def _from_one_of(
    addresses: tuple[str, ...], path: Path, file: File, arrived: Callable[[int], None]
) -> None:
    """Download from the first address that has the file."""
    count = 0

    def step(amount: int) -> None:
        nonlocal count
        count += amount
        arrived(amount)

    failures = []
    for address in addresses:
        try:
            return download(address + file.name, path, file.bytes, file.sha256, step)
        except FetchError as error:
            failures.append(str(error))
            step(-count)
    raise FetchError("\n".join(failures))
