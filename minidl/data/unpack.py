"""Unpacking an archive that may be hostile.

An archive can name files outside the folder (`../x`, `/x`), bring links through which later files
leave it, devices, or a few kilobytes that unpack to terabytes.  So only plain files and folders
with relative names are unpacked, what is written is counted, all of it goes into a new folder, and
only the part that is wanted takes its place, in one step, when nothing was amiss.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from .download import CHUNK, FetchError

MOST_FILES = 100_000

Member = tuple[str, BinaryIO | None]  # a name and what it holds; None for a folder


class Limited:
    """A stream that may be read up to `left` bytes, and no further."""

    def __init__(self, stream: BinaryIO, left: int, limit: str) -> None:
        self.stream, self.left, self.limit = stream, left, limit

    def read(self, n: int) -> bytes:
        """At most n bytes.  Raises FetchError beyond the limit."""
        data = self.stream.read(min(n, self.left + 1))
        self.left -= len(data)
        if self.left < 0:
            raise FetchError(f"it unpacks to more than {self.limit}")
        return data


def unpack(archive: Path, folder: str, limit: int) -> None:
    """Unpack a .zip or .tar.gz; its folder `folder` then stands beside it.

    limit: the most bytes that it may hold.
    Raises FetchError, and leaves nothing behind, for an archive that is damaged, larger, without
    this folder, or with anything in it but plain files and folders under relative names.
    """
    target = archive.with_name(folder)
    new = Path(tempfile.mkdtemp(prefix=".unpacking-", dir=archive.parent))
    try:
        with _members(archive, limit) as members:
            _write(members, new, limit)
        if not (new / folder).is_dir():
            raise FetchError(f"there is no folder {folder!r} in it")
        os.replace(new / folder, target)
    except FetchError as error:
        raise FetchError(f"{archive.name} was not unpacked: {error}") from error
    except (tarfile.TarError, zipfile.BadZipFile, zlib.error, gzip.BadGzipFile, EOFError,
            RuntimeError, ValueError) as error:  # fmt: skip
        raise FetchError(f"{archive.name} was not unpacked: it is damaged ({error})") from error
    except OSError as error:  # the disk is full, or a damaged table leads to nowhere
        raise FetchError(f"{archive.name} was not unpacked: {error}") from error
    finally:
        shutil.rmtree(new, ignore_errors=True)


def _write(members: Iterator[Member], new: Path, limit: int) -> None:
    """Write the members under the folder `new`, counting."""
    left = limit
    for number, (name, content) in enumerate(members):
        if number >= MOST_FILES:
            raise FetchError(f"it holds more than {MOST_FILES:,} files")
        path = new.joinpath(*_parts(name))
        try:
            if content is None:
                path.mkdir(parents=True, exist_ok=True)
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "xb") as file:
                limited = Limited(content, left, f"{limit:,} bytes")
                while chunk := limited.read(CHUNK):
                    file.write(chunk)
                left = limited.left
        except (FileExistsError, NotADirectoryError) as error:
            raise FetchError(f"it holds {name!r} twice") from error


def _parts(name: str) -> list[str]:
    """The parts of a member's name.  Raises FetchError for one that could lead elsewhere.

    A backslash and a colon separate folders and drives on Windows; no set here has them.
    """
    if name.startswith("/") or any(character in name for character in "\\:\0"):
        raise FetchError(f"it holds a file with the name {name!r}, which is not a relative one")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise FetchError(f"it holds a file with the name {name!r}, which leads outside")
    return parts


@contextlib.contextmanager
def _members(archive: Path, limit: int) -> Iterator[Iterator[Member]]:
    """The members of an archive, one after the other."""
    if archive.suffix == ".zip":
        with zipfile.ZipFile(archive) as file:
            yield _in_zip(file)
    else:
        # tarfile reads a header of any length at once: the limit is on what is unzipped for it.  A
        # file takes 1.5 kB at most beside its content.
        room = limit + 1536 * MOST_FILES
        with gzip.open(archive) as stream:
            limited = Limited(stream, room, f"{limit:,} bytes")
            with tarfile.open(fileobj=limited, mode="r|") as file:
                yield _in_tar(file)


def _in_zip(file: zipfile.ZipFile) -> Iterator[Member]:
    for info in file.infolist():
        kind = stat.S_IFMT(info.external_attr >> 16)  # 0 where the archive does not say
        if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
            raise FetchError(f"{info.filename!r} in it is a link or a device")
        if info.is_dir():
            yield info.filename, None
        elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise FetchError(f"{info.filename!r} in it is compressed in an unusual way")
        else:
            with file.open(info) as content:
                yield info.filename, content


def _in_tar(file: tarfile.TarFile) -> Iterator[Member]:
    for info in file:
        if info.isdir():
            yield info.name, None
        elif info.type in (tarfile.REGTYPE, tarfile.AREGTYPE):
            yield info.name, file.extractfile(info)
        else:
            raise FetchError(f"{info.name!r} in it is a link, a device or a sparse file")
